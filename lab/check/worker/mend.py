"""Which small change of the file makes wrong gradients right? The changes of edits.py are tried on the functions that
the gradients run, one after the other, against slopes of J that are measured before."""

import contextlib
import io
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, product, zip_longest
from typing import Any, Literal

import numpy as np

from .changes import Edit, Place, places, scaled
from .clock import bounded
from .code import Code
from .edits import axes
from .functions import FunctionCode
from .running import Running, running
from .search import NOTHING, takes_every_example

SECONDS = 3.0  # of processor time for all of it
ONE = 0.2  # for one change, at least: one may never end
MOST = 3  # changes that are told, one after the other
ALIKE = 2  # changes that do the same
POINTS = 3  # at which a change has to be right
SURE, PERHAPS, OTHER, SHARED = range(4)  # how a statement is suspected
RTOL, ATOL = 1e-5, 1e-8
Change = tuple[int, Running, Edit]  # the number of its group, the function


@dataclass(frozen=True)
class Mended:
    """A change and the tensors whose gradients are right with it, and with those before it. instead: of the change
    before it, and not beside it."""

    line: str
    words: str
    right: tuple[str, ...]
    instead: bool = False


@dataclass(frozen=True)
class Found:
    """A change that makes these tensors right."""

    right: frozenset[str]
    group: int
    function: Running
    edit: Edit


class Point:
    """The code at one point, with slopes of J along random directions: the truth, whatever becomes of the file."""

    def __init__(self, code: Code, seed: int) -> None:
        self.code = code
        rng, begun = np.random.default_rng(seed), time.process_time()
        directions = {name: rng.normal(size=np.shape(code.params[name])) for name in code.gradients(code.params)}
        self.patience = max(ONE, 3 * (time.process_time() - begun))  # seconds that one question may take
        self.slopes = {name: (v, self._slope(name, v)) for name, v in directions.items()}
        if not np.all(np.isfinite([slope for _, slope in self.slopes.values()])):
            raise ValueError("the cost is not finite")
        for name in [k for k in self.wrong() if abs(self.slopes[k][1]) < NOTHING]:
            del self.slopes[name]  # 0 would be right
        self._J = code.cost(code.params)

    def _slope(self, name: str, v: Any) -> float:
        value, h = self.code.params[name], 1e-5
        up, down = (float(np.real(self.code.cost({**self.code.params, name: value + s * h * v}))) for s in (1, -1))
        return (up - down) / (2 * h)

    def agrees(self) -> bool:
        """Are the gradients those of J as it is now, and does J react to all that it reacted to?"""
        found = self.gradients()
        for name, (v, before) in self.slopes.items():
            now = self._slope(name, v)
            if not _agrees(found[name], v, now) or (abs(now) < NOTHING < abs(before)):
                return False
        return True

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


