"""Convolution and pooling of images against the definitions, SciPy and the complex step."""

from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.convolution import Conv2D, MaxPool
from core.initialisers import Normal
from core.layers import Dense, Flatten, ReLU
from core.network import Network
from core.objective import Objective
from core.streams import stream
from tests.core.bare import (
    a_layer_leaves_what_it_is_given,
    a_used_layer_computes_what_a_new_one_does,
    bind,
    draw_params,
)

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
seeds = st.integers(0, 2**32 - 1)
paddings = st.sampled_from(["same", "valid"])
strides = st.integers(1, 3)

# A convolution has three ways to lay out its windows, by the kernel's inputs; all must be right for every shape. Chunks
# are made small so that a few images are several, and so are products.
WAYS = {"row by row": (0, 0), "windows together": (1000, 1000), "windows alone": (1000, 0)}
each_way = pytest.mark.parametrize("way", WAYS)


small_chunks = patch("core.convolution.CHUNK", 2)


@contextmanager
def laid_out(way):
    narrow, few = WAYS[way]
    with patch.multiple("core.windows", NARROW=narrow, FEW=few, SMALL=200), small_chunks:
        yield


@st.composite
def conv_cases(draw):
    """Settings of a convolution and a batch of images it takes."""
    size, padding = draw(st.integers(1, 4)), draw(paddings)
    least = size if padding == "valid" else 1
    h, w = draw(st.integers(least, 7)), draw(st.integers(least, 7))
    settings = {"filters": draw(st.integers(1, 3)), "size": size, "padding": padding, "stride": draw(strides)}
    return settings | {"bias": draw(st.booleans())}, (draw(st.integers(1, 6)), h, w, draw(st.integers(1, 3)))


@st.composite
def pool_cases(draw):
    size = draw(st.integers(1, 4))
    shape = draw(st.integers(1, 6)), draw(st.integers(size, 8)), draw(st.integers(size, 8)), draw(st.integers(1, 3))
    return {"size": size, "stride": draw(st.none() | strides)}, shape


# Twins, as slow and obvious as the definitions


def zeros_before(length, size, stride):
    """Of "same" padding: with ceil(length / stride) windows, the zeros needed in all, the smaller half before."""
    windows = (length + stride - 1) // stride
    return max(0, (windows - 1) * stride + size - length) // 2, windows


def slow_conv(x, W, b, padding, stride):
    n, h, w, c = x.shape
    size, _, _, filters = W.shape
    if padding == "same":
        (top, rows), (left, columns) = zeros_before(h, size, stride), zeros_before(w, size, stride)
    else:
        top, left, rows, columns = 0, 0, len(range(0, h - size + 1, stride)), len(range(0, w - size + 1, stride))
    y = np.zeros((n, rows, columns, filters), np.result_type(x, W))
    for m, i, j, f in np.ndindex(y.shape):
        y[m, i, j, f] = b[f]
        for p, q, k in np.ndindex(size, size, c):
            row, column = i * stride + p - top, j * stride + q - left
            if 0 <= row < h and 0 <= column < w:
                y[m, i, j, f] += x[m, row, column, k] * W[p, q, k, f]
    return y


def slow_pool(x, size, stride):
    """The largest of each window, and where in x it stands: the first of equals."""
    n, h, w, c = x.shape
    y = np.zeros((n, len(range(0, h - size + 1, stride)), len(range(0, w - size + 1, stride)), c), x.dtype)
    where = {}
    for m, i, j, k in np.ndindex(y.shape):
        window = [(m, i * stride + p, j * stride + q, k) for p in range(size) for q in range(size)]
        best = max(window, key=lambda place: x[place].real)  # max() keeps the first of equals
        y[m, i, j, k], where[m, i, j, k] = x[best], best
    return y, where


# Convolution


