"""A student's training beside a preset, for the terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lab.drawing.sparkline import sparkline
from lab.own_loop.finding import Difference
from lab.own_loop.fit import FitReport


def show_fit(terminal: Console, report: FitReport) -> None:
    """The verdict, then what differs, then what it returned."""
    terminal.print(Text(report.verdict, style="bold"))
    for finding in report.findings:
        terminal.print(Padding(_line(finding), (0, 0, 0, 2)))
    for name, numbers in report.series.items():
        drawn = sparkline(numbers, 40)
        terminal.print(Padding(Text(f"{name}  {drawn}  {numbers[0]:.4g} to {numbers[-1]:.4g}"), (0, 0, 0, 2)))


def _line(finding: Difference) -> Text:
    place = f"update {finding.update}" if finding.update else ""
    if finding.tensors:
        place = ", ".join(filter(None, (place, finding.tensors[0])))
    mark = "wrong" if finding.wrong else "note"
    head = f"{mark}  {place}: " if place else f"{mark}  "
    return Text.assemble((head, "red" if finding.wrong else "dim"), finding.sentence)
