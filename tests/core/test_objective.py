"""Loss, penalty and their gradient against independent sums and the complex step; evaluation however it is cut."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

import core.objective
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.network import Network
from core.objective import Objective
from core.streams import stream

lambdas = st.sampled_from([0.0, 1e-3, 0.3])


def build(widths, batch_norm=False, dtype=np.float64, d=4, classes=3, seed=0):
    layers = []
    for width in widths:
        layers += [Dense(width), *([BatchNorm()] if batch_norm else []), ReLU()]
    network = Network([*layers, Dense(classes)], (d,), dtype)
    # Normal numbers everywhere, so that biases, gamma and beta are not at a special point
    network.theta[...] = np.random.default_rng(seed).normal(0.5, 0.8, network.theta.size)
    return network


def draw(n, seed, d=4, classes=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(0, classes, n)


@given(
    widths=st.lists(st.integers(1, 4), max_size=3),
    n=st.integers(1, 5),
    batch_norm=st.booleans(),
    lambda_=lambdas,
    dtype=st.sampled_from([np.float64, np.complex128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_gradient_is_the_derivative_of_the_cost(widths, n, batch_norm, lambda_, dtype, seed, derivative):
    network = build(widths, batch_norm, dtype, seed=seed)
    network.grad[...] = np.nan  # whatever was there is replaced
    x, y = draw(n, seed)
    twin = network.astype(np.complex128)

    def cost(theta):
        twin.theta[...] = theta
        return Objective(twin, lambda_).cost(x.astype(complex), y)

    Objective(network, lambda_).gradient(x.astype(dtype), y)
    expected = derivative(cost, network.theta.real)
    np.testing.assert_allclose(network.grad, expected, rtol=1e-8, atol=1e-8 * max(1, np.abs(expected).max()))


@given(batch_norm=st.booleans(), lambda_=lambdas, seed=st.integers(0, 2**32 - 1))
def test_a_float32_gradient_is_the_float64_one_rounded(batch_norm, lambda_, seed):
    network = build([6], batch_norm, seed=seed)
    single = network.astype(np.float32)
    x, y = draw(20, seed)
    Objective(network, lambda_).gradient(x, y)
    Objective(single, lambda_).gradient(x.astype(np.float32), y)
    assert single.grad.dtype == np.float32
    np.testing.assert_allclose(single.grad, network.grad, rtol=2e-3, atol=2e-4 * np.abs(network.grad).max())


def test_the_gradient_passes_through_flatten_and_a_fixed_dropout_mask(derivative):
    def make(dtype):
        layers = [Flatten(), Dense(5), ReLU(), Dropout(0.4, stream(5, "dropout")), Dense(3)]
        network = Network(layers, (2, 2, 1), dtype)
        network.initialise(stream(1, "init"))
        return network

    x, y = draw(6, 0)
    x = x.reshape(6, 2, 2, 1)
    network = make(np.float64)
    Objective(network).gradient(x, y)

    def cost(theta):
        twin = make(np.complex128)
        twin.theta[...] = theta
        return Objective(twin).cost(x.astype(complex), y)

    np.testing.assert_allclose(network.grad, derivative(cost, network.theta), rtol=1e-10, atol=1e-12)


@given(n=st.integers(1, 6), lambda_=lambdas, seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from([float, np.float32]))
def test_cost_is_the_mean_loss_and_lambda_times_the_sum_of_squared_weights(n, lambda_, seed, dtype, assert_close):
    network = build([3], batch_norm=True, dtype=dtype, seed=seed)
    x, y = draw(n, seed)
    objective = Objective(network, lambda_)
    logits = network.forward(x.astype(dtype), train=True).astype(float)
    mean_loss = sum(scipy.special.logsumexp(row) - row[label] for row, label in zip(logits, y, strict=True)) / n
    squares = sum(float(w) ** 2 for name in ("W1", "W2") for w in network.tensors[name].value.flat)
    tolerance = np.float32 if dtype == np.float32 else np.float64
    assert_close(objective.penalty(), lambda_ * squares, tolerance)
    assert_close(objective.cost(x.astype(dtype), y), mean_loss + lambda_ * squares, tolerance, scale=10)
    assert_close(objective.gradient(x.astype(dtype), y), mean_loss, tolerance, scale=10)


def test_the_penalty_sees_weights_only():
    network = build([3], batch_norm=True)
    for name, tensor in network.tensors.items():
        tensor.value[...] = 2.0 if name in ("W1", "W2") else 1e6
    assert Objective(network, 0.5).penalty() == 0.5 * 4 * (4 * 3 + 3 * 3)
    x, y = draw(5, 0)
    gradients = {}
    for lambda_ in (0.0, 0.5):
        Objective(network, lambda_).gradient(x, y)
        gradients[lambda_] = {name: tensor.grad.copy() for name, tensor in network.tensors.items()}
    for name in network.tensors:
        share_of_penalty = gradients[0.5][name] - gradients[0.0][name]
        np.testing.assert_allclose(share_of_penalty, 2 * 0.5 * 2.0 if name in ("W1", "W2") else 0.0, atol=1e-9)


def largest(logits):
    return np.array([row.tolist().index(max(row)) for row in logits])


def one_shot(network, x, y, lambda_):
    """Loss, cost and accuracy from all rows at once, by SciPy."""
    logits = network.forward(x).astype(float)
    loss = (scipy.special.logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]).mean()
    squares = sum(float(w) ** 2 for t in network.decayed() for w in t.value.flat)
    return loss, loss + lambda_ * squares, np.mean(largest(logits) == y)


@settings(max_examples=25)
@given(n=st.integers(1, 40), rows=st.integers(1, 45), lambda_=lambdas, seed=st.integers(0, 2**32 - 1))
def test_evaluation_does_not_depend_on_how_the_split_is_cut(n, rows, lambda_, seed):
    network = build([6], batch_norm=True, seed=seed)
    x, y = draw(n, seed)
    Objective(network).gradient(*draw(9, seed + 1))  # running statistics of their own
    objective = Objective(network, lambda_)
    theta, state = network.theta.copy(), network.state()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.objective, "EVALUATION_BYTES", rows * x[0].nbytes)
        evaluation, logits = objective.evaluate(x, y), objective.logits(x)
    np.testing.assert_allclose(evaluation, one_shot(network, x, y, lambda_), rtol=1e-10)
    np.testing.assert_allclose(logits, network.forward(x), rtol=1e-10, atol=1e-12)
    assert objective.judge(logits, y) == evaluation
    np.testing.assert_array_equal(network.theta, theta)
    assert all(np.array_equal(array, state[name]) for name, array in network.state().items())


def test_a_split_larger_than_the_cache_evaluates_like_one_batch():
    network = build([8], dtype=np.float32, d=600, classes=5)
    network.theta *= 0.05
    x, y = draw(2000, 0, d=600, classes=5)
    x = x.astype(np.float32)
    evaluation = Objective(network, 0.1).evaluate(x, y)
    np.testing.assert_allclose(evaluation, one_shot(network, x, y, 0.1), rtol=1e-5)
    assert all(type(number) is float for number in evaluation)


def test_evaluation_switches_dropout_off():
    layers = [Dense(50), Dropout(0.5, stream(0, "dropout")), Dense(3)]
    network = Network(layers, (4,), np.float64)
    network.initialise(stream(0, "init"))
    x, y = draw(30, 0)
    W1, b1, W2, b2 = (tensor.value for tensor in network.tensors.values())
    logits = (x @ W1 + b1) @ W2 + b2
    expected = (scipy.special.logsumexp(logits, axis=1) - logits[np.arange(30), y]).mean()
    np.testing.assert_allclose(Objective(network).evaluate(x, y).loss, expected, rtol=1e-12)
    np.testing.assert_allclose(Objective(network).logits(x), logits, rtol=1e-12)
