"""Files as people write them who follow an old tutorial: no cost, a single output, data in the constructor, updates on
the way back, a loss and its derivative as two functions."""

import pytest

from tests.lab.check.in_process import check

SIGMOID = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))
"""
ONE_BY_ONE = (
    SIGMOID
    + """
class Net:
    def __init__(self, sizes):
        self.depth = len(sizes)
        self.biases = [np.random.randn(m, 1) for m in sizes[1:]]
        self.weights = [np.random.randn(m, d) for d, m in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(w @ a + b)
        return a

    def backprop(self, x, y):
        activations, zs = [x], []
        for b, w in zip(self.biases, self.weights):
            zs.append(w @ activations[-1] + b)
            activations.append(sigmoid(zs[-1]))
        delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])
        nabla_b, nabla_w = [delta], [delta @ activations[-2].T]
        for l in range(2, self.depth):
            delta = (self.weights[1 - l].T @ delta) * sigmoid_prime(zs[-l])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ activations[-l - 1].T)
        return nabla_b, nabla_w

    def cost_derivative(self, outputs, y):
        return outputs - y
"""
)
WITH_DATA = (
    SIGMOID
    + """
class Net:
    def __init__(self, x, y):
        self.input, self.y = x, y
        self.weights1 = np.random.rand(x.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.output = np.zeros(y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(self.input @ self.weights1)
        self.output = sigmoid(self.layer1 @ self.weights2)

    def backprop(self):
        delta = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d_weights2 = self.layer1.T @ delta
        d_weights1 = self.input.T @ (delta @ self.weights2.T * self.layer1 * (1 - self.layer1))
        self.weights1 += d_weights1
        self.weights2 += d_weights2
"""
)
SYNAPSES = """
class Net:
    def __init__(self):
        self.synaptic_weights = 2 * np.random.random((3, 1)) - 1

    def train(self, training_inputs, training_outputs, training_iterations):
        for _ in range(training_iterations):
            output = self.think(training_inputs)
            error = training_outputs - output
            self.synaptic_weights += 0.1 * training_inputs.T @ (error * output * (1 - output))

    def think(self, inputs):
        return 1 / (1 + np.exp(-inputs @ self.synaptic_weights))
"""
GLOBALS = """
W1, b1, W2, b2 = np.random.randn(2, 3), np.zeros((1, 3)), np.random.randn(3, 1), np.zeros((1, 1))

def forward(X):
    z1 = X @ W1 + b1
    a1 = 1 / (1 + np.exp(-z1))
    z2 = a1 @ W2 + b2
    a2 = 1 / (1 + np.exp(-z2))
    return z1, a1, z2, a2

def loss(y, yhat):
    return -np.mean(y * np.log(yhat) + (1 - y) * np.log(1 - yhat))

def backward(X, y, z1, a1, z2, a2):
    dz2 = (a2 - y) / X.shape[0]
    dz1 = dz2 @ W2.T * a1 * (1 - a1)
    return X.T @ dz1, dz1.sum(axis=0, keepdims=True), a1.T @ dz2, dz2.sum(axis=0, keepdims=True)
"""
GIVEN_ARRAYS = """
class Lin:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, inp):
        self.inp = inp
        return inp @ self.w + self.b

    def backward(self, dout):
        self.w_g = self.inp.T @ dout
        self.b_g = dout.sum(0)
        return dout @ self.w.T

class Net:
    def __init__(self, w1, b1, w2, b2):
        self.layers = [Lin(w1, b1), Lin(w2, b2)]

    def __call__(self, x, targ):
        for layer in self.layers:
            x = layer(x)
        self.diff = x[:, 0] - targ
        return (self.diff ** 2).mean()

    def backward(self):
        dout = (2 * self.diff / len(self.diff))[:, None]
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
"""


def passes_and_fails(text, name, right, wrong, folder):
    """The code passes, and fails with `wrong` in place of `right`: the report on the wrong one."""
    assert check(text, name, folder).passed
    report = check(text.replace(right, wrong), name, folder)
    assert not report.problem
    assert not report.passed
    return report


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "cause"),
    [
        (ONE_BY_ONE, "Net", "@ delta) * sigmoid_prime(zs[-l])", "@ delta)", "activation-slope-missing"),
        (ONE_BY_ONE, "Net", "insert(0, delta @", "insert(0, 2 * delta @", "factor-two"),
        (WITH_DATA, "Net", "weights2.T * self.layer1 * (1 - self.layer1)", "weights2.T", "activation-slope-missing"),
        (SYNAPSES, "Net", "(error * output * (1 - output))", "(error * output)", ""),
        (GLOBALS, "backward", "W2.T * a1 * (1 - a1)", "W2.T", "activation-slope-missing"),
        (GIVEN_ARRAYS, "Net", "(2 * self.diff", "(self.diff", "factor-two"),
        (GIVEN_ARRAYS, "Lin", "self.b_g = dout.sum(0)", "self.b_g = dout.mean(0)", ""),
    ],
    ids=[
        "one by one",
        "one by one, factor",
        "with data",
        "synapses",
        "globals",
        "given arrays",
        "a layer given arrays",
    ],
)
def test_is_checked_and_its_mistake_named(text, name, right, wrong, cause, tmp_path):
    report = passes_and_fails(text, name, right, wrong, tmp_path)
    assert not cause or cause in {found.key for found in report.causes}


LOSSES = """
def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)

