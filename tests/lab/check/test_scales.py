"""Networks whose weights the check would draw, or the file draws, so large that the cost is not finite."""

import re

import pytest

from tests.lab.check.in_process import check

NET = """
class Net:
    def __init__(self):
        self.params = {"W1": np.random.randn(%(d)d, 20)%(scale)s, "b1": np.zeros(20),
                       "W2": np.random.randn(20, 10)%(scale)s, "b2": np.zeros(10)}

    def forward(self, X):
        self.X, self.H = X, np.maximum(%(times)s * X @ self.params["W1"] + self.params["b1"], 0)
        S = self.H @ self.params["W2"] + self.params["b2"]
        E = np.exp(S - S.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def cost(self, X, Y):
        return -np.mean(np.log(np.sum(Y * self.forward(X), axis=1)))

    def gradients(self, X, Y):
        G = (self.forward(X) - Y) / len(X)
        D = (G @ self.params["W2"].T) * (self.H > 0)
        return {"W1": %(times)s * X.T @ D, "b1": D.sum(axis=0), "W2": self.H.T @ G, "b2": G.sum(axis=0)}
"""
FUNCTIONS = """
def forward(X, W1, b1, W2, b2):
    H = np.maximum(%(times)s * W1 @ X + b1, 0)
    S = W2 @ H + b2
    E = np.exp(S - S.max(axis=0))
    return H, E / E.sum(axis=0)


def compute_cost(X, Y, W1, b1, W2, b2, lam):
    return -np.mean(np.log(np.sum(Y * forward(X, W1, b1, W2, b2)[1], axis=0))) + lam * (np.sum(W1**2) + np.sum(W2**2))


def compute_gradients(X, Y, W1, b1, W2, b2, lam):
    H, P = forward(X, W1, b1, W2, b2)
    G = (P - Y) / X.shape[1]
    D = (W2.T @ G) * (H > 0)
    return %(times)s * D @ X.T + 2 * lam * W1, D.sum(axis=1, keepdims=True), G @ H.T + 2 * lam * W2, \\
        G.sum(axis=1, keepdims=True)
"""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NET % {"d": 60, "scale": " * 1000", "times": "1"}, "Net"),  # the file's own start is too large
        (NET % {"d": 60, "scale": " * 0.01", "times": "300"}, "Net"),  # what the check draws is, too
        (FUNCTIONS % {"times": "3000"}, "compute_gradients"),  # as parameters are given
    ],
    ids=["its start", "what is drawn", "functions"],
)
def test_a_cost_that_is_not_finite_is_looked_at_where_it_is(text, name, tmp_path):
    found = check(text, name, tmp_path)
    assert found.passed, found.report.as_dict()
    assert not [note for note in found.report.notes if re.search("one example|no cost|not checked", note)]


def test_a_mistake_is_seen_there(tmp_path):
    wrong = NET % {"d": 60, "scale": " * 1000", "times": "1"}
    assert not check(wrong.replace("* (self.H > 0)", ""), "Net", tmp_path).passed
