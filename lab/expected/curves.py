"""The shipped curves: one CSV file for each preset, and one with what all of them ended with."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from presets.schema import Preset

SHIPPED = Path(__file__).parent / "shipped"
FINALS = "finals.csv"
MEASURES = tuple(f"{split}_{measure}" for split in ("train", "validation") for measure in ("loss", "accuracy"))
COLUMNS = ("update", "epoch", *(f"{name}_{what}" for name in MEASURES for what in ("mean", "spread")))
FINAL_COLUMNS = ("preset", "seeds", "measure", "mean", "spread")


class OverSeeds(NamedTuple):
    """A number over several seeds. mean; spread: its standard deviation (divided by n - 1), None of a single seed."""

    mean: float
    spread: float | None


class Moment(NamedTuple):
    """An evaluated update. measures: those of MEASURES, as in "validation_accuracy"."""

    update: int
    epoch: float
    measures: dict[str, OverSeeds]


@dataclass(frozen=True)
class Expected:
    """Runs of one preset on the full data, with seeds 1 to `seeds` and nothing else changed.

    moments: the evaluated updates, first to last; finals: the numbers at the end, by names as in "test.accuracy".
    """

    preset: str
    seeds: int
    moments: tuple[Moment, ...]
    finals: dict[str, OverSeeds]

    def curve(self, name: str) -> tuple[list[tuple[float, float]], list[tuple[float, float, float]]]:
        """One of MEASURES over the updates: the mean, and a band of a standard deviation to each side of it.

        The band of a single seed is empty.
        """
        points = [(float(moment.update), moment.measures[name]) for moment in self.moments]
        band = [(at, y.mean - y.spread, y.mean + y.spread) for at, y in points if y.spread is not None]
        return [(at, y.mean) for at, y in points], band


@cache
def expected(preset: str, folder: Path = SHIPPED) -> Expected | None:
    """What comes with Gradlab for a preset of that name; None if nothing does."""
    rows = [row for row in _rows(folder / FINALS) if row["preset"] == preset]
    if not rows:
        return None
    finals = {row["measure"]: _spread(row["mean"], row["spread"]) for row in rows}
    return Expected(preset, int(rows[0]["seeds"]), tuple(map(_moment, _rows(folder / f"{preset}.csv"))), finals)


def expected_of(preset: "Preset", variant: str | None) -> Expected | None:
    """What comes with Gradlab for a run of a preset on data of that variant: the seed may be another, and nothing
    else."""
    from presets.load import changed  # here: to load the schema takes longer than to read a run

    return expected(preset.name) if variant == "full" and not changed(preset).keys() - {"seed"} else None


def _moment(row: dict[str, str]) -> Moment:
    measures = {name: _spread(row[f"{name}_mean"], row[f"{name}_spread"]) for name in MEASURES}
    return Moment(int(row["update"]), float(row["epoch"]), measures)


def _spread(mean: str, spread: str) -> OverSeeds:
    return OverSeeds(float(mean), float(spread) if spread else None)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
