"""Networks that hold a list of layers, the last of which may be the loss, and that the file itself never fills."""

import pytest

from tests.lab.check.in_process import check

LAYERS = """
class Affine:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

    def {go}(self, x):
        self.x = x
        return x @ self.W + self.b

    def {back}(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T

class Tanh:
    def {go}(self, x):
        self.out = np.tanh(x)
        return self.out

    def {back}(self, g):
        return g * {slope}

def probabilities(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def loss_of(P, y):
    return -np.log(P[np.arange(len(y)), y]).mean()

def gap(P, y):
    return (P - np.eye(P.shape[1])[y]) / len(y)
"""
KEPT_BY_THE_LAST = """
class CrossEntropy:
    def {go}(self, x, y):
        self.P, self.y = probabilities(x), y
        return loss_of(self.P, y)

    def {back}(self):
        return gap(self.P, self.y)

class Model:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x, y):
        for layer in self.layers[:-1]:
            x = layer.{go}(x)
        return self.layers[-1].{go}(x, y)

    def backward(self):
        g = self.layers[-1].{back}()
        for layer in self.layers[-2::-1]:
            g = layer.{back}(g)
"""
HANDED_TO_THE_LAST = """
class SoftmaxStep:
    def {go}(self, x):
        self.P = probabilities(x)
        return self.P

    def {back}(self, y):
        return gap(self.P, y)

class Model:
    def __init__(self):
        self.layers = []

    def add(self, step):
        self.layers.append(step)

    def forward(self, x):
        for layer in self.layers:
            x = layer.{go}(x)
        return x

    def loss(self, x, y):
        return loss_of(self.forward(x), y)

    def backward(self, y):
        g = y
        for layer in reversed(self.layers):
            g = layer.{back}(g)
"""
OUTSIDE = """
class Model:
    def __init__(self):
        self.layers = []

    def forward(self, x):
        for layer in self.layers:
            x = layer.{go}(x)
        return x

    def loss(self, x, y):
        return loss_of(probabilities(self.forward(x)), y)

    def backward(self, x, y):
        g = gap(probabilities(self.forward(x)), y)
        for layer in self.layers[::-1]:
            g = layer.{back}(g)
"""
ASKED_FOR_THE_LOSS = HANDED_TO_THE_LAST.replace(
    "class Model", "    def loss(self, y):\n        return loss_of(self.P, y)\n\nclass Model"
).replace("return loss_of(self.forward(x), y)", "self.forward(x)\n        return self.layers[-1].loss(y)")
STYLES = {
    "the last keeps the labels": KEPT_BY_THE_LAST,
    "the last is handed the labels": HANDED_TO_THE_LAST,
    "the last is asked for the loss": ASKED_FOR_THE_LOSS,
    "the loss is outside": OUTSIDE,
}


@pytest.mark.parametrize(("go", "back"), [("forward", "backward"), ("Forward", "Backward")])
@pytest.mark.parametrize("style", STYLES)
def test_the_list_is_filled_with_layers_of_the_file(style, go, back, tmp_path):
    text = (LAYERS + STYLES[style]).replace("{go}", go).replace("{back}", back)
    passed = check(text.replace("{slope}", "(1 - self.out ** 2)"), "Model", tmp_path)
    assert passed.passed, f"{passed.problem} {passed.report}"
    assert len(passed.report.tensors) == 6
    failed = check(text.replace("{slope}", "(1 - self.out)"), "Model", tmp_path)
    assert [t.name for t in failed.report.tensors if t.passed] == ["layers[4].W", "layers[4].b"]
