"""Functions that give a loss and gradients, and whose arguments no name tells: word vectors, losses of one example.

What an argument is (a vector, a matrix, the number of a row ...) is found by running: where a line fails, another shape
is tried for the arguments that it reads, and the shapes are kept with which the function comes further.
"""

import itertools
import re
import traceback
import warnings
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any

import numpy as np

from .code import Code
from .dice import seed
from .errors import CodeError, NoWayError
from .families import COST, GRADIENT, NUMERICAL, OTHER
from .functions import right_slopes as agreeing
from .matching import ALIKE, Leaf, alike, by_likeness, leaves
from .octave import OctaveError
from .roles import Role, key_letter, plain, role, stripped
from .source import indexes_with, is_octave, returned, signature, text
from .values import Function, number, own_copy

RUNS, JUDGED = 900, 3  # the most that the shapes may cost: calls, and readings in which it runs
SIZES = (4, 6, 5, 3)  # of vectors, rows, a hidden layer, classes
Form = tuple[Any, ...]  # a shape, ("row",) the number of one, ("rows",) of several, ("one",) a number, ("draws",);
# ("labels", 3, 4) and ("mask", 3, 4) of words side by side, ("count", 4) a size
VECTORS: tuple[Form, ...] = tuple((size,) for size in SIZES)
MATRICES: tuple[Form, ...] = tuple(itertools.permutations(SIZES, 2))
SQUARE: tuple[Form, ...] = tuple((size, size) for size in SIZES)
ROW = r"(\w*(idx|index|indices|word|label|target|class|token|center|centre|context|outside|neg\w*|samples?)s?|[yijkt])"
ROWS = r"\w*(indices|samples|negatives|contexts?|words|tokens|inputs?|ids)|negs?|xs|ids"
LINES = 1 << 20  # more than a file has
COUNT = r"(n|num|nr|number)(of)?[a-z]{4,}"
MASK, GRID = r"masks?|(pad(ding)?|seq(uence)?)masks?", (3, 4, 5)
DRAWS = r"dataset|sampler|corpus|data_?set|vocab"


class Draws:
    """Stands for a data set from which words are drawn: every method gives the number of the next row."""

    def __init__(self) -> None:
        self.next = 0

    def __getattr__(self, name: str) -> Any:
        def drawn(*_: Any, **__: Any) -> int:
            self.next += 1
            return (0, 1, 0, 1, 2, 2, 1)[self.next % 7]

        return drawn


def gives_gradients_beside(name: str, function: Function) -> bool:
    """Does it return a loss and gradients beside it, by its name or by theirs?"""
    names = returned(function)
    if len(names) < 2 or re.search(rf"{OTHER}|{NUMERICAL}", plain(name)):
        return False
    if re.search(COST, plain(name)) and re.search(GRADIENT, plain(name)):
        return True
    loss = re.search(COST, plain(names[0])) or plain(names[0]) in ("j", "l", "e", "nll", "ce")
    own = {plain(p.name) for p in signature(function)}
    told = r"d[A-Z_]|d[a-z]$|g[A-Z_]|grad|delta|nabla"
    return bool(loss) and all(re.match(told, n) or plain(n)[1:] in own for n in names[1:])


class SolvedCode(Code):
    """A function with arguments in these forms. moved: argument -> the place of its gradient among what is returned."""

    form = "functions"

    def __init__(
        self, function: Function, names: list[str], forms: Mapping[str, Form], moved: Mapping[str, int], rng: Any
    ) -> None:
        self.function, self.names, self.forms, self.moved = function, names, dict(forms), dict(moved)
        self.values = {name: _value(form, function, name, rng) for name, form in forms.items()}
        self.params = {name: self.values[name] for name in moved}
        name = _name(function)
        self.calls = {f"the loss of {name}()": function, f"{name}()": function}
        slots = [{"name": k, "letter": key_letter(k), "layer": 0, "turned": False} for k in moved]
        self.facts = {"kind": "solved", "slots": slots, "has_cost": True}

    def is_sure(self) -> bool:
        """Is every gradient called like its argument, or is there no other of its shape?"""
        shapes = [v.shape for v in self.values.values() if isinstance(v, np.ndarray)]
        names = {name: self.names[place] if place < len(self.names) else "" for name, place in self.moved.items()}
        alone = {name for name in names if shapes.count(self.values[name].shape) == 1}
        return all(name in alone or alike(name, gradient) > ALIKE for name, gradient in names.items())

    def is_in_order(self) -> bool:
        """Do the gradients come as their arguments do?"""
        return list(self.moved) == [name for name in self.values if name in self.moved]

    def _made(self, params: Mapping[str, Any]) -> list[Leaf]:
        seed()
        made = _called(self.function, {**self.values, **params})
        return leaves(made, self.names)

    def cost(self, params: Mapping[str, Any]) -> Any:
        """See Code."""
        return number(self._made(params)[0].value, next(iter(self.calls)))

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """See Code."""
        made = self._made(params)
        return {name: np.array(made[place].value) for name, place in self.moved.items() if place < len(made)}

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """See Code."""
        yield "at another point", SolvedCode(self.function, self.names, self.forms, self.moved, rng)


