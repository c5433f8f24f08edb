"""A preset as a training loop is told it: data as rows of numbers, a start, settings; whole, or small to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from core.types import Array, Labels
from data.dataset import Dataset
from lab.errors import LabError
from presets.build import build, build_schedule
from presets.schema import Preset, StepSchedule, TriangularSchedule

BATCHES, EPOCHS = 4, 3  # of the small training
ALONE = 6  # epochs of that with a single batch
OTHERS = 150  # validation and test examples of it
SCHEDULED = ("eta_min", "n_s")  # an argument for one of these means that the code changes eta itself


# What the arguments of a training may ask for; what a preset has not is missing. etas: of every update, and beyond.
Settings = TypedDict(
    "Settings",
    {
        "eta": float,
        "eta_min": float,
        "eta_max": float,
        "etas": list[float],
        "n_s": int,
        "cycles": int,
        "epochs": int,
        "updates": int,
        "batch": int,
        "lambda": float,
        "factor": float,
        "every": int,
        "rho": float,
        "weight_decay": float,
        "batch_norm": bool,
        "optimiser": str,
    },
    total=False,
)


@dataclass(frozen=True)
class LoopPlan:
    """preset: the one that is compared with, its length and schedule made to fit; parts: name -> x (n, d), y (n,);
    start: W1 (d, m), b1 (m,) ...; settings: see lab/check/worker/course.py; etas: of every update."""

    preset: Preset
    parts: Mapping[str, tuple[Array, Labels]]
    sizes: tuple[int, ...]
    start: Mapping[str, Array]
    settings: Settings
    etas: Sequence[float]
    per_epoch: int

    @property
    def batch(self) -> int:
        """Examples of a batch."""
        return self.preset.training.batch

    @property
    def updates(self) -> int:
        """Of the whole training."""
        return len(self.etas)

    def arrays(self) -> dict[str, Array]:
        """What goes to the process of the file."""
        data = {f"{name}/{letter}": a for name, (x, y) in self.parts.items() for letter, a in (("x", x), ("y", y))}
        return data | {f"start/{name}": value for name, value in self.start.items()}


def whole(preset: Preset, dataset: Dataset) -> LoopPlan:
    """The preset as it is. Raises LabError for a network that is not dense."""
    parts = {
        name: (_rows(part.x), np.asarray(part.y))
        for name, part in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
        if part is not None and len(part.y)
    }
    return _plan(preset, dataset, parts)


def small(preset: Preset, dataset: Dataset) -> LoopPlan:
    """A few epochs of a few batches. The rest of the training set that fills no batch stays; a cyclical learning rate
    runs through its cycles."""
    batch = preset.training.batch
    return _short(preset, dataset, BATCHES * batch + len(dataset.train.y) % batch, EPOCHS)


def one_batch(preset: Preset, dataset: Dataset) -> LoopPlan:
    """The same where only the parameters before and after are seen: some epochs of a single batch."""
    return _short(preset, dataset, preset.training.batch, ALONE)


def _short(preset: Preset, dataset: Dataset, most: int, epochs: int) -> LoopPlan:
    training = preset.training
    n = min(most, len(dataset.train.y))
    updates = epochs * (n // training.batch)
    changes: dict[str, Any] = {
        "training": training.model_copy(update={"epochs": epochs, "updates": None, "cycles": None})
    }
    schedule = preset.schedule
    if isinstance(schedule, TriangularSchedule):
        cycles = min(training.cycles or 1, 2)
        changes["schedule"] = schedule.model_copy(update={"n_s": updates // (2 * cycles)})
    if isinstance(schedule, StepSchedule):
        changes["schedule"] = schedule.model_copy(update={"every": n // training.batch})
    parts = {}
    for name, part, count in (
        ("train", dataset.train, n),
        ("validation", dataset.validation, OTHERS),
        ("test", dataset.test, OTHERS),
    ):
        if part is not None and len(part.y):
            parts[name] = (_rows(part.x[:count]), np.asarray(part.y[:count]))
    return _plan(preset.model_copy(update=changes), dataset, parts)


def _plan(preset: Preset, dataset: Dataset, parts: Mapping[str, tuple[Array, Labels]]) -> LoopPlan:
    if preset.network.convolutions:
        raise LabError(f"{preset.name} has convolutions: a loop of your own can be compared where all layers are dense")
    if preset.network.dropout:
        raise LabError(
            f"network.dropout = {preset.network.dropout:g}: no two codes draw the same masks: compare with 0"
        )
    sizes = (parts["train"][0].shape[1], *preset.network.hidden, len(dataset.classes))
    per_epoch = max(1, len(parts["train"][1]) // preset.training.batch)
    network = build(preset, dataset).network
    updates = _updates(preset, per_epoch)
    schedule = build_schedule(preset.schedule, preset.optimiser.eta, updates)
    etas = [schedule(t) for t in range(updates)]
    longer = [schedule(t) for t in range(4 * updates)]
    start = {name: tensor.value.astype(np.float64) for name, tensor in network.tensors.items()}
    return LoopPlan(preset, parts, sizes, start, _settings(preset, etas, longer, per_epoch), etas, per_epoch)


def _updates(preset: Preset, per_epoch: int) -> int:
    training, schedule = preset.training, preset.schedule
    if training.cycles is not None and isinstance(schedule, TriangularSchedule):
        return 2 * schedule.n_s * training.cycles
    return training.updates or (training.epochs or 1) * per_epoch


def _settings(preset: Preset, etas: Sequence[float], longer: Sequence[float], per_epoch: int) -> Settings:
    optimiser, schedule = preset.optimiser, preset.schedule
    settings: Settings = {
        "eta": optimiser.eta,
        "epochs": -(-len(etas) // per_epoch),
        "updates": len(etas),
        "etas": list(longer),
        "batch": preset.training.batch,
        "lambda": preset.loss.lambda_,
        "weight_decay": optimiser.weight_decay,
        "batch_norm": preset.network.batch_norm,
        "optimiser": {"moving-average": "momentum"}.get(optimiser.kind, optimiser.kind),
    }
    rho = getattr(optimiser, "rho", getattr(optimiser, "mu", None))
    if rho is not None:
        settings["rho"] = rho
    if isinstance(schedule, TriangularSchedule):
        settings["eta_min"], settings["eta_max"], settings["n_s"] = schedule.eta_min, optimiser.eta, schedule.n_s
        settings["cycles"] = -(-len(etas) // (2 * schedule.n_s))
    if isinstance(schedule, StepSchedule):
        settings["factor"], settings["every"] = schedule.factor, max(1, schedule.every // per_epoch)
    return settings


def _rows(x: Array) -> Array:
    return np.ascontiguousarray(x.reshape(len(x), -1), dtype=np.float64)
