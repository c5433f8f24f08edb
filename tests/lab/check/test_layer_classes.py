"""Layer classes of tutorials: called like functions, for one example, with parameters that come with the first x."""

import pytest

from tests.lab.check.in_process import check

CALLED = """
class ReLU:
    def __call__(self, x):
        x = np.array(x, dtype=np.float32)
        self.y = np.where(x > 0, x, 0)
        return self.y

    def backprop(self, dEdy):
        return dEdy * np.where(self.y > 0, 1, 0)
"""
IMAGES = """
class MaxPool:
    def __init__(self, kernel_size):
        self.k = kernel_size

    def __call__(self, images):
        self.images = images
        return [np.array([[self.window(x, i, j).max() for j in range(x.shape[1] // self.k)]
                          for i in range(x.shape[0] // self.k)]) for x in images]

    def window(self, x, i, j):
        return x[i * self.k : (i + 1) * self.k, j * self.k : (j + 1) * self.k]

    def backprop(self, dEdy):
        given_back = []
        for x, dy in zip(self.images, dEdy):
            dx = np.zeros_like(x)
            for i in range(dy.shape[0]):
                for j in range(dy.shape[1]):
                    at = np.unravel_index(np.argmax(self.window(x, i, j)), (self.k, self.k))
                    dx[i * self.k + at[0], j * self.k + at[1]] += dy[i, j]
            given_back.append(dx)
        return given_back
"""
LAZY = """
class FullyConnected:
    def __init__(self, out_dim):
        self.out_dim, self.params, self.gradients = out_dim, {"W": None, "b": None}, {"dW": None, "db": None}

    def forward(self, X):
        if self.params["W"] is None:
            self.params["W"] = np.random.randn(self.out_dim, X.shape[0])
            self.params["b"] = np.zeros((self.out_dim, 1))
        self.X = X
        return self.params["W"] @ X + self.params["b"]

    def backward(self, dZ, lr):
        m = self.X.shape[1]
        self.gradients["dW"] = dZ @ self.X.T / m
        self.gradients["db"] = dZ.sum(axis=1, keepdims=True) / m
        dX = self.params["W"].T @ dZ
        self.params["W"] = self.params["W"] - lr * self.gradients["dW"]
        self.params["b"] = self.params["b"] - lr * self.gradients["db"]
        return dX
"""
TOLD = """
class dense:
    def __init__(self, units: int):
        self.units = units

    def init_params(self, input_size: tuple):
        self.weight_params = np.random.randn(self.units, input_size[1])
        self.bias_params = np.zeros(self.units)

    def forward(self, input_tensor, training=False):
        self.input_tensor = input_tensor
        return input_tensor @ self.weight_params.T + self.bias_params

    def backward(self, output_gradient, learning_rate):
        input_gradient = output_gradient @ self.weight_params
        self.weight_params -= learning_rate * (output_gradient.T @ self.input_tensor)
        self.bias_params -= learning_rate * output_gradient.sum(axis=0)
        return input_gradient
"""
GIVEN = """
class Activation:
    def __init__(self, activation, activation_prime):
        self.activation = activation
        self.activation_prime = activation_prime

    def forward(self, input):
        self.input = input
        return self.activation(input)

    def backward(self, output_gradient, learning_rate):
        return output_gradient * self.activation_prime(self.input)
"""
SINGLE = """
class Linear:
    def __init__(self, in_features, out_features):
        self.fc_w = np.random.random((in_features, out_features))
        self.fc_b = np.random.random((1, out_features))

    def __call__(self, a):
        self.a = a
        return a @ self.fc_w + self.fc_b

    def backprop(self, dEdx, learning_rate):
        dEdw = self.a.T @ dEdx
        dEdy = dEdx @ self.fc_w.T
        self.fc_w = self.fc_w - learning_rate * dEdw
        self.fc_b = self.fc_b - learning_rate * dEdx
        return dEdy
"""
SOFTMAX = """
class Softmax:
    def __call__(self, x):
        self.y = np.exp(x) / np.exp(x).sum()
        return self.y

    def backprop(self, dEdy):
        y = self.y[0]
        return dEdy @ (np.diag(y) - np.outer(y, y))
"""
STYLES = {
    "called like a function, in float32": (CALLED, "ReLU", "> 0, 1, 0", "> 0.5, 1, 0"),
    "a list of images": (IMAGES, "MaxPool", "j * self.k + at[1]]", "j * self.k]"),
    "parameters with the first x": (LAZY, "FullyConnected", "W'].T @ dZ", "W'].T @ dZ * 2"),
    "a step inside": (LAZY, "FullyConnected", "dZ.sum(axis=1, keepdims=True) / m", "dZ[:, :1]"),
    "parameters when asked": (TOLD, "dense", "output_gradient.sum(axis=0)", "output_gradient[0]"),
    "functions are given": (GIVEN, "Activation", "_prime(self.input)", "_prime(output_gradient)"),
    "one example": (SINGLE, "Linear", "self.fc_w.T", "np.abs(self.fc_w.T)"),
    "one example, all of a batch added up": (SOFTMAX, "Softmax", "- np.outer(y, y)", ""),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_layers_in_this_style_pass_if_they_are_right_and_only_then(style, tmp_path):
    text, name, old, new = STYLES[style]
    text = text.replace('"', "'")
    found = check(text, name, tmp_path)
    assert not found.problem
    assert found.passed, found.report
    assert old in text
    wrong = check(text.replace(old, new), name, tmp_path)
    assert not wrong.problem
    assert not wrong.passed


def test_a_layer_for_one_example_is_told_as_such(tmp_path):
    for text, name in ((SINGLE, "Linear"), (SOFTMAX, "Softmax")):
        assert "it takes one example at a time" in check(text, name, tmp_path).report.notes


def test_a_batch_whose_first_example_alone_counts_is_wrong(tmp_path):
    text = TOLD.replace("output_gradient.T @ self.input_tensor", "output_gradient[:1].T @ self.input_tensor[:1]")
    assert text != TOLD
    assert [t.name for t in check(text, "dense", tmp_path).report.tensors if not t.passed] == ["weight_params"]


NORM = """
class Norm:
    def __init__(self, d):
        self.gamma, self.beta, self.running_var = np.ones(d), np.zeros(d), np.ones(d)

    def forward(self, x):
        self.var = x.var(axis=0)
        self.running_var = 0.9 * self.running_var + 0.1 * self.var
        self.xc, self.istd = x - x.mean(axis=0), 1 / np.sqrt(self.var + 1e-5)
        return self.gamma * self.xc * self.istd + self.beta

    def backward(self, dy):
        m, istd = dy.shape[0], self.istd
        self.dgamma, self.dbeta = (dy * self.xc * istd).sum(axis=0), dy.sum(axis=0)
        g = dy * self.gamma
        dvar = (g * self.xc).sum(axis=0) * -0.5 * istd**3
        return g * istd - (g * istd).sum(axis=0) / m + dvar * 2 * self.xc / m
"""


def test_batch_normalisation_is_checked_with_a_batch(tmp_path):
    """Of one example its x has no gradient at all, whatever is wrong."""
    assert check(NORM, "Norm", tmp_path).passed
    for old, new, tensor in (("dy * self.gamma", "dy * 1", "x"), ("self.xc * istd)", "self.xc)", "gamma")):
        assert old in NORM
        found = check(NORM.replace(old, new), "Norm", tmp_path)
        assert [t.name for t in found.report.tensors if not t.passed] == [tensor]


def test_running_statistics_on_the_way_back_are_named(tmp_path):
    wrong = NORM.replace("dy.shape[0], self.istd", "dy.shape[0], (self.running_var + 1e-5) ** -0.5")
    assert wrong != NORM
    assert "norm-running-statistics" in [cause.key for cause in check(wrong, "Norm", tmp_path).causes]


GRADS_ALONE = """
class ClassificationNet:
    def __init__(self, input_size=3072, hidden_size=100, num_classes=10, std=1e-3, reg=0.0):
        self.params = {"W1": std * np.random.randn(input_size, hidden_size), "b1": np.zeros(hidden_size),
                       "W2": std * np.random.randn(hidden_size, num_classes), "b2": np.zeros(num_classes)}
        self.reg, self.grads = reg, {}

    def forward(self, X):
        self.X, self.h = X, np.tanh(X @ self.params["W1"] + self.params["b1"])
        return self.h @ self.params["W2"] + self.params["b2"]

    def backward(self, dy):
        self.grads["W2"], self.grads["b2"] = self.h.T @ dy, dy.sum(axis=0)
        dz = dy @ self.params["W2"].T * {slope}
        self.grads["W1"], self.grads["b1"] = self.X.T @ dz, dz.sum(axis=0)
        return self.grads
"""


@pytest.mark.parametrize(("slope", "wrong"), [("(1 - self.h ** 2)", []), ("(1 - self.h)", ["W1", "b1"])])
def test_a_network_that_gives_its_gradients_in_place_of_dx(slope, wrong, tmp_path):
    found = check(GRADS_ALONE.replace("{slope}", slope), "ClassificationNet", tmp_path)
    assert not found.problem
    assert [t.name for t in found.report.tensors if not t.passed] == wrong
