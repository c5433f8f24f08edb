"""A training loop in the text of a file: one update of it is run at a time. Its cost and gradients are the variables
that are called so; a gradient without a name is seen in the step of its parameter."""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from .code import Code
from .dice import seed
from .errors import CodeError
from .functions import right_slopes
from .matching import Leaf, leaves
from .objects import moved
from .roles import Role, key_letter, plain, role, stripped
from .state import places
from .values import number, own_copy
from .written_loops import WrittenLoop, stored

COSTS = (
    r"(total|data|train|training|batch|mean|avg)?(loss|cost|objective|nll|ce|mse|crossentropy)(es|s|value|history|list)?|"
    r"j|l|e"
)
ROWS = 7  # examples, where the file has no data
Values = Mapping[str, Any]


def find_loop(namespace: Any, loop: WrittenLoop, rng: Any) -> "LoopCode":
    """The code of a loop. Raises the first error of the student's, CodeError if it has no gradients."""
    update = Update(namespace, loop)
    told: Exception | None = None
    best: tuple[tuple[int, int], LoopCode] | None = None
    for data in _data(update):
        try:
            run = update.run({**data})
            for i, (words, cost) in enumerate(_costs(update, run)):
                code = LoopCode(update, data, cost, words)
                right = len(right_slopes(code))
                if best is None or (right, -i) > best[0]:
                    best = (right, -i), code
        except Exception as error:
            told = told or error
            continue
        if best is not None and best[0][0] == len(best[1].params):
            break
    if best is None:
        raise told or CodeError(f"the loop in line {loop.line} gives no cost")
    return best[1]


class Update:
    """One update of a loop, run in the names of the file, which are put back after it."""

    def __init__(self, namespace: Any, loop: WrittenLoop) -> None:
        self.loop, self.names = loop, vars(namespace)
        once = ast.For(ast.Name("_", ast.Store()), ast.Tuple([ast.Constant(0)], ast.Load()), list(loop.body), [])
        self.body = self._compiled([ast.copy_location(once, loop.body[0])])
        with self._put_back():
            seed()
            for statement in loop.setup:
                try:
                    exec(self._compiled([statement]), self.names)
                except Exception:  # it reads data that is not there, for instance
                    continue
            self.start = {k: v for k, v in self.names.items() if not k.startswith("__")}
        used = {n.id for part in loop.body for n in ast.walk(part) if isinstance(n, ast.Name)}
        self.start = {k: own_copy(v) if k in used else v for k, v in self.start.items()}
        self.made = set(stored(loop.body)) - set(loop.moved)
        held = {name: value for name, value in self.start.items() if name in loop.moved}
        self.arrays = {_said(p.path): p.get() for p in places(held) if _is_array(p.get())}
        if not self.arrays:
            raise CodeError(f"the loop in line {loop.line} moves no array that the file has")

    def _compiled(self, block: list[ast.stmt]) -> Any:
        tree = ast.fix_missing_locations(ast.Module(block, []))
        return compile(tree, str(self.names.get("__file__", "")), "exec", dont_inherit=True)

    @contextmanager
    def _put_back(self) -> Iterator[None]:
        before = dict(self.names)
        try:
            yield
        finally:
            self.names.clear()
            self.names.update(before)

    def run(self, values: Values) -> dict[str, Any]:
        """The variables after an update. values: of parameters, and of data, by their names."""
        with self._put_back():
            self.names.update({k: own_copy(v) for k, v in self.start.items()})
            held = {_said(p.path): p for name in self.loop.moved for p in places({name: self.names.get(name)})}
            for name, value in values.items():
                if name in self.arrays and name not in self.names:
                    held[name].put(value.copy())
                else:
                    self.names[name] = value.copy()
            seed()
            exec(self.body, self.names)
            return {k: own_copy(v) for k, v in self.names.items() if not k.startswith("__")}


