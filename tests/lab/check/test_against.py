"""The layers of ours that a student's can be compared with: one registry, and every place that names them."""

from pathlib import Path

import numpy as np
import pytest

from lab.check.against import KINDS, compare
from lab.check.targets import AGAINST

ROOT = Path(__file__).parents[3]


def test_the_names_are_those_of_the_layers():
    assert list(AGAINST) == list(KINDS)


@pytest.mark.parametrize("name", AGAINST)
def test_help_and_documentation_name_every_layer(name, gradlab):
    assert name in gradlab("check", "--help")[1].split("--against")[1].split("--template")[0]
    row = next(line for line in (ROOT / "docs/commands.md").read_text().splitlines() if "`--against LAYER`" in line)
    assert f"`{name}`" in row


class Code:
    """Answers of a student's code that were written down."""

    def __init__(self, params, out, gradients):
        self.params, self.out, self.cotangent = params, out, np.ones_like(out)
        self.gradients = lambda params: gradients


X = np.random.default_rng(0).normal(size=(4, 3))
W, B, GAMMA = np.arange(6.0).reshape(3, 2), np.array([1.0, -1.0]), np.array([1.0, 2.0, 3.0])
Z = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5)
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
IMAGES = np.arange(2 * 4 * 4.0).reshape(2, 4, 4, 1)
KERNEL = np.ones((1, 1, 1, 2))
ONES = np.ones((4, 2))
EXAMPLES = {  # right layers, computed here: params, output, gradients for a cotangent of ones
    "dense": ({"x": X, "W": W, "b": B}, X @ W + B, {"x": ONES @ W.T, "W": X.T @ ONES, "b": ONES.sum(axis=0)}),
    "relu": ({"x": X}, np.maximum(X, 0), {"x": (X > 0) * 1.0}),
    "batchnorm": (
        {"x": X, "gamma": GAMMA, "beta": 0 * GAMMA},
        GAMMA * Z,
        {"x": 0 * X, "gamma": Z.sum(axis=0), "beta": np.full(3, 4.0)},
    ),
    "softmax": ({"x": X}, P, {"x": 0 * X}),
    "conv2d": (
        {"x": IMAGES, "W": KERNEL, "b": B},
        IMAGES * [1.0, 1.0] + B,
        {"x": np.full(IMAGES.shape, 2.0), "W": np.full(KERNEL.shape, IMAGES.sum()), "b": np.full(2, 32.0)},
    ),
    "maxpool": (
        {"x": IMAGES},
        IMAGES[:, 1::2, 1::2],
        {"x": np.where((np.indices(IMAGES.shape)[1] % 2) & (np.indices(IMAGES.shape)[2] % 2), 1.0, 0.0)},
    ),
}


@pytest.mark.parametrize("kind", AGAINST)
def test_a_right_layer_agrees_with_ours_and_a_wrong_one_does_not(kind):
    params, out, gradients = EXAMPLES[kind]
    rows = compare(kind, Code(params, out, gradients))
    assert [row.name for row in rows] == ["output", *gradients]
    assert all(row.passed for row in rows)
    for name in gradients:
        wrong = {**gradients, name: gradients[name] + 0.01}
        assert [row.name for row in compare(kind, Code(params, out, wrong)) if not row.passed] == [name]
    assert not compare(kind, Code(params, out + 0.01, gradients))[0].passed
