"""What a factor before the data part of a gradient, and one before its penalty, say.

A gradient is f * data + c * penalty: `data` is what a backward pass gives, `penalty` the derivative of sum W^2 (2 W).
Both are solved for, so that the penalty never hides what is wrong with the data part, or the other way round.
"""

from dataclasses import dataclass

import numpy as np

from core.types import Array

ZERO = "gradient-zero"
OF_COST = ("cost-log-base", "cost-sign", "cost-not-divided", "cost-divided-twice", "cost-factor")
LARGEST = 1e4  # number that something may be divided by
CLOSE = 1e-5  # factors that agree to this are the same


@dataclass(frozen=True)
class Finding:
    """One mistake in a story; the same key and sentence at several tensors is one mistake."""

    key: str
    sentence: str
    weight: float = 1.0


@dataclass(frozen=True)
class Sizes:
    """What factors are read with."""

    n: int
    widths: dict[str, int]  # "the number of classes" -> 10
    lambda_: float
    scale: float  # J = scale * mean loss + penalty
    penalty: float  # J's coefficient of this tensor
    penalised: bool  # has J a penalty on any tensor?
    role: str
    has_cost: bool
    kind: str = "squares"  # of what the penalty is the sum


def same(a: float, b: float) -> bool:
    """Do two factors agree?"""
    return abs(a - b) <= CLOSE * max(abs(a), abs(b))


def solve(theirs: Array, data: Array, own: Array, expected: float, floor: float) -> tuple[float, float]:
    """f and c with which f * data + c * own is theirs, by least squares: all flat. If one of the two cannot be told it
    is what is expected: 1, or `expected`."""
    has_data, has_own = (float(np.abs(a).max(initial=0.0)) > floor for a in (data, own))
    if not has_data:
        return 1.0, (float(own @ theirs / (own @ own)) if has_own else expected)
    if not has_own:
        return float(data @ theirs / (data @ data)), expected
    dd, do, oo = float(data @ data), float(data @ own), float(own @ own)
    determinant = dd * oo - do * do
    if determinant <= 1e-9 * dd * oo:
        rest = theirs - expected * own
        return float(data @ rest) / dd, expected
    dt, ot = float(data @ theirs), float(own @ theirs)
    return (oo * dt - do * ot) / determinant, (dd * ot - do * dt) / determinant


def read(f: float, c: float, s: Sizes) -> tuple[Finding, ...]:
    """What is wrong if a gradient is f * data + c * penalty; nothing if f is 1 and c is J's."""
    if f == 0 and c == 0:
        return (Finding(ZERO, "{Tensors} {are} 0 everywhere: {this} gradient is never computed.", 1.1),)
    if f == 0:
        held = Finding("only-penalty", "{Tensors} {hold} the penalty alone: add the part that comes from the data.")
        return held, *of_penalty(c, s)
    if s.penalty and not same(f, 1) and same(c, f * s.penalty):  # the penalty and all
        return of_data(f, s, " and the penalty with it")
    return *of_data(f, s, ""), *of_penalty(c, s)


def of_data(f: float, s: Sizes, with_penalty: str) -> tuple[Finding, ...]:
    """What a factor before the data part says."""
    if same(f, 1):
        return ()
    if s.has_cost and not same(s.scale, 1) and same(f * s.scale, 1):
        return (of_cost(s),)
    if f < 0:
        sign = "{Tensors} {have} the wrong sign: the gradient points to where J grows{sign}."
        return Finding("sign", sign), *of_data(-f, s, with_penalty)
    by_n = "divide by the number of examples only once"
    known = [
        (s.n, "not-divided-by-n", f"{s.n} times too large{with_penalty}: divide by the number of examples, n = {s.n}"),
        (1 / s.n, "divided-twice", f"{s.n} times too small{with_penalty}: {by_n} (a mean where a sum is meant?)"),
        (2.0, "factor-two", f"twice what {{they}} should be{with_penalty}: a factor 2 is too much"),
        (0.5, "factor-two", f"half of what {{they}} should be{with_penalty}: a factor 2 is missing"),
        (s.n / (s.n - 1) if s.n > 1 else 0.0, "divided-by-n-minus-1", "divided by n - 1: divide by n"),
    ]
    for factor, key, text in known:
        if same(f, factor):
            return (Finding(key, f"{{Tensors}} {{are}} {text}."),)
    for power in (2, 3, 4, 5, 6, 7, 8):
        if same(f, s.n**-power):
            return (
                Finding(
                    "divided-in-each-layer",
                    "{Tensors} {are} divided by the number of examples again in each layer: divide once, at the end.",
                ),
            )
    for name, width in s.widths.items():
        for factor in (s.n / width, 1 / width, width, width / s.n):
            if width not in (1, s.n) and same(f, factor):
                return (
                    Finding(
                        "divided-by-other-number",
                        f"{{Tensors}} {{are}} {ratio(f)} times what {{they}} should be{with_penalty}: "
                        + (
                            f"divide by the number of examples ({s.n}), not by {name} ({width})."
                            if factor == s.n / width
                            else f"{name} ({width}) does not belong there."
                        ),
                    ),
                )
    whole = 1.5 < abs(s.n / f) < LARGEST and same(s.n / f, round(s.n / f))
    key = "divided-by-other-number" if whole else "wrong-factor"
    divisor = f": {{they}} {{seem}} divided by {round(s.n / f)}, not by n = {s.n}" if key != "wrong-factor" else ""
    return (Finding(key, f"{{Tensors}} {{are}} {ratio(f)} times what {{they}} should be{with_penalty}{divisor}.", 1.2),)


