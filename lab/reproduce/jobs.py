"""The jobs needed to measure a value: presets to train, and measurements without training."""

from dataclasses import dataclass

from lab.search.search import trials_of
from presets.load import load, with_values
from presets.schema import Preset

NEVER = 10**9


@dataclass(frozen=True)
class TrainingJob:
    """A preset to train with each seed, or with `trials` every trial of its search. `name` becomes its folder."""

    name: str
    preset: str
    changes: tuple[str, ...] = ()
    trials: bool = False

    def presets(self, seed: int) -> list[Preset]:
        """What to train. Only the end counts, so there are no evaluations during the training."""
        preset = load(self.preset, [*self.changes, f"seed={seed}", f"evaluate_every={NEVER}"])
        return trials_of(preset)[1] if self.trials else [with_values(preset, {}, preset.name)]


@dataclass(frozen=True)
class MeasurementJob:
    """Something that lab.reproduce.experiments measures under this name. `alone`: it measures time, so nothing else may
    run beside it."""

    name: str
    alone: bool = False


Job = TrainingJob | MeasurementJob
