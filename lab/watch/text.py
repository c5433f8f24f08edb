"""Text, line by line: CSV with any usual separator, one JSON object to a line, or what a program prints.

A line counts once its end has been written. What is no row of the table (a greeting, a torn line) is skipped.
"""

import ast
import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO

import numpy as np

from lab.watch.columns import is_known, role, split_of, steps
from lab.watch.log import Log
from lab.watch.printed import printed

MANY = 1 << 14  # characters that are worth a look whether all of their lines are numbers
LONGEST = 1 << 20  # characters of a line; a longer one is no row
SEPARATORS = ("\t", ";", ",", "|", " ", "")  # a space: any white space; nothing: one column
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # the second: what PowerShell writes

_NO_NUMBER = re.compile(r"[+-]?(?:nan(?:\(.*\))?|\d\.#(?:ind|qnan|snan)\w*|#num!|#div/0!)", re.I)  # C, MSVC, Excel
_ENDLESS = re.compile(r"([+-]?)(?:inf(?:inity)?|\d\.#inf\w*)", re.I)
_WRAPPED = re.compile(r"[\w.]+\(([^(),]*)(?:,.*)?\)")  # np.float64(0.5), tensor(0.5, device='cuda:0')
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]+)?")
_TABLE = re.compile(r"[-+.0-9eE,;|\t \n]*")  # numbers and what may stand between them
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8, as Windows programs write letters with accents."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("as-latin", _as_latin)


def number(text: str, separator: str = ",") -> float | None:
    """The number in a cell: nan where it says so, None if there is none. A decimal comma is understood; between commas
    "1,234" is a thousand and some."""
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return float(text.replace("d", "e").replace("D", "e"))
    if not text or len(text) > 100:
        return None
    if wrapped := _WRAPPED.fullmatch(text):
        return number(wrapped[1], separator)
    if text.endswith("%"):
        share = number(text[:-1], separator)
        return None if share is None else share / 100
    if _NO_NUMBER.fullmatch(text):
        return float("nan")
    if endless := _ENDLESS.fullmatch(text):
        return float(f"{endless[1]}inf")
    if "," not in text:
        return None
    if separator == "," and _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    swedish = re.sub(r"[ .\u00a0\u202f](?=\d{3})", "", text).replace(",", ".")
    return float(swedish) if _PLAIN.fullmatch(swedish) else None


