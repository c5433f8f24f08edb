"""Softmax and cross entropy against SciPy and the complex step."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from core.losses import SoftmaxCrossEntropy, softmax

smoothings = st.floats(0, 0.9)
shapes = {"n": st.integers(1, 6), "classes": st.integers(1, 7), "seed": st.integers(0, 2**32 - 1)}
dtypes = st.sampled_from([np.float32, np.float64, np.complex128])


def draw(n, classes, seed, spread=3.0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, spread, size=(n, classes)), rng.integers(0, classes, size=n)


@given(**shapes, s=smoothings, dtype=dtypes)
def test_the_loss_of_each_example_is_the_cross_entropy_of_its_targets(n, classes, seed, s, dtype, assert_close):
    logits, y = draw(n, classes, seed)
    targets = np.eye(classes)[y] * (1 - s) + s / classes
    losses = SoftmaxCrossEntropy(s).forward(logits.astype(dtype), y)
    assert losses.dtype == dtype
    assert_close(losses, -(targets * scipy.special.log_softmax(logits, axis=1)).sum(axis=1), dtype, scale=10)


@given(**shapes, dtype=dtypes)
def test_the_loss_of_each_example_is_minus_the_log_softmax_of_its_class(n, classes, seed, dtype, assert_close):
    logits, y = draw(n, classes, seed)
    losses = SoftmaxCrossEntropy().forward(logits.astype(dtype), y)
    assert losses.dtype == dtype
    assert_close(losses, scipy.special.logsumexp(logits, axis=1) - logits[np.arange(n), y], dtype, scale=10)


@given(**shapes, s=smoothings, dtype=dtypes)
def test_backward_is_the_derivative_of_the_mean_loss(n, classes, seed, s, dtype, derivative, assert_close):
    logits, y = draw(n, classes, seed)
    loss = SoftmaxCrossEntropy(s)
    loss.forward(logits.astype(dtype), y)
    expected = derivative(lambda v: SoftmaxCrossEntropy(s).forward(v, y).mean(), logits)
    assert_close(loss.backward(), expected, dtype)


@given(**shapes, s=smoothings, dtype=dtypes)
def test_shares_of_classes_turn_probabilities_into_those_of_the_draws(
    n, classes, seed, s, dtype, derivative, assert_close
):
    logits, y = draw(n, classes, seed)
    shares = np.random.default_rng(seed).dirichlet(np.ones(classes)) * 0.9 + 0.1 / classes
    loss = SoftmaxCrossEntropy(s, shares)
    p = scipy.special.softmax(logits, axis=1) * shares  # Bayes' rule: p(k | x) ~ p(x | k) q_k
    p /= p.sum(axis=1, keepdims=True)
    targets = np.eye(classes)[y] * (1 - s) + s / classes
    given = logits.astype(dtype)
    losses = loss.forward(given, y)
    assert losses.dtype == dtype
    assert_close(losses, -(targets * np.log(p)).sum(axis=1), dtype, scale=10)
    expected = derivative(lambda v: SoftmaxCrossEntropy(s, shares).forward(v, y).mean(), logits)
    assert_close(loss.backward(), expected, dtype)
    np.testing.assert_array_equal(given, logits.astype(dtype))


@given(sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_one_loss_object_takes_batches_of_different_sizes(sizes, seed):
    used = SoftmaxCrossEntropy()
    for n in sizes:
        new = SoftmaxCrossEntropy()
        logits, y = draw(n, 4, seed)
        np.testing.assert_array_equal(used.forward(logits, y), new.forward(logits, y))
        np.testing.assert_array_equal(used.backward(), new.backward())


@pytest.mark.parametrize("s", [-0.1, 1.0, float("nan")])
def test_label_smoothing_leaves_the_right_class_a_share(s):
    with pytest.raises(ValueError, match="label smoothing must be at least 0 and below 1"):
        SoftmaxCrossEntropy(s)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_huge_logits_neither_overflow_nor_become_log_zero(dtype):
    logits = np.array([[1e4, -1e4, 0], [-3e4, -3e4, -3e4], [1e30, 0, -1e30]], dtype)
    y = np.array([1, 2, 0])
    loss = SoftmaxCrossEntropy()
    np.testing.assert_allclose(loss.forward(logits, y), [2e4, np.log(3), 0], rtol=1e-6)
    expected = np.array([[1, -1, 0], [1 / 3, 1 / 3, -2 / 3], [0, 0, 0]]) / 3
    np.testing.assert_allclose(loss.backward(), expected, rtol=1e-6)
    np.testing.assert_allclose(softmax(logits), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]], rtol=1e-6)


@given(**shapes, dtype=dtypes)
def test_softmax_agrees_with_scipy_and_leaves_the_logits(n, classes, seed, dtype, assert_close):
    logits = draw(n, classes, seed)[0].astype(dtype)
    kept = logits.copy()
    p = softmax(logits)
    assert_close(p, scipy.special.softmax(logits.real, axis=1), dtype)
    SoftmaxCrossEntropy().forward(logits, np.zeros(n, int))
    np.testing.assert_array_equal(logits, kept)
