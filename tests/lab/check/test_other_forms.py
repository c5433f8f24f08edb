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


NORMALISED = """
class BatchNormLayer:
    def __init__(self, momentum=0.9):
        self.eps, self.momentum = 1e-6, momentum

    def __call__(self, inputs):
        self.mean = inputs.mean(axis=1, keepdims=True)
        self.inv = 1 / np.sqrt(inputs.var(axis=1, keepdims=True) + self.eps)
        return (inputs - self.mean) * self.inv

    def back_pass(self, g_mat, z_mat):
        hat = (z_mat - self.mean) * self.inv
        g = g_mat - g_mat.mean(axis=1, keepdims=True)
        return self.inv * (g - hat * (g_mat * hat).mean(axis=1, keepdims=True))
"""
CODER = """
class AutoEncoder:
    def __init__(self, n_visible, n_hidden):
        self.W_enc, self.b_enc = np.random.randn(n_visible, n_hidden) / 2, np.zeros(n_hidden)
        self.W_dec, self.b_dec = np.random.randn(n_hidden, n_visible) / 2, np.zeros(n_visible)

    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.W_enc + self.b_enc)
        self.y = self.h @ self.W_dec + self.b_dec
        return self.y

    def loss(self, x):
        return 0.5 * np.sum((self.forward(x) - x) ** 2) / len(x)

    def backward(self):
        d = (self.y - self.x) / len(self.x)
        self.gW_dec, self.gb_dec = self.h.T @ d, d.sum(axis=0)
        d = d @ self.W_dec.T * (1 - self.h**2)
        self.gW_enc, self.gb_enc = self.x.T @ d, d.sum(axis=0)
"""
KEPT_COST = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

class CrossEntropyCost:
    @staticmethod
    def fn(a, y):
        return np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a))

    @staticmethod
    def delta(z, a, y):
        return (a - y) * 1

class Network:
    def __init__(self, sizes, cost=CrossEntropyCost):
        self.cost, self.weights = cost, [np.random.randn(k, d) for d, k in zip(sizes, sizes[1:])]

    def feedforward(self, a):
        for w in self.weights:
            a = sigmoid(w @ a)
        return a

    def backprop(self, x, y):
        activations = [x]
        for w in self.weights:
            activations.append(sigmoid(w @ activations[-1]))
        delta, nabla_w = self.cost.delta(None, activations[-1], y), []
        for k in range(1, len(activations)):
            nabla_w.insert(0, delta @ activations[-k - 1].T)
            a = activations[-k - 1]
            delta = self.weights[-k].T @ delta * a * (1 - a)
        return nabla_w
"""
ACTIVATION = """
def tanh(x):
    return np.tanh(x)

def tanh_prime(x):
    return 1 - np.tanh(x) ** 2

def relu(x):
    return np.maximum(x, 0)

def relu_prime(x):
    return 1.0 * (x > 0)

class ActivationLayer:
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input_data):
        self.input = input_data
        return self.activation(input_data)

    def backward(self, output_error):
        return self.activation_prime(self.input) * output_error
"""
OWN_SIZES = """
class TwoLayerBN:
    def __init__(self, **kwargs):
        known = {"n_batch": 100, "n_nodes": 4, "d": 6, "k": 3, **kwargs}
        self.n_batch, h, d, k = (known[name] for name in ("n_batch", "n_nodes", "d", "k"))
        self.p = {"W1": np.random.randn(d, h), "gamma1": np.ones(h), "beta1": np.zeros(h)}
        self.p |= {"W2": np.random.randn(h, k), "b2": np.zeros(k)}

    def loss_and_grad(self, X, y):
        p, n = self.p, len(X)
        s = X @ p["W1"]
        inv = 1 / np.sqrt(s.var(0) + 1e-5)
        hat = (s - s.mean(0)) * inv
        t = p["gamma1"] * hat + p["beta1"]
        H = np.maximum(t, 0)
        E = np.exp(H @ p["W2"] + p["b2"])
        G = E / E.sum(1, keepdims=True)
        loss = -np.log(G[np.arange(n), y]).mean()
        G[np.arange(n), y] -= 1
        G /= n
        g = {"W2": H.T @ G, "b2": G.sum(0)}
        G = G @ p["W2"].T * (t > 0)
        g |= {"gamma1": (G * hat).sum(0), "beta1": G.sum(0)}
        G = G * p["gamma1"]
        g["W1"] = X.T @ (inv * (G - G.mean(0) - hat * (G * hat).mean(0)))
        return loss, g
