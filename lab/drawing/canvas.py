"""A grid of cells with dots in them: two by four in Braille, or one sign to a cell in ASCII.

Why not plotext's Braille: benchmarks/drawing.py measures both in turns. The loss of a run with the band of its batches
takes plotext 21 ms at 50 x 23 cells and this canvas 3 ms; at 158 x 41 cells it is 68 ms beside 7. What draws takes the
interpreter from what trains. And plotext has one weight of line: no dashes, no thick pen, nothing that lies behind.
"""

from functools import lru_cache
from typing import NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from lab.drawing.look import Colour

BRAILLE = 0x2800
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of the dot at [y][x] of a cell
BEHIND, BAND, MARK, CURVE, FRONT = range(5)  # layers: dots of a higher one take the cell


class Ink(NamedTuple):
    """What dots are drawn with. sign: what they are in ASCII."""

    layer: int
    colour: Colour | None
    sign: str


class Canvas:
    """Cells, the row 0 on top. A cell has one ink: of dots on several layers only the highest are seen."""

    def __init__(self, columns: int, rows: int, ascii_only: bool) -> None:
        self.columns, self.rows = columns, rows
        self.wide, self.high = (1, 1) if ascii_only else (2, 4)  # dots in a cell
        self._ascii = ascii_only
        self._bits = [[0] * columns for _ in range(rows)]
        self._inks: list[list[Ink | None]] = [[None] * columns for _ in range(rows)]
        self._texts: dict[tuple[int, int], tuple[str, Style]] = {}

    def dot(self, x: int, y: int, ink: Ink) -> None:
        """A dot; nothing outside the canvas."""
        column, row = x // self.wide, y // self.high
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return
        inks = self._inks[row]
        before = inks[column]
        if before is None or before.layer < ink.layer:
            self._bits[row][column] = 0
        elif before.layer > ink.layer:
            return
        inks[column] = ink
        self._bits[row][column] |= 1 if self._ascii else BITS[y % 4][x % 2]

    def text(self, column: int, row: int, text: str, style: Style) -> None:
        """Characters in the cells from (column, row) on, over whatever dots are there."""
        for k, character in enumerate(text):
            if 0 <= column + k < self.columns and 0 <= row < self.rows:
                self._texts[column + k, row] = (character, style)

    def free(self, column: int, row: int, width: int) -> bool:
        """Is there no text in these cells?"""
        return all((column + k, row) not in self._texts for k in range(-1, width + 1))

    def lines(self) -> list[list[Segment]]:
        """The rows as segments of one style."""
        return [self._line(row) for row in range(self.rows)]

    def _line(self, row: int) -> list[Segment]:
        segments: list[Segment] = []
        characters, style = "", NOTHING
        for column in range(self.columns):
            character, its = self._texts.get((column, row)) or self._cell(column, row)
            if its is not style and character != " ":
                if characters:
                    segments.append(Segment(characters, style))
                characters, style = "", its
            characters += character
        return [*segments, Segment(characters, style)] if characters else segments

    def _cell(self, column: int, row: int) -> tuple[str, Style]:
        ink = self._inks[row][column]
        if ink is None:
            return " ", NOTHING
        return ink.sign if self._ascii else chr(BRAILLE + self._bits[row][column]), coloured(ink.colour)


NOTHING = Style()


@lru_cache(maxsize=64)
def coloured(colour: Colour | None, bold: bool = False) -> Style:
    """The style of characters in that colour."""
    return Style(color=Color.from_rgb(*colour) if colour else None, bold=bold or None)
