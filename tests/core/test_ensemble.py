"""Members side by side: each the dense layer of its own inputs, and the mean of their logits when they answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ensemble import Ensemble, EnsembleLoss
from core.gradcheck.check import Settings, check, check_target
from core.gradcheck.targets import LayerTarget
from core.initialisers import Normal
from core.layers import Dense, ReLU
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.streams import stream
from tests.core.bare import (
    a_layer_leaves_what_it_is_given,
    a_used_layer_computes_what_a_new_one_does,
    bind,
    draw_params,
)

cases = {
    "n": st.integers(1, 5),
    "d": st.integers(1, 4),
    "members": st.integers(1, 4),
    "classes": st.integers(1, 4),
    "bias": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
}


@given(**cases, dtype=st.sampled_from([np.float32, np.float64, np.complex128]))
def test_each_member_is_a_dense_layer_of_its_inputs(n, d, members, classes, bias, seed, dtype, assert_close):
    rng = np.random.default_rng(seed)
    layer = Ensemble(members, classes, bias=bias)
    params = draw_params(layer, (d * members,), rng)
    layer = bind(layer, (d * members,), params, dtype)
    x, dz = rng.normal(size=(n, d * members)), rng.normal(size=(n, members, classes))
    each = layer.forward(x.astype(dtype), True).copy()
    dx = layer.backward(dz.astype(dtype))
    for m in range(members):
        mine, W = x[:, m::members], params["W"][m]
        b = params["b"][m] if bias else 0
        assert_close(each[:, m], mine @ W + b, dtype, scale=10)
        assert_close(layer.grads["W"][m], mine.T @ dz[:, m], dtype, scale=10)
        assert_close(dx[:, m::members], dz[:, m] @ W.T, dtype, scale=10)
        if bias:
            assert_close(layer.grads["b"][m], dz[:, m].sum(axis=0), dtype, scale=10)
    answer = layer.forward(x.astype(dtype), False)
    assert answer.dtype == dtype
    assert_close(answer, each.mean(axis=1), dtype, scale=10)


@given(n=st.integers(1, 5), members=st.integers(1, 4), classes=st.integers(1, 5), s=st.floats(0, 0.9))
def test_the_loss_of_an_ensemble_is_the_mean_of_its_members(n, members, classes, s):
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(n, members, classes)), rng.integers(0, classes, n)
    together = EnsembleLoss(s)
    losses, gradient = together.forward(logits, y), together.backward()
    one = [SoftmaxCrossEntropy(s) for _ in range(members)]
    alone = np.stack([loss.forward(logits[:, m], y) for m, loss in enumerate(one)])
    np.testing.assert_allclose(losses, alone.mean(axis=0), rtol=1e-12)
    gradients = np.stack([loss.backward() for loss in one], axis=1) / members
    np.testing.assert_allclose(gradient, gradients, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("method", ["complex", "central"])
def test_a_network_with_an_ensemble_passes_the_gradient_check(method):
    rng = np.random.default_rng(0)
    network = Network([Dense(6, Normal(0.5)), ReLU(), Ensemble(3, 4, Normal(0.5))], (5,))
    network.initialise(stream(0, "init"))
    x, y = rng.normal(size=(8, 5)), rng.integers(0, 4, 8)
    assert check(Objective(network, 0.01, EnsembleLoss(0.1)), x, y, Settings(method, samples=None)).passed


def test_the_layer_alone_passes():
    rng = np.random.default_rng(0)
    assert check_target(LayerTarget(Ensemble(2, 3), rng.normal(size=(4, 6)), rng), Settings("complex")).passed


def test_it_keeps_to_what_every_layer_does():
    a_used_layer_computes_what_a_new_one_does(lambda: Ensemble(2, 3), (6,), (5, 5, 2, 9, 5), seed=0)
    a_layer_leaves_what_it_is_given(lambda: Ensemble(2, 3), (6,), n=5, seed=0)


def test_inputs_that_cannot_be_shared_are_refused():
    with pytest.raises(ValueError, match=r"2 members cannot share inputs of shape \(5,\) equally"):
        Ensemble(2, 3).build((5,))
    with pytest.raises(ValueError, match="at least 1, not 0 and 3"):
        Ensemble(0, 3)
