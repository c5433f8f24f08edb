"""Colours and markers: one dark and one light theme, and how the series of a plot are told apart."""

from dataclasses import dataclass

from textual.theme import Theme

DARK = Theme(
    name="gradlab-dark",
    primary="#56b4e9",
    secondary="#7a8ca3",
    accent="#e69f00",
    warning="#e6b84d",
    error="#f0775a",
    success="#3cc79b",
    foreground="#d7dde4",
    background="#11151a",
    surface="#161b21",
    panel="#1e252d",
    dark=True,
    variables={"footer-key-foreground": "#e69f00", "block-cursor-text-style": "none"},
)
LIGHT = Theme(
    name="gradlab-light",
    primary="#0072b2",
    secondary="#5f6f80",
    accent="#a85400",
    warning="#8f6b00",
    error="#b5361b",
    success="#00785a",
    foreground="#1c242c",
    background="#f7f7f3",
    surface="#ffffff",
    panel="#e9ebe8",
    dark=False,
    variables={"footer-key-foreground": "#a85400", "block-cursor-text-style": "none"},
)
THEMES = (DARK, LIGHT)

# Okabe and Ito's colours (2008, "Color Universal Design"), lighter ones for dark ground and darker ones for light
# ground so that each has a contrast of at least 3 : 1.
ON_DARK = ("#56b4e9", "#e69f00", "#2fbf95", "#d98bb6", "#f0e442", "#f0775a")
ON_LIGHT = ("#0072b2", "#c45200", "#007a5a", "#a34f82", "#8a7500", "#2b2b2b")
UNICODE_MARKERS = ("•", "×", "▲", "◆", "+", "○")
ASCII_MARKERS = ("o", "x", "^", "#", "+", "@")
MUTED_DARK, MUTED_LIGHT = "#5c6773", "#a3a9ae"


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn: told apart by its marker where there is no colour."""

    colour: tuple[int, int, int]
    marker: str

    @property
    def rich(self) -> str:
        """The colour as Rich and Textual write it."""
        red, green, blue = self.colour
        return f"rgb({red},{green},{blue})"


def rgb(colour: str) -> tuple[int, int, int]:
    """'#rrggbb' as three numbers."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def series_styles(theme: Theme, colours: str, markers: str) -> list[SeriesStyle]:
    """Six styles, in the order series take them (training part, validation part, ...)."""
    palette: tuple[str, ...] = ON_DARK if theme.dark else ON_LIGHT
    if colours == "theme":
        own = (theme.primary, theme.accent, theme.success, theme.secondary, theme.warning, theme.error)
        palette = tuple(
            colour if colour and len(colour) == 7 and colour[0] == "#" else default
            for colour, default in zip(own, palette, strict=True)
        )
    signs = ASCII_MARKERS if markers == "ascii" else UNICODE_MARKERS
    return [SeriesStyle(rgb(colour), sign) for colour, sign in zip(palette, signs, strict=True)]


def muted(theme: Theme) -> tuple[int, int, int]:
    """The colour of what stands behind: a reference line, the loss of single batches."""
    return rgb(MUTED_DARK if theme.dark else MUTED_LIGHT)
