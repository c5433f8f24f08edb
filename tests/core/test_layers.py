"""Dense layers, ReLU, batch normalisation and dropout against definitions and the complex step."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU
from core.network import Network
from core.streams import stream
from tests.core.bare import (
    a_layer_leaves_what_it_is_given,
    a_used_layer_computes_what_a_new_one_does,
    bind,
    draw_params,
)

# Each kind of layer, made anew at every call (so that a dropout layer draws the same mask again), and the shapes
# of examples it takes.
sides = st.integers(1, 5)
rows_of_numbers = st.tuples(sides)
any_shape = st.lists(sides, min_size=1, max_size=3).map(tuple)
KINDS = {
    "dense": (lambda: Dense(3), rows_of_numbers),
    "relu": (ReLU, any_shape),
    "batch norm": (BatchNorm, rows_of_numbers),
    "batch norm with a large eps": (lambda: BatchNorm(eps=0.5), rows_of_numbers),
    "dropout": (lambda: Dropout(0.4, stream(7, "dropout")), any_shape),
    "flatten": (Flatten, any_shape),
}
each_kind = pytest.mark.parametrize(("make", "shapes"), KINDS.values(), ids=KINDS)
dtypes = st.sampled_from([np.float32, np.float64, np.complex128])
seeds = st.integers(0, 2**32 - 1)


def condition(layer, x):
    """How much larger than their inputs the terms of a layer may be: batch norm divides by a small deviation."""
    return 1 / np.sqrt(x.var(axis=0).min() + layer.eps) if isinstance(layer, BatchNorm) else 1.0


# Backward against the complex step


@each_kind
@given(data=st.data(), n=st.integers(1, 6), dtype=dtypes, seed=seeds)
def test_backward_is_the_derivative_for_the_input_and_every_parameter(
    make, shapes, data, n, dtype, seed, derivative, assert_close
):
    shape = data.draw(shapes)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *shape))
    params = draw_params(make(), shape, rng)
    layer = bind(make(), shape, params, dtype)
    y = layer.forward(x.astype(dtype), True)
    cotangent = rng.normal(size=y.shape)
    dx = layer.backward(cotangent.astype(dtype))

    def projected(x, params):
        return (bind(make(), shape, params, np.complex128).forward(x, True) * cotangent).sum()

    scale = 10 * condition(layer, x) ** 2
    assert dx.dtype == dtype
    assert_close(dx, derivative(lambda v: projected(v, params), x), dtype, scale)
    for name, value in params.items():
        expected = derivative(lambda v, name=name: projected(x.astype(complex), params | {name: v}), value)
        assert_close(layer.grads[name], expected, dtype, scale)


@each_kind
@given(data=st.data(), sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4), seed=seeds)
def test_a_used_layer_computes_what_a_new_one_does_when_the_batch_size_changes(make, shapes, data, sizes, seed):
    a_used_layer_computes_what_a_new_one_does(make, data.draw(shapes), sizes, seed)


@each_kind
@given(data=st.data(), n=st.integers(1, 4), seed=seeds)
def test_a_layer_leaves_its_input_and_the_cotangent_as_they_were(make, shapes, data, n, seed):
    a_layer_leaves_what_it_is_given(make, data.draw(shapes), n, seed)


# Forward against slow loops


@given(n=st.integers(1, 5), d=sides, units=sides, dtype=dtypes, seed=seeds)
def test_dense_sums_weighted_inputs_and_adds_the_bias(n, d, units, dtype, seed, assert_close):
    rng = np.random.default_rng(seed)
    x, W, b = rng.normal(size=(n, d)), rng.normal(size=(d, units)), rng.normal(size=units)
    expected = [[sum(x[i, k] * W[k, j] for k in range(d)) + b[j] for j in range(units)] for i in range(n)]
    for train in (True, False):
        y = bind(Dense(units), (d,), {"W": W, "b": b}, dtype).forward(x.astype(dtype), train)
        assert y.dtype == dtype
        assert_close(y, expected, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_relu_keeps_the_positive_and_zero_is_not_active(dtype):
    layer = ReLU()
    x = np.array([[-2.0, -0.0, 0.0, 1e-30, 3.0]], dtype)
    np.testing.assert_array_equal(layer.forward(x, True), [[0, 0, 0, dtype(1e-30), 3]])
    np.testing.assert_array_equal(layer.backward(np.full_like(x, 5)), [[0, 0, 0, 5, 5]])


def test_relu_of_complex_numbers_asks_the_real_part_alone():
    x = np.array([[2 - 3j, -2 + 3j, 0 + 1j, 1e-9 - 1j]])
    np.testing.assert_array_equal(ReLU().forward(x, True), [[2 - 3j, 0, 0, 1e-9 - 1j]])


def test_relu_alone_has_kinks_and_shows_on_which_side_of_each_it_was():
    layer = ReLU()
    layer.forward(np.array([[-1.0, 0.0, 2.0]]), True)
    before = layer.kinks()
    layer.forward(np.array([[-1.0, 1e-12, 2.0]]), True)
    np.testing.assert_array_equal(before, [[False, False, True]])
    np.testing.assert_array_equal(layer.kinks(), [[False, True, True]])
    for smooth in (Dense(3), BatchNorm(), Flatten(), Dropout(0.5, stream(0, "dropout"))):
        assert smooth.kinks() is None


def slow_batch_norm(x, gamma, beta, eps):
    """By the paper, one number at a time; also the batch's mean and biased variance."""
    n, d = x.shape
    y, means, variances = np.empty((n, d)), np.empty(d), np.empty(d)
    for j in range(d):
        column = [float(v) for v in x[:, j]]
        means[j] = math.fsum(column) / n
        variances[j] = math.fsum((v - means[j]) ** 2 for v in column) / n
        for i, v in enumerate(column):
            y[i, j] = gamma[j] * (v - means[j]) / math.sqrt(variances[j] + eps) + beta[j]
    return y, means, variances


