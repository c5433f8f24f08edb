"""Runs of one setting that differ in the seed alone: what they have in common, and how far they lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

from lab.drawing.figure import Point, Range
from lab.runs.saved import SavedRun
from presets.schema import Preset


@dataclass(frozen=True)
class Setting:
    """Runs of the same preset on the same data. Of a setting without a second seed there is one."""

    records: tuple[SavedRun, ...]

    @property
    def seeds(self) -> list[int]:
        """Of its runs, in order."""
        return sorted(record.preset.seed for record in self.records)


class Spread(NamedTuple):
    """Of a number over n seeds. deviation: the standard deviation of a single run (n - 1 below the line)."""

    mean: float
    deviation: float
    n: int


def by_setting(records: Sequence[SavedRun]) -> list[Setting]:
    """The records, those of one setting and different seeds together, in the order of their first ones. A run that was
    changed while it went on, or a second run of the same seed, stands alone."""
    settings: list[list[SavedRun]] = []
    for record in records:
        home = next((each for each in settings if _belongs(record, each)), None)
        if home is None:
            settings.append([record])
        else:
            home.append(record)
    return [Setting(tuple(each)) for each in settings]


def _belongs(record: SavedRun, others: Sequence[SavedRun]) -> bool:
    first = others[0]
    return (
        not (record.interventions or first.interventions)
        and record.variant == first.variant
        and record.preset.seed not in {other.preset.seed for other in others}
        and same_but_for_the_seed(record.preset, first.preset)
    )


def same_but_for_the_seed(one: Preset, other: Preset) -> bool:
    """Are two presets equal, whatever their seeds?"""
    return one.model_copy(update={"seed": other.seed}) == other


def mean_and_band(setting: Setting, column: str) -> tuple[list[Point], list[Range]]:
    """The mean of a column of metrics.csv over the runs of a setting, and its least and largest value, at the updates
    that all of them have been evaluated at; no band for a single run."""
    each = [{row["update"]: row[column] for row in record.metrics} for record in setting.records]
    shared = [update for update in each[0] if all(update in one for one in each)]
    values = {update: [one[update] for one in each] for update in shared}
    mean = [(update, fmean(ys)) for update, ys in values.items()]
    return mean, [(update, min(ys), max(ys)) for update, ys in values.items()] if len(each) > 1 else []


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and spread of what several seeds reached; None without a second one."""
    return Spread(fmean(values), stdev(values), len(values)) if len(values) > 1 else None


def reached(setting: Setting) -> Spread | None:
    """The spread of the accuracy that finished runs of a setting reached, on the part that judges."""
    ended = [record.result for record in setting.records if record.result and record.state == "done"]
    accuracies = [result["final"][result["judge"]]["accuracy"] for result in ended]
    return spread([accuracy for accuracy in accuracies if accuracy is not None])
