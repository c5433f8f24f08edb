"""Arrays in an object of the student's: where they are, which are parameters, how they are changed and restored."""

import ast
import copy
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .dice import generators, seed
from .matching import Leaf, Slot
from .roles import key_letter, plain, stripped, tensor
from .scopes import Scope
from .source import signature, text

DEPTH, MOST = 7, 3000  # how far and how much of an object is looked at
CONTAINERS = (
    "value",
    "params",
    "parameters",
    "grads",
    "grad",
    "gradients",
    "gradient",
    "dparams",
    "network",
    "gparams",
)


WRITTEN = {"w": "ws|weights?", "b": "bs|bias(es)?", "gamma": "gammas|scales?", "beta": "betas|shifts?"}
NUMBER = r"b(ias)?\d?|intercept"  # a parameter that is a plain number: the bias of a single output
VALUE = r"(.*)(?:\.|\[')(?:data|value|val|values|array|v)(?:'\])?"  # of a parameter that keeps its gradient beside it
GRADIENT = r"(?:\.|\[')_?(?:d|g|grad|grads|gradient|dvalue|ddata)(?:'\])?"


@dataclass(frozen=True)
class Place:
    """Where an array is: an attribute of an object, or an item of a list or dict."""

    path: str
    owner: Any
    key: Any

    def get(self) -> Any:
        """What is there now."""
        return self.owner.__dict__[self.key] if self.path.endswith(f".{self.key}") else self.owner[self.key]

    def put(self, value: Any) -> None:
        """Put something else there; nothing happens in a tuple."""
        if self.path.endswith(f".{self.key}"):
            self.owner.__dict__[self.key] = value
        elif not isinstance(self.owner, tuple):
            self.owner[self.key] = value


def places(thing: Any) -> Iterator[Place]:
    """The places of all arrays and numbers in an object, its lists, dicts and the objects in it."""
    seen: set[int] = set()

    def walk(value: Any, path: str, depth: int) -> Iterator[Place]:
        if depth > DEPTH or id(value) in seen or len(seen) > MOST:
            return
        seen.add(id(value))
        for step, owner, key, part in inside(value):
            if isinstance(part, np.ndarray | np.floating | float | int) or part is None:
                yield Place(path + step, owner, key)
                if getattr(part, "__dict__", None):  # an array that carries its gradient: w.g
                    yield from walk(part, path + step, depth + 1)
            else:
                yield from walk(part, path + step, depth + 1)

    yield from walk(thing, "", 0)


def arrays_in(thing: Any, letter: str) -> list[Any]:
    """The arrays in an object that are called by a letter, W1 and W2 for W, in their order; all of them for ""."""
    found = {}
    for place in places(thing):
        value = place.get()
        if (
            isinstance(value, np.ndarray)
            and value.dtype.kind == "f"
            and letter in ("", key_letter(last_name(place.path)))
        ):
            found[id(value)] = value
    return list(found.values())


def inside(value: Any) -> list[tuple[str, Any, Any, Any]]:
    """What is in an object, a dict or a list: the step to it, its owner, its key and itself."""
    if isinstance(value, dict):
        return [(f"[{k!r}]", value, k, v) for k, v in list(value.items())]
    if isinstance(value, list | tuple):
        return [(f"[{i}]", value, i, v) for i, v in enumerate(value)]
    if isinstance(value, FunctionType | MethodType | ModuleType | type | np.random.Generator):
        return []
    if isinstance(value, Scope):
        return [(f".{k}", value, k, v) for k, v in list(value.__dict__.items()) if k in value.names]
    return [(f".{k}", value, k, v) for k, v in list(getattr(value, "__dict__", {}).items())]


def short(path: str) -> str:
    """A path as a student would say it: W1 for .params['W1']."""
    path = path.removeprefix(".")
    found = re.fullmatch(r"(?:\w*params|parameters|network|weights|theta|model)\['(\w+)'\](.*)", path)
    return found[1] + found[2] if found else path