def solve(function: Function, rng: Any, names: list[str] | None = None, ordered: bool = False) -> SolvedCode:
    """The code of a function, with forms of its arguments in which it runs. names: of what it returns; ordered: are the
    gradients sure to come as the arguments do? Raises the error that came furthest."""
    solver = _Solver(function, names or returned(function), rng)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        solver.search({name: forms[0] for name, forms in solver.domains.items()}, frozenset())
    best, right = solver.best, solver.right
    in_order = best is not None and bool(right or ordered) and best.is_in_order()
    if best is None or not (right == len(best.moved) or best.is_sure() or in_order):
        raise solver.error or CodeError(f"no arguments are known with which {_name(function)}() runs")
    return best


def solve_surely(function: Function, rng: Any, names: list[str] | None = None) -> SolvedCode:
    """The same of a function that other ways have not understood. Where labels are subtracted from outputs of another
    shape, it may run and mean nothing: then its gradients must be right. Raises CodeError."""
    code = solve(function, rng, names)
    masked = ("labels", *GRID[:2]) in code.forms.values()
    told = any(role(name) is Role.LABELS for name in code.forms)
    right = len(agreeing(code))
    if not masked and right < len(code.moved) and (told or not right):
        raise CodeError(f"no arguments are known with which {_name(function)}() surely runs as it is meant")
    return code


def solve_pair(forward: Function, backward: Function, rng: Any, ordered: bool = False) -> SolvedCode:
    """The same of a step and its way back: J is sum(c * out) with a random c. Raises the error that came furthest."""

    @wraps(forward)
    def step(**given: Any) -> Any:
        made = forward(**given)
        parts = made if isinstance(made, tuple) else (made,)
        wanted = len(signature(backward)) - 1  # the last is the cache
        outs = [np.asarray(part) for part in parts[: max(1, wanted)]]
        cotangents = [np.random.default_rng(7 + i).normal(size=out.shape) for i, out in enumerate(outs)]
        J = sum(np.sum(c * out) for c, out in zip(cotangents, outs, strict=True))
        found = backward(*cotangents, parts[-1])
        return J, *(found if isinstance(found, tuple | list) else (found,))

    try:
        return solve(step, rng, ["J", *returned(backward)], ordered)
    except Exception as error:  # what is told is what another way has asked for
        raise NoWayError(f"no arguments are known with which {_name(forward)}() runs") from error


def cost_beside(functions: Mapping[str, Function], gradient: Function) -> Function | None:
    """The cost that takes the same arguments as a gradient function, or some of them; None if there is none."""
    own = {plain(p.name) for p in signature(gradient)}
    bare = stripped(plain(_name(gradient)))
    found = []
    for name, f in functions.items():
        wanted = {plain(p.name) for p in signature(f) if p.default is p.empty}
        called = re.search(COST, plain(name)) and not re.search(rf"{GRADIENT}|{NUMERICAL}|{OTHER}", plain(name))
        if f is not gradient and len(wanted) > 1 and wanted <= own and (called or plain(name) in bare):
            found.append((plain(name) in bare, len(wanted), f))
    return max(found, key=lambda each: each[:2])[2] if found else None


def solve_beside(cost: Function, gradient: Function, rng: Any) -> SolvedCode:
    """The same of a gradient function and the cost beside it. Raises the error that came furthest."""
    theirs = {plain(p.name): p.name for p in signature(cost)}

    @wraps(gradient)
    def step(**given: Any) -> Any:
        J = cost(**{theirs[plain(k)]: own_copy(v) for k, v in given.items() if plain(k) in theirs})
        found = gradient(**given)
        return leaves(J)[0].value, *(found if isinstance(found, tuple | list) else (found,))

    step.before = _name(cost)  # type: ignore[attr-defined]
    return solve_surely(step, rng, ["J", *returned(gradient)])


def _name(function: Function) -> str:
    return getattr(function, "__name__", "it")


