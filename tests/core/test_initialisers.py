"""Starting weights: their spread, and what the same seed gives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.initialisers import Constant, He, Normal, Xavier
from core.layers import BatchNorm, Dense, ReLU
from core.network import Network
from core.streams import stream

FAN_IN = 50
DEVIATIONS = {
    "normal": (Normal(0.01), 0.01),
    "he": (He(), math.sqrt(2 / FAN_IN)),
    "xavier": (Xavier(), math.sqrt(1 / FAN_IN)),
}


@pytest.mark.parametrize(("initialiser", "sigma"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_weights_follow_the_normal_distribution_promised(initialiser, sigma):
    w = initialiser(stream(0, "init"), (200, 100), FAN_IN)
    assert w.shape == (200, 100)
    assert w.dtype == np.float64
    assert abs(w.mean()) < 5 * sigma / math.sqrt(w.size)
    assert abs(w.std() / sigma - 1) < 5 / math.sqrt(2 * w.size)
    from scipy import stats  # it takes two seconds: no other test of this folder needs it

    assert stats.kstest(w.ravel(), "norm", args=(0, sigma)).pvalue > 1e-3


@given(value=st.floats(-9, 9), shape=st.lists(st.integers(0, 4), max_size=3).map(tuple))
def test_constant_fills_and_draws_nothing(value, shape):
    rng = stream(0, "init")
    w = Constant(value)(rng, shape, 1)
    assert w.dtype == np.float64
    np.testing.assert_array_equal(w, np.full(shape, value))
    assert rng.random() == stream(0, "init").random()


def network(dtype):
    return Network([Dense(6, Normal(0.3)), BatchNorm(), ReLU(), Dense(5, Xavier()), ReLU(), Dense(4)], (7,), dtype)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_seed_determines_the_network_and_float32_starts_at_the_rounded_float64_point(seed):
    thetas = []
    for dtype in (np.float64, np.float64, np.float32):
        net = network(dtype)
        net.initialise(stream(seed, "init"))
        thetas.append(net.theta)
    np.testing.assert_array_equal(thetas[0], thetas[1])
    np.testing.assert_array_equal(thetas[2], thetas[0].astype(np.float32))


def test_tensors_are_drawn_in_order_with_the_fan_in_of_their_layer():
    net = network(np.float64)
    net.initialise(stream(5, "init"))
    rng = stream(5, "init")
    expected = {
        "W1": rng.standard_normal((7, 6)) * 0.3,
        "b1": 0.0,
        "gamma1": 1.0,
        "beta1": 0.0,
        "W2": rng.standard_normal((6, 5)) * math.sqrt(1 / 6),
        "b2": 0.0,
        "W3": rng.standard_normal((5, 4)) * math.sqrt(2 / 5),  # He by default
        "b3": 0.0,
    }
    assert list(net.tensors) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(net.tensors[name].value, np.broadcast_to(value, net.tensors[name].value.shape))


def test_initialising_again_replaces_what_was_learnt():
    net = network(np.float64)
    net.initialise(stream(5, "init"))
    first = net.theta.copy()
    net.theta += 1
    net.initialise(stream(5, "init"))
    np.testing.assert_array_equal(net.theta, first)
