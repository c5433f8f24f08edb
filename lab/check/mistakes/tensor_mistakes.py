"""The catalogue of mistakes in the line that computes one gradient, while G itself is right.

A mistake gives what that line gives instead, or None where it does not fit. To add one, add a line to the list of the
tensor's role. Sentences have the fields of flow.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import SIGMOID
from lab.check.mistakes.flow import Flow
from lab.check.mistakes.losses import BINARY_ENTROPY, SQUARED_SIGMOID, one_hot
from lab.check.mistakes.reference import LayerTrace, Pass, normalisation

Line = Callable[[Flow, LayerTrace, Pass], Array | None]
BEFORE_ACTIVATION = (
    "{Tensors} {match} a gradient from G before the activation of {layer}: multiply G by {slope} first, then compute "
    "{them}."
)
BEFORE_NORM = (
    "{Tensors} {match} a gradient from G before it went back through the batch normalisation of {layer}: compute "
    "{them} after that."
)
AFTER_NORM = (
    "{Tensors} {match} a gradient from G after it went back through the batch normalisation of {layer}: compute {them} "
    "before that."
)
SWAPPED = "{Tensors} {match} the gradients of gamma and beta swapped: gamma gets sum G * z, beta gets sum G."
SUBTRACTED_TWICE = (
    "{Tensors} {match} P - 2 Y: Y is subtracted twice. Does G -= Y change P, too, so that P - Y is another one then? "
    "Work on a copy."
)


@dataclass(frozen=True)
class TensorMistake:
    """What stands instead of the right line for a gradient."""

    key: str
    sentence: str
    line: Line
    weight: float = 1.1  # what explains everything behind it as well is told first


def tensor_mistakes(role: str, depth: int) -> list[TensorMistake]:
    """In the place of the gradient of W, b, gamma or beta."""
    lists: dict[str, Callable[[int], list[TensorMistake]]] = {
        "W": of_weights,
        "b": lambda depth: of_sums("b", lambda flow: flow.at_s),
        "beta": lambda depth: of_sums("beta", lambda flow: flow.at_u),
        "gamma": lambda depth: of_gamma(),
    }
    return lists[role](depth)


def of_weights(depth: int) -> list[TensorMistake]:
    """Instead of h^T G."""

    def product(left: Callable[[LayerTrace, Pass], Array], right: Callable[[Flow], Array]) -> Line:
        def line(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
            product: Array = left(t, p).T @ right(flow)
            return product if product.shape == t.tensors["W"].shape else None

        return line

    def of_input(t: LayerTrace, p: Pass) -> Array:
        return t.h

    mistakes = [
        TensorMistake(
            "weights-transposed",
            "{Tensors} {match} the right gradient transposed: swap the factors, or transpose the product.",
            lambda flow, t, p: transposed(t.h.T @ flow.at_s),
        ),
        TensorMistake(
            "gradient-before-activation",
            BEFORE_ACTIVATION,
            product(of_input, lambda flow: flow.above),
        ),
        TensorMistake(
            "gradient-before-norm",
            BEFORE_NORM,
            product(of_input, lambda flow: flow.at_u),
        ),
        TensorMistake(
            "weights-input",
            "{Tensors} {match} the layer before without its activation: take what really goes into {layer}.",
            product(lambda t, p: p.traces[t.index - 1].u if t.index else t.h[:, :0], lambda flow: flow.at_s),
        ),
        TensorMistake(
            "weights-input",
            "{Tensors} {match} the scores of the layer before as they are before batch normalisation: take what really "
            "goes into {layer}.",
            product(scores_before, lambda flow: flow.at_s),
        ),
        TensorMistake(
            "weights-input",
            "{Tensors} {match} the output of {layer}, not its input: take what goes into the layer.",
            product(lambda t, p: t.out, lambda flow: flow.at_s),
        ),
        TensorMistake(
            "labels-subtracted-twice",
            SUBTRACTED_TWICE,
            lambda flow, t, p: t.h.T @ labels_again(flow, t, p),
        ),
        TensorMistake(
            "activation-slope-twice",
            "{Tensors} {match} a G that is multiplied by P * (1 - P) once more: take the same G as for the bias.",
            lambda flow, t, p: t.h.T @ (flow.at_s * SIGMOID.slope(t.out)) if sigmoid_at_output(t, p) else None,
        ),
        *examples("W", lambda flow, t: t.h[:, :, None] * flow.at_s[:, None, :]),
    ]
    for j in range(depth):
        name = "X" if j == 0 else f"the output of layer {j}"
        mistakes.append(
            TensorMistake(
                "weights-input",
                f"{{Tensors}} {{match}} {name} as the input of {{layer}}: take what really goes into it.",
                product(lambda t, p, j=j: p.traces[j].h if j != t.index else t.h[:, :0], lambda flow: flow.at_s),  # type: ignore[misc]
            )
        )
    return mistakes


def sigmoid_at_output(t: LayerTrace, p: Pass) -> bool:
    """Is this the last layer of a network whose outputs are sigmoids?"""
    return t.last and p.network.loss in (BINARY_ENTROPY, SQUARED_SIGMOID)


def scores_before(t: LayerTrace, p: Pass) -> Array:
    """The scores of a normalised layer before this one; nothing where there is none."""
    return p.traces[t.index - 1].s if t.index and p.traces[t.index - 1].normed else t.h[:, :0]


def labels_again(flow: Flow, t: LayerTrace, p: Pass) -> Array:
    """G of the last layer minus Y once more; elsewhere G as it is."""
    if not t.last or not p.network.loss.name.startswith("softmax"):
        return flow.at_s
    return flow.at_s - p.scale * one_hot(p.y, flow.at_s.shape[1]) / p.n


def transposed(W: Array) -> Array | None:
    """W^T of a square W."""
    return W.T if W.shape[0] == W.shape[1] else None


def examples(role: str, each: Callable[[Flow, LayerTrace], Array]) -> list[TensorMistake]:
    """Sums over some of the examples; `each` gives the gradients (n, ...) of the examples."""
    some: list[tuple[str, str, slice]] = [
        ("one-example-only", "the last example alone: add the examples up (+=, not =).", slice(-1, None)),
        ("one-example-only", "the first example alone: add the examples up.", slice(0, 1)),
        ("example-left-out", "a sum without the last example: let the loop run over all {n}.", slice(0, -1)),
        ("example-left-out", "a sum without the first example: let the loop start at 0.", slice(1, None)),
    ]
    return [
        TensorMistake(
            key,
            "{Tensors} {match} " + sentence,
            lambda flow, t, p, rows=rows: None if t.h.shape[1] > WIDE else each(flow, t)[rows].sum(axis=0),  # type: ignore[misc]
        )
        for key, sentence, rows in some
    ]


WIDE = 512  # inputs: the gradients of single examples are not laid out for more


def of_sums(role: str, at: Callable[[Flow], Array]) -> list[TensorMistake]:
    """Instead of the sum of G over the examples: for b and for beta."""
    return [
        TensorMistake(
            "bias-sum-axis",
            "{Tensors} {match} a sum of G over examples and units: sum over the examples alone (axis=1 if columns are "
            "examples, axis=0 if rows are).",
            lambda flow, t, p: np.full(at(flow).shape[1], at(flow).sum()),
        ),
        TensorMistake(
            "bias-sum-axis",
            "{Tensors} {match} a sum of G over the units, not over the examples: sum along the other axis.",
            lambda flow, t, p: at(flow).sum(axis=1) if at(flow).shape[0] == at(flow).shape[1] else None,
        ),
        TensorMistake("gradient-before-activation", BEFORE_ACTIVATION, lambda flow, t, p: flow.above.sum(axis=0)),
        TensorMistake(
            "bias-absolute",
            "{Tensors} {match} a sum of |G|: G keeps its sign.",
            lambda flow, t, p: np.abs(at(flow)).sum(axis=0),
        ),
        *(of_bias() if role == "b" else of_beta()),
        *examples(role, lambda flow, t: at(flow)),
    ]


def of_bias() -> list[TensorMistake]:
    """Of b alone."""
    return [
        TensorMistake("gradient-before-norm", BEFORE_NORM, lambda flow, t, p: flow.at_u.sum(axis=0)),
        TensorMistake(
            "bias-from-weights",
            "{Tensors} {match} the sum of the gradient of {W}: b takes the sum of G itself over the examples.",
            lambda flow, t, p: (t.h.T @ flow.at_s).sum(axis=0),
        ),
        TensorMistake(
            "labels-subtracted-twice", SUBTRACTED_TWICE, lambda flow, t, p: labels_again(flow, t, p).sum(axis=0)
        ),
    ]


def of_beta() -> list[TensorMistake]:
    """Of beta alone."""
    return [
        TensorMistake("gradient-after-norm", AFTER_NORM, lambda flow, t, p: normalisation(flow.at_u, t, p).sum(axis=0)),
        TensorMistake(
            "gamma-beta-swapped",
            SWAPPED,
            lambda flow, t, p: None if t.z is None else (flow.at_u * t.z).sum(axis=0),
        ),
    ]


def of_gamma() -> list[TensorMistake]:
    """Instead of the sum of G z over the examples."""

    def with_(what: Callable[[Flow, LayerTrace], Array | None]) -> Line:
        def line(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
            values = what(flow, t)
            return None if values is None or values.shape != flow.at_u.shape else values.sum(axis=0)

        return line

    unnormalised = "{Tensors} {match} sum G * %s: gamma multiplies the normalised scores, take sum G * z."
    return [
        TensorMistake(
            "gamma-beta-swapped",
            SWAPPED,
            with_(lambda flow, t: flow.at_u),
        ),
        TensorMistake(
            "gamma-unnormalised", unnormalised % "s, the scores as they are", with_(lambda flow, t: flow.at_u * t.s)
        ),
        TensorMistake("gamma-unnormalised", unnormalised % "(s - mean)", with_(lambda flow, t: flow.at_u * t.centred)),
        TensorMistake("gamma-unnormalised", unnormalised % "(gamma z + beta)", with_(lambda flow, t: flow.at_u * t.u)),
        TensorMistake(
            "gamma-unnormalised", unnormalised % "the layer's output", with_(lambda flow, t: flow.at_u * t.out)
        ),
        TensorMistake(
            "gamma-unnormalised", unnormalised % "the layer's input", with_(lambda flow, t: fitting_input(flow, t))
        ),
        TensorMistake(
            "gradient-before-activation",
            BEFORE_ACTIVATION,
            with_(lambda flow, t: None if t.z is None else flow.above * t.z),
        ),
        TensorMistake(
            "gradient-after-norm",
            AFTER_NORM,
            lambda flow, t, p: None if t.z is None else (normalisation(flow.at_u, t, p) * t.z).sum(axis=0),
        ),
        TensorMistake(
            "gamma-times-gamma",
            "{Tensors} {match} sum G * gamma * z: leave gamma out.",
            with_(lambda flow, t: None if t.z is None else flow.at_u * t.z * t.tensors["gamma"]),
        ),
        *examples("gamma", lambda flow, t: flow.at_u * (t.z if t.z is not None else 0.0)),
    ]


def fitting_input(flow: Flow, t: LayerTrace) -> Array | None:
    """G times the layer's input, if they have one shape."""
    return flow.at_u * t.h if t.h.shape == flow.at_u.shape else None