class _Solver:
    def __init__(self, function: Function, names: list[str], rng: Any) -> None:
        self.function, self.names, self.seed, self.runs = function, names, int(rng.integers(1 << 31)), 0
        wanted = [p.name for p in signature(function) if p.default is p.empty]
        self.domains = {name: list(dict.fromkeys(_forms(function, name))) for name in wanted}
        self.likely = {name: _likely(forms) for name, forms in self.domains.items()}
        self.judged = 0
        self.best: SolvedCode | None = None
        self.right, self.furthest = -1, -1
        self.error: Exception | None = None
        self.seen: set[tuple[Form, ...]] = set()

    def search(self, forms: dict[str, Form], settled: frozenset[str]) -> bool:
        """Try these, and others where a line fails; True if everything is right."""
        line, names = self._run(forms)
        if line is None and self._judge(forms):
            return True
        if line is None and self.judged >= JUDGED:
            return True  # it is the code that is wrong, not the shapes
        free = [name for name in names if name not in settled]
        return any(self._try(forms, change, settled, -1 if line is None else line) for change in self._changes(free))

    def _changes(self, names: list[str]) -> Iterator[dict[str, Form]]:
        """Other forms of arguments: of one, of two at once, and then what is less likely."""
        likely = {name: self.domains[name][: self.likely[name]] for name in names}
        yield from ({name: form} for name, forms in likely.items() for form in forms)
        for one, two in itertools.combinations(names[:4], 2):
            yield from ({one: a, two: b} for a in likely[one] for b in likely[two])
        yield from ({name: form} for name in names for form in self.domains[name][self.likely[name] :])

    def _try(self, forms: dict[str, Form], change: dict[str, Form], settled: frozenset[str], line: int) -> bool:
        other = {**forms, **change}
        key = tuple(other.values())
        if key in self.seen or self.runs > RUNS:
            return False
        self.seen.add(key)
        reached, _ = self._run(other)
        return (reached is None or reached > line) and self.search(other, settled | change.keys())

    def _run(self, forms: Mapping[str, Form]) -> tuple[int | None, list[str]]:
        """None, or the line at which the function fails and the arguments to blame, those that it reads first."""
        self.runs += 1
        rng = np.random.default_rng(self.seed)
        seed()
        try:
            made = _called(self.function, {k: _value(f, self.function, k, rng) for k, f in forms.items()})
            J = number(leaves(made, self.names)[0].value, "it")
            if not np.isfinite(J):
                raise CodeError("the loss is not finite")
        except Exception as error:
            line, said = _failed_at(error, self.function)
            if line > self.furthest:
                self.furthest, self.error = line, error
            read = re.findall(r"[A-Za-z_]\w*", said)
            return line, [name for name in self.domains if name in read] or list(self.domains)
        return None, list(self.domains)

    def _judge(self, forms: Mapping[str, Form]) -> bool:
        """Rank what runs."""
        code = SolvedCode(self.function, self.names, forms, {}, np.random.default_rng(self.seed))
        made = leaves(_called(self.function, code.values), self.names)
        moved = by_likeness(code.values, made, first=1)
        if len(moved) < len(made) - 1 or not moved:
            return False
        code = SolvedCode(self.function, self.names, forms, moved, np.random.default_rng(self.seed))
        right, self.judged = len(agreeing(code)), self.judged + 1
        if right > self.right:
            self.best, self.right = code, right
        return right == len(moved)


def _failed_at(error: Exception, function: Function) -> tuple[int, str]:
    """The line of a function at which it failed, or of the cost that is called before it, and its text, "" if that is
    not known; a line behind all others if it failed elsewhere."""
    if isinstance(error, OctaveError):
        lines = [line for _, name, line in error.stack if name == _name(function)]
        return (lines[0], "") if lines else (2 * LINES, "")
    names = [getattr(function, "before", ""), _name(function)]
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.name in names]
    return (LINES * names.index(own[-1].name) + (own[-1].lineno or 0), own[-1].line or "") if own else (2 * LINES, "")


def _called(function: Function, values: Mapping[str, Any]) -> Any:
    given = {
        k: v.copy() if isinstance(v, np.ndarray) else Draws() if isinstance(v, Draws) else v for k, v in values.items()
    }
    return function(*given.values()) if is_octave(function) else function(**given)


