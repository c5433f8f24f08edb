"""How series are told apart: by colour, by weight, and by a sign in the legend."""

from typing import NamedTuple

Colour = tuple[int, int, int]

# Okabe and Ito's colours (2008, "Color Universal Design"), lighter ones for dark ground and darker ones for light
# ground so that each has a contrast of at least 3 : 1.
ON_DARK: tuple[Colour, ...] = (
    (86, 180, 233), (230, 159, 0), (47, 191, 149), (217, 139, 182), (240, 228, 66), (240, 119, 90),
)  # fmt: skip
ON_LIGHT: tuple[Colour, ...] = (
    (0, 114, 178), (196, 82, 0), (0, 122, 90), (163, 79, 130), (138, 117, 0), (43, 43, 43),
)  # fmt: skip
MUTED_DARK: Colour = (108, 120, 133)
MUTED_LIGHT: Colour = (140, 147, 153)


class Weight(NamedTuple):
    """How a line is drawn. pen: dots across; on, off: dots of a dash and of the gap after it (0: no gap).

    sign, spot: a line and a point alone in a legend; ascii: the mark of a point where only ASCII is shown.
    """

    pen: int
    on: int
    off: int
    sign: str
    spot: str
    ascii: str


WEIGHTS = (
    Weight(1, 1, 0, "─", "⠶", "o"),
    Weight(2, 1, 0, "━", "⣿", "x"),
    Weight(1, 5, 4, "╌", "⠢", "^"),
    Weight(1, 1, 2, "┈", "⠔", "#"),
    Weight(2, 6, 5, "╍", "⢕", "+"),
    Weight(2, 2, 4, "┉", "⡪", "@"),
)


class Style(NamedTuple):
    """Of one series."""

    colour: Colour
    weight: Weight

    @property
    def rich(self) -> str:
        """The colour as Rich and Textual write it."""
        red, green, blue = self.colour
        return f"rgb({red},{green},{blue})"


class Look(NamedTuple):
    """Colours of six series, the colour of what stands behind, and whether only ASCII can be shown."""

    colours: tuple[Colour, ...] = ON_DARK
    muted: Colour = MUTED_DARK
    ascii: bool = False

    def style(self, place: int) -> Style:
        """The style of a series by its place; colours and weights begin again after the last."""
        return Style(self.colours[place % len(self.colours)], WEIGHTS[place % len(WEIGHTS)])

    def pale(self, place: int) -> Colour:
        """What lies behind a series: its colour, half way to that of what stands behind."""
        red, green, blue = ((a + b) // 2 for a, b in zip(self.style(place).colour, self.muted, strict=True))
        return red, green, blue

    def sign(self, place: int, joined: bool = True) -> str:
        """What stands for a series in a legend: of points that are joined, or of points alone."""
        weight = self.style(place).weight
        return weight.ascii if self.ascii else weight.sign if joined else weight.spot
