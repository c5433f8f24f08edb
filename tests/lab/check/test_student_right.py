"""Right implementations in other people's styles: not one alarm in 50 seeds each."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from core.gradcheck.check import Settings, check_target
from lab.check.code_target import StudentTarget
from lab.check.process import StudentProblemError
from lab.check.worker.layers import LayerCode
from lab.check.worker.objects import ObjectCode
from lab.check.worker.pairs import pair
from tests.lab.check.in_process import InProcess

SEEDS = 50


def loss_object(params, loss, grads):
    return SimpleNamespace(params=params, loss=loss, grads=grads)


def data(seed, n=8, d=6, k=5):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n, d)), rng.integers(0, k, n)


# Objects with params, loss() and grads()


def columns_one_layer(seed):
    """DD2424's own layout: X is d x n, Y one-hot, W k x d, b k x 1."""
    rng, x, y = data(seed)
    X, Y, lam = x.T, np.eye(5)[y].T, 0.1
    p = {"W": 0.1 * rng.normal(size=(5, 6)), "b": np.zeros((5, 1))}

    def probabilities():
        s = p["W"] @ X + p["b"]
        return np.exp(s) / np.sum(np.exp(s), axis=0)

    def loss():
        return -np.log(np.sum(Y * probabilities(), axis=0)).mean() + lam * np.sum(p["W"] ** 2)

    def grads():
        G = -(Y - probabilities())
        return {"W": G @ X.T / X.shape[1] + 2 * lam * p["W"], "b": np.sum(G, axis=1, keepdims=True) / X.shape[1]}

    return loss_object(p, loss, grads)


def columns_two_layers(seed, dtype=np.float64):
    rng, x, y = data(seed)
    X, Y = x.T.astype(dtype), np.eye(5)[y].T.astype(dtype)
    p = {
        "W1": rng.normal(size=(7, 6)),
        "b1": rng.normal(size=(7, 1)),
        "W2": rng.normal(size=(5, 7)),
        "b2": np.zeros((5, 1)),
    }
    p = {k: v.astype(dtype) for k, v in p.items()}

    def forward():
        H = np.maximum(p["W1"] @ X + p["b1"], 0)
        s = p["W2"] @ H + p["b2"]
        E = np.exp(s - s.real.max(axis=0))
        return H, E / E.sum(axis=0)

    def loss():
        return -np.mean(np.log(np.sum(Y * forward()[1], axis=0)))

    def grads():
        H, P = forward()
        G = (P - Y) / np.asarray(Y.shape[1], dtype)
        G1 = (p["W2"].T @ G) * (H > 0)
        return {"W1": G1 @ X.T, "b1": G1.sum(1, keepdims=True), "W2": G @ H.T, "b2": G.sum(1, keepdims=True)}

    return loss_object(p, loss, grads)


def columns_two_layers_float32(seed):
    return columns_two_layers(seed, np.float32)


def rows_of_padding(seed):
    """Two examples are all zero, so their units are exactly on the kink."""
    rng, x, y = data(seed)
    x[:2] = 0
    p = {"W1": rng.normal(size=(6, 7)), "b1": np.zeros(7), "W2": rng.normal(size=(7, 5))}

    def forward():
        s = x @ p["W1"] + p["b1"]
        e = np.exp(np.maximum(s, 0) @ p["W2"])
        return s, e / e.sum(axis=1, keepdims=True)

    def loss():
        return -np.log(forward()[1][np.arange(8), y]).mean()

    def grads():
        s, g = forward()
        g[np.arange(8), y] -= 1
        g1 = (g / 8 @ p["W2"].T) * (s > 0)
        return {"W1": x.T @ g1, "b1": g1.sum(0), "W2": np.maximum(s, 0).T @ g / 8}

    return loss_object(p, loss, grads)


def scores_in_a_buffer_of_float32(seed):
    rng, x, y = data(seed, n=30)
    p = {"W": 0.3 * rng.normal(size=(6, 5)), "b": np.zeros(5)}

    def probabilities():
        s = np.zeros((30, 5), np.float32)
        s[:] = x @ p["W"] + p["b"]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss():
        return -np.log(probabilities()[np.arange(30), y]).mean() + 0.1 * np.sum(p["W"] ** 2)

    def grads():
        g = probabilities()
        g[np.arange(30), y] -= 1
        return {"W": x.T @ g / 30 + 0.2 * p["W"], "b": g.sum(0) / 30}

    return loss_object(p, loss, grads)


