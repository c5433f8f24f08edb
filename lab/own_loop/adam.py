"""Mistakes in an Adam of one's own: each is tried over the whole training, from the gradients that the updates had."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.own_loop.finding import Difference
from lab.own_loop.steps import Compared, Step, with_penalty
from presets.schema import AdamSection

Clock = Callable[[int, int], int]  # from the update and the tensor, both from 0, to the t of the correction
Divisor = Callable[[Array, float], Array]  # from the average of g^2 and eps to what m is divided by


def _root(v: Array, eps: float) -> Array:
    root: Array = np.sqrt(v) + eps
    return root


@dataclass(frozen=True)
class AdamVariant:
    """m / (1 - beta1^t) over the root of v / (1 - beta2^t), but for what differs. swapped: are beta1 and beta2?"""

    key: str
    says: str
    corrects_m: bool = True
    corrects_v: bool = True
    clock: Clock = lambda update, tensor: update + 1
    divisor: Divisor = _root
    swapped: bool = False
    wrong: bool = True


def adam_finding(compared: Compared) -> Difference | None:
    """The mistake that gives all updates; None if none does or the preset has another optimiser."""
    optimiser = compared.plan.preset.optimiser
    if not isinstance(optimiser, AdamSection) or compared.first is None:
        return None
    for variant in _variants(compared, optimiser):
        if all(_explains(compared, optimiser, variant)):
            step = compared.first[0]
            tensors = [compared.trace.said(name) for name in step.wrong]
            return Difference(variant.key, variant.says, step.number, tensors, variant.wrong)
    return None


def _variants(compared: Compared, optimiser: AdamSection) -> Iterator[AdamVariant]:
    per, count = compared.plan.per_epoch, len(compared.steps[0].update.before)
    start = "is not corrected for its start at 0"
    both = "The averages are not corrected for their start at 0: divide m by 1 - beta1^t and v by 1 - beta2^t."
    yield AdamVariant("adam-uncorrected", both, False, False)
    yield AdamVariant("adam-uncorrected", f"The average of g^2 {start}: divide v by 1 - beta2^t.", True, False)
    yield AdamVariant("adam-uncorrected", f"The average of g {start}: divide m by 1 - beta1^t.", False, True)
    clocks: Mapping[str, Clock] = {
        "t stays 1: count the updates": lambda update, tensor: 1,
        "t counts epochs: count the updates": lambda update, tensor: 1 + update // per,
        "t is one ahead: it is 1 in the first update": lambda update, tensor: update + 2,
        "t grows with every tensor: it is the same for all tensors of an update":
            lambda update, tensor: update * count + tensor + 1,
    }  # fmt: skip
    for says, clock in clocks.items():
        yield AdamVariant("adam-clock", f"In the correction of the averages {says}.", clock=clock)
    yield AdamVariant("adam-no-root", "m is divided by v, not by its root.", divisor=lambda v, eps: v + eps)
    right = f"m keeps {optimiser.beta1:g} of itself, and v {optimiser.beta2:g}"
    yield AdamVariant("adam-betas", f"beta1 and beta2 are swapped: {right}.", swapped=True)
    yield AdamVariant("adam-eps", "eps stands under the root: sqrt(v + eps).", divisor=lambda v, eps: np.sqrt(v + eps),
                      wrong=False)  # fmt: skip


def _explains(compared: Compared, optimiser: AdamSection, variant: AdamVariant) -> Iterator[bool]:
    """Of every update: is it what the variant makes of the gradients?"""
    beta1, beta2 = (optimiser.beta1, optimiser.beta2)[:: -1 if variant.swapped else 1]
    averages = {
        name: (np.zeros_like(value), np.zeros_like(value)) for name, value in compared.steps[0].update.before.items()
    }
    for update, step in enumerate(compared.steps):
        eta = compared.expected.etas(update)
        for tensor, (name, g) in enumerate(_gradient(compared, step).items()):
            m, v = averages[name]
            averages[name] = m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
            t = variant.clock(update, tensor)
            m, v = m / (1 - beta1**t if variant.corrects_m else 1), v / (1 - beta2**t if variant.corrects_v else 1)
            theta = step.update.before[name]
            wanted = -eta * (m / variant.divisor(v, optimiser.eps) + optimiser.weight_decay * theta)
            if name in step.off:
                off = float(np.linalg.norm(step.moved(name) - wanted))
                yield off <= step.allowed[name] * float(np.linalg.norm(wanted))


def _gradient(compared: Compared, step: Step) -> Mapping[str, Array]:
    """With the penalty, layer by layer as the code's tensors usually stand."""
    whole = with_penalty(step.gradient, step.update.before, compared.expected.lambda_)
    return dict(sorted(whole.items(), key=lambda item: (item[0].lstrip("Wbgamet"), item[0])))
