"""The catalogue of mistakes in what runs backward: each is what students do instead of one right step.

A mistake gives the G that the step would hand on, or None where it does not fit. To add one, add a line to the list of
its step. In a sentence, {tensors} are the gradients that match, {match} is "match" or "matches", {layer} is "layer 2",
{W}, {H} and {S} are that layer's weights, output and scores, {slope} is the derivative of the activation as code,
{n} is the number of examples.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.losses import (
    BINARY_ENTROPY,
    LOSSES,
    SQUARED_SIGMOID,
    below_the_largest,
    margins,
    one_hot,
    picked,
    sigmoid,
    softmax,
    through_margins,
)
from lab.check.mistakes.reference import (
    ACTIVATIONS,
    NONE,
    SIGMOID,
    LayerTrace,
    Norm,
    Pass,
    ReferenceNetwork,
    leaky,
    normalisation,
    normalisation_with,
)


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


# The output: what is taken for dJ by the scores


def output_mistakes(network: ReferenceNetwork) -> list[FlowMistake]:
    """In the place of the gradient of the loss by the scores."""
    found = [*of_another_loss(network), *left_out_examples()]
    if network.loss.name.startswith("softmax"):
        found += softmax_mistakes()
    if "hinge" in network.loss.name:
        found += hinge_mistakes()
    if network.loss is BINARY_ENTROPY or network.loss is SQUARED_SIGMOID:
        found += sigmoid_output_mistakes()
    return found


def softmax_mistakes() -> list[FlowMistake]:
    """Instead of (P - Y) / n."""

    def instead(key: str, sentence: str, make: Callable[[Array, Array], Array]) -> FlowMistake:
        """`make` gives n times G from S and Y."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
            return p.scale * make(t.out, one_hot(p.y, t.out.shape[1])) / p.n

        return FlowMistake(key, sentence, step)

    shifted = "{Tensors} {match} labels that are off by one: the row of Y for label y has its 1 at y, counted from 0."
    unnormalised = "{Tensors} {match} G = exp(S) - Y: divide exp(S) by its sum over the classes before Y is subtracted."
    left_out = "{Tensors} {match} G = P: subtract the one-hot labels, G = P - Y."
    return [
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.roll(Y, 1, axis=1)),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.roll(Y, -1, axis=1)),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.pad(Y, ((0, 0), (1, 0)))[:, :-1]),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.pad(Y, ((0, 0), (0, 1)))[:, 1:]),
        instead(
            "softmax-axis",
            "{Tensors} {match} a softmax over the examples: divide by the sum over the classes, so that the "
            "probabilities of each example add up to 1.",
            lambda S, Y: softmax(S, axis=0) - Y,
        ),
        instead(
            "softmax-axis",
            "{Tensors} {match} a softmax over the examples: divide by the sum over the classes, so that the "
            "probabilities of each example add up to 1.",
            lambda S, Y: softmax(below_the_largest(S), axis=0) - Y,
        ),
        instead(
            "softmax-axis",
            "{Tensors} {match} a softmax over all numbers of the batch: divide by the sum over the classes, for each "
            "example apart.",
            lambda S, Y: np.exp(S - S.max()) / np.exp(S - S.max()).sum() - Y,
        ),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S) - Y),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S - S.max(axis=1, keepdims=True)) - Y),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S - S.max()) - Y),
        instead("labels-not-subtracted", left_out, lambda S, Y: softmax(S)),
        instead(
            "labels-subtracted-twice",
            "{Tensors} {match} G = P - 2 Y: Y is subtracted twice. Does P -= Y change the P that is used again?",
            lambda S, Y: softmax(S) - 2 * Y,
        ),
        instead(
            "labels-added",
            "{Tensors} {match} G = P + Y: subtract Y, G = P - Y.",
            lambda S, Y: softmax(S) + Y,
        ),
        instead(
            "scores-for-probabilities",
            "{Tensors} {match} G = S - Y: put the probabilities P = softmax(S) there, not the scores.",
            lambda S, Y: S - Y,
        ),
        instead(
            "softmax-slope-twice",
            "{Tensors} {match} (P - Y) * P * (1 - P): P - Y holds the derivative of the softmax already.",
            lambda S, Y: (softmax(S) - Y) * softmax(S) * (1 - softmax(S)),
        ),
        instead(
            "softmax-not-differentiated",
            "{Tensors} {match} G = -Y / P, which is the gradient by P: through the softmax it becomes G = P - Y.",
            lambda S, Y: -Y / softmax(S),
        ),
        instead(
            "only-the-label",
            "{Tensors} {match} a G that is 0 except at the label: keep P of the other classes, G = P - Y.",
            lambda S, Y: (softmax(S) - Y) * Y,
        ),
        instead(
            "label-overwritten",
            "{Tensors} {match} a G whose entry at the label is -1: subtract 1 from P there (-=, not =).",
            lambda S, Y: softmax(S) * (1 - Y) - Y,
        ),
        instead(
            "hard-predictions",
            "{Tensors} {match} the predicted class minus Y: put the probabilities P there, G = P - Y.",
            lambda S, Y: one_hot(S.argmax(axis=1), S.shape[1]) - Y,
        ),
    ]


