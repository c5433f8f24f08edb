"""A saved run, read for lists, comparisons and reports, whatever its state."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import tomlkit

from data.dataset import short_label
from data.sources import PartName, Variant
from lab.errors import LabError
from lab.reading.facts import Facts
from lab.reading.finding import Finding
from lab.reading.read import read as read_curves
from lab.runs.code import CodeDocument
from lab.runs.interventions import Intervention
from lab.runs.result import Ended, Measure, Measures, Result
from lab.runs.store import SPLITS, RunStore
from presets.errors import PresetError
from presets.schema import Preset

MEASURES: tuple[Measure, ...] = ("loss", "cost", "accuracy")
TIME = re.compile(r"\d{8}-\d{6}-")  # what the name of a run directory begins with


@dataclass(frozen=True)
class SavedRun:
    """One run. `result` is None while it runs, and if it was killed; `final` then is the last evaluation on disk."""

    store: RunStore
    preset: Preset
    state: Literal["running"] | Ended
    data: str
    variant: Variant
    updates: int
    metrics: list[dict[str, float]]
    final: Mapping[PartName, Measures]
    result: Result | None
    interventions: list[Intervention]

    @property
    def findings(self) -> list[Finding]:
        """What its curves show. Where no result holds that, it is read from the curves alone."""
        if self.result and "findings" in self.result:
            return self.result["findings"]
        diverged_at = self.result["diverged_at"] if self.result else None
        return read_curves(Facts(self.preset, self.metrics, diverged_at, progress=float(self.state != "running")))

    @property
    def code(self) -> CodeDocument | None:
        """What was found about the student's code that was trained, if one was and it has ended."""
        return self.result.get("code") if self.result else None

    @property
    def data_short(self) -> str:
        """The data set and whether all of it, without the counts."""
        return short_label(self.preset.data.set, self.variant)

    @property
    def reported(self) -> dict[str, float]:
        """What the report reports, as in 'test.accuracy'; {} if there is none."""
        return dict(self.preset.reference.reported) if self.preset.reference else {}

    @property
    def state_line(self) -> str:
        """How far the run got and how it ended."""
        if self.state == "done":
            return f"done, {self.updates:,} updates"
        if self.state == "running":
            return f"still running, update {self.updates:,}"
        if self.result is None:
            return f"interrupted (killed), last evaluated at update {self.updates:,}"
        planned = self.result["updates_planned"]
        if self.state == "diverged":
            return f"diverged: the loss was not finite at update {self.result['diverged_at']:,} of {planned:,}"
        return f"interrupted at update {self.updates:,} of {planned:,}"


def read(store: RunStore) -> SavedRun:
    """A run as it stands on the disk. Raises LabError, also when nothing has been recorded yet, and PresetError."""
    preset, metrics = store.preset(), store.metrics()
    running = store.running()
    result = None if running else store.result()
    if not metrics:
        raise LabError(f"{store.path} has nothing recorded yet")
    if result is not None:
        seen = (result["state"], result["data"], result["variant"], result["updates"])
        return SavedRun(store, preset, *seen, metrics, result["final"], result, result.get("interventions", []))
    _, variant = store.reached()
    last = metrics[-1]
    final: dict[PartName, Measures] = {
        split: {measure: last[f"{split}_{measure}"] for measure in MEASURES} for split in SPLITS
    }
    state: Literal["running", "interrupted"] = "running" if running else "interrupted"
    label, interventions = short_label(preset.data.set, variant), store.interventions()
    return SavedRun(store, preset, state, label, variant, int(last["update"]), metrics, final, None, interventions)


def finished(stores: Iterable[RunStore], wanted: Callable[[RunStore], bool]) -> Iterator[SavedRun]:
    """The wanted runs that ended as they were begun: done, and not changed while they went on. Damaged ones are passed
    over: gradlab runs tells of them. wanted: asked before a run is read; it may raise what read() raises."""
    for store in stores:
        try:
            record = read(store) if wanted(store) else None
        except (LabError, PresetError):
            continue
        if record and record.state == "done" and not record.interventions:
            yield record


def labels(stores: Sequence[RunStore]) -> list[str]:
    """What tells runs apart in a legend, and finds them again: the names without the time, as far as that will do."""
    short = [TIME.sub("", store.path.name) for store in stores]
    return short if len(set(short)) == len(short) else [store.path.name for store in stores]


def distinct(stores: Sequence[RunStore]) -> None:
    """Raise LabError if a run is given twice."""
    seen = set()
    for store in stores:
        if store.path.resolve() in seen:
            raise LabError(f"{store.path} is given twice")
        seen.add(store.path.resolve())


def value_text(value: Any) -> str:
    """A setting as it is written in TOML and after -s, text without its quotes; a dash for one that does not apply."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {value_text(inner)}' for name, inner in value.items())}}}"
    return value if isinstance(value, str) else tomlkit.item(value).as_string()
