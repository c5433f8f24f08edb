"""Which small change of the file makes wrong gradients right? The changes of edits.py are tried on the functions that
the gradients run, one after the other, against slopes of J that are measured before."""

import ast
import contextlib
import copy
import gc
import io
import re
import sys
import time
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from .clock import bounded
from .code import Code
from .edits import Edit, Place, edits, places, pool, scaled
from .explain import Home
from .families import SLOPE
from .functions import FunctionCode
from .roles import plain
from .search import NOTHING, takes_every_example
from .source import signature, tree
from .territory import own

SECONDS = 3.0  # of processor time for all of it
ONE = 0.2  # for one change: one may never end
MOST = 3  # changes that are told
POINTS = 3  # at which a change has to be right
LAST = 9  # the rank of statements that are not suspected
RTOL, ATOL = 1e-5, 1e-8


@dataclass(frozen=True)
class Mended:
    """A change and the tensors whose gradients are right with it, and with those before it."""

    line: str
    words: str
    right: tuple[str, ...]


class Point:
    """The code at one point, with slopes of J along random directions: the truth, whatever becomes of the file."""

    def __init__(self, code: Code, seed: int) -> None:
        self.code = code
        rng, h = np.random.default_rng(seed), 1e-5
        self.slopes: dict[str, tuple[Any, float]] = {}
        for name in code.gradients(code.params):
            value = code.params[name]
            v = rng.normal(size=np.shape(value))
            up, down = (float(np.real(code.cost({**code.params, name: value + s * h * v}))) for s in (1, -1))
            self.slopes[name] = v, (up - down) / (2 * h)
        self.hopeless = frozenset[str]()
        self.hopeless = frozenset(k for k in self.wrong() if abs(self.slopes[k][1]) < NOTHING)  # 0 would be right
        self._J = code.cost(code.params)

    def same_cost(self) -> bool:
        """Is J what it was?"""
        return bool(self.code.cost(self.code.params) == self._J)

    def gradients(self) -> dict[str, Any]:
        """What the file gives here."""
        return self.code.gradients(self.code.params)

    def wrong(self) -> frozenset[str]:
        """The tensors whose gradients are wrong here."""
        found = self.gradients()
        return frozenset(
            k for k, (v, slope) in self.slopes.items() if k not in found or not _agrees(found[k], v, slope)
        )


def _agrees(gradient: Any, v: Any, slope: float) -> bool:
    if np.shape(gradient) != v.shape:
        return False
    given = np.sum(gradient * v)
    return bool(abs(given - slope) <= RTOL * (abs(given) + abs(slope)) + ATOL)


class Running:
    """A function of the file that the gradients run: its objects, its tree, the names in it, and the functions of the
    file that may be derivatives."""

    def __init__(self, code: types.CodeType, functions: list[Any], values: Mapping[str, Any], tree: ast.AST) -> None:
        file = functions[0].__globals__
        self.code, self.functions, self.tree, self.names = code, functions, tree, pool(tree, values, file)
        own = [k for k, f in file.items() if isinstance(f, types.FunctionType) and re.search(SLOPE, plain(k))]
        self.derivatives = [k for k in own if len(signature(file[k])) == 1]
        self._kept, self._module = code, _module(tree, code)

    def run(self) -> None:
        """Let the function be what its tree says. Raises SyntaxError or ValueError if that cannot be."""
        self._be(_compiled(self._module, self.code))

    def keep(self) -> None:
        """From now on undo() leaves it as its tree says."""
        self._kept = _compiled(self._module, self.code)
        self.undo()

    def undo(self) -> None:
        """Let the function be what was kept."""
        self._be(self._kept)

    def restore(self) -> None:
        """Let the function be what it was in the file."""
        self._be(self.code)

    def _be(self, code: types.CodeType) -> None:
        for function in self.functions:
            function.__code__ = code

    def changes(self, suspected: bool, found: "Suspects") -> Iterator[Iterator[Edit]]:
        """The changes, in groups, of the statements that are suspected, or of the others."""
        return edits(found.of(self)[0 if suspected else 1], self.names, self.derivatives)

    def place(self, statement: ast.stmt) -> str:
        """'line 12' of the file, or with the name of another one."""
        line, loaded = statement.lineno + self.code.co_firstlineno - 1, Home.loaded
        if loaded is None or self.code.co_filename == str(loaded.path):
            return loaded.place(line) if loaded is not None else f"line {line}"
        return f"{Path(self.code.co_filename).name}, line {line}"


