"""What a log is drawn against: the curves that come with Gradlab for a preset, or saved runs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.drawing.figure import Point, Range
from lab.expected.curves import MEASURES, Expected, expected
from lab.runs.saved import SavedRun, finished
from lab.runs.seeds import Setting, by_setting, mean_and_band, same_but_for_the_seed
from lab.runs.store import all_runs
from lab.watch.columns import Measure, Split
from lab.watch.series import X
from presets.load import load
from presets.schema import Preset

Means = tuple[list[Point], list[Range]]  # a mean over the update, and the range around it


@dataclass(frozen=True)
class Like:
    """A preset to compare with. source: where its curves come from, in words; means: by names as in "train_loss", {} if
    there are none; epochs: of the updates; runs: the saved runs behind the curves."""

    preset: Preset
    source: str
    means: Mapping[str, Means]
    epochs: Mapping[float, float]
    runs: Sequence[SavedRun]

    @property
    def reported(self) -> dict[str, float]:
        """What its report reports, by split and measure, as in "test.accuracy"."""
        return dict(self.preset.reference.reported) if self.preset.reference else {}

    def curve(self, measure: Measure, split: Split | None, x: X) -> Means:
        """Its mean and range over the x of a log; ([], []) where it has none. A loss whose split is not told is
        taken for that of the training."""
        mean, band = self.means.get(f"{split or 'train'}_{measure}", ([], []))
        if x.kind == "row":
            return [], []
        if x.kind != "epoch":
            return mean, band
        return [(self.epochs[at], y) for at, y in mean], [(self.epochs[at], low, high) for at, low, high in band]


def like(name: str, runs: Path) -> Like:
    """The preset of that name, with the curves that come with Gradlab, or else with the saved runs of it in `runs`:
    those on all the data before those on the embedded part, many seeds before few, new before old. Raises PresetError.
    """
    preset = load(name)
    if shipped := expected(preset.name):
        return _shipped(preset, shipped)
    settings = by_setting(_runs_of(preset, runs))
    full = [setting for setting in settings if setting.records[0].variant == "full"]
    best = max(reversed(full or settings), key=lambda setting: len(setting.records), default=None)
    if best:
        return _saved(preset, best)
    number = "; its report gives a number" if preset.reference and preset.reference.reported else ""
    return Like(preset, f"{preset.name}: no finished run of it is saved{number}", {}, {}, ())


def _shipped(preset: Preset, shipped: Expected) -> Like:
    means = {name: shipped.curve(name) for name in MEASURES}
    what = "mean and standard deviation of" if shipped.seeds > 1 else "measured with"
    seeds = f"{shipped.seeds} seeds" if shipped.seeds > 1 else "1 seed"
    source = f"{preset.name}: {what} {seeds} on the full data, as shipped with Gradlab"
    return Like(preset, source, means, {moment.update: moment.epoch for moment in shipped.moments}, ())


def _saved(preset: Preset, setting: Setting) -> Like:
    first, *more = setting.records
    data = "" if first.variant == "full" else f" on the embedded part of {first.preset.data.set}"
    what = f"mean and range of {len(more) + 1} saved runs" if more else f"saved run {first.store.path.name}"
    names = [name for name in first.metrics[0] if name not in ("update", "epoch", "eta")]
    means = {name: mean_and_band(setting, name) for name in names}
    epochs = {row["update"]: row["epoch"] for row in first.metrics}
    return Like(preset, f"{preset.name}: {what}{data}", means, epochs, setting.records)


def _runs_of(preset: Preset, runs: Path) -> Sequence[SavedRun]:
    """The finished runs of a preset as it stands, whatever their seed."""
    return list(finished(all_runs(runs), lambda store: same_but_for_the_seed(store.preset(), preset)))
