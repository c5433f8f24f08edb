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
    "rnn": """
        def rnn_step_forward(x, prev_h, Wx, Wh, b):
            h = np.tanh(x @ Wx + prev_h @ Wh + b)
            return h, (x, prev_h, Wx, Wh, h)

        def rnn_step_backward(dh, cache):
            x, prev_h, Wx, Wh, h = cache
            da = dh * (1 - h**2)
            dx, dprev_h = da @ Wx.T, da @ Wh.T
            dWx, dWh, db = x.T @ da, prev_h.T @ da, da.sum(0)
            return dx, dprev_h, dWx, dWh, db

        def rnn_forward(x, h0, Wx, Wh, b):
            hs, caches, h = [], [], h0
            for t in range(x.shape[1]):
                h, cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
                hs.append(h)
                caches.append(cache)
            return np.stack(hs, axis=1), caches

        def rnn_backward(dh, caches):
            N, T, H = dh.shape
            x, _, Wx, Wh, _ = caches[0]
            dx, behind = np.zeros((N, T, Wx.shape[0])), np.zeros((N, H))
            dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
            for t in range(T - 1, -1, -1):
                dx[:, t], behind, dwx, dwh, dbt = rnn_step_backward(dh[:, t] + behind, caches[t])
                dWx, dWh, db = dWx + dwx, dWh + dwh, db + dbt
            return dx, behind, dWx, dWh, db
    """,
    "block": """
        class Block:
            def __init__(self, width):
                self.W1, self.b1 = np.random.randn(width, width), np.zeros(width)
                self.W2, self.b2 = np.random.randn(width, width), np.zeros(width)

            def forward(self, x):
                self.x, self.h = x, np.maximum(x @ self.W1 + self.b1, 0)
                return x + self.h @ self.W2 + self.b2

            def backward(self, g):
                self.dW2, self.db2 = self.h.T @ g, g.sum(0)
                G = g @ self.W2.T * (self.h > 0)
                self.dW1, self.db1 = self.x.T @ G, G.sum(0)
                return g + G @ self.W1.T
    """,
    "layer norm": """
        class LayerNorm:
            def __init__(self, d):
                self.g, self.b = np.ones(d), np.zeros(d)

            def forward(self, x):
                mu = x.mean(1, keepdims=True)
                self.s = np.sqrt(((x - mu) ** 2).mean(1, keepdims=True) + 1e-6)
                self.z = (x - mu) / self.s
                return self.g * self.z + self.b

            def backward(self, dy):
                self.dg, self.db = (dy * self.z).sum(0), dy.sum(0)
                d = dy * self.g
                return (d - d.mean(1, keepdims=True) - self.z * (d * self.z).mean(1, keepdims=True)) / self.s
    """,
    "rms norm": """
        def rmsnorm_forward(x, gamma, eps=1e-6):
            r = np.sqrt((x**2).mean(axis=1, keepdims=True) + eps)
            return gamma * x / r, (x, gamma, r)

        def rmsnorm_backward(dout, cache):
            x, gamma, r = cache
            g = dout * gamma
            dx = g / r - x * (g * x).mean(axis=1, keepdims=True) / r**3
            return dx, (dout * x / r).sum(axis=0)
    """,
    "theta": """
        def cost_function(theta, X, y, lambda_):
            m = y.size
            h = 1 / (1 + np.exp(-(X @ theta)))
            rest = theta.copy()
            rest[0] = 0
            J = -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)) + lambda_ / (2 * m) * np.sum(rest**2)
            grad = X.T @ (h - y) / m + lambda_ / m * rest
            return J, grad
    """,
    "unrolled": """
        def nn_cost_function(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):
            split = hidden_layer_size * (input_layer_size + 1)
            A = nn_params[:split].reshape(hidden_layer_size, input_layer_size + 1)
            B = nn_params[split:].reshape(num_labels, hidden_layer_size + 1)
            m = len(X)
            ones = np.ones((m, 1))
            a0 = np.hstack((ones, X))
            a1 = np.hstack((ones, 1 / (1 + np.exp(-a0 @ A.T))))
            p = 1 / (1 + np.exp(-a1 @ B.T))
            Y = np.eye(num_labels)[y.ravel()]
            J = -np.sum(Y * np.log(p) + (1 - Y) * np.log(1 - p)) / m
            J += lambda_ / (2 * m) * (np.sum(A[:, 1:] ** 2) + np.sum(B[:, 1:] ** 2))
            g = p - Y
            dB = g.T @ a1 / m
            dA = ((g @ B) * a1 * (1 - a1))[:, 1:].T @ a0 / m
            dA[:, 1:] += lambda_ / m * A[:, 1:]
            dB[:, 1:] += lambda_ / m * B[:, 1:]
            return J, np.concatenate((dA.ravel(), dB.ravel()))
    """,
    "softmax loss": """
        def softmax_loss(x, y):
            p = np.exp(x - x.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            n = len(y)
            loss = -np.log(p[np.arange(n), y]).mean()
            p[np.arange(n), y] -= 1
            return loss, p / n
    """,
}
MISTAKES = [
    ("Gelu", "Gelu", " + 0.5 * self.x * dt", "", "activation-term-missing"),
    ("Elu", "Elu", "self.y + 1)", "self.y)", "activation-term-missing"),
    ("MaxPool", "MaxPool", "(mask * g", "(mask / 4 * g", "pool-divided"),
    ("loss", "grad", " + lam * np.sign(W)", "", "penalty-missing"),
    ("rnn", "rnn_step", " * (1 - h**2)", "", "activation-slope-missing"),
    ("rnn", "rnn", " + behind, ", ", ", "time-not-carried"),
    ("rnn", "rnn", "dWh + dwh", "dwh", "one-step-only"),
    ("rnn", "rnn", "T - 1, -1, -1", "T - 1, 0, -1", "step-left-out"),
    ("rnn", "rnn_step", "da @ Wh.T", "da @ Wh", "through-transposed"),
    ("rnn", "rnn_step", "prev_h.T @ da", "h.T @ da", "state-shifted"),
    ("block", "Block", "return g + G", "return G", "skip-missing"),
    ("block", "Block", " * (self.h > 0)", "", "relu-mask-missing"),
    ("block", "Block", "g @ self.W2.T", "g @ self.W2", "through-transposed"),
    ("layer norm", "LayerNorm", "dy * self.g", "dy", "norm-gamma-missing"),
    ("rms norm", "rmsnorm", " - x * (g * x).mean(axis=1, keepdims=True) / r**3", "", "norm-variance-path-missing"),
    ("rms norm", "rmsnorm", "g = dout * gamma", "g = dout", "norm-gamma-missing"),
    ("rms norm", "rmsnorm", "(dout * x / r)", "(dout * x)", "gamma-unnormalised"),
    ("softmax loss", "softmax_loss", "y] -= 1", "y - 1] -= 1", "labels-shifted"),
    ("theta", "cost_function", "/ m * rest", "/ m * theta", "bias-penalised"),
    ("theta", "cost_function", "lambda_ / m * rest", "lambda_ * rest", "penalty-for-each-example"),
    ("theta", "cost_function", " + lambda_ / m * rest", "", "penalty-missing"),
    ("theta", "cost_function", "(h - y) / m", "(y - h) / m", "sign"),
    ("theta", "cost_function", "(h - y) / m", "(h - y)", "not-divided-by-n"),
    ("unrolled", "nn_cost_function", " * a1 * (1 - a1)", "", "activation-slope-missing"),
    ("unrolled", "nn_cost_function", "g = p - Y", "g = (p - Y) * p * (1 - p)", "activation-slope-twice"),
    ("unrolled", "nn_cost_function", "[:, 1:].T @ a0 / m", "[:, 1:].T @ a0", "not-divided-by-n"),
    ("unrolled", "nn_cost_function", "            dB[:, 1:] += lambda_ / m * B[:, 1:]\n", "", "penalty-missing"),
    (
        "softmax loss",
        "softmax_loss",
        "return loss, p / n",
        "p[np.arange(n), y] *= -1\n            return loss, p / n",
        "label-sign",
    ),
    ("svm", "svm_loss", "(M > 0) * 1.0", "M.copy()", "hinge-values-for-mask"),
]


