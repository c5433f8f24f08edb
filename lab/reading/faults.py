"""What can be wrong with a run, and how it shows. One function for each fault: a Finding, or None.

The numbers in capitals were chosen on the runs of benchmarks/reading.py, whose table stands in docs/reading.md.
"""

from collections.abc import Callable
from math import prod, sqrt

import numpy as np

from data.sources import IMAGE_SETS
from lab.reading.curves import LearningCurves, late
from lab.reading.finding import Fault, Finding, fault
from presets.schema import StepSchedule, TriangularSchedule

Rule = Callable[[LearningCurves], Finding | None]

START = 5.0  # x ln K: a loss before the first update that no sensible initialisation gives
DIED = 0.5  # the same, of units that were alive at the start
STILL = 0.01  # x ln K: a loss that moved less than this did not move
FADED = 0.01  # a signal through all layers, relative to one with He's weights
DEAD = 0.9  # share of the units of a layer
SHRUNK = 50.0  # times that the penalty fell
HIGH = 0.8  # x ln K: a training loss that is not learnt much of
CLIMBS = 1.0  # x ln K: all rises of the training loss in the second half of a run together
SPIKE = 1.5  # x ln K, and x the loss before the first update: a training loss that the first steps threw up
STRAIGHT = 0.35  # share of the fall that came in the second half; 1/2 for a straight line
SMALL_STEP = 1e-4  # of an update, relative to the weights
LEARNT = 0.05  # training accuracy above that of guessing
GUESSING = 4.0  # standard deviations of guessing
NEARLY = 8.0  # the same, where the validation loss says that it is guessing
NO_BETTER = 0.98  # x ln K: a validation loss that never came below this says so
SETTLED = 0.05  # x ln K: a loss this near to ln K tells nothing of the examples
PILE = 0.08  # share of all guesses that a class gets beyond its share of the examples
COMMON = 2.0  # times the share of a class that is common in the training set
OVERFIT = 1.06  # x its lowest value: the validation loss at the end
MEMORISED = 0.06  # x ln K: a training loss of examples that are all learnt
GAP = 0.2  # training accuracy above validation accuracy
FLAT = 0.02  # share of the fall of the training loss that came in the second half
CUT = 0.1  # x its largest value: a learning rate that was cut
FEW = 5  # evaluations


def not_normalised(curves: LearningCurves) -> Finding | None:
    """Images whose numbers are large: the loss is far too high before the first update."""
    data, start = curves.facts.preset.data, float(curves.train[0])
    if data.set not in IMAGE_SETS or data.normalise == "zscore" or start < START * curves.chance_loss:
        return None
    return fault(
        "not-normalised",
        f"The inputs are not normalised (data.normalise = {data.normalise}): before the first update the training loss "
        f"is {start:.4g}, where guessing costs ln K = {curves.chance_loss:.2f}.",
        {"train_loss_at_start": start, "ln_k": curves.chance_loss},
        "Set data.normalise=zscore.",
    )


def diverged(curves: LearningCurves) -> Finding | None:
    """The loss was not finite."""
    at = curves.facts.diverged_at
    if at is None:
        return None
    eta = max(float(curves.eta.max()), curves.facts.eta or 0.0)  # which grew, perhaps, since the last evaluation
    highest = float(curves.train.max())
    return fault(
        "diverged",
        f"The loss was not finite at update {at:,}: the steps were too large (eta up to {eta:.3g}). The training loss "
        f"had been {highest:.3g} at most; guessing costs ln K = {curves.chance_loss:.2f}.",
        {"update": at, "eta": eta, "highest_train_loss": highest, "ln_k": curves.chance_loss},
        f"Try a tenth of the learning rate: eta={eta / 10:.3g}.",
    )


def dead_units(curves: LearningCurves) -> Finding | None:
    """Units that are active for no example, from the start: the loss cannot move. (Those that die on the way died of a
    large eta or lambda.)"""
    worst = max((each.dead or 0.0, each.layer) for each in curves.facts.health) if curves.facts.health else (0.0, "")
    if worst[0] < DEAD or _signal(curves) < FADED or not _at_ln_k(curves, 0):
        return None
    return fault(
        "dead-units",
        f"{worst[0]:.0%} of the units of a {worst[1]} layer are dead: no example makes them active, so no gradient "
        f"passes them. The training loss stays at {curves.train[-1]:.3f}; guessing costs {curves.chance_loss:.3f}.",
        {"dead": worst[0], "train_loss": float(curves.train[-1]), "ln_k": curves.chance_loss},
        "Start with biases of 0 and weights of N(0, 2/fan-in): initialiser=he.",
    )