@each_way
@each_dtype
@given(case=conv_cases(), seed=seeds)
def test_convolution_is_the_sum_over_windows(way, case, dtype, seed, assert_close):
    settings, (n, *shape) = case
    rng = np.random.default_rng(seed)
    layer = Conv2D(**settings)
    params = draw_params(layer, shape, rng)
    x = rng.normal(size=(n, *shape))
    expected = slow_conv(x, params["W"], params.get("b", np.zeros(layer.filters)), layer.padding, layer.stride)
    with laid_out(way):
        y = bind(layer, shape, params, dtype).forward(x.astype(dtype), True)
    assert y.dtype == dtype
    assert y.shape[1:] == layer.build(shape)[0]
    assert_close(y, expected, dtype, scale=10)


@pytest.mark.parametrize(("padding", "mode"), [("same", "same"), ("valid", "valid")])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_convolution_agrees_with_scipy(padding, mode, size):
    from scipy.signal import correlate2d  # takes a second to import

    rng = np.random.default_rng(size)
    x, W, b = rng.normal(size=(3, 9, 12, 2)), rng.normal(size=(size, size, 2, 4)), rng.normal(size=4)
    y = bind(Conv2D(4, size, padding), x.shape[1:], {"W": W, "b": b}).forward(x, False)
    for m, f in np.ndindex(3, 4):
        expected = b[f] + sum(correlate2d(x[m, :, :, k], W[:, :, k, f], mode) for k in range(2))
        np.testing.assert_allclose(y[m, :, :, f], expected, atol=1e-12)


@each_way
@each_dtype
@given(case=conv_cases(), seed=seeds)
def test_backward_of_convolution_is_the_derivative(way, case, dtype, seed, derivative, assert_close):
    settings, (n, *shape) = case
    rng = np.random.default_rng(seed)
    params = draw_params(Conv2D(**settings), shape, rng)
    x = rng.normal(size=(n, *shape))
    layer = bind(Conv2D(**settings), shape, params, dtype)
    with laid_out(way):
        y = layer.forward(x.astype(dtype), True)
        cotangent = rng.normal(size=y.shape)
        dx = layer.backward(cotangent.astype(dtype))

    def projected(x, params):
        return (bind(Conv2D(**settings), shape, params, np.complex128).forward(x, True) * cotangent).sum()

    assert dx.dtype == dtype
    assert_close(dx, derivative(lambda v: projected(v, params), x), dtype, scale=10)
    assert set(layer.grads) == set(params)
    for name, value in params.items():
        expected = derivative(lambda v, name=name: projected(x.astype(complex), params | {name: v}), value)
        assert_close(layer.grads[name], expected, dtype, scale=100)


@each_way
@given(case=conv_cases(), seed=seeds)
def test_backward_of_convolution_is_the_derivative_of_the_slow_twin(way, case, seed, assert_close):
    """Linear in x and in W: <dx, u> = <dy, conv(u, W)> and <dW, V> = <dy, conv(x, V)> for all u and V."""
    settings, (n, *shape) = case
    rng = np.random.default_rng(seed)
    layer = Conv2D(**settings)
    params = draw_params(layer, shape, rng)
    bind(layer, shape, params)
    x, u = rng.normal(size=(2, n, *shape))
    with laid_out(way):
        dy = rng.normal(size=layer.forward(x, True).shape)
        dx = layer.backward(dy)
    V, c = rng.normal(size=params["W"].shape), rng.normal(size=layer.filters)
    zero, how = np.zeros(layer.filters), (layer.padding, layer.stride)
    assert_close((dx * u).sum(), (dy * slow_conv(u, params["W"], zero, *how)).sum(), scale=100)
    assert_close((layer.grads["W"] * V).sum(), (dy * slow_conv(x, V, zero, *how)).sum(), scale=100)
    if layer.bias:
        assert_close(layer.grads["b"] @ c, (dy * c).sum(), scale=100)


