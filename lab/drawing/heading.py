"""What stands above a plot: its title, and a legend with values."""

from math import isfinite

from lab.drawing.axes import label
from lab.drawing.figure import Figure, value
from lab.drawing.look import Look

LONGEST, SHORT = 40, 6  # characters of a label
Piece = tuple[str, str]  # text, and its style as Rich and Textual write it


def heading(figure: Figure, look: Look, width: int, muted: str = "") -> list[Piece]:
    """Title, and the sign, label and value of each curve: its last one, or the one under the cursor. Labels are as long
    as there is room: whole, shortened, or their first letters."""
    for most in (LONGEST, SHORT, 1):
        pieces = _pieces(figure, look, muted, most)
        if sum(len(text) for text, _ in pieces) <= width:
            break
    return pieces


def foot(figure: Figure, look: Look) -> str:
    """What stands below a plot: what the band and the horizontal lines are."""
    names = [(":" if look.ascii else "▒", figure.band_name), ("-" if look.ascii else "╌", figure.reference_name)]
    return "  ".join(f"{sign} {name}" for sign, name in names if name)


def _pieces(figure: Figure, look: Look, muted: str, most: int) -> list[Piece]:
    pieces = [(figure.title, "bold")]
    if figure.cursor is not None:
        pieces.append((f" at {label(figure.cursor)}", muted))
    for curve in figure.curves:
        if not curve.label:
            continue
        point = value(curve, figure.cursor)
        style = look.style(curve.style).rich
        if curve.label != figure.title:  # a curve that is all there is needs no legend
            pieces.append((f"  {look.sign(curve.style, curve.joined)}{' ' * (most > 1)}", style))
            pieces.append((shortened(curve.label, most), ""))
        if curve.joined and point is not None and isfinite(point[1]):
            pieces.append((f" {short_value(point[1], figure.percent)}", style))
    return pieces


def short_value(number: float, percent: bool) -> str:
    """A value in three digits."""
    return f"{number:.1%}" if percent else f"{number:.3g}"


def shortened(name: str, room: int) -> str:
    """As much of a name as has room: all of it, its beginning with a full stop, its first letter."""
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}." if room > 2 else name[:1]