def mend(codes: Sequence[Code]) -> list[Mended]:
    """The changes that make the gradients right, or some of those that are wrong; none if none does. codes: the same
    code at several points: a change is right at all of them."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        points = list(_points(codes))
        if not points:
            return []
        functions = list(_running(points[0].code))
        try:
            return list(_search(points, functions, time.process_time() + SECONDS))
        finally:
            for function in functions:
                function.restore()


def _points(codes: Sequence[Code]) -> list[Point]:
    """Where the code runs, a point first at which something is wrong; none where its numbers are too coarse."""
    points: list[Point] = []
    end = time.process_time() + SECONDS / 2
    for seed, code in enumerate(codes):
        try:
            if isinstance(code, FunctionCode) and not takes_every_example(code):
                return []  # it was not understood: J does not react to the data
            if any(np.asarray(g).dtype != np.float64 for g in code.gradients(code.params).values()):
                return []
            points.append(Point(code, seed))
        except Exception:
            continue
        if time.process_time() > end:
            break
    points.sort(key=lambda point: len(point.wrong()), reverse=True)
    return points[:POINTS] if points and points[0].wrong() else []


def _search(points: list[Point], functions: list[Running], end: float) -> Iterator[Mended]:
    """One change after the other, each the first that makes everything right, or else the one that mends most."""
    every = _tensors(points)
    for _ in range(MOST):
        before = _right(points)
        best: tuple[frozenset[str], Running, Edit] | None = None
        for function, edit in _in_order(functions, Suspects(points[0])):
            if time.process_time() > end:
                break
            right = bounded(partial(_tried, function, edit, points, before), ONE) or frozenset()
            if right > (best[0] if best else before):
                best = right, function, edit
            if right == every:
                break
        if best is None:
            return
        right, function, edit = best
        mended = Mended(function.place(edit.statement), edit.words(), tuple(sorted(right - before)))
        edit.swap()
        function.keep()
        yield mended
        if right == every or time.process_time() > end:
            return


def _right(points: Sequence[Point]) -> frozenset[str]:
    """What is right wherever it is a tensor."""
    return _tensors(points) - frozenset().union(*(p.wrong() for p in points))


def _tensors(points: Sequence[Point]) -> frozenset[str]:
    """All that is a tensor somewhere."""
    return frozenset().union(*(p.slopes for p in points))


def _in_order(functions: list[Running], suspects: "Suspects") -> Iterator[tuple[Running, Edit]]:
    """The likely changes of all functions before the others; those of statements that are not suspected last of all."""
    for suspected in (True, False):
        every = zip_longest(*(_groups(function, suspected, suspects) for function in functions))
        yield from ((function, edit) for groups in every for function, group in filter(None, groups) for edit in group)


def _groups(function: Running, suspected: bool, suspects: "Suspects") -> Iterator[tuple[Running, Iterator[Edit]]]:
    yield from ((function, group) for group in function.changes(suspected, suspects))


class Suspects:
    """Which statements may hold the mistake: those whose values go into wrong gradients only."""

    def __init__(self, point: Point) -> None:
        self.point, self.wrong = point, point.wrong()
        self.start = point.gradients()
        self._known: dict[int, tuple[list[Place], list[Place]]] = {}

    def of(self, function: Running) -> tuple[list[Place], list[Place]]:
        """Those that are suspected, first those whose values go into all that is wrong, and the others; none that
        change J."""
        if id(function) not in self._known:
            ranks = [(self._rank(function, place), place) for place in places(function.tree)]
            ranked = sorted((one for one in ranks if one[0] is not None), key=lambda one: one[0] or 0)
            split = [place for rank, place in ranked if rank != LAST], [p for rank, p in ranked if rank == LAST]
            self._known[id(function)] = split
        return self._known[id(function)]

    def _rank(self, function: Running, place: Place) -> int | None:
        """0: goes into all wrong gradients and no other; 1: into some of them, or it cannot be told; None: into J."""
        if (edit := scaled(place)) is None:
            return 1
        edit.swap()
        try:
            function.run()
            moved = bounded(self._moved, ONE)
        except Exception:
            return 1
        finally:
            edit.swap()
            function.undo()
        if moved is None:
            return 1
        if not moved or moved - self.wrong:
            return LAST
        return 0 if moved == self.wrong else 1

    def _moved(self) -> frozenset[str]:
        found = self.point.gradients()
        return frozenset(k for k, g in found.items() if not np.array_equal(g, self.start[k]))


def _tried(function: Running, edit: Edit, points: list[Point], before: frozenset[str]) -> frozenset[str]:
    """The tensors that are right at all points with the change, none if the change spoils one or changes J."""
    edit.swap()
    try:
        function.run()
        wrong = points[0].wrong()
        if wrong & before or not points[0].slopes.keys() - wrong - before:
            return frozenset()
        right = _tensors(points) - wrong.union(*(p.wrong() for p in points[1:]))
        return right if right > before and all(point.same_cost() for point in points) else frozenset()
    except Exception:
        return frozenset()
    finally:
        edit.swap()
        function.undo()


def _running(code: Code) -> Iterator[Running]:
    """The file's functions that the gradients run, what is called last first."""
    frames: dict[types.CodeType, dict[str, Any]] = {}

    def seen(frame: types.FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code not in frames and own(frame.f_code.co_filename):
            frames[frame.f_code] = dict(frame.f_locals)

    sys.setprofile(seen)
    try:
        code.gradients(code.params)
    finally:
        sys.setprofile(None)
    alive = [f for f in gc.get_objects() if isinstance(f, types.FunctionType) and f.__code__ in frames]
    for found, values in reversed(frames.items()):
        functions = [f for f in alive if f.__code__ == found]
        text = tree(functions[0]) if functions else None
        node = text.body[0] if isinstance(text, ast.Module) and text.body else None
        if isinstance(node, ast.FunctionDef) and node.name == found.co_name:
            yield Running(found, functions, values, copy.deepcopy(node))


def _module(function: ast.AST, code: types.CodeType) -> ast.Module:
    """A module with a function's tree in it, in a class and with the free variables that it had."""
    assert isinstance(function, ast.FunctionDef)
    keep = ast.parse(f"if 0: ({', '.join(code.co_freevars)},)").body if code.co_freevars else []
    function.body[:0] = keep
    function.decorator_list, function.returns = [], None
    owner = code.co_qualname.split(".")[:-1]
    wrapped: list[ast.stmt] = [function]
    if owner and owner[-1] != "<locals>":
        wrapped = [ast.ClassDef(owner[-1], [], [], [function], [])]
    free = [name for name in code.co_freevars if name != "__class__"]
    outer = ast.parse(f"def _around():\n    {' = '.join([*free, 'None']) if free else 'pass'}").body[0]
    assert isinstance(outer, ast.FunctionDef)
    outer.body += wrapped
    return ast.fix_missing_locations(ast.Module([outer], []))


def _compiled(module: ast.Module, code: types.CodeType) -> types.CodeType:
    """The code of the function in a module. Raises ValueError if it has other free variables."""
    found = _inside(compile(module, code.co_filename, "exec"), code.co_name)
    if found.co_freevars != code.co_freevars:
        raise ValueError("other free variables")
    return found


def _inside(code: types.CodeType, name: str) -> types.CodeType:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return next((c for c in inner if c.co_name == name), None) or _inside(inner[0], name)
