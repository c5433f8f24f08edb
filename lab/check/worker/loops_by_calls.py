"""A training loop that nothing can be watched in, as Octave runs it: trained for one epoch of a single batch, for two,
and so on, it shows by what it returns what each update was."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from .course import Course
from .errors import CodeError
from .loops import Loop, Ran, ways
from .matching import leaves, match
from .source import returned
from .tracing import series

Answer = tuple[dict[str, Any], dict[str, Any]]
LENGTHS = ("epochs", "updates")  # settings that say how long it trains: where the data are one batch, the same


def fit_by_calls(namespace: Any, loop: Loop, course: Course, known: int, watched: bool) -> Answer:
    """See own_loop.py:fit. course: of a single batch if the loop is watched."""
    number, ran = _first(namespace, loop, course, known)
    end = _parameters(loop, ran)
    snapshots = [dict(course.start), *_shorter(namespace, loop, course, number, ran)] if watched and end else []
    snapshots += [end] if end else []
    if watched and any(not _moves(a, b) for a, b in pairwise(snapshots)):
        snapshots = []  # it trains as long whatever it is told
    every = list(range(len(next(iter(course.parts.values()))[1])))
    usages = [_usage(loop.name, every, i) for i in range(len(snapshots) - 1)] if watched else []
    facts = {
        "name": loop.name,
        "way": number,
        "series": _losses(loop, ran, end),
        "prints": ran.prints[-200_000:],
        "given": ran.given,
        "columns": ran.columns,
        "watched": False,
        "usages": usages,
        "snapshots": len(snapshots),
        "averages": 0,
        "final": len(snapshots) - 1,
        "final_averages": -1,
        "names": {f"{s.letter}{s.layer + 1}": s.name for s in ran.world.slots},
        "cut": False,
    }
    return facts, {f"params/{i}/{name}": v for i, taken in enumerate(snapshots) for name, v in taken.items()}


def _unwatched(entry: Any, columns: bool) -> AbstractContextManager[Any]:
    """A with-block in which nothing is watched."""
    return nullcontext()


def _first(namespace: Any, loop: Loop, course: Course, known: int) -> tuple[int, Ran]:
    """The first way to call it that runs, best with all parameters in what it returns."""
    error, ran = None, None
    for number, way in enumerate(ways(namespace, loop, course)):
        if known not in (-1, number):
            continue
        try:
            found = number, way(_unwatched)
        except Exception as problem:
            error = error or problem
            continue
        if _parameters(loop, found[1]) or known == number:
            return found
        ran = ran or found
    if ran is None:
        raise error or CodeError(f"there is no way to call {loop.name}()")
    return ran


def _shorter(namespace: Any, loop: Loop, course: Course, number: int, ran: Ran) -> Iterator[dict[str, Any]]:
    """The parameters after one update, after two, and so on, but for the last."""
    if not any(length in ran.given for length in LENGTHS):
        return
    for count in range(1, int(course.settings["updates"])):
        own = replace(course, settings={**course.settings, **dict.fromkeys(LENGTHS, count)})
        yield _parameters(loop, list(ways(namespace, loop, own))[number](_unwatched))


def _parameters(loop: Loop, ran: Ran) -> dict[str, Any]:
    """W1 (d, m), b1 (m,) ... in what it returned; none if one of them is missing."""
    found = leaves(ran.value, returned(loop.function))
    slots, turned = ran.world.slots, ran.world.layout.outputs_first
    named = match(slots, found)
    if set(named.places) != {slot.name for slot in slots} or min(named.fits.values()) < 2:
        return {}
    values = {slot: np.asarray(found[named.places[slot.name]].value, np.float64) for slot in slots}
    shaped = {slot: value.reshape(slot.shape) for slot, value in values.items()}
    return {
        f"{s.letter}{s.layer + 1}": np.array(v.T if turned else v) if s.letter == "W" else v.ravel()
        for s, v in shaped.items()
    }


def _losses(loop: Loop, ran: Ran, end: dict[str, Any]) -> dict[str, list[float]]:
    """The series that it returned, but for its parameters."""
    found = series(_squeezed(ran.value), returned(loop.function))
    own = [value.ravel().tolist() for value in end.values()]
    return {name: numbers for name, numbers in found.items() if numbers not in own}


def _moves(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Is any number another?"""
    return any(not np.array_equal(value, after[name]) for name, value in before.items() if name in after)


def _usage(name: str, every: list[int], params: int) -> dict[str, Any]:
    """All examples in one batch."""
    return {
        "part": "train", "index": every, "whole": False, "function": name, "line": 0, "params": params, "averages": -1,
        "labels": None, "dtype": "float64", "returned": [],
    }  # fmt: skip


def _squeezed(value: Any) -> Any:
    """What Octave returned without axes of length 1."""
    if isinstance(value, np.ndarray):
        return np.atleast_1d(np.squeeze(value))
    if isinstance(value, dict):
        return {key: _squeezed(part) for key, part in value.items()}
    return [_squeezed(part) for part in value] if isinstance(value, list | tuple) else value
