"""Networks and layers in forms of other courses: gradients that forward leaves, class methods that build, Swedish."""

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load

INSIDE = """
class Net:
    def __init__(self, input_size=28 * 28, num_classes=10, hidden_size=64):
        self.weights, self.gradients = {}, {}
        self.weights["W1"] = 0.1 * np.random.randn(input_size, hidden_size)
        self.weights["b1"] = np.zeros(hidden_size)
        self.weights["W2"] = 0.1 * np.random.randn(hidden_size, num_classes)
        self.weights["b2"] = np.zeros(num_classes)

    def tanh(self, X):
        return np.tanh(X)

    def cross_entropy_loss(self, p, y):
        return -np.log(p[np.arange(len(y)), y]).mean()

    def forward(self, X, y, mode="train"):
        w = self.weights
        h = self.tanh(X @ w["W1"] + w["b1"])
        s = np.exp(h @ w["W2"] + w["b2"])
        p = s / s.sum(1, keepdims=True)
        loss, accuracy = self.cross_entropy_loss(p, y), np.mean(p.argmax(1) == y)
        if mode == "train":
            G = (p - np.eye(p.shape[1])[y]) / len(y)
            self.gradients["W2"], self.gradients["b2"] = h.T @ G, G.sum(0)
            G = G @ w["W2"].T * (1 - h ** 2)
            self.gradients["W1"] = X.T @ G
            self.gradients["b1"] = G.sum(0)
        return loss, accuracy
"""
CREATED = """
from dataclasses import dataclass

@dataclass
class Affine:
    W: np.ndarray
    b: np.ndarray

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(0)
        return g @ self.W.T

@dataclass
class Stack:
    layers: list[Affine]

    @classmethod
    def create(cls, sizes):
        return cls([Affine(np.random.randn(m, k), np.zeros(k)) for m, k in zip(sizes, sizes[1:])])

    def loss(self, x, y):
        self.h = [x]
        for layer in self.layers:
            self.h.append(np.tanh(layer.forward(self.h[-1])))
        return 0.5 * np.sum((self.h[-1] - np.eye(self.h[-1].shape[1])[y]) ** 2)

    def backward(self, y):
        g = self.h[-1] - np.eye(self.h[-1].shape[1])[y]
        for layer, h in zip(self.layers[::-1], self.h[:0:-1]):
            g = layer.backward(g * (1 - h ** 2))
"""
SWEDISH = """
class Nätverk:
    def __init__(self, storlekar, lam=0.01):
        self.lam = lam
        self.W = [np.random.randn(ut, n) for n, ut in zip(storlekar, storlekar[1:])]

    def framåt(self, X):
        h = np.tanh(self.W[0] @ X)
        e = np.exp(self.W[1] @ h)
        return h, e / e.sum(0)

    def kostnad(self, X, Y):
        P = self.framåt(X)[1]
        return -np.sum(Y * np.log(P)) / X.shape[1] + self.lam * sum(np.sum(W ** 2) for W in self.W)

    def beräkna_gradienter(self, X, Y):
        h, P = self.framåt(X)
        G = (P - Y) / X.shape[1]
        D = self.W[1].T @ G * (1 - h ** 2)
        return [D @ X.T + 2 * self.lam * self.W[0], G @ h.T + 2 * self.lam * self.W[1]]
"""
SOUNDS = """
class AvgPool1D:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def forward(self, x):
        self.x, (n, c, t) = x, x.shape
        y = np.zeros((n, c, (t - self.size) // self.stride + 1))
        for i in range(y.shape[2]):
            y[:, :, i] = x[:, :, i * self.stride:i * self.stride + self.size].mean(axis=2)
        return y

    def backward(self, dy):
        dx = np.zeros_like(self.x)
        for i in range(dy.shape[2]):
            dx[:, :, i * self.stride:i * self.stride + self.size] += dy[:, :, i:i + 1] / self.size
        return dx
"""
STEPS = """
def rnn_cell_forward(xt, a_prev, parameters):
    a = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    return a, parameters["Wya"] @ a + parameters["by"], (a, a_prev, xt, parameters)

def rnn_forward(x, a0, parameters):
    a, y, kept = [a0], [], []
    for t in range(x.shape[2]):
        h, out, cache = rnn_cell_forward(x[:, :, t], a[-1], parameters)
        a, y, kept = [*a, h], [*y, out], [*kept, cache]
    return np.stack(a[1:], 2), np.stack(y, 2), kept

def rnn_cell_backward(da_next, cache):
    a, a_prev, xt, parameters = cache
    d = (1 - a ** 2) * da_next
    return {"dxt": parameters["Wax"].T @ d, "da_prev": parameters["Waa"].T @ d, "dWax": d @ xt.T,
            "dWaa": d @ a_prev.T, "dba": d.sum(1, keepdims=True)}

def rnn_backward(da, caches):
    back, dx, sums = 0, [], {"dWax": 0, "dWaa": 0, "dba": 0}
    for t in reversed(range(da.shape[2])):
        g = rnn_cell_backward(da[:, :, t] + back, caches[t])
        back, dx = g["da_prev"], [g["dxt"], *dx]
        sums = {k: v + g[k] for k, v in sums.items()}
    return {"dx": np.stack(dx, 2), "da0": back, **sums}
"""
GIVEN_LAYERS = """
class Identity:
    def forward(self, Z):
        return Z

    def backward(self, Z, dY):
        return dY

class FullyConnected:
    def __init__(self, n_in, n_out):
        self.W, self.dW = np.random.randn(n_in, n_out), None

    def forward(self, X):
        self.X, self.H = X, np.tanh(X @ self.W)
        return self.H

    def backward(self, dY):
        dZ = dY * (1 - self.H ** 2)
        self.dW = self.X.T @ dZ
        return dZ @ self.W.T

class CrossEntropy:
    def forward(self, S, Y):
        self.P = np.exp(S) / np.exp(S).sum(1, keepdims=True)
        return -np.sum(Y * np.log(self.P)) / len(Y)

    def backward(self, Y):
        return (self.P - Y) / len(Y)

class NeuralNetwork:
    def __init__(self, layers: list[FullyConnected], loss: CrossEntropy):
        self.layers, self.loss = layers, loss

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def loss_value(self, X, Y):
        return self.loss.forward(self.forward(X), Y)

    def backward(self, Y):
        d = self.loss.backward(Y)
        for layer in self.layers[::-1]:
            d = layer.backward(d)
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "tensors"),
    [
        (INSIDE, "Net", " * (1 - h ** 2)", "", {"W1", "b1"}),
        (CREATED, "Stack", "g * (1 - h ** 2)", "g * (1 - h)", None),
        (SWEDISH, "Nätverk", "G @ h.T + 2", "G @ h.T + 1", {"W[1]"}),
        (SOUNDS, "AvgPool1D", "] += dy", "] = dy", {"x"}),
        (STEPS, "rnn", "da[:, :, t] + back", "da[:, :, t]", {"x", "a0", "Wax", "Waa", "ba"}),
        (GIVEN_LAYERS, "NeuralNetwork", "dY * (1 - self.H ** 2)", "dY", None),
    ],
    ids=[
        "forward leaves gradients",
        "a class method builds",
        "Swedish",
        "sounds",
        "steps with a dict",
        "layers and a loss",
    ],
)
def test_code_in_these_forms_is_called_and_judged(text, name, right, wrong, tensors, tmp_path):
    assert text.count(right) == 1
    report = check(text, name, tmp_path)
    assert report.passed, report.problem
    report = check(text.replace(right, wrong), name, tmp_path)
    assert not report.problem
    failed = {t.name for t in report.report.tensors if not t.passed}
    assert failed == tensors if tensors else failed


LOGISTIC = """
def propagate(w, b, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    J = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    dw, db = X @ (A - Y).T / m, np.sum(A - Y) / {m}
    return {returned}
"""


@pytest.mark.parametrize(
    "returned",
    ['{"dw": dw, "db": db}, J', 'J, {"dw": dw, "db": db}', 'J, {"w": dw, "b": db}', "dict(dw=dw, db=db), J",
     "J, [dw, db]", "(dw, db), J", "J, dw, db"],
)  # fmt: skip
def test_gradients_are_known_where_they_are_put_together_as_they_are_returned(returned, tmp_path):
    right = LOGISTIC.replace("{returned}", returned)
    assert [found.name for found in recognised(load(right.replace("{m}", "m"), tmp_path))] == ["propagate"]
    assert check(right.replace("{m}", "m"), "propagate", tmp_path).passed
    report = check(right.replace("{m}", "1"), "propagate", tmp_path)
    assert [t.name for t in report.report.tensors if not t.passed] == ["b"]


SOFTMAX_OUTSIDE = """
def forward_prop(x, W1, W2, b1, b2):
    h = np.maximum(0, W1 @ x + b1)
    return W2 @ h + b2, h

def compute_cost(y, yhat, batch_size):
    return np.squeeze(-1 / batch_size * np.sum(np.log(yhat) * y))

def softmax(z):
    return np.exp(z) / np.sum(np.exp(z), axis=0)

def back_prop(x, yhat, y, h, W1, W2, b1, b2, batch_size):
    l1 = (W2.T @ (yhat - y)) * {mask}
    grad_W1, grad_W2 = l1 @ x.T / batch_size, (yhat - y) @ h.T / batch_size
    grad_b1 = np.sum(l1, axis=1, keepdims=True) / batch_size
    grad_b2 = np.sum(yhat - y, axis=1, keepdims=True) / batch_size
    return grad_W1, grad_W2, grad_b1, grad_b2
"""


@pytest.mark.parametrize("seed", range(5))
def test_a_cost_that_is_finite_by_luck_of_the_scores_is_not_taken_for_that_of_the_probabilities(seed, tmp_path):
    assert check(SOFTMAX_OUTSIDE.format(mask="(h > 0)"), "back_prop", tmp_path, seed=seed).passed
    assert not check(SOFTMAX_OUTSIDE.format(mask="1"), "back_prop", tmp_path, seed=seed).passed


DIAGONAL = """
def evaluate(X, Ws, bs):
    H = [X]
    for W, b in zip(Ws[:-1], bs[:-1]):
        H.append(np.maximum(W @ H[-1] + b, 0))  # no filter, no pooling: dense layers
    P = np.exp(Ws[-1] @ H[-1] + bs[-1])
    return P / P.sum(axis=0), H


def compute_cost(X, Y, Ws, bs, lam):
    P, _ = evaluate(X, Ws, bs)
    return -np.log(np.einsum("kn,kn->n", Y, P)).mean() + lam * sum(np.einsum("ij,ij->", W, W) for W in Ws)


def compute_gradients(X, Y, Ws, bs, lam):
    P, H = evaluate(X, Ws, bs)
    G, grads_W, grads_b = (P - Y) / X.shape[1], [], []
    for i in reversed(range(len(Ws))):
        grads_W.insert(0, np.einsum("mn,dn->md", G, H[i]) + 2 * lam * Ws[i])
        grads_b.insert(0, G.sum(axis=1, keepdims=True))
        G = Ws[i].T @ G{mask}
    return grads_W, grads_b
"""
PLURALS = """
class Net:
    def __init__(self, sizes, lam=0.0):
        self.lam = lam
        self.{W} = [np.random.randn(m, d) / d**0.5 for d, m in zip(sizes, sizes[1:])]
        self.{b} = [np.zeros((m, 1)) for m in sizes[1:]]

    def forward(self, X):
        self.H = [X]
        for W, b in zip(self.{W}[:-1], self.{b}[:-1]):
            self.H.append(np.maximum(W @ self.H[-1] + b, 0))
        s = np.exp(self.{W}[-1] @ self.H[-1] + self.{b}[-1])
        self.P = s / s.sum(axis=0)
        return self.P

    def cost(self, X, Y):
        return -np.log((Y * self.forward(X)).sum(axis=0)).mean() + self.lam * sum((W**2).sum() for W in self.{W})

    def compute_gradients(self, X, Y):
        G = (self.forward(X) - Y) / X.shape[1]
        self.{dW}, self.{db} = [None] * len(self.{W}), [None] * len(self.{b})
        for i in reversed(range(len(self.{W}))):
            self.{dW}[i] = G @ self.H[i].T + 2 * self.lam * self.{W}[i]
            self.{db}[i] = G.sum(axis=1, keepdims=True)
            G = self.{W}[i].T @ G{mask}
"""
NAMES = (
    ("Ws", "bs", "grad_W", "grad_b"),
    ("W", "b", "grads_Ws", "grads_bs"),
    ("weights", "biases", "dW", "db"),
    ("W", "b", "weight_grads", "bias_grads"),
)


@pytest.mark.parametrize("mask", [" * (H[i] > 0)", ""], ids=["right", "wrong"])
def test_words_and_sums_of_convolutions_keep_no_time_from_dense_layers(mask, tmp_path):
    found = check(DIAGONAL.replace("{mask}", mask), "compute_gradients", tmp_path)
    assert not found.problem
    assert found.passed == bool(mask), found.report.as_dict()


@pytest.mark.parametrize("names", NAMES, ids=[" ".join(names) for names in NAMES])
@pytest.mark.parametrize("mask", [" * (self.H[i] > 0)", ""], ids=["right", "wrong"])
def test_gradients_are_known_by_the_letter_in_the_plural_or_written_out(names, mask, tmp_path):
    text = PLURALS.replace("{mask}", mask)
    for place, name in zip(("{W}", "{b}", "{dW}", "{db}"), names, strict=True):
        text = text.replace(place, name)
    found = check(text, "Net", tmp_path)
    assert not found.problem
    assert found.passed == bool(mask), found.report.as_dict()
