"""A network: one flat vector, views into it, states, copies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.initialisers import He
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.network import LayerSummary, Network
from core.streams import stream

seeds = st.integers(0, 2**32 - 1)


def build(dtype=np.float32, units=3, dropout=True):
    layers = [Dense(5), BatchNorm(), ReLU(), *([Dropout(0.5, stream(0, "dropout"))] if dropout else []), Dense(units)]
    network = Network(layers, (4,), dtype)
    network.initialise(stream(0, "init"))
    return network


def train_a_little(network, seed=1):
    """Move everything that training moves."""
    rng = np.random.default_rng(seed)
    logits = network.forward(rng.normal(2, 3, size=(8, 4)).astype(network.dtype), train=True)
    network.backward(np.ones_like(logits))
    network.theta += rng.normal(size=network.theta.size).astype(network.dtype)


def batch(n=6, dtype=np.float32):
    return np.random.default_rng(9).normal(size=(n, 4)).astype(dtype)


def test_tensors_are_named_by_letter_and_numbered_layer_by_layer():
    layers = [Dense(2), BatchNorm(), ReLU(), Dense(3), ReLU(), Dense(4), BatchNorm()]
    shapes = {name: t.value.shape for name, t in Network(layers, (5,)).tensors.items()}
    assert shapes == {
        "W1": (5, 2),
        "b1": (2,),
        "gamma1": (2,),
        "beta1": (2,),
        "W2": (2, 3),
        "b2": (3,),
        "W3": (3, 4),
        "b3": (4,),
        "gamma2": (4,),
        "beta2": (4,),
    }


def test_a_twelfth_layer_is_numbered_like_the_others():
    names = list(Network([Dense(2) for _ in range(12)], (2,)).tensors)
    assert names == [f"{letter}{i}" for i in range(1, 13) for letter in "Wb"]


@given(widths=st.lists(st.integers(1, 4), min_size=1, max_size=4), dtype=st.sampled_from([np.float32, np.complex128]))
def test_tensors_are_views_that_cover_theta_and_grad_without_overlap(widths, dtype):
    network = Network([Dense(w) for w in widths], (3,), dtype)
    assert network.theta.shape == network.grad.shape == (sum(t.value.size for t in network.tensors.values()),)
    assert network.theta.dtype == network.grad.dtype == network.dtype == dtype
    network.theta[...] = np.arange(network.theta.size)
    network.grad[...] = -network.theta
    flat = np.concatenate([t.value.ravel() for t in network.tensors.values()])
    np.testing.assert_array_equal(flat, network.theta)
    np.testing.assert_array_equal(np.concatenate([t.grad.ravel() for t in network.tensors.values()]), -flat)
    for tensor in network.tensors.values():
        tensor.value[...] += 1000
        tensor.grad[...] -= 1000
    np.testing.assert_array_equal(network.theta, flat + 1000)
    np.testing.assert_array_equal(network.grad, -flat - 1000)


def test_layers_compute_with_the_vector_of_the_network():
    network = build(dropout=False)
    network.theta[...] = 0
    network.tensors["b2"].value[...] = [1, 2, 3]
    np.testing.assert_array_equal(network.forward(batch()), np.tile([1, 2, 3], (6, 1)))
    network.forward(batch(), train=True)
    network.grad[...] = np.nan
    network.backward(np.ones((6, 3), np.float32))
    assert network.tensors["b2"].grad.tolist() == [6, 6, 6]
    assert np.isfinite(network.grad).all()


def test_only_weights_carry_the_decay_mask_and_only_the_fan_in_of_their_layer():
    network = build()
    assert [tensor.name for tensor in network.decayed()] == ["W1", "W2"]
    assert {t.name: t.parameter.fan_in for t in network.decayed()} == {"W1": 4, "W2": 5}


def test_a_layer_that_cannot_take_what_comes_before_it_is_refused():
    with pytest.raises(ValueError, match="flatten"):
        Network([ReLU(), Dense(3)], (4, 4, 1))


# Copies in another dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_copy_in_another_dtype_computes_the_same_and_shares_nothing(dtype):
    network = build()
    train_a_little(network)
    before, logits = network.state(), network.forward(batch()).copy()
    network.grad[...] = 7
    twin = network.astype(dtype)
    assert twin.dtype == dtype
    assert all(t.value.dtype == t.grad.dtype == dtype for t in twin.tensors.values())
    assert list(twin.tensors) == list(network.tensors)
    np.testing.assert_allclose(twin.forward(batch(dtype=dtype)), logits, rtol=1e-4, atol=1e-5)
    train_a_little(twin, seed=2)
    assert all(np.array_equal(array, before[name]) for name, array in network.state().items())
    assert (network.grad == 7).all()
    np.testing.assert_array_equal(network.forward(batch()), logits)
    train_a_little(network, seed=3)
    assert not np.array_equal(twin.theta.real, network.theta)


def test_there_and_back_gives_the_same_bits():
    network = build()
    train_a_little(network)
    back = network.astype(np.float64).astype(np.float32)
    for name, array in network.state().items():
        assert back.state()[name].tobytes() == array.tobytes()


def test_a_copy_draws_masks_without_moving_the_original_stream():
    network = build()
    twin = network.astype(np.float32)
    twin.forward(batch(), train=True)
    np.testing.assert_array_equal(network.forward(batch(), train=True), build().forward(batch(), train=True))


# State


@given(seed=seeds)
def test_a_restored_network_computes_what_it_did(seed):
    network = build()
    train_a_little(network, seed)
    state, logits = network.state(), network.forward(batch()).copy()
    kept = {name: array.copy() for name, array in state.items()}
    train_a_little(network, seed + 1)
    assert not np.array_equal(network.forward(batch()), logits)
    assert all(np.array_equal(state[name], array) for name, array in kept.items()), "a state is a copy"
    theta = network.theta
    other = build()
    for target in (network, other):
        target.restore(state)
        np.testing.assert_array_equal(target.forward(batch()), logits)
    assert network.theta is theta
    assert all(np.shares_memory(t.value, theta) for t in network.tensors.values())
    train_a_little(network, seed + 2)
    assert all(np.array_equal(state[name], array) for name, array in kept.items()), "restoring keeps no hold of it"


def test_a_state_of_other_shapes_is_refused_by_name():
    with pytest.raises(ValueError, match="theta"):
        build().restore(build(units=4).state())
    state = build().state()
    running = next(name for name in state if name != "theta")
    with pytest.raises(ValueError, match=running):
        build().restore(state | {running: state[running][..., :2]})


def test_a_state_with_something_missing_is_refused():
    state = build().state()
    for name in state:
        with pytest.raises(KeyError):
            build().restore({key: array for key, array in state.items() if key != name})


def test_a_refused_state_changes_nothing():
    network, other = build(), build()
    train_a_little(other)
    state = other.state()
    running = next(name for name in state if name != "theta")
    before = network.state()
    with pytest.raises(ValueError, match=running):
        network.restore(state | {running: state[running][..., :2]})
    np.testing.assert_array_equal(network.theta, before["theta"])


# Summary


def test_the_summary_of_the_courses_two_layer_network():
    network = Network([Dense(50), ReLU(), Dense(10)], (3072,))
    assert network.summary() == [
        LayerSummary("Dense", (50,), 153_650),
        LayerSummary("ReLU", (50,), 0),
        LayerSummary("Dense", (10,), 510),
    ]
    assert network.theta.size == sum(row.parameters for row in network.summary()) == 154_160


def test_the_summary_of_a_network_with_every_layer():
    network = Network([Flatten(), Dense(7, He()), BatchNorm(), ReLU(), Dropout(0.1, stream(0, "dropout"))], (4, 3, 2))
    assert [(row.layer, row.output, row.parameters) for row in network.summary()] == [
        ("Flatten", (math.prod((4, 3, 2)),), 0),
        ("Dense", (7,), 24 * 7 + 7),
        ("BatchNorm", (7,), 14),
        ("ReLU", (7,), 0),
        ("Dropout", (7,), 0),
    ]
