"""Where in a matrix the wrong elements of a gradient lie: a pattern of rows or columns says what a number cannot."""

import numpy as np
from rich.text import Text

from core.gradcheck.check import TensorReport
from core.types import Array

ROWS, COLUMNS = 12, 60  # cells of a map, at most
SIGNS = (" ", ".", "▒", "█")  # nothing was checked there, all right, some wrong, all wrong
LEGEND = "█ all wrong  ▒ some  . right  (blank: not checked)"


def wrong_share(tensor: TensorReport, rows: int = ROWS, columns: int = COLUMNS) -> Array:
    """A matrix in at most that many cells: the share of the checked elements in each that is wrong, nan where none was
    checked. Raises ValueError for a tensor that is no matrix."""
    if len(tensor.shape) != 2:
        raise ValueError(f"{tensor.name} is no matrix: its shape is {tensor.shape}")
    high, wide = min(tensor.shape[0], rows), min(tensor.shape[1], columns)
    i, j = np.unravel_index(tensor.places, tensor.shape)
    cell = (i * high // tensor.shape[0], j * wide // tensor.shape[1])
    checked, wrong = np.zeros((high, wide)), np.zeros((high, wide))
    np.add.at(checked, cell, 1)
    np.add.at(wrong, cell, tensor.errors > tensor.tolerance)
    return np.divide(wrong, checked, out=np.full_like(wrong, np.nan), where=checked > 0)


def wrong_map(tensor: TensorReport, right: str, wrong: str, width: int) -> Text:
    """wrong_share() in signs, coloured; each cell twice where there is room."""
    share = wrong_share(tensor, columns=min(COLUMNS, max(width, 1)))
    times = 2 if 2 * share.shape[1] <= min(width, COLUMNS) else 1
    text = Text(f"{tensor.name} {'x'.join(map(str, tensor.shape))}: {LEGEND}\n")
    for row in share:
        for value in row:
            sign = SIGNS[0] if np.isnan(value) else SIGNS[1] if value == 0 else SIGNS[3] if value == 1 else SIGNS[2]
            text.append(sign * times, wrong if value > 0 else right)
        text.append("\n")
    return text


def has_map(tensor: TensorReport) -> bool:
    """Is it a matrix of which elements were compared, some of them wrong?"""
    several = len(tensor.shape) == 2 and min(tensor.shape) > 1
    return several and len(tensor.places) > 0 and bool(np.any(tensor.errors > tensor.tolerance))
