"""Who divides by the batch and who adds the penalty is a convention: what a layer does itself is no mistake."""

import pytest

from lab.check.student import check_whole_file
from lab.check.view import parts
from tests.lab.check.in_process import check

PAIR = """
def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)


def linear_backward(dZ, cache):
    A, W, b = cache
    m = A.shape[1]
    return W.T @ dZ, dZ @ A.T / m, {db}
"""

LAYER = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.normal(0, 1 / np.sqrt(n_in), (n_out, n_in))
        self.b = np.zeros((n_out, 1))

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, G):
        n = self.X.shape[1]
        self.grad_W = {dW}
        self.grad_b = {db}
        return self.W.T @ G
"""

LOSS = """
class Dense:
    def backward(self, G):
        n = self.X.shape[1]
        self.grad_W = G @ self.X.T{division}


class SoftmaxLoss:
    def forward(self, S, y):
        self.P = np.exp(S) / np.exp(S).sum(axis=0)
        self.y = y
        return -np.log(self.P[y, np.arange(len(y))]).mean()

    def backward(self):
        G = self.P.copy()
        G[self.y, np.arange(len(self.y))] -= {one}
        return G
"""

UNPENALISED = """
def evaluate(X, W, b):
    s = W @ X + b
    return np.exp(s) / np.exp(s).sum(axis=0)


def compute_loss(P, y):
    return -np.log(P[y, np.arange(len(y))]).mean()


def compute_gradients(X, Y, P, W, lam):
    G = (P - Y) / X.shape[1]
    return G @ X.T + {penalty}, G.sum(axis=1, keepdims=True)
"""


@pytest.mark.parametrize(
    ("db", "right"), [("dZ.sum(axis=1, keepdims=True) / m", True), ("dZ.sum(axis=1, keepdims=True)", False)]
)
def test_a_pair_may_divide_all_its_gradients_by_the_batch(db, right, tmp_path):
    assert check(PAIR.replace("{db}", db), "linear", tmp_path).passed == right


@pytest.mark.parametrize(
    ("dW", "db", "right"),
    [
        ("G @ self.X.T / n + 2 * 0.01 * self.W", "G.sum(axis=1, keepdims=True) / n", True),
        ("G @ self.X.T + 0.3 * self.W", "G.sum(axis=1, keepdims=True)", True),
        ("G @ self.X.T - 0.3 * self.W", "G.sum(axis=1, keepdims=True)", False),
        ("G @ self.X.T / n + 0.3 * self.W", "G.sum(axis=1, keepdims=True)", False),
        ("G @ self.X.T", "G.sum(axis=1, keepdims=True) + 0.3 * self.b", False),
    ],
)
def test_a_layer_may_add_the_penalty_to_the_gradient_of_its_weights(dW, db, right, tmp_path):
    found = check(LAYER.replace("{dW}", dW).replace("{db}", db), "Dense", tmp_path)
    assert not found.problem
    assert found.passed == right
    said = any("adds the penalty to the gradient of W itself" in note for note in found.report.notes)
    assert said == right


@pytest.mark.parametrize(("division", "one", "right"), [(" / n", "1", True), ("", "1", False), (" / n", "2", False)])
def test_a_loss_may_leave_the_division_to_the_layers_of_its_file(division, one, right, tmp_path):
    found = check(LOSS.replace("{division}", division).replace("{one}", one), "SoftmaxLoss", tmp_path)
    assert not found.problem
    assert found.passed == right


@pytest.mark.parametrize(
    ("penalty", "right"), [("2 * lam * W", True), ("lam * W", True), ("3 * lam * W", False), ("-2 * lam * W", False)]
)
def test_a_loss_that_takes_no_lambda_gets_the_penalty_that_the_gradients_have(penalty, right, tmp_path):
    found = check(UNPENALISED.replace("{penalty}", penalty), "compute_gradients", tmp_path)
    assert not found.problem
    assert found.passed == right
    assert any("compute_loss() takes no lambda" in note for note in found.report.notes)


WITH_EPS = """
def softmax_loss(x, y):
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    n = len(y)
    loss = -np.log({p}).mean()
    dx = p.copy()
    dx[np.arange(n), y] -= {one}
    return loss, dx / n
"""
ADDED, CLIPPED = "p[np.arange(n), y] + {}", "np.clip(p, {}, 1)[np.arange(n), y] + {}"


@pytest.mark.parametrize("p", [ADDED, CLIPPED])
@pytest.mark.parametrize("eps", ["1e-12", "1e-9", "1e-8", "1e-7", "1e-6", "1e-5", "1e-4"])
def test_an_eps_in_the_logarithm_of_a_loss_alone_is_no_mistake(p, eps, tmp_path):
    report = check(WITH_EPS.format(p=p.format(eps, eps), one="1"), "softmax_loss", tmp_path)
    assert report.passed, report.report.tensors
    assert not check(WITH_EPS.format(p=p.format(eps, eps), one="0.9"), "softmax_loss", tmp_path).passed


MEAN = """
def mse(prediction, target):
    return np.mean((prediction - target) ** 2)

def mse_{word}(prediction, target):
    return 2 * (prediction - target) / {n}
"""


@pytest.mark.parametrize("word", ["grad", "prime", "derivative"])
@pytest.mark.parametrize(("n", "conditions"), [("len(target)", 1), ("np.size(target)", 0)])
def test_what_is_right_for_one_output_alone_says_so_in_the_list_of_a_file(word, n, conditions, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n" + MEAN.format(word=word, n=n))
    report = check_whole_file(path)
    (target,) = report.targets
    assert report.passed
    assert report.notes == ()  # both functions are checked
    assert len(target.conditions) == conditions
    shown = "\n".join(str(part) for part in parts(report, 100))
    assert ("Note: mse: right for one output" in shown) == bool(conditions)


BESIDE = """
def relu(x):
    return np.maximum(0, x)

def relu_backward(x):
    return 1.0 * (x > 0)
"""


def test_a_derivative_beside_what_is_checked_is_told_as_not_checked(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n" + MEAN.format(word="grad", n="np.size(target)") + BESIDE)
    report = check_whole_file(path)
    assert [t.report.target.partition(":")[2] for t in report.targets] == ["mse"]
    assert report.notes == ("not checked: relu_backward(), for it was not recognised",)
