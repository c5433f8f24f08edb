"""A file as text and as a syntax tree; why it is neither, in one sentence."""

import __future__

import ast
import codecs
import linecache
import re
import stat
import sys
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from .errors import CodeError

LARGEST = 20_000_000  # bytes of a file of code
NOT_TEXT = {  # how files begin that are no code, whatever they are called
    b"PK\x03\x04": "a zip archive or an office document",
    b"%PDF": "a PDF",
    b"{\\rtf": "an RTF document (save it as plain text)",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x93NUMPY": "a NumPy array",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"MATLAB 5.0 MAT-file": "a MATLAB data file",
    b"\x00\x05\x16\x07": "what macOS keeps beside a file",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
MERGE = re.compile(r"^(<{7}|>{7}|={7}|\|{7})(?= |$)", re.MULTILINE)
FUTURE = 0
for _name in ("division", "unicode_literals", "barry_as_FLUFL", "annotations"):
    FUTURE |= getattr(__future__, _name).compiler_flag
WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF32_LE: "utf-32"}


Place = Callable[[int], str]  # words for a line: "line 12", "cell 4, line 3"


def plain(line: int) -> str:
    """A line of a file in words."""
    return f"line {line}"


@dataclass(frozen=True)
class SourceText:
    """A file as text: lines end in a newline, nothing else."""

    text: str
    notes: tuple[str, ...] = ()


def read(path: Path, largest: int = LARGEST) -> SourceText:
    """The text of a file. Raises CodeError if it has none."""
    data = _bytes(path, largest)
    text, notes = _decoded(path.name, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise CodeError(f"{path.name} holds NUL bytes, in line {_line_of(text, chr(0))}: it is damaged, or no text")
    if not text.strip():
        raise CodeError(f"{path.name} is empty")
    return SourceText(text, notes)


def _bytes(path: Path, largest: int) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise CodeError(f"{path.name} is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise CodeError(f"{path.name} is a pipe or a device, not a file")
        if status.st_size > largest:
            size, most = status.st_size // 1_000_000, largest // 1_000_000
            raise CodeError(f"{path.name} has {size} MB: a file of code has at most {most} MB")
        return path.read_bytes()
    except FileNotFoundError:
        raise CodeError(f"there is no file {path}") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise CodeError(f"{path.name} cannot be read: {reason}") from None


def _decoded(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-8 with or without a mark at its start, what a coding line names, UTF-16 with its mark, else Latin-1."""
    for start, kind in NOT_TEXT.items():
        if data.lstrip(codecs.BOM_UTF8 + b" \r\n\t").startswith(start):
            raise CodeError(f"{name} is {kind}, not a file of code")
    for mark, wide in WIDE.items():
        if data.startswith(mark):
            try:
                return data.decode(wide), (f"{name} is {wide.upper()}, read as such: Python itself wants UTF-8",)
            except UnicodeDecodeError:
                raise CodeError(f"{name} is damaged: it begins as {wide.upper()} and is none") from None
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        return data.decode(encoding), ()
    except (SyntaxError, UnicodeDecodeError):
        text = data.decode("latin-1")
        if "\0" in text:
            return text, ()
        return text, (f"{name} is not UTF-8: read as Latin-1",)


def _line_of(text: str, part: str) -> int:
    return text.count("\n", 0, text.index(part)) + 1


def remember(filename: str, text: str) -> None:
    """Let tracebacks and inspect show these lines for the file, whatever is on the disk."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)


# Syntax


def parse(text: str, filename: str, place: Place = plain) -> tuple[ast.Module, int]:
    """The syntax tree, and the compiler's flags of its __future__ imports. Raises CodeError that says what is wrong
    and where."""
    name = Path(filename).name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d" and the like
            tree = ast.parse(text, filename)
            code = compile(tree, filename, "exec", dont_inherit=True)  # a return outside of a function is told here
    except SyntaxError as error:
        raise CodeError(f"{name}: {explain(error, text, place)}") from None
    except (RecursionError, MemoryError):
        raise CodeError(f"{name} is nested too deeply to be read") from None
    except ValueError as error:
        raise CodeError(f"{name} cannot be read: {error}") from None
    return tree, code.co_flags & FUTURE


def explain(error: SyntaxError, text: str, place: Place = plain) -> str:
    """A syntax error in words for the student, with its line."""
    if mark := MERGE.search(text):
        line = text.count("\n", 0, mark.start()) + 1
        return f"a merge conflict is not resolved: {place(line)} begins with {mark[1]}"
    number = error.lineno or 1
    lines = text.splitlines()
    code = lines[number - 1].strip() if number <= len(lines) else ""
    return f"{_kind(error, code)}, {place(number)}: {code[:80]}"


def _kind(error: SyntaxError, code: str) -> str:
    """What it is that Python cannot read."""
    message = error.msg or "invalid syntax"
    if isinstance(error, TabError):
        return "tabs and spaces are mixed, which Python 2 allowed and Python 3 does not"
    for pattern, said, what in PYTHON_2:
        if re.search(pattern, code) and re.search(said, message):
            return f"Python 2: {what}"
    version = ".".join(map(str, sys.version_info[:2]))
    for pattern, said, since, what in LATER:
        if sys.version_info < since and re.search(pattern, code) and re.search(said, message):
            wanted = ".".join(map(str, since))
            return f"Python {wanted} or later: {what} (this is Python {version}; --python names another)"
    if re.match(r"(%|!|\?)", code):
        return "a notebook's magic or shell line in a Python file"
    return f"this is not Python ({message})"


PYTHON_2 = (  # pattern of the line, pattern of Python's message, what it is
    (r"\bprint\b", r"'print'|invalid syntax", "print without parentheses"),
    (r"\bexec\b", r"'exec'", "exec without parentheses"),
    (r"\bexcept\b.*,", r"parenthesi[sz]ed|invalid syntax", "except with a comma in place of as"),
    (r"\braise\b.*,", r"invalid syntax", "raise with a comma"),
    (r"<>", r"invalid syntax", "<> in place of !="),
    (r"`", r"invalid syntax|invalid character", "backquotes in place of repr()"),
    (r"\b0[0-7]+\b", r"leading zeros", "an octal number without o"),
    (r"\d[lL]\b", r"invalid decimal literal|invalid .*literal|invalid syntax", "a long number with L"),
    (r"\bur['\"]", r"invalid syntax", "a string with ur in front"),
    (r"\bdef\s+\w+\s*\([^)=]*\(|\blambda\b[^:]*\(", r"parenthesi[sz]ed|invalid syntax", "a parameter that is a tuple"),
)
NESTED = "an f-string with the same quotes, a backslash or a line break inside its braces"
LATER = (  # pattern of the line, pattern of Python's message, since when, what it is
    (r"\b(?:[fF][rR]?|[rR][fF])(['\"])(?:(?!\1).)*\{(?:(?!\1)[^}])*(?:\1|\\)", "", (3, 12), NESTED),
    (r"\b(?:[fF][rR]?|[rR][fF])['\"]", r"^f-string|unterminated", (3, 12), NESTED),
    (r"^\s*(async\s+)?(def|class)\s+\w+\s*\[", "", (3, 12), "type parameters in brackets"),
    (r"^\s*type\s+\w+.*=", "", (3, 12), "a type statement"),
    (r"\b[tT][rR]?['\"]", "", (3, 14), "a t-string"),
    (r"^\s*except\b[^(]*,", "", (3, 14), "except without parentheses"),
    (r"^\s*except\s*\*", "", (3, 11), "except*"),
)
