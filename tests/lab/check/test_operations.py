"""Classes of values that keep their gradient: every operation is checked alone, with numbers or with arrays."""

import pytest

from tests.lab.check.in_process import check

VALUES = """
import math

class Value:
    def __init__(self, data, children=(), op=""):
        self.data, self.grad = data, 0.0
        self._back, self._prev = (lambda: None), set(children)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")
        def back():
            self.grad += out.grad
            other.grad += out.grad
        out._back = back
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")
        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._back = back
        return out

    def __pow__(self, n):
        out = Value(self.data ** n, (self,), "**")
        def back():
            self.grad += n * self.data ** (n - 1) * out.grad
        out._back = back
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,), "tanh")
        def back():
            self.grad += (1 - out.data ** 2) * out.grad
        out._back = back
        return out

    def backward(self):
        order, seen = [], set()
        def visit(value):
            if value not in seen:
                seen.add(value)
                for child in value._prev:
                    visit(child)
                order.append(value)
        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value._back()
"""
ARRAYS = (
    VALUES.replace("math.tanh", "np.tanh")
    .replace("= data, 0.0", "= np.array(data, float), 0.0")
    .replace("self.grad = 1.0", "self.grad = np.ones_like(self.data)")
    .replace(
        "    def tanh",
        """    def __matmul__(self, other):
        out = Value(self.data @ other.data, (self, other), "@")
        def back():
            self.grad = self.grad + out.grad @ other.data.T
            other.grad = other.grad + self.data.T @ out.grad
        out._back = back
        return out

    def tanh""",
    )
)


@pytest.mark.parametrize(
    ("right", "wrong", "cause", "tensor"),
    [
        (
            "other.grad += self.data * out.grad",
            "other.grad += other.data * out.grad",
            "product-own-value",
            "b of a * b",
        ),
        ("other.grad += out.grad\n", "other.grad = out.grad\n", "overwritten", "a of a + a"),
        ("n * self.data ** (n - 1)", "n * self.data ** n", "power", "a of a ** 3"),
        ("n * self.data ** (n - 1)", "self.data ** (n - 1)", "power", "a of a ** 2"),
        ("(1 - out.data ** 2) * out.grad", "out.grad", "activation-slope-missing", "a of a.tanh()"),
        ("self.grad += (1 - out.data ** 2)", "self.grad = (1 - out.data ** 2)", "overwritten", "a of a + a.tanh()"),
    ],
)
def test_an_operation_that_is_wrong_is_named(right, wrong, cause, tensor, tmp_path):
    assert check(VALUES, "Value", tmp_path).passed
    report = check(VALUES.replace(right, wrong), "Value", tmp_path)
    assert tensor in {t.name for t in report.report.tensors if not t.passed}
    assert cause in {found.key for found in report.causes}


def test_operations_of_arrays_are_checked_too(tmp_path):
    report = check(ARRAYS, "Value", tmp_path)
    assert report.passed
    assert "b of a @ b" in {t.name for t in report.report.tensors}
    assert not check(ARRAYS.replace("out.grad @ other.data.T", "2 * out.grad @ other.data.T"), "Value", tmp_path).passed


def test_an_operation_whose_way_back_fails_is_told(tmp_path):
    report = check(ARRAYS.replace("self.data.T @ out.grad", "self.data @ out.grad"), "Value", tmp_path)
    assert not report.passed
    assert any("a @ b" in finding for finding in report.report.findings)
