"""Networks whose parts stand in several files: what is said of one file holds for those it takes its parts from."""

import sys

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load

FUNCTIONS = """
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def cross_entropy_error(y, t):
    return -np.sum(t * np.log(y + 1e-7)) / len(t)
"""
LAYERS = """
from {functions} import softmax, cross_entropy_error

class SoftmaxWithLoss:
    def forward(self, x, t):
        self.t, self.y = t, softmax(x)
        return cross_entropy_error(self.y, t)

    def backward(self, dout=1):
        return {dx}
"""
NETWORK = """
from {layers} import *

class Net:
    def __init__(self, input_size, output_size):
        self.params = {"W1": np.random.randn(input_size, output_size), "b1": np.zeros(output_size)}
        self.last = SoftmaxWithLoss()

    def loss(self, x, t):
        return self.last.forward(x @ self.params["W1"] + self.params["b1"], t)

    def gradient(self, x, t):
        self.loss(x, t)
        d = self.last.backward()
        return {"W1": x.T @ d, "b1": d.sum(axis=0)}
"""


@pytest.mark.parametrize(
    ("dx", "right"),
    [("(self.y - self.t) / len(self.t)", True), ("1.01 * (self.y - self.t) / len(self.t)", False)],
)
def test_a_small_number_in_a_logarithm_of_another_file_is_no_mistake(dx, right, tmp_path):
    names = {}
    for name, text in (("functions", FUNCTIONS), ("layers", LAYERS.replace("{dx}", dx))):
        names[name] = load(text.replace("{functions}", names.get("functions", "")), tmp_path).__name__
    try:
        found = check(NETWORK.replace("{layers}", names["layers"]), "Net", tmp_path)
    finally:
        for name in names.values():
            del sys.modules[name]
    assert not found.problem
    assert found.passed == right


DENSE = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in)

    def forward(self, x):
        self.x = x
        return self.W @ x

    def backward(self, dy, rate):
        dx = self.W.T @ dy
        self.W -= rate * dy @ self.x.T
        return dx
"""
MAIN = """
from {dense} import Dense

def mse(y, p):
    return np.mean((y - p) ** 2)

def mse_prime(y, p):
    return 2 * (p - y) / np.size(y)

def train(network, x, y):
    for layer in network:
        x = layer.forward(x)
    g = mse_prime(y, x)
    for layer in network[::-1]:
        g = layer.backward(g, 0.1)
"""


@pytest.mark.parametrize(("more", "names"), [("", {"Dense", "mse"}), ("class Own(Dense): pass", {"Own", "mse"})])
def test_a_file_that_only_puts_classes_of_others_together_is_checked_with_them(more, names, tmp_path):
    dense = load(DENSE, tmp_path).__name__
    try:
        found = recognised(load(MAIN.replace("{dense}", dense) + more, tmp_path))
    finally:
        del sys.modules[dense]
    assert {each.name for each in found} == names


HANDED = """
def forward(model, x):
    h = x @ model["W1"] + model["b1"]
    return {"x": x, "h": h, "y": np.maximum(h, 0) @ model["W2"]}

def backward(model, err, var):
    d = err / {by}
    model["dE_dW2"] = np.maximum(var["h"], 0).T @ d
    d = d @ model["W2"].T{mask}
    model["dE_dW1"], model["dE_db1"] = var["x"].T @ d, d.sum(axis=0)
"""


@pytest.mark.parametrize("by", ["1", "len(err)", "err.shape[0]"])
@pytest.mark.parametrize(("mask", "right"), [(' * (var["h"] > 0)', True), ("", False)])
def test_a_way_back_that_divides_what_it_is_handed_by_the_batch_is_no_mistake(by, mask, right, tmp_path):
    found = check(HANDED.replace("{by}", by).replace("{mask}", mask), "backward", tmp_path)
    assert not found.problem
    assert found.passed == right