class TextRows:
    """Adds to a log what the bytes of a text file say, in whatever pieces they come."""

    def __init__(self, log: Log, names: Sequence[str] = (), separator: str = ",") -> None:
        """names, separator: of the table so far, where a new file continues an old one."""
        self.names, self.separator = list(names), separator
        self._log = log
        self._bytes = b""  # until it is known how they are encoded
        self._decoder: codecs.IncrementalDecoder | None = None
        self._rest: list[str] = []
        self._length = 0
        self._heading = ""  # a line that may turn out to be a header
        self._nameless = False  # are the names ours?
        self._counted: dict[str, float] = {}  # what was printed before the values: "Epoch 3/10" alone in a line

    def feed(self, data: bytes, last: bool = False) -> None:
        """More bytes; last: the file ends with them, and so does its last line."""
        for line, stays in self._lines(self._without_table(self._decoded(data, last))):
            self._read(line, stays)
        if last and self._rest:
            self._read("".join(self._rest))
            self._rest, self._length = [], 0

    def _decoded(self, data: bytes, last: bool) -> str:
        if self._decoder is None:
            data = self._bytes + data
            if len(data) < 3 and not last:
                self._bytes = data
                return ""
            encoding = next((name for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
            errors = "as-latin" if encoding == "utf-8" else "replace"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
        return self._decoder.decode(data, last)

    def _without_table(self, text: str) -> str:
        """The text behind its last line, if all its lines are rows of numbers, which are read at once; or all of it."""
        end = text.rfind("\n") + 1
        if len(text) < MANY or not end or not self.names or self._heading or self._length > LONGEST:
            return text
        lines = "".join([*self._rest, text[:end]]).replace("\r\n", "\n")
        if not _TABLE.fullmatch(lines):
            return text
        separator = self.separator if self.separator.strip() else None
        try:
            table = np.loadtxt(StringIO(lines), delimiter=separator, comments=None, ndmin=2)
        except ValueError:  # rows of several lengths
            return text
        if table.shape[1] != len(self.names):
            return text
        self._log.add_all(self.names, table)
        self._rest, self._length = [], 0
        return text[end:]

    def _lines(self, text: str) -> Iterator[tuple[str, bool]]:
        """The lines that end in this text, and whether they stay in a terminal: what \\r ends is written over. What is
        too long for a line comes as an empty one."""
        *ended, rest = re.split(r"([\r\n])", text)
        for line, end in zip(ended[::2], ended[1::2], strict=True):
            yield "".join([*self._rest, line]) if self._length + len(line) <= LONGEST else "", end == "\n"
            self._rest, self._length = [], 0
        self._length += len(rest)
        if self._length > LONGEST:
            self._rest = []
        elif rest:
            self._rest.append(rest)

    def _read(self, line: str, stays: bool = True) -> None:
        line = line.replace("\0", "").lstrip("\ufeff")  # a file cut short under a writer begins with zeros
        words = line.strip()
        if not words:
            return
        if words.lstrip("[, ").startswith("{"):
            self._read_object(words.strip("[, ]"))
        elif words[0] in "#%":  # as numpy.savetxt and MATLAB write a header
            self._keep_heading(words.lstrip("#% "))
        elif self.names and (self._as_headed(line) or self._as_before(line)):
            return
        elif not (self._as_printed(line, stays) or self._as_headed(line) or self._as_nameless(line)):
            self._set_aside(line)

    def _as_printed(self, line: str, stays: bool) -> bool:
        """Names and their numbers, as programs print them."""
        counted, measured = printed(line)
        if not counted and not measured:
            return False
        if not stays:  # a progress bar: the next line is written over it
            return True
        self._counted |= counted
        if any(map(role, measured)):
            self._add_row({name: repr(value) for name, value in {**self._counted, **measured}.items()}, ",")
        return True

    def _as_headed(self, line: str) -> bool:
        """The first row below a header: both have the same number of cells, whatever separates them."""
        for separator in SEPARATORS if self._heading else ():
            names, cells = _cells(self._heading, separator), _cells(line, separator)
            if len(names) != len(cells) or (len(cells) == 1) != (separator == "") or _numbers(names, separator):
                continue
            numbers = _numbers(cells, separator)
            if numbers and (any(map(is_known, names)) or (not self.names and numbers == len(cells))):
                self._take(_distinct(names), separator)
                self._add(cells)
                return True
        return False

    def _take(self, names: list[str], separator: str) -> None:
        if self._nameless and len(names) == len(self.names):
            self._log.rename(dict(zip(self.names, names, strict=True)))
        self.names, self.separator, self._heading, self._nameless = names, separator, "", False

    def _as_before(self, line: str) -> bool:
        """A row of the table that is being read."""
        cells = _cells(line, self.separator) if self.names else []
        while len(cells) > len(self.names) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(self.names) or not any(number(cell, self.separator) is not None for cell in cells):
            return False
        self._add(cells)
        return True

    def _as_nameless(self, line: str) -> bool:
        """The first row of a table without a header: numbers and nothing else."""
        for separator in () if self.names else SEPARATORS:
            cells = _cells(line, separator)
            if (len(cells) == 1) == (separator == "") and _numbers(cells, separator) == len(cells):
                self.names, self.separator = _distinct([""] * len(cells)), separator
                self._nameless = True
                self._add(cells)
                return True
        return False

    def _set_aside(self, line: str) -> None:
        if any(number(cell) is not None for cell in _cells(line, self.separator)):
            self._log.skipped += 1
        else:
            self._keep_heading(line)

    def _keep_heading(self, line: str) -> None:
        if _known(line) >= _known(self._heading):  # a line of units may stand below the names
            self._heading = line

    def _add(self, cells: Sequence[str]) -> None:
        self._add_row(dict(zip(self.names, cells, strict=True)), self.separator)

    def _add_row(self, cells: Mapping[str, str], separator: str) -> None:
        row: dict[str, float] = {}
        split = None
        for name, cell in cells.items():
            value = number(cell, separator)
            if value is not None:
                row[name] = value
            else:
                split = split or split_of(cell)
        if split:  # a row of one part: "phase" says which
            row = {name if steps(name) else f"{split} {name}": value for name, value in row.items()}
        self._log.add(row)

    def _read_object(self, line: str) -> None:
        try:
            read = _object(line)
            rows = [dict(_flat(each, "")) for each in (read if isinstance(read, list | tuple) else [read])]
        except (ValueError, RecursionError, SyntaxError, MemoryError):
            self._log.skipped += 1
            return
        for cells in rows:
            self._add_row(cells, ",")


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if not separator:
        return [line.strip()]
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t"))
    except (csv.Error, StopIteration):
        return []


def _numbers(cells: Sequence[str], separator: str) -> int:
    """How many of the cells hold a number."""
    return sum(number(cell, separator) is not None for cell in cells)


def _known(line: str) -> int:
    """How many names of columns in a line say what they hold."""
    return max(sum(map(is_known, _cells(line, separator))) for separator in SEPARATORS)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names of columns, without two that are alike; "column 3" where there is none."""
    distinct: list[str] = []
    for place, name in enumerate(names, 1):
        name = name.strip() or f"column {place}"
        distinct.append(name if name not in distinct else f"{name} (column {place})")
    return distinct


def _object(line: str) -> object:
    """A JSON object, or a dict as Python prints it; several of them in a line."""
    try:
        return json.loads(f"[{line}]")
    except ValueError:
        return ast.literal_eval(line)


def _flat(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The numbers and words of a JSON object: {"train": {"loss": 1}} holds "train/loss"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}/{key}" if name else str(key))
    elif isinstance(value, str):
        yield name, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, repr(value)
