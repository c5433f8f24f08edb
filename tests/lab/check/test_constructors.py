"""What a class asks for when it is made: a list that must be one, settings that are unpacked, lambda by other names."""

import pytest

from lab.check.worker.recognise import recognised
from tests.lab.check.in_process import check, load

NETWORK = """
class Network:
    def __init__(self, n_in, number_of_units, n_out, eta_params, penalty_factor):
        if type(number_of_units) != list:
            raise Exception("number_of_units must be a list!")
        self.eta_min, self.eta_max, self.step_size, self.n_cycles, self.more = eta_params
        sizes = [n_in, *number_of_units, n_out]
        rng = np.random.default_rng(3)
        self.W = [rng.normal(size=(m, d)) / d for d, m in zip(sizes, sizes[1:])]
        self.b = [np.zeros((m, 1)) for m in sizes[1:]]
        self.penalty_factor = penalty_factor

    def forward(self, X):
        self.H = [X]
        for W, b in zip(self.W, self.b):
            S = W @ self.H[-1] + b
            self.H.append(np.maximum(S, 0))
        return np.exp(S) / np.exp(S).sum(axis=0)

    def compute_cost(self, X, Y):
        loss = -np.log((Y * self.forward(X)).sum(axis=0)).mean()
        return loss + self.penalty_factor * sum((W ** 2).sum() for W in self.W)

    def compute_gradients(self, X, Y):
        G = self.forward(X) - Y
        grad_W, grad_b = [0] * len(self.W), [0] * len(self.b)
        for i in reversed(range(len(self.W))):
            grad_W[i] = G @ self.H[i].T / X.shape[1] + 2 * self.penalty_factor * self.W[i]
            grad_b[i] = G.mean(axis=1, keepdims=True)
            G = (self.W[i].T @ G){mask}
        return grad_W, grad_b
"""


@pytest.mark.parametrize(("mask", "right"), [(" * (self.H[i] > 0)", True), ("", False)])
def test_a_class_gets_the_list_and_the_settings_it_asks_for(mask, right, tmp_path):
    found = check(NETWORK.replace("{mask}", mask), "Network", tmp_path)
    assert not found.problem
    assert found.passed == right
    assert len(found.report.tensors) >= 4


CONVOLUTION = """
class Conv:
    def __init__(self, {inputs}, {outputs}, {kernel}):
        self.k = {kernel}
        self.K, self.b = np.random.randn({outputs}, {inputs}, {kernel}, {kernel}), np.zeros({outputs})

    def windows(self, X):
        return np.lib.stride_tricks.sliding_window_view(X, (self.k, self.k), axis=(2, 3))

    def forward(self, X):
        self.X = X
        return np.einsum("ncijhw,fchw->nfij", self.windows(X), self.K) + self.b[:, None, None]

    def backward(self, G):
        self.dK = np.einsum("ncijhw,nfij->fchw", self.windows(self.X), G)
        self.db = G.sum(axis=(0, 2, 3))
        edge = self.k - 1
        wide = np.pad(G, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
        return np.einsum("nfijhw,fchw->ncij", self.windows(wide), self.K{turned})
"""


@pytest.mark.parametrize(
    "names", ["in_ch out_ch ksize", "in_c out_c k", "c_in c_out kernel", "cin cout kernel_size", "in_chan n_filters k"]
)
def test_numbers_of_channels_are_known_by_short_names(names, tmp_path):
    inputs, outputs, kernel = names.split()
    text = CONVOLUTION.replace("{inputs}", inputs).replace("{outputs}", outputs).replace("{kernel}", kernel)
    assert check(text.replace("{turned}", "[:, :, ::-1, ::-1]"), "Conv", tmp_path).passed
    failed = check(text.replace("{turned}", ""), "Conv", tmp_path)
    assert [t.name for t in failed.report.tensors if not t.passed] == ["x"]


WIDTHS_AT_THEIR_DEFAULTS = """
class Net:
    def __init__(self, n_in=784, n_hidden=64, n_out=10):
        self.W1, self.b1 = np.random.randn(n_in, n_hidden), np.zeros(n_hidden)
        self.W2, self.b2 = np.random.randn(n_hidden, n_out), np.zeros(n_out)

    def forward(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        P = np.exp(self.h @ self.W2 + self.b2)
        return P / P.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()

    def backward(self, X, y):
        G = (self.forward(X) - np.eye(self.b2.size)[y]) / len(y)
        self.dW2, self.db2 = self.h.T @ G, G.sum(axis=0)
        G = G @ self.W2{turned} * (1 - self.h ** 2)
        self.dW1, self.db1 = X.T @ G, G.sum(axis=0)
"""


def test_weights_that_are_not_transposed_run_where_all_widths_are_one_although_classes_have_a_default(tmp_path):
    assert check(WIDTHS_AT_THEIR_DEFAULTS.replace("{turned}", ".T"), "Net", tmp_path).passed
    found = check(WIDTHS_AT_THEIR_DEFAULTS.replace("{turned}", ""), "Net", tmp_path)
    assert [t.name for t in found.report.tensors if not t.passed] == ["W1", "b1"]


LINEAR = """
class Linear(object):
    def __init__(self):
        self.W = None

    def train(self, X, y, reg=1e-5, eta=1e-3):
        if self.W is None:
            self.W = 0.001 * np.random.randn({shape})
        loss, grad = self.loss(X, y, reg)
        self.W -= eta * grad

    def loss(self, X_batch, y_batch, reg):
        pass

class Softmax(Linear):
    def loss(self, X_batch, y_batch, reg):
        n = len(y_batch)
        P = np.exp({scores})
        P /= P.sum(axis=1, keepdims=True)
        loss = -np.log(P[np.arange(n), y_batch]).mean() + {half} * reg * (self.W ** 2).sum()
        P[np.arange(n), y_batch] -= 1
        return loss, {product} / n + reg * self.W
"""
WAYS = [
    ("X.shape[1], y.max() + 1", "X_batch.dot(self.W)", "X_batch.T.dot(P)"),
    ("y.max() + 1, X.shape[1]", "X_batch @ self.W.T", "P.T @ X_batch"),
]


@pytest.mark.parametrize(("shape", "scores", "product"), WAYS)
def test_a_linear_classifier_gets_the_weights_that_only_its_training_makes(shape, scores, product, tmp_path):
    text = LINEAR.replace("{shape}", shape).replace("{scores}", scores).replace("{product}", product)
    assert [found.name for found in recognised(load(text.replace("{half}", "0.5"), tmp_path))] == ["Softmax"]
    assert check(text.replace("{half}", "0.5"), "Softmax", tmp_path).passed
    failed = check(text.replace("{half}", "1.0"), "Softmax", tmp_path)
    assert [t.name for t in failed.report.tensors if not t.passed] == ["W"]
