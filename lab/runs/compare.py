"""Saved runs side by side: where their settings differ, and what they reached."""

from collections.abc import Sequence
from typing import Any

from lab.runs.saved import MEASURES, Record, labels
from presets.keys import known_keys, settings
from presets.schema import Preset


def compare(records: Sequence[Record]) -> dict[str, Any]:
    """What `gradlab compare --json` prints: every list has an entry for each run, None where there is nothing."""
    named = labels([record.store for record in records])
    return {
        "runs": [_described(record, label) for record, label in zip(records, named, strict=True)],
        "settings": differences([record.preset for record in records]),
        "results": results(records),
        "reported": {key: row for key in _keys(records) if any(row := [r.reported.get(key) for r in records])},
    }


def differences(presets: Sequence[Preset]) -> dict[str, list[Any]]:
    """The settings that are not the same in all presets, by dotted name: the value in each, None where it has none."""
    each = [settings(preset) for preset in presets]
    keys = [key for key in known_keys() if any(key in one for one in each)]
    rows = {key: [one.get(key) for one in each] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def results(records: Sequence[Record]) -> dict[str, list[float | None]]:
    """What each run ended with, by split and measure as in 'test.accuracy'."""
    return {key: [_final(record, key) for record in records] for key in _keys(records)}


def _keys(records: Sequence[Record]) -> list[str]:
    splits = dict.fromkeys(split for record in records for split in record.final)
    return [f"{split}.{measure}" for split in splits for measure in MEASURES]


def _final(record: Record, key: str) -> float | None:
    split, _, measure = key.partition(".")
    return record.final.get(split, {}).get(measure)


def _described(record: Record, label: str) -> dict[str, Any]:
    return {
        "run": str(record.store.path),
        "label": label,
        "preset": record.preset.name,
        "data": record.data,
        "variant": record.variant,
        "state": record.state,
        "updates": record.updates,
    }
