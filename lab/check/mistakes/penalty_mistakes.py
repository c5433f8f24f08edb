"""The catalogue of mistakes in what a gradient adds for the penalty, beside its factor (see factors)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.evidence import Layers


@dataclass(frozen=True)
class PenaltyMistake:
    """What is added, up to a factor that is solved for, instead of W."""

    key: str
    sentence: str
    unit: Callable[[Layers, int, str], Array | None]  # from all parameters, the layer and the role
    weight: float = 1.0


def penalty_mistakes(depth: int) -> list[PenaltyMistake]:
    """In the place of the tensor itself."""
    right = "what belongs there is the derivative of lambda sum {letter}^2, 2 lambda {letter}."
    mistakes = [
        PenaltyMistake(
            "penalty-value-added",
            "{Tensors} {match} a gradient to every element of which the same number is added, as the penalty of J "
            "itself: " + right,
            lambda layers, k, role: np.ones_like(layers[k][role]),
        ),
        PenaltyMistake(
            "penalty-value-added",
            "{Tensors} {match} a gradient to every element of which lambda sum {letter}^2 itself is added: " + right,
            lambda layers, k, role: np.full_like(layers[k][role], (layers[k][role] ** 2).sum()),
        ),
        PenaltyMistake(
            "penalty-value-added",
            "{Tensors} {match} a gradient to every element of which J's whole penalty is added: " + right,
            lambda layers, k, role: np.full_like(layers[k][role], sum((t["W"] ** 2).sum() for t in layers)),
        ),
        PenaltyMistake(
            "penalty-squared",
            "{Tensors} {have} a penalty with squares, W**2: " + right,
            lambda layers, k, role: layers[k][role] ** 2,
        ),
        PenaltyMistake(
            "penalty-signs",
            "{Tensors} {have} a penalty with signs or absolute values: " + right,
            lambda layers, k, role: np.sign(layers[k][role]),
        ),
        PenaltyMistake(
            "penalty-signs",
            "{Tensors} {have} a penalty with signs or absolute values: " + right,
            lambda layers, k, role: np.abs(layers[k][role]),
        ),
        PenaltyMistake(
            "cost-penalty-not-squared",
            "J adds the {kind} of the weights, {tensors} {match} the gradient of lambda sum W^2: square them in J.",
            lambda layers, k, role: layers[k][role],
        ),
        PenaltyMistake(
            "penalty-transposed",
            "{Tensors} {have} a penalty that is transposed: add it in the shape of {tensors}.",
            lambda layers, k, role: layers[k][role].T if layers[k][role].ndim == 2 else None,
        ),
    ]
    for j in range(depth):

        def of_layer(layers: Layers, k: int, role: str, j: int = j) -> Array | None:
            other = layers[j].get(role)
            return other if j != k and other is not None and other.shape == layers[k][role].shape else None

        mistakes.append(
            PenaltyMistake(
                "penalty-of-layer", f"{{Tensors}} {{have}} the penalty of layer {j + 1}: take {{own}} there.", of_layer
            )
        )
    return mistakes
