"""From a preset and its data to core objects. This file and network.py map names in TOML to classes of the core."""

from collections.abc import Callable

import numpy as np

from core import optimisers, sampling, schedules
from core.batches import Batches
from core.ensemble import EnsembleLoss
from core.halves import HalvedObjective
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.shards import ShardedObjective
from core.streams import stream
from core.trainer import Trainer
from core.types import Array, Labels
from data import images, surnames
from data.dataset import Dataset
from data.normalise import Keep, in_memory
from data.sources import IMAGE_SETS
from presets import schema
from presets.errors import PresetError
from presets.network import build_network

OPTIMISERS: dict[str, type[optimisers.Optimiser]] = {
    "sgd": optimisers.SGD,
    "momentum": optimisers.Momentum,
    "moving-average": optimisers.MovingAverage,
    "nesterov": optimisers.Nesterov,
    "adagrad": optimisers.AdaGrad,
    "adam": optimisers.Adam,
}

# The sampler, and the exponent e for which it draws a class of n examples in proportion to n ** e.
SAMPLERS: dict[str, tuple[Callable[[Labels], sampling.Sampler], float]] = {
    "plain": (sampling.plain, 1.0),
    "square-root": (sampling.square_root, 0.5),
    "balanced": (sampling.balanced, 0.0),
    "weighted": (sampling.weighted, 0.0),
}


def load_data(preset: schema.Preset, variant: str, keep: Keep = in_memory) -> Dataset:
    """The data of a preset. `variant` is 'auto', 'mini' or 'full' for images; all surnames are always there.

    `keep` makes the arrays that hold the images. Raises DataError.
    """
    data = preset.data
    if data.set in IMAGE_SETS:
        return images.load(data.set, variant, data.split, data.normalise, keep)
    return surnames.load(data.split, data.dedupe, stream(preset.seed, "split"))


def build(preset: schema.Preset, dataset: Dataset) -> Trainer:
    """A trainer at update 0, with an initialised network, batches, optimiser and schedule.

    Raises PresetError if preset and data do not fit, for example if a batch is larger than the training set.
    """
    dropout = stream(preset.seed, "dropout")
    train = dataset.train
    network = build_network(preset.network, train.x.shape[1:], len(dataset.classes), dropout, dataset.symbols)
    _initialise(network, preset)
    batches = build_batches(preset, train.x, train.y)
    updates = count_updates(preset, batches.per_epoch)
    return Trainer(
        build_objective(network, batches.size, preset.loss.lambda_, build_loss(preset, train.y, len(dataset.classes))),
        batches,
        build_optimiser(preset.optimiser),
        build_schedule(preset.schedule, preset.optimiser.eta, updates),
        updates,
        preset.training.evaluate_every,
        monitored={"train": (train.x, train.y), "validation": (dataset.validation.x, dataset.validation.y)},
        generators={"dropout": dropout},
    )


def build_loss(preset: schema.Preset, y: Labels, classes: int) -> SoftmaxCrossEntropy:
    """The loss that training minimises, for training labels y (n,)."""
    _, exponent = SAMPLERS[preset.training.sampling]
    shares = sampling.shares(y, classes, exponent) if preset.loss.logit_adjustment else None
    kind = SoftmaxCrossEntropy if preset.network.members == 1 else EnsembleLoss
    return kind(preset.loss.label_smoothing, shares)


def build_objective(network: Network, batch: int, lambda_: float, loss: SoftmaxCrossEntropy) -> Objective:
    """The objective for batches of this size: in two parts where that pays."""
    kinds = (kind for kind in (ShardedObjective, HalvedObjective) if kind.pays(network, batch))
    return next(kinds, Objective)(network, lambda_, loss)


def build_batches(preset: schema.Preset, x: Array, y: Labels) -> Batches:
    """The batches of a run: rows of x (n, ...) with their labels. The seed decides the order, whatever x holds.

    Raises PresetError if a batch is larger than the training set.
    """
    size, (sampler, _) = preset.training.batch, SAMPLERS[preset.training.sampling]
    try:
        return Batches(x, y, size, stream(preset.seed, "order"), sampler(y))
    except ValueError as error:
        raise PresetError(f"{preset.name}: training.batch = {size}: {error}") from None


def _initialise(network: Network, preset: schema.Preset) -> None:
    """Draw the initial weights. Raises PresetError if some are too large for a number."""
    with np.errstate(over="ignore"):
        network.initialise(stream(preset.seed, "init"))
    if not np.isfinite(network.theta).all():
        spread = preset.network.sigma
        raise PresetError(
            f"{preset.name}: network.sigma = {spread}: not every initial weight is finite: give a smaller one"
        )


def build_optimiser(spec: schema.Optimiser) -> optimisers.Optimiser:
    """The optimiser of that kind. Its settings have the same names in the schema and in the core."""
    settings = spec.model_dump(exclude={"eta", "kind"})
    return OPTIMISERS[spec.kind](**settings)


def build_schedule(spec: schema.Schedule, eta: float, updates: int) -> Callable[[int], float]:
    """The schedule of a run of `updates` updates. Its largest learning rate is eta."""
    match spec:
        case schema.ConstantSchedule():
            return schedules.Constant(eta)
        case schema.StepSchedule():
            return schedules.StepDecay(eta, spec.factor, spec.every)
        case schema.TriangularSchedule():
            return schedules.Triangular(spec.eta_min, eta, spec.n_s)
        case schema.CosineSchedule():
            return schedules.Cosine(eta, spec.eta_min, updates)
        case schema.LinearSchedule():
            return schedules.Linear(eta, spec.eta_min, updates)


def count_updates(preset: schema.Preset, per_epoch: int) -> int:
    """The length of a run in updates, with `per_epoch` updates per epoch."""
    training, schedule = preset.training, preset.schedule
    if training.cycles is not None and isinstance(schedule, schema.TriangularSchedule):
        return 2 * schedule.n_s * training.cycles
    if training.epochs is not None:
        return training.epochs * per_epoch
    assert training.updates is not None, "the schema requires one length"
    return training.updates
