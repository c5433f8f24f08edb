"""Guesses at surnames in the terminal: classes down, names across, as table 2 of the report, and letters explained."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.names.answer import Guess, Guesses
from lab.names.model import Origin

MOST_LIKELY = "most likely"
BARS, DIGITS = "·▁▂▃▄▅▆▇█", ".12345678"
LEGEND = "Below each letter: how much the class needs it (█ most). A - marks a letter that speaks against the class."
CAUTION = "Guesses are about names, not people."


def show_names(console: Console, answer: Guesses) -> None:
    """Print the model, a table (or several, if the names do not fit the width) and the explanations, if any."""
    console.print(Text(headline(answer.origin)), soft_wrap=True)
    first = max(map(len, [MOST_LIKELY, *answer.classes])) + 2
    for group in _groups(answer.guesses, console.width - first):
        console.print(_table(answer.classes, group))
    if any(guess.letters is not None for guess in answer.guesses):
        _show_explanations(console, answer.guesses)
    console.print(Text(CAUTION, "italic"), soft_wrap=True)


def headline(model: Origin) -> str:
    """Which model answers, and how often it is right."""
    name = f"{model.preset}, shipped with Gradlab" if model.run is None else model.name
    return f"{name}: {model.accuracy:.1%} of its validation names right · {model.data}"


def _groups(guesses: Sequence[Guess], width: int) -> Iterator[list[Guess]]:
    """The guesses in groups that fit the width."""
    group: list[Guess] = []
    used = 0
    for guess in guesses:
        column = max(cell_len(_in_one_line(guess.name)), len(guess.best)) + 2
        if group and used + column > width:
            yield group
            group, used = [], 0
        group.append(guess)
        used += column
    yield group


def _in_one_line(name: str) -> str:
    return " ".join(name.split())


def _table(classes: Sequence[str], guesses: Sequence[Guess]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    table.add_column("", footer=MOST_LIKELY, no_wrap=True)
    for guess in guesses:
        table.add_column(Text(_in_one_line(guess.name)), footer=guess.best, justify="right", no_wrap=True)
    for k, nationality in enumerate(classes):
        cells = (
            Text(f"{guess.probabilities[k]:.4f}", "bold" if guess.best == nationality else "") for guess in guesses
        )
        table.add_row(nationality, *cells)
    return table


def _show_explanations(console: Console, guesses: Sequence[Guess]) -> None:
    for guess in guesses:
        letters, bars = Text("  "), Text("  ")
        for letter, share in zip(guess.folded, strengths(guess.letters or ()), strict=True):
            style = letter_style(share)
            letters.append(letter, style).append(" ")
            bars.append(mark(share), style).append(" ")
        console.print(Text(f"{_in_one_line(guess.name)}: {guess.best}"))
        console.print(letters)
        console.print(bars)
    console.print(Text(LEGEND), soft_wrap=True)


def strengths(drops: Sequence[float]) -> list[float]:
    """The support of each letter for the class, relative to the strongest letter, for or against."""
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
