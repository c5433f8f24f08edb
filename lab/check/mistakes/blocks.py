"""A block of two dense layers, y = activation(x W1 + b1) W2 + b2, maybe with x added to it, and the mistakes in it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import Activation
from lab.check.mistakes.layers import Answer, Inputs, LayerMistake, Made


@dataclass(frozen=True)
class BackThroughBlock:
    """How dy goes back; the defaults are right."""

    skipped: float = 1.0  # what of dy is added to dx
    through: float = 1.0  # what comes back through the layers
    slope: Callable[[Array, Array, Array], Array] | None = None  # from u, h and the gradient of h
    turned: tuple[bool, bool] = (False, False)  # W1, W2 in the place of their transposes


def block(activation: Activation, skip: bool, turned: bool) -> Callable[[Inputs], Made | None]:
    """`skip`: x is added to y; `turned`: W is (outputs, inputs)."""

    def made(inputs: Inputs) -> Made | None:
        x, b1, b2 = inputs["x"], inputs["b1"], inputs["b2"]
        W1, W2 = (inputs[role].T if turned else inputs[role] for role in ("W1", "W2"))
        u = x @ W1 + b1.reshape(-1)
        h = activation.value(u)
        y = h @ W2 + b2.reshape(-1)
        if skip and y.shape != x.shape:
            return None

        def back(dy: Array, way: BackThroughBlock) -> dict[str, Array]:
            V1, V2 = (W if wrong else W.T for W, wrong in zip((W1, W2), way.turned, strict=True))
            dh = dy @ V2
            G = dh * (way.slope(u, h, dh) if way.slope else activation.slope(u))
            dx = way.through * G @ V1 + (way.skipped * dy if skip else 0.0)
            weights = {"W1": x.T @ G, "W2": h.T @ dy}
            found = {role: g.T if turned else g for role, g in weights.items()}
            return {"x": dx, **found, "b1": G.sum(axis=0).reshape(b1.shape), "b2": dy.sum(axis=0).reshape(b2.shape)}

        def answer(dy: Array) -> Answer:
            mistakes = []
            for key, sentence, way in ways(activation, skip):
                try:
                    wrong = back(dy, way)
                except ValueError:  # a transpose that does not fit
                    continue
                mistakes += [
                    LayerMistake(key, role, "{Tensors} {match} " + sentence, lambda g=g: g)  # type: ignore[misc]
                    for role, g in wrong.items()
                ]
            return back(dy, BackThroughBlock()), mistakes

        return Made(y + x if skip else y, answer)

    return made


def ways(activation: Activation, skip: bool) -> list[tuple[str, str, BackThroughBlock]]:
    """Key, sentence, and the wrong way back."""
    slope = activation.code.format(H="h", S="u")
    kinked = "ReLU" in activation.name
    times = f"multiply the gradient of h by {slope}."
    found = [
        (
            "relu-mask-missing" if kinked else "activation-slope-missing",
            f"a gradient without the {'ReLU mask' if kinked else f'derivative of {activation.name}'}: {times}",
            BackThroughBlock(slope=lambda u, h, g: np.ones_like(u)),
        ),
        (
            "relu-mask-of-gradient" if kinked else "activation-slope-of-gradient",
            f"the derivative of {activation.name} taken at the gradient: {times}",
            BackThroughBlock(slope=lambda u, h, g: activation.slope(g)),
        ),
        (
            "relu-mask-inverted" if kinked else "activation-slope-inverted",
            f"the derivative of {activation.name} the wrong way round: {times}",
            BackThroughBlock(slope=lambda u, h, g: activation.slope(-u)),
        ),
        (
            "activation-slope-of-output",
            f"the derivative of {activation.name} taken at its output h: {times}",
            BackThroughBlock(slope=lambda u, h, g: activation.slope(h)),
        ),
        ("activation-values-for-slope", f"the gradient times h: {times}", BackThroughBlock(slope=lambda u, h, g: h)),
        ("through-transposed", "W2 transposed the wrong way on the way back.", BackThroughBlock(turned=(False, True))),
        ("through-transposed", "W1 transposed the wrong way on the way back.", BackThroughBlock(turned=(True, False))),
        (
            "through-transposed",
            "W1 and W2 transposed the wrong way on the way back.",
            BackThroughBlock(turned=(True, True)),
        ),
    ]
    if skip:
        found += [
            (
                "skip-missing",
                "what comes through the layers alone: x is added to the output, so add dy to dx.",
                BackThroughBlock(skipped=0.0),
            ),
            ("skip-only", "dy alone: add what comes back through the layers.", BackThroughBlock(through=0.0)),
            ("skip-twice", "dy added twice: once is right.", BackThroughBlock(skipped=2.0)),
        ]
    return found
