"""The catalogue of mistakes in what runs backward: each is what students do instead of one right step.

A mistake gives the G that the step would hand on, or None where it does not fit. The lists stand beside this file, one
for each step: output_mistakes, activation_mistakes, norm_mistakes, through_mistakes. To add a mistake, add a line to
the list of its step. In a sentence, {tensors} are the gradients that match, {match} is "match" or "matches", {layer} is
"layer 2", {W}, {H} and {S} are that layer's weights, output and scores, {slope} is the derivative of the activation as
code, {n} is the number of examples.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.types import Array
from lab.check.mistakes.reference import LayerTrace, Pass


@dataclass(frozen=True)
class Flow:
    """G on its way back through a layer: at the layer's output, at u, and at the scores s; later ones may be the same
    as earlier ones while they are not reached yet."""

    above: Array
    at_u: Array
    at_s: Array


Step = Callable[[Flow, LayerTrace, Pass], Array | None]


@dataclass(frozen=True)
class FlowMistake:
    """What stands instead of a right step."""

    key: str
    sentence: str
    step: Step
    weight: float = 1.0  # of several that match, the lightest are told


def fitting(G: Array, other: Array) -> Array | None:
    """`other`, where it can be multiplied with G element by element."""
    return other if other.shape == G.shape else None