def mend(codes: Sequence[Code]) -> tuple[list[Mended], list[str]]:
    """The changes that make the gradients right, or some of those that are wrong, none if none does; where some stay
    wrong, the lines that are for them and for no other. codes: the same code at several points: a change is right at
    all of them."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        points = list(_points(codes))
        if not points:
            return [], []
        functions = list(running(points[0].code))
        # a change may not divide by 0 where the file does not
        strict: Literal["raise", "ignore"] = "raise" if _divides_well(points) else "ignore"
        try:
            with np.errstate(divide=strict, invalid=strict):
                found = list(_search(points, functions, time.process_time() + SECONDS))
                return found, _lines(points[0], functions) if _right(points) < _tensors(points) else []
        finally:
            for function in functions:
                function.restore()


def _divides_well(points: Sequence[Point]) -> bool:
    """Do the gradients come without a division by 0?"""
    try:
        with np.errstate(divide="raise", invalid="raise"):
            return all(point.wrong() is not None for point in points)
    except FloatingPointError:
        return False


def _lines(point: Point, functions: list[Running]) -> list[str]:
    suspects = Suspects(point)
    return [function.place(place.statement) for function in functions for place in suspects.of(function).sure]


def _points(codes: Sequence[Code]) -> list[Point]:
    """Where the code runs, a point first at which something is wrong; none where its numbers are too coarse."""
    points: list[Point] = []
    end = time.process_time() + SECONDS / 2
    for seed, code in enumerate(codes):
        try:
            if isinstance(code, FunctionCode) and not takes_every_example(code):
                if not seed:
                    return []  # it was not understood: J does not react to the data
                continue
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
        suspects = Suspects(points[0])
        best = _best(points, _in_order(functions, suspects), before, end)
        if not best or best[0].right < every:
            best = _with_the_cost(points, functions, suspects) or best
        if not best:
            return
        for found in best:
            place, right = found.function.place(found.edit.statement), tuple(sorted(found.right - before))
            yield Mended(place, found.edit.words(), right, found is not best[0])
        best[0].edit.swap()
        best[0].function.keep()
        if best[0].right == every or time.process_time() > end:
            return


def _best(points: list[Point], changes: Iterable[Change], before: frozenset[str], end: float) -> list[Found]:
    """The first change that makes everything right, with others of its group that do, on other lines; or else the one
    that mends most."""
    every = _tensors(points)
    best: list[Found] = []
    for group, function, edit in changes:
        whole = bool(best) and best[0].right == every
        if time.process_time() > end or (whole and (group > best[0].group or len(best) == ALIKE)):
            break
        if any(edit.statement is found.edit.statement for found in best if whole):
            continue
        right = bounded(partial(_tried, function, edit, points, before), points[0].patience) or frozenset()
        if whole and right == every:
            best.append(Found(right, group, function, edit))
        elif right > (best[0].right if best else before):
            best = [Found(right, group, function, edit)]
            end = min(end, time.process_time() + SECONDS / 6) if right == every else end
    return best


def _with_the_cost(points: list[Point], functions: list[Running], suspects: "Suspects") -> list[Found]:
    """Another axis in what J and the gradients share, with which they agree."""
    end = time.process_time() + SECONDS / 3
    for function in functions:
        for edit in axes(suspects.of(function).shared):
            if time.process_time() > end:
                return []
            if bounded(partial(_agree, function, edit, points), points[0].patience):
                return [Found(_tensors(points), 0, function, edit)]
    return []


def _right(points: Sequence[Point]) -> frozenset[str]:
    """What is right wherever it is a tensor."""
    return _tensors(points) - frozenset().union(*(p.wrong() for p in points))


def _tensors(points: Sequence[Point]) -> frozenset[str]:
    """All that is a tensor somewhere."""
    return frozenset().union(*(p.slopes for p in points))


def _in_order(functions: list[Running], suspects: "Suspects") -> Iterator[Change]:
    """The likely changes of all functions before the others, those of functions that J runs, too, behind those; those
    of statements that are not suspected last of all."""
    number = count()
    for suspected, of_cost in product((True, False), (False, True)):
        some = [f for f in functions if f.of_cost == of_cost]
        known = [suspects.of(f).suspected if suspected else suspects.of(f).others for f in some]
        every = zip_longest(*(f.changes(found) for f, found in zip(some, known, strict=True)))
        for groups, k in zip(every, number, strict=False):
            for function, group in zip(some, groups, strict=True):
                yield from ((k, function, edit) for edit in group or ())


@dataclass(frozen=True)
class Ranked:
    """The statements of a function: those that may hold the mistake, first those whose values go into all that is wrong
    and nothing else (`sure`); the others; those whose values go into J, too."""

    suspected: list[Place]
    others: list[Place]
    shared: list[Place]
    sure: list[Place]


class Suspects:
    """Which statements may hold the mistake: those whose values go into wrong gradients only."""

    def __init__(self, point: Point) -> None:
        self.point, self.wrong = point, point.wrong()
        self.start = point.gradients()
        self._known: dict[int, Ranked] = {}

    def of(self, function: Running) -> Ranked:
        """Its statements."""
        if id(function) not in self._known:
            ranks = [(self._rank(function, place), place) for place in places(function.tree)]

            def of(*wanted: int) -> list[Place]:
                return [place for rank in wanted for r, place in ranks if r == rank]

            self._known[id(function)] = Ranked(of(SURE, PERHAPS), of(OTHER), of(SHARED), of(SURE))
        return self._known[id(function)]

    def _rank(self, function: Running, place: Place) -> int:
        """SURE: goes into all wrong gradients and no other; PERHAPS: into some of them, or it cannot be told; OTHER:
        into right ones; SHARED: into J."""
        if (edit := scaled(place)) is None:
            return PERHAPS
        edit.swap()
        try:
            function.run()
            moved = bounded(self._moved, self.point.patience)
            shared = not self.point.same_cost()
        except Exception:
            return PERHAPS
        finally:
            edit.swap()
            function.undo()
        if moved is None:
            return PERHAPS
        if shared:
            return SHARED
        if not moved or moved - self.wrong:
            return OTHER
        return SURE if moved == self.wrong else PERHAPS

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


def _agree(function: Running, edit: Edit, points: list[Point]) -> bool:
    """Are J and the gradients one with the change, at all points?"""
    edit.swap()
    try:
        function.run()
        return all(point.agrees() for point in points)
    except Exception:
        return False
    finally:
        edit.swap()
        function.undo()
