"""Reference layers of rows: each from its inputs to its output, its right gradients and the mistakes in them.

Rows are examples. The catalogues of networks serve here too: a layer is a network's step by itself, dy stands for G.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.types import Array
from lab.check.mistakes.activation_mistakes import activation_mistakes
from lab.check.mistakes.activations import NONE, Activation
from lab.check.mistakes.flow import Flow, FlowMistake
from lab.check.mistakes.losses import Loss, softmax
from lab.check.mistakes.norm_mistakes import normalisation_mistakes
from lab.check.mistakes.output_mistakes import output_mistakes
from lab.check.mistakes.reference import GRADIENTS, LayerTrace, Norm, Pass, ReferenceNetwork, normalisation, through
from lab.check.mistakes.tensor_mistakes import tensor_mistakes
from lab.check.mistakes.through_mistakes import through_mistakes

Inputs = Mapping[str, Any]  # "x", "W", "b", "gamma", "beta", "y" as rows are examples, and settings


@dataclass(frozen=True)
class LayerMistake:
    """What stands instead of the right gradient of one tensor: an array, or None where it does not fit."""

    key: str
    role: str
    sentence: str
    gradient: Callable[[], Array | None]
    weight: float = 1.0


Answer = tuple[dict[str, Array], list[LayerMistake]]  # the right gradients, and the wrong ones


@dataclass(frozen=True)
class Made:
    """A layer that was run: its output, and what backward may say of it, right and wrong, given dy."""

    out: Array
    answer: Callable[[Array], Answer]
    x: Array | None = None  # what a normalisation is given


def bare(x: Array, **changes: Any) -> LayerTrace:
    """A trace of which nothing is known but what goes in."""
    nothing = np.zeros(x.shape[1])
    trace = LayerTrace(0, False, {}, x, x, x - x.mean(axis=0), nothing, nothing, None, x, x)
    return replace(trace, **changes)


def stepped(mistakes: list[FlowMistake], dy: Array, t: LayerTrace, p: Pass) -> list[LayerMistake]:
    """The mistakes in a step, as mistakes in dx."""
    flow = Flow(dy, dy, dy)
    return [
        LayerMistake(m.key, "x", m.sentence, lambda m=m: m.step(flow, t, p), m.weight)  # type: ignore[misc]
        for m in mistakes
    ]


def computed(roles: tuple[str, ...], flow: Flow, t: LayerTrace, p: Pass) -> list[LayerMistake]:
    """The mistakes in the lines of gradients."""
    return [
        LayerMistake(m.key, role, m.sentence, lambda m=m: m.line(flow, t, p), m.weight)  # type: ignore[misc]
        for role in roles
        for m in tensor_mistakes(role, 1)
    ]


# The layers


def dense(activation: Activation = NONE) -> Callable[[Inputs], Made]:
    """y = activation(x W + b)."""

    def made(inputs: Inputs) -> Made:
        roles = tuple(role for role in ("W", "b") if role in inputs)
        network = ReferenceNetwork(activation)
        (t,) = network.forward(inputs["x"], ({role: inputs[role] for role in roles},))
        t = replace(t, out=activation.value(t.s))
        p = Pass(network, (t,), np.zeros(len(t.s), int))

        def of(role: str, G: Array | None) -> Array | None:
            if G is None:
                return None
            return through(G, t, p) if role == "x" else GRADIENTS[role](G, t)

        def answer(dy: Array) -> Answer:
            G = dy * activation.slope(t.s)
            flow = Flow(dy, dy, G)
            right = {role: GRADIENTS[role](G, t) for role in roles} | {"x": through(G, t, p)}
            sloped = [
                LayerMistake(m.key, role, m.sentence, lambda m=m, role=role: of(role, m.step(flow, t, p)), m.weight)  # type: ignore[misc]
                for m in activation_mistakes(network, 1)
                for role in right
            ]
            return right, stepped(through_mistakes(1), G, t, p) + computed(roles, Flow(G, G, G), t, p) + sloped

        return Made(t.out, answer)

    return made


def elementwise(activation: Activation) -> Callable[[Inputs], Made]:
    """y = activation(x)."""

    def made(inputs: Inputs) -> Made:
        x, network = inputs["x"], ReferenceNetwork(activation)
        t = bare(x, out=activation.value(x))
        p = Pass(network, (t,), np.zeros(len(x), int))

        def answer(dy: Array) -> Answer:
            return {"x": dy * activation.slope(x)}, stepped(activation_mistakes(network, 1), dy, t, p)

        return Made(t.out, answer)

    return made


def batch_norm(norm: Norm) -> Callable[[Inputs], Made]:
    """y = gamma (x - mean) / sqrt(var + eps) + beta."""

    def made(inputs: Inputs) -> Made:
        x, network = inputs["x"], ReferenceNetwork(norm=norm)
        roles = tuple(role for role in ("gamma", "beta") if role in inputs)
        plain = replace(norm, plain=not roles)
        network = ReferenceNetwork(norm=plain)
        tensors = {role: inputs[role] for role in roles}
        t = replace(network.layer(x, x, (tensors, {}), 0), last=True)
        t = replace(t, out=t.u)
        p = Pass(network, (t,), np.zeros(len(x), int))

        def answer(dy: Array) -> Answer:
            right = {role: GRADIENTS[role](dy, t) for role in roles} | {"x": normalisation(dy, t, p)}
            back = Flow(dy, dy, right["x"])
            return right, stepped(normalisation_mistakes(network), dy, t, p) + computed(roles, back, t, p)

        return Made(t.out, answer, x)

    return made


def layer_norm(eps: float) -> Callable[[Inputs], Made]:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, mean and variance over the features of each example."""

    def made(inputs: Inputs) -> Made:
        x, gamma = inputs["x"], inputs["gamma"]
        centred = x - x.mean(axis=1, keepdims=True)
        inverse = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
        z = centred * inverse

        def answer(dy: Array) -> Answer:
            def back(g: Array, mean: float = 1.0, variance: float = 1.0, axis: int = 1) -> Array:
                through_mean = g.mean(axis=axis, keepdims=True)
                through_variance = z * (g * z).mean(axis=axis, keepdims=True)
                dx: Array = inverse * (g - mean * through_mean - variance * through_variance)
                return dx

            def wrong(role: str, key: str, sentence: str, gradient: Callable[[], Array]) -> LayerMistake:
                return LayerMistake(key, role, "{Tensors} {match} " + sentence, gradient)

            g, constant = dy * gamma, "is a constant: it depends on every feature, add the part through it."
            right = {"x": back(g), "gamma": (dy * z).sum(axis=0), "beta": dy.sum(axis=0)}
            return right, [
                wrong("x", "norm-mean-path-missing", "a mean that " + constant, lambda: back(g, mean=0.0)),
                wrong("x", "norm-variance-path-missing", "a variance that " + constant, lambda: back(g, variance=0.0)),
                wrong("x", "norm-statistics-constant", "a mean and variance that are constants.", lambda: inverse * g),
                wrong("x", "norm-gamma-missing", "a gradient without gamma: multiply dy by it.", lambda: back(dy)),
                wrong("x", "norm-left-out", "dy as it came: take it back through the layer.", lambda: dy),
                wrong(
                    "x",
                    "norm-axis",
                    "means over the examples: take those over the features of each example.",
                    lambda: back(g, axis=0),
                ),
                wrong(
                    "x",
                    "norm-axis",
                    "a mean over the examples in the part through the mean: take that over the features.",
                    lambda: back(g, mean=0.0) - inverse * g.mean(axis=0),
                ),
                wrong(
                    "x",
                    "norm-axis",
                    "a mean over the examples in the part through the variance: take that over the features.",
                    lambda: back(g, variance=0.0) - inverse * z * (g * z).mean(axis=0),
                ),
                wrong(
                    "x",
                    "norm-axis",
                    "a sum over the examples in the part through the mean: sum over the features.",
                    lambda: back(g, mean=0.0) - inverse * g.sum(axis=0) / g.shape[1],
                ),
                wrong(
                    "x",
                    "norm-axis",
                    "a sum over the examples in the part through the variance: sum over the features.",
                    lambda: back(g, variance=0.0) - inverse * z * (g * z).sum(axis=0) / g.shape[1],
                ),
                wrong(
                    "x",
                    "norm-axis",
                    "sums over the examples: sum over the features of each example.",
                    lambda: inverse * (g - (g.sum(axis=0) + z * (g * z).sum(axis=0)) / g.shape[1]),
                ),
                wrong("gamma", "gamma-beta-swapped", "the gradient of beta.", lambda: dy.sum(axis=0)),
                wrong("beta", "gamma-beta-swapped", "the gradient of gamma.", lambda: (dy * z).sum(axis=0)),
                wrong("gamma", "gamma-unnormalised", "sum dy * x: take sum dy * z.", lambda: (dy * x).sum(axis=0)),
            ]

        return Made(gamma * z + inputs["beta"], answer)

    return made