def test_convolution_of_thin_and_of_deep_images():
    """Each way as it is chosen, with the windows of a line in fours, in pairs and one by one."""
    rng = np.random.default_rng(1)
    for shape in ((6, 40, 1), (6, 6, 2), (6, 5, 3), (6, 5, 20)):
        x = rng.normal(size=(9, *shape))
        params = draw_params(Conv2D(3, 3), shape, rng)
        layer = bind(Conv2D(3, 3), shape, params)
        np.testing.assert_allclose(layer.forward(x, True), slow_conv(x, **params, padding="same", stride=1), atol=1e-11)


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"filters": 2, "size": 5, "padding": "valid"}, (4, 9, 1), "size 5 does not fit into an image"),
        ({"filters": 2, "size": 5, "padding": "valid"}, (9, 4, 1), "size 5 does not fit into an image"),
        ({"filters": 2, "size": 3}, (9,), "takes images of shape"),
    ],
)
def test_convolution_refuses_what_does_not_fit(settings, shape, message):
    with pytest.raises(ValueError, match=message):
        Conv2D(**settings).build(shape)


@pytest.mark.parametrize("wrong", [{"filters": 0}, {"size": 0}, {"stride": 0}, {"padding": "full"}])
def test_convolution_refuses_settings_without_meaning(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        Conv2D(**({"filters": 1, "size": 3} | wrong))


def test_the_kernel_is_drawn_with_the_fan_in_of_a_window_and_the_bias_is_not_decayed():
    _, parameters = Conv2D(7, 5, initialiser=Normal(0.5)).build((8, 8, 3))
    assert parameters["W"].shape == (5, 5, 3, 7)
    assert parameters["W"].fan_in == 75
    assert parameters["W"].initialiser == Normal(0.5)
    assert (parameters["W"].decay, parameters["b"].decay) == (True, False)
    assert list(Conv2D(7, 5, bias=False).build((8, 8, 3))[1]) == ["W"]


# Pooling


@each_dtype
@pytest.mark.parametrize("levels", [2, 1000])
@small_chunks
@given(case=pool_cases(), seed=seeds)
def test_pooling_takes_the_largest_and_gives_it_the_gradient(case, dtype, seed, levels):
    """With two levels nearly every window has ties."""
    settings, (n, *shape) = case
    rng = np.random.default_rng(seed)
    x = rng.integers(0, levels, (n, *shape)).astype(dtype)
    if dtype == np.complex128:
        x += 1j * rng.normal(size=x.shape)  # does not decide
    layer = MaxPool(**settings)
    out, parameters = layer.build(shape)
    assert not parameters
    y = layer.forward(x, True)
    expected, where = slow_pool(x, layer.size, layer.stride)
    assert y.dtype == dtype
    assert y.shape[1:] == out
    np.testing.assert_array_equal(y, expected)
    dy = rng.integers(-9, 9, y.shape).astype(dtype)
    dx = np.zeros_like(x)
    for place, best in where.items():
        dx[best] += dy[place]
    np.testing.assert_array_equal(layer.backward(dy), dx)
    np.testing.assert_array_equal(layer.forward(x, False), expected)


@each_dtype
@small_chunks
@given(case=pool_cases(), seed=seeds)
def test_backward_of_pooling_is_the_derivative(case, dtype, seed, derivative, assert_close):
    settings, (n, *shape) = case
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *shape))
    layer = MaxPool(**settings)
    layer.build(shape)
    cotangent = rng.normal(size=layer.forward(x.astype(dtype), True).shape)
    dx = layer.backward(cotangent.astype(dtype))
    assert dx.dtype == dtype
    assert_close(dx, derivative(lambda v: (layer.forward(v, True) * cotangent).sum(), x), dtype)


def test_of_equals_the_first_in_row_major_order_takes_the_whole_gradient():
    layer = MaxPool()
    layer.build((2, 2, 1))
    for window, winner in [([1, 1, 1, 1], 0), ([0, 1, 1, 0], 1), ([0, 0, 1, 1], 2), ([0, 0, 0, 1], 3)]:
        layer.forward(np.array(window, float).reshape(1, 2, 2, 1), True)
        dx = layer.backward(np.full((1, 1, 1, 1), 5.0))
        np.testing.assert_array_equal(dx.ravel(), 5.0 * (np.arange(4) == winner))


