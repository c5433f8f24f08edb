"""Saved runs side by side: where their settings differ, and what they reached."""

from collections.abc import Sequence
from typing import Any, TypedDict

from data.sources import Variant
from lab.runs.saved import MEASURES, SavedRun, labels
from presets.keys import known_keys, settings
from presets.schema import Preset


class ComparedRun(TypedDict):
    """A run that is compared."""

    run: str  # path of the run directory
    label: str  # what tells it from the others
    preset: str
    data: str  # label
    variant: Variant
    state: str
    updates: int


class RunComparison(TypedDict):
    """What `gradlab compare --json` prints: every list has an entry for each run, None where there is nothing."""

    runs: list[ComparedRun]
    settings: dict[str, list[Any]]  # that differ, by dotted key
    results: dict[str, list[float | None]]  # by part and measure, as in "test.accuracy"
    reported: dict[str, list[float | None]]


def compare(records: Sequence[SavedRun]) -> RunComparison:
    """Saved runs side by side."""
    named = labels([record.store for record in records])
    return {
        "runs": [_described(record, label) for record, label in zip(records, named, strict=True)],
        "settings": differences([record.preset for record in records]),
        "results": results(records),
        "reported": {key: row for key in results(records) if any(row := [r.reported.get(key) for r in records])},
    }


def differences(presets: Sequence[Preset]) -> dict[str, list[Any]]:
    """The settings that are not the same in all presets, by dotted name: the value in each, None where it has none."""
    each = [settings(preset) for preset in presets]
    keys = [key for key in known_keys() if any(key in one for one in each)]
    rows = {key: [one.get(key) for one in each] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def results(records: Sequence[SavedRun]) -> dict[str, list[float | None]]:
    """What each run ended with, by part and measure as in 'test.accuracy'."""
    parts = dict.fromkeys(part for record in records for part in record.final)
    return {
        f"{part}.{measure}": [record.final.get(part, {}).get(measure) for record in records]
        for part in parts
        for measure in MEASURES
    }


def _described(record: SavedRun, label: str) -> ComparedRun:
    return {
        "run": str(record.store.path),
        "label": label,
        "preset": record.preset.name,
        "data": record.data,
        "variant": record.variant,
        "state": record.state,
        "updates": record.updates,
    }
