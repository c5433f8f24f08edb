"""One dark and one light theme, and how plots look on a theme."""

from textual.theme import Theme

from lab.drawing.look import MUTED_DARK, MUTED_LIGHT, ON_DARK, ON_LIGHT, Colour, Look

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


def look(theme: Theme, colours: str, markers: str) -> Look:
    """How plots look on a theme. colours: 'theme' for its own, otherwise those safe for all colour vision; markers:
    'ascii' for terminals without Braille."""
    palette = ON_DARK if theme.dark else ON_LIGHT
    if colours == "theme":
        own = (theme.primary, theme.accent, theme.success, theme.secondary, theme.warning, theme.error)
        palette = tuple(
            rgb(colour) if colour and len(colour) == 7 and colour[0] == "#" else default
            for colour, default in zip(own, palette, strict=True)
        )
    return Look(palette, MUTED_DARK if theme.dark else MUTED_LIGHT, markers == "ascii")


def rgb(colour: str) -> Colour:
    """'#rrggbb' as three numbers."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
