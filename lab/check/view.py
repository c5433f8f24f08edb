"""A gradient check in the terminal: a table of the tensors, their relative errors as box plots, the verdict."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.gradcheck.check import GradientReport, TensorReport
from core.types import Array
from lab.check.against import Comparison
from lab.check.student import FileReport, StudentReport
from lab.check.wrong_map import has_map, wrong_map

Report = GradientReport | StudentReport | FileReport


class Colours(NamedTuple):
    """Of what is right and what is wrong, as Rich writes them."""

    right: str
    wrong: str


NUMBERS = ("shape", "checked", "crossed", "zero", "median", "worst", "direction")
LEAST_FIRST = ("zero", "crossed", "direction", "median", "checked", "shape")  # left out so where there is no room
NAME = 12  # characters of a tensor's name that have room on a line
LOWEST = 1e-18  # where an error of 0 is drawn
TERMINAL = Colours("green", "red")
LEGEND = "relative error: | least, largest  [ ] quartiles  : median  T tolerance"


def render(report: Report, console: Console) -> None:
    """Print a check."""
    for part in parts(report, console.width):
        console.print(part, soft_wrap=isinstance(part, Text) and not part.no_wrap, crop=True)


def _file_parts(report: FileReport, width: int, colours: Colours) -> Iterator[RenderableType]:
    """What was recognised in a file and what came of it, then every check that does not pass; the last line sums up."""
    if report.prints:
        yield from _prints(report.prints)
    for note in report.notes:
        yield _note(note)
    if report.problem:
        yield Text(report.problem, colours.wrong)
    if report.adapter:
        yield _adapter(report.adapter)
    if report.targets:
        yield Text(f"Recognised in {report.file}:")
        yield Padding(_recognised(report, colours), (0, 0, 1, 2))
    for target in report.targets:
        if target.passed:
            name = target.report.target.partition(":")[2]
            yield from (_note(f"{name}: {condition}") for condition in target.conditions)
    for target in report.targets:
        if not target.passed:
            new = tuple(note for note in target.report.notes if note not in report.notes)
            yield from _target_parts(replace(target, report=replace(target.report, notes=new)), width, colours)
    if report.passed or len(report.targets) != 1:  # the verdict on the only one stands above
        yield _sum(report, colours)


def _note(words: str) -> Text:
    return Text(f"Note: {words}{'' if words.endswith('?') else '.'}", "italic")


def _recognised(report: FileReport, colours: Colours) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for t in report.targets:
        shapes = ", ".join(f"{x.name} {'x'.join(map(str, x.shape))}".rstrip() for x in t.report.tensors)
        table.add_row(Text(t.report.target.partition(":")[2]), word(t, colours), Text(shapes, "dim"))
    return table


def _sum(report: FileReport, colours: Colours) -> Text:
    passed = sum(t.passed for t in report.targets)
    unchecked = sum(bool(t.problem) for t in report.targets)
    counts = [
        (passed, "passes" if passed == 1 else "pass"),
        (len(report.targets) - passed - unchecked, "wrong"),
        (unchecked, "not checked"),
    ]
    said = ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing checked"
    if report.passed:
        return Text(f"PASSES: {report.file}; {said}", f"bold {colours.right}")
    word = "FAILS" if counts[1][0] else "NOT CHECKED"
    return Text(f"{word}: {report.file}; {said}", f"bold {colours.wrong}")


def _prints(text: str) -> Iterator[RenderableType]:
    yield Text("What the file prints:", "dim")
    yield Padding(Text(text.rstrip()), (0, 0, 1, 2))


def parts(report: Report, width: int, colours: Colours = TERMINAL) -> Iterator[RenderableType]:
    """A check from top to bottom, as a terminal shows it: the verdict last, where the eye is then."""
    if isinstance(report, FileReport):
        yield from _file_parts(report, width, colours)
    else:
        yield from _target_parts(report, width, colours)


def verdict_first(report: GradientReport | StudentReport, width: int, colours: Colours) -> Iterator[RenderableType]:
    """A check as a screen shows it: the verdict and the likely cause, then what they rest on."""
    yield from _verdict(report, colours)
    check = report.report if isinstance(report, StudentReport) else report
    for tensor in check.tensors:
        if has_map(tensor):
            yield wrong_map(tensor, colours.right, colours.wrong, width)
    yield from _evidence(report, width, colours)


def word(report: GradientReport | StudentReport, colours: Colours) -> Text:
    """The verdict in a word."""
    if report.passed:
        return Text("passes", colours.right)
    unchecked = isinstance(report, StudentReport) and report.problem
    return Text("not checked" if unchecked else "FAILS", f"bold {colours.wrong}")


def _target_parts(report: GradientReport | StudentReport, width: int, colours: Colours) -> Iterator[RenderableType]:
    yield from _evidence(report, width, colours)
    yield from _verdict(report, colours)


def _evidence(report: GradientReport | StudentReport, width: int, colours: Colours) -> Iterator[RenderableType]:
    """What the file printed, the table of the tensors, box plots, a comparison, notes."""
    student = report if isinstance(report, StudentReport) else None
    check = student.report if student else report
    assert isinstance(check, GradientReport)
    if student and student.prints:
        yield from _prints(student.prints)
    if check.tensors:
        yield table(check.tensors, width, colours)
        plotted = [t for t in check.tensors if len(t.errors)]
        if plotted:
            yield Text("\n".join([*box_plots(plotted, min(width, 100)), ""]), no_wrap=True, overflow="crop")
    if student and student.against:
        yield _comparisons(student.against, colours)
    for note in check.notes:
        yield _note(note)


def table(tensors: Iterable[TensorReport], width: int, colours: Colours = TERMINAL) -> Table:
    """A row for every tensor: what was compared, the relative errors, whether it passes. The name and the verdict stand
    at any width."""
    columns: dict[str, list[Text]] = {heading: [] for heading in ("tensor", *NUMBERS, "")}
    for t in tensors:
        numbers = ["x".join(map(str, t.shape)), *(f"{n:,}" for n in (t.checked, t.crossed, t.zero))]
        errors = [t.median if t.checked else None, t.worst if t.checked else None, t.direction]
        verdict = Text("passes", colours.right) if t.passed else Text("FAILS", f"bold {colours.wrong}")
        row = [Text(t.name), *map(Text, [*numbers, *map(_error, errors)]), verdict]
        for cells, cell in zip(columns.values(), row, strict=True):
            cells.append(cell)
    for heading in LEAST_FIRST:
        if _wanted(columns) > width:
            del columns[heading]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in columns:
        number = heading in NUMBERS
        table.add_column(heading, justify="right" if number else "left", no_wrap=number)
    for shown in zip(*columns.values(), strict=True):
        table.add_row(*shown)
    return table


def _wanted(columns: Mapping[str, list[Text]]) -> int:
    """The width of a table, in which a long name is on several lines."""
    widest = [max([len(heading), *map(len, cells)]) for heading, cells in columns.items()]
    return sum(widest) + 2 * len(widest) + min(0, NAME - widest[0])


def _error(value: float | None) -> str:
    if value is None:
        return "-"
    return "0" if value == 0 else f"{value:.1e}"


def box_plots(tensors: list[TensorReport], width: int) -> list[str]:
    """Relative errors of every tensor on one logarithmic axis: |--[  :  ]--|, median and quartiles, ends at the
    smallest and largest, and T where the tolerance lies."""
    label = max(len(t.name) for t in tensors) + 2
    tolerance = max(t.tolerance for t in tensors)
    values = np.concatenate([_log(t.errors) for t in tensors] + [_log(np.array([tolerance]))])
    low, high = math.floor(values.min()), math.ceil(values.max() + 1e-9)
    cells = width - label - 1

    def column(log: float) -> int:
        return int((log - low) / max(1, high - low) * (cells - 1) + 0.5)

    lines = []
    for t in tensors:
        logs = _log(t.errors)
        smallest, first, median, third, largest = (column(v) for v in np.quantile(logs, [0, 0.25, 0.5, 0.75, 1]))
        line = [" "] * cells
        line[smallest : largest + 1] = "-" * (largest + 1 - smallest)
        line[first : third + 1] = "=" * (third + 1 - first)
        line[smallest] = line[largest] = "|"
        line[first], line[third] = "[", "]"
        line[median] = ":"
        line[column(_log(np.array([t.tolerance]))[0])] = "T"
        lines.append(f"{t.name:<{label}}" + "".join(line).rstrip())
    return [*lines, " " * label + _axis(low, high, column, cells), " " * label + LEGEND]


def _axis(low: int, high: int, column: Callable[[float], int], cells: int) -> str:
    step = max(1, math.ceil((high - low) * 7 / cells))  # a number needs seven cells
    axis = [" "] * cells
    for exponent in range(low, high + 1, step):
        text = "0" if 10.0**exponent <= LOWEST else f"1e{exponent}"
        start = column(exponent)
        if start + len(text) <= cells:
            axis[start : start + len(text)] = text
    return "".join(axis).rstrip()


def _log(errors: Array) -> Array:
    clipped = np.clip(errors, LOWEST, 1e3)
    return np.asarray(np.log10(clipped))


def _comparisons(rows: tuple[Comparison, ...], colours: Colours) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("beside Gradlab's")
    for heading in ("largest difference", "at", "yours", "ours"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        place = f"[{','.join(map(str, row.place))}]" if row.place else "shape"
        figures = [f"{v:.6g}" for v in (row.theirs, row.ours)]
        verdict = Text("agrees", colours.right) if row.passed else Text("DIFFERS", f"bold {colours.wrong}")
        table.add_row(Text(row.name), f"{row.absolute:.1e}", Text(place), *figures, verdict)
    return table


def _verdict(report: GradientReport | StudentReport, colours: Colours) -> Iterator[Text]:
    check = report.report if isinstance(report, StudentReport) else report
    wrong = [t for t in check.tensors if not t.passed]
    shared = Counter(t.diagnosis for t in wrong if t.diagnosis and t.worst_at is not None)
    for t in wrong:
        alone = shared[t.diagnosis] < 2
        yield Text(f"{t.name} {t.verdict if alone else replace(t, diagnosis='').verdict}", colours.wrong)
    for diagnosis, count in shared.items():
        if count > 1:  # said once, below the figures of all of them
            yield Text(diagnosis, colours.wrong)
    for finding in check.findings:
        yield Text(finding, colours.wrong)
    where = f"{check.target}, {check.method}, {check.seconds:.2f} s"
    if isinstance(report, StudentReport) and report.problem:
        yield Text(report.problem, colours.wrong)
        if report.adapter:
            yield _adapter(report.adapter)
        yield Text(f"NOT CHECKED: {where}", f"bold {colours.wrong}")
    elif report.passed:
        compared, whole = _coverage(check)
        yield Text(f"PASSES: {where}; {compared}{whole}", f"bold {colours.right}")
    else:
        yield Text(f"FAILS: {where}", f"bold {colours.wrong}")


def _adapter(command: str) -> Text:
    return Text(f"A file that calls it, for you to complete: {command}")


def _coverage(check: GradientReport) -> tuple[str, str]:
    size = sum(math.prod(t.shape) for t in check.tensors)
    checked = sum(t.checked for t in check.tensors)
    compared = f"{checked:,} of {size:,} coordinates one by one" if checked < size else f"all {size:,} coordinates"
    if checked == 0:
        compared = f"{size:,} coordinates"
    directions = [t for t in check.tensors if t.direction is not None]
    whole = ", all of them along a random direction" if len(directions) == len(check.tensors) and checked < size else ""
    return compared, whole
