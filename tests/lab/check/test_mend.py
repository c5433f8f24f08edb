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
from lab.check.worker.changes import places
from lab.check.worker.edits import edits, pool
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


LOOPS = """
    def hinge_loss(W, X, y, reg):
        loss, dW = 0.0, np.zeros(W.shape)
        for i in range(len(X)):
            scores = X[i] @ W
            for j in range(W.shape[1]):
                if j == y[i]:
                    continue
                gap = scores[j] - scores[y[i]] + 1
                if gap > 0:
                    loss += gap
                    dW[:, j] += X[i]
                    dW[:, y[i]] -= X[i]
        loss = loss / len(X) + reg * np.sum(W * W)
        dW = dW / len(X) + 2 * reg * W
        return loss, dW
"""

GATES = """
    def gated_step_forward(x, h_prev, Wz, Wc, Uz, Uc):
        z = 1 / (1 + np.exp(-(x @ Wz + h_prev @ Uz)))
        c = np.tanh(x @ Wc + h_prev @ Uc)
        return z * h_prev + (1 - z) * c, (x, h_prev, Wz, Wc, Uz, Uc, z, c)

    def gated_step_backward(dout, cache):
        x, h_prev, Wz, Wc, Uz, Uc, z, c = cache
        dz = dout * (h_prev - c) * z * (1 - z)
        dc = dout * (1 - z) * (1 - c**2)
        dh = dz @ Uz.T + dc @ Uc.T + dout * z
        dx = dz @ Wz.T + dc @ Wc.T
        return dx, dh, x.T @ dz, x.T @ dc, h_prev.T @ dz, h_prev.T @ dc
"""

SCORES = """
    def entropy_loss(scores, y):
        n = scores.shape[0]
        p = np.exp(scores)
        p = p / p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(n), y]).sum() / n
        p[np.arange(n), y] -= 1
        return loss, p / n
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
        (ROLLED, "cost_and_gradient", "dV, dc = D @ H.T, D.sum(axis=1)", "dV, dc = D @ H.T, D.sum(axis=1) * c.ravel()"),
        (GATES, "gated_step", "dc = dout * (1 - z) * (1 - c**2)", "dc = dout * (1 - z) * c * (1 - c)"),
        (GATES, "gated_step", " + dout * z", ""),
        (GATES, "gated_step", "dout * (1 - z)", "dout * z"),
        (SCORES, "entropy_loss", "p[np.arange(n), y] -= 1", "p[:, y] -= 1"),
        (SCORES, "entropy_loss", "p = p / p.sum(axis=1, keepdims=True)", "p = p / p.sum(axis=0, keepdims=True)"),
    ],
    ids=lambda value: value if len(value) < 30 else "",
)
def test_change_that_undoes_a_mistake_is_told(tmp_path, text, name, right, wrong):
    assert text.count(right) == 1
    assert check(text, name, tmp_path).passed

    report = check(text.replace(right, wrong), name, tmp_path)

    told = [cause for cause in report.causes if cause.key == KEY and not cause.sentence.startswith("Or: ")]
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


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "said"),
    [
        (
            LOOPS,
            "hinge_loss",
            "    dW[:, y[i]] -= X[i]\n",
            "dW[:, y[i]] -= X[i]\n",
            "Line 14: move `dW[:, y[i]] -= X[i]` into the block of `if gap > 0:`. Then the gradient of W is right.",
        ),
        (
            LOOPS,
            "hinge_loss",
            "\n        loss = loss / len(X) + reg * np.sum(W * W)\n        dW = dW / len(X) + 2 * reg * W",
            "\n            dW = dW / len(X) + 2 * reg * W\n        loss = loss / len(X) + reg * np.sum(W * W)",
            "Line 15: move `dW = dW / len(X) + 2 * reg * W` out of the block of `for i in range(len(X)):`. "
            "Then the gradient of W is right.",
        ),
        (
            GATES,
            "gated_step",
            "dz = dout * (h_prev - c) * z * (1 - z)\n        dc = dout * (1 - z) * (1 - c**2)",
            "dz = dout * (1 - z) * (1 - c**2)\n        dc = dout * (h_prev - c) * z * (1 - z)",
            "Line 10: exchange the values of `dz = dout * (1 - z) * (1 - c ** 2)` and "
            "`dc = dout * (h_prev - c) * z * (1 - z)`. Then the gradients of Uc, Uz, Wc, Wz, h_prev and x are right.",
        ),
    ],
    ids=["behind its block", "in a loop", "exchanged"],
)
def test_line_that_stands_elsewhere_is_told(tmp_path, text, name, right, wrong, said):
    assert check(text, name, tmp_path).passed
    report = check(text.replace(right, wrong), name, tmp_path)
    assert said in [cause.sentence for cause in report.causes]


def test_lines_are_told_where_no_change_mends(tmp_path):
    """Lines that are for what is wrong, and for nothing that is right."""
    text = GATES.replace("h_prev.T @ dz, h_prev.T @ dc", "h_prev.T @ dz, odd").replace(
        "return dx,", "odd = np.cos(dc).T @ dc\n        return dx,"
    )
    (cause,) = check(text, "gated_step", tmp_path).causes
    assert (cause.key, cause.tensors) == ("first-wrong-step", ("Uc",))
    assert "line 14 is for Uc and for no gradient that is right" in cause.sentence


def test_right_numbers_in_other_places_are_told(tmp_path):
    text = """
    def wave_forward(x):
        return np.sin(x) * x, x

    def wave_backward(dout, cache):
        return np.roll(dout * (np.cos(cache) * cache + np.sin(cache)), 3)
    """
    (cause,) = check(text, "wave", tmp_path).causes
    assert (cause.key, cause.tensors) == ("rearranged", ("x",))


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
