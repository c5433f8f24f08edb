"""Mistakes that no catalogue holds, told by the change of the file that undoes them."""

import ast
import io
import re

import numpy as np
import pytest
from rich.console import Console

from lab.check.mended import KEY
from lab.check.student import FileReport
from lab.check.view import render
from lab.check.worker.edits import edits, places, pool
from tests.lab.check.in_process import check

CELL = """
    def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
        a = x @ Wx + prev_h @ Wh + b
        f, i, g, o = np.split(a, 4, axis=1)
        f, i, o, g = 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-o)), np.tanh(g)
        next_c = f * prev_c + i * g
        t = np.tanh(next_c)
        next_h = o * t
        return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, f, i, g, o, t)

    def lstm_step_backward(dnext_h, dnext_c, cache):
        x, prev_h, prev_c, Wx, Wh, f, i, g, o, t = cache
        dc = dnext_c + dnext_h * o * (1 - t**2)
        df = dc * prev_c * f * (1 - f)
        di = dc * g * i * (1 - i)
        dg = dc * i * (1 - g**2)
        do = dnext_h * t * o * (1 - o)
        da = np.hstack((df, di, dg, do))
        dprev_c = dc * f
        return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""

ATTENTION = """
    class Attention:
        def __init__(self, d=4):
            rng = np.random.default_rng(3)
            self.Q, self.K = rng.normal(size=(d, d)), rng.normal(size=(d, d))
            self.scale = 1 / d**0.5

        def forward(self, x):
            self.x, self.q, self.k = x, x @ self.Q, x @ self.K
            e = np.exp(self.q @ self.k.T * self.scale)
            self.p = e / e.sum(axis=1, keepdims=True)
            return self.p @ x

        def backward(self, dout):
            dp = dout @ self.x.T
            ds = self.p * (dp - (dp * self.p).sum(axis=1, keepdims=True)) * self.scale
            dq, dk = ds @ self.k, ds.T @ self.q
            self.dQ, self.dK = self.x.T @ dq, self.x.T @ dk
            return dq @ self.Q.T + dk @ self.K.T + self.p.T @ dout
"""

ROLLED = """
    def cost_and_gradient(theta, d, m, k, X, y, lam):
        W = theta[: d * m].reshape(m, d)
        b = theta[d * m : d * m + m].reshape(m, 1)
        V = theta[d * m + m : d * m + m + m * k].reshape(k, m)
        c = theta[d * m + m + m * k :].reshape(k, 1)
        n = X.shape[0]
        Y = np.eye(k)[y.ravel()].T
        H = 1 / (1 + np.exp(-(W @ X.T + b)))
        P = 1 / (1 + np.exp(-(V @ H + c)))
        J = -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / n
        D = (P - Y) / n
        dV, dc = D @ H.T, D.sum(axis=1)
        D = V.T @ D * H * (1 - H)
        dW, db = D @ X, D.sum(axis=1)
        return J, np.concatenate((dW.ravel(), db.ravel(), dV.ravel(), dc.ravel()))
