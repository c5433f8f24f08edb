"""Saved runs at a glance: what a list of them shows."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict, TypeVar

from data.sources import Judge, PartName, Variant
from lab.errors import LabError
from lab.runs.interventions import Intervention
from lab.runs.result import Measures
from lab.runs.saved import SavedRun, read
from lab.runs.store import RunStore, all_runs
from presets.errors import PresetError
from presets.keys import Values
from presets.load import changed

T = TypeVar("T")
BEGAN = "began, nothing kept"
FILES = ("preset.toml", "metrics.csv", "checkpoint.npz", "notes.json", "result.json")


class RunRow(TypedDict):
    """A saved run as `gradlab runs` lists it."""

    name: str
    run: str  # path of the run directory
    preset: str  # of a damaged run "", as its data
    data: Variant | Literal[""]  # "" also of one that kept nothing
    updates: int
    when: str  # it began: local time, as in 2026-11-21 13:02
    changed: Values  # the settings that differ from those of the preset
    interventions: list[Intervention]  # what was changed while it ran
    judge: Judge
    accuracy: float | None  # of the part that judges; None if the run has not come to its end
    reported: float | None  # of the part that judges
    test_accuracy: float | None
    reported_accuracy: float | None  # of the test part
    state: str  # running, done, interrupted, diverged, BEGAN, or "damaged: " and why
    note: str  # what somebody noted of it
    tags: list[str]


def list_runs(runs: Path) -> list[RunRow]:
    """A row per run in `runs`, oldest first. The state of a damaged run says so."""
    return [_row(store) for store in all_runs(runs)]


def best_so_far(runs: Path) -> dict[str, dict[Variant, float]]:
    """The best accuracy of the finished runs in `runs`, by preset and data: {"a2-final": {"full": 0.52}}. Includes runs
    with changed settings, but none that was changed while it ran."""
    best: dict[str, dict[Variant, float]] = {}
    for run in list_runs(runs):
        if run["state"] == "done" and run["accuracy"] is not None and run["data"] and not run["interventions"]:
            of_preset = best.setdefault(run["preset"], {})
            of_preset[run["data"]] = max(run["accuracy"], of_preset.get(run["data"], 0.0))
    return best


class Catalogue:
    """A cache of the list: a run is read again only if its files have changed."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self._rows: dict[Path, tuple[object, RunRow]] = {}
        self._records: dict[Path, tuple[object, SavedRun]] = {}

    def list_runs(self) -> list[RunRow]:
        """See list_runs()."""
        return [_kept(self._rows, store, _row) for store in all_runs(self.runs)]

    def record(self, store: RunStore) -> SavedRun:
        """See record.read()."""
        return _kept(self._records, store, read)


def _kept(kept: dict[Path, tuple[object, T]], store: RunStore, read_again: Callable[[RunStore], T]) -> T:
    paths = [store.path / name for name in FILES]
    running = not paths[-1].exists() and store.running()  # who writes a run removes its result first
    stamp = (running, [_written(path) for path in paths])
    if store.path not in kept or kept[store.path][0] != stamp:
        kept[store.path] = (stamp, read_again(store))
    return kept[store.path][1]


def _written(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 if there is none (any more)."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _row(store: RunStore) -> RunRow:
    try:
        return _sound(store)
    except (LabError, PresetError) as error:
        return _damaged(store, error)


def _sound(store: RunStore) -> RunRow:
    preset = store.preset()
    reported = preset.reference.reported if preset.reference else {}
    result = store.result()  # who writes a run removes it first
    running = result is None and store.running()
    variant: Variant | Literal[""]
    interventions: list[Intervention]
    if result is None and store.kept_nothing:
        state, judge = "running" if running else BEGAN, preset.data.judge
        updates, variant, interventions = 0, "", []
    elif result is None:  # still at work, or killed
        state, judge = "running" if running else "interrupted", preset.data.judge
        (updates, variant), interventions = store.reached(), store.interventions()
    else:
        state, judge = result["state"], result["judge"]
        updates, variant = result["updates"], result["variant"]
        interventions = result.get("interventions", [])
    final = result["final"] if result and state != "interrupted" else {}
    return {
        "name": store.path.name,
        "run": str(store.path),
        "preset": preset.name,
        "data": variant,
        "updates": updates,
        "when": _began(store),
        "changed": changed(preset),
        "interventions": interventions,
        "judge": judge,
        "accuracy": _accuracy(final, judge),
        "reported": reported.get(f"{judge}.accuracy"),
        "test_accuracy": _accuracy(final, "test"),
        "reported_accuracy": reported.get("test.accuracy"),
        "state": state,
        **store.notes(),
    }


def _damaged(store: RunStore, error: Exception) -> RunRow:
    return {
        "name": store.path.name,
        "run": str(store.path),
        "preset": "",
        "data": "",
        "updates": 0,
        "when": _began(store),
        "changed": {},
        "interventions": [],
        "judge": "test",
        "accuracy": None,
        "reported": None,
        "test_accuracy": None,
        "reported_accuracy": None,
        "state": f"damaged: {error}",
        "note": "",
        "tags": [],
    }


def _accuracy(final: Mapping[PartName, Measures], part: PartName) -> float | None:
    return final[part]["accuracy"] if part in final else None


def _began(store: RunStore) -> str:
    """When the run began, local time, as in 2026-11-21 13:02: by its name, or by the date of its preset."""
    try:
        began = datetime.strptime(store.path.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        began = datetime.fromtimestamp((store.path / "preset.toml").stat().st_mtime, UTC)
    return f"{began.astimezone():%Y-%m-%d %H:%M}"
