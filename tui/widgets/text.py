"""Text that is laid out again only when it is another one."""

from collections.abc import Callable

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import Static


class Text(Static):
    """Plain text or styled content, never markup; show() it as often as you like."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._text: str | Content = ""

    def show(self, text: str | Content) -> None:
        """Show this from now on."""
        if text != self._text:
            self._text = text
            self.update(text, layout=self.styles.auto_dimensions)


class FittedText(Static):
    """Text that is made for the width it gets, so that it is the same whatever happened before."""

    def fit(self, make: Callable[[int], Content]) -> None:
        """Show from now on what `make` gives for the width in cells."""
        self.update(_Fitted(make))


class _Fitted(Visual):
    """What a function gives for the width at hand, as Textual asks for it."""

    def __init__(self, make: Callable[[int], Content]) -> None:
        self._make = make

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self._make(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._make(container_width).get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._make(width).get_height(rules, width)
