"""A training in Octave, watched: every function of the student's tells what it is given, what it returns, and what the
variables of its caller are then. Afterwards that is gone through as if it were happening (tracing.py)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .course import Course
from .matlab import Definition, header, read_m
from .mfile import INSIDE, Function, over_all
from .tracing import Tracer

SEEN = Path(__file__).with_name("octave_seen.m")
MOST = 6000  # events that are kept
WATCHED = """
function varargout = {name} (varargin)
  global gradlab_files
  names = evalin ("caller", "who");
  values = cell (size (names));
  for i = 1:numel (names)
    values{{i}} = evalin ("caller", names{{i}});
  end
  gradlab_saw ("beside", "", names, values);
  names = {{{arguments}}};
  count = min (nargin, numel (names));
  gradlab_saw ("given", "{name}", names(1:count), varargin(1:count));
  varargout = cell (1, nargout);
  [varargout{{:}}] = {calls} (varargin{{:}});
  names = {{{outputs}}};
  count = min (nargout, numel (names));
  gradlab_saw ("made", "{name}", names(1:count), varargout(1:count));
end
"""


@dataclass(eq=False)
class Frame:
    """A function that is being run, with the fields of Python's frames that a Tracer reads."""

    f_code: Any
    f_locals: dict[str, Any]
    f_back: "Frame | None"
    f_lineno: int = 0
    f_globals: dict[str, Any] = field(default_factory=dict)


class OctaveTracer(Tracer):
    """A with-block in which a training in Octave is watched. entry: its function; functions: all of the student's."""

    first = 1

    def __init__(self, course: Course, entry: Function, columns: bool, functions: Sequence[Function]) -> None:
        code = SimpleNamespace(co_name=entry.__name__)
        super().__init__(course, code, columns)  # type: ignore[arg-type]
        self._function, self._functions, self._stopped = entry, functions, False

    def __enter__(self) -> "OctaveTracer":
        octave = self._function.octave
        for definition in read_m(SEEN.name, SEEN.read_text()).functions:
            octave.call("eval", definition.text, outputs=0)
        empty = f"global gradlab_seen; gradlab_seen = struct('most', {MOST}, 'last', struct());"
        octave.call("eval", f"{empty} gradlab_seen.events = gradlab_seen.values = {{}};", outputs=0)
        for function in self._functions:
            self._watch(function)
        return self

    def __exit__(self, *error: object) -> None:
        for function in self._functions:
            _leave(function)
        if error[0] is None:
            events, values = self._function.octave.call("gradlab_all_seen", outputs=2)
            self._replay(events, values)

    @property
    def full(self) -> bool:
        """Is enough seen?"""
        return super().full or self._stopped

    def _watch(self, function: Function) -> None:
        """Put a function that tells into the place of another."""
        name, outputs = function.__name__, _quoted(function.definition.outputs)
        if _evaluated(function):
            ends = "gradlab_look ();" if function is self._function else ""
            function.octave.call("eval", _renamed(function.definition, ends), outputs=0)
            calls = f"{INSIDE}{name}"
        else:  # a file may hold functions of its own that it calls
            function.octave.call("eval", f"global gradlab_files; gradlab_files.{name} = @{name};", outputs=0)
            calls = f"gradlab_files.{name}"
        text = WATCHED.format(name=name, arguments=_quoted(function.definition.arguments), outputs=outputs, calls=calls)
        function.octave.call("eval", text, outputs=0)

    def _replay(self, events: Sequence[Any], values: Sequence[Any]) -> None:
        at: Frame | None = None
        known = {function.__name__: function for function in self._functions}
        for kind, name, names, numbers in events:
            seen = {n: values[int(i) - 1] for n, i in zip(names, numbers.reshape(-1), strict=True)}
            if kind == "given":
                at = Frame(self._code(known[name]), seen, at)
                self._call(at, "call", None)  # type: ignore[arg-type]
            elif at is not None and kind == "beside":
                at.f_locals.update(seen)
                self._inside(at, "line", None)  # type: ignore[arg-type]
            elif at is not None:
                at.f_locals.update(seen if at.f_code is self.entry else {})
                made = tuple(seen.values())
                self._inside(at, "return", made if len(made) > 1 else next(iter(made), None))  # type: ignore[arg-type]
                at = at.f_back
        self._stopped = len(events) >= MOST

    def _code(self, function: Function) -> Any:
        """What Python knows of a function's code."""
        if function is self._function:
            code: Any = self.entry
        else:
            code = SimpleNamespace(co_name=function.__name__)
        names = function.definition.arguments
        code.co_filename, code.co_varnames, code.co_argcount = str(function.begins[0]), names, len(names)
        return code


def _evaluated(function: Function) -> bool:
    """Was its text given to Octave? Else Octave finds its file."""
    return function.own or over_all(function.definition.text) != function.definition.text


def _leave(function: Function) -> None:
    """Put a function back."""
    if _evaluated(function):
        function.octave.call("eval", over_all(function.definition.text), outputs=0)
    else:
        function.octave.call("clear", "-f", function.__name__, outputs=0)


def _renamed(definition: Definition, ends: str) -> str:
    """A function under another name. ends: a statement that it ends with."""
    start, stop = header(definition).span("name")
    text = f"{definition.text[:start]}{INSIDE}{definition.text[start:stop]}{definition.text[stop:]}"
    return over_all(re.sub(r"\b(end|endfunction)\s*;?\s*$", rf"{ends} \1\n", text))


def _quoted(names: Sequence[str]) -> str:
    """Names in a cell of MATLAB; what a function takes of any number has none."""
    return ", ".join(f"'{name}'" for name in names if name not in ("varargin", "varargout"))
