"""What is evidence of a mistake and what is none: inputs that a loss does not take, what a loss is handed, arrays that
a constructor wants and lists of gradients in two orders."""

import pytest

from tests.lab.check.in_process import check

PICKED = "-np.mean(np.log(x[np.arange(len(y)), y]))"
BINARY = "-np.mean(t * np.log(x) + (1 - t) * np.log(1 - x))"
ON_PROBABILITIES = {
    "integers": (PICKED, "y", "d = np.zeros_like(x); r = np.arange(len(y)); d[r, y] = -1 / x[r, y]; return d / {n}"),
    "both classes": (BINARY, "t", "return ((1 - t) / (1 - x) - t / x) / {n}"),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ON_PROBABILITIES)
@pytest.mark.parametrize("right", [True, False])
def test_a_loss_that_takes_probabilities_gets_them_at_every_point(name, right, seed, tmp_path):
    loss, y, slope = ON_PROBABILITIES[name]
    n = {"integers": "len(y)", "both classes": "t.size"}[name] if right else "1"
    found = check(
        f"""
        class Entropy:
            def forward(self, x, {y}):
                return {loss}

            def backward(self, x, {y}):
                {slope.format(n=n)}
        """,
        "Entropy",
        tmp_path,
        seed=seed,
    )
    assert not found.problem
    assert found.passed is right
    assert not [note for note in found.report.notes if note.startswith("not checked")]


def test_a_cost_that_is_not_finite_at_another_point_is_no_failure(tmp_path):
    found = check(
        """
        class Roots:
            def __init__(self, n_in=5, n_out=3):
                self.W = np.full((n_in, n_out), 0.5)
                self.moved = False

            def loss(self, X, y):
                return np.mean((np.abs(X) @ self.W) ** 2) * (1 if len(X) == 7 else np.nan)

            def backward(self, X, y):
                if len(X) != 7:
                    raise ValueError("a batch of 7")
                A = np.abs(X)
                self.dW = 2 * A.T @ (A @ self.W) / (len(X) * self.W.shape[1])
        """,
        "Roots",
        tmp_path,
    )
    assert found.passed, (found.problem, found.report.findings)
    assert "not checked with a batch of another size: there is no finite cost" in found.report.notes


HANDED = """
class Module:
    def __call__(self, *args):
        self.args = args
        self.out = self.forward(*args)
        return self.out

    def backward(self, g):
        return self.bwd(g, *self.args)


class Squares(Module):
    def forward(self, inp, targ):
        return ((inp - targ) ** 2).mean()

    def bwd(self, g, inp, targ):
        return {factor} * g * (inp - targ) / targ.size


class Kept:
    def forward(self, x, t):
        self.x, self.t = x, t
        return np.sum((x - t) ** 2) / len(x)

    def backward(self, dout):
        return {factor} * dout * (self.x - self.t) / len(self.x)
"""


@pytest.mark.parametrize("name", ["Squares", "Kept"])
@pytest.mark.parametrize("factor", [2, 1])
def test_a_loss_is_handed_the_derivative_of_j_by_itself(name, factor, tmp_path):
    found = check(HANDED.replace("{factor}", str(factor)), name, tmp_path)
    assert not found.problem
    assert found.passed is (factor == 2)


ARRAYS = """
from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Dense:
    {weight}: np.ndarray
    {bias}: np.ndarray
    grad_{weight}: Optional[np.ndarray] = field(default=None, repr=False)
    grad_{bias}: Optional[np.ndarray] = field(default=None, repr=False)

    def forward(self, x):
        self.x = x
        return x @ self.{weight} + self.{bias}

    def backward(self, grad_output):
        self.grad_{weight} = self.x.T @ grad_output
        self.grad_{bias} = grad_output.{sum}(axis=0)
        return grad_output @ self.{weight}.T
"""


@pytest.mark.parametrize(
    ("weight", "bias"), [("weight", "bias"), ("weights", "bias"), ("weights", "biases"), ("W", "b")]
)
@pytest.mark.parametrize("total", ["sum", "mean"])
def test_a_dataclass_is_given_the_arrays_that_its_fields_are(weight, bias, total, tmp_path):
    text = ARRAYS.replace("{weight}", weight).replace("{bias}", bias).replace("{sum}", total)
    found = check(text, "Dense", tmp_path)
    assert not found.problem
    assert found.passed is (total == "sum")
    assert [(t.name, len(t.shape)) for t in found.report.tensors] == [("x", 2), (weight, 2), (bias, 1)]


LISTS = """
class Net:
    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.W = [rng.normal(size=(m, d)) for d, m in zip(sizes, sizes[1:])]
        self.b = [np.zeros((m, 1)) for m in sizes[1:]]

    def forward(self, X):
        self.H = [X]
        for W, b in zip(self.W, self.b):
            s = W @ self.H[-1] + b
            self.H.append(np.maximum(s, 0))
        e = np.exp(s - s.max(axis=0))
        return e / e.sum(axis=0)

    def cost(self, X, Y):
        return -np.log((Y * self.forward(X)).sum(axis=0)).mean()

    def grads(self, X, Y):
        G = (self.forward(X) - Y) / X.shape[1]
        gW, gb = [], []
        for i in reversed(range(len(self.W))):
            gW.append(G @ self.H[i].T)
            gb.append(G.sum(axis=1, keepdims=True))
            G = self.W[i].T @ G * (self.H[i] > 0)
        return {back}
"""


@pytest.mark.parametrize(
    ("back", "right"),
    [
        ("gW[::-1], gb[::-1]", True),
        ("gW, gb", True),
        ("gW[::-1], gb", False),
        ("gW, gb[::-1]", False),
        ("{'W': gW[::-1], 'b': gb}", False),
    ],
)
def test_lists_of_gradients_come_in_one_order(back, right, tmp_path):
    found = check(LISTS.replace("{back}", back), "Net", tmp_path)
    assert not found.problem
    assert found.passed is right
