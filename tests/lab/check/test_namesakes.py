"""Gradients in an object that are called otherwise than the parameters: dW of weights."""

import pytest

from tests.lab.check.in_process import check

NETWORK = """
class Classifier:
    def __init__(self, sizes, lam=0.0):
        pairs = list(zip(sizes[:-1], sizes[1:]))
        self.{weights} = [np.random.randn(a, b) * 0.1 for a, b in pairs]
        self.{biases} = [np.zeros((1, b)) for _, b in pairs]
        self.lam, self.seen = lam, []

    def forward(self, X):
        self.seen = [X]
        for W, b in zip(self.{weights}, self.{biases}):
            X = np.maximum(0, X @ W + b)
            self.seen.append(X)
        S = self.seen[-2] @ W + b
        P = np.exp(S - S.max(axis=1, keepdims=True))
        self.seen[-1] = P / P.sum(axis=1, keepdims=True)
        return self.seen[-1]

    def cost(self, X, targets):
        P = self.forward(X)
        penalty = self.lam * sum((W ** 2).sum() for W in self.{weights})
        return -np.log(P[np.arange(len(X)), targets]).mean() + penalty

    def backward(self, targets):
        n, count = len(targets), len(self.{weights})
        self.{dw}, self.{db} = [None] * count, [None] * count
        G = self.seen[-1].copy()
        G[np.arange(n), targets] -= 1
        for i in reversed(range(count)):
            self.{dw}[i] = self.seen[i].T @ G / n + {penalty} * self.lam * self.{weights}[i]
            self.{db}[i] = G.sum(axis=0, keepdims=True) / n
            G = (G @ self.{weights}[i].T) * (self.seen[i] > 0)
"""
NAMES = [("weights", "biases", "dW", "db"), ("W", "b", "grad_weights", "grad_biases"), ("w", "bias", "dweights", "db")]


@pytest.mark.parametrize(("weights", "biases", "dw", "db"), NAMES)
def test_other_words_for_the_same_letter_are_understood(weights, biases, dw, db, tmp_path):
    names = {"weights": weights, "biases": biases, "dw": dw, "db": db}
    passed = check(NETWORK.format(penalty=2, **names), "Classifier", tmp_path)
    assert passed.passed, f"{passed.problem} {passed.report}"
    failed = check(NETWORK.format(penalty=1, **names), "Classifier", tmp_path)
    wrong = {t.name for t in failed.report.tensors if not t.passed}
    assert wrong == {t.name for t in failed.report.tensors if t.name.startswith(weights + "[")}
