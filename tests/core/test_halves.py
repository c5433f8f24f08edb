"""A wide first layer in two halves: the gradient of the plain objective, whatever the network, batch and cut."""

import copy
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.convolution import Conv2D
from core.halves import HalvedObjective, backward_cut, forward_cut
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.streams import stream
from presets.build import build_objective


def layers(hidden, batch_norm, bias, flatten, rng):
    made = [Flatten()] if flatten else []
    for units in hidden:
        made += [Dense(units, bias=bias), *([BatchNorm()] if batch_norm else []), ReLU(), Dropout(0.3, rng)]
    return [*made, Dense(3, bias=bias)]


@given(
    hidden=st.lists(st.integers(1, 40), max_size=3),
    d=st.integers(1, 60),
    n=st.integers(2, 30),
    rounded=st.integers(1, 70),
    batch_norm=st.booleans(),
    bias=st.booleans(),
    flatten=st.booleans(),
    lambda_=st.sampled_from([0.0, 0.1]),
    loss=st.sampled_from([SoftmaxCrossEntropy(), SoftmaxCrossEntropy(0.2, np.array([0.2, 0.3, 0.5]))]),
    seed=st.integers(0, 99),
)
def test_halves_give_the_gradient_of_the_plain_objective(
    hidden, d, n, rounded, batch_norm, bias, flatten, lambda_, loss, seed
):
    rng = np.random.default_rng(seed)
    shape = (d, 2) if flatten else (d,)
    x, y = rng.normal(size=(n, *shape)), rng.integers(0, 3, n)
    objectives = []
    for kind in (Objective, HalvedObjective):
        network = Network(layers(hidden, batch_norm, bias, flatten, stream(seed, "dropout")), shape, np.float64)
        network.initialise(stream(seed, "init"))
        objectives.append(kind(network, lambda_, copy.deepcopy(loss)))
    plain, halved = objectives
    with patch("core.halves.ROUND", rounded):
        for _ in range(2):  # with arrays that were used before
            np.testing.assert_allclose(halved.gradient(x, y), plain.gradient(x, y), rtol=1e-9)
            np.testing.assert_allclose(halved.network.grad, plain.network.grad, rtol=1e-7, atol=1e-9)
            for objective in objectives:
                objective.network.theta += 0.1


@given(d=st.integers(1, 5000), units=st.integers(1, 300))
def test_cuts_lie_within_the_inputs_and_leave_time_to_gather(d, units):
    W = np.zeros((d, units), np.bool_)
    for cut in (forward_cut(W), backward_cut(W)):
        assert 0 <= cut <= d
    assert forward_cut(W) <= backward_cut(W)


def test_the_more_units_the_less_the_gathering_counts():
    cuts = [forward_cut(np.zeros((3072, units), np.bool_)) for units in (10, 50, 100, 1000)]
    assert cuts == [0, 1024, 1280, 1536]
    assert backward_cut(np.zeros((3072, 10), np.bool_)) == 1536


def test_a_wide_layer_is_halved_where_it_meets_the_inputs():
    def kind(batch, *layers, shape=(32, 32, 3)):
        return type(build_objective(Network([*layers, Dense(10)], shape), batch, 0.0, SoftmaxCrossEntropy()))

    assert kind(100, Flatten(), Dense(50), BatchNorm(), ReLU()) is HalvedObjective
    assert kind(100, Flatten()) is HalvedObjective, "a single layer"
    assert kind(100, Dense(50), ReLU(), shape=(3072,)) is HalvedObjective
    assert kind(10, Flatten(), Dense(50)) is Objective, "too few rows"
    assert kind(100, Dense(50), shape=(300,)) is Objective, "too few inputs"
    assert kind(100, ReLU(), Flatten(), Dense(50)) is Objective, "something else meets the inputs"
    assert kind(100, Conv2D(2, 5, stride=4), BatchNorm(), Flatten(), Dense(900)) is Objective


def test_a_copy_is_the_plain_objective():
    objective = HalvedObjective(Network([Dense(3)], (5,)))
    assert type(copy.deepcopy(objective)) is Objective


def test_a_loss_that_is_not_finite_changes_no_gradient():
    objective = HalvedObjective(Network([Dense(20), ReLU(), Dense(3)], (200,)))
    objective.network.grad[:] = 7
    x = np.zeros((4, 200), np.float32)
    x[2, 150] = np.inf
    with np.errstate(all="ignore"):
        assert not np.isfinite(objective.gradient(x, np.zeros(4, int)))
    assert (objective.network.grad == 7).all()