def attributes_in_place(seed):
    """Reads its arrays through attributes; params is a property that makes a new dict each time."""
    rng, x, y = data(seed)

    class Model:
        def __init__(self):
            self.W, self.b = rng.normal(size=(6, 5)), rng.normal(size=5)

        @property
        def params(self):
            return {"W": self.W, "b": self.b}

        def loss(self):
            s = x @ self.W + self.b
            s = s - s.max(1, keepdims=True)
            self.p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
            return float(-np.log(self.p[range(8), y]).mean())

        def grads(self):
            d = self.p.copy()
            d[range(8), y] -= 1
            return {"W": x.T @ d / 8, "b": d.mean(0)}

    return Model()


def attributes_in_place_float32(seed):
    model = attributes_in_place(seed)
    model.W, model.b = model.W.astype(np.float32), model.b.astype(np.float32)
    return model


def loops_and_floats(seed):
    """Element by element, in Python floats."""
    rng, x, y = data(seed, n=3, d=3, k=3)
    p = {"W": rng.normal(size=(3, 3))}

    def scores(i):
        return [sum(float(x[i, a]) * float(p["W"][a, j]) for a in range(3)) for j in range(3)]

    def loss():
        total = 0.0
        for i in range(3):
            s = scores(i)
            total += np.log(sum(np.exp(v) for v in s)) - s[y[i]]
        return total / 3

    def grads():
        dW = np.zeros((3, 3))
        for i in range(3):
            e = np.exp(scores(i))
            for j in range(3):
                for a in range(3):
                    dW[a, j] += (e[j] / e.sum() - (j == y[i])) * x[i, a] / 3
        return {"W": dW}

    return loss_object(p, loss, grads)


def squared_error_with_abs(seed):
    """|r|^2 by abs: right for real numbers, and not analytic."""
    rng, x, _ = data(seed)
    t, p = rng.normal(size=(8, 2)), {"W": rng.normal(size=(6, 2)), "b": rng.normal(size=(1, 2))}

    def residual():
        return x @ p["W"] + p["b"] - t

    def grads():
        return {"W": 2 * x.T @ residual() / 8, "b": 2 * residual().sum(0, keepdims=True) / 8}

    return loss_object(p, lambda: np.sum(np.abs(residual()) ** 2) / 8, grads)


def hinge(seed):
    """CS231n's SVM loss, full of kinks."""
    rng, x, y = data(seed)
    p, rows = {"W": rng.normal(size=(6, 5))}, np.arange(8)

    def margins():
        s = x @ p["W"]
        m = np.maximum(0, s - s[rows, y][:, None] + 1)
        m[rows, y] = 0
        return m

    def grads():
        d = (margins() > 0).astype(float)
        d[rows, y] = -d.sum(1)
        return {"W": x.T @ d / 8 + 2 * 0.01 * p["W"]}

    return loss_object(p, lambda: margins().sum() / 8 + 0.01 * np.sum(p["W"] * p["W"]), grads)


def cost_with_half_lambda(seed):
    """1/2 lambda W^2, as many books have it: its gradient is lambda W."""
    rng, x, _ = data(seed)
    p = {"W": rng.normal(size=(6, 3))}
    return loss_object(
        p,
        lambda: np.tanh(x @ p["W"]).sum() + 0.05 * np.sum(p["W"] ** 2),
        lambda: {"W": x.T @ (1 - np.tanh(x @ p["W"]) ** 2) + 0.1 * p["W"]},
    )


# Layer classes


class DenseRows:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.params, self.grads = {"W": rng.normal(size=(6, 4)), "b": rng.normal(size=4)}, {}

    def forward(self, x):
        self.x = x
        return np.einsum("nd,dk->nk", x, self.params["W"]) + self.params["b"]

    def backward(self, dy):
        self.grads = {"W": np.einsum("nd,nk->dk", self.x, dy), "b": np.einsum("nk->k", dy)}
        return np.einsum("nk,dk->nd", dy, self.params["W"])


