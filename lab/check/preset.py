"""The gradient check of a preset's network."""

from dataclasses import replace
from itertools import islice

from core.blas import one_thread
from core.gradcheck.check import GradientReport, Progress, Settings, check
from core.trainer import DivergedError
from data.dataset import Dataset
from lab.errors import LabError
from presets.build import build, load_data
from presets.schema import Preset

EXAMPLES = 20  # of a batch that is checked, if nobody says otherwise


def check_preset(
    preset: Preset, settings: Settings, examples: int = EXAMPLES, updates: int = 0, progress: Progress | None = None
) -> GradientReport:
    """Check a preset's network on the first training examples of the embedded data, penalty included.

    `updates`: train that many first, as a network at its start can hide what is wrong. Raises DataError, PresetError,
    and LabError if there are too few examples or updates, or if the training diverges.
    """
    dataset = embedded(preset)
    part = dataset.train
    if examples > len(part):
        raise LabError(f"--examples {examples}: there are {len(part):,} training examples in {dataset.label}")
    trainer = build(preset, dataset)
    if updates > trainer.updates:
        raise LabError(f"--updates {updates}: {preset.name} trains for {trainer.updates:,}")
    trainer.monitored = {}
    with one_thread():
        try:
            for _ in islice(trainer.run(), updates + 1):  # the first is update 0
                pass
        except DivergedError as error:
            raise LabError(f"--updates {updates}: {error}") from None
        x, y = part.x[:examples], part.y[:examples]
        report = check(trainer.objective, x, y, settings, progress, preset.name)
    when = f"after {updates:,} updates" if updates else "at initialisation"
    return replace(report, notes=(f"{examples} examples of {dataset.label}, {when}", *report.notes))


def embedded(preset: Preset) -> Dataset:
    """The embedded part: a check asks for a few examples, and reading all data takes longer than the check."""
    return load_data(preset, "mini")
