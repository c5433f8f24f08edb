"""Tables as text: aligned columns, a heat map, small bars. Functions of numbers alone."""

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from core.health import LayerHealth
    from core.types import Array

BAR = 20  # cells
LONGEST = 60  # cells of a bar that fills the room beside numbers
NUMBERS = 56  # columns of them
PAIRS = 10  # of classes that are mixed up


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> Content:
    """Columns as wide as what stands in them, the first `left` of them aligned left, the others right."""
    lines = [headings, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )

    head = Content.styled(line(headings), "$foreground-muted")
    return Content("\n").join([head, *(Content(line(row)) for row in rows)])


def facts(
    rows: Sequence[tuple[str, str]], width: int, style: str = "$foreground-muted", right: bool = False
) -> Content:
    """Names, styled, in a column of their own, and beside each what there is to say, in as many lines as it takes."""
    column = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, text in rows:
        first, *others = wrap(text, max(width - column - 2, 12)) or [""]
        lines.append(Content.assemble((name.ljust(column), style), f"  {first}"))
        lines += [Content(" " * (column + 2) + other) for other in others]
    return Content("\n").join(lines)


def bar(share: float, width: int = BAR, ascii_only: bool = False) -> str:
    """A share of 0..1 as a bar of n cells, in eighths of a cell."""
    share = min(max(share, 0.0), 1.0)
    if ascii_only:
        return ("#" * round(share * width)).ljust(width)
    whole, eighths = divmod(round(share * width * 8), 8)
    return ("█" * whole + (" ▏▎▍▌▋▊▉"[eighths] if eighths else "")).ljust(width)


def confusion(classes: Sequence[str], counts: "Array", width: int, height: int, ascii_only: bool) -> Content:
    """Counts as a heat map: a row for each true class, shaded by the share of the row that was guessed so. Its columns
    fill the width as far as their names need it; where there is room, shares stand below the counts. Then the pairs
    that are mixed up."""
    tall = 2 * len(classes) + PAIRS + 3 <= height
    parts = [_heat_map(classes, counts, width, tall), mixed_up(classes, counts, width, ascii_only)]
    return Content("\n\n").join(parts)


def _heat_map(classes: Sequence[str], counts: "Array", width: int, tall: bool) -> Content:
    name = max(len(c) for c in classes)
    cell = max(4, len(str(counts.max())) + 1, min((width - name - 1) // len(classes), name + 1))
    lines = [
        Content.styled(" " * (name + 1) + "".join(c[: cell - 1].rjust(cell) for c in classes), "$foreground-muted")
    ]
    for label, row in zip(classes, counts, strict=True):
        total = max(int(row.sum()), 1)
        styles = [f"on $primary {_shade(n / total)}%" if n else "$foreground-disabled" for n in row.tolist()]
        numbers = [f"{n:>{cell}}" for n in row.tolist()]
        head = (label.rjust(name) + " ", "$foreground-muted")
        lines.append(Content.assemble(head, *zip(numbers, styles, strict=True)))
        if tall:
            shares = [f"{n / total:.0%}".rjust(cell) if n else " " * cell for n in row.tolist()]
            lines.append(Content.assemble(" " * (name + 1), *zip(shares, styles, strict=True)))
    return Content("\n").join(lines)


def mixed_up(classes: Sequence[str], counts: "Array", width: int, ascii_only: bool) -> Content:
    """The pairs of a true class and another that was guessed for it, by their share of the class; empty if none was.
    Bars take the room that names and numbers leave."""
    pairs = [
        (n / sum(row), label, other, n)
        for label, row in zip(classes, counts.tolist(), strict=True)
        for other, n in zip(classes, row, strict=True)
        if n and other != label
    ]
    worst, room = sorted(pairs, key=lambda pair: -pair[0])[:PAIRS], min(max(width - NUMBERS, BAR), LONGEST)
    rows = [[label, other, f"{n:,}", f"{share:.1%}", bar(share, room, ascii_only)] for share, label, other, n in worst]
    return table(["class", "taken for", "examples", "share", "".ljust(room)], rows, left=2) if rows else Content("")


def _shade(share: float) -> int:
    """How much colour: the square root, so that small shares can be seen."""
    return round(85 * math.sqrt(share))


def scores(classes: Sequence[str], counts: "Array", width: int, height: int, ascii_only: bool) -> Content:
    """Precision, recall and F1 of every class, and their plain means. Bars take the room that numbers leave. Where
    there is room, what each class is taken for stands below it, and what it is said of; or the pairs that are mixed up
    stand below all."""
    from core.metrics import class_scores  # here: the help is a table, too, and does without NumPy

    measured, room = class_scores(counts), min(max(width - NUMBERS, BAR), LONGEST)
    rows = [
        [label, f"{p:.1%}", f"{r:.1%}", f"{f:.1%}", f"{int(row.sum()):,}", bar(f, room, ascii_only)]
        for label, p, r, f, row in zip(classes, *measured, counts, strict=True)
    ]
    precision, recall, f1 = measured.macro()
    mean = [
        "mean",
        f"{precision:.1%}",
        f"{recall:.1%}",
        f"{f1:.1%}",
        f"{int(counts.sum()):,}",
        bar(f1, room, ascii_only),
    ]
    all_of_them = table(["class", "precision", "recall", "F1", "examples", "F1".ljust(room)], [*rows, mean])
    if 3 * len(classes) + 2 > height:
        pairs = mixed_up(classes, counts, width, ascii_only)
        fits = len(classes) + PAIRS + 4 <= height
        return Content("\n\n").join([all_of_them, pairs]) if fits else all_of_them
    lines = all_of_them.split("\n")
    told = zip(counts.tolist(), counts.T.tolist(), strict=True)
    for k, (guessed, true) in reversed([*enumerate(told)]):
        below = [("taken for", guessed), ("said of", true)]
        lines[k + 2 : k + 2] = [_others(what, numbers, classes, k, width) for what, numbers in below]
    return Content("\n").join(lines)


def _others(what: str, counts: Sequence[int], classes: Sequence[str], own: int, width: int) -> Content:
    """The other classes that are counted, the most frequent first, as many as have room."""
    others = sorted((-n, label) for k, (n, label) in enumerate(zip(counts, classes, strict=True)) if n and k != own)
    text = f"  {what:<9}  " + ", ".join(f"{label} {-n:,}" for n, label in others)
    return Content.styled(text if others else f"{text}nothing else", "$foreground-muted").truncate(width, ellipsis=True)


def layers(health: "Sequence[LayerHealth]") -> Content:
    """Layer by layer what tells whether it learns."""
    rows = [
        [
            row.layer,
            "x".join(map(str, row.output)),
            f"{row.parameters:,}" if row.parameters else "",
            _scientific(row.weight),
            _scientific(row.gradient),
            _scientific(row.update_ratio),
            "" if row.dead is None else f"{row.dead:.0%}",
        ]
        for row in health
        if row.layer != "Flatten"
    ]
    total = ["total", "", f"{sum(row.parameters for row in health):,}", "", "", "", ""]
    return table(
        ["layer", "output", "parameters", "weight", "gradient", "update/weight", "dead"], [*rows, total], left=2
    )


def _scientific(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"
