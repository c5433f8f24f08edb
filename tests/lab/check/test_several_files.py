"""Networks whose parts stand in several files: what is said of one file holds for those it takes its parts from."""

import sys

import pytest

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
