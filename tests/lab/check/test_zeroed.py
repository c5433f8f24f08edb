"""Gradients that add up are no mistake where the file sets them to 0 somewhere, under whatever name."""

import pytest

from tests.lab.check.in_process import check

TEXT = """
class Dense:
    def __init__(self, n_in, n_out):
        self.weight, self.bias = np.random.randn(n_in, n_out), np.zeros(n_out)
        self.weight_grad, self.bias_grad = np.zeros_like(self.weight), np.zeros_like(self.bias)

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, grad):
        self.weight_grad += self.x.T @ grad
        self.bias_grad += grad.sum(axis=0)
        return grad @ self.weight.T

    def parameters(self):
        return [(self.weight, self.weight_grad), (self.bias, self.bias_grad)]

class Optimiser:
    def __init__(self, layers):
        self.layers = layers

    def step(self):
        for layer in self.layers:
            for p, g in layer.parameters():
                p -= 0.1 * g

    def {name}(self):
        for layer in self.layers:
            for _, g in layer.parameters():
                {zero}
"""


@pytest.mark.parametrize("name", ["zero_grad", "reset_gradients", "clearGrads"])
@pytest.mark.parametrize(
    ("zero", "right"), [("g[...] = 0", True), ("g.fill(0)", True), ("g *= 0", True), ("print(g)", False)]
)
def test_gradients_that_a_method_called_so_sets_to_0_may_add_up(name, zero, right, tmp_path):
    found = check(TEXT.replace("{name}", name).replace("{zero}", zero), "Dense", tmp_path)
    assert not found.problem
    assert found.passed == right


SUMMED = """
class Net:
    def __init__(self, d, k):
        self.weights, self.gradients = {}, {}
        self._weight_init(d, k)

    def _weight_init(self, d, k):
        self.weights["W1"] = 0.1 * np.random.randn(d, k)
        self.gradients["W1"] = np.zeros_like(self.weights["W1"])

    def forward(self, X, y):
        e = np.exp(X @ self.weights["W1"])
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(len(y)), y]))
        p[np.arange(len(y)), y] -= 1
        self.gradients["W1"] {put} X.T @ p / len(y)
        return loss, p
{more}
"""
TRAIN = """
    def train(self, X, y):
        self._weight_init(*self.weights["W1"].shape)
        self.forward(X, y)
"""


@pytest.mark.parametrize(("put", "more", "right"), [("=", "", True), ("+=", "", False), ("+=", TRAIN, True)])
def test_what_only_the_constructor_sets_to_0_is_never_reset(put, more, right, tmp_path):
    found = check(SUMMED.replace("{put}", put).replace("{more}", more), "Net", tmp_path)
    assert not found.problem
    assert found.passed == right
