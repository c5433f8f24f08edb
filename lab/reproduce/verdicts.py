"""Is a reported value reproduced? The rules of lab.reproduce.values, applied to the measured values."""

from math import isfinite

from lab.reproduce.values import Value

WITHIN, BETTER, OFF, SLIP = "within", "better", "off", "slip"
EMBEDDED, FAILED = "embedded", "failed"  # trained on part of the data; not measured


def judge(value: Value, measured: float, holds: bool) -> str:
    """within, better or off; slip where the report is wrong and what is right was measured. `holds`: is the condition
    met that a value may name?"""
    if value.right is not None:
        return SLIP if measured == value.right else OFF
    if value.rule in ("higher", "lower"):
        verdict = _near(value, measured)
    else:
        verdict = WITHIN if _bound(value, measured) else OFF
    return WITHIN if verdict == OFF and holds else verdict


def tolerance(value: Value) -> float | None:
    """How far from the reported number is near; of a loss in the units of the loss."""
    if value.tolerance is None or value.rule != "lower":
        return value.tolerance
    return value.tolerance * (value.reported or 0.0)


def _near(value: Value, measured: float) -> str:
    theirs = [number for number in (value.reported, *value.independent) if number is not None]
    sign = 1 if value.rule == "higher" else -1
    if not isfinite(measured):
        return OFF
    if all(sign * measured > sign * number for number in theirs):
        return BETTER
    near = tolerance(value) or 0.0
    ends = [(number - near, number + near) for number in theirs]
    if value.independent:
        ends.append((min(value.independent), max(value.independent)))
    return WITHIN if any(low <= measured <= high for low, high in ends) else OFF


def _bound(value: Value, measured: float) -> bool:
    assert value.reported is not None, "a bound is a number"
    if value.rule == "equal":
        return measured == value.reported
    return measured <= value.reported if value.rule == "at most" else measured >= value.reported
