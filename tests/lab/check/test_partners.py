"""Which cost a gradient is held against: of several in a file the one it is the derivative of, and never one that only
lies beside it."""

import pytest

from tests.lab.check.in_process import check

TWO_COSTS = """
def squares_mse(y, tx, w):
    r = tx @ w - y
    return r @ r / (2 * len(y))

def squares_gradient(y, tx, w):
    return tx.T @ (tx @ w - y) / len(y)

def odds_loss(y, tx, w):
    p = 1 / (1 + np.exp(-tx @ w))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

def odds_gradient(y, tx, w):
    return tx.T @ (1 / (1 + np.exp(-tx @ w)) - y) / len(y)

def descend(y, tx, w, rate):
    for _ in range(9):
        w = w - rate * squares_gradient(y, tx, w)
    return w, squares_mse(y, tx, w)

def descend_odds(y, tx, w, rate):
    for _ in range(9):
        w = w - rate * odds_gradient(y, tx, w)
    return w, odds_loss(y, tx, w)
"""
LOSSES = """
class Absolute:
    def forward(self, y_out, y_truth):
        return np.abs(y_out - y_truth)

    def backward(self, y_out, y_truth):
        return np.sign(y_out - y_truth)

class Squares:
    def forward(self, y_out, y_truth):
        return (y_out - y_truth) ** 2

    def backward(self, y_out, y_truth):
        return 2 * (y_out - y_truth) / len(y_out)

class Odds:
    def forward(self, y_out, y_truth):
        return -y_truth * np.log(y_out) - (1 - y_truth) * np.log(1 - y_out)

    def backward(self, y_out, y_truth):
        return ((1 - y_truth) / (1 - y_out) - y_truth / y_out) / y_out.size
"""


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("squares_gradient", "(tx @ w - y) / len(y)", "(y - tx @ w) / len(y)"),
        ("odds_gradient", "(1 / (1 + np.exp(-tx @ w)) - y)", "(tx @ w - y)"),  # right for the other cost
    ],
)
def test_the_cost_that_is_called_beside_a_gradient_is_its_partner(name, right, wrong, tmp_path):
    assert right in TWO_COSTS
    assert check(TWO_COSTS, name, tmp_path).passed
    report = check(TWO_COSTS.replace(right, wrong), name, tmp_path)
    assert not report.passed
    assert not report.problem


def test_of_several_costs_the_one_that_fits_is_the_partner(tmp_path):
    alone = TWO_COSTS[: TWO_COSTS.index("def descend(")].replace("squares_mse", "second_loss")
    assert check(alone, "squares_gradient", tmp_path).passed
    assert check(alone, "odds_gradient", tmp_path).passed


@pytest.mark.parametrize(
    ("name", "right", "wrong", "taken"),
    [
        ("Absolute", "np.sign(y_out - y_truth)", "np.sign(y_truth - y_out)", "the sum of"),
        (
            "Squares",
            "2 * (y_out - y_truth) / len(y_out)",
            "(y_out - y_truth) / len(y_out)",
            "the mean over examples of",
        ),
        ("Odds", "(1 - y_out) - y_truth / y_out)", "(1 - y_out) + y_truth / y_out)", "the mean of"),
    ],
)
def test_a_loss_of_every_element_is_summed(name, right, wrong, taken, tmp_path):
    assert right in LOSSES
    report = check(LOSSES, name, tmp_path)
    assert report.passed
    assert f"J is {taken} what forward() gives" in report.report.notes
    assert not check(LOSSES.replace(right, wrong), name, tmp_path).passed


ONE_OUTPUT = """
class Gap:
    def forward(self, y_out, y_truth):
        return np.mean((y_out - y_truth) ** 2)

    def backward(self, y_out, y_truth):
        return 2 * (y_out - y_truth) / len(y_out)

def gap(y_true, y_pred):
    return np.mean(np.abs(y_true - y_pred))

def gap_prime(y_true, y_pred):
    return np.sign(y_pred - y_true) / len(y_true)
"""


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("Gap", "2 * (y_out - y_truth) / len(y_out)", "(y_out - y_truth) / len(y_out)"),
        ("gap", "np.sign(y_pred - y_true)", "np.sign(y_true - y_pred)"),
    ],
)
def test_a_loss_may_be_right_for_one_output_for_every_example(name, right, wrong, tmp_path):
    assert right in ONE_OUTPUT
    report = check(ONE_OUTPUT, name, tmp_path)
    assert report.passed
    assert any("x of shape (n, 1)" in note for note in report.report.notes)
    report = check(ONE_OUTPUT.replace(right, wrong), name, tmp_path)
    assert not report.passed
    assert not report.problem


