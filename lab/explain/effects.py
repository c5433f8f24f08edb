"""The recorded curves that come with Gradlab: for each setting of EXPERIMENTS a CSV file."""

import csv
from functools import cache
from pathlib import Path

from lab.drawing.figure import Point

SHIPPED = Path(__file__).parent / "shipped"
MEASURES = ("train_loss", "validation_accuracy")
COLUMNS = ("value", "update", *MEASURES)


@cache
def recorded(key: str, folder: Path = SHIPPED) -> dict[str, dict[str, tuple[Point, ...]]]:
    """For each measure the curve of each value; {} for a setting of which nothing was recorded. The curve of a run
    that diverged ends early."""
    path = folder / f"{key}.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values = dict.fromkeys(row["value"] for row in rows)
    return {
        measure: {
            value: tuple((float(row["update"]), float(row[measure])) for row in rows if row["value"] == value)
            for value in values
        }
        for measure in MEASURES
    }
