"""The learning-rate range test: eta grows from update to update, and the loss of the batches tells which are of use.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), arXiv:1506.01186, section 3.3. There eta
grows linearly and the bounds are read from the plot by eye: eta_min where the accuracy begins to rise, eta_max where it
slows, becomes ragged or falls. Here eta grows by the same factor at each update, so that every decade gets as many
updates, and the bounds follow from the smoothed loss: eta_min, where a tenth of its fall is behind it; eta_max, where
nine tenths are.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import fmean
from typing import TypedDict

from core.blas import one_thread
from core.helper.process import helped
from core.trainer import DivergedError, Trainer
from data.dataset import Dataset
from data.sources import Variant
from lab.errors import LabError
from lab.training.code_run import trainer_of
from presets.build import build, load_data
from presets.schema import Preset, TriangularSchedule

LOW, HIGH = 1e-5, 10.0  # eta at the first and at the last update
LEAST = 100  # updates, where an epoch has fewer
KEEP = 0.9  # of the smoothed loss at each update
RISEN = 2.0  # x the loss at the start: the test ends, as all that comes diverges
FLAT = 1e-4  # eta: below it the loss stays what it is at the start
BEGUN, SLOWED = 0.1, 0.9  # shares of the fall of the smoothed loss
LEARNT = 0.05  # x the loss at the start: a smaller fall is none
SOURCE = "Smith 2015, arXiv:1506.01186, section 3.3"


class LrRangeDocument(TypedDict):
    """What `gradlab search PRESET --lr-range --json` prints. eta, loss, smoothed: a value for each update made."""

    preset: str
    data: str  # label, with the counts
    variant: Variant
    seed: int
    updates: int  # planned
    eta: list[float]
    loss: list[float]  # of the batch, before the update
    smoothed: list[float]
    diverged_at: int | None  # update whose loss was not finite
    eta_min: float | None  # None where the loss did not fall
    eta_max: float | None
    rule: str
    source: str
    seconds: float


RULE = (
    f"eta_min: where the smoothed loss has made {BEGUN:.0%} of its fall; eta_max: where it has made {SLOWED:.0%} of it"
)


Make = Callable[[Preset, Dataset, int], AbstractContextManager[Trainer]]  # the int: threads


@contextmanager
def of_preset(preset: Preset, dataset: Dataset, threads: int) -> Iterator[Trainer]:
    """The trainer of a preset's own network."""
    yield build(preset, dataset)


@contextmanager
def of_code(file: Path, name: str, preset: Preset, dataset: Dataset, threads: int) -> Iterator[Trainer]:
    """The trainer of NAME in a student's file, whose process ends with the block. Raises LabError, PresetError."""
    if not file.is_file():
        raise LabError(f"there is no file {file}")
    trainer = trainer_of(file.resolve(), name, preset, dataset, threads)
    trainer.agreement.leave_out()  # that is up to a run
    try:
        yield trainer
    finally:
        trainer.code.end()


@dataclass
class LrRange:
    """A range test. run() makes it, and stop() ends it early; its values may be read meanwhile. make: gives what is
    trained."""

    preset: Preset
    dataset: Dataset
    updates: int
    make: Make = of_preset
    etas: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)
    diverged_at: int | None = None
    seconds: float = 0.0
    stopped: bool = False
    _trainer: Trainer | None = None

    def run(self, cores: int, watch: Callable[[], None] = lambda: None) -> LrRangeDocument:
        """Train; `watch` is called after each update."""
        began = time.perf_counter()
        with self.make(self.preset, self.dataset, cores) as trainer, one_thread(), helped(trainer, cores):
            self._trainer = trainer
            trainer.updates, trainer.evaluate_every, trainer.monitored = self.updates, self.updates + 1, {}
            factor = (HIGH / LOW) ** (1 / max(self.updates - 1, 1))
            trainer.schedule = lambda update: LOW * factor**update
            if self.stopped:
                trainer.stop()
            self._train(trainer, watch)
        self.seconds = time.perf_counter() - began
        return self.document()

    def _train(self, trainer: Trainer, watch: Callable[[], None]) -> None:
        average = 0.0
        try:
            for snapshot in trainer.run():
                if snapshot.update == 0:
                    continue
                average = KEEP * average + (1 - KEEP) * snapshot.batch_loss
                self.etas.append(snapshot.eta)
                self.losses.append(snapshot.batch_loss)
                self.smoothed.append(average / (1 - KEEP ** len(self.losses)))
                watch()
                if self.smoothed[-1] > RISEN * self.smoothed[0]:
                    break
        except DivergedError as error:
            self.diverged_at = error.update

    def stop(self) -> None:
        """End before the next update."""
        self.stopped = True
        if self._trainer:
            self._trainer.stop()

    def made(self) -> int | None:
        """How many updates were made; None before the first can be."""
        return self._trainer.update if self._trainer else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """eta_min and eta_max of a cyclical schedule; None where the loss did not fall."""
        return bounds(self.etas, self.smoothed)

    def document(self) -> LrRangeDocument:
        """All of it."""
        low, high = self.bounds or (None, None)
        return {
            "preset": self.preset.name,
            "data": self.dataset.label,
            "variant": self.dataset.variant,
            "seed": self.preset.seed,
            "updates": self.updates,
            "eta": self.etas,
            "loss": self.losses,
            "smoothed": self.smoothed,
            "diverged_at": self.diverged_at,
            "eta_min": low,
            "eta_max": high,
            "rule": RULE,
            "source": SOURCE,
            "seconds": round(self.seconds, 3),
        }


def begin(preset: Preset, variant: str, updates: int | None = None, make: Make = of_preset) -> LrRange:
    """A range test over one epoch, or over that many updates. Raises DataError, PresetError, LabError."""
    if updates is not None and updates < 2:
        raise LabError(f"--updates {updates}: eta grows from one update to the next: give at least 2")
    dataset = load_data(preset, variant)
    epoch = ceil(len(dataset.train) / preset.training.batch)
    return LrRange(preset, dataset, updates or max(epoch, LEAST), make)


def bounds(etas: Sequence[float], smoothed: Sequence[float]) -> tuple[float, float] | None:
    """Where the smoothed loss has made the first tenth of its fall for good, and where it has made nine tenths of it.

    It falls from what it is on average while eta is below FLAT, too small to matter, to its lowest value.
    """
    before = [loss for eta, loss in zip(etas, smoothed, strict=True) if eta < FLAT]
    if not before or len(before) == len(etas):
        return None
    start, lowest = fmean(before), min(range(len(smoothed)), key=smoothed.__getitem__)
    fall = start - smoothed[lowest]
    if fall < LEARNT * start:
        return None
    way = smoothed[: lowest + 1]
    begun = max((k + 1 for k, loss in enumerate(way) if loss > start - BEGUN * fall), default=0)
    slowed = next(k for k, loss in enumerate(way) if loss <= start - SLOWED * fall)
    return (_round(etas[begun]), _round(etas[slowed])) if begun < slowed else None


def _round(eta: float) -> float:
    """Two digits: the test knows no more."""
    return float(f"{eta:.1e}")


def train_with(preset: Preset, low: float, high: float) -> list[str]:
    """The changes to a preset that train it between the bounds."""
    cyclical = isinstance(preset.schedule, TriangularSchedule)
    return [f"eta={high:g}", *([f"eta_min={low:g}"] if cyclical else [])]