def rms_norm(eps: float) -> Callable[[Inputs], Made]:
    """y = gamma x / sqrt(mean(x^2) + eps), the mean over the features of each example."""

    def made(inputs: Inputs) -> Made:
        x, gamma = inputs["x"], inputs["gamma"]
        inverse = 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + eps)
        z = x * inverse

        def answer(dy: Array) -> Answer:
            def back(g: Array, root: float = 1.0, axis: int = 1) -> Array:
                dx: Array = inverse * (g - root * z * (g * z).mean(axis=axis, keepdims=True))
                return dx

            def wrong(role: str, key: str, sentence: str, gradient: Callable[[], Array]) -> LayerMistake:
                return LayerMistake(key, role, "{Tensors} {match} " + sentence, gradient)

            g = dy * gamma
            through = "a root mean square that is a constant: it depends on every feature, subtract "
            part = "z * mean(g * z), g = dy * gamma."
            return {"x": back(g), "gamma": (dy * z).sum(axis=0)}, [
                wrong("x", "norm-variance-path-missing", through + part, lambda: back(g, root=0.0)),
                wrong("x", "norm-sign", f"{part[:-1]} that is added: subtract it.", lambda: back(g, root=-1.0)),
                wrong("x", "norm-sum-for-mean", f"a sum for the mean in {part}", lambda: back(g, root=x.shape[1])),
                wrong(
                    "x", "norm-axis", "a mean over the examples: take that over the features.", lambda: back(g, axis=0)
                ),
                wrong("x", "norm-gamma-missing", "a gradient without gamma: multiply dy by it.", lambda: back(dy)),
                wrong("x", "norm-scale-missing", "a gradient that is not divided by rms.", lambda: back(g) / inverse),
                wrong("x", "norm-left-out", "dy as it came: take it back through the layer.", lambda: dy),
                wrong("gamma", "gamma-unnormalised", "sum dy * x: take sum dy * z.", lambda: (dy * x).sum(axis=0)),
                wrong("gamma", "gamma-beta-swapped", "sum dy, as of a beta.", lambda: dy.sum(axis=0)),
            ]

        return Made(gamma * z, answer)

    return made


