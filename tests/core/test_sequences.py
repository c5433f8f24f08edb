"""Convolution and pooling over characters and vectors against one-hot definitions and the complex step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gradcheck.check import Settings, check, check_target
from core.gradcheck.targets import LayerTarget
from core.initialisers import Normal
from core.layers import Dense, Flatten, ReLU
from core.network import Network
from core.objective import Objective
from core.sequences import FEW, CharacterConv, Conv1D, Marks, MaxOverTime
from core.streams import stream
from tests.core.bare import (
    a_layer_leaves_what_it_is_given,
    a_used_layer_computes_what_a_new_one_does,
    bind,
    draw_params,
    normal,
)

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
seeds = st.integers(0, 2**32 - 1)


@st.composite
def cases(draw):
    """Settings of a convolution; n, length and c of sequences it takes."""
    size = draw(st.integers(1, 4))
    settings = {"filters": draw(st.integers(1, 3)), "size": size, "bias": draw(st.booleans())}
    return settings, draw(st.integers(1, 5)), draw(st.integers(size, 8)), draw(st.integers(1, 4))


def drawn(layer, shape, rng, dtype):
    """The layer with random parameters."""
    return bind(layer, shape, draw_params(layer, shape, rng), dtype)


def one_hot(x, symbols):
    """(n, length) to (n, length, symbols); the padding is a vector of zeros."""
    return np.eye(symbols + 1)[x][:, :, :symbols]


def slow_conv(x, W, b):
    """As slow and obvious as the definition."""
    n, length, c = x.shape
    size, _, filters = W.shape
    y = np.zeros((n, length - size + 1, filters), W.dtype)
    for i, t, f in np.ndindex(y.shape):
        y[i, t, f] = b[f]
        for p, k in np.ndindex(size, c):
            y[i, t, f] += x[i, t + p, k] * W[p, k, f]
    return y


def bias(layer):
    return layer.params.get("b", np.zeros(layer.filters))


# Characters


@st.composite
def character_cases(draw):
    """Settings of a character convolution; n and length of texts it takes."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    settings = {"filters": draw(st.integers(1, 3)), "sizes": sizes, "symbols": draw(st.integers(1, 4))}
    settings |= {"padding": draw(st.sampled_from(["valid", "full"])), "bias": draw(st.booleans())}
    return settings, draw(st.integers(1, 5)), draw(st.integers(max(sizes), 8))


def slow_character_conv(x, W, b, layer):
    """Every size as a convolution of its own over one-hot vectors, its windows cut to those of the widest."""
    widest = max(layer.sizes)
    margin = widest - 1 if layer.padding == "full" else 0
    one_hots = np.pad(one_hot(x, layer.symbols), [(0, 0), (margin, margin), (0, 0)])
    outputs, start = [], 0
    for k, size in enumerate(layer.sizes):
        filters = slice(k * layer.filters, (k + 1) * layer.filters)
        y = slow_conv(one_hots, W[start : start + size], b[filters])
        outputs.append(y[:, : one_hots.shape[1] - widest + 1])
        start += size
    return np.concatenate(outputs, axis=2)


def character_bias(layer):
    return layer.params.get("b", np.zeros(len(layer.sizes) * layer.filters))


@each_dtype
@pytest.mark.parametrize("train", [True, False])
@given(case=character_cases(), seed=seeds)
def test_characters_are_convolved_as_one_hot_vectors_would_be(case, dtype, train, seed, assert_close):
    settings, n, length = case
    rng = np.random.default_rng(seed)
    layer = drawn(CharacterConv(**settings), (length,), rng, dtype)
    x = rng.integers(0, layer.symbols + 1, (n, length))
    y = layer.forward(x, train)
    assert y.dtype == dtype
    assert y.shape[1:] == layer.build((length,))[0]
    assert_close(y, slow_character_conv(x, layer.params["W"], character_bias(layer), layer), dtype, scale=10)


@given(case=character_cases(), seed=seeds)
def test_the_gradient_of_a_character_kernel_is_the_derivative(case, seed, assert_close):
    settings, n, length = case
    rng = np.random.default_rng(seed)
    layer = drawn(CharacterConv(**settings), (length,), rng, np.float64)
    x = rng.integers(0, layer.symbols + 1, (n, length))
    dy = rng.normal(size=layer.forward(x, True).shape)
    assert layer.backward(dy) is None
    W, b = layer.params["W"], character_bias(layer)
    # y is linear in W: its derivative along W[p, s, f] is y of a kernel that is 1 there and 0 elsewhere.
    for place in rng.permutation(list(np.ndindex(W.shape)))[:10]:
        unit = np.zeros(W.shape)
        unit[tuple(place)] = 1
        expected = np.sum(dy * slow_character_conv(x, unit, 0 * b, layer))
        assert_close(layer.grads["W"][tuple(place)], expected, scale=10)
    if settings["bias"]:
        assert_close(layer.grads["b"], dy.sum((0, 1)), scale=10)