def test_rows_and_columns_that_fill_no_window_are_dropped():
    x = np.zeros((1, 5, 3, 1))
    x[0, 4], x[0, :, 2] = 9, 9
    layer = MaxPool()
    assert layer.build((5, 3, 1))[0] == (2, 1, 1)
    np.testing.assert_array_equal(layer.forward(x, True), np.zeros((1, 2, 1, 1)))
    assert layer.backward(np.ones((1, 2, 1, 1)))[x > 0].sum() == 0


def test_images_that_do_not_lie_in_one_piece_are_pooled_alike():
    x = np.random.default_rng(0).normal(size=(10, 8, 12, 3))[:, ::-1].transpose(0, 2, 1, 3)
    layer = MaxPool()
    layer.build(x.shape[1:])
    np.testing.assert_array_equal(layer.forward(x, True), slow_pool(x, 2, 2)[0])


def test_pooling_shows_which_place_won_each_window():
    layer = MaxPool()
    layer.build((2, 4, 1))
    layer.forward(np.array([[[[1.0], [2], [3], [3]], [[0], [0], [4], [0]]]]), True)
    before = layer.kinks()
    np.testing.assert_array_equal(before, [[[[1], [2]]]])
    layer.forward(np.zeros((1, 2, 4, 1)), True)
    np.testing.assert_array_equal(before, [[[[1], [2]]]])
    assert Conv2D(1, 1).kinks() is None


def test_a_not_a_number_is_not_pooled_away():
    layer = MaxPool()
    layer.build((2, 2, 1))
    for place in range(4):
        x = np.arange(4.0)
        x[place] = np.nan
        assert np.isnan(layer.forward(x.reshape(1, 2, 2, 1), True)).all()


@pytest.mark.parametrize(("shape", "message"), [((3, 9, 1), "size 4 does not fit"), ((16,), "takes images of shape")])
def test_pooling_refuses_what_does_not_fit(shape, message):
    with pytest.raises(ValueError, match=message):
        MaxPool(4).build(shape)


@pytest.mark.parametrize("settings", [{"size": 0}, {"stride": 0}])
def test_pooling_refuses_settings_without_meaning(settings):
    with pytest.raises(ValueError, match="at least 1"):
        MaxPool(**settings)


# Both


KINDS = {
    "same": lambda: Conv2D(3, 3),
    "valid": lambda: Conv2D(2, 2, "valid", stride=2),
    "wide": lambda: Conv2D(20, 3),
    "pool": MaxPool,
    "overlapping pool": lambda: MaxPool(3, 1),
}
each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@each_kind
def test_a_used_layer_computes_what_a_new_one_does_when_the_batch_changes(make):
    a_used_layer_computes_what_a_new_one_does(make, (6, 7, 2), (5, 5, 2, 9, 5), seed=0)


@each_kind
def test_a_layer_allocates_when_the_batch_shape_changes_and_not_at_every_update(make):
    shape = (6, 7, 2)
    rng = np.random.default_rng(0)
    layer = bind(make(), shape, draw_params(make(), shape, rng))
    x = rng.normal(size=(9, *shape))
    y = layer.forward(x, True)
    dx = layer.backward(y.copy())
    assert layer.forward(x, True) is y
    assert layer.backward(y.copy()) is dx


@each_kind
def test_a_layer_leaves_its_input_and_the_cotangent_as_they_were(make):
    a_layer_leaves_what_it_is_given(make, (6, 7, 2), n=5, seed=0)


@each_kind
def test_a_layer_takes_images_that_do_not_lie_in_one_piece(make):
    shape = (6, 7, 2)
    rng = np.random.default_rng(0)
    params = draw_params(make(), shape, rng)
    x = rng.normal(size=(2, 7, 6, 5)).transpose(3, 2, 1, 0)
    scattered, whole = bind(make(), shape, params), bind(make(), shape, params)
    y = scattered.forward(x, True)
    np.testing.assert_array_equal(y, whole.forward(x.copy(), True))
    dy = rng.normal(size=y.shape[::-1]).T
    np.testing.assert_array_equal(scattered.backward(dy), whole.backward(dy.copy()))


