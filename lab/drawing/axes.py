"""Axes: where a value lies among the dots, round numbers for ticks, and how they are written."""

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

MARGIN = 0.04  # of the axis, above the largest and below the least value


class Axis(NamedTuple):
    """A stretch of numbers along a number of dots. log: by their logarithms."""

    low: float
    high: float
    dots: int
    log: bool = False

    def dot(self, value: float) -> int:
        """The dot a value falls on, from 0; outside the axis for what lies outside."""
        low, high, at = map(log10, (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        return floor((at - low) / (high - low) * (self.dots - 1) + 0.5)

    def value(self, dot: float) -> float:
        """The value in the middle of a dot."""
        share = dot / max(self.dots - 1, 1)
        if self.log:
            return float(10.0 ** (log10(self.low) + share * (log10(self.high) - log10(self.low))))
        return self.low + share * (self.high - self.low)

    def has(self, value: float) -> bool:
        """Does a value have a place here?"""
        return isfinite(value) and self.low <= value <= self.high


def y_axis(values: Sequence[float], dots: int, log: bool) -> Axis:
    """An axis that has room for the values; a linear one of positive values begins at zero at the lowest."""
    low, high = min(values), max(values)
    if log:
        factor = max(10.0 ** (MARGIN * (log10(high) - log10(low))), 1.02)
        return Axis(max(low / factor, 5e-324), min(high * factor, 1.7e308), dots, log)
    margin = (high - low) * MARGIN or abs(high) * 0.1 or 0.1
    return Axis(low - margin if low < 0 else max(low - margin, 0.0), high + margin, dots)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most n round numbers between low and high, in steps of 1, 2 or 5 times a power of ten."""
    if not high - low > 1e-12 * max(abs(low), abs(high)):  # nothing between them, but for rounding
        return [low]
    least = (high - low) / most
    power = 10.0 ** floor(log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    return [k * step for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def some_ticks(low: float, high: float, most: int) -> list[float]:
    """nice_ticks(), and a few more than n if there would be fewer than three: two lines make no scale."""
    tries = (nice_ticks(low, high, n) for n in range(most, most + 4))
    return next((ticks for ticks in tries if len(ticks) >= 3), nice_ticks(low, high, most))


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """At most n powers of ten between low and high (both positive). Where those are fewer than three, also 2 and 5
    times each; within a single decade, round numbers."""
    decades = log10(high) - log10(low)
    if decades < 1:
        return nice_ticks(low, high, most)
    powers = [10.0 ** round(power) for power in nice_ticks(log10(low), log10(high), min(most, ceil(decades)))]
    if len(powers) >= 3:
        return powers
    between = [m * 10.0**k for k in range(floor(log10(low)), ceil(log10(high))) for m in (1, 2, 5)]
    closer = [tick for tick in between if low <= tick <= high]
    return closer if len(closer) <= most else powers


def label(value: float, percent: bool = False) -> str:
    """A number in few characters: three digits, thousands separated; or a percentage."""
    if percent:
        return f"{100 * value:.3g}%"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}"