def softmax_layer(inputs: Inputs) -> Made:
    """p = softmax(x), given dJ/dp."""
    P = softmax(inputs["x"])

    def answer(dy: Array) -> Answer:
        right = P * (dy - (dy * P).sum(axis=1, keepdims=True))

        def wrong(key: str, sentence: str, gradient: Callable[[], Array]) -> LayerMistake:
            return LayerMistake(key, "x", "{Tensors} {match} " + sentence, gradient)

        whole = "the derivative of p_i by s_j is p_i (1[i = j] - p_j), so dx = p * (dy - sum(dy * p))."
        return {"x": right}, [
            wrong("softmax-jacobian", "dy * p * (1 - p), the diagonal alone: " + whole, lambda: dy * P * (1 - P)),
            wrong("softmax-jacobian", "dy * p: " + whole, lambda: dy * P),
            wrong("softmax-jacobian", "-p * sum(dy * p): " + whole, lambda: -P * (dy * P).sum(axis=1, keepdims=True)),
            wrong(
                "softmax-jacobian",
                "p * (dy - sum(dy)): " + whole,
                lambda: P * (dy - dy.sum(axis=1, keepdims=True)),
            ),
            wrong(
                "softmax-jacobian",
                "p * (dy + sum(dy * p)): " + whole,
                lambda: P * (dy + (dy * P).sum(axis=1, keepdims=True)),
            ),
            wrong("softmax-jacobian", "dy - sum(dy * p): " + whole, lambda: dy - (dy * P).sum(axis=1, keepdims=True)),
            wrong("softmax-left-out", "dy as it came: " + whole, lambda: dy),
            wrong(
                "softmax-axis",
                "sums over the examples: sum over the classes of each example.",
                lambda: P * (dy - (dy * P).sum(axis=0)),
            ),
            wrong(
                "softmax-axis",
                "a sum over the whole batch: sum over the classes of each example.",
                lambda: P * (dy - (dy * P).sum()),
            ),
        ]

    return Made(P, answer)


