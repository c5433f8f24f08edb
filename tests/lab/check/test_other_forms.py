"""Forms seldom seen: settings in a dict, gradients in one list, np.matrix, rows of letters, an autoencoder's vector."""

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load

POOL = """
def pool_forward(A_prev, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    m, height, width, c = A_prev.shape
    rows, columns = 1 + (height - f) // stride, 1 + (width - f) // stride
    A = np.zeros((m, rows, columns, c))
    for i in range(rows):
        for j in range(columns):
            part = A_prev[:, i * stride:i * stride + f, j * stride:j * stride + f]
            A[:, i, j] = part.max((1, 2)) if mode == "max" else part.mean((1, 2))
    return A, (A_prev, hparameters)

def pool_backward(dA, cache, mode="max"):
    A_prev, hparameters = cache
    f, stride = hparameters["f"], hparameters["stride"]
    dA_prev = np.zeros_like(A_prev)
    for i in range(dA.shape[1]):
        for j in range(dA.shape[2]):
            place = (slice(None), slice(i * stride, i * stride + f), slice(j * stride, j * stride + f))
            g = dA[:, i, j][:, None, None]
            if mode == "max":
                dA_prev[place] += (A_prev[place] == A_prev[place].max((1, 2), keepdims=True)) * g
            elif mode == "average":
                dA_prev[place] += np.ones((1, f, f, 1)) * g / (f * f)
    return dA_prev
"""
LISTED = """
class Model:
    def __init__(self, neurons_per_layer, use_improved_sigmoid=False, inputs=785):
        sizes = [inputs, *neurons_per_layer]
        self.ws = [np.random.uniform(-1, 1, pair) for pair in zip(sizes, sizes[1:])]
        self.grads, self.use_improved_sigmoid = [None] * len(self.ws), use_improved_sigmoid

    def forward(self, X):
        self.outs = []
        for w in self.ws[:-1]:
            z = (self.outs or [X])[-1] @ w
            self.outs.append(1.7 * np.tanh(z / 2) if self.use_improved_sigmoid else 1 / (1 + np.exp(-z)))
        E = np.exp(self.outs[-1] @ self.ws[-1])
        return E / E.sum(axis=1, keepdims=True)

    def backward(self, X, outputs, targets):
        delta = (outputs - targets) / len(X)
        for i in reversed(range(len(self.ws))):
            a = self.outs[i - 1] if i else X
            self.grads[i] = a.T @ delta
            slope = 1.7 / 2 * (1 - (a / 1.7) ** 2) if self.use_improved_sigmoid else a * (1 - a)
            delta = delta @ self.ws[i].T * slope

def cross_entropy_loss(targets, outputs):
    return -np.sum(targets * np.log(outputs)) / len(targets)
"""
MATRIX = """
def EvaluateClassifier(X, W, b):
    E = np.exp(W * X + b)
    return E / E.sum(axis=0)

def ComputeCost(X, Y, W, b, lam):
    P = EvaluateClassifier(X, W, b)
    return -np.sum(np.log(np.multiply(Y, P).sum(axis=0))) / X.shape[1] + lam * np.sum(np.power(W, 2))

def ComputeGradients(X, Y, P, W, b, lam):
    grad_W, grad_b = np.matrix(np.zeros(W.shape)), np.matrix(np.zeros(b.shape))
    for i in range(X.shape[1]):
        g = P[:, i] - Y[:, i]
        grad_W += g * X[:, i].T
        grad_b += g
    return grad_W / X.shape[1] + 2 * lam * W, grad_b / X.shape[1]
"""
LETTERS = """
def windows(X, k):
    n, length, _ = X.shape
    return np.stack([X[:, i:i + k, :].reshape(n, -1) for i in range(length - k + 1)], axis=1)

class NameNet:
    def __init__(self, d, n_len, K, k=2, n_f=4):
        g = np.random.default_rng(0)
        self.k, self.F = k, g.normal(size=(k * d, n_f)) / 3
        self.W = g.normal(size=(n_f * (n_len - k + 1), K)) / 5

    def loss(self, X, y):
        cols = windows(X, self.k)
        S = cols @ self.F
        H = np.maximum(S, 0).reshape(len(X), -1)
        E = np.exp(H @ self.W)
        P = E / E.sum(axis=1, keepdims=True)
        J = -np.log(P[np.arange(len(y)), y]).mean()
        P[np.arange(len(y)), y] -= 1
        G = P / len(y)
        back = (G @ self.W.T).reshape(S.shape) * (S > 0)
        return J, {"W": H.T @ G, "F": np.einsum("nik,nif->kf", cols, back)}
"""
VECTOR = """
def sparseAutoencoderCost(theta, visibleSize, hiddenSize, lambda_, sparsityParam, beta, data):
    k, m = visibleSize * hiddenSize, data.shape[1]
    W1, W2 = theta[:k].reshape(hiddenSize, visibleSize), theta[k:2 * k].reshape(visibleSize, hiddenSize)
    b1, b2 = theta[2 * k:2 * k + hiddenSize, None], theta[2 * k + hiddenSize:, None]
    H = np.tanh(W1 @ data + b1)
    D = W2 @ H + b2 - data
    cost = (D ** 2).sum() / (2 * m) + lambda_ / 2 * ((W1 ** 2).sum() + (W2 ** 2).sum()) + beta * sparsityParam
    G = W2.T @ D * (1 - H ** 2)
    parts = (G @ data.T / m + lambda_ * W1, D @ H.T / m + lambda_ * W2, G.sum(1) / m, D.sum(1) / m)
    grad = np.concatenate([part.ravel() for part in parts])
    return cost, grad
"""


CODES = {
    "pool": POOL,
    "Model": LISTED,
    "ComputeGradients": MATRIX,
    "NameNet": LETTERS,
    "sparseAutoencoderCost": VECTOR,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("name", CODES)
def test_is_checked_wholly(name, tmp_path):
    report = check(CODES[name], name, tmp_path)
    assert report.passed, report.problem or report.report.as_dict()
    assert not [note for note in report.report.notes if note.startswith("not checked")]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("pool", "/ (f * f)", "/ f"),
        ("Model", "else a * (1 - a)", "else 1 - a"),
        ("ComputeGradients", "grad_b / X.shape[1]", "grad_b"),
        ("NameNet", ".reshape(S.shape) * (S > 0)", ".reshape(S.shape)"),
        ("sparseAutoencoderCost", "G.sum(1) / m", "G.sum(1)"),
    ],
)
def test_a_mistake_is_seen(name, right, wrong, tmp_path):
    assert CODES[name].count(right) == 1
    report = check(CODES[name].replace(right, wrong), name, tmp_path)
    assert not report.problem
    assert not report.passed


BASE = """
class Module:
    def __call__(self, *args):
        self.args = args
        return self.forward(*args)

    def forward(self):
        raise Exception("not implemented")

    def backward(self, g):
        return self.bwd(g, *self.args)

class Relu(Module):
    def forward(self, inp):
        return np.maximum(inp, 0)

    def bwd(self, g, inp):
        return g * (inp > 0)
"""


def test_a_base_class_whose_forward_only_raises_is_left_out(tmp_path):
    assert [found.name for found in recognised(load(BASE, tmp_path))] == ["Relu"]
