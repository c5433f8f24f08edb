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


BATCHES = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)
        self.{zero}()

    def {zero}(self):
        self.grad_W, self.grad_b = np.zeros_like(self.W), {b}

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.grad_W += self.x.T @ g
        self.grad_b {sign} g.sum(axis=0)
        return g @ self.W.T

    def update(self, eta):
        self.W -= eta * self.grad_W
        self.b -= eta * self.grad_b
        self.{zero}()
"""


@pytest.mark.parametrize(
    ("b", "sign", "right"), [("np.zeros_like(self.b)", "+=", True), ("np.zeros_like(self.b)", "=", False)]
)
@pytest.mark.parametrize("zero", ["zero_grad", "clear"])
def test_a_gradient_that_is_overwritten_where_others_add_up_and_it_is_zeroed_with_them(zero, b, sign, right, tmp_path):
    text = BATCHES.replace("{b}", b).replace("{sign}", sign).replace("{zero}", zero)
    found = check(text, "Dense", tmp_path)
    assert [t.name for t in found.report.tensors if not t.passed] == ([] if right else ["b"])


ONE_EXAMPLE = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_out, n_in), np.zeros(n_out)
        self.reset()

    def reset(self):
        self.grad_W, self.grad_b, self.seen = np.zeros(self.W.shape), np.zeros(self.b.shape), 0

    def forward(self, x):
        self.x = x
        return self.W.dot(x) + self.b

    def backward(self, delta):
        self.grad_W {sign} np.outer(delta, self.x)
        self.grad_b += delta
        self.seen += 1
        return {back}.dot(delta)

    def step(self, eta):
        self.W -= eta / self.seen * self.grad_W
        self.b -= eta / self.seen * self.grad_b
        self.reset()
"""


@pytest.mark.parametrize(
    ("sign", "back", "wrong"), [("+=", "self.W.T", []), ("=", "self.W.T", ["W"]), ("+=", "2 * self.W.T", ["x"])]
)
def test_a_layer_that_takes_one_vector_at_a_time(sign, back, wrong, tmp_path):
    found = check(ONE_EXAMPLE.replace("{sign}", sign).replace("{back}", back), "Dense", tmp_path)
    assert not found.problem
    assert [t.name for t in found.report.tensors if not t.passed] == wrong
