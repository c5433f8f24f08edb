"""What is read: the curves of a run, its settings, and what its network looked like at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.health import LayerHealth, layer_health
from core.metrics import confusion_matrix
from core.trainer import Trainer
from core.types import Array
from data.dataset import Dataset
from data.sources import SETS, Variant
from presets.schema import Preset

EXAMPLES = 500  # that units are looked at with


@dataclass(frozen=True)
class Facts:
    """A run as it is read. Only preset and metrics are always there: a run that was killed has no more.

    metrics: rows of metrics.csv, oldest first; diverged_at: the update at which the loss was not
    finite; counts: training examples of each class; examples: in the validation part; health: of every layer at the
    end, its gradient that of the last update; confusion: of the part that judges, a row for each true class; variant:
    whether all of the data were there; progress: the share of the updates that are made, 1 when the run has ended;
    eta: the learning rate of the update at which the loss was not finite.
    """

    preset: Preset
    metrics: Sequence[Mapping[str, float]]
    diverged_at: int | None = None
    counts: Sequence[int] = ()
    examples: int | None = None
    health: Sequence[LayerHealth] = ()
    confusion: Sequence[Sequence[int]] | None = None
    variant: Variant | None = None
    progress: float = 1.0
    eta: float | None = None

    @property
    def ended(self) -> bool:
        """Is nothing more to come?"""
        return self.progress == 1

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in their order."""
        return SETS[self.preset.data.set].classes


def facts_of(
    preset: Preset,
    dataset: Dataset,
    trainer: Trainer,
    metrics: Sequence[Mapping[str, float]],
    diverged_at: int | None,
    confusion: Array | None = None,
) -> Facts:
    """The facts of a run whose trainer is at hand. confusion: computed here if it is not given."""
    if diverged_at is not None:  # what its network does is no result
        return Facts(preset, metrics, diverged_at, _counts(dataset), len(dataset.validation), eta=trainer.eta)
    if confusion is None:
        _, part = dataset.judge
        guesses = trainer.objective.logits(part.x).argmax(axis=1)
        confusion = confusion_matrix(part.y, guesses, len(dataset.classes))
    facts = facts_so_far(preset, dataset, trainer, metrics)
    return replace(facts, confusion=confusion.tolist(), progress=1.0)


def facts_so_far(preset: Preset, dataset: Dataset, trainer: Trainer, metrics: Sequence[Mapping[str, float]]) -> Facts:
    """The facts of a run that goes on. What its network guesses is left to its end: that takes as long as an
    evaluation."""
    with np.errstate(all="ignore"):  # weights that are about to overflow
        health = layer_health(trainer.network, dataset.validation.x[:EXAMPLES]) if trainer.update else []
    counts, examples, progress = _counts(dataset), len(dataset.validation), trainer.update / trainer.updates
    return Facts(preset, metrics, None, counts, examples, health, None, dataset.variant, progress)


def _counts(dataset: Dataset) -> list[int]:
    """Training examples of each class."""
    return [int(count) for count in np.bincount(dataset.train.y, minlength=len(dataset.classes))]