@given(n=st.integers(1, 8), d=sides, dtype=dtypes, seed=seeds, eps=st.sampled_from([1e-5, 1e-2, 1.0]))
def test_batch_norm_in_training_uses_the_batch(n, d, dtype, seed, eps, assert_close):
    rng = np.random.default_rng(seed)
    x = rng.normal(rng.normal(size=d), rng.uniform(0.1, 2, size=d), size=(n, d))
    params = draw_params(BatchNorm(), (d,), rng)
    layer = bind(BatchNorm(eps=eps), (d,), params, dtype)
    layer.backward(layer.forward((x + 100).astype(dtype), True))  # what was seen before must not matter
    y = layer.forward(x.astype(dtype), True)
    assert y.dtype == dtype
    assert_close(y, slow_batch_norm(x, params["gamma"], params["beta"], eps)[0], dtype, scale=10 * condition(layer, x))


@given(n=st.integers(1, 8), d=sides, batches=st.integers(0, 4), dtype=dtypes, seed=seeds)
def test_batch_norm_in_evaluation_uses_running_averages_of_what_training_saw(n, d, batches, dtype, seed, assert_close):
    rng = np.random.default_rng(seed)
    momentum, eps = 0.7, 0.01
    params = draw_params(BatchNorm(), (d,), rng)
    layer = bind(BatchNorm(momentum, eps), (d,), params, dtype)
    mean, var = np.zeros(d), np.ones(d)
    for _ in range(batches):
        x = rng.normal(1.0, 2.0, size=(n, d))
        layer.backward(layer.forward(x.astype(dtype), True))
        _, batch_mean, batch_var = slow_batch_norm(x, params["gamma"], params["beta"], eps)
        mean = 0.7 * mean + 0.3 * batch_mean
        var = 0.7 * var + 0.3 * batch_var
    x = rng.normal(size=(n, d))
    expected = params["gamma"] * (x - mean) / np.sqrt(var + eps) + params["beta"]
    for _ in range(2):  # and evaluating moves nothing
        assert_close(layer.forward(x.astype(dtype), False), expected, dtype, scale=10)


def test_batch_norm_remembers_nine_tenths_by_default():
    layer = bind(BatchNorm(), (1,), {"gamma": np.ones(1), "beta": np.zeros(1)})
    layer.backward(layer.forward(np.array([[4.0], [8.0]]), True))  # mean 6, variance 4
    mean, var = 0.1 * 6, 0.9 * 1 + 0.1 * 4
    np.testing.assert_allclose(layer.forward(np.array([[2.0]]), False), [[(2 - mean) / math.sqrt(var + 1e-5)]])


