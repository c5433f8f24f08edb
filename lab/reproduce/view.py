"""A reproduction in the terminal: how far it is, the table of values with verdicts, and the slips of the reports."""

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lab.reproduce.reproduce import Piece, Reproduction, ValueRow
from lab.reproduce.tables import SLIPS, Slip
from lab.reproduce.values import Value
from lab.reproduce.verdicts import BETTER, EMBEDDED, FAILED, OFF, SLIP, WITHIN

STYLES = {WITHIN: "green", BETTER: "green", SLIP: "cyan", OFF: "bold red", FAILED: "bold red", EMBEDDED: "italic"}
NOT_JUDGED = "The reported numbers are for the full data, so results on the embedded part are not judged."


class ReproductionProgress:
    """Watches a reproduction: a bar on a terminal, inside `with progress.bar`; elsewhere a line for every piece."""

    def __init__(self, console: Console, reproduction: Reproduction) -> None:
        self._console = console
        self._reproduction = reproduction
        self.bar = Progress(
            TextColumn("reproduce"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("last: {task.fields[last]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            expand=True,
        )
        pieces = len(reproduction.pieces)
        self._task = self.bar.add_task("", total=pieces, completed=reproduction.taken_up, last="-")

    def __call__(self, piece: Piece) -> None:
        """A piece is done."""
        name = piece.folder.name if piece.seed == 1 else f"{piece.folder.name}, seed {piece.seed}"
        self.bar.update(self._task, advance=1, last=name)
        if not self._console.is_terminal:
            done = f"{len(self._reproduction.results)} of {len(self._reproduction.pieces)}"
            self._console.print(f"{done}  {name}", highlight=False, soft_wrap=True)


def show_reproduction(console: Console, reproduction: Reproduction, rows: Sequence[ValueRow]) -> None:
    """The table of all values, remarks on some, the misprints, and the number of each verdict."""
    by_id = {value.id: value for value in reproduction.values}
    console.print(_table(by_id, rows, reproduction.seeds))
    for row in rows:
        remark = row.get("reason") or (by_id[row["id"]].why if row["verdict"] in (SLIP, OFF) else "")
        if remark:
            console.print(f"{row['what']}: {remark}", highlight=False, soft_wrap=True)
    reports = {row["report"] for row in rows}
    slips = [slip for slip in SLIPS if slip.report in reports]
    if slips:
        console.print(_slips(slips))
    if reproduction.embedded:
        console.print(NOT_JUDGED, style="italic")
    counts = Counter(row["verdict"] for row in rows)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in STYLES if counts[verdict])
    console.print(f"{len(rows)} values: {verdicts}", style="bold", highlight=False)
    console.print(f"{reproduction.root}  (delete it to measure everything again)", soft_wrap=True, highlight=False)


def _table(values: dict[str, Value], rows: Sequence[ValueRow], seeds: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("report")
    table.add_column("what", overflow="fold")
    for heading in ("reported", "measured", *(["spread"] if seeds > 1 else []), "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        value, reported, measured = values[row["id"]], row["reported"], row["measured"]
        difference = None if reported is None or measured is None else measured - reported
        cells = [reported, measured, *([row.get("spread")] if seeds > 1 else [])]
        texts = [number(value, cell) for cell in cells]
        table.add_row(
            row["report"],
            row["what"],
            *texts,
            number(value, difference, signed=True),
            Text(row["verdict"], STYLES[row["verdict"]]),
            f"{row['seconds']:.0f}",
            end_section=following is not None and following["report"] != row["report"],
        )
    return table


def _slips(slips: Sequence[Slip]) -> Table:
    table = Table(
        "report", "printed", "right", "why", title="Misprints in the reports", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for slip in slips:
        table.add_row(slip.report, slip.printed, slip.right, slip.why)
    return table


def number(value: Value, x: float | None, signed: bool = False) -> str:
    """A number as its value is written: a share as per cent, a count with commas, something tiny with its exponent."""
    if x is None:
        return "-"
    sign = "+" if signed else ""
    if value.share:
        return f"{100 * x:{sign}.2f}%"
    if x == int(x) and abs(value.reported or 0) >= 1:
        return f"{int(x):{sign},}"
    return f"{x:{sign}.2e}" if 0 < abs(value.reported or x) < 1e-3 else f"{x:{sign}.4f}"