def dropout(inputs: Inputs) -> Made | None:
    """y = mask * x; the mask is seen in what the layer gives ("out")."""
    x, out = inputs["x"], inputs["out"]
    mask = np.where(x != 0, out / np.where(x != 0, x, 1), 0)
    kept = mask[mask != 0]
    if not kept.size or not np.allclose(kept, kept[0]) or kept.size == mask.size:
        return None
    keep = kept[0]

    def answer(dy: Array) -> Answer:
        def wrong(key: str, sentence: str, gradient: Callable[[], Array]) -> LayerMistake:
            return LayerMistake(key, "x", "{Tensors} {match} " + sentence, gradient)

        on = (mask != 0).astype(float)
        return {"x": dy * mask}, [
            wrong(
                "dropout-mask-missing",
                "a dropout without its mask on the way back: multiply dy by the mask of forward.",
                lambda: dy,
            ),
            wrong(
                "dropout-scale",
                f"a dropout without its scale on the way back: divide dy by the share that is kept ({1 / keep:.3g}), "
                "as forward does.",
                lambda: dy * on,
            ),
            wrong(
                "dropout-scale",
                "a dropout that is scaled twice on the way back: once is right.",
                lambda: dy * on * keep**2,
            ),
            wrong(
                "dropout-scale",
                "a dropout that is scaled the wrong way round on the way back: do what forward does.",
                lambda: dy * on / keep,
            ),
            wrong(
                "dropout-scale",
                f"a dropout that is scaled by {1 - 1 / keep:.3g}, the share that is dropped: take the share that is "
                "kept.",
                lambda: dy * on / (1 - 1 / keep) if keep > 1 else dy * on,
            ),
            wrong(
                "dropout-mask-inverted",
                "a dropout whose mask is the wrong way round: dy passes where forward kept x.",
                lambda: dy * (1 - on),
            ),
            wrong(
                "dropout-mask-missing",
                "a dropout that scales dy but has no mask on the way back: multiply by the mask of forward.",
                lambda: dy * keep,
            ),
        ]

    return Made(out, answer)


def loss_layer(loss: Loss) -> Callable[[Inputs], Made]:
    """A loss of scores x and labels y; the factor before the mean is seen in what it gives ("out")."""

    def made(inputs: Inputs) -> Made:
        x, y = inputs["x"], inputs["y"]
        network = ReferenceNetwork(loss=loss)
        value = loss.value(x, y)
        scale = float(inputs["out"]) / value if value else 1.0
        scale = next((s for s in (1.0, float(len(y))) if abs(s - scale) < 1e-8 * s), 1.0)
        t = bare(x, last=True)
        p = Pass(network, (t,), y, scale)

        def answer(dy: Array) -> Answer:
            right = scale * loss.gradient(x, y)
            return {"x": right}, stepped(output_mistakes(network), right, t, p)

        return Made(np.array(scale * value), answer)

    return made
