"""Saved runs at a glance: what a list of them shows."""

from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.store import RunStore, all_runs
from presets.errors import PresetError


def list_runs(runs: Path) -> list[dict[str, Any]]:
    """A summary of every run below `runs`, oldest first; a damaged one says so in its state."""
    return [_summary(store) for store in all_runs(runs)]


def _summary(store: RunStore) -> dict[str, Any]:
    summary = {"name": store.path.name, "run": str(store.path), "preset": "", "data": "", "updates": 0}
    summary |= {"test_accuracy": None, "reported_accuracy": None}
    try:
        return summary | _read(store)
    except (LabError, PresetError) as error:
        return summary | {"state": f"damaged: {error}"}


def _read(store: RunStore) -> dict[str, Any]:
    preset = store.preset()
    reported = preset.reference.reported.get("test.accuracy") if preset.reference else None
    summary: dict[str, Any] = {"preset": preset.name, "reported_accuracy": reported}
    running = store.running()
    result = None if running else store.result()
    if result is None:  # still at work, or killed
        checkpoint = store.checkpoint()
        state = "running" if running else "interrupted"
        updates, variant = int(checkpoint["update"]), str(checkpoint["run.variant"])
        return summary | {"state": state, "updates": updates, "data": variant}
    accuracy = result["final"]["test"]["accuracy"] if result["state"] != "interrupted" else None
    return summary | {
        "state": result["state"],
        "updates": result["updates"],
        "data": result["variant"],
        "test_accuracy": accuracy,
    }
