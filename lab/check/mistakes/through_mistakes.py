"""Mistakes in the step from dJ/ds of a layer to dJ/dh, which the layer before it receives."""

from collections.abc import Callable

import numpy as np

from core.types import Array
from lab.check.mistakes.flow import Flow, FlowMistake, Step, fitting
from lab.check.mistakes.reference import LayerTrace, Pass


def through_mistakes(depth: int) -> list[FlowMistake]:
    """In the place of G W^T. The trace is that of the layer whose W it is, {layer} the one before, {V} that W."""

    def by(of: Callable[[LayerTrace, Pass], Array]) -> Step:
        """G times this matrix, where that gives what the layer before can take."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
            matrix = of(t, p)
            fits = matrix.shape == (flow.at_s.shape[1], t.h.shape[1])
            return flow.at_s @ matrix if fits else None

        return step

    def as_it_is(of: Callable[[Flow], Array]) -> Step:
        return lambda flow, t, p: fitting(t.h, of(flow))

    mistakes = [
        FlowMistake(
            "through-transposed",
            "{Tensors} {match} a G that went through {V} transposed the wrong way: swap {V} and its transpose where G "
            "is handed on.",
            by(lambda t, p: t.tensors["W"]),
        ),
        FlowMistake(
            "through-left-out",
            "{Tensors} {match} a G that does not go back through {V}: multiply it by {V} before {layer}.",
            as_it_is(lambda flow: flow.at_s),
        ),
        FlowMistake(
            "through-left-out",
            "{Tensors} {match} a G that leaves out the layer of {V}: take it back through its activation and {V}.",
            as_it_is(lambda flow: flow.above),
        ),
        FlowMistake(
            "through-before-activation",
            "{Tensors} {match} a G handed on through {V} as it was before that layer's activation (or batch "
            "normalisation): hand on the G that the gradient of {V} is computed from.",
            lambda flow, t, p: flow.above @ t.tensors["W"].T,
        ),
        FlowMistake(
            "through-before-norm",
            "{Tensors} {match} a G handed on through {V} as it was before that layer's batch normalisation: hand on "
            "the G that the gradient of {V} is computed from.",
            lambda flow, t, p: flow.at_u @ t.tensors["W"].T,
        ),
    ]
    for j in range(1, depth):
        sentence = f"{{Tensors}} {{match}} a G that went back through the weights of layer {j + 1}: take {{V}} there."

        def other(t: LayerTrace, p: Pass, j: int = j) -> Array:
            W: Array = p.traces[j].tensors["W"].T if j != t.index else np.empty((0, 0))
            return W

        mistakes.append(FlowMistake("through-other-weights", sentence, by(other)))
    mistakes.append(
        FlowMistake(
            "through-other-weights",
            "{Tensors} {match} a G that went back through the weights of layer 1: take {V} there.",
            by(lambda t, p: p.traces[0].tensors["W"].T),
        )
    )
    return mistakes