def test_batches_may_change_in_size_between_two_forwards(assert_close):
    rng = np.random.default_rng(0)
    layer = drawn(CharacterConv(2, 3, symbols=4), (6,), rng, np.float64)
    x = rng.integers(0, 5, (FEW + 6, 6))
    whole = layer.forward(x, True).copy()
    for n in (3, FEW + 6, 1, FEW, FEW + 1):
        for train in (True, False):
            assert_close(layer.forward(x[:n], train), whole[:n])


# Marks


@given(texts=st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=5))
def test_marks_stand_before_the_first_character_and_after_the_last(texts):
    layer = Marks(3)  # 3 is padding
    x = np.array([text + [3] * (6 - len(text)) for text in texts])
    y = layer.forward(x, True)
    assert y.shape[1:] == layer.build((6,))[0] == (8,)
    for row, text in zip(y, texts, strict=True):
        while text and text[-1] == 3:
            text = text[:-1]
        marked = [3, *(5 if c == 3 else c for c in text), 4]
        assert row.tolist() == marked + [5] * (8 - len(marked))


# Sequences of vectors


@each_dtype
@given(case=cases(), seed=seeds)
def test_convolution_is_the_sum_over_windows(case, dtype, seed, assert_close):
    settings, n, length, c = case
    rng = np.random.default_rng(seed)
    layer = drawn(Conv1D(**settings), (length, c), rng, dtype)
    x = rng.normal(size=(n, length, c))
    y = layer.forward(x.astype(dtype), True)
    assert y.dtype == dtype
    assert y.shape[1:] == layer.build((length, c))[0]
    assert_close(y, slow_conv(x, layer.params["W"], bias(layer)), dtype, scale=10)


@given(case=cases(), seed=seeds)
def test_the_gradients_of_a_convolution_are_derivatives(case, seed, derivative, assert_close):
    settings, n, length, c = case
    rng = np.random.default_rng(seed)
    layer = drawn(Conv1D(**settings), (length, c), rng, np.float64)
    x = rng.normal(size=(n, length, c))
    dy = rng.normal(size=layer.forward(x, True).shape)
    dx = layer.backward(dy)
    W, b = layer.params["W"], bias(layer)

    def twin(x, W):
        windows = [x[:, t : t + len(W)] for t in range(length - len(W) + 1)]
        return np.sum(dy * (np.stack([np.einsum("npc,pcf->nf", window, W) for window in windows], 1) + b))

    assert_close(dx, derivative(lambda x: twin(x, W), x), scale=10)
    assert_close(layer.grads["W"], derivative(lambda W: twin(x, W), W), scale=10)
    if settings["bias"]:
        assert_close(layer.grads["b"], dy.sum((0, 1)), scale=10)


def test_the_first_layer_computes_no_dx():
    layer = drawn(Conv1D(2, 2), (4, 3), np.random.default_rng(0), np.float64)
    layer.needs_input_gradient = False
    assert layer.backward(layer.forward(np.ones((2, 4, 3)), True)) is None


# Pooling over time


@each_dtype
@given(seed=seeds, shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3)))
def test_the_largest_of_a_filter_takes_the_gradient_and_of_equals_the_first(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, shape).astype(dtype)  # so few values that equals are common
    layer = MaxOverTime()
    y = layer.forward(x, True)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx = layer.backward(dy)
    assert y.shape[1:] == layer.build(shape[1:])[0]
    for i, k in np.ndindex(y.shape):
        line = x[i, :, k].real.tolist()
        assert y[i, k] == max(line)
        expected = np.zeros(len(line), dtype)
        expected[line.index(max(line))] = dy[i, k]
        np.testing.assert_array_equal(dx[i, :, k], expected)


@each_dtype
def test_pooling_finds_its_place_in_a_long_sequence(dtype):
    x = np.zeros((1, 1000, 2), dtype)
    x[0, 700, 0] = x[0, 999, 0] = x[0, 999, 1] = 1
    layer = MaxOverTime()
    layer.forward(x, True)
    assert np.argwhere(layer.backward(np.ones((1, 2), dtype))).tolist() == [[0, 700, 0], [0, 999, 1]]


def test_pooling_lets_a_nan_through():
    x = np.zeros((1, 4, 2))
    x[0, 2, 1] = np.nan
    np.testing.assert_array_equal(MaxOverTime().forward(x, True), [[0, np.nan]])


# What every kind of layer keeps to


def indices(rng, shape):
    return rng.integers(0, 6, shape)


