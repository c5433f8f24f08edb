"""A panel: widgets in a frame that says what they are. Its frame shows where the focus is."""

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget


class Panel(Vertical):
    """A frame with a title; `more` follows the title, muted; `subtitle` stands at the right of the lower line.

    A widget that draws its own frame gets the same one by the class "panel" and entitle().
    """

    def __init__(self, title: str, *children: Widget, id: str | None = None, classes: str = "") -> None:
        super().__init__(*children, id=id, classes=f"panel {classes}")
        entitle(self, title)


def entitle(widget: Widget, title: str, more: str = "", subtitle: str = "") -> None:
    """What a frame says, in the one way in which all of them say it. Setting a title paints all that is in the frame
    again, so the same one is not set twice."""
    on_top = Content.assemble((title, "bold"), (f"  {more}" if more else "", "$foreground-muted"))
    below = Content.styled(subtitle, "$foreground-muted")
    if on_top.markup != widget.border_title:
        widget.border_title = on_top
    if below.markup != widget.border_subtitle:
        widget.border_subtitle = below