class State:
    """The parameters in an object. `slots`: one for every parameter; `in_place`: must its arrays be written to because
    the code reads them under other names?"""

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.slots: tuple[Slot, ...] = ()
        self.in_place = False
        self.silent: frozenset[str] = frozenset()  # parameters the cost does not react to
        self.making: Any = None  # construct.Making, if the check has made it
        self.numbers: Mapping[str, float] = {}  # attributes that are to hold other numbers than they do
        self._where: dict[str, list[Place]] = {}
        self._first = _copied({k: v for _, _, k, v in inside(thing)})

    def reset(self) -> None:
        """Make the object what it was when it was new."""
        inside = self.thing.__dict__
        for key in [k for k in inside if k not in self._first and not isinstance(self.thing, Scope)]:
            del inside[key]
        inside.update(_copied(self._first))

    def shrink(self, factor: float) -> None:
        """Let a new object have smaller weights."""
        self.reset()
        for group in self.groups():
            value = group[0].get()
            if sum(size > 1 for size in np.shape(value)) > 1:
                _put(group, (factor * value).astype(value.dtype), in_place=True)
        self._first = _copied({k: v for _, _, k, v in inside(self.thing)})

    def rebind(self) -> None:
        """Find the parameters again, in an object that was reset since."""
        self._settle([group[0].path for group in self._where.values()])

    def copy(self) -> "State":
        """Another view of the same object."""
        return copy.copy(self)

    def groups(self) -> list[list[Place]]:
        """The places of every floating-point array; several where one array has several."""
        found: dict[int, list[Place]] = {}
        for place in places(self.thing):
            value = place.get()
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
                found.setdefault(id(value), []).append(place)
            elif _is_parameter(place, value):
                found[id(place)] = [place]
        return list(found.values())

    def discover(self, cost: Callable[[], float], data: Sequence[Any]) -> None:
        """Find the parameters: the arrays that a new object has and that the cost reacts to. data: what is none."""
        self.reset()
        rng = np.random.default_rng(7)
        start = cost()
        kept: list[str] = []
        self.reset()
        for paths in [[p.path for p in group] for group in self.groups()]:
            group = self._at(paths)
            value = np.asarray(group[0].get(), float if np.ndim(group[0].get()) == 0 else None)
            if any(np.shape(value) == np.shape(d) and np.array_equal(value, d) for d in data):
                continue
            moved = value + (0.1 + 0.1 * np.abs(value)) * rng.normal(size=value.shape)
            for in_place in (False, True):
                try:
                    _put(group, moved.astype(value.dtype), in_place)
                    reacts = cost() != start
                except Exception:
                    reacts = False
                self.reset()
                group = self._at(paths)
                if reacts:
                    kept.append(paths[0])
                    self.in_place |= in_place
                    break
        beside = self._beside(kept)
        self._settle([*kept, *beside])
        self.silent = frozenset(short(path) for path in beside)

    def _beside(self, kept: Sequence[str]) -> list[str]:
        """Arrays called W, b, gamma or beta and kept beside those the cost reacts to, though it does not react to them:
        a bias before batch normalisation, or one that forward forgets."""
        parents = {_parent(path) for path in kept}
        others = [group[0].path for group in self.groups() if group[0].path not in kept]
        return [path for path in others if _parent(path) in parents and key_letter(last_name(path)) not in ("", "x")]

    def _at(self, paths: Sequence[str]) -> list[Place]:
        return [place for place in places(self.thing) if place.path in paths]

    def _settle(self, paths: Sequence[str]) -> None:
        groups = [group for group in self.groups() if group[0].path in paths]
        self._where = {}
        layers: dict[str, int] = {}
        slots = []
        for group in groups:
            value, path = np.asarray(group[0].get()), group[0].path
            own = tensor(_owner(path)).letter if value.ndim else "b"
            letter = own or ("W" if sum(axis > 1 for axis in value.shape) > 1 else "b")
            layer = layers.get(letter, 0)
            layers[letter] = layer + 1
            slots.append(Slot(short(path), letter, layer, value.shape))
            self._where[short(path)] = group
        self.slots = tuple(by_number(slots))

    @property
    def values(self) -> dict[str, Any]:
        """The parameters as they are."""
        return {name: _array(group[0].get()) for name, group in self._where.items()}

    def holding(self, values: Mapping[str, Any]) -> "Holding":
        """A with-block in which the parameters have these values; afterwards they are what they were."""
        places = {name: [Place(f".{name}", self.thing, name)] for name in self.numbers}
        return Holding(self._where | places, {**values, **self.numbers}, self.in_place)

    def where(self) -> dict[str, list[Place]]:
        """Parameter -> its places in the object."""
        return dict(self._where)

    def leaves(self) -> list[Leaf]:
        """All other arrays and numbers in the object."""
        own = {place.path for group in self._where.values() for place in group}
        found = [place for place in places(self.thing) if place.path not in own]
        return [Leaf(p.path, value) for p in found if isinstance(value := p.get(), np.ndarray | np.floating | float)]

    def zero(self, paths: set[str]) -> None:
        """Set the arrays at these paths to 0."""
        for place in places(self.thing):
            value = place.get()
            if place.path in paths and value is not None:
                place.put(0.0 if np.ndim(value) == 0 else np.zeros_like(value))

    def zeroes(self, paths: Iterable[str]) -> bool:
        """Does the file of the object, or one of those of the objects in it, set one of these to 0 or None, or clear
        them, outside the methods that make them?"""
        paths = set(paths)
        names = {re.findall(r"[A-Za-z_]\w*", path)[0 if "['" in path else -1] for path in paths}
        names |= {name for path in paths for name in re.findall(r"[A-Za-z_]\w*", path)}
        owners = {type(place.owner).__module__ for place in places(self.thing) if place.path in paths}
        modules = [sys.modules.get(name) for name in {type(self.thing).__module__, *owners} - {"builtins"}]
        nodes = [node for module in modules for node in called_later(text(module))]
        return any(_zeroes(n, names) or _is_zeroing(n) for n in nodes if not _makes(n, names))

    def twin(self, slot: Slot, leaf: Leaf) -> bool:
        """Is this array called the gradient of the parameter: dW beside W, grads['W1'] beside params['W1']?"""
        path = self._where[slot.name][0].path if slot.name in self._where else f".{slot.name}"  # a state is given
        return path != leaf.path and (is_twin(path, leaf.path) or self._stands_beside(path, leaf.path))

    def namesake(self, slot: Slot, leaf: Leaf) -> bool:
        """Is this array called the gradient of what the parameter stands for: dW[0] beside weights[0]?"""
        return slot.name in self._where and is_namesake(self._where[slot.name][0].path, leaf.path)

    def _stands_beside(self, param: str, leaf: str) -> bool:
        """Is it .grads[1] beside .ws[1], where all parameters are in one list?"""
        owner, number = re.fullmatch(r"(.*?)\[(\d+)\]|(.*)", param).groups()[:2]  # type: ignore[union-attr]
        alone = owner and all(group[0].path.startswith(f"{owner}[") for group in self._where.values())
        beside = re.fullmatch(r"(.*)\.(\w+)\[(\d+)\]", leaf)
        if not alone or beside is None:
            return False
        gradients = re.fullmatch(r"(d|all)?(grads?|gradients?)", plain(beside[2]))
        return bool(gradients) and (beside[1], beside[3]) == (_parent(param), number)