@pytest.mark.parametrize(("piece", "name", "old", "new", "key"), MISTAKES, ids=[f"{m[0]} {m[4]}" for m in MISTAKES])
def test_a_planted_mistake_is_named(piece, name, old, new, key, tmp_path):
    text = PIECES[piece]
    assert text.count(old) == 1
    found = check(text.replace(old, new), name, tmp_path)
    assert not found.passed
    assert key in [cause.key for cause in found.causes]
    if piece == "loss":
        assert "lambda sign(W)" in found.causes[0].sentence


@pytest.mark.parametrize(("piece", "name"), dict.fromkeys((m[0], m[1]) for m in MISTAKES))
def test_the_piece_itself_passes(piece, name, tmp_path):
    found = check(PIECES[piece], name, tmp_path)
    assert (found.passed, found.causes) == (True, ())


SIGMOIDS = """
    class Network:
        def __init__(self, sizes):
            self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
            self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

        def feedforward(self, a):
            for b, w in zip(self.biases, self.weights):
                a = 1 / (1 + np.exp(-(w @ a + b)))
            return a

        def backprop(self, x, y):
            acts = [x]
            for b, w in zip(self.biases, self.weights):
                acts.append(1 / (1 + np.exp(-(w @ acts[-1] + b))))
            delta = (acts[-1] - y) * acts[-1] * (1 - acts[-1])
            nabla_b, nabla_w = [delta], [delta @ acts[-2].T]
            for l in range(2, len(acts)):
                delta = self.weights[-l + 1].T @ delta * acts[-l] * (1 - acts[-l])
                nabla_b.insert(0, delta)
                nabla_w.insert(0, delta @ acts[-l - 1].T)
            return nabla_b, nabla_w
"""


def test_sigmoid_outputs_without_a_cost_are_not_held_against_a_softmax(tmp_path):
    """A right network for one example: whatever J is taken to be, it is not accused."""
    found = check(SIGMOIDS, "Network", tmp_path)
    assert found.problem or found.passed
