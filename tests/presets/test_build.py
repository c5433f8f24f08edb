"""From a preset to core objects."""

import numpy as np
import pytest

from core import optimisers, schedules
from core.layers import BatchNorm, Dense, Dropout, Flatten, Layer
from core.losses import softmax
from data.dataset import Dataset, Part
from data.sources import NAME_SETS
from presets.build import build, load_data
from presets.errors import PresetError
from presets.load import load, names
from presets.network import activation, build_network


@pytest.fixture(scope="module")
def images() -> Dataset:
    """CIFAR-10's shapes, random numbers."""
    rng = np.random.default_rng(0)

    def part(n):
        return Part(rng.standard_normal((n, 32, 32, 3), dtype=np.float32), rng.integers(0, 10, n))

    classes = tuple("abcdefghij")
    return Dataset("cifar10", "CIFAR-10", "mini", "", classes, part(300), part(20), part(20), {}, str)


@pytest.fixture(scope="module")
def surnames() -> Dataset:
    """Rows of indices, 18 classes of unequal size."""
    rng = np.random.default_rng(0)

    def part(n):
        return Part(rng.integers(0, 30, (n, 20)), np.resize(np.repeat(np.arange(18), np.arange(8, 26)), n))

    classes = tuple("abcdefghijklmnopqr")
    return Dataset("surnames", "Surnames", "full", "", classes, part(400), part(36), None, {}, str, symbols=29)


@pytest.mark.parametrize("name", names())
def test_every_preset_builds_and_makes_an_update(name, images, surnames):
    preset = load(name)
    trainer = build(preset, surnames if preset.data.set in NAME_SETS else images)
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


def test_layers_stand_in_the_order_dense_batch_norm_activation_dropout(images):
    trainer = build(load("a2-setting1", ["batch_norm=true", "dropout=0.5"]), images)
    kinds = [type(layer) for layer in trainer.network.layers]
    assert kinds == [Flatten, Dense, BatchNorm, activation, Dropout, Dense]


@pytest.mark.parametrize("name", names())
def test_one_line_decides_the_activation_of_every_network(name, images, surnames, monkeypatch):
    class Twice(Layer):
        """Another activation."""

        def forward(self, x, train):
            return 2 * x

    preset = load(name)
    data = surnames if preset.data.set in NAME_SETS else images
    usual = [type(layer) for layer in build(preset, data).network.layers]
    monkeypatch.setattr("presets.network.activation", Twice)
    other = [type(layer) for layer in build(preset, data).network.layers]
    assert other == [Twice if kind is activation else kind for kind in usual]


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
    with pytest.raises(PresetError, match=r"training.batch = 400: a batch of 400 examples cannot be drawn from 300"):
        build(load("a2-setting1", ["batch=400"]), images)


# Surnames


ONE = ["network.convolutions=[{filters=4, size=[2, 3]}]", "pool_over_time=true"]


def layer_names(preset, dataset):
    return [type(layer).__name__ for layer in build(preset, dataset).network.layers]


def test_surnames_are_read_by_convolutions_of_characters(surnames):
    network = build(load("names-best"), surnames).network
    kinds = ["CharacterConv", activation.__name__, "Conv1D", activation.__name__, "Flatten", "Dense"]
    assert [type(layer).__name__ for layer in network.layers] == kinds
    assert {name: t.value.shape for name, t in network.tensors.items()} == {
        "W1": (3, 29, 40),
        "W2": (3, 40, 40),
        "W3": (16 * 40, 18),
    }, "no biases, and windows inside the 20 characters"


def test_pooled_over_time_the_last_convolution_keeps_one_value_a_filter(surnames):
    changes = ["network.convolutions=[{filters=4, size=[2, 5]}, {filters=6, size=3}]", "dropout=0.1"]
    preset = load("names-plus", [*changes, "members=1", "marks=false"])
    network = build(preset, surnames).network
    kinds = [
        "CharacterConv",
        activation.__name__,
        "Conv1D",
        "MaxOverTime",
        activation.__name__,
        "Flatten",
        "Dropout",
        "Dense",
    ]
    assert [type(layer).__name__ for layer in network.layers] == kinds
    assert [row.output for row in network.summary()][:4] == [(24, 8), (24, 8), (22, 6), (6,)]


def test_marks_are_two_more_characters_before_the_first_convolution(surnames):
    plain = build(load("names-best"), surnames).network
    marked = build(load("names-best", ["marks=true"]), surnames).network
    kinds = [type(layer).__name__ for layer in plain.layers]
    assert [type(layer).__name__ for layer in marked.layers] == ["Marks", *kinds]
    assert marked.tensors["W1"].value.shape == (3, 29 + 2, 40)
    assert marked.tensors["W3"].value.shape == ((16 + 2) * 40, 18)