def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size

def hinge_loss(scores, y):
    margins = np.maximum(0, scores - scores[np.arange(len(y)), y][:, None] + 1)
    margins[np.arange(len(y)), y] = 0
    return margins.sum() / len(y)

def hinge_grad(scores, y):
    counts = (scores - scores[np.arange(len(y)), y][:, None] + 1 > 0).astype(float)
    counts[np.arange(len(y)), y] = 0
    counts[np.arange(len(y)), y] = -counts.sum(axis=1)
    return counts / len(y)

def d_cross_entropy(y, p):
    return -y / p / len(y)

def cross_entropy(y, p):
    return -np.sum(y * np.log(p)) / len(y)
"""


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("mse", "return 2 *", "return"),
        ("hinge_loss", "-counts.sum", "counts.sum"),
        ("cross_entropy", "-y / p", "y / p"),
    ],
)
def test_a_loss_and_its_derivative_are_two_functions(name, right, wrong, tmp_path):
    assert check(LOSSES, name, tmp_path).passed
    assert not check(LOSSES.replace(right, wrong), name, tmp_path).passed


def test_a_derivative_by_the_scores_is_not_held_against_a_loss_of_probabilities(tmp_path):
    report = check(LOSSES.replace("-y / p / len(y)", "p - y"), "cross_entropy", tmp_path)
    assert "by the scores" in report.problem


def test_a_bias_that_is_not_summed_is_no_network_that_takes_one_example_at_a_time(tmp_path):
    text = GLOBALS.replace("dz2.sum(axis=0, keepdims=True)", "dz2")
    assert not check(text, "backward", tmp_path).passed


LETTERS = """
W_xh, W_hh, W_hy = np.random.randn(6, 5), np.random.randn(6, 6), np.random.randn(5, 6)
b_h, b_y = np.zeros((6, 1)), np.zeros((5, 1))

