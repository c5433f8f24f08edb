"""A gradient check in the terminal: a table of the tensors, their relative errors as box plots, the verdict."""

import math
from collections.abc import Callable

import numpy as np
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.gradcheck import GradientReport, TensorReport
from core.types import Array
from lab.student import StudentReport
from lab.student_against import Comparison

LOWEST = 1e-18  # where an error of 0 is drawn
LEGEND = "relative error: | least, largest  [ ] quartiles  : median  T tolerance"


def render(report: GradientReport | StudentReport, console: Console) -> None:
    """Print a check: what the file printed, table, box plots, what a comparison found, verdict."""
    student = report if isinstance(report, StudentReport) else None
    check = student.report if student else report
    assert isinstance(check, GradientReport)
    if student and student.prints:
        console.print("What the file prints:", style="dim")
        console.print(Padding(Text(student.prints.rstrip()), (0, 0, 1, 2)))
    if check.tensors:
        console.print(_table(check))
        plotted = [t for t in check.tensors if len(t.errors)]
        if plotted:
            console.print(Text("\n".join(box_plots(plotted, min(console.width, 100)))), no_wrap=True, crop=True)
            console.print()
    if student and student.against:
        console.print(_comparisons(student.against))
    for note in check.notes:
        console.print(f"Note: {note}.", style="italic", highlight=False)
    _verdict(report, check, console)


def _table(check: GradientReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))  # fits 80 columns
    table.add_column("tensor")
    for heading in ("shape", "checked", "crossed", "zero", "median", "worst", "direction"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for t in check.tensors:
        row = ["x".join(map(str, t.shape)), *(f"{n:,}" for n in (t.checked, t.crossed, t.zero))]
        row += [_error(t.median if t.checked else None), _error(t.worst if t.checked else None), _error(t.direction)]
        table.add_row(t.name, *row, Text("passes", "green") if t.passed else Text("FAILS", "bold red"))
    return table


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


def _comparisons(rows: tuple[Comparison, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("beside Gradlab's")
    for heading in ("largest difference", "at", "yours", "ours"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        place = f"[{','.join(map(str, row.place))}]" if row.place else "shape"
        figures = [f"{v:.6g}" for v in (row.theirs, row.ours)]
        verdict = Text("agrees", "green") if row.passed else Text("DIFFERS", "bold red")
        table.add_row(row.name, f"{row.absolute:.1e}", Text(place), *figures, verdict)
    return table


def _verdict(report: GradientReport | StudentReport, check: GradientReport, console: Console) -> None:
    for t in check.tensors:
        if not t.passed:
            console.print(Text(f"{t.name} {t.verdict}", "red"), soft_wrap=True)
    for finding in check.findings:
        console.print(Text(finding, "red"), soft_wrap=True)
    where = f"{check.target}, {check.method}, {check.seconds:.2f} s"
    if isinstance(report, StudentReport) and report.problem:
        console.print(Text(report.problem, "red"), soft_wrap=True)
        console.print(Text(f"NOT CHECKED: {where}", "bold red"), soft_wrap=True)
    elif report.passed:
        compared, whole = _coverage(check)
        console.print(Text(f"PASSES: {where}; {compared}{whole}", "bold green"), soft_wrap=True)
    else:
        console.print(Text(f"FAILS: {where}", "bold red"), soft_wrap=True)


def _coverage(check: GradientReport) -> tuple[str, str]:
    size = sum(math.prod(t.shape) for t in check.tensors)
    checked = sum(t.checked for t in check.tensors)
    compared = f"{checked:,} of {size:,} coordinates one by one" if checked < size else f"all {size:,} coordinates"
    if checked == 0:
        compared = f"{size:,} coordinates"
    directions = [t for t in check.tensors if t.direction is not None]
    whole = ", all of them along a random direction" if len(directions) == len(check.tensors) and checked < size else ""
    return compared, whole
