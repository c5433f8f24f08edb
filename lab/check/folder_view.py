"""A folder of hand-ins in the terminal: a bar while they are checked, then a table with a row for each."""

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lab.check.folder import FolderCheck, Row, Verdict

STYLES = {"passes": "green", "fails": "bold red", "not checked": "yellow"}
ROOM_FOR_A_TABLE = 100  # columns


class FolderProgress:
    """Watches the check: a bar on a terminal, inside `with progress.bar`; elsewhere a line for each hand-in."""

    def __init__(self, console: Console, check: FolderCheck) -> None:
        self._console, self._check = console, check
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self.bar.add_task("hand-ins", total=len(check.hand_ins))

    def __call__(self, row: Row) -> None:
        """A hand-in has been checked."""
        self.bar.update(self._task, advance=1)
        if not self._console.is_terminal:
            count = f"{len(self._check.rows)} of {len(self._check.hand_ins)}"
            self._console.print(f"{count}  {row.who}  {row.verdict}", highlight=False, soft_wrap=True)


def show_folder(console: Console, rows: Sequence[Row]) -> None:
    """The table, or blocks of lines where it is narrow, and how many pass."""
    if console.width < ROOM_FOR_A_TABLE:
        for row in rows:
            console.print(Text.assemble((row.who, "bold"), "  ", (row.verdict, STYLES[row.verdict])))
            for line in (", ".join(row.recognised), _where(row), row.cause):
                if line:
                    console.print(Text(f"  {line}"))
    else:
        console.print(_table(rows))
    counts = Counter(row.verdict for row in rows)
    said = ", ".join(f"{counts[verdict]} {word}" for verdict, word in WORDS.items() if counts[verdict])
    console.print(f"{len(rows)} hand-ins: {said}", style="bold", highlight=False)


WORDS: dict[Verdict, str] = {"passes": "pass", "fails": "wrong", "not checked": "not checked"}


def _where(row: Row) -> str:
    return f"{row.file}, {row.tensor}" if row.tensor else row.file


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("who", ratio=3)
    table.add_column("recognised", ratio=5)
    table.add_column("verdict", no_wrap=True)
    table.add_column("first wrong", ratio=4)
    table.add_column("cause", ratio=9)
    table.add_column("s", justify="right", no_wrap=True)
    for row in rows:
        verdict = Text(row.verdict, STYLES[row.verdict])
        where = _where(row) if row.verdict != "passes" else ""
        cells = [Text(row.who), Text(", ".join(row.recognised)), verdict, Text(where), Text(row.cause)]
        table.add_row(*cells, f"{row.seconds:.1f}")
    return table
