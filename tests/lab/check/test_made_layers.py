"""Layers that a function makes: its forward and backward share what it was given."""

import pytest

from tests.lab.check.in_process import check

LINEAR = """
def linear(W, b):
    def forward(x):
        return x @ W + b, x
    def backward(dy, x):
        return {dx}, [x.T @ dy, dy.sum(axis=0)]
    return {made}
"""
LEAKY = """
def leaky_relu(alpha=0.1):
    def forward(x):
        return np.where(x > 0, x, alpha * x), x
    def backward(dy, x):
        return dy * np.where(x > 0, 1.0, {dx}), []
    return {made}
"""
RELU = """
def relu():
    def forward(x):
        return np.maximum(x, 0), x
    def backward(dy, x):
        return dy * ({dx} > 0)
    return {made}
"""
CASES = [
    (RELU, "relu", "x", "dy"),
    (LINEAR, "linear", "dy @ W.T", "dy @ np.abs(W).T"),
    (LEAKY, "leaky_relu", "alpha", "0.0"),
]


@pytest.mark.parametrize("made", ["forward, backward", "{'forward': forward, 'backward': backward}"])
@pytest.mark.parametrize(("text", "name", "right", "wrong"), CASES, ids=[case[1] for case in CASES])
def test_a_function_that_makes_the_two_of_a_layer(text, name, right, wrong, made, tmp_path):
    for dx in (right, wrong):
        found = check(text.replace("{made}", made).replace("{dx}", dx), name, tmp_path)
        assert not found.problem
        assert found.passed == (dx == right)
