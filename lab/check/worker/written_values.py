"""Values as Python: the ones an adapter knows by a name, and those that are short enough to be written out."""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .outputs import Outputs

SHORT = 100  # labels that are written out
DEEP = 4  # how far what forward returns is looked through


def walk(value: Any, said: str, depth: int = 0) -> Iterator[tuple[Any, str]]:
    """What is in lists, tuples and dicts, and how it is reached."""
    yield value, said
    if depth == DEEP:
        return
    if isinstance(value, dict):
        inside = [(f"[{k!r}]", v) for k, v in value.items()]
    else:
        inside = [(f"[{i}]", v) for i, v in enumerate(value)] if isinstance(value, list | tuple) else []
    for step, part in inside:
        yield from walk(part, said + step, depth + 1)


def value_of(value: Any, known: Sequence[tuple[Any, str]], outputs: Outputs | None = None) -> str:
    """A value as Python: one that is known, something in what forward returned, or written out. "" if it is neither."""
    if isinstance(value, np.ndarray):
        for other, said in known:
            if other is value or (np.shape(other) == value.shape and np.array_equal(other, value)):
                return said
    if outputs is not None and isinstance(value, np.ndarray | list | tuple | dict):
        for part, said in walk(outputs.value, "out"):
            if part is value:
                return said
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, bool | int | str) or value is None:
        return repr(value)
    if isinstance(value, float | np.floating):
        return repr(float(value))
    if value is np.float64:
        return "np.float64"
    if isinstance(value, np.random.Generator):
        return "np.random.default_rng(1)"
    return _inside(value, lambda part: value_of(part, known, outputs))


def _inside(value: Any, said: Callable[[Any], str]) -> str:
    """A list, tuple, dict or namespace with its parts."""
    if isinstance(value, list | tuple):
        parts = [said(part) for part in value]
        written = ", ".join(parts) + ("," if isinstance(value, tuple) and len(parts) == 1 else "")
        return "" if not all(parts) else f"[{written}]" if isinstance(value, list) else f"({written})"
    if not isinstance(value, dict | SimpleNamespace):
        return ""
    named = {k: said(part) for k, part in (value if isinstance(value, dict) else vars(value)).items()}
    if not all(named.values()):
        return ""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {part}" for k, part in named.items()) + "}"
    return "SimpleNamespace(" + ", ".join(f"{k}={part}" for k, part in named.items()) + ")"


def _plain_array(value: Any) -> str:
    """Zeros, ones, or whole numbers; "" for others."""
    for number, maker in ((0, "zeros"), (1, "ones")):
        if np.all(value == number):
            return f"np.{maker}({value.shape})"
    short = value.size <= SHORT and value.dtype.kind in "iu"
    return f"np.array({value.tolist()})" if short else ""


def drawn(value: Any, letter: str) -> str:
    """Python that draws a parameter like this one: nothing is 0 or 1."""
    shape = np.shape(value)
    if letter == "W":
        said = f"{1.5 / min(max(shape, default=1), 30) ** 0.5:.2g} * rng.normal(size={shape})"
    elif letter == "gamma":
        said = f"rng.uniform(0.6, 1.6, {shape})"
    else:
        said = f"{'' if letter == 'x' else '0.3 * '}rng.normal(size={shape})"
    single = getattr(value, "dtype", None) == np.float32
    return f"({said}).astype(np.float32)" if single else said
