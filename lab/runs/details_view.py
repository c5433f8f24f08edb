"""Tables about the network of a run: layers, classes, confusion matrix, most confident mistakes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.runs.view import class_rows, layer_rows

if TYPE_CHECKING:
    from lab.runs.result import Mistake, Result

LABELS = 8  # cells: the names of rows are cut to this before a confusion matrix is cut in two


def show_details(console: Console, result: "Result") -> None:
    """The tables of a result, below one another; those an older run, or one that diverged, has not got are left out."""
    if layers := result.get("layers"):
        _title(console, "Layers")
        console.print(_rows(layer_rows(layers), texts=2))
    if result["state"] == "diverged":  # what its network guesses is no result
        return
    part = result["judge"]
    _title(console, f"Classes, {part} set")
    console.print(_rows(class_rows(result), texts=1))
    _title(console, "Confusion matrix: a row for each true class, a column for each guess")
    for table in confusion_tables(result["classes"], result["confusion"], console.width):
        console.print(table)
    if misclassified := result.get("misclassified"):
        _title(console, f"Most confident mistakes, {part} set")
        console.print(_misclassified(misclassified))


def _title(console: Console, text: str) -> None:
    console.print(f"\n{text}", style="bold", highlight=False)


def _table(*names: str, numbers: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in names:
        table.add_column(name)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def _rows(rows: Sequence[Sequence[str]], texts: int) -> Table:
    """The first row holds the headings, and the last one is set apart; n columns of text, then numbers."""
    headings, *body, last = rows
    table = _table(*headings[:texts], numbers=headings[texts:])
    for row in body:
        table.add_row(*row)
    table.add_section()
    table.add_row(*last)
    return table


def confusion_tables(classes: Sequence[str], confusion: Sequence[Sequence[int]], width: int) -> list[Table]:
    """The matrix as one table, its headings as long as `width` cells allow; as several where not all columns fit."""
    counts = [["·" if count == 0 else str(count) for count in row] for row in confusion]
    cell = max(3, max(len(count) for row in counts for count in row))
    label = max(map(len, classes))
    if label + len(classes) * (cell + 1) > width:
        label = min(label, LABELS)
    columns = max(1, min(len(classes), (width - label) // (cell + 1)))
    cell = max(cell, min((width - label) // columns - 1, max(map(len, classes))))
    return [
        _confusion(classes, counts, range(start, min(start + columns, len(classes))), label, cell)
        for start in range(0, len(classes), columns)
    ]


def _confusion(classes: Sequence[str], counts: Sequence[Sequence[str]], part: range, label: int, cell: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)  # one cell between columns
    table.add_column("", width=label, no_wrap=True)
    for k in part:
        table.add_column(classes[k][:cell], width=cell, justify="right", no_wrap=True)
    for i, row in enumerate(counts):
        table.add_row(classes[i], *(Text(row[k], "bold" if k == i else "") for k in part))
    return table


def _misclassified(misclassified: "Sequence[Mistake]") -> Table:
    texts = any(each["text"] for each in misclassified)
    table = _table(*["example"] * texts, "true", "guessed", numbers=["probability", "index"])
    for each in misclassified:
        row = [each["true"], each["predicted"], f"{each['probability']:.1%}", f"{each['index']:,}"]
        table.add_row(*[each["text"]] * texts, *row)
    return table