def loss_fun(inputs, targets, hprev):
    xs, hs, ps, loss = {}, {-1: hprev.copy()}, {}, 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((5, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(W_xh @ xs[t] + W_hh @ hs[t - 1] + b_h)
        y = W_hy @ hs[t] + b_y
        ps[t] = np.exp(y) / np.exp(y).sum()
        loss -= np.log(ps[t][targets[t], 0])
    dW_xh, dW_hh, dW_hy = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros_like(W_hy)
    db_h, db_y, dhnext = np.zeros_like(b_h), np.zeros_like(b_y), np.zeros_like(b_h)
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dW_hy += dy @ hs[t].T
        db_y += dy
        dh = (W_hy.T @ dy + dhnext) * (1 - hs[t] ** 2)
        db_h += dh
        dW_xh += dh @ xs[t].T
        dW_hh += dh @ hs[t - 1].T
        dhnext = W_hh.T @ dh
    return loss, dW_xh, dW_hh, dW_hy, db_h, db_y, hs[len(inputs) - 1]
"""
LOOKED_UP = """
def init_params(vocab_size, n_embd, block_size, n_hidden):
    C = np.random.randn(vocab_size, n_embd)
    W1, b1 = np.random.randn(n_embd * block_size, n_hidden), np.zeros(n_hidden)
    return [C, W1, b1, np.random.randn(n_hidden, vocab_size), np.zeros(vocab_size)]

def forward(Xb, Yb, params):
    C, W1, b1, W2, b2 = params
    emb = C[Xb].reshape(len(Xb), -1)
    h = np.tanh(emb @ W1 + b1)
    logits = h @ W2 + b2
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(probs[np.arange(len(Xb)), Yb]).mean()
    return loss, (Xb, Yb, emb, h, probs)

def backward(cache, params):
    C, W1, b1, W2, b2 = params
    Xb, Yb, emb, h, probs = cache
    dlogits = probs.copy()
    dlogits[np.arange(len(Xb)), Yb] -= 1
    dlogits /= len(Xb)
    dh = (dlogits @ W2.T) * (1 - h ** 2)
    dC = np.zeros_like(C)
    np.add.at(dC, Xb, (dh @ W1.T).reshape(*Xb.shape, -1))
    return [dC, emb.T @ dh, dh.sum(0), h.T @ dlogits, dlogits.sum(0)]
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "cause"),
    [
        (LETTERS, "loss_fun", "dh @ hs[t - 1].T", "dh @ hs[t].T", "state-shifted"),
        (LETTERS, "loss_fun", " + dhnext)", ")", "through-time-missing"),
        (LETTERS, "loss_fun", "W_hh.T @ dh", "W_hh @ dh", "through-transposed"),
        (LETTERS, "loss_fun", " * (1 - hs[t] ** 2)", "", "activation-slope-missing"),
        (LETTERS, "loss_fun", "(1 - hs[t] ** 2)", "(1 - hs[t]) ** 2", "activation-slope"),
        (LETTERS, "loss_fun", "(1 - hs[t] ** 2)", "(1 - hs[t - 1] ** 2)", "activation-slope"),
        (LETTERS, "loss_fun", "db_h += dh", "db_h = dh", "overwritten"),
        (LOOKED_UP, "backward", "np.add.at(dC, Xb, (dh @ W1.T).reshape(*Xb.shape, -1))", "dC[Xb] += 1", ""),
    ],
    ids=["state", "through time", "turned", "slope", "square", "slope before", "added up", "rows"],
)
def test_networks_over_letters_are_given_numbers_of_rows(text, name, right, wrong, cause, tmp_path):
    report = passes_and_fails(text, name, right, wrong, tmp_path)
    assert not cause or cause in {found.key for found in report.causes}