class LoopCode(Code):
    """A loop with one reading of what its cost is."""

    form = "functions"

    def __init__(self, update: Update, data: Values, cost: Callable[[Values], Any], words: str) -> None:
        self.update, self.data, self._cost = update, data, cost
        rng = np.random.default_rng(11)
        every = {k: v + 0.3 * (np.std(v) or 0.5) * rng.normal(size=v.shape) for k, v in update.arrays.items()}
        line = f"the loop in line {update.loop.line}"
        self.calls = {f"the cost of {line}": None, line: None}
        J = self.cost(every)
        self.params = {k: v for k, v in every.items() if self.cost({**every, k: 1.1 * v + 0.01}) != J}
        self._others = {k: v for k, v in every.items() if k not in self.params}
        if not self.params:
            raise CodeError(f"the cost of {line} reacts to nothing that it moves")
        self.notes = (f"one update of {line} is checked", *([words] if words else []))
        self.rates = dict.fromkeys(self.params, 1.0)
        self._settle_rates()
        slots = [{"name": k, "letter": key_letter(k), "layer": 0, "turned": False} for k in self.params]
        self.facts = {"kind": "solved", "slots": slots, "has_cost": True}

    def _run(self, params: Values) -> dict[str, Any]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self.update.run({**self.data, **getattr(self, "_others", {}), **params})

    def cost(self, params: Mapping[str, Any]) -> Any:
        """See Code."""
        return number(self._cost(self._run(params)), next(iter(self.calls)))

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """See Code."""
        after = self._run(params)
        held = {_said(p.path): p.get() for name in self.update.loop.moved for p in places({name: after.get(name)})}
        named = self._named(after)
        steps = {k: (v - held[k]) / self.rates[k] for k, v in params.items() if k not in named}
        return {k: np.array(named.get(k, steps.get(k))) for k in self.params}

    def _named(self, after: Values) -> dict[str, Any]:
        """Parameter -> the variable that is called its gradient: dW1 of W1, grads['W1'] of params['W1']."""
        found = leaves({k: v for k, v in after.items() if k in self.update.made and _holds_arrays(v)})
        named = {}
        for name, value in self.params.items():
            own = [leaf for leaf in found if np.shape(leaf.value) == value.shape and _is_gradient(name, leaf)]
            if len(own) == 1:
                named[name] = own[0].value
        return named

    def _settle_rates(self) -> None:
        """The learning rate in the steps: 1, or a number of the file that more gradients fit."""
        written = (getattr(n, "value", None) for part in self.update.loop.body for n in ast.walk(part))
        known = (*self.update.start.values(), *written)
        rates = {1.0, *(v for v in known if isinstance(v, float) and 0 < v < 1)}
        right = {}
        for rate in sorted(rates, reverse=True):
            self.rates = dict.fromkeys(self.params, rate)
            right[rate] = len(right_slopes(self))
        self.rates = dict.fromkeys(self.params, max(right, key=lambda rate: right[rate]))

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """See Code."""
        other = object.__new__(LoopCode)
        other.__dict__.update(vars(self), params=moved(self.params, rng))
        yield "at another point", other


def _costs(update: Update, run: Values) -> Iterator[tuple[str, Callable[[Values], Any]]]:
    """Readings of what the cost is, each with words for one that is not the file's: a variable that is called so;
    0.5 ||Y - P||^2 of a difference with the labels."""
    made = {k: v for k, v in run.items() if k in update.made or isinstance(v, list)}
    own = [k for k, v in made.items() if re.fullmatch(COSTS, plain(k)) and np.size(_last(v)) == 1]
    for name in sorted(own, key=lambda k: len(plain(k))):
        yield "", partial(_variable, name)
    if own:
        return
    for node in (n for part in update.loop.body for n in ast.walk(part)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            sides = {role(getattr(side, "id", "")): getattr(side, "id", "") for side in (node.left, node.right)}
            if Role.LABELS in sides and len(sides) == 2 and all(name in run for name in sides.values()):
                labels, other = sides.pop(Role.LABELS), next(iter(sides.values()))
                words = f"no cost in the loop: held against 0.5 ||{labels} - {other}||^2"
                yield words, partial(_squares, labels, other, False)
                yield f"{words} / n", partial(_squares, labels, other, True)


def _variable(name: str, after: Values) -> Any:
    return _last(after[name])


def _squares(labels: str, other: str, mean: bool, after: Values) -> Any:
    J = 0.5 * np.sum((after[labels] - after[other]) ** 2)
    return J / len(after[labels]) if mean else J


def _data(update: Update) -> Iterator[dict[str, Any]]:
    """Data for the loop: none where the file has it, otherwise X and labels that fit the first and the last weights."""
    nodes = [n for part in update.loop.body for n in ast.walk(part) if isinstance(n, ast.Name)]
    made = {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
    absent = dict.fromkeys(n.id for n in nodes if n.id not in made and n.id not in update.start)
    missing = {name: role(name) for name in absent if role(name) in (Role.X, Role.LABELS)}
    if not missing:
        yield {}
        return
    rng, shapes = np.random.default_rng(0), [v.shape for v in update.arrays.values() if v.ndim == 2]
    if not shapes:
        return
    for d, k, columns, encoding in product(shapes[0], shapes[-1], (False, True), ("one-hot", "ints", "column")):
        y = rng.integers(0, k, ROWS)
        one_hot = np.eye(k)[y]
        labels = {"one-hot": one_hot.T if columns else one_hot, "ints": y, "column": y[:, None]}[encoding]
        x = rng.normal(size=(ROWS, d))
        yield {name: (x.T if columns else x) if what is Role.X else labels for name, what in missing.items()}


def _is_gradient(name: str, leaf: Leaf) -> bool:
    """Is a variable called as a parameter is, but for what says gradient?"""
    own, other = (re.findall(r"\w+", text)[-1] for text in (name, leaf.path))
    beside = re.match(r"\['\w*(grad|nabla|^d)", leaf.path) and own == other
    return bool(beside) or plain(own) in stripped(plain(other))


def _holds_arrays(value: Any) -> bool:
    return isinstance(value, np.ndarray | dict | list | tuple)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0


def _last(value: Any) -> Any:
    """A number, or the last of a list of them."""
    if isinstance(value, list):
        return value[-1] if value else np.empty(0)
    return value if isinstance(value, np.ndarray | np.generic | float) else np.empty(0)


def _said(path: str) -> str:
    """W of ['W'], params['W'] of ['params']['W']."""
    return re.sub(r"^\['(\w+)'\]", r"\1", path)