def vanishing_gradients(curves: LearningCurves) -> Finding | None:
    """The signal fades from layer to layer: the loss is ln K from the first to the last update."""
    if not _at_ln_k(curves, 0) or not _at_ln_k(curves, -1) or not (signal := _signal(curves)) < FADED:
        return None
    weights = [each for each in curves.facts.health if each.weight is not None and each.gradient is not None]
    first, last = weights[0].gradient or 0.0, weights[-1].gradient or 0.0
    return fault(
        "vanishing-gradients",
        f"The gradients vanish: with these weights a signal keeps {signal:.1g} of its size on its way through "
        f"the layers, and the training loss stays at ln K = {curves.chance_loss:.3f}.",
        {"signal": signal, "first_gradient": first, "last_gradient": last, "train_loss": float(curves.train[-1])},
        "Set initialiser=he, or batch_norm=true.",
    )


def lambda_too_large(curves: LearningCurves) -> Finding | None:
    """The penalty outweighs the loss from the start, and pulls all weights towards 0."""
    first, last, end = float(curves.penalty[0]), float(curves.penalty[-1]), float(curves.train[-1])
    lambda_ = curves.facts.preset.loss.lambda_
    if first < curves.chance_loss or last * SHRUNK > first or end < HIGH * curves.chance_loss:
        return None
    return fault(
        "lambda-too-large",
        f"lambda = {lambda_:g} is too large: it pulls the weights towards 0. The penalty fell from {first:.3g} to "
        f"{last:.2g}, and the training loss stays at {end:.3f}, near ln K = {curves.chance_loss:.2f}.",
        {"lambda": lambda_, "penalty_at_start": first, "penalty": last, "train_loss": end, "ln_k": curves.chance_loss},
        f"Try a hundredth: lambda={lambda_ / 100:.3g}.",
    )


def eta_too_large(curves: LearningCurves) -> Finding | None:
    """The first steps throw the loss up or the units dead; or the loss climbs as much as it falls, to the end."""
    eta, rises = float(curves.eta.max()), np.diff(late(curves.train))
    died = max((each.dead or 0.0 for each in curves.facts.health), default=0.0)
    top = int(curves.train.argmax())
    highest, climbed, guessing = float(curves.train[top]), float(rises[rises > 0].sum()), curves.chance_loss
    if died > DIED and not _at_ln_k(curves, 0):
        why = (
            f"it left {died:.0%} of the units of a layer dead, and the training loss ends at {curves.train[-1]:.2f}; "
            f"guessing costs ln K = {guessing:.2f}"
        )
    elif climbed > CLIMBS * guessing:
        why = (
            f"the training loss is jagged. In the second half it rose {(rises > 0).sum()} times, by {climbed:.2f} in "
            f"all; its highest value is {highest:.2f}, and guessing costs ln K = {guessing:.2f}"
        )
    elif highest > SPIKE * max(guessing, float(curves.train[0])):
        why = (
            f"the training loss rose from {curves.train[0]:.2f} to {highest:.2f} at update {curves.update[top]:,.0f}; "
            f"guessing costs ln K = {guessing:.2f}"
        )
    else:
        return None
    return fault(
        "eta-too-large",
        f"eta = {eta:.3g} is too large: {why}.",
        {"eta": eta, "highest_train_loss": highest, "climbed": climbed, "dead": died, "ln_k": guessing},
        f"Try a tenth of the learning rate: eta={eta / 10:.3g}.",
    )


def eta_too_small(curves: LearningCurves) -> Finding | None:
    """The loss falls along a straight line, and has not come far."""
    end, eta, step = float(curves.train[-1]), float(curves.eta.max()), _step(curves)
    straight = curves.later_fall > STRAIGHT
    if end < 0.98 * curves.chance_loss or not (straight or 0 < step < SMALL_STEP):
        return None
    if _settled(curves) and step > SMALL_STEP:  # it went where it could go, and there was nothing to learn
        return None
    return fault(
        "eta-too-small",
        f"eta = {eta:.3g} is too small: after {curves.update[-1]:,.0f} updates the training loss is {end:.3f}, not "
        f"below ln K = {curves.chance_loss:.2f}, and {curves.later_fall:.0%} of its fall came in the second half.",
        {"eta": eta, "train_loss": end, "ln_k": curves.chance_loss, "later_fall": curves.later_fall, "step": step},
        f"Try ten times the learning rate: eta={eta * 10:.3g}.",
    )