PARAMETERS_IN_P = """
def forward(x, p):
    h = np.tanh(x @ p["W1"] + p["b1"])
    e = np.exp(h @ p["W2"] + p["b2"])
    return h, e / e.sum(1, keepdims=True)

def loss_and_grads(x, y, p, lam):
    n = len(x)
    h, q = forward(x, p)
    loss = -np.log(q[np.arange(n), y]).mean() + lam * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
    g = q.copy()
    g[np.arange(n), y] -= 1
    g /= n
    grads = {"W2": h.T @ g + 2 * lam * p["W2"], "b2": g.sum(0)}
    g = g @ p["W2"].T * (1 - h ** 2)
    grads |= {"W1": x.T @ g + 2 * lam * p["W1"], "b1": g.sum(0)}
    return loss, grads
"""
LISTS = """
class NeuralNetwork:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.wih = np.random.randn(hiddennodes, inputnodes)
        self.who = np.random.randn(outputnodes, hiddennodes)
        self.lr = learningrate

    def train(self, inputs_list, targets_list):
        inputs, targets = np.array(inputs_list, ndmin=2).T, np.array(targets_list, ndmin=2).T
        hidden = 1 / (1 + np.exp(-self.wih @ inputs))
        final = 1 / (1 + np.exp(-self.who @ hidden))
        errors = (targets - final) * final * (1 - final)
        hidden_errors = self.who.T @ errors
        self.who += self.lr * np.dot(errors, hidden.T)
        self.wih += self.lr * np.dot(hidden_errors * hidden * (1 - hidden), inputs.T)

    def query(self, inputs_list):
        hidden = 1 / (1 + np.exp(-self.wih @ np.array(inputs_list, ndmin=2).T))
        return 1 / (1 + np.exp(-self.who @ hidden))
"""
PRIME = """
class Net:
    def __init__(self, Lambda=0):
        self.W1, self.W2, self.Lambda = np.random.randn(2, 3), np.random.randn(3, 1), Lambda

    def forward(self, X):
        self.a2 = 1 / (1 + np.exp(-X @ self.W1))
        return 1 / (1 + np.exp(-self.a2 @ self.W2))

    def costFunction(self, X, y):
        squares = np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2)
        return 0.5 * np.sum((y - self.forward(X)) ** 2) / len(X) + self.Lambda / 2 * squares

    def costFunctionPrime(self, X, y):
        yhat = self.forward(X)
        delta3 = -(y - yhat) * yhat * (1 - yhat)
        dJdW2 = self.a2.T @ delta3 / len(X) + self.Lambda * self.W2
        dJdW1 = X.T @ (delta3 @ self.W2.T * self.a2 * (1 - self.a2)) / len(X) + self.Lambda * self.W1
        return dJdW1, dJdW2
"""
FLAT = """
def forward_backward_prop(X, labels, params, dimensions):
    d, m, k = dimensions
    W1, b1 = params[: d * m].reshape(d, m), params[d * m : d * m + m]
    W2, b2 = params[d * m + m : -k].reshape(m, k), params[-k:]
    h = 1 / (1 + np.exp(-X @ W1 - b1))
    e = np.exp(h @ W2 + b2)
    yhat = e / e.sum(axis=1, keepdims=True)
    d3 = yhat - labels
    d2 = d3 @ W2.T * h * (1 - h)
    grad = np.concatenate([(X.T @ d2).ravel(), d2.sum(0), (h.T @ d3).ravel(), d3.sum(0)])
    return -np.sum(labels * np.log(yhat)), grad
"""
GIVEN_FUNCTION = """
def forward_prop(data, labels, params):
    hidden = 1 / (1 + np.exp(-data @ params["W1"] - params["b1"]))
    e = np.exp(hidden @ params["W2"] + params["b2"])
    output = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(labels * np.log(output)) / len(data)
    return hidden, output, loss

def backward_prop(data, labels, params, forward_prop_func):
    hidden, output, loss = forward_prop_func(data, labels, params)
    d2 = (output - labels) / len(data)
    d1 = d2 @ params["W2"].T * hidden * (1 - hidden)
    return {"W1": data.T @ d1, "b1": d1.sum(axis=0), "W2": hidden.T @ d2, "b2": d2.sum(axis=0)}
"""
ATTENTION = """
class SelfAttention:
    def __init__(self, d_model):
        self.d = d_model
        self.Wq, self.Wk, self.Wv = (np.random.randn(d_model, d_model) for _ in range(3))

    def forward(self, x):
        self.x, self.q, self.k, self.v = x, x @ self.Wq, x @ self.Wk, x @ self.Wv
        e = np.exp(self.q @ self.k.transpose(0, 2, 1) / np.sqrt(self.d))
        self.a = e / e.sum(-1, keepdims=True)
        return self.a @ self.v

    def backward(self, dout):
        da, dv = dout @ self.v.transpose(0, 2, 1), self.a.transpose(0, 2, 1) @ dout
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) / np.sqrt(self.d)
        dq, dk = ds @ self.k, ds.transpose(0, 2, 1) @ self.q
        self.dWq, self.dWk, self.dWv = (np.einsum("bti,btj->ij", self.x, d) for d in (dq, dk, dv))
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
"""
WORDS = """
class RNN:
    def __init__(self, word_dim, hidden_dim=6):
        self.m = hidden_dim
        self.U, self.V = np.random.randn(hidden_dim, word_dim), np.random.randn(word_dim, hidden_dim)
        self.W = np.random.randn(hidden_dim, hidden_dim)

    def forward_propagation(self, x):
        s, o = np.zeros((len(x) + 1, self.m)), []
        for t in range(len(x)):
            s[t] = np.tanh(self.U[:, x[t]] + self.W @ s[t - 1])
            o.append(np.exp(self.V @ s[t]) / np.exp(self.V @ s[t]).sum())
        return [np.array(o), s]

    def calculate_total_loss(self, x, y):
        o, s = self.forward_propagation(x)
        return -np.sum(np.log(o[np.arange(len(y)), y]))

    def bptt(self, x, y):
        o, s = self.forward_propagation(x)
        dLdU, dLdV, dLdW = np.zeros_like(self.U), np.zeros_like(self.V), np.zeros_like(self.W)
        o[np.arange(len(y)), y] -= 1
        behind = np.zeros(self.m)
        for t in range(len(x))[::-1]:
            dLdV += np.outer(o[t], s[t])
            delta = (self.V.T @ o[t] + behind) * (1 - s[t] ** 2)
            dLdW += np.outer(delta, s[t - 1])
            dLdU[:, x[t]] += delta
            behind = self.W.T @ delta
        return [dLdU, dLdV, dLdW]
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong"),
    [
        (PARAMETERS_IN_P, "loss_and_grads", "* (1 - h ** 2)", ""),
        (LISTS, "NeuralNetwork", "hidden_errors * hidden * (1 - hidden)", "hidden_errors"),
        (PRIME, "Net", "self.W2.T * self.a2", "self.W2.T"),
        (FLAT, "forward_backward_prop", "* h * (1 - h)", ""),
        (GIVEN_FUNCTION, "backward_prop", "* hidden * (1 - hidden)", ""),
        (ATTENTION, "SelfAttention", "(da - (da * self.a).sum(-1, keepdims=True))", "da"),
        (WORDS, "RNN", "self.W.T @ delta", "self.W @ delta"),
    ],
    ids=["p", "lists", "prime", "flat", "given function", "attention", "words"],
)
def test_other_ways_to_say_the_same_are_checked(text, name, right, wrong, tmp_path):
    passes_and_fails(text, name, right, wrong, tmp_path)


def test_a_step_of_gradient_descent_shows_the_gradient(tmp_path):
    text = """
    def computeCost(X, y, theta):
        return np.sum((X @ theta - y) ** 2) / (2 * len(y))

    def gradientDescent(X, y, theta, alpha, num_iters):
        history = []
        for _ in range(num_iters):
            theta = theta - alpha / len(y) * X.T @ (X @ theta - y)
            history.append(computeCost(X, y, theta))
        return theta, history
    """
    assert check(text, "gradientDescent", tmp_path).passed
    assert not check(text.replace("alpha / len(y)", "alpha"), "gradientDescent", tmp_path).passed


CARRIED = """
class Carrier(np.ndarray):
    pass

