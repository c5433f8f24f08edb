"""What stands above a plot: its title, and a legend with values."""

from math import isfinite

from lab.drawing.axes import label
from lab.drawing.figure import SHORT, Figure, named, short_names, value
from lab.drawing.look import Look

Piece = tuple[str, str]  # text, and its style as Rich and Textual write it


def heading(figure: Figure, look: Look, width: int, muted: str = "") -> list[Piece]:
    """Title, and the sign, label and value of each curve: its last one, or the one under the cursor. Where that has no
    room, labels are letters (short_names()); then the place of the cursor is left out, then the values, then the
    labels: nothing is cut but a long title."""
    for letters, place, values in ((False, True, True), (True, True, True), (True, False, True), (True, False, False)):
        pieces = _pieces(figure, look, muted, letters, place, values)
        if sum(len(text) for text, _ in pieces) <= width:
            return pieces
    return pieces[:1]


def foot(figure: Figure, look: Look, width: int = 1000) -> str:
    """What stands below a plot: what the band and the horizontal lines are. Where that has no room, what is in brackets
    is left out, and then the band: nothing is cut."""
    band, line = (":" if look.ascii else "▒", figure.band_name), ("-" if look.ascii else "╌", figure.reference_name)
    short = (line[0], line[1].partition(" (")[0])
    for names in ((band, line), (band, short), (short,)):
        text = "  ".join(f"{sign} {name}" for sign, name in names if name)
        if len(text) <= width:
            return text
    return ""


def _pieces(figure: Figure, look: Look, muted: str, letters: bool, place: bool, values: bool) -> list[Piece]:
    pieces = [(figure.title, "bold")]
    short = short_names(curve.label for curve in named(figure))
    if place and figure.cursor is not None:
        pieces.append((f" at {label(figure.cursor)}", muted))
    for curve in figure.curves:
        if not curve.label:
            continue
        point = value(curve, figure.cursor)
        style = look.style(curve.style).rich
        if curve.label != figure.title:  # a curve that is all there is needs no legend
            name = short[curve.label] if letters else curve.label
            pieces.append(
                (f"  {look.sign(curve.style, curve.joined)}{' ' * (not letters or len(name) > SHORT)}", style)
            )
            pieces.append((name, ""))
        if values and curve.joined and point is not None and isfinite(point[1]):
            pieces.append((f" {short_value(point[1], figure.percent)}", style))
    return pieces


def short_value(number: float, percent: bool) -> str:
    """A value in three digits."""
    return f"{number:.1%}" if percent else f"{number:.3g}"
