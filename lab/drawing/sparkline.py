"""A series in a few characters."""

from collections.abc import Sequence
from math import isfinite

LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "_.-=+*%#"


def sparkline(values: Sequence[float], width: int, ascii_only: bool = False) -> str:
    """The last value of each of at most `width` stretches, from the least to the largest of them; a space for one that
    is not finite."""
    width = min(width, len(values))
    shown = [values[(k + 1) * len(values) // width - 1] for k in range(width)]
    finite = [value for value in shown if isfinite(value)]
    levels, low, high = ASCII_LEVELS if ascii_only else LEVELS, min(finite, default=0.0), max(finite, default=0.0)
    steps = (len(levels) - 1) / ((high - low) or 1.0)
    return "".join(levels[round((value - low) * steps)] if isfinite(value) else " " for value in shown)