def tensor(a):
    return np.asarray(a, float).view(Carrier)

class Lin:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, inp):
        self.inp = inp
        self.out = inp @ self.w + self.b
        return self.out

    def backward(self):
        self.inp.g = self.out.g @ self.w.T
        self.w.g = self.inp.T @ self.out.g
        self.b.g = self.out.g.sum(0)

class Mse:
    def __call__(self, inp, targ):
        self.inp, self.targ = inp, targ
        return ((inp[:, 0] - targ) ** 2).mean()

    def backward(self):
        self.inp.g = 2 * (self.inp[:, 0] - self.targ)[:, None] / len(self.targ)

class Model:
    def __init__(self, w1, b1, w2, b2):
        self.layers, self.loss = [Lin(tensor(w1), tensor(b1)), Lin(tensor(w2), tensor(b2))], Mse()

    def __call__(self, x, targ):
        x = tensor(x)
        for layer in self.layers:
            x = layer(x)
        return self.loss(x, targ)

    def backward(self):
        self.loss.backward()
        for layer in reversed(self.layers):
            layer.backward()
"""
READS_DATA = """
import pickle

class Classifier:
    def __init__(self, data_path, lam=0.01):
        with open(data_path + "/data_batch_1", "rb") as file:
            data = pickle.load(file)
        self.X = data["data"].T / 255
        self.lam = lam
        self.W, self.b = np.random.normal(0, 0.01, (10, 3072)), np.zeros((10, 1))

    def evaluate(self, X):
        e = np.exp(self.W @ X + self.b)
        return e / e.sum(0)

    def compute_cost(self, X, Y):
        return -np.mean(np.log(np.sum(Y * self.evaluate(X), axis=0))) + self.lam * np.sum(self.W ** 2)

    def compute_gradients(self, X, Y):
        G = (self.evaluate(X) - Y) / X.shape[1]
        return G @ X.T + 2 * self.lam * self.W, G.sum(1, keepdims=True)
