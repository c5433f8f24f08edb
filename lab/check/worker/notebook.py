"""A notebook as one text of Python: its code cells in order, without magics and shell lines."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import CodeError
from .text import MERGE, Place, SourceText, parse, read

LARGEST = 200_000_000  # bytes: pictures are in it
RUN = "run_magic"  # what a %run becomes: a function that loading.py makes
_PYTHON_CELLS = ("time", "timeit", "capture", "prun", "memit", "skip")  # cell magics below which Python stands
_MAGIC = re.compile(r"^(?P<indent>\s*)(?:[%!?]|[\w, ]+=\s*[%!]\s*\w|[\w.]+\?{1,2}\s*$)")
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)


def is_notebook(text: str) -> bool:
    """Does a text look like a notebook, whatever its file is called?"""
    return re.match(r"\s*\{", text) is not None and re.search(r'"(cells|worksheets)"\s*:', text) is not None


def read_notebook(path: Path) -> tuple[SourceText, Place]:
    """The text of all code cells and words for its lines: "cell 4, line 3" counts cells of code, from 1. Cells that are
    not Python are left out, with a note. Raises CodeError for what is no notebook of Python."""
    source = read(path, LARGEST)
    cells = list(_cells(path.name, source.text))
    starts, lines = [], list[str]()
    for cell in cells:
        starts.append(len(lines))
        lines += cell.split("\n")

    def place(line: int) -> str:
        cell = bisect_right(starts, line - 1)
        return f"cell {cell}, line {line - starts[cell - 1]}"

    notes = list(source.notes)
    texts = list[str]()
    for start, cell in zip(starts, cells, strict=True):
        try:
            texts.append(_python(path, cell, start, place))
        except CodeError as error:
            notes.append(f"a cell is left out: {str(error).removeprefix(f'{path.name}: ')}")
            texts.append("\n" * cell.count("\n"))
    if not any(text.strip() for text in texts):
        raise CodeError("; ".join(notes) if notes else f"{path.name} has no cells of code")
    return SourceText("\n".join(texts), tuple(notes)), place


def _cells(name: str, text: str) -> Iterator[str]:
    """The text of every code cell, of every format of notebooks."""
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        if MERGE.search(text):
            raise CodeError(f"{name}: a merge conflict is not resolved: it has lines that begin with <<<<<<<") from None
        raise CodeError(f"{name} is damaged, it is not JSON: {error}") from None
    if not isinstance(book, dict) or not isinstance(book.get("cells", book.get("worksheets")), list):
        raise CodeError(f"{name} is JSON and no notebook: it has no cells")
    kernel = _at(book, "metadata", "kernelspec")
    language = str(_at(book, "metadata", "language_info", "name") or _at(kernel, "language") or "python").lower()
    if not language.startswith(("python", "ipython", "sage")):
        raise CodeError(f"{name} is a notebook of {language}, not of Python")
    sheets = [book] if "cells" in book else book["worksheets"]
    for cell in (cell for sheet in sheets for cell in _at(sheet, "cells") or ()):
        if _at(cell, "cell_type") == "code" and str(_at(cell, "language") or "python").startswith("python"):
            source = next((cell[key] for key in ("source", "input", "code") if key in cell), "")
            whole = "".join(map(str, source)) if isinstance(source, list) else str(source)
            yield whole.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def _at(value: Any, *keys: str) -> Any:
    """What stands in dicts in dicts; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _python(path: Path, cell: str, start: int, place: Place) -> str:
    """A cell as Python, line by line."""
    cell = _FUTURE.sub("pass", cell)  # in a text of many cells it would come too late, and Python 3 needs none
    first = re.search(r"^%%(\w*).*$", cell, re.MULTILINE)
    if first is not None and not cell[: first.start()].strip():
        if first[1] not in _PYTHON_CELLS:
            return "\n" * cell.count("\n")
        cell = cell[: first.start()] + cell[first.end() :]
    try:
        parse("\n" * start + cell, str(path), place)
    except CodeError:
        cell = without_magics(cell)
        parse("\n" * start + cell, str(path), place)
    return cell


def without_magics(text: str) -> str:
    """The text with pass in place of magics, shell lines and questions; %run FILE becomes a call."""
    lines, goes_on = list[str](), False
    for line in text.split("\n"):
        magic = _MAGIC.match(line)
        if goes_on:
            lines.append("")
        elif magic is None:
            lines.append(line)
        elif run := re.match(r"\s*%run\s+(?:-\w+\s+)*[\"']?([^\"'\s]+)", line):
            lines.append(f"{magic['indent']}{RUN}({run[1]!r})")
        else:
            lines.append(f"{magic['indent']}pass")
        goes_on = (goes_on or magic is not None) and line.endswith("\\")
    return "\n".join(lines)