class DenseAttributes:
    """No params and grads: W and b, and dW and db beside them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.W, self.b = rng.normal(size=(6, 4)), rng.normal(size=4)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(0)
        return dy @ self.W.T


class DenseColumns(DenseRows):
    def forward(self, x):
        self.x = x
        if x.shape[0] != 4:
            raise ValueError("columns, please")
        return self.params["W"] @ x + self.params["b"].sum()

    def backward(self, dy):
        self.grads = {"W": dy @ self.x.T, "b": np.full(4, dy.sum())}
        return self.params["W"].T @ dy


class DenseSingle(DenseRows):
    def __init__(self, seed):
        super().__init__(seed)
        self.params = {k: v.astype(np.float32) for k, v in self.params.items()}

    def backward(self, dy):
        dx = super().backward(dy)
        self.grads = {k: v.astype(np.float32) for k, v in self.grads.items()}
        return dx.astype(np.float32)


class LeakyReLU:
    def __init__(self, seed):
        pass

    def forward(self, x):
        self.slope = np.where(x > 0, 1, 0.1)
        return x * self.slope

    def backward(self, dy):
        return dy * self.slope


class Sigmoid:
    def __init__(self, seed):
        self.params, self.grads = {}, {}

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


class LayerNorm:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.params, self.grads = {"gain": rng.normal(size=5), "shift": rng.normal(size=5)}, {}

    def forward(self, x):
        c = x - x.mean(1, keepdims=True)
        self.inv = 1 / np.sqrt((c * c).mean(1, keepdims=True) + 1e-5)
        self.z = c * self.inv
        return self.z * self.params["gain"] + self.params["shift"]

    def backward(self, dy):
        self.grads = {"gain": (dy * self.z).sum(0), "shift": dy.sum(0)}
        dz = dy * self.params["gain"]
        return self.inv * (dz - dz.mean(1, keepdims=True) - self.z * (dz * self.z).mean(1, keepdims=True))


class MaxPoolLoops:
    def __init__(self, seed):
        self.params, self.grads = {}, {}

    def forward(self, x):
        if x.ndim != 4:
            raise ValueError("images, please")
        n, c, h, w = self.shape = x.shape
        self.from_ = np.empty((n, c, h // 2, w // 2), int)
        y = np.empty(self.from_.shape, x.dtype)
        for at in np.ndindex(y.shape):
            i, k, a, b = at
            window = x[i, k, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2].ravel()
            self.from_[at] = window.argmax()
            y[at] = window[self.from_[at]]
        return y

    def backward(self, dy):
        dx = np.zeros(self.shape)
        for at in np.ndindex(dy.shape):
            i, k, a, b = at
            r, s = divmod(self.from_[at], 2)
            dx[i, k, 2 * a + r, 2 * b + s] += dy[at]
        return dx


# Pairs of functions


def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    return dout.dot(w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T.dot(dout), dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    mean, var = x.mean(0), x.var(0) if not np.iscomplexobj(x) else ((x - x.mean(0)) ** 2).mean(0)
    std = np.sqrt(var + bn_param.get("eps", 1e-5))
    z = (x - mean) / std
    return gamma * z + beta, (z, gamma, std)


def batchnorm_backward(dout, cache):
    z, gamma, std = cache
    n = len(dout)
    dz = dout * gamma
    dx = (n * dz - dz.sum(0) - z * (dz * z).sum(0)) / (n * std)
    return dx, (dout * z).sum(0), dout.sum(0)


def real_batchnorm_forward(x, gamma, beta):
    """np.var takes absolute values of complex numbers: only central differences are right here."""
    z = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    return gamma * z + beta, (z, gamma, np.sqrt(x.var(0) + 1e-5))


real_batchnorm_backward = batchnorm_backward


def dropout_forward(x, dropout_param):
    np.random.seed(dropout_param["seed"])  # noqa: NPY002  (as CS231n has it)
    mask = (np.random.rand(*x.shape) < dropout_param["p"]) / dropout_param["p"]  # noqa: NPY002
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


def conv_forward(x, w, b, conv_param):
    s, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], (2, 3))[:, :, ::s, ::s]
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None], (x, w, windows)


def conv_backward(dout, cache):
    _, w, windows = cache
    padded = np.pad(dout, ((0, 0), (0, 0), (1, 1), (1, 1)))
    back = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    dx = np.einsum("nfhwij,fcij->nchw", back, w[:, :, ::-1, ::-1])
    return dx, np.einsum("nfhw,nchwij->fcij", dout, windows), dout.sum((0, 2, 3))


def single_forward(x, w, b):
    """Casts to float32 whatever it gets."""
    x, w, b = (np.asarray(a.real, np.float32) for a in (x, w, b))
    return np.tanh(x @ w + b), (x, w, np.tanh(x @ w + b))


def single_backward(dout, cache):
    x, w, y = cache
    d = dout.astype(np.float32) * (1 - y * y)
    return d @ w.T, x.T @ d, d.sum(0)


PAIRS = ["affine", "relu", "batchnorm", "real_batchnorm", "dropout", "conv", "single"]
LAYERS = [DenseRows, DenseAttributes, DenseColumns, DenseSingle, LeakyReLU, Sigmoid, LayerNorm, MaxPoolLoops]
OBJECTS = [
    columns_one_layer,
    columns_two_layers,
    columns_two_layers_float32,
    rows_of_padding,
    scores_in_a_buffer_of_float32,
    attributes_in_place,
    attributes_in_place_float32,
    loops_and_floats,
    squared_error_with_abs,
    hinge,
    cost_with_half_lambda,
]


def code(implementation, seed, n):
    rng = np.random.default_rng(seed)
    if isinstance(implementation, str):
        forward, backward = (globals()[f"{implementation}_{part}"] for part in ("forward", "backward"))
        return pair(implementation, forward, backward, None, n, rng)
    name = implementation.__name__
    if implementation in LAYERS:
        return LayerCode(name, implementation(seed), None, n, rng)
    return ObjectCode(name, implementation(seed))


def target(implementation, seed, examples=7):
    worker = InProcess()
    return StudentTarget(worker, "target", *worker.session.take(code(implementation, seed, examples)), seed)


def test_code_without_a_parameter_cannot_be_checked():
    worker = InProcess()
    facts, arrays = worker.session.take(code(OBJECTS[0], 0, 7))
    none = {key: value for key, value in arrays.items() if not key.startswith("params/")}
    with pytest.raises(StudentProblemError, match="no parameter of it was recognised"):
        StudentTarget(worker, "target", facts, none, 0)


@pytest.mark.parametrize("implementation", [*OBJECTS, *LAYERS, *PAIRS])
def test_a_right_implementation_raises_no_alarm(implementation):
    for seed in range(SEEDS):
        report = check_target(target(implementation, seed, examples=3), Settings(samples=12, seed=seed))
        alarms = [t.verdict for t in report.tensors if not t.passed]
        assert not alarms, f"seed {seed}: {alarms}"


def test_there_are_at_least_twenty():
    assert len([*OBJECTS, *LAYERS, *PAIRS]) >= 20


@pytest.mark.parametrize(
    ("implementation", "words"),
    [
        (columns_two_layers, ""),
        (columns_two_layers_float32, "float32"),
        (attributes_in_place_float32, "float32"),
        ("single", "float32"),
        (DenseSingle, "float32"),
        (DenseAttributes, "W beside dW, b beside db"),
        (squared_error_with_abs, "central differences"),
        (attributes_in_place, "central differences"),
        ("real_batchnorm", "central differences"),
        ("batchnorm", ""),
        ("conv", ""),
    ],
)
def test_the_report_says_what_the_code_made_necessary(implementation, words):
    notes = " ".join(check_target(target(implementation, 0), Settings(samples=5)).notes)
    assert words in notes
    assert bool(words) == bool(notes)


@pytest.mark.parametrize("implementation", [*OBJECTS, *LAYERS, *PAIRS])
def test_the_same_implementation_five_percent_off_is_caught(implementation):
    for seed in range(3):
        wrong = target(implementation, seed)
        right = wrong.gradients
        last = list(wrong.params)[-1]
        wrong.gradients = lambda params, right=right, last=last: {
            k: g * (1.05 if k == last else 1) for k, g in right(params).items()
        }
        report = check_target(wrong, Settings(samples=30, seed=seed))
        assert [t.name for t in report.tensors if not t.passed] == [last], [
            re.sub(r"\d+", "", t.verdict) for t in report.tensors
        ]
