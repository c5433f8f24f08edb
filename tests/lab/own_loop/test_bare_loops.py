"""A training loop that stands in no function: at the top level of a script, in its main block, in a notebook."""

import ast
import json
from types import ModuleType

import numpy as np
import pytest

from lab.check.worker.bare_loops import bare_loop
from lab.check.worker.notebook import read_notebook
from tests.lab.own_loop.programs import looked_at

FUNCTIONS = """
import numpy as np


def evaluate(X, W, b):
    H = np.maximum(W[0] @ X + b[0], 0)
    E = np.exp(W[1] @ H + b[1])
    return H, E / E.sum(axis=0)


def compute_cost(X, Y, W, b, lam):
    return -np.mean(np.log(np.sum(Y * evaluate(X, W, b)[1], axis=0))) + lam * sum(np.sum(w ** 2) for w in W)


def compute_gradients(X, Y, W, b, lam):
    H, P = evaluate(X, W, b)
    G = (P - Y) / X.shape[1]
    D = (W[1].T @ G) * (H > 0)
    gW = [D @ X.T + 2 * lam * W[0], G @ H.T + 2 * lam * W[1]]
    return gW, [D.sum(axis=1, keepdims=True), G.sum(axis=1, keepdims=True)]


"""
LOOP = """X_train, Y_train, y_train = load_batch("data_batch_1")
X_val, Y_val, y_val = load_batch("data_batch_2")
W = [np.random.randn(50, 3072) * 0.01, np.random.randn(10, 50) * 0.1]
b = [np.zeros((50, 1)), np.zeros((10, 1))]
lam, eta_min, eta_max, n_s, n_batch, n_epochs = 0.01, 1e-5, 1e-1, 500, 100, 10
n = X_train.shape[1]
train_costs, val_costs = [], []
t = 0
for epoch in range(n_epochs):
    order = np.random.permutation(n)
    for j in range(n // n_batch):
        inds = order[j * n_batch:(j + 1) * n_batch]
        u = t % (2 * n_s)
        eta = eta_min + min(u, 2 * n_s - u) / n_s * (eta_max - eta_min)
        gW, gb = compute_gradients(X_train[:, inds], Y_train[:, inds], W, b, lam)
        for i in range(2):
            W[i] -= eta * gW[i]
            b[i] -= eta * gb[i]
        t += 1
    train_costs.append(compute_cost(X_train, Y_train, W, b, lam))
    val_costs.append(compute_cost(X_val, Y_val, W, b, lam))
"""
MAIN = 'if __name__ == "__main__":\n    ' + LOOP.replace("\n", "\n    ").rstrip() + "\n"
SETTINGS = ("a2-setting1", "lambda=0.01")


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ("", "", None),
        ("Y_train[:, inds]", "Y_train[:, order[-n_batch:]]", "labels"),
        ("        t += 1\n    ", "", "eta-constant"),
        ("b[i] -= eta * gb[i]", "pass", "never-updated"),
    ],
    ids=["right", "labels", "no schedule", "b stays"],
)
def test_its_updates_are_compared_as_those_of_a_function(tmp_path, right, wrong, key):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS + MAIN.replace(right, wrong))
    compared, findings = looked_at(path, SETTINGS)
    assert len(compared.steps) == 12
    assert [f.key for f in findings if f.wrong][:1] == ([key] if key else [])


def test_the_lists_that_it_fills_are_returned():
    arguments, function = _function(FUNCTIONS + LOOP)
    assert arguments == ["n_epochs", "n_batch", "n_s", "eta_min", "eta_max", "X_train", "Y_train", "W", "b", "lam",
                         "X_val", "Y_val"]  # fmt: skip
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(4, 6)), np.eye(3)[[0, 1, 2, 0, 1, 2]].T
    W, b = [rng.normal(size=(5, 4)), rng.normal(size=(3, 5))], [np.zeros((5, 1)), np.zeros((3, 1))]
    made = function(2, 3, 2, 1e-5, 0.1, X, Y, W, b, 0.0, X, Y)
    assert [(name, len(values)) for name, values in made.items()] == [("train_costs", 2), ("val_costs", 2)]


def test_a_loop_in_cells_of_a_notebook(tmp_path):
    cells = [
        {"cell_type": "code", "source": text} for text in ("%matplotlib inline\n" + FUNCTIONS, *LOOP.split("t = 0"))
    ]
    cells[-1]["source"] = "t = 0" + cells[-1]["source"]
    (tmp_path / "a2.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    source, _ = read_notebook(tmp_path / "a2.ipynb")
    assert _function(source.text)[0] == _function(FUNCTIONS + LOOP)[0]


@pytest.mark.parametrize("text", ["x = 1\n", "for name in names:\n    print(name)\n", FUNCTIONS])
def test_a_file_without_such_a_loop_has_none(text):
    assert bare_loop(ModuleType("mine"), text) is None


def _function(text):
    """The arguments of the loop of a text, and itself."""
    module = ModuleType("mine")
    definitions = [s for s in ast.parse(text).body if isinstance(s, ast.FunctionDef | ast.Import)]
    exec(compile(ast.Module(definitions, []), "mine", "exec"), vars(module))
    function = bare_loop(module, text)
    return list(function.__code__.co_varnames[: function.__code__.co_argcount]), function