"""


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong"),
    [
        (CELL, "lstm_step", "dc = dnext_c + dnext_h * o", "dc = dnext_h * o"),
        (CELL, "lstm_step", "di = dc * g * i * (1 - i)", "di = dc * g * i * (1 - i**2)"),
        (CELL, "lstm_step", "dprev_c = dc * f", "dprev_c = dc"),
        (CELL, "lstm_step", "(df, di, dg, do)", "(di, df, dg, do)"),
        (
            ATTENTION,
            "Attention",
            "self.p * (dp - (dp * self.p).sum(axis=1, keepdims=True))",
            "self.p * (1 - self.p) * dp",
        ),
        (ATTENTION, "Attention", "sum(axis=1, keepdims=True)) * self.scale", "sum(axis=1, keepdims=True))"),
        (ROLLED, "cost_and_gradient", "dW.ravel(), db.ravel()", "dW.T.ravel(), db.ravel()"),
        (ROLLED, "cost_and_gradient", "dV, dc = D @ H.T, D.sum(axis=1)", "dV, dc = D @ H.T, D.sum(axis=1) / n"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_change_that_undoes_a_mistake_is_told(tmp_path, text, name, right, wrong):
    assert text.count(right) == 1
    assert check(text, name, tmp_path).passed

    report = check(text.replace(right, wrong), name, tmp_path)

    told = [cause for cause in report.causes if cause.key == KEY]
    assert not report.passed
    assert told, [cause.sentence for cause in report.causes]
    failed = {t.name for t in report.report.tensors if not t.passed}
    assert set().union(*(cause.tensors for cause in told)) == failed
    mended = text.replace(right, wrong)
    for cause in told:  # a student can write what is said
        line, after, before = re.fullmatch(
            r"Line (\d+): write `(.*)` in place of `(.*)`\. Then .*", cause.sentence
        ).groups()
        lines = ("import numpy as np\n" + mended).split("\n")
        assert ast.unparse(ast.parse(lines[int(line) - 1].strip())) == before
        lines[int(line) - 1] = lines[int(line) - 1].replace(lines[int(line) - 1].strip(), after)
        mended = "\n".join(lines[1:])
    assert check(mended, name, tmp_path).passed


def test_what_forward_computes_is_no_mistake(tmp_path):
    """A change that makes J another one is none, though gradients would match the old one then."""
    text = ATTENTION.replace("keepdims=True)) * self.scale", "keepdims=True))")
    (cause, *_) = check(text, "Attention", tmp_path).causes
    assert "self.k.T" not in cause.sentence


def test_no_change_is_told_where_the_cost_does_not_react(tmp_path):
    """There a gradient of 0 would be right."""
    text = """
    class Net:
        def __init__(self, d=5, m=4, k=3):
            self.W1, self.b1 = np.random.randn(m, d), np.zeros((m, 1))
            self.W2, self.b2 = np.random.randn(k, m), np.zeros((k, 1))

        def forward(self, X):
            if not hasattr(self, "H"):
                self.H = np.maximum(self.W1 @ X + self.b1, 0)
            e = np.exp(self.W2 @ self.H + self.b2)
            self.P = e / e.sum(axis=0)
            return self.P

        def cost(self, X, Y):
            return -np.sum(Y * np.log(self.forward(X))) / X.shape[1]

        def backward(self, X, Y):
            G = (self.forward(X) - Y) / X.shape[1]
            self.grad_W2, self.grad_b2 = G @ self.H.T, G.sum(axis=1, keepdims=True)
            G = self.W2.T @ G * (self.H > 0)
            self.grad_W1, self.grad_b1 = G @ X.T, G.sum(axis=1, keepdims=True)
    """
    report = check(text, "Net", tmp_path)
    assert not report.passed
    assert KEY not in [cause.key for cause in report.causes]


def test_verdict_and_change_are_told_once(tmp_path):
    report = check(CELL.replace("dprev_c = dc * f", "dprev_c = dc"), "lstm_step", tmp_path)
    console = Console(record=True, width=200, file=io.StringIO())

    render(FileReport("mine.py", (report,)), console)

    text = console.export_text()
    assert text.count("FAILS:") == 1
    assert text.count("write `dprev_c = dc * f` in place of `dprev_c = dc`") == 1


def test_changes_leave_the_tree_as_it_was():
    function = ast.parse(
        "def f(self, x, y):\n    z = x @ y.T * 2\n    z[x > 0] += y.sum(axis=0)\n    return z, -x"
    ).body[0]
    x = np.zeros((3, 2))
    names = pool(function, {"x": x, "y": x, "z": x}, {})
    assert names == {**dict.fromkeys("xyz", ("array", 3, 2)), "y.T": ("array", 2, 3), "z[x > 0]": ("array", 0)}
    before, count = ast.unparse(function), 0
    for group in edits(list(places(function)), names, []):
        for edit in group:
            count += 1
            edit.swap()
            assert ast.unparse(function) != before or ast.unparse(edit.new) == ast.unparse(edit.new)
            edit.swap()
            assert ast.unparse(function) == before
    assert count > 100