KINDS = {
    "marks": (lambda: Marks(5), (7,), indices),
    "characters": (lambda: CharacterConv(3, 2, 5), (7,), indices),
    "several sizes": (lambda: CharacterConv(2, [1, 3], 5, "full"), (7,), indices),
    "vectors": (lambda: Conv1D(3, 2), (7, 4), normal),
    "pooling": (MaxOverTime, (7, 4), normal),
}
each_kind = pytest.mark.parametrize(("make", "shape", "draw"), KINDS.values(), ids=KINDS)


@each_kind
def test_a_used_layer_computes_what_a_new_one_does_when_the_batch_changes(make, shape, draw):
    a_used_layer_computes_what_a_new_one_does(make, shape, (5, 5, 2, 9, 5), seed=0, draw=draw)


@each_kind
def test_a_layer_leaves_its_input_and_the_cotangent_as_they_were(make, shape, draw):
    a_layer_leaves_what_it_is_given(make, shape, n=5, seed=0, draw=draw)


# Networks of them


def names_network(*layers, symbols=5, length=7):
    network = Network([CharacterConv(4, 3, symbols), ReLU(), *layers, Dense(3, Normal(0.5))], (length,))
    network.initialise(stream(0, "init"))
    network.theta += stream(1, "init").normal(size=network.theta.size) * 0.1  # biases of 0 stand on the kink of ReLU
    return network


@pytest.mark.parametrize("method", ["complex", "central"])
@pytest.mark.parametrize(
    "layers",
    [lambda: [Conv1D(3, 2, bias=False), ReLU(), Flatten()], lambda: [MaxOverTime()], lambda: [Flatten()]],
    ids=["two convolutions", "pooled", "one convolution"],
)
def test_networks_on_characters_pass_the_gradient_check(layers, method):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (8, 7)), rng.integers(0, 3, 8)
    report = check(Objective(names_network(*layers()), 0.01), x, y, Settings(method, samples=None))
    assert report.passed, report
    assert {t.name for t in report.tensors} >= {"W1", "W2"}


@pytest.mark.parametrize(
    "layer",
    [CharacterConv(3, 2, 5), CharacterConv(2, [1, 3], 5, "full"), Conv1D(3, 2), MaxOverTime()],
    ids=["characters", "several sizes", "vectors", "pooling"],
)
def test_each_layer_alone_passes(layer):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, (4, 6)) if isinstance(layer, CharacterConv) else rng.normal(size=(4, 6, 2))
    assert check_target(LayerTarget(layer, x, rng), Settings("complex", samples=None)).passed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_copy_of_a_used_network_works_by_itself(dtype):
    rng = np.random.default_rng(0)
    network = names_network(Conv1D(3, 2), MaxOverTime())
    one, other, dy = rng.integers(0, 6, (8, 7)), rng.integers(0, 6, (8, 7)), rng.normal(size=(8, 3))
    expected = network.forward(other, train=True).copy()
    network.backward(dy.astype(np.float32))
    gradient = network.grad.copy()
    network.forward(one, train=True)
    twin = network.astype(dtype)
    np.testing.assert_allclose(twin.forward(other, train=True), expected, rtol=1e-5, atol=1e-6)
    twin.backward(dy.astype(dtype))
    np.testing.assert_allclose(twin.grad, gradient, rtol=1e-5, atol=1e-6)


def test_the_report_network_has_the_parameters_of_its_kernels():
    layers = [CharacterConv(20, 5, 29, bias=False), ReLU(), Conv1D(20, 3, bias=False), ReLU(), Flatten()]
    network = Network([*layers, Dense(18)], (19,))
    assert [row.parameters for row in network.summary()] == [5 * 29 * 20, 0, 3 * 20 * 20, 0, 0, 13 * 20 * 18 + 18]


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (CharacterConv(1, 3, 5), (2,), "a window of 3 does not fit into a sequence of 2"),
        (CharacterConv(1, [2, 9], 5), (8,), "a window of 9 does not fit into a sequence of 8"),
        (CharacterConv(1, 3, 5), (4, 4, 1), r"rows of indices, not examples of shape \(4, 4, 1\)"),
        (Conv1D(1, 9), (8, 2), "a window of 9 does not fit into a sequence of 8"),
        (Conv1D(1, 3), (8,), r"sequences of shape \(length, c\), not examples of shape \(8,\)"),
        (MaxOverTime(), (8,), r"sequences of shape \(length, c\), not examples of shape \(8,\)"),
    ],
)
def test_what_a_layer_cannot_take_is_said(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.build(shape)


@pytest.mark.parametrize("make", [lambda: CharacterConv(0, 3, 5), lambda: CharacterConv(1, 3, 0), lambda: Conv1D(1, 0)])
def test_settings_below_one_are_refused(make):
    with pytest.raises(ValueError, match="at least 1"):
        make()
