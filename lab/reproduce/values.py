"""What the five reports report, value by value: the number, how it is measured here, and by what it is judged.

An accuracy is reproduced if it lies within 2.5 points (CIFAR-10), 0.5 (MNIST) or 4 (surnames) of the report or of an
independent implementation, or above both. Losses have no points: for them it is as many per cent, and lower is better.
Other numbers have no tolerance: a bound holds or it does not, a count is exact, a time or a rounding error is at most
the report's. Numbers that stand in the [reference] of a preset are taken from there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.metrics import class_scores
from lab.check.as_reported import TABLE_1
from lab.names.model import of_run
from lab.runs.store import RunStore
from lab.search.search import trials_of
from presets.load import load, with_values
from presets.schema import Preset

Result = Mapping[str, Any]  # of a training: its result.json; of a measurement: its numbers
Found = Mapping[str, Sequence[Result]]  # by job: one result, or of a search one for every trial, in their order
Measure = Callable[[Found], float]
Rule = Literal["higher", "lower", "at most", "at least", "equal"]

REPORTS = ("a1", "a2", "a3", "names", "fman45")
NEVER = 10**9
EXACT = 1e-9  # relative error of a right gradient by the complex step
CIFAR, NAMES = 0.025, 0.04  # tolerances; those of presets stand in their [reference]


@dataclass(frozen=True)
class Training:
    """A preset trained with a seed, or all trials of its search."""

    name: str
    preset: str
    changes: tuple[str, ...] = ()
    trials: bool = False

    def presets(self, seed: int) -> list[Preset]:
        """What is to be trained. Only the end counts: nothing is evaluated on the way."""
        preset = load(self.preset, [*self.changes, f"seed={seed}", f"evaluate_every={NEVER}"])
        return trials_of(preset)[1] if self.trials else [with_values(preset, {}, preset.name)]


@dataclass(frozen=True)
class Measurement:
    """What is no training: a name that lab.reproduce.experiments knows; `alone`: it measures time."""

    name: str
    alone: bool = False


Job = Training | Measurement


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
    jobs: tuple[str, ...] = ()
    rule: Rule = "higher"
    tolerance: float | None = None
    independent: tuple[float, ...] = ()
    holds: Callable[[Found], bool] | None = None
    right: float | None = None
    why: str = ""

    @property
    def share(self) -> bool:
        """Is it an accuracy, a probability or another share of 1?"""
        return self.rule == "higher" or self.id.endswith("two-classes")


@dataclass(frozen=True)
class Slip:
    """A statement of a report that is wrong and is no number to be measured."""

    report: str
    printed: str
    right: str
    why: str


SLIPS = (
    Slip("a1", "table 1: loss 1.8668 and 1.9292 (tests 3, 4)", "cost", "The penalty is included."),
    Slip("a2", "tables 1 and 2: test set accuracy", "validation accuracy", "Lambda is chosen by it."),
    Slip("a2", "fine search: l_min = -2.39, l_max = -4.31", "-4.31 to -2.39", "The ends are swapped."),
    Slip(
        "a2",
        "figures 1 and 2: eps = 0.1",
        "eps = 1e-6",
        "With 0.1 any difference below 1e-7 passes, however small the gradient is.",
    ),
    Slip(
        "a3",
        "section 4.2: more than a 15 % increase",
        "7.4 points",
        "0.4489 to 0.5224, which is 16 % of 0.4489.",
    ),
    Slip(
        "fman45",
        "parameters of the dense layer on digits: (748 + 1) 10 = 7,850",
        "(784 + 1) 10 = 7,850",
        "Two digits are swapped, in the formula only.",
    ),
    Slip(
        "fman45",
        "table 2: classes 1 to 10",
        "cat, ship, airplane, frog, automobile, truck, dog, horse, deer, bird",
        "The numbers are those of figure 9, in this order.",
    ),
)

# The numbers of the reports that no preset carries

TABLES = {  # a2, tables 1 and 2: lambda, validation accuracy
    "a2-coarse": ((0.002179, 0.5258), (0.00202, 0.5240), (4.89e-05, 0.5224), (0.004074, 0.5206), (0.00029, 0.5204)),
    "a2-fine": ((0.000649, 0.5254), (0.001479, 0.5242), (0.000701, 0.5228)),
}
LOWEST = {"a2-coarse": 0.4376, "a2-fine": 0.514}
SENSITIVITY = (  # a3, section 5: batch normalisation, sigma, reported, independent; in the order of the grid
    ("BN", "1e-1", 0.5484, 0.5278),
    ("BN", "1e-3", 0.5397, 0.5361),
    ("BN", "1e-4", 0.5426, 0.5341),
    ("no BN", "1e-1", 0.5341, 0.5249),
    ("no BN", "1e-3", 0.5271, 0.4982),
    ("no BN", "1e-4", 0.0998, 0.1000),
)
SANITY = {  # a3, section 1: overfit 100 images
    "a3-sanity": (),
    "a3-sanity lambda=0.01": ("lambda=0.01",),
    "a3-sanity BN": ("batch_norm=true",),
    "a3-sanity BN lambda=0.01": ("batch_norm=true", "lambda=0.01"),
}
FRIENDS = (  # names, table 2: whose name, the class that won, its probability
    ("Malmberg", "German", 0.6860),
    ("Baltatzis", "Greek", 0.8776),
    ("Karlsson", "Dutch", 0.5116),
    ("Zhao", "Chinese", 0.9601),
    ("Selmer", "German", 0.6215),
    ("Singh", "Irish", 0.3080),
)
EFFICIENCY = (  # names, section v: seconds on the author's machine
    ("dense", "before", 50.5),
    ("sparse", "sparse MX built on the way", 48.0),
    ("precomputed", "sparse MX, building not counted", 17.0),
)
RANGES = {  # what others reached
    "names-imbalanced": (0.250, 0.286),
    "names-balanced": (0.437, 0.463),
    "mnist-cnn": (0.9705, 0.9821),
    "cifar-cnn": (0.34, 0.55),
    "cifar-cnn-better": (0.35, 0.56),
}
PARAMETERS = {  # fman45: of every layer that has some, as printed and as it is
    "mnist-cnn": ((416, 416), (6_416, 6_416), (7_850, 7_850)),
    "cifar-cnn-better": ((1_216, 1_216), (12_832, 12_832), (9_284, 9_248), (20_490, 20_490)),
}
TOTALS = {"mnist-cnn": (14_682, 14_682), "cifar-cnn-better": (43_822, 43_786)}
SWAPPED = "Two digits are swapped: 3 x 3 x 32 x 32 + 32 = 9,248."
FIGURE_9 = np.array(  # fman45: rows are true classes
    [
        [566, 48, 65, 32, 52, 19, 9, 12, 133, 64],
        [25, 670, 2, 12, 14, 8, 7, 4, 63, 195],
        [67, 22, 379, 107, 150, 137, 56, 20, 24, 38],
        [11, 29, 56, 405, 100, 242, 66, 33, 18, 40],
        [24, 18, 117, 76, 528, 78, 48, 72, 13, 26],
        [8, 11, 52, 195, 79, 550, 24, 44, 19, 18],
        [11, 28, 64, 113, 143, 46, 540, 13, 9, 33],
        [12, 7, 32, 74, 132, 112, 8, 573, 6, 44],
        [99, 84, 8, 19, 18, 16, 1, 7, 676, 72],
        [44, 130, 4, 19, 18, 12, 6, 19, 42, 706],
    ]
)
TABLE_2 = (  # fman45: precision and recall as printed
    (0.3849, 0.67397, 0.6528, 0.70588, 0.6399, 0.5711, 0.4508, 0.7189, 0.4278, 0.4865),
    (0.4050, 0.6760, 0.5660, 0.5400, 0.6700, 0.7060, 0.5500, 0.5730, 0.52800, 0.3790),
)
TABLE_2_ORDER = (3, 8, 0, 6, 1, 9, 5, 7, 4, 2)  # the classes they are of


def values(report: str | None = None) -> list[Value]:
    """Every value of one report, or of all, in the order of the reports."""
    every = [*_a1(), *_a2(), *_a3(), *_names(), *_fman45()]
    return [value for value in every if report in (None, value.report)]


def jobs(wanted: Sequence[Value]) -> list[Job]:
    """What has to be done to measure these values."""
    every: list[Job] = [
        *(Measurement(name) for name in ("check names", "check a2-setting2", "check a2-setting1", "check a1-test3")),
        *(Training(name, name) for name in ("cifar-cnn-better", "cifar-cnn", "mnist-cnn")),
        *(
            Training(f"a3-{name}", f"a3-{name}")
            for name in ("9layer-best", "9layer", "3layer-best", "3layer-bn", "3layer")
        ),
        *(Training(name, name, trials=True) for name in ("a3-sensitivity", "a3-coarse", "a3-fine", *TABLES)),
        *(Training(_row(name, x), name, (f"lambda={x}",)) for name, rows in TABLES.items() for x, _ in rows),
        Training("a2-final", "a2-final"),
        *(Training(name, name) for name in ("a2-setting2", "a2-setting1", *(f"a1-test{i}" for i in (1, 2, 3, 4)))),
        *(Training(name, "a3-sanity", changes) for name, changes in SANITY.items()),
        *(Training(name, name) for name in ("names-best", "names-balanced", "names-imbalanced")),
        Measurement("efficiency", alone=True),
    ]
    needed = {job for value in wanted for job in value.jobs}
    return [job for job in every if job.name in needed]


def _row(name: str, lambda_: float) -> str:
    return f"{name} lambda={lambda_:g}"


# Values: report by report


def _a1() -> Iterator[Value]:
    for kind, what in ((1, "|ga - gn|"), (0, "relative error")):
        yield Value(
            f"a1.gradient.{'absolute' if kind else 'relative'}",
            "a1",
            f"gradient check, largest {what}",
            1e-6,
            _largest("check a1-test3", ("W1", "b1"), kind),
            ("check a1-test3",),
            rule="at most",
            holds=_exact("check a1-test3"),
        )
    for i in (1, 2, 3, 4):
        yield from _of_preset(f"a1-test{i}")


def _a2() -> Iterator[Value]:
    for figure in (1, 2):
        for tensor in ("W1", "b1", "W2", "b2"):
            yield _box_plot(figure, tensor)
    yield from (value for name in ("a2-setting1", "a2-setting2") for value in _of_preset(name))
    for name, rows in TABLES.items():
        yield _search(name, "best", max, rows[0][1])
        yield _search(name, "lowest", min, LOWEST[name])
        for rank, (lambda_, accuracy) in enumerate(rows, 1):
            job = _row(name, lambda_)
            yield Value(
                f"{name}.{rank}",
                "a2",
                f"{name}, row {rank}: validation accuracy at lambda {lambda_:g}",
                accuracy,
                _at(job, "final", "validation", "accuracy"),
                (job,),
                tolerance=CIFAR,
            )
    yield from _of_preset("a2-final")


def _box_plot(figure: int, tensor: str) -> Value:
    job = f"check a2-setting{figure}"
    return Value(
        f"a2.figure{figure}.{tensor}",
        "a2",
        f"figure {figure}: relative errors of {tensor}, largest",
        1e-6,
        _at(job, tensor, 0),
        (job,),
        rule="at most",
        holds=_exact(job),
    )


def _search(name: str, which: str, choose: Callable[[Iterator[float]], float], reported: float) -> Value:
    return Value(
        f"{name}.{which}",
        "a2",
        f"{name}: {which} validation accuracy",
        reported,
        lambda found: choose(result["final"]["validation"]["accuracy"] for result in found[name]),
        (name,),
        tolerance=CIFAR,
    )


def _a3() -> Iterator[Value]:
    for name, changes in SANITY.items():
        setting = ", ".join(changes) or "lambda = 0"
        yield Value(
            f"{name.replace(' ', '.')}.train.loss",
            "a3",
            f"overfit 100 images ({setting}): training loss",
            0.0,
            _at(name, "final", "train", "loss"),
            (name,),
            rule="at most",
            holds=_all_right(name),
            why="Towards 0, as all 100 are right; a little above it with the penalty.",
        )
    for name in ("a3-3layer", "a3-9layer", "a3-3layer-bn"):
        yield from _of_preset(name)
    yield Value(
        "a3-coarse.lambda",
        "a3",
        "a3-coarse: lambdas of interest reach up to",
        0.015,
        lambda found: _best_lambda(found["a3-coarse"]),
        ("a3-coarse",),
        rule="at most",
    )
    yield Value(
        "a3-fine.lambda",
        "a3",
        "a3-fine: best lambda",
        0.0048,
        lambda found: _best_lambda(found["a3-fine"]),
        ("a3-fine",),
        rule="equal",
        holds=lambda found: _as_good(found["a3-fine"], 0.0048),
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
            _at("a3-sensitivity", "final", "test", "accuracy", trial=trial),
            ("a3-sensitivity",),
            tolerance=CIFAR,
            independent=(independent,),
        )


def _names() -> Iterator[Value]:
    for which, row in TABLE_1.items():
        for tensor, kernel, reported in zip(("W1", "W2", "W3"), ("F1", "F2", "W"), row, strict=True):
            yield Value(
                f"names.table1.{which.replace(' ', '-')}.{kernel}",
                "names",
                f"table 1, {which}: largest relative error of {kernel}",
                reported,
                _at("check names", which, tensor, 0),
                ("check names",),
                rule="at most",
                holds=_exact("check names"),
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
            _share_of_two(name),
            (name,),
            rule=rule,
        )
    yield from _of_preset("names-best")
    for method, what, reported in EFFICIENCY:
        yield Value(
            f"names.efficiency.{method}",
            "names",
            f"100 updates, {what}: seconds",
            reported,
            _at("efficiency", method),
            ("efficiency",),
            rule="at most",
        )
    for name, nationality, reported in FRIENDS:
        yield Value(
            f"names.table2.{name}",
            "names",
            f"table 2: {name} is {nationality}",
            reported,
            _probability(name, nationality),
            ("names-best",),
            tolerance=NAMES,
            holds=_most_likely(name, nationality),
        )


def _accuracy_of_others(name: str) -> Value:
    return Value(
        f"{name}.validation.accuracy",
        "names",
        f"{name}: validation accuracy",
        None,
        _at(name, "final", "validation", "accuracy"),
        (name,),
        tolerance=NAMES,
        independent=RANGES[name],
    )


def _fman45() -> Iterator[Value]:
    for name in ("mnist-cnn", "cifar-cnn", "cifar-cnn-better"):
        yield from _of_preset(name)
        for k, (printed, right) in enumerate(PARAMETERS.get(name, ())):
            yield _parameters(name, f"layer {k + 1}", printed, right, _of_layer(k))
        if name in TOTALS:
            yield _parameters(name, "all", *TOTALS[name], sum)
    yield Value(
        "fman45.figure9",
        "fman45",
        "figure 9: sum of the diagonal",
        5593,
        lambda _: float(np.trace(FIGURE_9)),
        rule="equal",
    )
    yield Value(
        "fman45.table2",
        "fman45",
        "table 2: numbers that are of figure 9, each of some class",
        20,
        lambda _: float(_of_figure_9(TABLE_2_ORDER)),
        rule="equal",
    )
    yield Value(
        "fman45.table2.order",
        "fman45",
        "table 2: numbers that are of the class they are printed under",
        20,
        lambda _: float(_of_figure_9(range(10))),
        rule="equal",
        right=2,
        why="The order is cat, ship, airplane, frog, automobile, truck, dog, horse, deer, bird: only horse is right.",
    )


def _parameters(name: str, layer: str, printed: int, right: int, choose: Callable[[list[int]], float]) -> Value:
    return Value(
        f"{name}.parameters.{layer.replace(' ', '')}",
        "fman45",
        f"{name}: parameters, {layer}",
        printed,
        lambda found: choose([row["parameters"] for row in found[name][0]["layers"]]),
        (name,),
        rule="equal",
        right=None if printed == right else right,
        why="" if printed == right else SWAPPED,
    )


# How values are measured


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
            _at(name, "final", split, measure),
            (name,),
            rule="lower" if loss else "higher",
            tolerance=reference.tolerance,
            independent=RANGES.get(name, independent) if key == "test.accuracy" else independent,
        )


def _at(job: str, *keys: str | int, trial: int = 0) -> Measure:
    """What stands at this place in the result of a job."""

    def measure(found: Found) -> float:
        value: Any = found[job][trial]
        for key in keys:
            value = value[key]
        return float(value)

    return measure


def _largest(job: str, tensors: Sequence[str], kind: int) -> Measure:
    return lambda found: max(found[job][0][tensor][kind] for tensor in tensors)


def _exact(job: str) -> Callable[[Found], bool]:
    """Does the complex step, which neither cancels nor crosses kinks, find the gradient right?"""
    return lambda found: bool(found[job][0]["exact"] < EXACT)


def _all_right(job: str) -> Callable[[Found], bool]:
    return lambda found: bool(found[job][0]["final"]["train"]["accuracy"] == 1)


def _of_layer(k: int) -> Callable[[list[int]], float]:
    """The parameters of the k-th layer that has some."""
    return lambda parameters: [count for count in parameters if count][k]


def _validation(result: Result) -> float:
    return float(result["final"]["validation"]["accuracy"])


def _lambda(result: Result) -> float:
    return RunStore(Path(result["run"])).preset().loss.lambda_


def _best_lambda(results: Sequence[Result]) -> float:
    return _lambda(max(results, key=_validation))


def _as_good(results: Sequence[Result], lambda_: float) -> bool:
    """Does the trial nearest to a lambda do as well as the best one, within the tolerance?"""
    nearest = min(results, key=lambda result: abs(_lambda(result) - lambda_))
    return _validation(nearest) >= max(map(_validation, results)) - CIFAR


def _share_of_two(job: str) -> Measure:
    def measure(found: Found) -> float:
        guesses = np.sort(np.array(found[job][0]["confusion"]).sum(axis=0))
        return float(guesses[-2:].sum() / guesses.sum())

    return measure


def _probability(name: str, nationality: str) -> Measure:
    return lambda found: _friend(found, name)[nationality]


def _most_likely(name: str, nationality: str) -> Callable[[Found], bool]:
    def holds(found: Found) -> bool:
        probabilities = _friend(found, name)
        return max(probabilities, key=probabilities.__getitem__) == nationality

    return holds


def _friend(found: Found, name: str) -> dict[str, float]:
    model = of_run(RunStore(Path(found["names-best"][0]["run"])))
    return dict(zip(model.classes, model.probabilities([name])[0].tolist(), strict=True))


def _of_figure_9(order: Sequence[int]) -> int:
    """How many numbers of table 2 are the precision or recall, in figure 9, of the class with this number."""
    scores = class_scores(FIGURE_9)
    theirs = np.array([scores.precision[list(order)], scores.recall[list(order)]])
    return int(np.sum(np.abs(theirs - np.array(TABLE_2)) < 1.5e-4))  # some are cut off after four digits, not rounded
