"""What a check does with the state of a student's objects: caches, gradients that add up, parameters moved."""

import numpy as np
import pytest

from lab.check.student import Check
from lab.check.worker.errors import CodeError
from lab.check.worker.recognise import code_of, overlooked, recognised, target_named
from tests.lab.check.handins import RIGHT
from tests.lab.check.in_process import InProcess, load


def checks(text, folder):
    """The reports on everything recognised in a file with this text."""
    worker = InProcess()
    worker.session.namespace = module = load(text, folder)
    names = [found.name for found in recognised(module)]
    return {name: Check("mine.py", "complex", 7, None, 0, None).one(worker, name, 0.0) for name in names}


def test_a_cache_that_outlives_its_batch_is_caught(tmp_path):
    text = (RIGHT / "a1_classifier_class.py").read_text()
    old = "P = self.evaluate(X)\n        N = X.shape[1]"
    assert text.count(old) == 1
    stale = (
        "if not hasattr(self, 'P'):\n            self.P = self.evaluate(X)\n        P = self.P\n        N = X.shape[1]"
    )
    report = checks(text.replace(old, stale), tmp_path)["Classifier"]
    assert not report.passed
    assert not report.problem


def test_gradients_that_add_up_until_an_update_are_said_to_be_measured_from_zero(tmp_path):
    notes = checks((RIGHT / "classes_accumulate.py").read_text(), tmp_path)["Dense"].report.notes
    assert any("each is measured from zero" in note for note in notes)


LAYER = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W, self.grad_W = 0.3 * np.random.randn(n_out, n_in), 0

    def forward(self, X):
        self.X = X
        return self.W @ X

    def backward(self, grad):
        self.grad_W += grad @ self.X.T
        return self.W.T @ grad

    def update(self, eta):
        self.W -= eta * self.grad_W
        {reset}
"""
MODEL = """
from {module} import Dense

class Model:
    def __init__(self, n_in, n_out):
        self.layers = [Dense(n_in, n_out)]

    def forward(self, X):
        return self.layers[0].forward(X)

    def backward(self, grad):
        return self.layers[0].backward(grad)
"""


@pytest.mark.parametrize("reset", [True, False])
def test_gradients_may_be_zeroed_in_the_file_of_the_layers(reset, tmp_path):
    module = load(LAYER.replace("{reset}", "self.grad_W = 0" if reset else "pass"), tmp_path)
    assert checks(MODEL.replace("{module}", module.__name__), tmp_path)["Model"].passed is reset


def test_parameters_of_a_network_are_moved_and_put_back(tmp_path):
    module = load((RIGHT / "a2_class_attributes.py").read_text(), tmp_path)
    worker = InProcess()
    worker.session.namespace = module
    Check("mine.py", "complex", 7, None, 0, None).one(worker, "TwoLayerNetwork", 0.0)
    thing = worker.session.codes[0].state.thing
    np.testing.assert_array_equal(thing.b1, 0)


LEFT_OUT = """
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, x):
    return dout * (x > 0)

def block_forward(x, q):
    h, cache = relu_forward(x @ q["W1"])
    return x + h @ q["W2"], (x, h, cache)

def {name}(dout, cache, q):
    {body}
"""


@pytest.mark.parametrize(
    ("name", "body", "left"),
    [
        ("block_backward", "return dout, {'W2': cache[1].T @ dout}", ["block_backward"]),
        ("relu_block", "return dout", []),
        ("check_gradients", "return dout", []),
    ],
)
def test_gradient_functions_that_are_not_recognised_are_named(name, body, left, tmp_path):
    namespace = load(LEFT_OUT.replace("{name}", name).replace("{body}", body), tmp_path)
    assert overlooked(namespace, recognised(namespace)) == left


NAMES = """
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, x):
    return dout * (x > 0)

def affine_forward_naive(x, w, b):
    return x @ w + b, (x, w)

def affine_backward_naive(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)

def affine_forward_fast(x, w, b):
    return affine_forward_naive(x, w, b)

def affine_backward_fast(dout, cache):
    return affine_backward_naive(dout, cache)

class TwoLayerNet:
    def __init__(self, d, m, K):
        self.params = {"W1": np.ones((d, m)), "W2": np.ones((m, K))}

    def loss(self, X, y, reg):
        return 0.0, {"W1": self.params["W1"], "W2": self.params["W2"]}

def ComputeGradients(X, Y, P, W, lamda):
    return (P - Y) @ X.T / X.shape[1] + 2 * lamda * W

def ComputeCost(X, Y, W, lamda):
    return lamda * np.sum(W**2)

def accuracy(scores, y):
    return scores[0].shape
