"""Mistakes that are named in code the catalogue has no whole network for, and in the last sigmoid of one it has."""

import pytest

from tests.lab.check.in_process import check

LOOP = """
    def softmax_loss_naive(W, X, y, reg):
        loss, dW = 0.0, np.zeros_like(W)
        for i in range(len(X)):
            s = X[i] @ W
            p = np.exp(s) / np.exp(s).sum()
            loss -= np.log(p[y[i]]) / len(X)
            for k in range(W.shape[1]):
                dW[:, k] += (p[k] - (k == y[i])) * X[i] / len(X)
        return loss + reg * np.sum(W * W), dW + 2 * reg * W
"""
SIGMOID = """
    def forward(X, W1, b1, W2, b2):
        H = np.tanh(W1 @ X + b1)
        S = W2 @ H + b2
        return H, S, 1 / (1 + np.exp(-S))

    def compute_cost(X, Y, W1, b1, W2, b2):
        P = forward(X, W1, b1, W2, b2)[2]
        return -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / X.shape[1]

    def compute_gradients(X, Y, W1, b1, W2, b2):
        H, S, P = forward(X, W1, b1, W2, b2)
        dP = -(Y / P - (1 - Y) / (1 - P)) / X.shape[1]
        G = dP * P * (1 - P)
        grad_W2, grad_b2 = G @ H.T, G.sum(axis=1, keepdims=True)
        G = W2.T @ G * (1 - H * H)
        return G @ X.T, G.sum(axis=1, keepdims=True), grad_W2, grad_b2
"""
DENSE = """
    class Dense:
        def __init__(self, n_in, n_out):
            self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

        def forward(self, x):
            self.x, self.z = x, x @ self.W + self.b
            return np.log(1 + np.exp(self.z))

        def backward(self, grad):
            dz = grad / (1 + np.exp(-self.z))
            self.dW, self.db = self.x.T @ dz, dz.sum(0)
            return dz @ self.W.T
"""
ERROR = """
    class SoftmaxLoss:
        def forward(self, x, y):
            self.P = np.exp(x) / np.exp(x).sum(1, keepdims=True)
            self.y = y
            return -np.log(self.P[np.arange(len(y)), y]).mean()

        def backward(self):
            Y = np.eye(self.P.shape[1])[self.y]
            return (self.P - Y) / len(Y)
"""
SUMMED = """
    class Softmax:
        def __init__(self, d=5, k=4):
            self.W = np.random.randn(k, d)
            self.dW = np.zeros_like(self.W)

        def probabilities(self, X):
            S = X @ self.W.T
            return np.exp(S) / np.exp(S).sum(1, keepdims=True)

        def loss(self, X, y):
            return -np.log(self.probabilities(X)[np.arange(len(y)), y]).mean()

        def backward(self, X, y):
            G = self.probabilities(X)
            G[np.arange(len(y)), y] -= 1
            self.dW = G.T @ X / len(y)
"""
DROPOUT = """
    class Net:
        def __init__(self, d=6, h=5, k=4, dropout=0.0):
            self.W1, self.W2, self.dropout = np.random.randn(d, h), np.random.randn(h, k), dropout

        def forward(self, X):
            self.X, self.H = X, np.maximum(X @ self.W1, 0)
            self.mask = (np.random.rand(*self.H.shape) >= self.dropout) / (1 - self.dropout)
            self.D = self.H * self.mask
            S = self.D @ self.W2
            self.P = np.exp(S) / np.exp(S).sum(1, keepdims=True)
            return self.P

        def loss(self, X, y):
            return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()

        def backward(self, y):
            G = self.P.copy()
            G[np.arange(len(y)), y] -= 1
            G /= len(y)
            self.dW2 = self.D.T @ G
            self.dW1 = self.X.T @ (G @ self.W2.T * self.mask * (self.H > 0))
"""
NORM = """
    def layernorm_forward(x, gamma, beta, ln_param):
        v = 1 / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        u = (x - x.mean(1, keepdims=True)) * v
        return gamma * u + beta, (u, gamma, v)

    def layernorm_backward(dout, cache):
        u, gamma, v = cache
        g, D = dout * gamma, u.shape[1]
        dx = v / D * (D * g - g.sum(1, keepdims=True) - u * (g * u).sum(1, keepdims=True))
        return dx, (dout * u).sum(0), dout.sum(0)
"""
ONE = """
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    class Network:
        def __init__(self, sizes):
            self.biases = [np.random.randn(k, 1) for k in sizes[1:]]
            self.weights = [np.random.randn(k, d) for d, k in zip(sizes, sizes[1:])]

        def feedforward(self, a):
            for b, w in zip(self.biases, self.weights):
                a = sigmoid(w @ a + b)
            return a

        def cost(self, x, y):
            return 0.5 * np.sum((self.feedforward(x) - y) ** 2)

        def backprop(self, x, y):
            activations = [x]
            for b, w in zip(self.biases, self.weights):
                activations.append(sigmoid(w @ activations[-1] + b))
            P = activations[-1]
            delta = (P - y) * P * (1 - P)
            nabla_b, nabla_w = [delta], [delta @ activations[-2].T]
            for k in range(2, len(activations)):
                a = activations[-k]
                delta = self.weights[-k + 1].T @ delta * a * (1 - a)
                nabla_b.insert(0, delta)
                nabla_w.insert(0, delta @ activations[-k - 1].T)
            return nabla_b, nabla_w
"""
MASKED = """
    def predict(X, W1, W2, mask=None):
        H = np.maximum(X @ W1, 0)
        H = H if mask is None else H * mask
        E = np.exp(H @ W2)
        return E / E.sum(1, keepdims=True), H

    def cost(X, y, W1, W2, mask=None):
        P, n = predict(X, W1, W2, mask)[0], len(X)
        y = y.argmax(1) if y.ndim == 2 else y
        return -np.log(P[np.arange(n), y] + 1e-7).mean()

    def masked_gradients(X, y, W1, W2, mask=None):
        P, H = predict(X, W1, W2, mask)
        G, n = P.copy(), len(X)
        if y.ndim == 2:
            G = (G - y) / n
        else:
            G[np.arange(n), y] -= 1
            G = G / float(n)
        back = G @ W2.T * (H > 0)
        back = back if mask is None else back * mask
        return X.T @ back, H.T @ G
"""
ACROSS = """
    def net(X, W1, b1, W2, b2):
        H = np.maximum(X @ W1 + b1, 0)
        E = np.exp(H @ W2 + b2)
        return E / E.sum(1, keepdims=True), H

    def cost(X, y, W1, b1, W2, b2):
        return -np.log(net(X, W1, b1, W2, b2)[0][range(len(X)), y]).mean()

    def grads(X, y, W1, b1, W2, b2):
        P, H = net(X, W1, b1, W2, b2)
        P[range(len(y)), y] -= 1
        P /= len(y)
        G = P @ W2.T * (H > 0)
        return X.T @ G, G.sum(0), H.T @ P, P.sum(0)
"""
ADDED = """
    class Classifier:
        def __init__(self, d, h, k, alpha=0.0):
            self.w1, self.w2, self.alpha = np.random.randn(d, h), np.random.randn(h, k), alpha

        def forward(self, X):
            self.H = np.tanh(X @ self.w1)
            E = np.exp(self.H @ self.w2)
            self.P = E / E.sum(1, keepdims=True)
            return self.P

        def loss(self, X, Y):
            J = -np.sum(Y * np.log(self.forward(X)))
            return J + self.alpha * (np.sum(self.w1**2) + np.sum(self.w2**2)) / 2

        def backward(self, X, Y):
            G = self.forward(X) - Y
            self.dw2 = self.H.T @ G + self.alpha * self.w2
            self.dw1 = X.T @ (G @ self.w2.T * (1 - self.H**2)) + self.alpha * self.w1
"""
MEAN = """
    class MSE:
        def forward(self, A, Y):
            self.A, self.Y = A, Y
            self.N, self.C = A.shape
            return ((A - Y) ** 2).sum() / (self.N * self.C)

        def backward(self):
            return 2 * (self.A - self.Y) / (self.N * self.C)
"""
CODES = {
    "masked_gradients": MASKED,
    "grads": ACROSS,
    "Classifier": ADDED,
    "MSE": MEAN,
    "Network": ONE,
    "softmax_loss_naive": LOOP,
    "compute_gradients": SIGMOID,
    "Dense": DENSE,
    "SoftmaxLoss": ERROR,
    "Softmax": SUMMED,
    "Net": DROPOUT,
    "layernorm": NORM,
}
BUGS = [
    ("masked_gradients", "back if mask is None else back * mask", "back", "dropout-mask"),
    ("masked_gradients", "G = G / float(n)", "G", "not-divided-by-n"),
    ("masked_gradients", "G @ W2.T * (H > 0)", "G @ W2.T", "relu-mask-missing"),
    ("grads", "return E / E.sum(1, keepdims=True)", "return E / E.sum(0, keepdims=True)", "softmax-axis"),
    ("Classifier", "(1 - self.H**2)) +", "(1 - self.H**2)) / len(X) +", "divided-twice"),
    ("Classifier", "H**2)) + self.alpha", "H**2)) + 2 * self.alpha", "penalty-factor-two"),
    ("MSE", "self.Y) / (self.N * self.C)", "self.Y) / self.N", "divided-by-other-number"),
    ("softmax_loss_naive", "range(W.shape[1])", "range(W.shape[1] - 1)", "class-left-out"),
    ("softmax_loss_naive", "range(W.shape[1])", "range(1, W.shape[1])", "class-left-out"),
    ("compute_gradients", "(1 - H * H)", "(H * (1 - H))", "slope-of-another-activation"),
    ("compute_gradients", "dP * P * (1 - P)", "dP", "activation-slope-missing"),
    ("compute_gradients", "dP * P * (1 - P)", "dP * S * (1 - S)", "activation-slope-of-scores"),
    ("compute_gradients", "dP * P * (1 - P)", "(P - Y) * P * (1 - P) / X.shape[1]", "activation-slope-twice"),
    ("compute_gradients", "Y / P - (1 - Y)", "Y / P + (1 - Y)", "cost-term-sign"),
    ("compute_gradients", "Y / P - (1 - Y) / (1 - P)", "Y / P", "cost-term-missing"),
    ("Dense", "dz @ self.W.T", "grad @ self.W.T", "activation-slope-missing"),
    ("Dense", "grad / (1 + np.exp(-self.z))", "grad * (self.z > 0)", "slope-of-another-activation"),
    ("SoftmaxLoss", "Y) / len(Y)", "Y)", "not-divided-by-n"),
    ("SoftmaxLoss", "(self.P - Y)", "(Y - self.P)", "sign"),
    ("Softmax", "self.dW = G", "self.dW += G", "gradients-not-reset"),
    ("Net", "* self.mask * (", "* (", "dropout-mask"),
    ("Net", "* self.mask * (", "* (self.mask > 0) * (", "dropout-mask"),
    ("layernorm", "g.sum(1, keepdims=True) -", "g.sum(0) -", "norm-axis"),
    ("layernorm", "(g * u).sum(1, keepdims=True)", "(g * u).sum(0)", "norm-axis"),
]


