"""What a log is drawn against: saved runs of a preset, or the number that its report gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.drawing.figure import Point, Range
from lab.errors import LabError
from lab.runs.saved import SavedRun, read
from lab.runs.seeds import Setting, by_setting, mean_and_band
from lab.runs.store import all_runs
from lab.watch.columns import Measure, Split
from lab.watch.series import X
from presets.errors import PresetError
from presets.load import load
from presets.schema import Preset


@dataclass(frozen=True)
class Like:
    """A preset to compare with. setting: its saved runs, None if there are none; reported: by split and measure, as in
    "test.accuracy"."""

    preset: Preset
    setting: Setting | None
    reported: dict[str, float]

    @property
    def source(self) -> str:
        """Where its curves come from, in words."""
        name = self.preset.name
        if self.setting is None:
            return f"{name}: no finished run of it is saved" + ("; its report gives a number" if self.reported else "")
        first, *more = self.setting.records
        data = "" if first.variant == "full" else f" on the embedded part of {first.preset.data.set}"
        if more:
            return f"{name}: mean and range of {len(more) + 1} saved runs{data}"
        return f"{name}: saved run {first.store.path.name}{data}"

    def curve(self, measure: Measure, split: Split | None, x: X) -> tuple[list[Point], list[Range]]:
        """Its mean and range over the x of a log; ([], []) where it has none. A loss whose split is not told is
        taken for that of the training."""
        if self.setting is None or split == "test" or x.kind == "row":
            return [], []
        mean, band = mean_and_band(self.setting, f"{split or 'train'}_{measure}")
        if x.kind != "epoch":
            return mean, band
        epochs = {row["update"]: row["epoch"] for row in self.setting.records[0].metrics}
        return [(epochs[at], y) for at, y in mean], [(epochs[at], low, high) for at, low, high in band]


def like(name: str, runs: Path) -> Like:
    """The preset of that name, with the saved runs of it in `runs`: those on all the data before those on
    the embedded part, many seeds before few, new before old. Raises PresetError."""
    preset = load(name)
    settings = by_setting(_runs_of(preset, runs))
    full = [setting for setting in settings if setting.records[0].variant == "full"]
    best = max(reversed(full or settings), key=lambda setting: len(setting.records), default=None)
    return Like(preset, best, dict(preset.reference.reported) if preset.reference else {})


def _runs_of(preset: Preset, runs: Path) -> Sequence[SavedRun]:
    """The finished runs of a preset as it stands, whatever their seed."""
    records = []
    for store in all_runs(runs):
        try:
            own = store.preset()
            if own.name != preset.name or own.model_copy(update={"seed": preset.seed}) != preset:
                continue
            record = read(store)
        except (LabError, PresetError):
            continue  # damaged: gradlab runs says so
        if record.state == "done" and not record.interventions:
            records.append(record)
    return records
