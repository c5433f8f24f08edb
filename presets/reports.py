"""The reports that presets reproduce, by the name that [reference] and `gradlab reproduce --report` use."""

from typing import TYPE_CHECKING, Literal

REPORTS = {
    "a1": "DD2424 assignment 1 · one layer",
    "a2": "DD2424 assignment 2 · two layers",
    "a3": "DD2424 assignment 3 · k layers",
    "names": "DD2424 assignment 3 · surnames",
    "fman45": "FMAN45 assignment 3 · convolutions",
}

if TYPE_CHECKING:  # mypy wants the names of a Literal written out
    Report = str
else:
    Report = Literal[tuple(REPORTS)]
