"""Text that is laid out again only when it is another one."""

from textual.content import Content
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