def of_cost(s: Sizes) -> Finding:
    """J itself has another factor than the mean, and the gradient is that of the mean."""
    logs = {1 / np.log(2): "log2", 1 / np.log(10): "log10"}
    for factor, name in logs.items():
        if same(s.scale, float(factor)):
            return Finding(
                "cost-log-base", f"J takes {name}, {{tensors}} {{match}} the natural log: take np.log in J, too."
            )
    if same(s.scale, -1):
        return Finding(
            "cost-sign", "J has the wrong sign, {tensors} {have} the right one: J is minus the mean of log p."
        )
    if same(s.scale, s.n):
        return Finding(
            "cost-not-divided", f"J adds the losses up, {{tensors}} {{match}} their mean: divide J's loss by n = {s.n}."
        )
    if same(s.scale, 1 / s.n):
        return Finding(
            "cost-divided-twice", "J divides the loss by n twice, {tensors} {match} the mean: divide J's loss once."
        )
    return Finding(
        "cost-factor",
        f"J's loss is {ratio(s.scale)} times the mean loss, {{tensors}} {{match}} the mean itself: which is meant?",
    )


def of_penalty(c: float, s: Sizes) -> tuple[Finding, ...]:
    """What a coefficient of sum W^2 other than J's says."""
    right = s.penalty
    if same(c, right) or (not c and not right):
        return ()
    of_one = 2 if s.kind == "squares" else 1  # of the derivative of W^2
    theirs, wanted = term(of_one * c, s), term(of_one * right, s)
    if not right:
        return (_not_in_cost(theirs, s),)
    if not c:
        if s.role != "W":
            return (
                Finding(
                    "penalty-on-bias-in-cost-only",
                    f"J counts {{tensors}} in its penalty, but the gradient has no {wanted}: leave {{them}} out of J, "
                    f"as the courses do, or add {wanted}.",
                ),
            )
        return (Finding("penalty-missing", f"{{Tensors}} {{lack}} the penalty: add {wanted}."),)
    ratios = [
        (-1.0, "penalty-sign", f"the penalty with the wrong sign: add {wanted}"),
        (
            0.5,
            "penalty-factor-two",
            f"{theirs} for the penalty, half of it: {'the derivative of W^2 is 2 W, so ' * (of_one == 2)}add {wanted}",
        ),
        (2.0, "penalty-factor-two", f"{theirs} for the penalty, twice what J has: add {wanted}"),
        (1 / s.n, "penalty-divided-by-n", f"a penalty that is divided by n = {s.n}: add {wanted} after dividing"),
        (float(s.n), "penalty-for-each-example", f"the penalty once for each of the {s.n} examples: add {wanted} once"),
        (0.5 / s.n, "penalty-divided-by-n", f"a penalty of {theirs}: add {wanted}, not divided by n"),
        (2 / s.n, "penalty-divided-by-n", f"a penalty of {theirs}: add {wanted}, not divided by n"),
    ]
    for share, key, text in ratios:
        if same(c, share * right):
            return (Finding(key, f"{{Tensors}} {{have}} {text}."),)
    return (
        Finding(
            "penalty-other-factor",
            f"{{Tensors}} {{have}} a penalty of {theirs}, J's penalty gives {wanted}: which is meant?",
            1.2,
        ),
    )


def _not_in_cost(theirs: str, s: Sizes) -> Finding:
    """A penalty in the gradient of a tensor on which J has none."""
    if s.role != "W":
        what = "biases" if s.role == "b" else "gamma and beta"
        return Finding(
            "bias-penalised" if s.role == "b" else "gamma-penalised",
            f"{{Tensors}} {{have}} a penalty of {theirs}, but J has none on {what}: leave it out.",
        )
    where = "leaves {tensors} out of its penalty" if s.penalised else "has no penalty"
    return Finding(
        "penalty-only-in-gradient",
        f"J and the gradients disagree: J {where}, but the gradient adds {theirs}: which is meant?",
    )


def term(c: float, s: Sizes) -> str:
    """'2 lambda W', '0.5 W'."""
    letter = {"squares": s.role, "absolute values": f"sign({s.role})", "norms": f"{s.role} / |{s.role}|"}.get(
        s.kind, ""
    )
    if s.lambda_:
        for factor, text in ((1.0, ""), (2.0, "2 "), (0.5, "0.5 "), (4.0, "4 "), (-1.0, "-"), (-2.0, "-2 ")):
            if same(c, factor * s.lambda_):
                return f"{text}lambda {letter}"
        for factor, text in ((1.0, ""), (2.0, "2 ")):
            if same(c, factor * s.lambda_ / s.n):
                return f"{text}lambda {letter} / n"
    return f"{c:.4g} {letter}".rstrip()


def ratio(f: float) -> str:
    """'1.5'."""
    return f"{f:.4g}"
