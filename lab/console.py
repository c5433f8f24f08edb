"""The terminal as the commands write to it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from lab.visible import visible


class SafeConsole(Console):
    """A console that shows control characters instead of sending them: only Rich itself commands the terminal.

    `is_terminal` says whether what was written can be drawn again. Rich also counts a stream that FORCE_COLOR asks
    colours for, which fills logs with bars, and a dumb terminal.
    """

    def __init__(self, **settings: Any) -> None:
        self._redraws: bool | None = None  # not known while Rich looks for colours
        super().__init__(**settings)
        self._redraws = self.file.isatty() and not self.is_dumb_terminal

    @property
    def is_terminal(self) -> bool:
        """Can bars and live pictures be drawn here?"""
        return super().is_terminal if self._redraws is None else self._redraws

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments of the renderable, all text in them visible."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(visible(text), style)