def hinge_mistakes() -> list[FlowMistake]:
    """Instead of the counted margins."""

    def instead(key: str, sentence: str, make: Callable[[Array, Array], Array]) -> FlowMistake:
        """`make` gives n times G from the slopes of the margins and Y."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
            m = margins(t.out, p.y)
            slopes = 2 * m if "squared" in p.network.loss.name else (m > 0).astype(float)
            return p.scale * make(slopes, one_hot(p.y, t.out.shape[1])) / p.n

        return FlowMistake(key, sentence, step)

    return [
        instead(
            "hinge-count-missing",
            "{Tensors} {match} a hinge loss that leaves the right class alone: subtract, at the label, the number of "
            "margins above 0.",
            lambda slopes, Y: slopes,
        ),
        instead(
            "hinge-count-missing",
            "{Tensors} {match} -1 at the label: subtract there the number of margins above 0, not 1.",
            lambda slopes, Y: slopes - Y,
        ),
        instead(
            "hinge-label-counted",
            "{Tensors} {match} a hinge loss that counts the margin of the right class: leave j = y out.",
            lambda slopes, Y: slopes - Y * (slopes.sum(axis=1, keepdims=True) + 1),
        ),
        instead(
            "hinge-label-counted",
            "{Tensors} {match} a hinge loss that counts the margin of the right class: leave j = y out.",
            lambda slopes, Y: slopes + Y - Y * slopes.sum(axis=1, keepdims=True),
        ),
        instead(
            "hinge-mask-missing",
            "{Tensors} {match} a hinge loss in which every margin counts: only those above 0 do.",
            lambda slopes, Y: (1 - Y) - Y * (Y.shape[1] - 1),
        ),
        instead(
            "hinge-sign",
            "{Tensors} {match} a hinge loss that adds the count at the label: subtract it.",
            lambda slopes, Y: slopes + Y * slopes.sum(axis=1, keepdims=True),
        ),
        FlowMistake(
            "hinge-margin",
            "{Tensors} {match} a hinge loss without its margin: classes count where s_j - s_y + 1 > 0.",
            lambda flow, t, p: p.scale * through_margins(without_margin(t.out, p.y), p.y),
        ),
        FlowMistake(
            "hinge-margin",
            "{Tensors} {match} a hinge loss without its margin, and -1 at the label: classes count where s_j - s_y + 1 "
            "> 0, and the label gets minus their number.",
            lambda flow, t, p: p.scale * (without_margin(t.out, p.y) - one_hot(p.y, t.out.shape[1])) / p.n,
            1.1,
        ),
        FlowMistake(
            "labels-shifted",
            "{Tensors} {match} labels that are off by one: labels are counted from 0.",
            lambda flow, t, p: p.scale * p.network.loss.gradient(t.out, (p.y + 1) % t.out.shape[1]),
        ),
        FlowMistake(
            "labels-shifted",
            "{Tensors} {match} labels that are off by one: labels are counted from 0.",
            lambda flow, t, p: p.scale * p.network.loss.gradient(t.out, (p.y - 1) % t.out.shape[1]),
        ),
    ]


def without_margin(S: Array, y: Labels) -> Array:
    """Which classes have a larger score than the label."""
    out: Array = (picked(S, y)[:, None] < S).astype(float)
    return out


def of_another_loss(network: ReferenceNetwork) -> list[FlowMistake]:
    """The gradient of a loss that J is not; where J is a known mistake, J is to blame."""
    found = []
    for other in LOSSES:
        if other is network.loss:
            continue
        key, sentence = (
            (network.loss.key, network.loss.fault + ".")
            if other is network.loss.meant
            else (
                "gradient-of-another-loss",
                f"{{Tensors}} {{match}} the gradient of the {other.name}, but J is the {network.loss.name}: "
                "which is meant?",
            )
        )
        # bound now: `other` is another one by the time it is called
        gradient = other.gradient
        found.append(FlowMistake(key, sentence, lambda flow, t, p, g=gradient: p.scale * g(t.out, p.y)))  # type: ignore[misc]
    return found


def sigmoid_output_mistakes() -> list[FlowMistake]:
    """Instead of dJ/dP * P (1 - P), where a sigmoid gives the outputs P."""

    def with_slope(slope: Callable[[Array, Array], Array]) -> Step:
        """dJ/dP times what stands for the slope, from the scores and P."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
            P = sigmoid(t.out)
            G: Array = flow.at_s / np.maximum(P * (1 - P), 1e-300) * slope(t.out, P)
            return G

        return step

    right = "at the output multiply dJ/dP by P * (1 - P)."
    return [
        FlowMistake(
            "activation-slope-missing",
            "{Tensors} {match} a G without the derivative of the last sigmoid: " + right,
            with_slope(lambda S, P: np.ones_like(P)),
        ),
        FlowMistake(
            "activation-slope-of-output",
            "{Tensors} {match} the derivative of the last sigmoid taken at its output, sigmoid(P) * (1 - sigmoid(P)): "
            + right,
            with_slope(lambda S, P: SIGMOID.slope(P)),
        ),
        FlowMistake(
            "activation-slope-of-scores",
            "{Tensors} {match} S * (1 - S) for the derivative of the last sigmoid: " + right,
            with_slope(lambda S, P: S * (1 - S)),
        ),
        FlowMistake(
            "activation-slope-twice",
            "{Tensors} {match} a G that is multiplied by P * (1 - P) once too often: P - Y holds it already if J is a "
            "cross entropy.",
            with_slope(lambda S, P: (P * (1 - P)) ** 2),
        ),
        FlowMistake(
            "cost-term-sign",
            "{Tensors} {match} -(Y / P + (1 - Y) / (1 - P)): the second term is subtracted, "
            "dJ/dP = -(Y / P - (1 - Y) / (1 - P)).",
            lambda flow, t, p: -np.abs(flow.at_s) if p.network.loss is BINARY_ENTROPY else None,
        ),
        FlowMistake(
            "cost-term-missing",
            "{Tensors} {match} -Y / P alone: dJ/dP = -(Y / P - (1 - Y) / (1 - P)).",
            lambda flow, t, p: np.minimum(flow.at_s, 0) if p.network.loss is BINARY_ENTROPY else None,
        ),
    ]