def _is_parameter(place: Place, value: Any) -> bool:
    """Is it a plain number that is called as a parameter is, b, theta0, w, and no setting of the constructor?"""
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    name = last_name(place.path)
    if re.fullmatch(NUMBER, plain(name)):
        return True
    called = isinstance(value, float) and key_letter(name) in ("W", "b")
    maker: Callable[..., Any] = type(place.owner)
    return called and name not in [p.name for p in signature(maker)]


def by_number(slots: Sequence[Slot]) -> list[Slot]:
    """The slots, with b, gamma and beta in the layer of the W that has their number, where some layers have none: b2
    beside W1 and W2."""
    weights = {tensor(slot.name).number: slot.layer for slot in slots if slot.letter == "W"}
    if None in weights or len(weights) < sum(slot.letter == "W" for slot in slots):
        return list(slots)
    return [replace(slot, layer=weights.get(tensor(slot.name).number, slot.layer)) for slot in slots]


def _array(value: Any) -> Any:
    """A copy of a parameter, as an array if it is a plain number."""
    return value.copy() if isinstance(value, np.ndarray) else np.asarray(float(value))


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy; locks, generators and files stay the same ones."""
    known: dict[int, Any] = {id(g): g for g in generators(dict(values))}
    result = {}
    for name, value in values.items():
        try:
            result[name] = copy.deepcopy(value, known)
        except Exception:
            result[name] = value
    return result


def _put(group: Sequence[Place], value: Any, in_place: bool) -> None:
    if in_place and isinstance(group[0].get(), np.ndarray):
        group[0].get()[...] = value
        return
    for place in group:
        old = place.get()
        arrays = isinstance(old, np.ndarray) and isinstance(value, np.ndarray)
        place.put(value.view(type(old)) if arrays else value)


class Holding:
    """See State.holding."""

    def __init__(self, where: Mapping[str, list[Place]], values: Mapping[str, Any], in_place: bool) -> None:
        self._values = {name: value for name, value in values.items() if name in where}
        self._where, self._in_place = where, in_place
        self._before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}

    def __enter__(self) -> "Holding":
        seed()
        for name, value in self._values.items():
            group = self._where[name]
            before = group[0].get()
            self._before[name] = before.copy() if self._in_place and isinstance(before, np.ndarray) else before
            _put(group, value.copy() if isinstance(value, np.ndarray) else value, self._in_place)
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._values:
            group = self._where[name]
            self.after[name] = np.array(group[0].get())
            _put(group, self._before[name], self._in_place)


def is_twin(param: str, leaf: str) -> bool:
    """Do two paths differ only by what says 'gradient' in the second?"""
    if re.fullmatch(re.escape(_owner(param)) + GRADIENT, leaf) or _same_key(param, leaf):
        return True
    a, b = _tokens(param), _tokens(leaf)
    pairs = zip(a, b, strict=False)
    return len(a) == len(b) and all(x == y or _written(x) in map(_written, stripped(y)) for x, y in pairs)


def _written(word: str) -> str:
    """A word as its letter, if it is that in the plural or written out: w for Ws and weights, w1 for weights1."""
    found = re.fullmatch(r"(\D+)(\d*)", word)
    letter = next((letter for letter, words in WRITTEN.items() if found and re.fullmatch(words, found[1])), None)
    return letter + found[2] if found and letter else word


def is_namesake(param: str, leaf: str) -> bool:
    """Do two paths differ only by words for the same letter, of which the second says 'gradient'?"""
    a, b = _tokens(param), _tokens(leaf)
    apart = [(x, y) for x, y in zip(a, b, strict=False) if x != y]
    return len(a) == len(b) and len(apart) == 1 and all(_letter_and_number(x) in _stands_for(y) for x, y in apart)


def _letter_and_number(word: str) -> tuple[str, str]:
    """W and 1 of weights1."""
    return key_letter(word), re.sub(r".*?(\d*)$", r"\1", word)


def _stands_for(gradient: str) -> list[tuple[str, str]]:
    """W and 1 of dw1, in the ways in which it can be read."""
    return [found for word in stripped(gradient) if (found := _letter_and_number(word))[0]]


def _same_key(param: str, leaf: str) -> bool:
    """Is it .gradients['W1'] beside .weights['W1']?"""
    a, b = (re.fullmatch(r"(.*)\.(\w+)\['(\w+)'\]", path) for path in (param, leaf))
    same = a is not None and b is not None and (a[1], a[3]) == (b[1], b[3])
    return bool(same and b and re.fullmatch(r"(d|all)?(grads?|gradients?)", plain(b[2])))


def _owner(path: str) -> str:
    """The parameter that keeps its value and its gradient, by the path of the value: .weight for .weight.data."""
    value = re.fullmatch(VALUE, path)
    return value[1] if value and value[1] else path


def _parent(path: str) -> str:
    """Where something is kept: a path without its last name and the numbers behind it."""
    return re.sub(r"(\.\w+|\['\w+'\])(\[\d+\])*$", "", path)


def last_name(path: str) -> str:
    """The last name in a path: W of .W[0]."""
    return str((re.findall(r"[A-Za-z_]\w*", path) or [""])[-1])


def _tokens(path: str) -> list[str]:
    words = [plain(word) for word in re.split(r"[\[\].']+", path) if word]
    return [word for word in words if word not in CONTAINERS]


def functions(source: str) -> list[ast.FunctionDef]:
    """The functions and methods of a text, but not __init__."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name != "__init__"]