"""


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("relu", "relu"),
        ("relu_backward", "relu"),
        ("relu_forward", "relu"),
        ("ReLU_Backward", "relu"),
        ("affine_forward_fast", "affine_fast"),
        ("affine_backward_fast", "affine_fast"),
        ("AffineBackwardNaive", "affine_naive"),
        ("affine", "affine"),  # the naive one or the fast one?
        ("TwoLayerNet.loss", "TwoLayerNet"),
        ("two_layer_net", "TwoLayerNet"),
        ("relu_naive", "relu"),
        ("compute_gradients", "ComputeGradients"),
        ("ComputeCost", "ComputeCost"),
        ("gradients", "gradients"),
    ],
)
def test_a_name_is_read_as_students_write_it(name, target, tmp_path):
    assert target_named(load(NAMES, tmp_path), name) == target


@pytest.mark.parametrize("name", ["ComputeCost", "accuracy"])
def test_a_function_without_a_gradient_is_called_so_and_never_by_what_it_raises(name, tmp_path):
    namespace = load(NAMES, tmp_path)
    with pytest.raises(CodeError, match=rf"no gradient was recognised in what {name}\(\) gives.*: relu, affine_naive"):
        code_of(namespace, name, 7, np.random.default_rng(0))


HELPERS = """
class Act:
    @staticmethod
    def value(z):
        return np.where(z > 0, z, 0)

    @staticmethod
    def slope(z):
        return np.where(z > 0, 1.0, 0.0)

def ForwardPass(X, theta):
    W1, b1, W2, b2 = theta
    s1 = W1 @ X + b1
    h1 = Act.value(s1)
    E = np.exp(W2 @ h1 + b2)
    return {"s1": s1, "h1": h1, "P": E / E.sum(axis=0)}

def ComputeLoss(X, Y, theta, lam):
    P = ForwardPass(X, theta)["P"]
    return -(Y * np.log(P)).sum() / X.shape[1] + lam * sum((w * w).sum() for w in theta[::2])

def BackwardPass(X, Y, out, theta, lam):
    W1, _, W2, _ = theta
    G2 = (out["P"] - Y) / X.shape[1]
    G1 = W2.T @ G2 * Act.slope(out["s1"])
    gW = [G1 @ X.T + 2 * lam * W1, G2 @ out["h1"].T + 2 * lam * W2]
    return gW, [G1.sum(axis=1, keepdims=True), G2.sum(axis=1, keepdims=True)]
"""


@pytest.mark.parametrize(("value", "slope"), [("value", "slope"), ("f", "df"), ("W", "gamma"), ("f", "grad")])
def test_what_helpers_are_called_says_nothing_of_the_parameters(value, slope, tmp_path):
    text = HELPERS.replace("value(", f"{value}(").replace("slope(", f"{slope}(")
    reports = checks(text, tmp_path)
    assert [(name, report.passed) for name, report in reports.items()] == [("BackwardPass", True)]


SCALED = """
def scale_forward{one}(x, gamma):
    return x * gamma, (x, gamma)

def scale_backward{other}(dout, cache):
    x, gamma = cache
    return dout * gamma, (dout * x).sum(axis=0)
"""


@pytest.mark.parametrize(("one", "other"), [("", "_alt"), ("_naive", ""), ("_naive", "_fast"), ("", "_vectorized")])
def test_a_pair_may_differ_in_how_it_is_computed(one, other, tmp_path):
    text = SCALED.replace("{one}", one).replace("{other}", other)
    assert [report.passed for report in checks(text, tmp_path).values()] == [True]
    wrong = text.replace("dout * x", "dout * gamma")
    assert [report.passed for report in checks(wrong, tmp_path).values()] == [False]


FITTED = """
class Net:
    def __init__(self, d, m, K):
        self.w1, self.c1 = np.random.randn(d, m), np.zeros(m)
        self.w2, self.c2 = np.random.randn(m, K), np.zeros(K)
        self.history = []

    def predict_proba(self, X):
        E = np.exp(np.maximum(0, X @ self.w1 + self.c1) @ self.w2 + self.c2)
        return E / E.sum(axis=1, keepdims=True)

    def fit(self, X, Y, epochs=10, lr=0.1):
        for epoch in range(epochs):
            H = np.maximum(0, X @ self.w1 + self.c1)
            G = (self.predict_proba(X) - Y) / len(X)
            dH = G @ self.w2.T * (H > 0)
            self.w2 = self.w2 - lr * H.T @ G
            self.c2 = self.c2 - lr * G.sum(axis=0)
            self.w1 = self.w1 - lr * X.T @ dH
            self.c1 = self.c1 - lr * dH.sum(axis=0)
            self.history.append(-np.mean(np.log((self.predict_proba(X) * Y).sum(axis=1))))
        return {gives}
"""


@pytest.mark.parametrize("gives", ["self", "self.history", "None"])
@pytest.mark.parametrize(("right", "wrong"), [("* (H > 0)", ""), ("/ len(X)", "")])
def test_a_fit_that_gives_its_object_or_its_history_is_judged_by_its_step(gives, right, wrong, tmp_path):
    text = FITTED.replace("{gives}", gives)
    assert [report.passed for report in checks(text, tmp_path).values()] == [True]
    assert [report.passed for report in checks(text.replace(right, wrong), tmp_path).values()] == [False]