def left_out_examples() -> list[FlowMistake]:
    """Loops that end too early, start too late, or keep only their last turn, over the examples or the classes."""

    def without(classes: slice) -> Step:
        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
            G: Array = flow.at_s.copy()
            G[:, classes] = 0
            return G

        return step

    def only(which: str, weights: Callable[[int], Array]) -> Step:
        return lambda flow, t, p: flow.at_s * weights(p.n)[:, None]

    return [
        FlowMistake(
            "example-left-out",
            "{Tensors} {match} a batch without its last example: let the loop run over all {n}.",
            only("last", lambda n: np.arange(n) < n - 1),
        ),
        FlowMistake(
            "example-left-out",
            "{Tensors} {match} a batch without its first example: let the loop start at 0.",
            only("first", lambda n: np.arange(n) > 0),
        ),
        FlowMistake(
            "one-example-only",
            "{Tensors} {match} the last example alone: add the gradients of the examples up (+=, not =).",
            only("last", lambda n: np.arange(n) == n - 1),
        ),
        FlowMistake(
            "one-example-only",
            "{Tensors} {match} the first example alone: add the gradients of all examples up.",
            only("first", lambda n: np.arange(n) == 0),
        ),
        FlowMistake(
            "class-left-out",
            "{Tensors} {match} a gradient without the last class: let the loop run over all classes.",
            without(slice(-1, None)),
        ),
        FlowMistake(
            "class-left-out",
            "{Tensors} {match} a gradient without the first class: let the loop over the classes start at 0.",
            without(slice(0, 1)),
        ),
    ]


