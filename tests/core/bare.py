"""Layers without a network around them, and what every kind of layer must keep to."""

import numpy as np

from core.layers import Dropout
from core.streams import stream


def bind(layer, shape, params, dtype=np.float64):
    """The layer with these parameters in its own arrays. What is in `grads` beforehand must not matter: nan."""
    layer.build(shape)
    for name, value in params.items():
        layer.params[name] = value.astype(dtype)
        layer.grads[name] = np.full(value.shape, np.nan, dtype)
    return layer


def draw_params(layer, shape, rng):
    return {name: rng.normal(size=p.shape) for name, p in layer.build(shape)[1].items()}


def normal(rng, shape):
    """Numbers for a layer that takes any."""
    return rng.normal(size=shape)


def a_used_layer_computes_what_a_new_one_does(make, shape, sizes, seed, draw=normal):
    """Whatever batches of `sizes` examples it has seen. make() draws its own numbers in the same way every time."""
    rng = np.random.default_rng(seed)
    params = draw_params(make(), shape, rng)
    used = bind(make(), shape, params)
    for n in sizes:
        new = bind(make(), shape, params)
        if isinstance(new, Dropout):
            used.rng = stream(7, "dropout")
        x = draw(rng, (n, *shape))
        y = used.forward(x, True)
        np.testing.assert_array_equal(y, new.forward(x, True))
        dy = rng.normal(size=y.shape)
        np.testing.assert_array_equal(used.backward(dy), new.backward(dy))
        for name in params:
            np.testing.assert_array_equal(used.grads[name], new.grads[name])


def a_layer_leaves_what_it_is_given(make, shape, n, seed, draw=normal):
    """Its input and dJ/dy are not written to."""
    rng = np.random.default_rng(seed)
    layer = bind(make(), shape, draw_params(make(), shape, rng))
    x = draw(rng, (n, *shape))
    kept = x.copy()
    y = layer.forward(x, True)
    dy = rng.normal(size=y.shape)
    dy_kept = dy.copy()
    layer.backward(dy)
    layer.forward(x, False)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(dy, dy_kept)
