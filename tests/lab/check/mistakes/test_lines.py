"""The line that computes a gradient is found in the ways in which students write it, or none is told."""

import pytest

from lab.check.mistakes.lines import line_of

PLAIN = """
    def ComputeGradients(X, Y, P, W1, b1, W2, b2, lam):
        n = X.shape[1]
        G = P - Y
        grad_W2 = G @ H.T / n + 2 * lam * W2
        grad_b2 = G.sum(axis=1) / n
        G = W2.T @ G
        grad_W1 = G @ X.T / n
        grad_W1 += 2 * lam * W1
        dB1, db1 = 0, G.sum(axis=1) / n
        return grad_W1, db1
"""
DICT = """
def loss(self, X, y, reg):
    grads = {}
    grads["W2"] = h.T @ d
    grads['b2'] = d.sum(0)
    self.dW1 = X.T @ d
    return grads
"""
LOOP = """
def backward(self, Y):
    grad_W = [None] * 3
    for k in reversed(range(3)):
        grad_W[k] = G @ H[k].T
        grad_b.insert(0, G.sum(axis=1))
"""
FIRST = """
def grads():
    dW[0] = 1
    dW[1] = 2
"""


@pytest.mark.parametrize(
    ("source", "tensor", "line"),
    [
        (PLAIN, "W2", 5),
        (PLAIN, "W1", 9),
        (PLAIN, "b2", 6),
        (PLAIN, "W3", None),
        (DICT, "W2", 4),
        (DICT, "b2", 5),
        (DICT, "W1", 6),
        (LOOP, "W2", 5),
        (LOOP, "b2", 6),
        (FIRST, "W[0]", 3),
        (FIRST, "W2", 4),
        ("def f(:", "W", None),
        ("function [gW, gb] = f(X)\n gW = 1;", "W", None),
    ],
)
def test_the_line_of_a_gradient(source, tensor, line):
    assert line_of(source, tensor) == line


def test_lines_are_counted_from_where_the_function_stands():
    assert line_of(DICT.lstrip("\n"), "W2", first_line=40) == 42


@pytest.mark.parametrize("start", ["[]", "[None] * 3", "np.zeros(3)", "[np.zeros_like(w) for w in W]", "None"])
def test_where_a_gradient_starts_is_not_where_it_is_computed(start):
    assert line_of(f"def f():\n    dW = {start}\n    dW[k] += G @ H.T\n", "W1") == 3
    assert line_of(f"def f():\n    dW = {start}\n    dW.append(G @ H.T)\n", "W2") == 3