# The activation: from dJ/dh' to dJ/du


def activation_mistakes(network: ReferenceNetwork, depth: int) -> list[FlowMistake]:
    """In the place of the product with the activation's derivative."""
    if network.activation is NONE:
        return []
    kinked = "ReLU" in network.activation.name
    return [
        FlowMistake(
            "relu-mask-missing" if kinked else "activation-slope-missing",
            f"{{Tensors}} {{match}} a gradient without the {'ReLU mask' if kinked else network.activation.name}"
            f"{'' if kinked else ' derivative'} of {{layer}}: multiply G by {{slope}} before computing them.",
            lambda flow, t, p: flow.above,
        ),
        FlowMistake(
            "chain-rule-missing",
            "{Tensors} {match} the derivative of the activation of {layer} alone: multiply it by G.",
            lambda flow, t, p: p.network.activation.slope(t.u),
        ),
        *(mask_mistakes(network, depth) if kinked else slope_mistakes(network)),
        *of_another_activation(network),
    ]


def mask_mistakes(network: ReferenceNetwork, depth: int) -> list[FlowMistake]:
    """Of a ReLU, leaky or not."""
    slope = network.activation.slope
    other_mask = "{Tensors} {match} a ReLU mask of %s: for {layer} multiply G by {slope}."

    def with_mask(of: Callable[[LayerTrace, Pass], Array | None]) -> Step:
        """G times the mask that this array gives."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
            array = of(t, p)
            return None if array is None or array.shape != flow.above.shape else flow.above * slope(array)

        return step

    mistakes = [
        FlowMistake(
            "relu-mask-of-gradient",
            "{Tensors} {match} a ReLU mask of G itself (G > 0): for {layer} multiply G by {slope}; where the unit was "
            "active decides, not the sign of G.",
            lambda flow, t, p: flow.above * slope(flow.above),
        ),
        FlowMistake(
            "relu-mask-of-gradient",
            "{Tensors} {match} a G whose negative entries are set to 0 beside the ReLU mask of {layer}: G may be "
            "negative, multiply it by {slope} alone.",
            lambda flow, t, p: flow.above * slope(flow.above) * slope(t.u),
        ),
        FlowMistake(
            "relu-mask-inverted",
            "{Tensors} {match} a ReLU mask the wrong way round in {layer}: keep G where {H} > 0.",
            lambda flow, t, p: flow.above * slope(-t.u),
        ),
        FlowMistake(
            "relu-values-for-mask",
            "{Tensors} {match} G * {H} in {layer}: multiply by the mask {slope}, not by the values.",
            lambda flow, t, p: flow.above * t.out,
        ),
        FlowMistake(
            "relu-for-mask",
            "{Tensors} {match} max(G, 0)-like values of the scores in {layer}: multiply by the mask {slope}, not by S.",
            lambda flow, t, p: flow.above * t.u,
        ),
        FlowMistake(
            "relu-mask-before-norm",
            other_mask % "the scores before batch normalisation",
            with_mask(lambda t, p: t.s if t.normed else None),
        ),
        FlowMistake(
            "relu-mask-before-norm",
            other_mask % "the normalised scores before gamma and beta",
            with_mask(lambda t, p: t.z),
        ),
        FlowMistake(
            "relu-mask-without-bias",
            other_mask % "the scores without their bias",
            with_mask(lambda t, p: None if t.normed or "b" not in t.tensors else t.s - t.tensors["b"]),
        ),
        FlowMistake("relu-mask-of-layer", other_mask % "the input X", with_mask(lambda t, p: p.traces[0].h)),
    ]
    for j in range(depth):
        name = f"layer {j + 1}" if j < depth - 1 else "the last layer's scores"
        mistakes.append(
            FlowMistake(
                "relu-mask-of-layer",
                other_mask % name,
                with_mask(lambda t, p, j=j: None if j == t.index else p.traces[j].u),  # type: ignore[misc]
            )
        )
    return mistakes


def slope_mistakes(network: ReferenceNetwork) -> list[FlowMistake]:
    """Of sigmoid, tanh and other smooth ones."""
    slope, name = network.activation.slope, network.activation.name
    formulas: dict[str, Callable[[Array], Array]] = {"sigmoid": lambda v: v * (1 - v), "tanh": lambda v: 1 - v**2}
    unknown: Callable[[Array], Array] = lambda v: np.full(v.shape, np.nan)  # noqa: E731
    on_output = formulas.get(name, unknown)
    right = "for {layer} multiply G by {slope}"
    return [
        *(
            FlowMistake(
                "slope-of-another-activation",
                f"{{Tensors}} {{match}} the derivative of {other} at {{H}}, but the forward pass has {name}: {right}.",
                lambda flow, t, p, of=of: flow.above * of(t.out),  # type: ignore[misc]
            )
            for other, of in formulas.items()
            if other != name
        ),
        FlowMistake(
            "activation-slope-of-output",
            f"{{Tensors}} {{match}} the derivative of {name} taken at {{H}} in {{layer}}: take it at the scores {{S}}, "
            f"or multiply G by {{slope}}.",
            lambda flow, t, p: flow.above * slope(t.out),
        ),
        FlowMistake(
            "activation-slope-of-scores",
            f"{{Tensors}} {{match}} the formula of {{slope}} with the scores instead of {{H}}: {right}.",
            lambda flow, t, p: flow.above * on_output(t.u),
        ),
        FlowMistake(
            "activation-slope-twice",
            f"{{Tensors}} {{match}} the derivative of {name} multiplied twice: {right} once.",
            lambda flow, t, p: flow.above * slope(t.u) ** 2,
        ),
        FlowMistake(
            "activation-values-for-slope",
            f"{{Tensors}} {{match}} G * {{H}}: {right}.",
            lambda flow, t, p: flow.above * t.out,
        ),
        FlowMistake(
            "activation-slope-wrong",
            f"{{Tensors}} {{match}} G * (1 - {{H}}): {right}.",
            lambda flow, t, p: flow.above * (1 - t.out),
        ),
    ]


def of_another_activation(network: ReferenceNetwork) -> list[FlowMistake]:
    """The derivative of an activation that the forward pass does not have."""
    found = []
    for other in (*ACTIVATIONS, leaky(0.001)):
        if other in (network.activation, NONE) or other.name == network.activation.name:
            continue
        slope = other.slope
        found.append(
            FlowMistake(
                "slope-of-another-activation",
                f"{{Tensors}} {{match}} the derivative of {other.name} in {{layer}}, but the forward pass has "
                f"{network.activation.name}: multiply G by {{slope}}.",
                lambda flow, t, p, slope=slope: flow.above * slope(t.u),  # type: ignore[misc]
            )
        )
    return found


# Batch normalisation: from dJ/du to dJ/ds


def normalisation_mistakes(network: ReferenceNetwork) -> list[FlowMistake]:
    """In the place of the way back through batch normalisation."""
    norm = network.norm or Norm(0.0)

    def altered(
        key: str, sentence: str, change: Callable[[LayerTrace, Pass], dict[str, Array | float]], weight: float = 1.0
    ) -> FlowMistake:
        """The right step with the parts of normalisation_with() that `change` gives."""
        return FlowMistake(
            key,
            "{Tensors} {match} " + sentence,
            lambda flow, t, p: normalisation_with(flow.at_u, t, p, **change(t, p)),  # type: ignore[arg-type]
            weight,
        )

    constant: dict[str, Array | float] = {"mean_path": 0.0, "variance_path": 0.0}
    eps_of = {e: f"{e:.3g}" for e in (1e-5, 1e-8, 2.220446049250313e-16, 1e-6, 1e-7, 1e-10, 1e-4, 1e-3, 1e-2)}
    return [
        FlowMistake(
            "norm-left-out",
            "{Tensors} {match} a gradient that goes past the batch normalisation of {layer}: take G back through it, "
            "gamma, mean and variance included.",
            lambda flow, t, p: flow.at_u,
        ),
        FlowMistake(
            "norm-only-gamma",
            "{Tensors} {match} G * gamma in {layer}: divide by sqrt(var + eps), and add the parts through the mean and "
            "the variance.",
            lambda flow, t, p: flow.at_u * t.tensors["gamma"] if "gamma" in t.tensors else None,
        ),
        altered(
            "norm-statistics-constant",
            "a batch normalisation whose mean and variance are constants, in {layer}: both depend on every example; "
            "add the parts of the gradient through them.",
            lambda t, p: constant,
        ),
        altered(
            "norm-mean-path-missing",
            "a batch normalisation whose mean is a constant, in {layer}: subtract the mean of the gradient over the "
            "batch, too.",
            lambda t, p: {"mean_path": 0.0},
        ),
        altered(
            "norm-variance-path-missing",
            "a batch normalisation whose variance is a constant, in {layer}: the part of the gradient through the "
            "variance is missing.",
            lambda t, p: {"variance_path": 0.0},
        ),
        altered(
            "norm-gamma-missing",
            "a batch normalisation without gamma, in {layer}: multiply G by gamma before it goes back through mean and "
            "variance.",
            lambda t, p: {"gamma": 1.0},
        ),
        altered(
            "norm-gamma-missing",
            "a batch normalisation without gamma and with constant mean and variance, in {layer}: multiply G by gamma, "
            "and add the parts through mean and variance.",
            lambda t, p: {"gamma": 1.0, **constant},
            1.3,
        ),
        altered(
            "norm-gamma-twice",
            "a batch normalisation that multiplies by gamma twice, in {layer}: once is right.",
            lambda t, p: {"gamma": np.asarray(t.tensors.get("gamma", 1.0)) ** 2},
        ),
        altered(
            "norm-ddof",
            "a batch normalisation whose variance is divided by another number on the way back, in {layer}: take "
            f"{'n - 1' if norm.ddof else 'n'} there, as forward does.",
            lambda t, p: {"divisor": p.n - 1 + norm.ddof},
        ),
        altered(
            "norm-ddof",
            "a batch normalisation that takes another variance on the way back, in {layer}: divide by "
            f"{'n - 1 (ddof=1)' if norm.ddof else 'n (ddof=0)'}, as forward does.",
            lambda t, p: {"inverse": other_ddof(t, p)},
        ),
        altered(
            "norm-ddof",
            "a batch normalisation that takes another variance on the way back, in {layer}: divide by "
            f"{'n - 1 (ddof=1)' if norm.ddof else 'n (ddof=0)'}, as forward does.",
            lambda t, p: {"inverse": other_ddof(t, p), "divisor": p.n - 1 + norm.ddof},
            1.1,
        ),
        altered(
            "norm-eps-place",
            "1 / (sqrt(var) + eps) on the way back through {layer}: put eps under the root, 1 / sqrt(var + eps), as "
            "forward does.",
            lambda t, p: {"inverse": 1 / (np.sqrt(t.var) + norm.eps)},
        ),
        altered(
            "norm-eps-missing",
            "1 / sqrt(var) on the way back through {layer}: add eps under the root, as forward does.",
            lambda t, p: {"inverse": 1 / np.sqrt(np.maximum(t.var, 1e-300))},
        ),
        *(
            altered(
                "norm-eps-other",
                f"eps = {text} on the way back through {{layer}}: forward takes {norm.eps:.3g}.",
                lambda t, p, e=e: {"inverse": 1 / np.sqrt(t.var + e)},  # type: ignore[misc]
                1.2,
            )
            for e, text in eps_of.items()
            if e != norm.eps
        ),
        altered(
            "norm-root-missing",
            "1 / (var + eps) on the way back through {layer}: the root is missing, 1 / sqrt(var + eps).",
            lambda t, p: {"inverse": t.inverse**2},
        ),
        altered(
            "norm-root-missing",
            "1 / (var + eps) instead of 1 / sqrt(var + eps) in {layer}.",
            lambda t, p: {"inverse": t.inverse**2, "centred": t.centred / t.inverse},
        ),
        altered(
            "norm-mean-not-divided",
            "the sum of the gradient over the batch instead of its mean, in {layer}: divide the part through the "
            "mean by n.",
            lambda t, p: {"mean_path": float(p.n)},
        ),
        altered(
            "norm-variance-not-divided",
            "a part through the variance that is not divided by n, in {layer}.",
            lambda t, p: {"variance_path": float(p.n - norm.ddof)},
        ),
        altered(
            "norm-not-divided",
            "parts through mean and variance that are not divided by n, in {layer}.",
            lambda t, p: {"mean_path": float(p.n), "variance_path": float(p.n - norm.ddof)},
        ),
        altered(
            "norm-mean-sign",
            "a part through the mean with the wrong sign, in {layer}: subtract it.",
            lambda t, p: {"mean_path": -1.0},
        ),
        altered(
            "norm-variance-sign",
            "a part through the variance with the wrong sign, in {layer}: subtract it.",
            lambda t, p: {"variance_path": -1.0},
        ),
        altered(
            "norm-sign",
            "parts through mean and variance with the wrong sign, in {layer}: subtract them.",
            lambda t, p: {"mean_path": -1.0, "variance_path": -1.0},
        ),
        altered(
            "norm-variance-factor",
            "a part through the variance that is twice too large, in {layer}: is the factor -0.5 missing, or 2 too "
            "many?",
            lambda t, p: {"variance_path": 2.0},
        ),
        altered(
            "norm-variance-factor",
            "a part through the variance that is half as large as it should be, in {layer}: the factor 2 of the square "
            "is missing.",
            lambda t, p: {"variance_path": 0.5},
        ),
        *(
            altered(
                "norm-variance-power",
                "a part through the variance with the wrong power, in {layer}: it takes (var + eps) ** -1.5.",
                lambda t, p, power=power: {"variance_path": t.inverse**power},  # type: ignore[misc]
            )
            for power in (-2, -1, 1, 2, -3)
        ),
        altered(
            "norm-not-centred",
            "a batch normalisation that takes s for s - mean on the way back, in {layer}: subtract the mean.",
            lambda t, p: {"centred": t.s},
        ),
        altered(
            "norm-running-statistics",
            "a batch normalisation with the running mean and variance as they start (0 and 1), in {layer}: backward "
            "takes the batch's own.",
            lambda t, p: {"centred": t.s, "inverse": np.full_like(t.var, 1 / np.sqrt(1 + norm.eps))},
        ),
        altered(
            "norm-running-statistics",
            "a batch normalisation with the running variance as it starts (1), in {layer}: backward takes the batch's "
            "own mean and variance, and the parts through them.",
            lambda t, p: {"inverse": np.full_like(t.var, 1 / np.sqrt(1 + norm.eps)), **constant},
        ),
        FlowMistake(
            "norm-axis",
            "{Tensors} {match} a batch normalisation that sums over the units on the way back, in {layer}: sum over "
            "the examples of the batch.",
            over_units,
        ),
        FlowMistake(
            "norm-before-mask",
            "{Tensors} {match} a batch normalisation of {layer} that comes before its activation on the way back: "
            "multiply G by {slope} first, then go back through the normalisation.",
            lambda flow, t, p: normalisation(flow.above, t, p) * p.network.activation.slope(t.u),
        ),
    ]


def other_ddof(t: LayerTrace, p: Pass) -> Array:
    """1 / sqrt(var + eps) with the variance divided by n - 1 where forward takes n, and the other way round."""
    norm = p.network.norm or Norm(0.0)
    var = t.var * (p.n - norm.ddof) / (p.n - 1 + norm.ddof)
    out: Array = 1 / np.sqrt(var + norm.eps)
    return out


def over_units(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
    """Means over axis 1 instead of axis 0."""
    if t.z is None:
        return None
    g = flow.at_u * t.tensors.get("gamma", 1.0)
    back: Array = t.inverse * (
        g - g.mean(axis=1, keepdims=True) - t.z * (g * t.z).sum(axis=1, keepdims=True) / g.shape[1]
    )
    return back


# From dJ/ds of a layer to dJ/dh, which the layer before it receives


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