# Whole networks


def fman45(name):
    """The three networks of FMAN45's third assignment: layers and the shape of their images."""
    head = [Flatten(), Dense(10)]
    if name == "mnist-cnn":
        return [Conv2D(16, 5), ReLU(), MaxPool(), Conv2D(16, 5), ReLU(), MaxPool(), *head], (28, 28, 1)
    if name == "cifar-cnn":
        return [Conv2D(16, 5), ReLU(), MaxPool(), Conv2D(16, 5), ReLU(), *head], (32, 32, 3)
    first, second = [Conv2D(16, 5), ReLU(), MaxPool()], [Conv2D(32, 5), ReLU(), MaxPool()]
    return [*first, *second, Conv2D(32, 3), ReLU(), *head], (32, 32, 3)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("mnist-cnn", [416, 6_416, 7_850]), ("cifar-cnn-better", [1_216, 12_832, 9_248, 20_490])],
)
def test_the_networks_have_the_parameters_of_the_report(name, parameters):
    network = Network(*fman45(name))
    assert [row.parameters for row in network.summary() if row.parameters] == parameters
    assert network.theta.size == sum(parameters) == {"mnist-cnn": 14_682, "cifar-cnn-better": 43_786}[name]


def test_the_summary_follows_the_shapes_through_the_network():
    shapes = [row.output for row in Network(*fman45("cifar-cnn-better")).summary()]
    convolutions = [(32, 32, 16)] * 2 + [(16, 16, 16)] + [(16, 16, 32)] * 2 + [(8, 8, 32)] * 3
    assert shapes == [*convolutions, (2048,), (10,)]


def small_network(dtype):
    layers = [Conv2D(3, 3), ReLU(), MaxPool(), Conv2D(4, 2, "valid", stride=2), ReLU(), Flatten(), Dense(3)]
    network = Network(layers, (8, 9, 2), dtype)
    network.initialise(stream(5, "init"))
    return network


def test_the_gradient_of_a_small_network_is_the_complex_step_of_its_cost(derivative):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 8, 9, 2)), rng.integers(0, 3, 6)
    objective, complex_one = Objective(small_network(np.float64), 0.1), Objective(small_network(np.complex128), 0.1)
    objective.gradient(x, y)

    def cost(theta):
        complex_one.network.theta[...] = theta
        return complex_one.cost(x.astype(complex), y)

    expected = derivative(cost, objective.network.theta)
    np.testing.assert_allclose(objective.network.grad, expected, rtol=1e-9, atol=1e-11)


def test_the_first_layer_computes_no_input_gradient():
    network = small_network(np.float64)
    network.backward(np.ones_like(network.forward(np.ones((2, 8, 9, 2)), train=True)))
    assert network.layers[0].backward(np.ones((2, 8, 9, 3))) is None
    assert network.layers[3].backward(np.ones((2, 2, 2, 4))).shape == (2, 4, 4, 3)


def test_evaluation_between_updates_does_no_harm():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(23, 8, 9, 2)), rng.integers(0, 3, 23)

    def gradients(evaluate):
        objective = Objective(small_network(np.float64))
        found = []
        for start in (0, 5, 10):
            objective.gradient(x[start : start + 5], y[start : start + 5])
            found.append(objective.network.grad.copy())
            if evaluate:
                objective.evaluate(x, y)
                objective.logits(x[:1])
        return found

    np.testing.assert_array_equal(gradients(True), gradients(False))


def test_a_copy_of_a_used_network_works_by_itself():
    rng = np.random.default_rng(3)
    x, other = rng.normal(size=(2, 5, 8, 9, 2))
    network = small_network(np.float64)
    expected = network.forward(x, train=True).copy()
    twin = network.astype(np.float64)
    twin.forward(other, train=True)
    np.testing.assert_array_equal(twin.forward(x, train=True), expected)
    network.backward(np.ones((5, 3)))
    twin.backward(np.ones((5, 3)))
    np.testing.assert_array_equal(twin.grad, network.grad)