def _forms(function: Function, name: str) -> Iterator[Form]:
    """What an argument may be, the likeliest first."""
    low, what = plain(name), role(name)
    if forms := _of_counts(function, name):
        yield from forms
        return
    array = rf"\b{name}(\[|\.(T|shape|dot|sum)\b| *[-+*/@])|[-+*/@] *{name}\b"
    if re.fullmatch(DRAWS, low) and not re.search(array, text(function)):
        yield ("draws",)
        return
    masked = any(re.fullmatch(MASK, plain(p.name)) for p in signature(function))
    if masked and any(role(p.name) is Role.LABELS for p in signature(function)):  # words side by side, some left out
        yield ("mask", *GRID[:2]) if re.fullmatch(MASK, low) else ("labels", *GRID[:2]) if what is Role.LABELS else GRID
    if re.fullmatch(MASK, low):
        yield from (("mask", *pair) for pair in MATRICES)
        return
    if what is Role.LAMBDA:
        yield ("one",)
        return
    several = re.fullmatch(ROWS, low) or re.search(
        rf"\bin {name}\b|len\({name}\)|in enumerate\({name}\)", text(function)
    )
    if indexes_with(function, name) or re.fullmatch(ROW, low) or _handed_on(function, name):
        yield from ((("rows",), ("row",)) if several else (("row",), ("rows",)))
    if what is Role.LABELS:
        yield from (("row",), ("one",), *VECTORS)
    matrix = name[:1].isupper() or what is Role.W or re.search(r"vectors|vecs|mat|embed|^u$|^v$", low)
    if what is Role.B:
        yield from (*VECTORS, ("one",), *((size, 1) for size in SIZES))
    yield from ((*MATRICES, *VECTORS) if matrix else (*VECTORS, *MATRICES))
    yield from SQUARE
    yield ("one",)


def is_told_sizes(function: Function) -> bool:
    """cofiCostFunc(params, Y, R, num_users, num_movies, lambda): is it given sizes and a vector, and no inputs?"""
    roles = [role(p.name) for p in signature(function)]
    counts = [p for p in signature(function) if re.fullmatch(COUNT, plain(p.name))]
    return len(counts) > 1 and roles.count(Role.NETWORK) == 1 and Role.X not in roles


def _of_counts(function: Function, name: str) -> list[Form]:
    """What an argument may be where a function is told sizes, num_users and num_movies, and has all parameters in one
    vector: a size, a vector of products of sizes, or an array of two of them; nothing for other functions."""
    if not is_told_sizes(function):
        return []
    names = [p.name for p in signature(function)]
    counts = dict(zip([n for n in names if re.fullmatch(COUNT, plain(n))], SIZES, strict=False))
    if name in counts:
        return [("count", counts[name])]
    if role(name) is Role.NETWORK:
        products = [a * b for a, b in itertools.combinations(counts.values(), 2)]
        several = range(2, len(products) + 1)
        lengths = [sum(chosen) for k in several for chosen in itertools.combinations(products, k)]
        return [(length, 1) if is_octave(function) else (length,) for length in lengths]
    if role(name) is Role.LAMBDA:
        return [("one",)]
    pairs = list(itertools.permutations(counts.values(), 2))
    return [("mask", *pair) for pair in pairs] if re.fullmatch(f"r|rated|{MASK}", plain(name)) else pairs


def _likely(forms: list[Form]) -> int:
    """How many of the forms are of one sort with the first."""
    alike = [len(form) == len(forms[0]) and isinstance(form[0], str) == isinstance(forms[0][0], str) for form in forms]
    return next((i for i, same in enumerate(alike) if not same), len(forms))


def _handed_on(function: Function, name: str) -> bool:
    """Is it compared, or used as an index in what it is called in a loop?"""
    return re.search(rf"\[{name}\]|\[{name},|, *{name}\]", text(function)) is not None


def _value(form: Form, function: Function, name: str, rng: Any) -> Any:
    if form == ("row",):
        return int(rng.integers(1, 3))
    if form == ("rows",):
        return np.array([1, 2, 1])
    if form == ("draws",):
        return Draws()
    if form[0] == "count":
        return form[1]
    if form[0] == "mask":
        return np.arange(np.prod(form[1:])).reshape(form[1:]) % 3 > 0
    if form[0] == "labels":
        return rng.integers(GRID[-1], size=form[1:])
    if form == ("one",):
        return np.float64(rng.choice([-1.0, 1.0])) if role(name) is Role.LABELS else np.float64(0.3 * rng.normal())
    value = rng.normal(size=form) * 0.6
    positive = re.search(rf"log\( *{name} *\)|\b{name} */[^=\n]*\*\*|\b{name} *\*\* *\w*alpha", text(function))
    return np.abs(value) + 0.4 if positive else value