"""
STEPS = """
def init_rnn(K, m, rng):
    shapes = {"b": (m, 1), "U": (m, K), "W": (m, m), "V": (K, m)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}

def forward_pass(X, Y, h0, RNN):
    fp, loss = {"h": [h0], "p": []}, 0.0
    for t in range(X.shape[1]):
        fp["h"].append(np.tanh(RNN["W"] @ fp["h"][-1] + RNN["U"] @ X[:, t:t + 1] + RNN["b"]))
        E = np.exp(RNN["V"] @ fp["h"][-1])
        fp["p"].append(E / E.sum())
        loss -= np.log((Y[:, t:t + 1] * fp["p"][-1]).sum())
    return loss / X.shape[1], fp, fp["h"][-1]

def backward_pass(X, Y, fp, RNN):
    grads, da = {k: np.zeros_like(v) for k, v in RNN.items()}, np.zeros_like(RNN["b"])
    for t in reversed(range(X.shape[1])):
        do, h = (fp["p"][t] - Y[:, t:t + 1]) / X.shape[1], fp["h"][t + 1]
        grads["V"] += do @ h.T
        da = (RNN["V"].T @ do + RNN["W"].T @ da) * (1 - h**2)
        grads["W"] += da @ fp["h"][t].T
        grads["U"] += da @ X[:, t:t + 1].T
        grads["b"] += da
    return grads
"""
IN_TURN = """
class Linear:
    def __init__(self, nb_in, nb_out):
        self.W = np.random.randn(nb_in, nb_out)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, g):
        self.dW = self.x.T @ g
        return g @ self.W.T

class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for l in self.layers:
            x = l.forward(x)
        return x

    def backward(self, g):
        for l in self.layers[::-1]:
            g = l.backward(g)
        return g
"""
CODES = {
    "Sequential": IN_TURN,
    "BatchNormLayer": NORMALISED,
    "AutoEncoder": CODER,
    "Network": KEPT_COST,
    "ActivationLayer": ACTIVATION,
    "TwoLayerBN": OWN_SIZES,
    "backward_pass": STEPS,
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
        ("BatchNormLayer", "(z_mat - self.mean) * self.inv", "z_mat * self.inv"),
        ("Network", "(a - y) * 1", "(a - y) * a * (1 - a)"),
        ("ActivationLayer", "1 - np.tanh(x) ** 2", "1 - x**2"),
        ("ActivationLayer", "1.0 * (x > 0)", "1.0 * (x > -1)"),
        ("TwoLayerBN", 'G = G * p["gamma1"]', "pass"),
        ("backward_pass", 'RNN["W"].T @ da', 'RNN["W"] @ da'),
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


SCORES = """
class SoftMax:
    def forward(self, Z):
        return np.exp(Z) / np.exp(Z).sum(axis=0)

    def backward(self, dLdZ):
        return dLdZ

class NLL:
    def forward(self, Ypred, Y):
        self.Ypred, self.Y = Ypred, Y
        return float(np.sum(-Y * np.log(Ypred)))

    def backward(self):
        return {difference}
"""


def test_a_loss_of_probabilities_may_give_what_goes_past_the_softmax(tmp_path):
    assert check(SCORES.replace("{difference}", "self.Ypred - self.Y"), "NLL", tmp_path).nothing
    assert not check(SCORES.replace("{difference}", "self.Y - self.Ypred"), "NLL", tmp_path).nothing


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
