"""The network of a saved run, looked at once more: what its files do not hold is computed from its checkpoint."""

from typing import NamedTuple

import numpy as np

from core.blas import one_thread
from core.health import LayerHealth, layer_health
from core.metrics import confusion_matrix
from core.types import Array
from data.errors import DataError
from lab.errors import LabError
from lab.reading.facts import EXAMPLES
from lab.runs.pictures import Picture, weight_pictures
from lab.runs.run import Make, Run, of_preset, restored
from lab.runs.store import RunStore
from presets.errors import PresetError


class Seen(NamedTuple):
    """health: of every layer, its gradient that of the next batch of training examples; counts: guesses at the part
    `part`, a row for each true class; update: at which the network is seen."""

    update: int
    health: list[LayerHealth]
    part: str
    classes: tuple[str, ...]
    counts: Array
    pictures: dict[str, list[Picture]]


def look_again(store: RunStore, cores: int, make: Make = of_preset) -> Seen:
    """What the last checkpoint of a run shows; make: gives the run at update 0. Raises LabError, with the reason, where
    it shows nothing."""
    try:
        run = restored(store, cores, make)
    except (DataError, PresetError) as error:
        raise LabError(f"its data or its preset cannot be loaded: {error}") from None
    try:
        return _seen(run)
    finally:
        run.end()


def _seen(run: Run) -> Seen:
    network, (part, judged) = run.trainer.network, run.dataset.judge
    if not np.isfinite(network.theta).all():
        raise LabError("it diverged: its last weights are not finite")
    x, _ = run.trainer.monitored["validation"]
    with one_thread():
        run.trainer.objective.gradient(*next(iter(run.trainer.batches)))
        health = layer_health(network, x[:EXAMPLES])
        guesses = run.trainer.objective.logits(judged.x).argmax(axis=1)
    classes = run.dataset.classes
    counts = confusion_matrix(judged.y, guesses, len(classes))
    return Seen(run.trainer.update, health, part, classes, counts, weight_pictures(network, classes))
