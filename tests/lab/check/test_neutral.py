"""Numbers that do nothing at their defaults, a factor of 1 or a summand of 0, and parameters that are plain numbers."""

import pytest

from tests.lab.check.in_process import check

RIDGE = """
class Ridge:
    def __init__(self, inputs, alpha=0.0, weight=1.0):
        self.w, self.w0 = np.random.randn(inputs), 0.0
        self.alpha, self.weight = alpha, weight

    def cost(self, X, y):
        r = X @ self.w + self.w0 - y
        return np.mean(np.where(y == 1, self.weight, 1.0) * r ** 2) + self.alpha * self.w @ self.w

    def gradient(self, X, y):
        r = X @ self.w + self.w0 - y
        r = 2 * r * np.where(y == 1, self.weight, 1.0) / len(y)
        return X.T @ r + 2 * self.alpha * self.w, r.sum()
"""
FUNCTIONS = """
def cost(w, X, y, temperature=1.0, smoothing=0.0):
    t = y * (1 - smoothing) + smoothing / 2
    p = 1 / (1 + np.exp(-(X @ w) / temperature))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

def cost_gradient(w, X, y, temperature=1.0, smoothing=0.0):
    t = y * (1 - smoothing) + smoothing / 2
    p = 1 / (1 + np.exp(-(X @ w) / temperature))
    return X.T @ (p - t) / temperature / len(y)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "tensor", "says"),
    [
        (" + 2 * self.alpha * self.w, r.sum()", ", r.sum()", "w", "with alpha=0.3"),
        ("r = 2 * r * np.where(y == 1, self.weight, 1.0) / len(y)", "r = 2 * r / len(y)", "w", "weight=1.3"),
        ("r.sum()", "r.mean()", "w0", ""),
    ],
)
def test_what_an_object_keeps_is_moved_off_its_neutral_value(right, wrong, tensor, says, tmp_path):
    assert right in RIDGE
    assert check(RIDGE, "Ridge", tmp_path).passed
    report = check(RIDGE.replace(right, wrong), "Ridge", tmp_path)
    said = {t.name: t.diagnosis for t in report.report.tensors if not t.passed}
    assert says in said[tensor]


@pytest.mark.parametrize(("right", "wrong"), [(" / temperature / len(y)", " / len(y)"), ("(p - t) / t", "(p - y) / t")])
def test_what_functions_are_given_is_moved_off_its_neutral_default(right, wrong, tmp_path):
    assert right in FUNCTIONS
    assert check(FUNCTIONS, "cost_gradient", tmp_path).passed
    assert not check(FUNCTIONS.replace(right, wrong), "cost_gradient", tmp_path).passed


def test_a_number_that_j_does_not_react_to_is_left_alone(tmp_path):
    text = RIDGE.replace("self.alpha * self.w @ self.w", "0.5 * self.w @ self.w").replace("2 * self.alpha *", "")
    assert not [note for note in check(text, "Ridge", tmp_path).report.notes if "alpha" in note]


def test_a_line_through_points_has_two_numbers_for_parameters(tmp_path):
    text = """
    def compute_cost(x, y, w, b):
        cost = 0
        for i in range(len(x)):
            cost += (w * x[i] + b - y[i]) ** 2
        return cost / (2 * len(x))

    def compute_gradient(x, y, w, b):
        dj_dw = dj_db = 0
        for i in range(len(x)):
            dj_dw += (w * x[i] + b - y[i]) * x[i]
            dj_db += w * x[i] + b - y[i]
        return dj_dw / len(x), dj_db / len(x)
    """
    assert check(text, "compute_gradient", tmp_path).passed
    assert not check(text.replace("* x[i]\n", "\n"), "compute_gradient", tmp_path).passed


CLIPPED = """
def loss_and_grads(X, y, W1, W2):
    h = np.tanh(X @ W1)
    r = h @ W2 - y
    dW2 = 4 * h.T @ r
    dW1 = 4 * X.T @ (r @ W2.T * (1 - h ** 2))
    for d in (dW1, dW2):
        np.clip(d, -5, 5, out=d)
    return 2 * np.sum(r ** 2), dW1, dW2
"""


def test_gradients_that_are_clipped_are_checked_where_they_are_small(tmp_path):
    report = check(CLIPPED, "loss_and_grads", tmp_path)
    assert report.passed
    assert "loss_and_grads() clips: checked where the gradients are small" in report.report.notes
    report = check(CLIPPED.replace("(1 - h ** 2)", "(1 - h)"), "loss_and_grads", tmp_path)
    assert {t.name for t in report.report.tensors if not t.passed} == {"W1"}
