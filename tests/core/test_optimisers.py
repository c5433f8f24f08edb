"""Optimisers against their formulas, written out step by step, and what a checkpoint keeps of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.layers import BatchNorm, Dense
from core.network import Network
from core.optimisers import SGD, AdaGrad, Adam, Momentum, MovingAverage, Nesterov
from core.streams import stream

# Each optimiser by its textbook, for one parameter: from the gradients so far to how far it moves for eta = 1.


def sgd(g):
    return g[-1]


def trace(rho):
    return lambda g: sum(rho**age * gk for age, gk in enumerate(reversed(g)))


def moving_average(mu):
    return lambda g: (1 - mu) * trace(mu)(g)


def nesterov(rho):
    return lambda g: g[-1] + rho * trace(rho)(g)


def adagrad(eps):
    return lambda g: g[-1] / (math.sqrt(sum(gk * gk for gk in g)) + eps)


def adam(beta1, beta2, eps):
    def step(g):
        m = moving_average(beta1)(g) / (1 - beta1 ** len(g))
        v = moving_average(beta2)([gk * gk for gk in g]) / (1 - beta2 ** len(g))
        return m / (math.sqrt(v) + eps)

    return step


CASES = {
    "sgd": (SGD, sgd),
    "momentum": (lambda **kw: Momentum(rho=0.8, **kw), trace(0.8)),
    "moving average": (lambda **kw: MovingAverage(mu=0.8, **kw), moving_average(0.8)),
    "nesterov": (lambda **kw: Nesterov(rho=0.8, **kw), nesterov(0.8)),
    "adagrad": (AdaGrad, adagrad(1e-8)),
    "adagrad with a large eps": (lambda **kw: AdaGrad(eps=0.1, **kw), adagrad(0.1)),
    "adam": (Adam, adam(0.9, 0.999, 1e-8)),
    "adam of other settings": (lambda **kw: Adam(beta1=0.7, beta2=0.6, eps=0.1, **kw), adam(0.7, 0.6, 0.1)),
}
each = pytest.mark.parametrize(("make", "textbook"), CASES.values(), ids=CASES)
each_optimiser = pytest.mark.parametrize("make", [make for make, _ in CASES.values()], ids=CASES)


@each
@given(
    steps=st.integers(1, 8),
    size=st.integers(1, 5),
    decay=st.sampled_from([0.0, 0.2]),
    dtype=st.sampled_from([np.float64, np.float32, np.complex128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_several_updates_agree_with_the_textbook(make, textbook, steps, size, decay, dtype, seed, assert_close):
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(steps, size))
    rates = rng.uniform(0.01, 0.5, size=steps)
    start = rng.normal(size=size)
    theta, optimiser = start.astype(dtype), make(weight_decay=decay)
    for g, eta in zip(gradients, rates, strict=True):
        optimiser.update(theta, g.astype(dtype), eta)
    for i in range(size):
        expected = float(start[i])
        for t, eta in enumerate(rates, start=1):
            expected -= eta * (textbook(gradients[:t, i].tolist()) + decay * expected)
        assert_close(theta[i], expected, dtype, scale=10)


@each_optimiser
def test_theta_changes_in_its_own_memory(make):
    memory = np.arange(6.0)
    theta = memory[1:5]
    optimiser = make(weight_decay=0.1)
    for _ in range(3):
        optimiser.update(theta, np.ones(4), 0.1)
    assert memory[0] == 0
    assert memory[5] == 5
    assert (memory[1:5] != [1, 2, 3, 4]).all()


@each_optimiser
def test_the_gradient_stays_for_others_to_look_at(make):
    g, optimiser = np.linspace(-1, 1, 4), make(weight_decay=0.1)
    for _ in range(2):
        optimiser.update(np.ones(4), g, 0.1)
    assert (g == np.linspace(-1, 1, 4)).all()


@each_optimiser
def test_what_an_optimiser_remembers_stays_in_its_memory_and_dtype(make):
    theta, optimiser = np.ones(4, np.float32), make()
    optimiser.update(theta, np.ones(4, np.float32), 0.1)
    vectors = {name: array for name, array in optimiser.state.items() if array.ndim}
    first = {name: array.copy() for name, array in vectors.items()}
    optimiser.update(theta, np.full(4, 2, np.float32), 0.1)
    for name, array in vectors.items():
        assert optimiser.state[name] is array
        assert array.dtype == np.float32
        assert (array != first[name]).all()


@each_optimiser
def test_where_the_gradient_was_always_zero_nothing_moves(make):
    theta, optimiser = np.array([1.0, 1.0]), make()
    for _ in range(3):
        optimiser.update(theta, np.array([0.0, 3.0]), 0.1)
    assert theta[0] == 1
    assert theta[1] < 1


@each_optimiser
def test_two_optimisers_share_nothing(make):
    thetas = np.ones((2, 3))
    optimisers = [make(), make()]
    for theta, optimiser in zip(thetas, optimisers, strict=True):
        for k in range(3):
            optimiser.update(theta, np.full(3, 1.0 + k), 0.1)
    np.testing.assert_array_equal(thetas[0], thetas[1])


def test_the_trace_settles_at_ten_times_the_moving_average():
    steps = {}
    for optimiser in (Momentum(rho=0.9), MovingAverage(mu=0.9)):
        theta = np.zeros(1)
        for _ in range(400):
            before = theta.copy()
            optimiser.update(theta, np.ones(1), 0.01)
        steps[type(optimiser)] = (before - theta).item()
    assert steps[Momentum] == pytest.approx(0.1)
    assert steps[MovingAverage] == pytest.approx(0.01)


def test_the_settings_a_textbook_would_take_are_the_defaults():
    assert (Momentum().rho, Nesterov().rho, MovingAverage().mu) == (0.9, 0.9, 0.9)
    assert (Adam().beta1, Adam().beta2, Adam().eps) == (0.9, 0.999, 1e-8)
    assert all(o().weight_decay == 0 for o in (SGD, Momentum, MovingAverage, Nesterov, AdaGrad, Adam))


@each_optimiser
def test_weight_decay_takes_its_share_of_every_parameter(make):
    network = Network([Dense(3), BatchNorm(), Dense(2)], (4,), np.float64)
    network.initialise(stream(0, "init"))
    network.theta += 1
    before = network.theta.copy()
    make(weight_decay=0.5).update(network.theta, network.grad, 0.1)  # the gradient is zero
    for tensor in network.tensors.values():
        assert (tensor.value != 0).all()
    np.testing.assert_allclose(network.theta, before * (1 - 0.1 * 0.5))