"""
ACTIVATIONS = """
class MLP:
    def __init__(self, sizes, activations):
        self.acts = activations
        self.W = [np.random.randn(d, m) for d, m in zip(sizes, sizes[1:])]
        self.b = [np.zeros((1, m)) for m in sizes[1:]]

    def _act(self, z, name):
        if name == "relu":
            return np.maximum(0, z)
        if name == "tanh":
            return np.tanh(z)
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def forward(self, X):
        self.A = [X]
        for W, b, name in zip(self.W, self.b, self.acts):
            self.A.append(self._act(self.A[-1] @ W + b, name))
        return self.A[-1]

    def loss(self, Y):
        return -np.mean(np.sum(Y * np.log(self.A[-1]), axis=1))

    def backward(self, Y):
        dZ = (self.A[-1] - Y) / len(Y)
        self.dW, self.db = [None] * len(self.W), [None] * len(self.W)
        for i in reversed(range(len(self.W))):
            self.dW[i], self.db[i] = self.A[i].T @ dZ, dZ.sum(axis=0, keepdims=True)
            if i > 0:
                slope = self.A[i] > 0 if self.acts[i - 1] == "relu" else 1 - self.A[i] ** 2
                dZ = dZ @ self.W[i].T * slope
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong"),
    [
        (CARRIED, "Model", "self.b.g = self.out.g.sum(0)", "self.b.g = self.out.g.mean(0)"),
        (READS_DATA, "Classifier", "+ 2 * self.lam", "+ self.lam"),
        (ACTIVATIONS, "MLP", " * slope", ""),
    ],
    ids=["carried", "data", "activations"],
)
def test_objects_are_made_with_what_they_ask_for(text, name, right, wrong, tmp_path):
    passes_and_fails(text, name, right, wrong, tmp_path)


PATCHES = """
def forward(MX, Fs, W1, W2, b1, b2):
    n_p, _, n = MX.shape
    h = np.maximum(np.einsum("ijn,jl->iln", MX, Fs).reshape(n_p * Fs.shape[1], n), 0)
    x1 = np.maximum(W1 @ h + b1, 0)
    e = np.exp(W2 @ x1 + b2)
    return h, x1, e / e.sum(axis=0)

def compute_loss(MX, Y, Fs, W1, W2, b1, b2):
    return -np.sum(Y * np.log(forward(MX, Fs, W1, W2, b1, b2)[2])) / Y.shape[1]

def compute_gradients(MX, Y, Fs, W1, W2, b1, b2):
    h, x1, P = forward(MX, Fs, W1, W2, b1, b2)
    G = (P - Y) / Y.shape[1]
    gW2, gb2 = G @ x1.T, G.sum(1, keepdims=True)
    G = (W2.T @ G) * (x1 > 0)
    gW1, gb1 = G @ h.T, G.sum(1, keepdims=True)
    G = (W1.T @ G) * (h > 0)
    gF = np.einsum("ijn,iln->jl", MX, G.reshape(MX.shape[0], Fs.shape[1], Y.shape[1]))
    return gF, gW1, gW2, gb1, gb2
"""


@pytest.mark.parametrize(
    "wrong", [("* (h > 0)", ""), ("return gF", "return 2 * gF"), ("(W2.T @ G) * (x1 > 0)", "W2.T @ G")]
)
def test_filters_over_patches_stand_before_dense_layers(wrong, tmp_path):
    assert check(PATCHES, "compute_gradients", tmp_path).passed
    text = PATCHES.replace(*wrong)
    assert not check(text, "compute_gradients", tmp_path).passed


