"""Saved runs at a glance: what a list of them shows."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from lab.errors import LabError
from lab.runs.saved import Record, changed, read
from lab.runs.store import RunStore, all_runs
from presets.errors import PresetError

T = TypeVar("T")
FILES = ("preset.toml", "metrics.csv", "checkpoint.npz", "result.json")


def list_runs(runs: Path) -> list[dict[str, Any]]:
    """A summary of every run below `runs`, oldest first; a damaged one says so in its state."""
    return [_summary(store) for store in all_runs(runs)]


def best_so_far(runs: Path) -> dict[str, dict[str, float]]:
    """The best accuracy of finished runs below `runs`, by preset and by data: {"a2-final": {"full": 0.52}}. Runs with
    changed settings count, too."""
    best: dict[str, dict[str, float]] = {}
    for run in list_runs(runs):
        if run["state"] == "done" and run["accuracy"] is not None:
            of_preset = best.setdefault(run["preset"], {})
            of_preset[run["data"]] = max(run["accuracy"], of_preset.get(run["data"], 0.0))
    return best


class Catalogue:
    """The same for who looks again and again: a run is read anew only when its files have changed."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._summaries: dict[Path, tuple[object, dict[str, Any]]] = {}
        self._records: dict[Path, tuple[object, Record]] = {}

    def list_runs(self) -> list[dict[str, Any]]:
        """See list_runs()."""
        return [_kept(self._summaries, store, _summary) for store in all_runs(self.runs)]

    def record(self, store: RunStore) -> Record:
        """See record.read()."""
        return _kept(self._records, store, read)


def _kept(kept: dict[Path, tuple[object, T]], store: RunStore, read_anew: Callable[[RunStore], T]) -> T:
    paths = [store.path / name for name in FILES]
    running = not paths[-1].exists() and store.running()  # who writes a run removes its result first
    stamp = (running, [_written(path) for path in paths])
    if store.path not in kept or kept[store.path][0] != stamp:
        kept[store.path] = (stamp, read_anew(store))
    return kept[store.path][1]


def _written(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 if there is none (any more)."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _summary(store: RunStore) -> dict[str, Any]:
    summary = {"name": store.path.name, "run": str(store.path), "preset": "", "data": "", "updates": 0}
    summary |= {"when": _began(store), "changed": {}, "judge": "test", "accuracy": None, "reported": None}
    summary |= {"test_accuracy": None, "reported_accuracy": None}
    try:
        return summary | _read(store)
    except (LabError, PresetError) as error:
        return summary | {"state": f"damaged: {error}"}


def _read(store: RunStore) -> dict[str, Any]:
    preset = store.preset()
    reported = preset.reference.reported if preset.reference else {}
    judge = "validation" if "validation.accuracy" in reported and "test.accuracy" not in reported else "test"
    summary: dict[str, Any] = {"preset": preset.name, "changed": changed(preset), "judge": judge}
    summary |= {"reported": reported.get(f"{judge}.accuracy"), "reported_accuracy": reported.get("test.accuracy")}
    running = store.running()
    result = None if running else store.result()
    if result is None:  # still at work, or killed
        state = "running" if running else "interrupted"
        updates, variant = store.reached()
        return summary | {"state": state, "updates": updates, "data": variant}
    judge = result["judge"]
    ended = result["final"] if result["state"] != "interrupted" else {}
    return summary | {
        "state": result["state"],
        "updates": result["updates"],
        "data": result["variant"],
        "judge": judge,
        "accuracy": ended.get(judge, {}).get("accuracy"),
        "reported": reported.get(f"{judge}.accuracy"),
        "test_accuracy": ended.get("test", {}).get("accuracy"),
    }


def _began(store: RunStore) -> str:
    """When the run began, local time, as in 2026-11-21 13:02: by its name, or by the date of its preset."""
    try:
        began = datetime.strptime(store.path.name[:15], "%Y%m%d-%H%M%S")
    except ValueError:
        began = datetime.fromtimestamp((store.path / "preset.toml").stat().st_mtime)
    return f"{began:%Y-%m-%d %H:%M}"
