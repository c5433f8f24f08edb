"""Control characters in what the app shows, made visible."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from lab.visible import visible


class VisibleControls(LineFilter):
    """The last thing that happens to each line before it goes to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Pictures in place of control characters; the line keeps its width."""
        shown = [Segment(visible(text), style, control) for text, style, control in segments]
        if shown == segments:
            return segments
        return Segment.adjust_line_length(shown, Segment.get_line_length(segments))
