"""Guesses at surnames in the terminal: classes down, names across, as table 2 of the report; letters that spoke."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

MOST_LIKELY = "most likely"
BARS, DIGITS = "·▁▂▃▄▅▆▇█", ".12345678"
LEGEND = "Below each letter: how much the class loses without it, the most is █. A - spoke against the class."
CAUTION = "Guesses are about names, not people."


def show_names(console: Console, document: Mapping[str, Any]) -> None:
    """Print who answers, a table (several where the names are too many for the width), and, if there, explanations."""
    console.print(Text(headline(document["model"])), soft_wrap=True)
    names = [" ".join(name.split()) for name in document["names"]]
    first = max(map(len, [MOST_LIKELY, *document["classes"]])) + 2
    for columns in _groups(names, document["best"], console.width - first):
        console.print(_table(document, names, columns))
    if "explain" in document:
        _show_explanations(console, document, names)
    console.print(Text(CAUTION, "italic"), soft_wrap=True)


def headline(model: Mapping[str, Any]) -> str:
    """Which model answers, and how often it is right."""
    name = model["preset"] + ", shipped with Gradlab" if model["run"] is None else model["name"]
    return f"{name}: {model['accuracy']:.1%} of its validation names right · {model['data']}"


def _groups(names: Sequence[str], best: Sequence[str], width: int) -> Iterator[list[int]]:
    """Indices of the names, so many at a time as fit the width."""
    group: list[int] = []
    used = 0
    for i, name in enumerate(names):
        column = max(cell_len(name), len(best[i])) + 2
        if group and used + column > width:
            yield group
            group, used = [], 0
        group.append(i)
        used += column
    yield group


def _table(document: Mapping[str, Any], names: Sequence[str], columns: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    table.add_column("", footer=MOST_LIKELY, no_wrap=True)
    for i in columns:
        table.add_column(Text(names[i]), footer=document["best"][i], justify="right", no_wrap=True)
    for k, nationality in enumerate(document["classes"]):
        row = []
        for i in columns:
            best = nationality == document["best"][i]
            row.append(Text(f"{document['probabilities'][i][k]:.4f}", "bold" if best else ""))
        table.add_row(nationality, *row)
    return table


def _show_explanations(console: Console, document: Mapping[str, Any], names: Sequence[str]) -> None:
    for name, folded, best, drops in zip(names, document["folded"], document["best"], document["explain"], strict=True):
        letters, bars = Text("  "), Text("  ")
        for letter, share in zip(folded, strengths(drops), strict=True):
            style = letter_style(share)
            letters.append(letter, style).append(" ")
            bars.append(mark(share), style).append(" ")
        console.print(Text(f"{name}: {best}"))
        console.print(letters)
        console.print(bars)
    console.print(Text(LEGEND), soft_wrap=True)


def strengths(drops: Sequence[float]) -> list[float]:
    """What each letter says for the class, as shares of what the strongest says, for or against."""
    largest = max(map(abs, drops))
    return [drop / largest if largest else 0.0 for drop in drops]


def mark(share: float, ascii_only: bool = False) -> str:
    """A bar (in ASCII: a digit up to 8) as high as the share; a minus for a letter that clearly speaks against."""
    if share < -1 / 8:
        return "-"
    return (DIGITS if ascii_only else BARS)[round(max(share, 0) * 8)]


def letter_style(share: float) -> str:
    """Colour and weight of a letter; the marks say the same without."""
    if share < -1 / 8:
        return "red"
    return "bold green" if share > 1 / 2 else "green" if share > 1 / 8 else ""