def called_later(source: str) -> list[ast.FunctionDef]:
    """The functions and methods of a text but for __init__ and what is called nowhere else: they make an object."""
    found = functions(source)
    nodes = list(ast.walk(ast.parse(source))) if found else []
    first = _calls(
        n for init in nodes if isinstance(init, ast.FunctionDef) and init.name == "__init__" for n in ast.walk(init)
    )
    later = _calls(nodes) - first
    return [node for node in found if node.name in later or node.name not in first]


def _calls(nodes: Iterable[ast.AST]) -> Counter[str]:
    """How often each function or method is called in these."""
    called = [n.func for n in nodes if isinstance(n, ast.Call)]
    return Counter(f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in called)


def _named(node: ast.AST, names: set[str]) -> bool:
    return any(
        (isinstance(n, ast.Attribute) and n.attr in names)
        or (isinstance(n, ast.Name) and n.id in names)
        or (isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value in names)
        for n in ast.walk(node)
    )


def _makes(function: ast.FunctionDef, names: set[str]) -> bool:
    return any(
        isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add) and _named(n.target, names)
        for n in ast.walk(function)
    )


def _is_zeroing(function: ast.FunctionDef) -> bool:
    """Is it called zero_grad, and does it set to 0 what it knows by other names: for _, g in self.parameters()?"""
    if not re.fullmatch(r"(zero|reset|clear)(all)?(param(eter)?s?)?(grad|gradient)s?", plain(function.name)):
        return False
    return _zeroes(function, {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} - {"self"})


def _zeroes(function: ast.FunctionDef, names: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(_named(target, names) for target in node.targets):
            if re.search(r"zeros|\b0(\.0*)?\b|None|\{\}|\[\]", ast.unparse(node.value)):
                return True
        elif (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult) and _named(node.target, names)) or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("fill", "clear")
            and _named(node.func.value, names)
        ):
            return True
    return False
