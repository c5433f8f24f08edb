"""Text that is laid out again only when it is another one."""

from collections.abc import Callable, Iterable
from typing import cast

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widget import Widget
from textual.widgets import Static


class Text(Static):
    """Plain text or styled content, never markup; show() it as often as you like."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=id, classes=classes, markup=False)
        self._text = Content("")

    def show(self, text: str | Content) -> None:
        """Show this from now on."""
        content = Content(text) if isinstance(text, str) else text
        if not _same(content, self._text):
            before, self._text = self._text, content
            self.update(content, layout=_takes_other_room(self, before, content))


class FittedText(Static):
    """Text that is made for the width it gets, so that it is the same whatever happened before; fit() it as often as
    you like."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        self._fitted = Fitted()
        super().__init__(self._fitted, id=id, classes=classes)

    def fit(self, make: Callable[[int], Content]) -> None:
        """Show from now on what `make` gives for the width in cells."""
        before = self._fitted.shown
        if self._fitted.take(make):
            self.refresh(layout=_takes_other_room(self, before, self._fitted.shown))


class Fitted(Visual):
    """What a function gives for the width at hand, as Textual asks for it."""

    def __init__(self) -> None:
        self._make: Callable[[int], Content] = lambda width: Content("")
        self._made: tuple[int, Content] | None = None  # the width it was made for last, and the text
        self._drawn: tuple[int, Content] | None = None  # the same of what is to be seen

    def take(self, make: Callable[[int], Content]) -> bool:
        """Show what `make` gives for the width in cells. Is it another text than that which is to be seen?"""
        self._make, self._made = make, None
        return self._drawn is None or not _same(self.text(self._drawn[0]), self._drawn[1])

    @property
    def shown(self) -> Content | None:
        """The text for the width of what is to be seen; None if nothing is yet."""
        return self.text(self._drawn[0]) if self._drawn else None

    def text(self, width: int) -> Content:
        """What is shown in this number of cells."""
        if self._made is None or self._made[0] != width:
            self._made = width, self._make(width)
        return self._made[1]

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        text = self.text(width)
        self._drawn = width, text
        return text.render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self.text(container_width).get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self.text(width).get_height(rules, width)


def first_that_fits(texts: Iterable[Content], width: int) -> Content:
    """The first of some texts that is no wider than that, or the last: what has no room is left out whole."""
    text = Content("")
    for text in texts:
        if text.cell_length <= width:
            break
    return text


def _takes_other_room(widget: Static, before: Content | None, after: Content | None) -> bool:
    """Would a widget that is as large as its text be of another size? A layout takes longer than to paint it."""
    if not widget.styles.auto_dimensions:
        return False
    if before is None or after is None or not widget.content_size.width:  # not laid out yet
        return True
    return _room(widget, before) != _room(widget, after)


def _room(widget: Static, text: Content) -> tuple[int, int]:
    """The columns that a text would have, if they follow from it, and the rows at the widget's width."""
    styles, width, rules = widget.styles, widget.content_size.width, cast(RulesMap, widget.styles)
    columns = text.get_optimal_width(rules, width) if styles.width and styles.width.is_auto else width
    around = cast(Widget, widget.parent).scrollable_content_region.size
    least = styles.min_height.resolve(around, widget.app.size) if styles.min_height else 0
    return columns, max(text.get_height(rules, width), int(least))


def _same(one: Content, other: Content) -> bool:
    """In their styles, too: contents that are equal to Textual may differ in those."""
    return one.plain == other.plain and one.spans == other.spans
