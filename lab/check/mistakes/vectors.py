"""What is wrong with the penalty of parameters that are all in one vector, theta: the layers in it are not known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.evidence import Cause
from lab.check.mistakes.factors import same

CLOSE = 1e-5  # of the largest gradient: central differences are no better


@dataclass(frozen=True)
class VectorPoint:
    """One theta, the student's gradient there, and the derivatives of J."""

    theta: Array
    theirs: Array
    true: Array


def penalty_of_vector(name: str, points: Sequence[VectorPoint], lambda_: float, n: int) -> tuple[Cause, ...]:
    """The cause, if the gradient is off by a multiple of theta in some elements, the same one in all of them."""
    theta = np.stack([p.theta for p in points])
    off = np.stack([p.theirs - p.true for p in points])
    rounding = CLOSE * max(float(np.abs(p.true).max()) for p in points)
    touched = np.flatnonzero(np.abs(off).max(axis=0) > rounding)
    if not lambda_ or not touched.size:
        return ()
    own, rest = theta[:, touched].ravel(), off[:, touched].ravel()
    c = float(own @ rest / (own @ own))
    if np.abs(rest - c * own).max() > rounding:
        return ()
    few = 2 * touched.size < theta.shape[1]
    where = f"{name} (element{'s' * (touched.size > 1)} {_shown(touched)})"
    return tuple(Cause(key, (name,), f"{where} {sentence}") for key, sentence in _reading(c, few, lambda_, n)[:1])


def _shown(places: Array) -> str:
    """'1 to 4', or '0, 6, 12 ...' where others lie between."""
    if places[-1] - places[0] == places.size - 1:
        return " to ".join(map(str, dict.fromkeys((places[0], places[-1]))))
    return ", ".join(map(str, places[:3])) + " ..." * (places.size > 3)


def _reading(c: float, few: bool, lambda_: float, n: int) -> list[tuple[str, str]]:
    """What it says that c theta is too much: key and sentence, the likeliest first."""
    terms = {
        "lambda / n": lambda_ / n,
        "lambda": lambda_,
        "2 lambda": 2 * lambda_,
        "2 lambda / n": 2 * lambda_ / n,
        "lambda / (2 n)": lambda_ / (2 * n),
    }
    found: list[tuple[str, str]] = []
    if few:
        sentences = {
            "bias-penalised": "has a penalty of {} theta, but J has none there: is it a bias? Leave it out.",
            "penalty-missing": "lacks the penalty: add {} theta.",
        }
        key = "bias-penalised" if c > 0 else "penalty-missing"
        found = [(key, sentences[key].format(text)) for text, size in terms.items() if same(abs(c), size)]
    for text, size in terms.items():
        shares = [
            (0.0, "penalty-missing", f"lacks the penalty: add {text} theta."),
            (float(n), "penalty-for-each-example", f"has the penalty n = {n} times: add {text} theta once."),
            (
                1 / n,
                "penalty-divided-by-n",
                f"has a penalty divided by n = {n} once too often: add {text} theta.",
            ),
            (2.0, "penalty-factor-two", f"has twice the penalty that J has: add {text} theta."),
            (0.5, "penalty-factor-two", f"has half the penalty that J has: add {text} theta."),
            (-1.0, "penalty-sign", f"has the penalty with the wrong sign: add {text} theta."),
        ]
        found += [(key, sentence) for share, key, sentence in shares if same(c, (share - 1) * size)]
    return found
