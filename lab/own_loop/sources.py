"""Gradients an update may have been made of, where that of its own batch and parameters does not explain it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.types import Array, Labels
from lab.own_loop.factors import Base, Gradients, where_it_stands
from lab.own_loop.steps import Compared


@dataclass(frozen=True)
class GradientSource:
    """key and says: of the finding; gradients: of the update at a place, None where there is none; base: what stands
    for the parameters in the penalty."""

    key: str
    says: str
    gradients: Gradients
    base: Base = where_it_stands


def _with_labels(labels: Callable[[Compared, int], Labels | None]) -> Gradients:
    def gradients(compared: Compared, t: int) -> Mapping[str, Array] | None:
        step, y = compared.steps[t], labels(compared, t)
        if y is None or len(y) != len(step.y) or y.min() < 0 or y.max() >= compared.plan.sizes[-1]:
            return None
        return compared.reference.gradient(step.update.before, step.x, y)

    return gradients


def _beside(compared: Compared, t: int) -> Labels | None:
    usage = compared.steps[t].update.usage
    return None if usage is None else usage.labels


def _neighbour(shift: int) -> Callable[[Compared, int], Labels | None]:
    def labels(compared: Compared, t: int) -> Labels | None:
        return compared.steps[t + shift].y if 0 <= t + shift < len(compared.steps) else None

    return labels


def _in_order(compared: Compared, t: int) -> Labels | None:
    """Labels cut in the order of the data, beside shuffled examples."""
    n, y = compared.plan.batch, compared.plan.parts["train"][1]
    start = t % compared.plan.per_epoch * n
    return y[start : start + n]


def _epoch_shuffled(compared: Compared, t: int) -> Labels | None:
    """Labels of another order of the same batch: sorted by index."""
    usage = compared.steps[t].update.usage
    return None if usage is None else compared.plan.parts["train"][1][np.sort(usage.index)]


def _stale_batch(compared: Compared, t: int) -> Mapping[str, Array] | None:
    if not t:
        return None
    before = compared.steps[t - 1]
    return compared.reference.gradient(compared.steps[t].update.before, before.x, before.y)


def _gradient_before(compared: Compared, t: int) -> Mapping[str, Array] | None:
    return compared.steps[t - 1].gradient if t else None


def _theta_before(compared: Compared, t: int) -> Mapping[str, Array]:
    return compared.steps[max(t - 1, 0)].update.before


def _of_another_part(compared: Compared, t: int) -> Mapping[str, Array] | None:
    step, parts = compared.steps[t], compared.plan.parts
    others = [u for u in step.update.evaluated if u.part != "train" and np.all(u.index >= 0)]
    if not others:
        return None
    x, y = parts[others[-1].part]
    return compared.reference.gradient(step.update.before, x[others[-1].index], y[others[-1].index])


def _first_of_epoch(compared: Compared, t: int) -> Mapping[str, Array] | None:
    first = compared.steps[t // compared.plan.per_epoch * compared.plan.per_epoch]
    return compared.reference.gradient(compared.steps[t].update.before, first.x, first.y)


def _stale_theta(compared: Compared, t: int) -> Mapping[str, Array] | None:
    if not t:
        return None
    step = compared.steps[t]
    return compared.reference.gradient(compared.steps[t - 1].update.before, step.x, step.y)


def _of_epoch_start(compared: Compared, t: int) -> Mapping[str, Array] | None:
    first = compared.steps[t // compared.plan.per_epoch * compared.plan.per_epoch]
    step = compared.steps[t]
    return compared.reference.gradient(first.update.before, step.x, step.y)


def _upper_layers_first(compared: Compared, t: int) -> Mapping[str, Array] | None:
    """The layers above are updated before the gradient goes through them."""
    step = compared.steps[t]
    return compared.reference.gradient(step.update.before, step.x, step.y, back=step.update.after)


def _lower_layers_first(compared: Compared, t: int) -> Mapping[str, Array] | None:
    """The gradient of each layer is computed after those below are updated."""
    step = compared.steps[t]
    found: dict[str, Array] = {}
    for layer in range(1, len(compared.plan.sizes)):
        update = step.update
        theta = {k: update.after[k] if int(k.lstrip("Wbgamet")) < layer else v for k, v in update.before.items()}
        gradient = compared.reference.gradient(theta, step.x, step.y)
        found |= {k: g for k, g in gradient.items() if int(k.lstrip("Wbgamet")) == layer}
    return found


def _whole_set(compared: Compared, t: int) -> Mapping[str, Array] | None:
    return compared.reference.gradient(compared.steps[t].update.before, *compared.plan.parts["train"])


def _summed(since: Callable[[Compared, int], int]) -> tuple[Gradients, Base]:
    def gradients(compared: Compared, t: int) -> Mapping[str, Array] | None:
        steps = compared.steps[since(compared, t) : t + 1]
        return {name: sum((s.gradient[name] for s in steps), np.zeros(())) for name in steps[0].gradient}

    def base(compared: Compared, t: int) -> Mapping[str, Array]:
        steps = compared.steps[since(compared, t) : t + 1]
        return {name: sum((s.update.before[name] for s in steps), np.zeros(())) for name in steps[0].update.before}

    return gradients, base


def sources() -> Iterator[GradientSource]:
    """Likely ones first."""
    wrong = "the labels of a batch are not those of its examples"
    yield GradientSource("labels", f"{wrong}: they come from elsewhere", _with_labels(_beside))
    yield GradientSource("labels", f"{wrong}: they are those of the batch before", _with_labels(_neighbour(-1)))
    yield GradientSource("labels", f"{wrong}: they are those of the next batch", _with_labels(_neighbour(1)))
    yield GradientSource("labels", f"{wrong}: they are not shuffled with them", _with_labels(_in_order))
    yield GradientSource("labels", f"{wrong}: they are sorted and the examples are not", _with_labels(_epoch_shuffled))
    yield GradientSource(
        "upper-layers-first",
        "a layer is updated before the gradient of the layers below goes through it",
        _upper_layers_first,
    )
    yield GradientSource("stale-batch", "the gradient is that of the batch before", _stale_batch)
    yield GradientSource(
        "stale-parameters", "the gradient is taken at the parameters of the update before", _stale_theta
    )
    yield GradientSource("stale-batch", "the gradient is that of the update before", _gradient_before, _theta_before)
    yield GradientSource("other-part", "the gradient is that of validation or test examples", _of_another_part)
    for since in (lambda c, t: 0, lambda c, t: t // c.plan.per_epoch * c.plan.per_epoch, lambda c, t: max(0, t - 1)):
        gradients, base = _summed(since)
        yield GradientSource(
            "accumulated", "the gradients add up from update to update: they are never set to 0", gradients, base
        )
    yield GradientSource("first-batch", "every update of an epoch uses the epoch's first batch", _first_of_epoch)
    yield GradientSource(
        "stale-parameters", "the gradients of an epoch are all taken at the parameters it began with", _of_epoch_start
    )
    yield GradientSource("whole-set", "the gradient is that of the whole training set, not of the batch", _whole_set)
    yield GradientSource(
        "lower-layers-first", "the layers below are updated before the gradient is computed", _lower_layers_first
    )