def test_a_step_that_is_never_made_leaves_the_running_averages_alone():
    layer = bind(BatchNorm(), (1,), {"gamma": np.ones(1), "beta": np.zeros(1)})
    x = np.array([[4.0], [8.0]])
    before = layer.forward(x, False).copy()
    layer.forward(x, True)  # a loss that is not finite ends the run here
    np.testing.assert_array_equal(layer.forward(x, False), before)


def test_batch_norm_of_a_constant_column_is_beta():
    layer = bind(BatchNorm(), (2,), {"gamma": np.array([2.0, 3.0]), "beta": np.array([0.5, -1.0])})
    y = layer.forward(np.full((4, 2), 7.0), True)
    np.testing.assert_array_equal(y, np.tile([0.5, -1.0], (4, 1)))
    np.testing.assert_array_equal(layer.backward(np.ones((4, 2))), np.zeros((4, 2)))


@given(shape=any_shape, n=st.integers(1, 4), dtype=dtypes, seed=seeds)
def test_flatten_keeps_the_row_order_of_every_example(shape, n, dtype, seed):
    x = np.random.default_rng(seed).normal(size=(n, *shape)).astype(dtype)
    layer = Flatten()
    assert layer.build(shape)[0] == (math.prod(shape),)
    y = layer.forward(x, True)
    for row, example in zip(y, x, strict=True):
        np.testing.assert_array_equal(row, [example[k] for k in np.ndindex(shape)])
    np.testing.assert_array_equal(layer.backward(y), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_drops_its_share_and_makes_up_for_it(rate, dtype):
    layer = Dropout(rate, stream(3, "dropout"))
    x = np.full((200, 500), 3.0, dtype)
    y = layer.forward(x, True)
    assert y.dtype == dtype
    kept = y != 0
    np.testing.assert_allclose(y[kept], 3 / (1 - rate), rtol=1e-6)
    # the standard deviation of the share dropped among 100,000 is sqrt(rate (1 - rate) / 100,000)
    assert abs((1 - kept.mean()) - rate) <= 5 * math.sqrt(rate * (1 - rate) / x.size)
    np.testing.assert_allclose(layer.backward(x), y)
    assert (layer.forward(x, True) != y).any() == (rate > 0), "each batch has a mask of its own"


def test_dropout_masks_of_one_seed_agree_across_dtypes():
    masks = [
        Dropout(0.5, stream(1, "dropout")).forward(np.ones((50, 20), t), True) != 0 for t in (np.float32, np.complex128)
    ]
    np.testing.assert_array_equal(*masks)


def test_dropout_in_evaluation_changes_nothing_and_draws_nothing():
    rng = stream(3, "dropout")
    x = np.random.default_rng(0).normal(size=(20, 30))
    np.testing.assert_array_equal(Dropout(0.5, rng).forward(x, False), x)
    assert rng.random() == stream(3, "dropout").random()


@pytest.mark.parametrize("rate", [1.0, 1.5, -0.1, math.nan])
def test_a_dropout_rate_that_is_no_share_below_one_is_refused(rate):
    with pytest.raises(ValueError, match="dropout rate"):
        Dropout(rate, stream(0, "dropout"))


# Within a network


def test_dense_refuses_examples_that_are_not_rows():
    with pytest.raises(ValueError, match="flatten"):
        Dense(3).build((4, 4, 1))


def test_the_first_dense_layer_computes_no_input_gradient_but_its_own_gradients():
    first, second = Dense(4), Dense(3)
    network = Network([Flatten(), first, ReLU(), second], (5,), np.float64)
    network.initialise(stream(0, "init"))
    logits = network.forward(np.ones((2, 5)), train=True)
    dy = second.backward(np.ones_like(logits))
    assert dy is not None
    assert dy.shape == (2, 4)
    assert first.backward(np.ones((2, 4))) is None
    np.testing.assert_array_equal(first.grads["W"], np.full((5, 4), 2.0))


def test_backward_ends_at_the_first_layer_with_parameters():
    class Untouchable(Layer):
        def forward(self, x, train):
            return x

        def backward(self, dy):
            raise AssertionError("nothing below the first parameters needs a gradient")

    network = Network([Untouchable(), Flatten(), Dense(3), ReLU(), Dense(2)], (2, 2), np.float64)
    network.initialise(stream(0, "init"))
    network.backward(np.ones_like(network.forward(np.ones((3, 2, 2)), train=True)))
    assert network.tensors["b2"].grad.tolist() == [3.0, 3.0]
