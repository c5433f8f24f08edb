"""The values of the trials of a search, drawn from the preset's seed, one trial after the other.

The values of a trial do not depend on the number of trials: a search with more trials starts with the same values.
"""

from itertools import product
from typing import Any

import numpy as np

from core.streams import stream
from core.types import Array
from presets.keys import Values
from presets.schema import SearchSection, Vary


def draw(search: SearchSection, seed: int, trials: int) -> list[Values]:
    """The settings of every trial, by dotted key in the order of the preset.

    Grids run through all their combinations, with the last setting changing fastest, and then start again.
    """
    grids = [vary for vary in search.vary if vary.distribution == "grid"]
    drawn = [vary for vary in search.vary if vary.distribution != "grid"]
    combinations = list(product(*(vary.values or () for vary in grids)))
    points = _points(search.draws, len(drawn), seed, trials)
    rows = []
    for trial in range(trials):
        combination = combinations[trial % len(combinations)]
        values = {vary.key: value for vary, value in zip(grids, combination, strict=True)}
        values |= {vary.key: _value(vary, float(u)) for vary, u in zip(drawn, points[trial], strict=True)}
        rows.append({vary.key: values[vary.key] for vary in search.vary})
    return rows


def _points(draws: str, dimensions: int, seed: int, trials: int) -> Array:
    """Points in the unit cube, (trials, dimensions). With more trials, the first points are the same."""
    rng = stream(seed, "search")
    if draws == "random" or not dimensions:
        return rng.random((trials, dimensions))
    from scipy.stats import qmc  # takes a second to import, and is rarely needed

    points: Array = qmc.Sobol(dimensions, rng=rng).random_base2((trials - 1).bit_length())[:trials]
    return points


def _value(vary: Vary, u: float) -> Any:
    """The value at u, in [0, 1), of a distribution: the inverse of its distribution function."""
    if vary.values is not None:
        return vary.values[int(u * len(vary.values))]
    low, high = vary.low or 0.0, vary.high or 0.0  # the schema requires both
    greatest = high
    if vary.whole:  # every whole number has the interval of width 1 around it
        low, high = low - 0.5, high + 0.5
    value = low * (high / low) ** u if vary.distribution == "log-uniform" else low + u * (high - low)
    return min(int(np.floor(value + 0.5)), int(greatest)) if vary.whole else value
