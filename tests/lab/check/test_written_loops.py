"""Scripts: a network that is trained in a loop at the top level, or in a function that is given nothing."""

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load
from tests.sizes import size

ELEVEN_LINES = """
    def nonlin(x, deriv=False):
        return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))

    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    y = np.array([[0, 1, 1, 0]]).T
    syn0 = np.random.default_rng(0).normal(size=(3, 4))
    syn1 = np.random.default_rng(1).normal(size=(4, 1))
    for step in range(3):
        l1 = nonlin(X @ syn0)
        l2 = nonlin(l1 @ syn1)
        l2_delta = (y - l2) * nonlin(l2, deriv=True)
        l1_delta = l2_delta @ syn1.T * nonlin(l1, deriv=True)
        syn1 += 0.5 * l1.T @ l2_delta
        syn0 += 0.5 * X.T @ l1_delta
"""
SOFTMAX = """
    X = np.random.default_rng(0).normal(size=(9, 4))
    y = np.arange(9) % 3
    net = {"W": np.random.default_rng(1).normal(size=(4, 5)), "b": np.zeros(5),
           "W2": np.random.default_rng(2).normal(size=(5, 3))}
    losses, reg = [], 0.01
    for epoch in range(2):
        for i in range(0, 9, 3):
            xb, yb = X[i:i + 3], y[i:i + 3]
            h = np.maximum(0, xb @ net["W"] + net["b"])
            e = np.exp(h @ net["W2"])
            p = e / e.sum(axis=1, keepdims=True)
            losses.append(-np.log(p[range(3), yb]).mean() + reg * np.sum(net["W"] ** 2))
            p[range(3), yb] -= 1
            grads = {"W2": h.T @ p / 3}
            dh = p @ net["W2"].T * (h > 0) / 3
            grads["W"] = xb.T @ dh + 2 * reg * net["W"]
            grads["b"] = dh.sum(axis=0)
            for k in net:
                net[k] -= 0.1 * grads[k]
"""
FUNCTION = """
    def main():
        df = open("no such file")
        X, Y = df.X, df.Y
        W1, W2 = 0.3 * np.random.randn(6, 5), 0.3 * np.random.randn(5, 3)
        for epoch in range(100):
            A = np.tanh(X @ W1)
            S = A @ W2
            P = np.exp(S) / np.exp(S).sum(1, keepdims=True)
            L = -np.mean(np.sum(Y * np.log(P), axis=1))
            G = (P - Y) / len(X)
            gW2 = A.T @ G
            gW1 = X.T @ (G @ W2.T * (1 - A**2))
            W1 -= 0.1 * gW1
            W2 -= 0.1 * gW2
"""
SUMS = """
    W = np.random.randn(4, 3)

    def cost(X, Y):
        return 0.5 * np.sum((X @ W - Y) ** 2)

    def backward(X, Y):
        dW = np.zeros_like(W)
        for x, y in zip(X, Y):
            dW += np.outer(x, x @ W - y)
        return dW

    def main():
        for _ in range(3):
            W[...] = W - 0.1 * backward(np.ones((2, 4)), np.ones((2, 3)))
"""
LOOPS = [  # text, name, tensors, the right part of a line, a mistake in its place, what is wrong then
    (ELEVEN_LINES, "training_loop", ["syn0", "syn1"], "@ syn1.T * nonlin(l1, deriv=True)", "@ syn1.T", ["syn0"]),
    (ELEVEN_LINES, "training_loop", ["syn0", "syn1"], "(y - l2)", "(l2 - y)", ["syn0", "syn1"]),
    (SOFTMAX, "training_loop", ["net['W']", "net['b']", "net['W2']"], "* (h > 0) / 3", "/ 3", ["net['W']", "net['b']"]),
    (SOFTMAX, "training_loop", ["net['W']", "net['b']", "net['W2']"], "2 * reg", "reg", ["net['W']"]),
    (FUNCTION, "main", ["W1", "W2"], "1 - A**2", "1 - A", ["W1"]),
]


@pytest.mark.parametrize(("text", "name", "tensors", "right", "mistake", "wrong"), LOOPS[size(1, 0) :: size(2, 1)])
def test_one_update_of_a_loop_is_checked(text, name, tensors, right, mistake, wrong, tmp_path):
    assert right in text
    for source, failing in ((text, []), (text.replace(right, mistake), wrong)):
        report = check(source, name, tmp_path)
        assert not report.problem
        assert [t.name for t in report.report.tensors] == tensors
        assert [t.name for t in report.report.tensors if not t.passed] == failing


def test_what_the_cost_is_held_against_is_told_where_the_loop_has_none(tmp_path):
    notes = check(ELEVEN_LINES, "training_loop", tmp_path).report.notes
    assert "no cost in the loop: held against 0.5 ||y - l2||^2" in notes


def test_a_loop_in_a_function_that_gives_gradients_is_no_training(tmp_path):
    module = load(SUMS, tmp_path)
    assert [(f.name, f.kind) for f in recognised(module)] == [("backward", "gradients")]


def test_a_loop_without_a_cost_and_without_labels_says_so(tmp_path):
    text = "w = np.ones(3)\nfor _ in range(2):\n    w -= 0.1 * w\n"
    assert "gives no cost" in check(text, "training_loop", tmp_path).problem
