"""Losses of a batch of scores S (n, K) with labels y (n,): the mean over the examples, and its gradient (n, K).

Some of them are mistakes in a cost: `meant` is then what was to be computed. Their gradients are true as well, so that
code whose gradient belongs to its odd cost is right.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array, Labels


@dataclass(frozen=True)
class Loss:
    """A mean loss, its gradient, and for a mistaken one what is wrong with it."""

    name: str
    value: Callable[[Array, Labels], float]
    gradient: Callable[[Array, Labels], Array]
    key: str = ""  # of the mistake
    fault: str = ""  # "J takes ...", what to change
    meant: "Loss | None" = None
    outputs: int = 2  # the fewest


def one_hot(y: Labels, classes: int) -> Array:
    """Y (n, classes); a label outside the classes gives a row of zeros."""
    Y: Array = (np.arange(classes) == np.asarray(y)[:, None]).astype(float)
    return Y


def softmax(S: Array, axis: int = 1) -> Array:
    """exp(S) / sum exp(S) along an axis."""
    P: Array = np.exp(S - S.max(axis=axis, keepdims=True))
    P /= P.sum(axis=axis, keepdims=True)
    return P


def sigmoid(S: Array) -> Array:
    """1 / (1 + exp(-S)), without overflow."""
    out: Array = 0.5 * (1 + np.tanh(S / 2))
    return out


def at(S: Array, y: Labels) -> tuple[Array, Array]:
    """Where in each row its label points; of a single output always there."""
    return np.arange(len(y)), np.minimum(y, S.shape[1] - 1)


def picked(S: Array, y: Labels) -> Array:
    """The entry of each row that its label names."""
    out: Array = S[at(S, y)]
    return out


# Softmax


def log_softmax(S: Array, axis: int = 1) -> Array:
    """log softmax(S), exact where a probability is tiny."""
    shifted = S - S.max(axis=axis, keepdims=True)
    out: Array = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return out


CROSS_ENTROPY = Loss(
    "softmax cross entropy",
    lambda S, y: -float(picked(log_softmax(S), y).mean()),
    lambda S, y: (softmax(S) - one_hot(y, S.shape[1])) / len(y),
)


def with_eps(eps: float) -> Loss:
    """-log(p + eps): harmless where eps is tiny, but then J is not quite what is differentiated."""

    def gradient(S: Array, y: Labels) -> Array:
        p = picked(softmax(S), y)
        return CROSS_ENTROPY.gradient(S, y) * (p / (p + eps))[:, None]

    return Loss(
        f"softmax cross entropy with log(p + {eps:g})",
        lambda S, y: -float(np.log(picked(softmax(S), y) + eps).mean()),
        gradient,
        "log-eps",
        f"J takes log(p + {eps:g}), the gradient is that of log(p): take {eps:g} out of the log, or make it smaller",
        CROSS_ENTROPY,
    )


# Other losses of the courses


def margins(S: Array, y: Labels) -> Array:
    """max(0, s_j - s_y + 1), and 0 at the label itself."""
    out: Array = np.maximum(0, S - picked(S, y)[:, None] + 1)
    out[at(S, y)] = 0
    return out


def through_margins(slopes: Array, y: Labels) -> Array:
    """The gradient by S of a sum of margins with these slopes (n, K)."""
    G = slopes.copy()
    G[at(G, y)] -= slopes.sum(axis=1)
    return G / len(y)


HINGE = Loss(
    "hinge loss",
    lambda S, y: float(margins(S, y).sum()) / len(y),
    lambda S, y: through_margins((margins(S, y) > 0).astype(float), y),
)
SQUARED_HINGE = Loss(
    "squared hinge loss",
    lambda S, y: float((margins(S, y) ** 2).sum()) / len(y),
    lambda S, y: through_margins(2 * margins(S, y), y),
)


def squared_error(
    name: str, output: Callable[[Array], Array], back: Callable[[Array, Array], Array], outputs: int = 1
) -> Loss:
    """sum (output(S) - Y)^2 over the classes; back(P, dJ/dP) gives dJ/dS."""

    def value(S: Array, y: Labels) -> float:
        return float(((output(S) - one_hot(y, S.shape[1])) ** 2).sum()) / len(y)

    def gradient(S: Array, y: Labels) -> Array:
        P = output(S)
        return back(P, 2 * (P - one_hot(y, S.shape[1])) / len(y))

    return Loss(name, value, gradient, outputs=outputs)


def back_through_softmax(P: Array, G: Array) -> Array:
    """dJ/dS from dJ/dP for P = softmax(S)."""
    back: Array = P * (G - (G * P).sum(axis=1, keepdims=True))
    return back


def binary_entropy(S: Array, y: Labels) -> float:
    """-sum over classes of Y log p + (1 - Y) log(1 - p), p = sigmoid(S)."""
    Y = one_hot(y, S.shape[1])
    return float((np.logaddexp(0, S) - Y * S).sum()) / len(y)


SQUARED_SIGMOID = squared_error("squared error of sigmoid", sigmoid, lambda P, G: G * P * (1 - P))
BINARY_ENTROPY = Loss(
    "binary cross entropy of each class",
    binary_entropy,
    lambda S, y: (sigmoid(S) - one_hot(y, S.shape[1])) / len(y),
    outputs=1,
)
LOSSES = (
    CROSS_ENTROPY,
    HINGE,
    SQUARED_HINGE,
    squared_error("squared error", lambda S: S, lambda P, G: G),
    squared_error("squared error of softmax", softmax, back_through_softmax, outputs=2),
    SQUARED_SIGMOID,
    BINARY_ENTROPY,
    squared_error("squared error of tanh", np.tanh, lambda P, G: G * (1 - P**2)),
    squared_error("squared error of ReLU", lambda S: np.maximum(S, 0), lambda P, G: G * (P > 0)),
)

# Mistakes in a cost


def shifted_labels(by: int) -> Loss:
    """Cross entropy with the labels y + by, modulo K."""
    return Loss(
        "softmax cross entropy of shifted labels",
        lambda S, y: CROSS_ENTROPY.value(S, (y + by) % S.shape[1]),
        lambda S, y: CROSS_ENTROPY.gradient(S, (y + by) % S.shape[1]),
        "cost-labels-shifted",
        "J takes the probability of the class beside the label: count labels from 0 there, too",
        CROSS_ENTROPY,
    )


def wrong_axis(S: Array, y: Labels) -> Array:
    """The gradient where the softmax is taken over the examples."""
    counts = np.bincount(y, minlength=S.shape[1])
    G: Array = (softmax(S, axis=0) * counts - one_hot(y, S.shape[1])) / len(y)
    return G


def below_the_largest(S: Array) -> Array:
    """S minus the largest score of each example: harmless, unless what follows sums over the examples."""
    T: Array = S - S.max(axis=1, keepdims=True)
    return T


def wrong_axis_below_the_largest(S: Array, y: Labels) -> Array:
    """The gradient where the softmax is taken over the examples, of scores below the largest of each."""
    G = wrong_axis(below_the_largest(S), y)
    largest = one_hot(S.argmax(axis=1), S.shape[1])
    back: Array = G - largest * G.sum(axis=1, keepdims=True)
    return back


def over_the_batch(name: str, moved: Callable[[Array], Array]) -> Loss:
    """Cross entropy of a softmax over all scores of the batch, or of those that are `moved` below the largest of each
    example."""

    def gradient(S: Array, y: Labels) -> Array:
        T = moved(S)
        G: Array = np.exp(T - np.logaddexp.reduce(T, axis=None)) - one_hot(y, S.shape[1]) / len(y)
        largest = one_hot(S.argmax(axis=1), S.shape[1]) if moved is below_the_largest else np.zeros_like(S)
        back: Array = G - largest * G.sum(axis=1, keepdims=True)
        return back

    return Loss(
        f"softmax cross entropy over the whole batch{name}",
        lambda S, y: -float((picked(moved(S), y) - np.logaddexp.reduce(moved(S), axis=None)).mean()),
        gradient,
        "cost-softmax-axis",
        "J takes the softmax over the whole batch: the probabilities of each example must add up to 1",
        CROSS_ENTROPY,
    )


def log_of_mean(S: Array, y: Labels) -> Array:
    """The gradient of -log of the mean probability."""
    p = picked(softmax(S), y)
    G: Array = CROSS_ENTROPY.gradient(S, y) * (len(y) * p / p.sum())[:, None]
    return G


MISTAKEN = (
    *map(with_eps, (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-9, 1e-10, 1e-3)),
    Loss(
        "softmax cross entropy over the wrong axis",
        lambda S, y: -float(picked(log_softmax(S, axis=0), y).mean()),
        wrong_axis,
        "cost-softmax-axis",
        "J takes the softmax over the examples: the probabilities of each example must add up to 1",
        CROSS_ENTROPY,
    ),
    Loss(
        "softmax cross entropy over the wrong axis, below the largest score",
        lambda S, y: -float(picked(log_softmax(below_the_largest(S), axis=0), y).mean()),
        wrong_axis_below_the_largest,
        "cost-softmax-axis",
        "J takes the softmax over the examples: the probabilities of each example must add up to 1",
        CROSS_ENTROPY,
    ),
    over_the_batch("", lambda S: S),
    over_the_batch(", below the largest score", below_the_largest),
    shifted_labels(1),
    shifted_labels(-1),
    Loss(
        "the log of the mean probability",
        lambda S, y: -float(np.log(picked(softmax(S), y).mean())),
        log_of_mean,
        "cost-log-of-mean",
        "J takes the log of the mean probability: take the log of each example's, then the mean",
        CROSS_ENTROPY,
    ),
    Loss(
        "the negative score of the label",
        lambda S, y: -float(picked(S, y).mean()),
        lambda S, y: -one_hot(y, S.shape[1]) / len(y),
        "cost-not-normalised",
        "J takes the log of exp(s) as it is: divide by the sum over the classes first",
        CROSS_ENTROPY,
    ),
    Loss(
        "the negative probability of the label",
        lambda S, y: -float(picked(softmax(S), y).mean()),
        lambda S, y: back_through_softmax(softmax(S), -one_hot(y, S.shape[1]) / len(y)),
        "cost-log-missing",
        "J takes the probability of the label itself: the log is missing",
        CROSS_ENTROPY,
    ),
    Loss(
        "hinge loss that counts the label",
        lambda S, y: HINGE.value(S, y) + 1,
        HINGE.gradient,
        "cost-hinge-counts-label",
        "J counts the margin of the right class as well, which adds 1: leave j = y out",
        HINGE,
    ),
)