def test_gradients_in_lists_in_a_dict_are_matched_by_key_and_number(tmp_path):
    text = """
    class Net:
        def __init__(self, d, m, k):
            self.params = {"F": np.random.randn(m, d), "W": [np.random.randn(m, m), np.random.randn(k, m)]}

        def forward(self, X):
            self.h = [X, np.tanh(self.params["F"] @ X)]
            self.h.append(np.tanh(self.params["W"][0] @ self.h[1]))
            e = np.exp(self.params["W"][1] @ self.h[2])
            return e / e.sum(0)

        def loss(self, X, Y):
            return -np.sum(Y * np.log(self.forward(X))) / Y.shape[1]

        def backward(self, X, Y):
            G = (self.forward(X) - Y) / Y.shape[1]
            grads = {"W": [None, G @ self.h[2].T]}
            G = self.params["W"][1].T @ G * (1 - self.h[2] ** 2)
            grads["W"][0] = G @ self.h[1].T
            G = self.params["W"][0].T @ G * (1 - self.h[1] ** 2)
            grads["F"] = G @ X.T
            return grads
    """
    assert check(text, "Net", tmp_path).passed


IMAGES = """
class Net:
    def __init__(self, channels=2, filters=3, size=3, side=8, classes=4):
        self.K, self.bk = np.random.randn(filters, channels, size, size) * 0.3, np.zeros(filters)
        self.W = np.random.randn(filters * (side - size + 1) ** 2, classes) * 0.1
        self.b = np.zeros(classes)

    def forward(self, X):
        self.X, k = X, self.K.shape[2]
        out = X.shape[2] - k + 1
        self.Z = np.zeros((len(X), len(self.K), out, out))
        for i in range(out):
            for j in range(out):
                self.Z[:, :, i, j] = np.tensordot(X[:, :, i : i + k, j : j + k], self.K, 2 * [[1, 2, 3]]) + self.bk
        self.h = np.maximum(self.Z, 0).reshape(len(X), -1)
        e = np.exp(self.h @ self.W + self.b)
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()

    def backward(self, X, y):
        G, k = self.forward(X), self.K.shape[2]
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        self.dW, self.db = self.h.T @ G, G.sum(axis=0)
        dZ = (G @ self.W.T).reshape(self.Z.shape) * (self.Z > 0)
        self.dbk, self.dK = dZ.sum(axis=(0, 2, 3)), np.zeros_like(self.K)
        for i in range(dZ.shape[2]):
            for j in range(dZ.shape[3]):
                self.dK += np.tensordot(dZ[:, :, i, j], self.X[:, :, i : i + k, j : j + k], [[0], [0]])
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "cause"),
    [
        (IMAGES, "Net", " * (self.Z > 0)", "", "relu-mask-missing"),
        (IMAGES, "Net", "self.db = self.h.T @ G, G.sum", "self.db = self.h.T @ G, 2 * G.sum", "factor-two"),
        (PATCHES, "compute_gradients", "* (h > 0)", "", "relu-mask-missing"),
        (PATCHES, "compute_gradients", "(W2.T @ G) * (x1 > 0)", "W2.T @ G", "relu-mask-missing"),
        (PATCHES, "compute_gradients", "return gF,", "return gF * Y.shape[1],", "not-divided-by-n"),
    ],
    ids=["mask", "factor", "mask of patches", "mask between", "not divided"],
)
def test_mistakes_behind_a_convolution_are_named(text, name, right, wrong, cause, tmp_path):
    report = check(text.replace(right, wrong), name, tmp_path)
    assert cause in {found.key for found in report.causes}


def test_rows_that_are_overwritten_are_named(tmp_path):
    text = """
    class Embedding:
        def __init__(self, vocab_size, dim):
            self.W = np.random.randn(vocab_size, dim)

        def forward(self, idx):
            self.idx = idx
            return self.W[idx]

        def backward(self, dout):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.idx, dout)
    """
    assert check(text, "Embedding", tmp_path).passed
    report = check(
        text.replace("np.add.at(self.dW, self.idx, dout)", "self.dW[self.idx] = dout"), "Embedding", tmp_path
    )
    assert [cause.key for cause in report.causes] == ["overwritten"]
