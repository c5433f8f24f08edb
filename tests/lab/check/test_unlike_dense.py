"""Networks and layers unlike a dense classifier: with a state, with two outputs, without targets, for images."""

import pytest

from tests.lab.check.in_process import check

CELL = """
def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def cell_forward(x, prev_h, prev_c, Wx, Wh, b):
    a, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    a, f, o, g = sigmoid(a), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + a * g
    t = np.tanh(next_c)
    return o * t, next_c, (x, prev_h, prev_c, Wx, Wh, a, f, o, g, t)


def cell_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, a, f, o, g, t = cache
    dc = {dc}
    parts = [dc * g * a * (1 - a), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * a * (1 - g**2)]
    d = np.hstack(parts)
    return d @ Wx.T, d @ Wh.T, dc * f, x.T @ d, prev_h.T @ d, d.sum(axis=0)
"""
CELL_RIGHT = "dnext_c + dnext_h * o * (1 - t**2)"
RNN = """
class RNN:
    def __init__(self, K, m=9):
        self.b, self.c = np.zeros((m, 1)), np.zeros((K, 1))
        self.U, self.W, self.V = np.random.randn(m, K), np.random.randn(m, m), np.random.randn(K, m)


def forward(rnn, X, h0):
    H, P, h = [], [], h0
    for t in range(X.shape[1]):
        h = np.tanh(rnn.W @ h + rnn.U @ X[:, [t]] + rnn.b)
        e = np.exp(rnn.V @ h + rnn.c)
        H.append(h)
        P.append(e / e.sum())
    return np.hstack(P), np.hstack(H)


def compute_loss(rnn, X, Y, h0):
    return -np.sum(np.log(np.sum(Y * forward(rnn, X, h0)[0], axis=0)))


def compute_gradients(rnn, X, Y, h0):
    P, H = forward(rnn, X, h0)
    G, da = P - Y, np.zeros(h0.shape)
    grads = {name: np.zeros_like(value) for name, value in vars(rnn).items()}
    grads["V"], grads["c"] = G @ H.T, G.sum(axis=1, keepdims=True)
    for t in reversed(range(X.shape[1])):
        da = (rnn.V.T @ G[:, [t]] + rnn.W.T @ da) * (1 - H[:, [t]] ** 2)
        grads["W"] += da @ {before}.T
        grads["U"] += da @ X[:, [t]].T
        grads["b"] += da
    return grads
"""
RNN_RIGHT = "(H[:, [t - 1]] if t else h0)"
AUTOENCODER = """
class Autoencoder:
    def __init__(self, n_visible=8, n_hidden=5):
        self.W, self.b_h, self.b_v = np.random.randn(n_visible, n_hidden), np.zeros(n_hidden), np.zeros(n_visible)

    def loss(self, X):
        return 0.5 * np.sum((np.tanh(X @ self.W + self.b_h) @ self.W.T + self.b_v - X) ** 2) / len(X)

    def gradients(self, X):
        H = np.tanh(X @ self.W + self.b_h)
        G = (H @ self.W.T + self.b_v - X) / len(X)
        S = G @ self.W * (1 - H**2)
        return {"W": {tied}, "b_h": S.sum(axis=0), "b_v": G.sum(axis=0)}
"""
UNTOLD = """
def forward(X, W1, b1, W2, b2):
    H = np.tanh(X @ W1 + b1)
    return H, H @ W2 + b2


def compute_loss(X, W1, b1, W2, b2):
    return 0.5 * np.mean(np.sum((forward(X, W1, b1, W2, b2)[1] - X) ** 2, axis=1))


def compute_gradients(X, W1, b1, W2, b2):
    H, R = forward(X, W1, b1, W2, b2)
    G = (R - X) / len(X)
    S = G @ W2.T * {slope}
    return X.T @ S, S.sum(axis=0), H.T @ G, G.sum(axis=0)
"""
KINDS = [
    (CELL, "cell", "{dc}", CELL_RIGHT, "dnext_c + dnext_h * o"),
    (CELL, "cell", "{dc}", CELL_RIGHT, "dnext_h * o * (1 - t**2)"),
    (RNN, "compute_gradients", "{before}", RNN_RIGHT, "H[:, [t]]"),
    (AUTOENCODER, "Autoencoder", "{tied}", "X.T @ S + G.T @ H", "X.T @ S"),
    (UNTOLD, "compute_gradients", "{slope}", "(1 - H**2)", "1"),
]


@pytest.mark.parametrize(
    ("text", "name", "place", "right", "wrong"), KINDS, ids=["cell h", "cell c", "rnn", "class", "functions"]
)
def test_it_passes_if_it_is_right_and_only_then(text, name, place, right, wrong, tmp_path):
    for part in (right, wrong):
        found = check(text.replace(place, part), name, tmp_path)
        assert not found.problem
        assert found.passed == (part == right), found.report.as_dict()
