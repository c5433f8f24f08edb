"""What loading a file gives."""

import inspect
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .text import Place, plain


@dataclass(frozen=True)
class Loaded:
    """A student's file. `namespace`: its functions and classes as attributes; `notes`: sentences for the student;
    `text`: its lines as they were run; `absent`: name -> why it is not in the namespace; `place`: a line of `text` in
    words, as "line 12" or "cell 4, line 3"."""

    path: Path
    namespace: types.ModuleType
    notes: tuple[str, ...]
    text: str
    absent: Mapping[str, str] = field(default_factory=dict)
    place: Place = plain

    def where(self, thing: object) -> int | None:
        """The line of `text` where a function or class of the file begins; None if it is not of this file."""
        if hasattr(thing, "begins"):  # a function of Octave
            path, line = thing.begins
            return int(line) if path == self.path else None
        thing = inspect.unwrap(thing) if callable(thing) else thing
        if isinstance(thing, type):
            return self._line_of_class(thing) if thing.__module__ == self.namespace.__name__ else None
        code = getattr(getattr(thing, "__func__", thing), "__code__", None)
        return code.co_firstlineno if code is not None and code.co_filename == str(self.path) else None

    def _line_of_class(self, made: type) -> int | None:
        """Of several classes of one name the last is meant, or the last before the methods."""
        methods = [line for part in vars(made).values() if not isinstance(part, type) and (line := self.where(part))]
        heads = re.finditer(rf"^[ \t]*class[ \t]+{made.__name__}\b", self.text, re.MULTILINE)
        lines = [self.text.count("\n", 0, head.start()) + 1 for head in heads]
        return max((line for line in lines if not methods or line < min(methods)), default=None)

    def reason(self, error: BaseException) -> str:
        """Why a name that the code misses is not there: "X is not there: line 12 is left out (...)"; else empty."""
        name = getattr(error, "name", None)
        if isinstance(error, NameError) and name is not None and name in self.absent:
            return f"{name} is not there: {self.absent[name]}"
        return ""
