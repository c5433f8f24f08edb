"""Health of layers: sizes against NumPy written out, dead units that were made dead."""

import numpy as np
import pytest

from core.convolution import Conv2D
from core.health import layer_health
from core.layers import BatchNorm, Dense, Flatten, ReLU
from core.network import Network
from core.objective import Objective
from core.optimisers import SGD
from core.streams import stream


def rms(values):
    return np.linalg.norm(values.astype(np.float64).ravel()) / np.sqrt(values.size)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture
def network():
    network = Network([Dense(8), ReLU(), Dense(4), BatchNorm(), ReLU(), Dense(3)], (6,))
    network.initialise(stream(0, "init"))
    return network


def test_norms_are_those_of_each_layers_own_parameters(network, x):
    Objective(network).gradient(x, np.zeros(40, np.intp))
    rows = layer_health(network, x)
    assert [(row.layer, row.output, row.parameters) for row in rows] == [
        ("Dense", (8,), 56), ("ReLU", (8,), 0), ("Dense", (4,), 36),
        ("BatchNorm", (4,), 8), ("ReLU", (4,), 0), ("Dense", (3,), 15),
    ]  # fmt: skip
    for row, names in ((rows[2], ("W2", "b2")), (rows[3], ("gamma1", "beta1"))):
        tensors = [network.tensors[name] for name in names]
        assert row.weight == pytest.approx(rms(np.concatenate([t.value.ravel() for t in tensors])))
        assert row.gradient == pytest.approx(rms(np.concatenate([t.grad.ravel() for t in tensors])))
    assert rows[1].weight is rows[1].gradient is rows[1].update_ratio is None


def test_the_update_ratio_of_plain_descent_is_eta_times_gradient_over_weight(network, x):
    Objective(network).gradient(x, np.zeros(40, np.intp))
    before = network.theta.copy()
    SGD().update(network.theta, network.grad, 0.01)
    row = layer_health(network, x, before)[0]
    assert row.update_ratio == pytest.approx(0.01 * row.gradient / row.weight, rel=1e-4)
    assert layer_health(network, x)[0].update_ratio is None


def test_units_that_never_fire_are_counted_and_those_that_fire_once_are_not(network, x):
    network.tensors["b1"].value[:3] = -1e6
    network.tensors["W1"].value[:, 3] = 0
    network.tensors["W1"].value[0, 3] = 1
    network.tensors["b1"].value[3] = -np.sort(x[:, 0])[-1] + 1e-3  # fires for one example
    rows = layer_health(network, x)
    assert rows[1].dead == pytest.approx(3 / 8)
    assert rows[0].dead is None


def test_a_filter_is_dead_if_it_is_so_at_every_place():
    network = Network([Conv2D(4, 3), ReLU(), Flatten(), Dense(2)], (5, 5, 1))
    network.initialise(stream(0, "init"))
    network.tensors["b1"].value[0] = -1e6
    x = np.random.default_rng(0).normal(size=(6, 5, 5, 1)).astype(np.float32)
    assert layer_health(network, x)[1].dead == pytest.approx(1 / 4)
