"""How a run went, whatever was wrong with it: what it reached, and whether it was still learning."""

from lab.reading.curves import LearningCurves
from lab.reading.finding import Finding, note
from presets.schema import ConstantSchedule

BETTER = 0.005  # accuracy: a difference worth a sentence
AS_FAST = 0.35  # share of the fall in the second half: it has not slowed down; 1/2 for a straight line
SLOWER = 0.1  # the same: it has slowed down, and not stopped
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


def best(curves: LearningCurves) -> Finding | None:
    """The validation accuracy was higher before."""
    row = int(curves.validation_accuracy.argmax())
    highest, end = float(curves.validation_accuracy[row]), float(curves.validation_accuracy[-1])
    if highest - end < BETTER or curves.facts.diverged_at is not None:
        return None
    return note(
        "best",
        f"The validation accuracy was best at update {curves.update[row]:,.0f} ({highest:.1%}) and ends at {end:.1%}.",
        {"update": float(curves.update[row]), "best": highest, "validation_accuracy": end},
    )


def reached(curves: LearningCurves) -> Finding:
    """How far the training loss came."""
    start, end, last = float(curves.train[0]), float(curves.train[-1]), float(curves.update[-1])
    return note(
        "reached",
        f"After {last:,.0f} updates the training loss has come from {start:.3f} to {end:.3f}; guessing costs ln K = "
        f"{curves.chance_loss:.2f}.",
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
