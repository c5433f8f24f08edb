"""Mistakes in layers, losses and activations beside those of networks: each is named by the cause that is planted."""

import pytest

from tests.lab.check.in_process import check

PIECES = {
    "Gelu": """
        class Gelu:
            def forward(self, x):
                self.x, self.t = x, np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
                return 0.5 * x * (1 + self.t)

            def backward(self, g):
                dt = (1 - self.t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * self.x**2)
                return g * (0.5 * (1 + self.t) + 0.5 * self.x * dt)
    """,
    "Elu": """
        class Elu:
            def forward(self, x):
                self.y = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
                return self.y

            def backward(self, g):
                return g * np.where(self.y > 0, 1.0, self.y + 1)
    """,
    "MaxPool": """
        class MaxPool:
            def forward(self, x):
                n, c, h, w = x.shape
                self.r = x.reshape(n, c, h // 2, 2, w // 2, 2)
                self.out = self.r.max(axis=(3, 5), keepdims=True)
                return self.out[:, :, :, 0, :, 0]

            def backward(self, g):
                n, c, h, _, w, _ = self.r.shape
                mask = self.r == self.out
                return (mask * g[:, :, :, None, :, None]).reshape(n, c, 2 * h, 2 * w)
    """,
    "loss": """
        def loss(X, y, W, b, lam):
            return -np.log(probabilities(X, W, b)[range(len(y)), y]).mean() + lam * np.abs(W).sum()

        def probabilities(X, W, b):
            e = np.exp(X @ W + b)
            return e / e.sum(1, keepdims=True)

        def grad(X, y, W, b, lam):
            G = probabilities(X, W, b)
            G[range(len(y)), y] -= 1
            G /= len(y)
            return X.T @ G + lam * np.sign(W), G.sum(0)
    """,
    "svm": """
        def svm_loss(W, X, y):
            S = X @ W
            M = np.maximum(0, S - S[range(len(y)), y][:, None] + 1)
            M[range(len(y)), y] = 0
            G = (M > 0) * 1.0
            G[range(len(y)), y] = -G.sum(1)
            return M.sum() / len(y), X.T @ G / len(y)
    """,
}
MISTAKES = [
    ("Gelu", "Gelu", " + 0.5 * self.x * dt", "", "activation-term-missing"),
    ("Elu", "Elu", "self.y + 1)", "self.y)", "activation-term-missing"),
    ("MaxPool", "MaxPool", "(mask * g", "(mask / 4 * g", "pool-divided"),
    ("loss", "grad", " + lam * np.sign(W)", "", "penalty-missing"),
    ("svm", "svm_loss", "(M > 0) * 1.0", "M.copy()", "hinge-values-for-mask"),
]


@pytest.mark.parametrize(("piece", "name", "old", "new", "key"), MISTAKES, ids=[f"{m[0]} {m[4]}" for m in MISTAKES])
def test_a_planted_mistake_is_named(piece, name, old, new, key, tmp_path):
    text = PIECES[piece]
    assert text.count(old) == 1
    found = check(text.replace(old, new), name, tmp_path)
    assert not found.passed
    assert [cause.key for cause in found.causes] == [key]
    if piece == "loss":
        assert "lambda sign(W)" in found.causes[0].sentence


@pytest.mark.parametrize(("piece", "name"), dict.fromkeys((m[0], m[1]) for m in MISTAKES))
def test_the_piece_itself_passes(piece, name, tmp_path):
    found = check(PIECES[piece], name, tmp_path)
    assert (found.passed, found.causes) == (True, ())