def test_a_loss_that_knows_of_several_outputs_is_not_read_as_one_of_a_single_one(tmp_path):
    text = ONE_OUTPUT.replace("np.mean((y_out - y_truth) ** 2)", "np.sum((y_out - y_truth) ** 2) / y_out.size")
    assert not check(text, "Gap", tmp_path).passed


def test_a_loss_that_stands_in_accuses_nobody_where_the_file_has_one_of_its_own(tmp_path):
    text = """
    class Steps:
        def forward(self, y_out, y_truth):
            raise OSError("the weights of the classes are not here")

        def backward(self, y_out, y_truth):
            return 3 * np.sin(y_out - y_truth)
    """
    report = check(text, "Steps", tmp_path)
    assert not report.report.tensors
    assert "the weights of the classes are not here" in report.problem


def test_a_reading_that_runs_and_means_nothing_accuses_nobody(tmp_path):
    text = """
    def gaussian_nll(w, b, log_sigma, X, y):
        r = (X @ w + b - y) / np.exp(log_sigma)
        loss = np.mean(0.5 * r ** 2 + log_sigma)
        d = r / np.exp(log_sigma) / len(y)
        dw, db, dlog_sigma = X.T @ d, d.sum(), 1 - np.mean(r ** 2)
        return loss, dw, db, dlog_sigma
    """
    report = check(text, "gaussian_nll", tmp_path)
    assert report.passed or not report.report.tensors


SHIFTED = """
def marks(y, k):
    Y = np.zeros((len(y), k))
    for i, c in enumerate(y):
        Y[i, c] = 1
    return Y

def probs(X, W):
    return 1 / (1 + np.exp(-X @ W))

def compute_cost(X, y, W):
    P = probs(X, W)
    Y = marks(y, P.shape[1])
    return -np.mean(np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P), axis=1))

def compute_gradients(X, y, W):
    P = probs(X, W)
    return X.T @ (P - marks(y, P.shape[1])) / len(X)
"""


@pytest.mark.parametrize("labels", ["marks(y - 1, P.shape[1])", "marks((y + 1) % P.shape[1], P.shape[1])"])
def test_labels_that_are_the_same_for_every_example_are_no_reading(labels, tmp_path):
    right = "P - marks(y, P.shape[1])"
    assert right in SHIFTED
    assert check(SHIFTED, "compute_gradients", tmp_path).passed
    report = check(SHIFTED.replace(right, f"P - {labels}"), "compute_gradients", tmp_path)
    assert not report.passed
    assert not report.problem


BY_SCORES = """
class Softmax:
    def forward(self, z):
        self.p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        return self.p

    def backward(self, d):
        return d

class NegativeLogLikelihood:
    def forward(self, y_pred, y):
        self.y_pred, self.y = y_pred, y
        return -np.sum(y * np.log(y_pred)) / len(y)

    def backward(self):
        return (self.y_pred - self.y) / len(self.y)
"""


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("", "", False),
        ("(self.y_pred - self.y) / len(self.y)", "self.y_pred - self.y", False),  # the update may divide
        (" np.log(y_pred)) / len(y)", " np.log(y_pred))", True),
        ("(self.y_pred - self.y) /", "(self.y_pred - self.y) / 2 /", True),
    ],
)
def test_a_loss_whose_softmax_hands_on_is_held_against_its_own_cost(old, new, wrong, tmp_path):
    assert old in BY_SCORES
    report = check(BY_SCORES.replace(old, new, 1), "NegativeLogLikelihood", tmp_path)
    assert report.nothing != wrong
    assert {t.name for t in report.report.tensors if not t.passed} == ({"x"} if wrong else set())