@pytest.mark.parametrize("name", CODES)
def test_the_right_code_passes(name, tmp_path):
    report = check(CODES[name], name, tmp_path)
    assert not report.problem
    assert report.passed


@pytest.mark.parametrize(("name", "old", "new", "key"), BUGS)
def test_a_mistake_is_named(name, old, new, key, tmp_path):
    assert CODES[name].count(old) == 1
    report = check(CODES[name].replace(old, new), name, tmp_path)
    assert not report.passed
    assert [cause.key for cause in report.causes if not cause.sentence.startswith("Or: ")] == [key]


def test_a_network_of_one_example_is_not_given_a_batch_because_it_is_wrong(tmp_path):
    text = ONE.replace("delta * a * (1 - a)", "delta")
    assert text != ONE
    report = check(text, "Network", tmp_path)
    assert not report.passed
    wrong = {tensor.name for tensor in report.report.tensors if not tensor.passed}
    assert wrong == {f"{kind}[{k}]" for kind in ("biases", "weights") for k in (0, 1)}
    assert not any("shape" in tensor.diagnosis for tensor in report.report.tensors)


ALONE = """
    def ComputeGradients(X, Y, P, W, lam):
        n = X.shape[1]
        G = P - Y
        grad_W = G @ X.T / n + 2 * lam * W
        grad_b = G @ np.ones((n, 1)) / n
        return grad_W, grad_b
"""


@pytest.mark.parametrize(
    ("right", "wrong", "cause"),
    [("G = P - Y", "G = Y - P", "sign"), ("np.ones((n, 1)) / n", "np.ones((n, 1))", "")],
)
def test_a_gradient_without_forward_or_cost_is_held_against_the_course(right, wrong, cause, tmp_path):
    """W is no vector of all parameters, though it is the only argument of its kind."""
    report = check(ALONE.replace(right, wrong), "ComputeGradients", tmp_path)
    assert not report.passed
    assert not report.problem
    assert "b" in [t.name for t in report.report.tensors if not t.passed]
    assert not cause or cause in [each.key for each in report.causes]
