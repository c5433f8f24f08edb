"""Guesses at surnames as text: bars, what each letter says, the nearest training names, a table."""

from collections.abc import Sequence

from textual.content import Content

from data.sources import SURNAMES
from lab.names.answer import Guess, Guesses
from lab.names.neighbours import Neighbour
from lab.names.view import mark, strengths
from tui.widgets import tables

LABELS = max(map(len, SURNAMES.classes))
FIGURES = len("0.0000")
GAP = "  "  # between the columns of the table
SHORTEST = 8  # cells of a bar
STRONGEST = 3.0  # nats: a letter that says so much, or more, has the full colour
SLIM, WIDE, WIDEST = 3, 5, 8  # cells of a letter in the map: the fewest, those that hold a decimal, the most


def spelt(folded: str, drops: Sequence[float], ascii_only: bool) -> Content:
    """The letters of a name, coloured by what they say for the best class; the same as marks below."""
    letters, marks = [], []
    for letter, share in zip(folded, strengths(drops), strict=True):
        style = "$text-error" if share < -1 / 8 else "bold $text-success" if share > 1 / 8 else "$foreground-muted"
        letters.append((f"{letter} ", style))
        marks.append((f"{mark(share, ascii_only)} ", style))
    return Content("\n").join([Content.assemble(*letters), Content.assemble(*marks)])


def probability_bars(ranked: Sequence[tuple[str, float]], best: str, ascii_only: bool, width: int) -> Content:
    """A line for each class: name, probability, a bar that is as long as there is room if the probability is 1."""
    lines, room = [], max(width - LABELS - FIGURES - 3, 1)
    for nationality, p in ranked:
        style = "bold" if nationality == best else ""
        colour = "$primary" if nationality == best else "$secondary"
        drawn = tables.bar(p, room, ascii_only).rstrip()
        track = ("." if ascii_only else "·") * (room - len(drawn))
        figure = f"{nationality:<{LABELS}} {p:.{FIGURES - 2}f} "
        lines.append(Content.assemble((figure, style), (drawn, colour), (track, "$foreground 20%")))
    return Content("\n").join(lines)


def column_widths(said: Guesses) -> list[int]:
    """The cells that a column of the table takes for each name."""
    return [max(len(guess.name), len(guess.best), FIGURES) for guess in said.guesses]


def table_columns(said: Guesses) -> Content:
    """A column for each name, of the best class and the probabilities of all; without the classes."""
    guesses, widths = said.guesses, column_widths(said)

    def line(cells: Sequence[str], style: str = "", bold: str = "") -> Content:
        """Cells of a row; those of names whose best class is `bold` stand out."""
        parts = zip(cells, widths, guesses, strict=True)
        return Content(GAP).join(
            Content.styled(f"{cell:>{width}}", "bold $text-primary" if guess.best == bold else style)
            for cell, width, guess in parts
        )

    lines = [
        line([guess.name for guess in guesses], "$foreground-muted"),
        line([guess.best for guess in guesses], "bold"),
    ]
    lines += [
        line([f"{guess.probabilities[k]:.4f}" for guess in guesses], bold=nationality)
        for k, nationality in enumerate(said.classes)
    ]
    return Content("\n").join(lines)


def letter_map(guess: Guess, classes: Sequence[str], width: int) -> Content:
    """What each letter says for each class: a row for each class, the most likely first, a column for each letter, in
    how many nats log p of the class falls when the letter is hidden. For it in one colour, against it in another."""
    ranked = sorted(range(len(classes)), key=lambda k: -guess.probabilities[k])
    cell = min(max((width - LABELS - 1) // len(guess.folded), SLIM), WIDEST)
    lines = [Content.styled(" " * (LABELS + 1) + "".join(f"{x:>{cell}}" for x in guess.folded), "$foreground-muted")]
    for k in ranked:
        cells = [_said(row[k], cell) for row in guess.support]
        lines.append(Content.assemble((f"{classes[k]:<{LABELS}} ", "bold" if classes[k] == guess.best else ""), *cells))
    return Content("\n").join(lines)


def _said(nats: float, cell: int) -> tuple[str, str]:
    text = f"{nats:+.{1 if cell >= WIDE else 0}f}"
    if not float(text):
        return "·".rjust(cell), "$foreground-disabled"
    shade = round(70 * min(abs(nats) / STRONGEST, 1.0))
    return text.rjust(cell), f"on {'$success' if nats > 0 else '$error'} {shade}%"


def neighbour_lines(nearest: Sequence[Neighbour], best: str, ascii_only: bool, width: int) -> Content:
    """A line for each training name: its class, bold where it is the guess, and how alike it is, also as a bar."""
    name = max((len(each.name) for each in nearest), default=0)
    room = width - name - LABELS - len("   0.00 ")
    return Content("\n").join(
        [
            Content.assemble(
                (f"{each.name:<{name}}  ", ""),
                (f"{each.nationality:<{LABELS}} ", "bold" if each.nationality == best else "$foreground-muted"),
                (f"{each.likeness:.2f} ", "$foreground-muted"),
                (tables.bar(each.likeness, room, ascii_only).rstrip() if room >= SHORTEST else "", "$secondary"),
            )
            for each in nearest
        ]
    )
