"""The values of the five reports: each number, how it is measured, and how it is judged.

An accuracy is reproduced if it is within 2.5 points (CIFAR-10), 0.5 (MNIST) or 4 (surnames) of the report or of an
independent implementation, or above both. For losses the same numbers are per cent, and lower is better. Other numbers
have no tolerance: a bound holds or not, a count must be exact, and a time or rounding error must be at most the
report's. Numbers in the [reference] of a preset come from there, all others from lab.reproduce.tables.
lab.reproduce.measures says how each is measured.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lab.check.as_reported import TABLE_1
from lab.reproduce.jobs import Job, MeasurementJob, TrainingJob
from lab.reproduce.measures import (
    Condition,
    Measure,
    all_right,
    as_good,
    at,
    best_lambda,
    diagonal_of_figure_9,
    exact,
    largest,
    most_likely,
    of_figure_9,
    over_trials,
    parameters,
    probability,
    share_of_two,
)
from lab.reproduce.tables import (
    BEST_LAMBDAS,
    EFFICIENCY,
    FRIENDS,
    LOWEST_ACCURACY,
    PARAMETERS,
    RANGES,
    SANITY,
    SENSITIVITY,
    SWAPPED,
    TABLE_2_ORDER,
    TOTALS,
)
from presets.load import load

Rule = Literal["higher", "lower", "at most", "at least", "equal"]

CIFAR, NAMES = 0.025, 0.04  # tolerances of accuracies; presets have theirs in [reference]


@dataclass(frozen=True)
class Value:
    """A number of a report.

    reported: None where only others' numbers are known. independent: what other implementations reached, one number or
    both ends of a range. rule: which way is better, or that the number is a bound or exact. holds: a condition that is
    asked instead where the rule says no. right: of a slip, the right value; why: what there is to say.
    """

    id: str
    report: str
    what: str
    reported: float | None
    measure: Measure
    jobs: tuple[Job, ...] = ()
    rule: Rule = "higher"
    tolerance: float | None = None
    independent: tuple[float, ...] = ()
    holds: Condition | None = None
    right: float | None = None
    why: str = ""

    @property
    def share(self) -> bool:
        """Is it an accuracy, a probability or another share of 1?"""
        return self.rule == "higher" or self.id.endswith("two-classes")


def values(report: str | None = None) -> list[Value]:
    """Every value of one report, or of all, in the order of the reports."""
    return [value for name, of_report in VALUES.items() if report in (None, name) for value in of_report()]


def jobs(wanted: Sequence[Value]) -> list[Job]:
    """The jobs for these values, each once. The jobs of the last values come first, because they take longest."""
    return list(dict.fromkeys(job for value in reversed(wanted) for job in value.jobs))


# a1


def _a1() -> Iterator[Value]:
    check = MeasurementJob("check a1-test3")
    for kind, what in ((1, "|ga - gn|"), (0, "relative error")):
        yield Value(
            f"a1.gradient.{'absolute' if kind else 'relative'}",
            "a1",
            f"gradient check, largest {what}",
            1e-6,
            largest(check, ("W1", "b1"), kind),
            (check,),
            rule="at most",
            holds=exact(check),
        )
    for i in (1, 2, 3, 4):
        yield from _of_preset(f"a1-test{i}")


# a2


def _a2() -> Iterator[Value]:
    for figure in (1, 2):
        for tensor in ("W1", "b1", "W2", "b2"):
            yield _box_plot(figure, tensor)
    yield from (value for name in ("a2-setting1", "a2-setting2") for value in _of_preset(name))
    for name, rows in BEST_LAMBDAS.items():
        yield _search(name, "best", max, rows[0][1])
        yield _search(name, "lowest", min, LOWEST_ACCURACY[name])
        for rank, (lambda_, accuracy) in enumerate(rows, 1):
            training = TrainingJob(f"{name} lambda={lambda_:g}", name, (f"lambda={lambda_}",))
            yield Value(
                f"{name}.{rank}",
                "a2",
                f"{name}, row {rank}: validation accuracy at lambda {lambda_:g}",
                accuracy,
                at(training, "final", "validation", "accuracy"),
                (training,),
                tolerance=CIFAR,
            )
    yield from _of_preset("a2-final")


def _box_plot(figure: int, tensor: str) -> Value:
    check = MeasurementJob(f"check a2-setting{figure}")
    return Value(
        f"a2.figure{figure}.{tensor}",
        "a2",
        f"figure {figure}: relative errors of {tensor}, largest",
        1e-6,
        at(check, tensor, 0),
        (check,),
        rule="at most",
        holds=exact(check),
    )


def _search(name: str, which: str, choose: Callable[[Iterable[float]], float], reported: float) -> Value:
    trials = _trials(name)
    return Value(
        f"{name}.{which}",
        "a2",
        f"{name}: {which} validation accuracy",
        reported,
        over_trials(trials, choose),
        (trials,),
        tolerance=CIFAR,
    )


# a3


def _a3() -> Iterator[Value]:
    coarse, fine, sensitivity = map(_trials, ("a3-coarse", "a3-fine", "a3-sensitivity"))
    for name, changes in SANITY.items():
        training = TrainingJob(name, "a3-sanity", changes)
        setting = ", ".join(changes) or "lambda = 0"
        yield Value(
            f"{name.replace(' ', '.')}.train.loss",
            "a3",
            f"overfit 100 images ({setting}): training loss",
            0.0,
            at(training, "final", "train", "loss"),
            (training,),
            rule="at most",
            holds=all_right(training),
            why="Towards 0, because all 100 are correct; slightly higher with the penalty.",
        )
    for name in ("a3-3layer", "a3-9layer", "a3-3layer-bn"):
        yield from _of_preset(name)
    yield Value(
        "a3-coarse.lambda",
        "a3",
        "a3-coarse: lambdas of interest reach up to",
        0.015,
        best_lambda(coarse),
        (coarse,),
        rule="at most",
    )
    yield Value(
        "a3-fine.lambda",
        "a3",
        "a3-fine: best lambda",
        0.0048,
        best_lambda(fine),
        (fine,),
        rule="equal",
        holds=as_good(fine, 0.0048, CIFAR),
        why="The curve is flat: lambdas near 0.0048 do as well as the best one, within the tolerance of accuracies.",
    )
    for name in ("a3-3layer-best", "a3-9layer-best"):
        yield from _of_preset(name)
    for trial, (norm, sigma, reported, independent) in enumerate(SENSITIVITY):
        yield Value(
            f"a3-sensitivity.{norm.replace(' ', '-')}.{sigma}",
            "a3",
            f"sigma {sigma}, {norm}: test accuracy",
            reported,
            at(sensitivity, "final", "test", "accuracy", trial=trial),
            (sensitivity,),
            tolerance=CIFAR,
            independent=(independent,),
        )


# names


def _names() -> Iterator[Value]:
    check, efficiency, best = (
        MeasurementJob("check names"),
        MeasurementJob("efficiency", alone=True),
        _training("names-best"),
    )
    for which, row in TABLE_1.items():
        for tensor, kernel, reported in zip(("W1", "W2", "W3"), ("F1", "F2", "W"), row, strict=True):
            yield Value(
                f"names.table1.{which.replace(' ', '-')}.{kernel}",
                "names",
                f"table 1, {which}: largest relative error of {kernel}",
                reported,
                at(check, which, tensor, 0),
                (check,),
                rule="at most",
                holds=exact(check),
            )
    two: dict[str, tuple[Rule, str]] = {
        "names-imbalanced": ("at least", "most guesses"),
        "names-balanced": ("at most", "fewer than half"),
    }
    for name, (rule, word) in two.items():
        yield _accuracy_of_others(name)
        yield Value(
            f"{name}.two-classes",
            "names",
            f"{name}: share of the guesses on two classes ({word})",
            0.5,
            share_of_two(_training(name)),
            (_training(name),),
            rule=rule,
        )
    yield from _of_preset("names-best")
    for method, what, reported in EFFICIENCY:
        yield Value(
            f"names.efficiency.{method}",
            "names",
            f"100 updates, {what}: seconds",
            reported,
            at(efficiency, method),
            (efficiency,),
            rule="at most",
        )
    for name, nationality, reported in FRIENDS:
        yield Value(
            f"names.table2.{name}",
            "names",
            f"table 2: {name} is {nationality}",
            reported,
            probability(best, name, nationality),
            (best,),
            tolerance=NAMES,
            holds=most_likely(best, name, nationality),
        )


def _accuracy_of_others(name: str) -> Value:
    return Value(
        f"{name}.validation.accuracy",
        "names",
        f"{name}: validation accuracy",
        None,
        at(_training(name), "final", "validation", "accuracy"),
        (_training(name),),
        tolerance=NAMES,
        independent=RANGES[name],
    )


# fman45


def _fman45() -> Iterator[Value]:
    for name in ("mnist-cnn", "cifar-cnn", "cifar-cnn-better"):
        yield from _of_preset(name)
        for k, (printed, right) in enumerate(PARAMETERS.get(name, ())):
            yield _parameters(name, f"layer {k + 1}", printed, right, k)
        if name in TOTALS:
            yield _parameters(name, "all", *TOTALS[name])
    yield Value(
        "fman45.figure9",
        "fman45",
        "figure 9: sum of the diagonal",
        5593,
        diagonal_of_figure_9,
        rule="equal",
    )
    yield Value(
        "fman45.table2",
        "fman45",
        "table 2: numbers that are of figure 9, each of some class",
        20,
        of_figure_9(TABLE_2_ORDER),
        rule="equal",
    )
    yield Value(
        "fman45.table2.order",
        "fman45",
        "table 2: numbers that are of the class they are printed under",
        20,
        of_figure_9(range(10)),
        rule="equal",
        right=2,
        why="The order is cat, ship, airplane, frog, automobile, truck, dog, horse, deer, bird: only horse is right.",
    )


def _parameters(name: str, layer: str, printed: int, right: int, which: int | None = None) -> Value:
    return Value(
        f"{name}.parameters.{layer.replace(' ', '')}",
        "fman45",
        f"{name}: parameters, {layer}",
        printed,
        parameters(_training(name), which),
        (_training(name),),
        rule="equal",
        right=None if printed == right else right,
        why="" if printed == right else SWAPPED,
    )


# Several reports


def _training(name: str) -> TrainingJob:
    """A preset as it is."""
    return TrainingJob(name, name)


def _trials(name: str) -> TrainingJob:
    """All trials of a preset's search."""
    return TrainingJob(name, name, trials=True)


def _of_preset(name: str) -> Iterator[Value]:
    """The numbers of a preset's [reference]: those of the report, judged beside the independent ones."""
    reference = load(name).reference
    assert reference is not None, f"{name} reproduces a report"
    for key, reported in reference.reported.items():
        split, measure = key.split(".")
        independent = (reference.independent[key],) if key in reference.independent else ()
        loss = measure != "accuracy"
        yield Value(
            f"{name}.{key}",
            reference.report,
            f"{name}: {split} {measure}",
            reported,
            at(_training(name), "final", split, measure),
            (_training(name),),
            rule="lower" if loss else "higher",
            tolerance=reference.tolerance,
            independent=RANGES.get(name, independent) if key == "test.accuracy" else independent,
        )


VALUES: dict[str, Callable[[], Iterator[Value]]] = {
    "a1": _a1,
    "a2": _a2,
    "a3": _a3,
    "names": _names,
    "fman45": _fman45,
}
