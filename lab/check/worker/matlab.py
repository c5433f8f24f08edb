"""The text of a MATLAB or Octave file: which functions it has, their arguments and lines. Nothing is run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import CodeError

OPENERS = ("function", "if", "for", "parfor", "while", "switch", "try", "do", "unwind_protect", "spmd")
ENDERS = (
    *("end", "endfunction", "endif", "endfor", "endparfor", "endwhile", "endswitch", "end_try_catch", "until"),
    *("end_unwind_protect", "endspmd"),
)
_WORD = re.compile(rf"(?<![.\w])(?:{'|'.join([*OPENERS, *ENDERS])})(?!\w)|[(\[{{]|[)\]}}]")
_HEADER = re.compile(
    r"function\s*(?:(?P<out>\[[^\]]*\]|\w+)\s*=\s*)?(?P<name>[A-Za-z][\w.]*)[^\S\n]*(?:\((?P<given>[^)]*)\))?"
)
_ARGUMENTS = re.compile(r"^[ \t]*arguments[ \t]*(\([\w ,]*\))?[ \t]*$[\s\S]*?^[ \t]*end[ \t]*;?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Definition:
    """One function: its text, beginning at `line`, that Octave can evaluate."""

    name: str
    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    line: int
    text: str


@dataclass(frozen=True)
class MFile:
    """The functions of a file, in order, and whether it has statements of its own beside them."""

    functions: tuple[Definition, ...]
    script: bool


def read_m(name: str, text: str) -> MFile:
    """The functions of a file. Raises CodeError for a class, and for what is no MATLAB at all."""
    if re.search(r"^\s*(#import|#include|@interface|@implementation)\b", text, re.MULTILINE):
        raise CodeError(f"{name} is Objective-C, not MATLAB")
    if re.search(r"^\s*\(\*.*\*\)\s*$|^\s*\w+\[\w+_\]\s*:=", text, re.MULTILINE):
        raise CodeError(f"{name} is Mathematica, not MATLAB")
    text = _ARGUMENTS.sub(lambda block: "\n" * block[0].count("\n"), text)  # Octave does not know them
    code = blanked(text)
    if re.match(r"\s*classdef\b", code):
        raise CodeError(f"{name} defines a class: only functions of MATLAB files can be checked")
    spans = list(_spans(code))
    functions = tuple(_definition(text, code, start, end, closed) for start, end, closed in spans)
    outside = list(code)
    for start, end, _ in spans:
        outside[start:end] = " " * (end - start)
    left = re.sub(r"^\s*1\s*;", "", "".join(outside))
    return MFile(functions, bool(left.strip(" \t\n;,")))


def blanked(text: str) -> str:
    """The text with spaces for comments and strings: as long, with the same lines."""
    out, block = list[str](), 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare in ("%{", "#{"):
            block += 1
        if block:
            out.append(" " * len(line))
            block -= bare in ("%}", "#}")
        else:
            out.append(_blanked_line(line))
    return "\n".join(out)


def _blanked_line(line: str) -> str:
    """A line without the comment and the insides of strings. A ' after a name, number or bracket transposes."""
    out, i = list[str](), 0
    while i < len(line):
        char = line[i]
        if char in "%#" or line.startswith("...", i):
            break
        if char == '"' or (char == "'" and not re.search(r"[\w)\]}.']$", line[:i])):
            end = _string_end(line, i)
            out.append(char + " " * (end - i - 1))
            i = end
        else:
            out.append(char)
            i += 1
    blank = "".join(out)
    return blank + " " * (len(line) - len(blank))


def _string_end(line: str, start: int) -> int:
    """Where a string that begins at `start` is over: a doubled quote belongs to it."""
    quote, i = line[start], start + 1
    while i < len(line):
        if line[i] == "\\" and quote == '"':
            i += 1
        elif line[i] == quote:
            if not line.startswith(quote, i + 1):
                return i + 1
            i += 1
        i += 1
    return len(line)


def _spans(code: str) -> Iterator[tuple[int, int, bool]]:
    """Where functions begin and end in blanked text, and whether an end of their own closes them: all do or none."""
    words = list(_words(code))
    starts = [at for word, at in words if word == "function"]
    closed = sum(1 if word in ENDERS else -1 for word, _ in words) >= 0
    if not closed:
        yield from ((start, end, False) for start, end in zip(starts, [*starts[1:], len(code)], strict=True))
        return
    depth, start = 0, 0
    for word, at in words:
        if word in ENDERS:
            depth -= 1
            if depth == 0 and start >= 0:
                yield start, at + len(word), True
                start = -1
            depth = max(depth, 0)
        else:
            if depth == 0:
                start = at if word == "function" else -1
            depth += 1
    if depth and start >= 0:  # the last end is missing
        yield start, len(code), False


def _words(code: str) -> Iterator[tuple[str, int]]:
    """The words that open and end blocks, and where they stand; not the end of x(end)."""
    inside = 0
    for found in _WORD.finditer(code):
        if found[0] in "([{":
            inside += 1
        elif found[0] in ")]}":
            inside = max(inside - 1, 0)
        elif inside == 0 or not code[code.rfind("\n", 0, found.start()) + 1 : found.start()].strip():
            inside = 0  # the first word of a line: whatever bracket is open has been forgotten
            yield found[0], found.start()


def header(definition: Definition) -> re.Match[str]:
    """Where the name of a function stands in its text, as the group `name`."""
    found = _HEADER.match(blanked(definition.text))
    assert found is not None
    return found


def _definition(text: str, code: str, start: int, end: int, closed: bool) -> Definition:
    """The function that begins at `start`."""
    line = code.count("\n", 0, start) + 1
    header = _HEADER.match(code, start, end)
    if header is None:
        raise CodeError(f"line {line}: a function without a name: {text[start:end].splitlines()[0].strip()}")
    outputs = re.findall(r"\w+", header["out"] or "")
    arguments = re.findall(r"[\w~!]+", header["given"] or "")
    body = text[start:end] if closed else f"{text[start:end]}\nendfunction\n"
    return Definition(header["name"], tuple(arguments), tuple(outputs), line, body)