def test_label_smoothing_is_the_share_of_a_label_that_all_classes_get(surnames):
    trainer = build(load("names-best", ["label_smoothing=0.3"]), surnames)
    x, y = surnames.train.x[:50], surnames.train.y[:50]
    log_p = np.log(softmax(trainer.network.forward(x).astype(float)))
    targets = 0.7 * np.eye(18)[y] + 0.3 / 18
    assert trainer.objective.gradient(x, y) == pytest.approx(-(targets * log_p).sum(axis=1).mean(), rel=1e-5)
    assert trainer.objective.evaluate(x, y).loss == pytest.approx(-log_p[np.arange(50), y].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("sampling", "exponent"), [("plain", 1), ("square-root", 0.5), ("balanced", 0), ("weighted", 0)]
)
def test_logit_adjustment_adds_the_log_of_how_often_each_class_is_drawn(sampling, exponent, surnames):
    trainer = build(load("names-best", [f"sampling={sampling}", "logit_adjustment=true"]), surnames)
    x, y = surnames.train.x[:50], surnames.train.y[:50]
    logits = trainer.network.forward(x).astype(float)
    drawn = np.log(softmax(logits + exponent * np.log(np.bincount(surnames.train.y))))
    assert trainer.objective.gradient(x, y) == pytest.approx(-drawn[np.arange(50), y].mean(), rel=1e-5)
    as_if_equal = np.log(softmax(logits))[np.arange(50), y]
    assert trainer.objective.evaluate(x, y).loss == pytest.approx(-as_if_equal.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("sampling", "per_epoch"), [("plain", 40), ("square-root", 40), ("weighted", 40), ("balanced", 28)]
)
def test_sampling_says_what_an_epoch_is(sampling, per_epoch, surnames):
    assert np.bincount(surnames.train.y).min() == 16  # of 18 classes
    batches = build(load("names-best", ["batch=10", f"sampling={sampling}"]), surnames).batches
    assert batches.per_epoch == per_epoch


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("names-best", ["network.convolutions=[]"], "surnames need at least one convolution"),
        ("names-best", ["network.convolutions=[{filters=2, size=3, pool=2}]"], "pool is for images"),
        ("names-best", ["network.convolutions=[{filters=2, size=21}]"], "a window of 21 does not fit"),
        ("names-best", ["network.convolutions=[{filters=2, size=3}, {filters=2, size=[3, 4]}]"], "only the first"),
        ("names-best", ["batch=5000"], "training.batch = 5000: a batch of 5000 examples cannot be drawn from"),
        ("mnist-cnn", ["pool_over_time=true"], "pool_over_time is for surnames"),
        ("mnist-cnn", ["marks=true"], "marks is for surnames"),
        ("mnist-cnn", ["members=2"], "members is for surnames"),
        ("names-best", ["members=2"], "members needs network.pool_over_time"),
        ("names-best", ["members=2", "pool_over_time=true"], "one convolution and no hidden layers"),
        ("names-best", [*ONE, "members=2", "hidden=9"], "one convolution and no hidden layers"),
        ("mnist-cnn", ["network.convolutions=[{filters=2, size=[3, 4]}]"], "only the first"),
    ],
)
def test_a_network_that_does_not_fit_its_data_is_refused(name, changes, message, images, surnames):
    with pytest.raises(PresetError, match=message):
        build(load(name, changes), surnames if name == "names-best" else images)


def test_members_are_networks_of_their_own_and_answer_with_the_mean_of_their_logits(surnames):
    together = build(load("names-plus", [*ONE, "dropout=0", "members=3", "lambda=0.01"]), surnames)
    alone = build(load("names-plus", [*ONE, "dropout=0", "members=1", "lambda=0.01"]), surnames)
    x, y = surnames.train.x[:40], surnames.train.y[:40]
    together.objective.gradient(x, y)
    logits = []
    for m in range(3):
        mine = {name: _of_member(m, name, t.value) for name, t in together.network.tensors.items()}
        gradient = {name: _of_member(m, name, t.grad) for name, t in together.network.tensors.items()}
        for name, tensor in alone.network.tensors.items():
            tensor.value[...] = mine[name]
        alone.network.grad[...] = 0
        alone.objective.lambda_ = 3 * 0.01  # the penalty counts the weights of each member whole
        alone.objective.gradient(x, y)
        for name, tensor in alone.network.tensors.items():
            np.testing.assert_allclose(3 * gradient[name], tensor.grad, rtol=1e-3, atol=1e-5)
        logits.append(alone.network.forward(x).copy())
    np.testing.assert_allclose(together.network.forward(x), np.mean(logits, axis=0), rtol=1e-4, atol=1e-5)


def _of_member(m, name, tensor):
    """Its part of a tensor of three members."""
    return tensor[m] if name in ("W2", "b2") else tensor[..., m::3]


@pytest.mark.parametrize("sigma", ["1e38", "1e300"])
def test_weights_that_are_no_numbers_are_refused_before_anything_is_trained(sigma):
    preset = load("a2-setting1", ["set=mnist", "split=300/100/test", "initialiser=normal", f"sigma={sigma}"])
    with pytest.raises(PresetError, match=r"network.sigma = 1e\+\d+: not every initial weight is finite"):
        build(preset, load_data(preset, "mini"))
