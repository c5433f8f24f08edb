"""From a preset and its data to core objects: the one place where a name in TOML meets a class of the core."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from core import initialisers, optimisers, sampling, schedules
from core.batches import Batches
from core.convolution import Conv2D, MaxPool
from core.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU
from core.network import Network
from core.objective import Objective
from core.sequences import CharacterConv, Conv1D, MaxOverTime
from core.streams import stream
from core.trainer import Trainer
from core.types import Labels, Shape
from data import images, surnames
from data.dataset import Dataset
from presets import schema
from presets.errors import PresetError

OPTIMISERS: dict[str, type[optimisers.Optimiser]] = {
    "sgd": optimisers.SGD,
    "momentum": optimisers.Momentum,
    "moving-average": optimisers.MovingAverage,
    "nesterov": optimisers.Nesterov,
    "adagrad": optimisers.AdaGrad,
    "adam": optimisers.Adam,
}

SAMPLERS: dict[str, Callable[[Labels], sampling.Sampler]] = {
    "plain": sampling.plain,
    "balanced": sampling.balanced,
    "weighted": sampling.weighted,
}


def load_data(preset: schema.Preset, variant: str) -> Dataset:
    """The data a preset asks for: of images 'auto', 'mini' or 'full'; the surnames are always all there.

    Raises DataError.
    """
    data = preset.data
    if data.set == "surnames":
        return surnames.load(data.split, data.dedupe, stream(preset.seed, "split"))
    return images.load(data.set, variant, data.split, data.normalise)


def build(preset: schema.Preset, dataset: Dataset) -> Trainer:
    """A trainer at update 0: network drawn, batches, optimiser and schedule in place.

    Raises PresetError when preset and data do not fit (a batch larger than the training part).
    """
    dropout = stream(preset.seed, "dropout")
    train = dataset.train
    network = build_network(preset.network, train.x.shape[1:], len(dataset.classes), dropout, dataset.symbols)
    network.initialise(stream(preset.seed, "init"))
    size, sampler = preset.training.batch, SAMPLERS[preset.training.sampling](train.y)
    try:
        batches = Batches(train.x, train.y, size, stream(preset.seed, "order"), sampler)
    except ValueError as error:
        raise PresetError(f"{preset.name}: training.batch = {size}: {error}") from None
    updates = count_updates(preset, batches.per_epoch)
    return Trainer(
        Objective(network, preset.loss.lambda_),
        batches,
        build_optimiser(preset.optimiser),
        build_schedule(preset.schedule, preset.optimiser.eta, updates),
        updates,
        preset.training.evaluate_every,
        monitored={"train": (train.x, train.y), "validation": (dataset.validation.x, dataset.validation.y)},
        generators={"dropout": dropout},
    )


def build_network(
    spec: schema.Network,
    input_shape: Shape,
    classes: int,
    dropout: np.random.Generator,
    symbols: int | None = None,
) -> Network:
    """Convolutions with ReLU and pooling, then dense layers, each hidden one followed by batch normalisation (if any),
    ReLU and dropout (if any).

    float32, its parameters not yet drawn; `dropout` is the stream its masks come from; `symbols`: inputs are indices
    into an alphabet of so many. Raises PresetError if the inputs are too small for the convolutions.
    """
    initialiser = build_initialiser(spec)
    layers = _image_layers(spec, initialiser) if symbols is None else _name_layers(spec, initialiser, symbols)
    layers.append(Flatten())
    if spec.pool_over_time and spec.dropout:
        layers.append(Dropout(spec.dropout, dropout))
    for units in spec.hidden:
        layers.append(Dense(units, initialiser, spec.bias))
        if spec.batch_norm:
            layers.append(BatchNorm())
        layers.append(ReLU())
        if spec.dropout:
            layers.append(Dropout(spec.dropout, dropout))
    layers.append(Dense(classes, initialiser, spec.bias))
    try:
        return Network(layers, input_shape)
    except ValueError as error:
        raise PresetError(f"network.convolutions: {error}") from None


def _image_layers(spec: schema.Network, initialiser: initialisers.Initialiser) -> list[Layer]:
    scaled = initialisers.Scaled(initialiser, spec.convolution_scale)
    if spec.pool_over_time:
        raise PresetError("network.pool_over_time is for surnames; images have a pool in each of network.convolutions")
    layers: list[Layer] = []
    for convolution in spec.convolutions:
        size = _one_size(convolution)
        layers += [Conv2D(convolution.filters, size, initialiser=scaled, bias=spec.bias), ReLU()]
        if convolution.pool > 1:
            layers.append(MaxPool(convolution.pool))
    return layers


def _name_layers(spec: schema.Network, initialiser: initialisers.Initialiser, symbols: int) -> list[Layer]:
    if not spec.convolutions:
        raise PresetError("network.convolutions: characters are read by a convolution; give at least one")
    if any(convolution.pool > 1 for convolution in spec.convolutions):
        raise PresetError("network.convolutions: pool is for images; surnames have network.pool_over_time")
    scaled = initialisers.Scaled(initialiser, spec.convolution_scale)
    padding: Literal["full", "valid"] = "full" if spec.pool_over_time else "valid"
    first, *others = spec.convolutions
    layers: list[Layer] = [CharacterConv(first.filters, first.size, symbols, padding, scaled, spec.bias), ReLU()]
    for convolution in others:
        layers += [Conv1D(convolution.filters, _one_size(convolution), scaled, spec.bias), ReLU()]
    if spec.pool_over_time:  # before the last ReLU, which changes no maximum but its place among equals, and is quicker
        layers.insert(-1, MaxOverTime())
    return layers


def _one_size(convolution: schema.Convolution) -> int:
    if isinstance(convolution.size, list):
        raise PresetError("network.convolutions: only the first over characters can have several sizes")
    return convolution.size


def build_initialiser(spec: schema.Network) -> initialisers.Initialiser:
    """How the weights of dense layers start."""
    if spec.sigma is not None:
        return initialisers.Normal(spec.sigma)
    return initialisers.He() if spec.initialiser == "he" else initialisers.Xavier()


def build_optimiser(spec: schema.Optimiser) -> optimisers.Optimiser:
    """The optimiser of that kind; its settings have the same names in schema and core."""
    settings = spec.model_dump(exclude={"eta", "kind"})
    return OPTIMISERS[spec.kind](**settings)


def build_schedule(spec: schema.Section, eta: float, updates: int) -> Callable[[int], float]:
    """The learning rate of every update of a run of so many updates; eta is its largest value."""
    match spec:
        case schema.StepSchedule():
            return schedules.StepDecay(eta, spec.factor, spec.every)
        case schema.TriangularSchedule():
            return schedules.Triangular(spec.eta_min, eta, spec.n_s)
        case schema.CosineSchedule():
            return schedules.Cosine(eta, spec.eta_min, updates)
        case schema.LinearSchedule():
            return schedules.Linear(eta, spec.eta_min, updates)
        case _:
            return schedules.Constant(eta)


def count_updates(preset: schema.Preset, per_epoch: int) -> int:
    """The length of a run in updates, with so many updates to an epoch."""
    training, schedule = preset.training, preset.schedule
    if training.cycles is not None and isinstance(schedule, schema.TriangularSchedule):
        return 2 * schedule.n_s * training.cycles
    if training.epochs is not None:
        return training.epochs * per_epoch
    assert training.updates is not None, "the schema sees to it that one length is given"
    return training.updates
