"""Is a model as sure as it should be? Of the names to which it gives 0.8, about 80 % should be right."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from core.losses import softmax
from core.types import Array, Labels

BINS = 10


class Judged(NamedTuple):
    """Names that a model never saw: log p (n, classes) that it gives them, and their labels (n,)."""

    log_p: Array
    y: Labels


class Bin(NamedTuple):
    """The names whose best class gets a probability from `low` to below `high`: how many they are, the mean of these
    probabilities, and the share that is right; both nan where there are no names."""

    low: float
    high: float
    names: int
    confidence: float
    right: float


def temperature(judged: Sequence[Judged]) -> float:
    """The T for which softmax(log p / T) has the smallest mean loss on these names (Guo et al. 2017, arXiv:1706.04599).

    The loss is convex in 1 / T. T is from 1/5 to 5.
    """

    def loss(b: float) -> float:
        return sum(-float(np.log(_label_p(b * each.log_p, each.y)).sum()) for each in judged)

    return 1 / float(minimize_scalar(loss, bounds=(1 / 5, 5), method="bounded", options={"xatol": 1e-6}).x)


def _label_p(logits: Array, y: Labels) -> Array:
    p = softmax(logits)[np.arange(len(y)), y]
    return np.asarray(np.maximum(p, np.finfo(p.dtype).tiny))


def held_out(judged: Sequence[Judged]) -> tuple[list[Judged], list[float]]:
    """Each with the temperature of all others, so that no names are judged with what was chosen on them; and these
    temperatures. Needs at least two."""
    chosen = [temperature([*judged[:k], *judged[k + 1 :]]) for k in range(len(judged))]
    return [_at(each, t) for each, t in zip(judged, chosen, strict=True)], chosen


def _at(judged: Judged, t: float) -> Judged:
    return Judged(np.log(softmax(judged.log_p / t)), judged.y)


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """The names of all of them in BINS bins of equal width, by the probability of their best class."""
    log_p, y = np.concatenate([each.log_p for each in judged]), np.concatenate([each.y for each in judged])
    best, right = np.exp(log_p.max(axis=1)), log_p.argmax(axis=1) == y
    place = np.minimum((best * BINS).astype(int), BINS - 1)
    return [_bin(k, best[place == k], right[place == k]) for k in range(BINS)]


def _bin(k: int, best: Array, right: Array) -> Bin:
    means = (float(best.mean()), float(right.mean())) if len(best) else (float("nan"), float("nan"))
    return Bin(k / BINS, (k + 1) / BINS, len(best), *means)
