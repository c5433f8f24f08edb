"""Statements of Python 2 as Python 3 writes them, line by line: print x, except E, e and raise E, "x"."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

from .text import SourceText

EXCEPT = re.compile(r"(?m)^(\s*except\s+(?:[\w.]+|\([^()]*\)))\s*,\s*(\w+)\s*:")
RAISE = re.compile(r"(?m)^(\s*raise\s+[\w.]+)\s*,\s*([^,\n]+)$")
LAYOUT = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)
Position = tuple[int, int]  # line, from 1, and column


def modern(source: SourceText) -> SourceText:
    """A file that Python 3 reads only with these statements in its own words; any other as it is."""
    if _parses(source.text):
        return source
    spaces = re.sub(r"(?m)^[ \t]+", lambda indent: indent[0].expandtabs(8), source.text)
    for text in (source.text, spaces):
        changed = _printed(RAISE.sub(r"\1(\2)", EXCEPT.sub(r"\1 as \2:", text)))
        if changed != source.text and _parses(changed):
            lines = zip(source.text.split("\n"), changed.split("\n"), strict=True)
            first = next(i for i, (a, b) in enumerate(lines, 1) if a.split() != b.split() or a != b)
            note = f"Python 2, from line {first} on, is read as Python 3: / of whole numbers gives a fraction"
            return SourceText(changed, (*source.notes, note))
    return source


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d" and the like
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _printed(text: str) -> str:
    """With brackets around what print statements print."""
    try:
        spans = list(_prints(text))
    except (tokenize.TokenError, SyntaxError):
        return text
    lines = text.split("\n")
    for (row, start), (last, end) in reversed(spans):
        lines[last - 1] = f"{lines[last - 1][:end]}){lines[last - 1][end:]}"
        lines[row - 1] = f"{lines[row - 1][:start]}({lines[row - 1][start:].lstrip(' ')}"
    return "\n".join(lines)


def _prints(text: str) -> Iterator[tuple[Position, Position]]:
    """Where the print statements begin and end that print something, without the word itself."""
    begins, after, end, depth = True, None, (0, 0), 0
    printing: Position | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        closes = token.type in LAYOUT or (token.string in (";", ":") and not depth)
        if printing is not None and depth == 0 and (token.type in LAYOUT or token.string == ";"):
            yield printing, end
            printing = None
        if after is not None:
            bare = token.type in LAYOUT or token.string in ("(", "=", ".", ";", ">>", ",", ")")
            printing, after = (None if bare else after), None
        if begins and token.string == "print":
            after = token.end
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        begins, end = closes, end if token.type in LAYOUT else token.end
