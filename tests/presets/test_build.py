"""From a preset to core objects."""

import numpy as np
import pytest

from core import optimisers, schedules
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from data.dataset import Dataset, Part
from presets.build import build, build_network
from presets.errors import PresetError
from presets.load import load, names


@pytest.fixture(scope="module")
def images() -> Dataset:
    """CIFAR-10's shapes, random numbers."""
    rng = np.random.default_rng(0)

    def part(n):
        return Part(rng.standard_normal((n, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, n))

    classes = tuple("abcdefghij")
    return Dataset("cifar10", "CIFAR-10", "mini", "", classes, part(300), part(20), part(20), {})


@pytest.mark.parametrize("name", names())
def test_every_preset_builds_and_makes_an_update(name, images):
    trainer = build(load(name), images)
    snapshots = [snapshot for snapshot, _ in zip(trainer.run(), range(2), strict=False)]
    assert [s.update for s in snapshots] == [0, 1]
    assert np.isfinite(snapshots[1].batch_loss)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("a1-test1", 3072 * 10 + 10),
        ("a2-setting1", 3072 * 50 + 50 + 50 * 10 + 10),
        ("a3-3layer-bn", 3072 * 50 + 50 + 100 + 50 * 50 + 50 + 100 + 50 * 10 + 10),
    ],
)
def test_networks_have_the_parameters_of_the_assignments(name, parameters, images):
    assert build(load(name), images).network.theta.size == parameters


@pytest.mark.parametrize(
    ("name", "shape", "parameters"),
    [
        ("mnist-cnn", (28, 28, 1), 14_682),  # FMAN45's report; its 748 is a slip for 784
        ("cifar-cnn-better", (32, 32, 3), 43_786),  # its 43,822 is a slip
    ],
)
def test_convolutional_networks_have_the_parameters_counted_in_the_report(name, shape, parameters):
    network = build_network(load(name).network, shape, 10, np.random.default_rng())
    assert network.theta.size == parameters


def test_convolutions_start_at_their_scale_of_the_initialiser():
    networks = []
    for scale in (1, 0.1):
        spec = load("cifar-cnn", [f"convolution_scale={scale}"]).network
        networks.append(build_network(spec, (32, 32, 3), 10, np.random.default_rng()))
        networks[-1].initialise(np.random.default_rng(0))
    full, tenth = networks
    assert tenth.tensors["W1"].value == pytest.approx(0.1 * full.tensors["W1"].value)
    assert np.array_equal(tenth.tensors["W3"].value, full.tensors["W3"].value)  # dense


def test_images_too_small_for_the_pooling_are_refused():
    with pytest.raises(PresetError, match=r"network\.convolutions: "):
        build_network(load("mnist-cnn").network, (3, 3, 1), 10, np.random.default_rng())


def test_layers_stand_in_the_order_dense_batch_norm_relu_dropout(images):
    trainer = build(load("a2-setting1", ["batch_norm=true", "dropout=0.5"]), images)
    kinds = [type(layer) for layer in trainer.network.layers]
    assert kinds == [Flatten, Dense, BatchNorm, ReLU, Dropout, Dense]


def test_seed_alone_decides_where_a_network_starts(images):
    def theta(*changes):
        return build(load("a2-setting1", changes), images).network.theta

    assert np.array_equal(theta("seed=3"), theta("seed=3", "dropout=0.5", "eta=0.01"))
    assert not np.array_equal(theta("seed=3"), theta("seed=4"))


@pytest.mark.parametrize(("initialiser", "variance"), [("he", 2 / 3072), ("xavier", 1 / 3072), ("normal", 0.04)])
def test_initialisers_spread_as_their_name_says(initialiser, variance, images):
    changes = [f"initialiser={initialiser}"] + ["sigma=0.2"] * (initialiser == "normal")
    W1 = build(load("a2-setting1", changes), images).network.tensors["W1"].value
    assert W1.var() == pytest.approx(variance, rel=0.03)


def test_the_length_is_counted_in_updates_epochs_or_cycles(images):
    def updates(*changes):
        return build(load("a2-setting1", changes), images).updates

    assert updates() == 1000  # one cycle of 2 * 500
    assert updates("cycles=3") == 3000
    assert updates("epochs=7") == 21  # 300 examples in batches of 100
    assert updates("updates=123") == 123


@pytest.mark.parametrize(
    ("changes", "optimiser"),
    [
        (["optimiser.kind=sgd", "weight_decay=0.3"], optimisers.SGD(weight_decay=0.3)),
        (["optimiser.kind=momentum", "rho=0.8"], optimisers.Momentum(rho=0.8)),
        (["optimiser.kind=moving-average", "mu=0.7"], optimisers.MovingAverage(mu=0.7)),
        (["optimiser.kind=nesterov", "rho=0.6"], optimisers.Nesterov(rho=0.6)),
        (["optimiser.kind=adagrad", "eps=1e-5"], optimisers.AdaGrad(eps=1e-5)),
        (["optimiser.kind=adam", "beta1=0.5", "beta2=0.6"], optimisers.Adam(beta1=0.5, beta2=0.6)),
    ],
)
def test_each_kind_of_optimiser_gets_its_settings(changes, optimiser, images):
    built = build(load("a2-setting1", changes), images).optimiser
    assert type(built) is type(optimiser)
    assert built == optimiser


@pytest.mark.parametrize(
    ("changes", "schedule"),
    [
        (["schedule.kind=constant"], schedules.Constant(0.1)),
        (["schedule.kind=step", "factor=0.5", "every=3"], schedules.StepDecay(0.1, 0.5, 3)),
        (["n_s=7"], schedules.Triangular(1e-5, 0.1, 7)),
        (["schedule.kind=cosine", "eta_min=0.01"], schedules.Cosine(0.1, 0.01, 60)),
        (["schedule.kind=linear", "eta_min=0.01"], schedules.Linear(0.1, 0.01, 60)),
    ],
)
def test_each_kind_of_schedule_starts_from_eta_and_spans_the_run(changes, schedule, images):
    assert build(load("a2-setting1", ["updates=60", *changes]), images).schedule == schedule


def test_the_penalty_reaches_the_cost(images):
    trainer = build(load("a2-setting1", ["lambda=0.5", "hidden=3"]), images)
    squares = sum((trainer.network.tensors[name].value.astype(float) ** 2).sum() for name in ("W1", "W2"))
    assert trainer.objective.penalty().real == pytest.approx(0.5 * squares, rel=1e-5)


def test_a_batch_larger_than_the_training_part_is_refused(images):
    with pytest.raises(PresetError, match=r"training.batch = 400, but there are 300 training examples"):
        build(load("a2-setting1", ["batch=400"]), images)