def labels_shuffled(curves: LearningCurves) -> Finding | None:
    """The validation accuracy is that of guessing, or little more with a loss no better than that of guessing, though
    the training examples are learnt, or though the steps are neither small nor large and the training loss has settled
    at ln K."""
    train, validation = float(curves.train_accuracy[-1]), float(late(curves.validation_accuracy).mean())
    end, lowest = float(curves.train[-1]), float(curves.validation.min())
    most = NEARLY if lowest > NO_BETTER * curves.chance_loss else GUESSING
    few = curves.facts.examples is None or len(curves.update) < FEW
    if few or curves.facts.diverged_at is not None or curves.above_chance > most:
        return None
    examples = sum(curves.facts.counts)  # 0 where they are not known
    spread = sqrt(curves.chance * (1 - curves.chance) / examples) if examples else 0.0
    learnt = train > curves.chance + max(LEARNT, GUESSING * spread)
    if not learnt and not (_settled(curves) and _step(curves) > SMALL_STEP):
        return None
    return fault(
        "labels-shuffled",
        f"Images and labels do not belong together: after {curves.update[-1]:,.0f} updates {train:.1%} of the training "
        f"examples are right, but the validation accuracy stays at {validation:.1%} (guessing: {curves.chance:.1%}), "
        f"and the validation loss never was below {lowest:.3f} (guessing: {curves.chance_loss:.3f}).",
        {
            "train_accuracy": train,
            "validation_accuracy": validation,
            "chance": curves.chance,
            "train_loss": end,
            "lowest_validation_loss": lowest,
            "ln_k": curves.chance_loss,
        },
        "Look at examples with their labels; shuffle x and y with the same permutation.",
    )


def class_imbalance(curves: LearningCurves) -> Finding | None:
    """The guesses pile up at classes that are common in the training set."""
    facts = curves.facts
    if facts.confusion is None or not sum(facts.counts):
        return None
    confusion, common = np.array(facts.confusion), np.array(facts.counts) / sum(facts.counts)
    examples, guesses = confusion.sum(axis=1) / confusion.sum(), confusion.sum(axis=0) / confusion.sum()
    often = common >= COMMON * examples
    if (guesses - examples)[often].sum() < PILE:
        return None
    top = int(np.where(often, guesses - examples, -1).argmax())
    return fault(
        "class-imbalance",
        f"The guesses pile up: {guesses[top]:.0%} of them are {facts.classes[top]}, which {examples[top]:.0%} of the "
        f"examples are. It is {common[top]:.0%} of the training set.",
        {"guesses": float(guesses[top]), "examples": float(examples[top]), "training_share": float(common[top])},
        "Set sampling=balanced.",
    )


def underfitting(curves: LearningCurves) -> Finding | None:
    """The training loss no longer falls, and is still high."""
    end, hidden = float(curves.train[-1]), curves.facts.preset.network.hidden
    narrow = min(hidden, default=0)
    gap = float(curves.train_accuracy[-1] - curves.validation_accuracy[-1])
    if not HIGH * curves.chance_loss < end < 0.98 * curves.chance_loss or gap > GAP:
        return None
    if not (0 < narrow < len(curves.facts.classes) or abs(curves.later_fall) < FLAT):
        return None
    where = f" A layer has only {narrow} units for {1 / curves.chance:.0f} classes." if narrow else ""
    return fault(
        "underfitting",
        f"The network underfits: its training loss flattens at {end:.3f} (ln K = {curves.chance_loss:.2f}), "
        f"{curves.train_accuracy[-1]:.1%} of the training examples right.{where}",
        {"train_loss": end, "train_accuracy": float(curves.train_accuracy[-1]), "ln_k": curves.chance_loss},
        "Try more hidden units.",
    )


def overfitting(curves: LearningCurves) -> Finding | None:
    """The validation loss rises while the training loss falls; or no longer falls when all training examples are
    learnt."""
    best, gap = int(curves.validation.argmin()), float(curves.train_accuracy[-1] - curves.validation_accuracy[-1])
    lowest, end = float(curves.validation[best]), float(curves.validation[-1])
    memorised = curves.train[-1] < MEMORISED * curves.chance_loss and end > lowest
    if gap < GAP or curves.train[-1] > curves.train[best] or not (memorised or end > OVERFIT * lowest):
        return None
    before = float(curves.train_accuracy[best] - curves.validation_accuracy[best])
    return fault(
        "overfitting",
        f"The network overfits: the validation loss was lowest at update {curves.update[best]:,.0f} ({lowest:.3f}) "
        f"and ends at {end:.3f}. The gap between training and validation accuracy grew from {100 * before:.1f} to "
        f"{100 * gap:.1f} points.",
        {
            "update": float(curves.update[best]),
            "lowest": lowest,
            "validation_loss": end,
            "gap": gap,
            "gap_then": before,
        },
        "Try a larger lambda, dropout, more data, or fewer updates.",
    )


