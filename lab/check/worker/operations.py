"""A class of values that keep their gradient, as micrograd has it: each of its operations is checked alone."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .code import Code
from .errors import CodeError
from .explain import explain
from .roles import plain
from .source import signature, text

DATA = ("data", "value", "val", "values", "array", "v", "_data")
GRADIENT = ("grad", "gradient", "g", "_grad", "grads", "d")
Operation = Callable[..., Any]


def is_engine(kind: type) -> bool:
    """Has a class backward(), which wants nothing, and operators of its own?"""
    backward = getattr(kind, "backward", None)
    own = vars(kind).keys()
    operators = "__add__" in own and ("__mul__" in own or "__matmul__" in own)
    return operators and backward is not None and not [p for p in signature(backward)[1:] if p.default is p.empty]


@dataclass(frozen=True)
class Expression:
    """What is computed of values: its words, the operation, the shapes of its values."""

    says: str
    operation: Operation
    shapes: tuple[tuple[int, ...], ...]
    below: bool = False  # are some of the values below 0?


METHODS = (
    *("relu", "tanh", "sigmoid", "exp", "log", "sqrt", "square", "abs", "sin", "cos"),
    *("leaky_relu", "softplus", "elu"),
)
LOSSES = ("cross_entropy", "softmax_cross_entropy", "cross_entropy_loss", "nll", "nll_loss")  # of labels
POSITIVE = ("log", "sqrt")  # what has no value below 0
MATRICES = ("sum", "mean", "transpose", "softmax", "log_softmax", "logsumexp", "max", "flatten")


def _expressions(kind: type, arrays: bool) -> Iterator[Expression]:
    one: tuple[int, ...] = (3, 4) if arrays else ()
    binary: dict[str, Operation] = {
        "a + b": lambda a, b: a + b,
        "a * b": lambda a, b: a * b,
        "a - b": lambda a, b: a - b,
        "a / b": lambda a, b: a / b,
    }
    unary: dict[str, Operation] = {
        "-a": lambda a: -a,
        "a ** 2": lambda a: a**2,
        "a ** 3": lambda a: a**3,
        "a ** -1": lambda a: a**-1,
        "a + 2": lambda a: a + 2,
        "3 * a": lambda a: 3 * a,
        "2 - a": lambda a: 2 - a,
        "2 / a": lambda a: 2 / a,
    }
    shared: dict[str, Operation] = {
        "a + a": lambda a: a + a,
        "a * a": lambda a: a * a,
        "a * b + a": lambda a, b: a * b + a,
    }
    for says, operation in unary.items():
        yield Expression(says, operation, (one,))
    for says, operation in binary.items():
        yield Expression(says, operation, (one, one))
    for name in METHODS:
        if name in vars(kind):
            yield Expression(f"a.{name}()", lambda a, name=name: getattr(a, name)(), (one,))
            if name not in POSITIVE:
                yield Expression(f"a.{name}() below 0", lambda a, name=name: getattr(a, name)(), (one,), below=True)
            yield Expression(f"(-a).{name}()", lambda a, name=name: getattr(-a, name)(), (one,))
            yield Expression(f"a + a.{name}()", lambda a, name=name: a + getattr(a, name)(), (one,))
    for says, operation in shared.items():
        yield Expression(says, operation, (one,) * len(signature(operation)))
    if arrays:
        yield from _of_arrays(kind)


def _of_arrays(kind: type) -> Iterator[Expression]:
    for says, operation in {"a + row": lambda a, b: a + b, "a * row": lambda a, b: a * b}.items():
        yield Expression(says, operation, ((3, 4), (4,)))
    if "__matmul__" in vars(kind):
        yield Expression("a @ b", lambda a, b: a @ b, ((3, 4), (4, 2)))
        yield Expression("a @ b + a @ b", lambda a, b: a @ b + a @ b, ((3, 4), (4, 2)))
    for name in ("dot", "matmul", "mm"):
        if name in vars(kind):
            yield Expression(f"a.{name}(b)", lambda a, b, name=name: getattr(a, name)(b), ((3, 4), (4, 2)))
    for name in MATRICES:
        if inspect.isfunction(vars(kind).get(name)):
            yield Expression(f"a.{name}() * a", lambda a, name=name: getattr(a, name)() * a, ((3, 4),))
    labels = np.array([1, 0, 3])
    for name in LOSSES:
        if inspect.isfunction(vars(kind).get(name)):
            yield Expression(f"a.{name}(y)", lambda a, name=name: getattr(a, name)(labels), ((3, 4),))
    if "T" in vars(kind):
        yield Expression("a.T", lambda a: a.T, ((3, 4),))


class EngineCode(Code):
    """Every operation of such a class, each with values of its own: J is the sum of all that they give, each times a
    number of its own where backward() can be told it."""

    form = "engine"

    def __init__(self, kind: type, rng: Any) -> None:
        self.kind = kind
        self._data, self._gradient = self._names()
        arrays = self._takes_arrays()
        self.facts = {"kind": "engine", "slots": [], "operations": {}}
        self.params = {}
        self.expressions: dict[str, tuple[Expression, list[str]]] = {}
        self.faults, self.notes = (), ()
        self._known: dict[tuple[str, bytes], Any] = {}
        for expression in _expressions(kind, arrays):
            self._add(expression, rng)
        if not self.params:
            raise CodeError(f"no operation of {kind.__name__} runs")
        self.calls = {f"the operations of {kind.__name__}": kind, "backward()": kind.backward}  # type: ignore[attr-defined]

    def _names(self) -> tuple[str, str]:
        inside = {plain(name): name for name in dir(self.kind(2.0)) if not name.startswith("__")}
        data, gradient = (
            next((inside[plain(n)] for n in names if plain(n) in inside), "") for names in (DATA, GRADIENT)
        )
        if not data or not gradient:
            raise CodeError(f"{self.kind.__name__} keeps no data and no grad")
        return data, gradient

    def _takes_arrays(self) -> bool:
        if not re.search(r"\bnp\.|numpy", text(self.kind)):
            return False
        try:
            a, b = self.kind(np.ones((3, 4))), self.kind(np.ones((3, 4)))
            return bool(np.shape(getattr(a + b, self._data)) == (3, 4))
        except Exception:
            return False

    def _add(self, expression: Expression, rng: Any) -> None:
        """Take an expression if it runs."""
        names = [f"{'ab'[i]} of {expression.says}" for i in range(len(expression.shapes))]
        drawn = {k: np.asarray(rng.uniform(0.4, 1.6, s)) for k, s in zip(names, expression.shapes, strict=True)}
        if expression.below:
            drawn = {k: np.asarray(v - 1.7 if v.ndim == 0 else v - 1.0) for k, v in drawn.items()}
        self.expressions[expression.says] = expression, names
        try:
            number = self._value(expression.says, drawn)
            if not np.isfinite(number):
                raise CodeError("it is not finite")
        except Exception:  # an operation that the class does not have
            del self.expressions[expression.says]
            return
        try:
            found = self._gradients_of(expression.says, drawn)
        except Exception as error:
            del self.expressions[expression.says]
            self.faults += (f"backward() of {expression.says} fails: {explain(error)}",)
            return
        unlike = any(found[k].shape != drawn[k].shape for k in names)
        if unlike and "row" in expression.says and not re.search("broadcast|sum\\(", text(self.kind)):
            del self.expressions[expression.says]
            self.notes += (f"{expression.says}: a row is not summed over on the way back, so it is left out",)
            return
        self.params = {**self.params, **drawn}
        self.facts["operations"].update(dict.fromkeys(names, expression.says))

    def _nodes(self, says: str, params: Mapping[str, Any]) -> tuple[list[Any], Any]:
        """The values of an expression and what it gives."""
        expression, names = self.expressions[says]
        values = [params[k].copy() if np.ndim(params[k]) else params[k].item() for k in names]
        nodes = [self.kind(value) for value in values]
        return nodes, expression.operation(*nodes)

    def _value(self, says: str, params: Mapping[str, Any]) -> Any:
        _, made = self._nodes(says, params)
        return np.sum(getattr(made, self._data))

    def cost(self, params: Mapping[str, Any]) -> Any:
        """The sum of what all expressions give."""
        return sum(self._kept(says, params) for says in self.expressions)

    def _kept(self, says: str, params: Mapping[str, Any]) -> Any:
        """The value of an expression, which most questions do not change."""
        key = says, b"".join(np.asarray(params[k]).tobytes() for k in self.expressions[says][1])
        if key not in self._known:
            self._known = self._known if len(self._known) < 500 else {}
            self._known[key] = self._value(says, params)
        return self._known[key]

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What backward() leaves in the values."""
        return {k: g for says in self.expressions for k, g in self._gradients_of(says, params).items()}

    def _gradients_of(self, says: str, params: Mapping[str, Any]) -> dict[str, Any]:
        nodes, made = self._nodes(says, params)
        self._backward(made)
        found = {}
        for name, node in zip(self.expressions[says][1], nodes, strict=True):
            gradient = getattr(node, self._gradient)
            gradient = gradient if isinstance(gradient, np.ndarray) else getattr(gradient, self._data, gradient)
            found[name] = np.asarray(0.0 if gradient is None else gradient, float)
        return found

    def _backward(self, made: Any) -> None:
        """From the sum of what an expression gives."""
        if np.ndim(getattr(made, self._data)) == 0:
            made.backward()
        elif "sum" in vars(self.kind):
            made.sum().backward()
        else:
            made.backward()
