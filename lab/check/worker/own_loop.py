"""The lab's question to code with a loop of its own: train with these data and settings, watched or not."""

from collections.abc import Mapping
from typing import Any

from .course import Course
from .errors import CodeError
from .loops import Loop, Ran, loop_called, ways
from .loops_by_calls import fit_by_calls
from .mfile import Function as OctaveFunction
from .octave_seen import OctaveTracer
from .source import is_octave, returned
from .tracing import Ending, Tracer, Usage, series

Answer = tuple[dict[str, Any], dict[str, Any]]


def fit(namespace: Any, head: dict[str, Any], arrays: Mapping[str, Any]) -> Answer:
    """head: name, sizes, settings (course.py:Course), watched, and the `way` to call it if one is known (-1: look for
    one); calls: is it called for longer and longer, as nothing can be seen in it? arrays: PART/x (n, d) and PART/y
    (n,), start/W1 ... Raises CodeError, and whatever the code raises."""
    loop, course = loop_called(namespace, head["name"]), _course(head, arrays)
    if is_octave(loop.function) and (head["calls"] or not head["watched"]):
        return fit_by_calls(namespace, loop, course, head["way"], head["watched"])
    number, ran, tracer = _first(namespace, loop, course, head["way"], head["watched"])
    facts = {
        "name": loop.name,
        "way": number,
        "series": series(ran.value, returned(loop.function), ran.thing),
        "prints": ran.prints[-200_000:],
        "given": ran.given,
        "columns": ran.columns,
        "watched": True,
    }
    return facts | _facts(tracer), _arrays(tracer)


def _course(head: dict[str, Any], arrays: Mapping[str, Any]) -> Course:
    names = [key.removesuffix("/x") for key in arrays if key.endswith("/x")]
    parts = {name: (arrays[f"{name}/x"], arrays[f"{name}/y"]) for name in names}
    start = {key.removeprefix("start/"): value for key, value in arrays.items() if key.startswith("start/")}
    return Course(parts, tuple(head["sizes"]), start, head["settings"])


def _first(namespace: Any, loop: Loop, course: Course, known: int, watched: bool) -> tuple[int, Ran, Tracer]:
    """The first way to call it that trains: in which its parameters are seen to change, if it is watched. Otherwise
    only what it ends with is looked up."""
    furthest, error, idle = -1, None, None
    for number, way in enumerate(ways(namespace, loop, course)):
        if known not in (-1, number):
            continue
        tracers: list[Tracer] = []

        def watch(entry: Any, columns: bool, tracers: list[Tracer] = tracers) -> Any:
            if is_octave(entry):
                tracers.append(OctaveTracer(course, entry, columns, _of_octave(namespace)))
            else:
                tracers.append((Tracer if watched else Ending)(course, entry, columns))
            return tracers[0]

        try:
            ran = way(watch)
        except Exception as problem:
            seen = len(tracers[0].usages) if tracers else -1
            if seen > furthest or error is None:
                furthest, error = seen, problem
            continue
        if not watched or len(tracers[0].snapshots) > 1:
            return number, ran, tracers[0]
        idle = idle or (number, ran, tracers[0])
    if idle is not None:
        return idle
    raise error or CodeError(f"there is no way to call {loop.name}()")


def _of_octave(namespace: Any) -> list[OctaveFunction]:
    return [value for value in vars(namespace).values() if isinstance(value, OctaveFunction)]


def _facts(tracer: Tracer) -> dict[str, Any]:
    return {
        "usages": [_usage(usage) for usage in tracer.usages],
        "snapshots": len(tracer.snapshots),
        "averages": len(tracer.averages),
        "final": tracer.final,
        "final_averages": tracer.final_averages,
        "names": tracer.names,
        "cut": tracer.full,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "part": usage.part,
        "index": [int(i) for i in usage.index],
        "whole": usage.whole,
        "function": usage.function,
        "line": usage.line,
        "params": usage.params,
        "averages": usage.averages,
        "labels": None if usage.labels is None else [int(k) for k in usage.labels],
        "dtype": usage.dtype,
        "returned": [[name, value if isinstance(value, list) else None] for name, value in usage.returned],
    }


def _arrays(tracer: Tracer) -> dict[str, Any]:
    """params/NUMBER/W1, averages/NUMBER/PATH, values/USAGE, returned/USAGE/PLACE."""
    found = {f"params/{i}/{name}": v for i, taken in enumerate(tracer.snapshots) for name, v in taken.items()}
    found |= {f"averages/{i}/{name}": v for i, taken in enumerate(tracer.averages) for name, v in taken.items()}
    for i, usage in enumerate(tracer.usages):
        if usage.values is not None:
            found[f"values/{i}"] = usage.values
        for j, (_, value) in enumerate(usage.returned):
            if not isinstance(value, list):
                found[f"returned/{i}/{j}"] = value
    return found
