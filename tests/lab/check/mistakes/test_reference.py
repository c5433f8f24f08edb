"""The reference networks: their gradients are the slopes of their costs, and a cost is recognised."""

from itertools import pairwise

import numpy as np
import pytest

from lab.check.mistakes.activations import ACTIVATIONS, RELU
from lab.check.mistakes.evidence import NetworkEvidence
from lab.check.mistakes.identify import Points, identify
from lab.check.mistakes.losses import CROSS_ENTROPY, LOSSES, MISTAKEN
from lab.check.mistakes.reference import Norm, Pass, ReferenceNetwork, gradients

NORMS = [None, Norm(1e-5), Norm(1e-2, ddof=1), Norm(1e-3, plain=True)]


def parameters(rng, sizes, batch_norm):
    """Layers as rows are examples, with nothing at its usual start."""
    layers = []
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        tensors = {"W": rng.normal(size=(inputs, outputs)), "b": rng.normal(size=outputs)}
        if batch_norm and k < len(sizes) - 2:
            tensors |= {"gamma": rng.uniform(0.5, 2, outputs), "beta": rng.normal(size=outputs)}
        layers.append(tensors)
    return tuple(layers)


WAYS = [(loss, RELU, None) for loss in (*LOSSES, *MISTAKEN)]
WAYS += [(CROSS_ENTROPY, activation, norm) for activation in ACTIVATIONS for norm in NORMS]


@pytest.mark.parametrize(("loss", "activation", "norm"), WAYS)
def test_the_gradient_is_the_slope_of_the_cost(loss, activation, norm):
    rng = np.random.default_rng(1)
    layers = parameters(rng, (4, 5, 3), norm is not None and not norm.plain)
    x, y = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    network = ReferenceNetwork(activation, norm, loss)
    found = gradients(Pass(network, network.forward(x, layers), y))
    for tensors, slopes in zip(layers, found, strict=True):
        for role, value in tensors.items():
            v = rng.normal(size=value.shape)
            h, start = 1e-6, value.copy()
            costs = []
            for sign in (1, -1):
                value[...] = start + sign * h * v
                costs.append(loss.value(network.forward(x, layers)[-1].out, y))
            value[...] = start
            assert (slopes[role] * v).sum() == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=2e-5, abs=1e-8)


def columns_network(X, y, layers, eps, ddof, lam, *, half=False, add_up=False, log_eps=0.0):
    """The cost of a network as DD2424 writes it: columns are examples."""
    H = X
    for k, t in enumerate(layers):
        S = t["W"].T @ H + t["b"][:, None]
        if "gamma" in t:
            S = (
                t["gamma"][:, None]
                * (S - S.mean(axis=1, keepdims=True))
                / np.sqrt(S.var(axis=1, keepdims=True, ddof=ddof) + eps)
                + t["beta"][:, None]
            )
        H = S if k == len(layers) - 1 else np.where(S > 0, S, 0)
    P = np.exp(H) / np.exp(H).sum(axis=0)
    losses = [-np.log(P[label, i] + log_eps) for i, label in enumerate(y)]
    penalty = sum(np.linalg.norm(t["W"]) ** 2 for t in layers)
    return (sum(losses) if add_up else sum(losses) / len(y)) + lam * penalty * (0.5 if half else 1)


@pytest.mark.parametrize("depth", [1, 2, 3, 9])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("eps", "ddof"), [(1e-5, 0), (1e-8, 0), (np.finfo(float).eps, 0), (1e-5, 1)])
@pytest.mark.parametrize("style", [{}, {"half": True}, {"add_up": True}, {"log_eps": 1e-8}], ids=str)
def test_a_cost_in_columns_is_recognised(depth, batch_norm, eps, ddof, style):
    rng = np.random.default_rng(depth)
    layers = parameters(rng, (*(6, 5, 4, 7, 6, 5, 8, 4, 5)[:depth], 3), batch_norm)
    X, y = rng.normal(size=(6, 7)), rng.integers(0, 3, 7)

    def cost(layers):
        return columns_network(X, y, layers, eps, ddof, 0.1, **style)

    code = NetworkEvidence(X.T, y, 0.1, layers, tuple({} for _ in layers), cost, lambda layers: layers)
    identity = identify(code, Points(code))
    assert identity is not None
    assert identity.scale == pytest.approx(len(y) if "add_up" in style else 1)
    assert all(c["W"] == pytest.approx(0.05 if "half" in style else 0.1) for c in identity.penalty.coefficients)
    assert ("1e-08" in identity.network.loss.name) == ("log_eps" in style)
    if batch_norm and depth > 1:
        assert identity.network.norm == Norm(eps, ddof)


@pytest.mark.parametrize(
    "other",
    [
        lambda rng, y, layers: np.random.default_rng(0).normal(),
        lambda rng, y, layers: sum(np.cos(t["W"]).sum() for t in layers),
    ],
)
def test_another_cost_is_none_of_them(other):
    rng = np.random.default_rng(2)
    layers = parameters(rng, (4, 5, 3), False)
    X, y = rng.normal(size=(4, 7)), rng.integers(0, 3, 7)
    code = NetworkEvidence(X.T, y, 0.1, layers, ({}, {}), lambda layers: other(rng, y, layers), lambda layers: layers)
    assert identify(code, Points(code)) is None
