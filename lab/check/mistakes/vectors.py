"""What is wrong with the gradient of parameters that are all in one vector, theta, of which no layers are known: with
the penalty, or a factor before the rest of some elements."""

from collections.abc import Iterator, Sequence
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
    readings = _reading(c, few, lambda_, n)
    if not readings:
        return ()
    key, sentence = readings[0]
    half = next((sentence for key, sentence in readings if key == "penalty-factor-two"), "")
    if half and key == "penalty-missing":  # c theta is all of one penalty, or half of another
        sentence = f"{sentence.removesuffix('.')}; or it {half}"
    return (Cause(key, (name,), f"{where} {sentence}"),)


def factor_of_vector(name: str, points: Sequence[VectorPoint], lambda_: float, n: int) -> tuple[Cause, ...]:
    """The cause, if some elements are a number times what they should be, the same one in all of them, with the penalty
    or without it."""
    theta, theirs, true = (np.stack([getattr(p, part) for p in points]) for part in ("theta", "theirs", "true"))
    rounding = CLOSE * float(np.abs(true).max())
    wrong = np.flatnonzero(np.abs(theirs - true).max(axis=0) > rounding)
    if not wrong.size:
        return ()
    whole = wrong.size == theta.shape[1]
    where = "" if whole else f" (element{'s' * (wrong.size > 1)} {_shown(wrong)})"
    for penalty in _penalties(theta, lambda_, n):
        data, given = (true - penalty)[:, wrong].ravel(), (theirs - penalty)[:, wrong].ravel()
        f = float(given @ data / max(float(data @ data), 1e-300))
        if np.abs(given - f * data).max() <= rounding * max(1.0, abs(f)):
            apart = " without its penalty" if penalty.any() else ""
            return tuple(Cause(key, (name,), f"{name}{where}{apart} {words}.") for key, words in _factor(f, n))
    return ()


def _penalties(theta: Array, lambda_: float, n: int) -> Iterator[Array]:
    """What a penalty may add to the gradient: nothing; a multiple of theta; the same but for the first element."""
    yield np.zeros_like(theta)
    for c in (lambda_ / n, lambda_, 2 * lambda_, 2 * lambda_ / n) if lambda_ else ():
        yield c * theta
        yield c * np.where(np.arange(theta.shape[1]) > 0, theta, 0.0)


def _factor(f: float, n: int) -> list[tuple[str, str]]:
    """Key and words for a gradient that is f times the right one; none for a number that says nothing."""
    known = (
        (-1.0, "sign", "has the wrong sign"),
        (float(n), "not-divided-by-n", f"is {n} times too large: divide by the number of examples, n = {n}"),
        (-float(n), "not-divided-by-n", f"is {n} times too large, and has the wrong sign: divide by n = {n}"),
        (1.0 / n, "divided-twice", f"is {n} times too small: divide by n = {n} only once"),
        (2.0, "factor-two", "is twice what it should be"),
        (0.5, "factor-two", "is half of what it should be: a factor 2 is missing"),
        (0.0, "gradient-zero", "is 0: it is never computed"),
    )
    return [(key, words) for factor, key, words in known if same(f, factor) or f == factor][:1]


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
