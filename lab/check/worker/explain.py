"""Exceptions of a student's code in words, with the line of the file."""

import inspect
import re
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .code import Code
from .errors import CodeError
from .loaded import Loaded
from .source import text
from .territory import own
from .values import Function

FILL_IN = "# fill in:"


class Home:
    """The student's file: lines of it are worth naming."""

    loaded: Loaded | None = None


def where(error: BaseException) -> str:
    """'12: the line' of the last frame in the student's folder; 'cell 4, line 3: the line' in a notebook."""
    loaded = Home.loaded
    folder = str(loaded.path.parent) if loaded else ""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(folder)]
    if isinstance(error, SyntaxError) and error.lineno:
        return f"line {error.lineno}: {(error.text or '').strip()}"
    if not frames:
        return ""
    last = frames[-1]
    own = loaded is not None and last.filename == str(loaded.path)
    line = loaded.place(last.lineno or 0) if loaded is not None and own else f"line {last.lineno}"
    return f"{line}: {last.line}"


def explain(error: BaseException) -> str:
    """An exception in words."""
    if isinstance(error, CodeError):
        return str(error)
    if Home.loaded is not None and (reason := Home.loaded.reason(error)):
        return reason
    line = where(error)
    if FILL_IN in line:  # of an adapter, see lab/check/adapter.py
        return f"{line.partition(':')[0]} is to be filled in: {line.partition(FILL_IN)[2].strip()}"
    place = f"{line.removesuffix(':')}: " if line else ""
    if isinstance(error, SystemExit):
        return f"{place}the file ends the program (SystemExit)"
    try:
        return f"{place}{type(error).__name__}: {error}".rstrip(" :")
    except Exception:  # of its own __str__
        return f"{place}{type(error).__name__}"


def frames(error: BaseException) -> list[str]:
    """The traceback of an exception, without what is not the student's: "mine.py, line 12, in cost: J = loss / 0"."""
    loaded, found = Home.loaded, []
    for frame in traceback.extract_tb(error.__traceback__):
        if not own(frame.filename):
            continue
        main = loaded is not None and frame.filename == str(loaded.path)
        line = loaded.place(frame.lineno or 0) if loaded is not None and main else f"line {frame.lineno}"
        found.append(f"{Path(frame.filename).name}, {line}, in {frame.name}: {frame.line}")
    return found


ALWAYS_THEIRS = (NameError, ImportError, NotImplementedError, RecursionError, OSError, AssertionError, SystemExit)


def theirs(error: BaseException, sure: bool) -> bool:
    """Is what ended a try worth telling, or does it come from what was guessed? sure: every argument is known. A
    TypeError or a shape that does not fit says nothing of the code if it was given something else than it takes."""
    if isinstance(error, CodeError):
        return sure
    if isinstance(error, ALWAYS_THEIRS):
        return True
    if isinstance(error, AttributeError) and _is_of_another_order(error):
        return False
    return sure and bool(where(error)) and not unpacks(error)


def _is_of_another_order(error: AttributeError) -> bool:
    """Is an attribute missing that another method sets, or that no number, text or list can have? Then the methods were
    called in another order, or with something else, than they are meant to be."""
    plain = isinstance(error.obj, int | float | str | list | tuple | dict | None)
    return plain or re.search(rf"self\.{error.name}\b.*=", text(type(error.obj))) is not None


OF_GUESSES = (TypeError, AttributeError, IndexError, KeyError, ValueError, ArithmeticError)


def is_ours(error: BaseException) -> bool:
    """Did it come up before any line of the student's was reached? Then it tells how they were called, and nothing of
    what they wrote."""
    return isinstance(error, OF_GUESSES) and not where(error)


def unpacks(error: BaseException) -> bool:
    """Is something else given than the code unpacks, as in n, c, h, w = x.shape or in x, h = cache?"""
    return isinstance(error, ValueError | TypeError) and "unpack" in str(error)


def line_of(action: Callable[[], object], context: AbstractContextManager[Any]) -> str:
    """' (line 12: ...)' of the student's file at which an action fails in a stricter context; "" if it does not."""
    try:
        with context:
            action()
    except Exception as error:
        return f" ({where(error)})" if where(error) else ""
    return ""


def random_line(code: Code) -> str:
    """Where the file calls a generator, as far as a glance at its text can tell."""
    for function in code.calls.values():
        try:
            lines, start = inspect.getsourcelines(function)  # type: ignore[arg-type]
        except (OSError, TypeError):
            continue
        for i, line in enumerate(lines):
            if re.search(r"rand|rng|shuffle|permutation", line):
                return f" (line {max(start, 1) + i}: {line.strip()}): it draws random numbers without a fixed seed"
    return ": does it draw random numbers without a fixed seed?"


def place(function: Function | None) -> str:
    """Where a function of the file begins: "line 12", "cell 4, line 3"; empty if that is not known."""
    loaded = Home.loaded
    line = None if loaded is None or function is None else loaded.where(function)
    return "" if loaded is None or line is None else loaded.place(line)