def plateau(curves: LearningCurves) -> Finding | None:
    """The training loss has been flat since the learning rate was cut, though it is not low."""
    middle = len(curves.train) // 2
    if len(curves.train) < FEW or curves.fall <= STILL * curves.chance_loss:
        return None
    fell = float(curves.train[middle] - curves.train[-1])
    if abs(fell) > FLAT * curves.fall or curves.train[-1] < 0.3 * curves.chance_loss:
        return None
    since, eta = float(curves.update[middle]), float(curves.eta[-1])
    if not isinstance(curves.facts.preset.schedule, StepSchedule) or eta > CUT * curves.eta.max():
        return None
    return fault(
        "plateau",
        f"The training loss has been flat since update {since:,.0f}: it fell by {fell:.2g} of {curves.fall:.2g}. eta "
        f"was {curves.eta.max():.3g} at first, and is {eta:.3g} at the end.",
        {"update": since, "late_fall": fell, "fall": curves.fall, "eta": eta},
        "Keep eta high for longer: a larger every, or a factor nearer to 1.",
    )


def cycle(curves: LearningCurves) -> Finding | None:
    """The run ends inside a cycle of eta."""
    schedule, last = curves.facts.preset.schedule, int(curves.update[-1])
    if not isinstance(schedule, TriangularSchedule) or not last or curves.facts.diverged_at is not None:
        return None
    length = 2 * schedule.n_s
    if last % length == 0:
        return None
    return fault(
        "cycle",
        f"The run ends at update {last:,}, inside a cycle of eta (a cycle has {length:,} updates), with eta = "
        f"{curves.eta[-1]:.2g}. Networks are judged at the ends of cycles, where eta is smallest.",
        {"update": last, "cycle": length, "eta": float(curves.eta[-1])},
        f"End the run at update {-(-last // length) * length:,}: cycles={-(-last // length)}.",
    )


def too_few_evaluations(curves: LearningCurves) -> Finding | None:
    """There are not enough points for a curve."""
    rows, last = len(curves.update), int(curves.update[-1])
    if rows >= FEW or curves.facts.diverged_at is not None:
        return None
    return fault(
        "too-few-evaluations",
        f"The curves have {rows} points in {last:,} updates: too few to tell how the training went.",
        {"evaluations": rows, "updates": last},
        f"Evaluate more often: evaluate_every={max(1, last // 20)}.",
    )


def _at_ln_k(curves: LearningCurves, row: int) -> bool:
    """Is the training loss ln K there?"""
    return abs(float(curves.train[row]) - curves.chance_loss) < STILL * curves.chance_loss


def _settled(curves: LearningCurves) -> bool:
    """Did the training loss come to ln K from elsewhere?"""
    away = abs(float(curves.train[-1]) - curves.chance_loss)
    return away < SETTLED * curves.chance_loss and not _at_ln_k(curves, 0)


def _signal(curves: LearningCurves) -> float:
    """What a signal keeps of its size through all layers, relative to He's weights; 1 where it is not known.

    A layer of parameters p with n outputs has weights from p/n inputs (one of them its bias).
    """
    weights = [
        (each.weight, each.parameters / each.output[-1])
        for each in curves.facts.health
        if each.weight is not None and each.layer != "BatchNorm"
    ]
    if curves.facts.preset.network.batch_norm:
        return 1.0
    return prod(weight * sqrt(inputs / 2) for weight, inputs in weights)


def _step(curves: LearningCurves) -> float:
    """How far the largest update of the second half moved a layer, relative to its weights; 0 if it is not known."""
    eta = float(late(curves.eta).max())
    return max(
        (
            eta * each.gradient / each.weight
            for each in curves.facts.health
            if each.weight and each.gradient is not None
        ),
        default=0.0,
    )


# The most important first. A fault explains what comes below it, but for ALWAYS.
RULES: dict[Fault, Rule] = {
    "not-normalised": not_normalised,
    "diverged": diverged,
    "dead-units": dead_units,
    "vanishing-gradients": vanishing_gradients,
    "lambda-too-large": lambda_too_large,
    "underfitting": underfitting,
    "eta-too-large": eta_too_large,
    "eta-too-small": eta_too_small,
    "class-imbalance": class_imbalance,
    "labels-shuffled": labels_shuffled,
    "cycle": cycle,
    "too-few-evaluations": too_few_evaluations,
    "overfitting": overfitting,
    "plateau": plateau,
}
ALWAYS: tuple[Fault, ...] = ("cycle", "too-few-evaluations")
# What can be told of a run that goes on, at once or from the middle on. On its way a sound run looks for a while as if
# it overfitted, underfitted or had shuffled labels. None of the sound runs of benchmarks/reading.py looked like one of
# these at any evaluation.
AT_ONCE: tuple[Fault, ...] = ("not-normalised", "diverged", "lambda-too-large", "eta-too-large")
FROM_THE_MIDDLE: tuple[Fault, ...] = ("dead-units", "vanishing-gradients", "eta-too-small", "plateau")
