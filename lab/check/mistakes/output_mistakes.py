"""Mistakes at the output: what is taken for dJ by the scores."""

from collections.abc import Callable

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.activations import SIGMOID
from lab.check.mistakes.flow import Flow, FlowMistake, Step
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
from lab.check.mistakes.reference import LayerTrace, Pass, ReferenceNetwork


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
    return [*in_labels(), *in_probabilities()]


def instead(key: str, sentence: str, make: Callable[[Array, Array], Array]) -> FlowMistake:
    """`make` gives n times G from S and Y."""

    def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
        return p.scale * make(t.out, one_hot(p.y, t.out.shape[1])) / p.n

    return FlowMistake(key, sentence, step)


def in_labels() -> list[FlowMistake]:
    """In Y, and where it goes."""
    shifted = "{Tensors} {match} labels that are off by one: the row of Y for label y has its 1 at y, counted from 0."
    left_out = "{Tensors} {match} G = P: subtract the one-hot labels, G = P - Y."
    return [
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.roll(Y, 1, axis=1)),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.roll(Y, -1, axis=1)),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.pad(Y, ((0, 0), (1, 0)))[:, :-1]),
        instead("labels-shifted", shifted, lambda S, Y: softmax(S) - np.pad(Y, ((0, 0), (0, 1)))[:, 1:]),
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
            "label-sign",
            "{Tensors} {match} a G whose entry at the label is 1 - P: it is P - 1.",
            lambda S, Y: softmax(S) * (1 - Y) + (1 - softmax(S)) * Y,
        ),
    ]


def in_probabilities() -> list[FlowMistake]:
    """In P, and in the derivative of the softmax."""
    unnormalised = "{Tensors} {match} G = exp(S) - Y: divide exp(S) by its sum over the classes before Y is subtracted."
    axis = (
        "{Tensors} {match} a softmax over the examples: divide by the sum over the classes, so that the probabilities "
        "of each example add up to 1."
    )
    whole = (
        "{Tensors} {match} a softmax over all numbers of the batch: divide by the sum over the classes, for each "
        "example apart."
    )
    return [
        instead(
            "softmax-axis",
            axis,
            lambda S, Y: softmax(S, axis=0) - Y,
        ),
        instead(
            "softmax-axis",
            axis,
            lambda S, Y: softmax(below_the_largest(S), axis=0) - Y,
        ),
        instead(
            "softmax-axis",
            whole,
            lambda S, Y: np.exp(S - S.max()) / np.exp(S - S.max()).sum() - Y,
        ),
        instead(
            "softmax-axis",
            whole,
            lambda S, Y: np.exp(below_the_largest(S)) / np.exp(below_the_largest(S)).sum() - Y,
        ),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S) - Y),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S - S.max(axis=1, keepdims=True)) - Y),
        instead("softmax-unnormalised", unnormalised, lambda S, Y: np.exp(S - S.max()) - Y),
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
            "softmax-jacobian",
            "{Tensors} {match} G = -Y: the derivative of p_i by s_j is p_i (1[i = j] - p_j), and its second part gives "
            "P in G = P - Y.",
            lambda S, Y: -Y,
        ),
        instead(
            "hard-predictions",
            "{Tensors} {match} the predicted class minus Y: put the probabilities P there, G = P - Y.",
            lambda S, Y: one_hot(S.argmax(axis=1), S.shape[1]) - Y,
        ),
    ]


def hinge_mistakes() -> list[FlowMistake]:
    """Instead of the counted margins."""
    return [*in_counts(), *in_margins()]


def of_slopes(key: str, sentence: str, make: Callable[[Array, Array], Array]) -> FlowMistake:
    """`make` gives n times G from the slopes of the margins and Y."""

    def step(flow: Flow, t: LayerTrace, p: Pass) -> Array:
        m = margins(t.out, p.y)
        slopes = 2 * m if "squared" in p.network.loss.name else (m > 0).astype(float)
        return p.scale * make(slopes, one_hot(p.y, t.out.shape[1])) / p.n

    return FlowMistake(key, sentence, step)


def in_counts() -> list[FlowMistake]:
    """In what the label's own score gets."""
    return [
        of_slopes(
            "hinge-count-missing",
            "{Tensors} {match} a hinge loss that leaves the right class alone: subtract, at the label, the number of "
            "margins above 0.",
            lambda slopes, Y: slopes,
        ),
        of_slopes(
            "hinge-count-missing",
            "{Tensors} {match} -1 at the label: subtract there the number of margins above 0, not 1.",
            lambda slopes, Y: slopes - Y,
        ),
        of_slopes(
            "hinge-label-counted",
            "{Tensors} {match} a hinge loss that counts the margin of the right class: leave j = y out.",
            lambda slopes, Y: slopes - Y * (slopes.sum(axis=1, keepdims=True) + 1),
        ),
        of_slopes(
            "hinge-label-counted",
            "{Tensors} {match} a hinge loss that counts the margin of the right class: leave j = y out.",
            lambda slopes, Y: slopes + Y - Y * slopes.sum(axis=1, keepdims=True),
        ),
        of_slopes(
            "hinge-mask-missing",
            "{Tensors} {match} a hinge loss in which every margin counts: only those above 0 do.",
            lambda slopes, Y: (1 - Y) - Y * (Y.shape[1] - 1),
        ),
        of_slopes(
            "hinge-sign",
            "{Tensors} {match} a hinge loss that adds the count at the label: subtract it.",
            lambda slopes, Y: slopes + Y * slopes.sum(axis=1, keepdims=True),
        ),
    ]


def in_margins() -> list[FlowMistake]:
    """In the margins, and in the labels."""
    return [
        FlowMistake(
            "hinge-values-for-mask",
            "{Tensors} {match} the margins themselves: a margin above 0 counts 1, whatever its size.",
            lambda flow, t, p: None if "squared" in p.network.loss.name else counted(margins(t.out, p.y), p),
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


def counted(slopes: Array, p: Pass) -> Array:
    """G of a hinge loss whose margins have these slopes."""
    Y = one_hot(p.y, slopes.shape[1])
    out: Array = p.scale * (slopes - Y * slopes.sum(axis=1, keepdims=True)) / p.n
    return out


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
            "activation-slope-wrong",
            "{Tensors} {match} P for the derivative of the last sigmoid: " + right,
            with_slope(lambda S, P: P),
        ),
        FlowMistake(
            "activation-slope-wrong",
            "{Tensors} {match} 1 - P for the derivative of the last sigmoid: " + right,
            with_slope(lambda S, P: 1 - P),
        ),
        FlowMistake(
            "activation-slope-wrong",
            "{Tensors} {match} P * (1 + P) for the derivative of the last sigmoid: " + right,
            with_slope(lambda S, P: P * (1 + P)),
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
