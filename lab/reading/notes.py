"""How a run went, whatever was wrong with it: what it reached, and whether it was still learning."""

from math import sqrt

import numpy as np

from lab.expected.curves import Expected, OverSeeds, expected_of
from lab.reading.curves import LearningCurves
from lab.reading.finding import Finding, note
from presets.schema import ConstantSchedule, Preset

BETTER = 0.005  # accuracy: a difference worth a sentence
AS_FAST = 0.35  # share of the fall in the second half: it has not slowed down; 1/2 for a straight line
SLOWER = 0.1  # the same: it has slowed down, and not stopped
FLAT = 0.02  # share of the fall in the second half: the loss rests
SURE = 0.99  # probability that a further seed lies within the limit
GAP = 0.1  # training accuracy above validation accuracy


def still_falling(curves: LearningCurves) -> Finding | None:
    """The training loss falls to the end. Schedules that end with a small eta end flat, so they are not asked."""
    if not isinstance(curves.facts.preset.schedule, ConstantSchedule) or curves.later_fall < SLOWER:
        return None
    middle, last = len(curves.train) // 2, float(curves.update[-1])
    late = float(curves.train[middle] - curves.train[-1])
    since = float(curves.update[middle])
    if late <= 0:
        return None
    evidence = {"update": since, "late_fall": late, "fall": curves.fall}
    if curves.later_fall > AS_FAST:
        sentence = f"The training loss still falls as fast at the end as at update {since:,.0f}"
    else:
        sentence = f"The training loss still falls at the end: by {late:.3f} since update {since:,.0f}"
    eta = curves.facts.preset.optimiser.eta
    return note(
        "still-falling", f"{sentence}.", evidence, f"Train longer than {last:,.0f} updates, or raise eta = {eta:g}."
    )


def flat(curves: LearningCurves) -> Finding | None:
    """The training loss has come to rest, with the learning rate as it was."""
    middle = len(curves.train) // 2
    fell = float(curves.train[middle] - curves.train[-1])
    if not isinstance(curves.facts.preset.schedule, ConstantSchedule) or abs(fell) > FLAT * abs(curves.fall):
        return None
    since = float(curves.update[middle])
    return note(
        "flat",
        f"The training loss has been flat since update {since:,.0f}: it fell by {fell:.2g} of {curves.fall:.2g}.",
        {"update": since, "late_fall": fell, "fall": curves.fall},
        "Fewer updates give the same; a smaller eta, a smaller lambda or more units may give more.",
    )


def beside_expected(curves: LearningCurves) -> Finding | None:
    """The numbers beside those of the same preset with other seeds, where the run is one of the preset as it is.

    They are far off if they lie outside the interval that holds a further seed with the probability SURE, judged by the
    spread of the seeds that come with Gradlab.
    """
    preset = curves.facts.preset
    others = expected_of(preset, curves.facts.variant)
    if others is None or others.seeds < 2:  # one seed alone does not tell how far others lie
        return None
    compared = _compared(curves, others)
    if not compared:
        return None
    evidence, parts, far = {"seeds": float(others.seeds)}, [], False
    for name, (here, usual) in compared.items():
        spread = usual.spread or 0.0
        far = far or abs(here - usual.mean) > _limit(others.seeds) * spread
        evidence |= {name: here, f"{name}_expected": usual.mean, f"{name}_spread": spread}
        beside = f"{_number(name, usual.mean)} ± {_number(name, spread)}"
        parts.append(f"{name.replace('_', ' ')} {_number(name, here)}, expected {beside}{_report(preset, name)}")
    verdict = "not what other seeds give" if far else "as with other seeds"
    return note(
        "beside-expected",
        f"Over {others.seeds} seeds of this preset: {'; '.join(parts)}: {verdict}.",
        evidence,
        "Compare the settings and the versions of the runs." if far else "",
    )


def _compared(curves: LearningCurves, others: Expected) -> dict[str, tuple[float, OverSeeds]]:
    """What the run has, and what the others had there, by names as in "train_loss": at the last update that both were
    evaluated at, and, of a run that ended where they did, on the part that judges."""
    moments = {moment.update: moment for moment in others.moments}
    both = [row for row, update in enumerate(curves.update) if int(update) in moments]
    if not both:
        return {}
    row, facts = both[-1], curves.facts
    measures = moments[int(curves.update[row])].measures
    here = {"train_loss": curves.train[row], "validation_accuracy": curves.validation_accuracy[row]}
    compared = {name: (float(value), measures[name]) for name, value in here.items()}
    judge = f"{facts.preset.data.judge}.accuracy"
    if facts.confusion and judge in others.finals and int(curves.update[-1]) == others.moments[-1].update:
        confusion = np.array(facts.confusion)
        compared[judge.replace(".", "_")] = (float(confusion.trace() / confusion.sum()), others.finals[judge])
    return {name: pair for name, pair in compared.items() if pair[1].spread is not None}


def _limit(seeds: int) -> float:
    """How many standard deviations (n - 1 below the line) of n seeds a further one stays within, as SURE says:
    Student's t with n - 1 degrees of freedom, times sqrt(1 + 1/n), as the mean is uncertain, too. 5.0 for 5 seeds."""
    from scipy.special import stdtrit  # here: not everybody who reads curves has seeds beside them

    return float(stdtrit(seeds - 1, (1 + SURE) / 2)) * sqrt(1 + 1 / seeds)


def _report(preset: Preset, name: str) -> str:
    """What the report has of a measure, if anything."""
    given = preset.reference.reported if preset.reference else {}
    value = given.get(name.replace("_", ".", 1))
    return "" if value is None else f", reported {_number(name, value)}"


def best(curves: LearningCurves) -> Finding | None:
    """The validation accuracy was higher before."""
    row = int(curves.validation_accuracy.argmax())
    highest, end = float(curves.validation_accuracy[row]), float(curves.validation_accuracy[-1])
    if highest - end < BETTER or curves.facts.diverged_at is not None:
        return None
    now = "ends at" if curves.facts.ended else "is now"
    return note(
        "best",
        f"The validation accuracy was best at update {curves.update[row]:,.0f} ({highest:.1%}) and {now} {end:.1%}.",
        {"update": float(curves.update[row]), "best": highest, "validation_accuracy": end},
    )


def reached(curves: LearningCurves) -> Finding:
    """How far the training loss came."""
    start, end, last = float(curves.train[0]), float(curves.train[-1]), float(curves.update[-1])
    came = f"After {last:,.0f} updates the training loss has come from {start:.3f} to {end:.3f}"
    began = f"Before the first update the training loss is {start:.3f}"
    return note(
        "reached",
        f"{came if last else began}; guessing costs ln K = {curves.chance_loss:.2f}.",
        {"update": last, "train_loss_at_start": start, "train_loss": end, "ln_k": curves.chance_loss},
    )


def gap(curves: LearningCurves) -> Finding | None:
    """How far apart the accuracies are. What a network that diverged guesses is no result."""
    if curves.facts.diverged_at is not None:
        return None
    train, validation = float(curves.train_accuracy[-1]), float(curves.validation_accuracy[-1])
    apart = abs(train - validation)
    return note(
        "gap",
        f"The training accuracy is {train:.1%} and the validation accuracy {validation:.1%}: "
        + (f"{100 * apart:.1f} points apart." if apart > GAP else "close together."),
        {"train_accuracy": train, "validation_accuracy": validation, "gap": train - validation},
        "Try a larger lambda, dropout or more data." if train - validation > GAP else "",
    )


def _number(name: str, value: float) -> str:
    return f"{value:.1%}" if name.endswith("accuracy") else f"{value:.4f}"
