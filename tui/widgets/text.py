"""Text that is laid out again only when it is another one."""

from collections.abc import Callable, Iterable

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
        self._text = Content("")

    def show(self, text: str | Content) -> None:
        """Show this from now on."""
        content = Content(text) if isinstance(text, str) else text
        if not _same(content, self._text):
            self._text = content
            self.update(content, layout=self.styles.auto_dimensions)


class FittedText(Static):
    """Text that is made for the width it gets, so that it is the same whatever happened before; fit() it as often as
    you like."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        self._fitted = Fitted()
        super().__init__(self._fitted, id=id, classes=classes)

    def fit(self, make: Callable[[int], Content]) -> None:
        """Show from now on what `make` gives for the width in cells."""
        if self._fitted.take(make):
            self.refresh(layout=self.styles.auto_dimensions)


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

    def text(self, width: int) -> Content:
        """What is shown in so many cells."""
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


def _same(one: Content, other: Content) -> bool:
    """In their styles, too: contents that are equal to Textual may differ in those."""
    return one.plain == other.plain and one.spans == other.spans
