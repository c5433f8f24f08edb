"""The line at the bottom: the keys of a mode."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

STAY = ("help", "quit")  # actions whose keys are shown however narrow it is
SPACES = 3  # beside the words of a key


class Keys(Footer):
    """Textual's footer. Where not all keys have room, the last ones of the mode are left out whole: none is cut, and
    that of the help, which lists all of them, stays at the right."""

    def compose(self) -> ComposeResult:
        keys: list[Widget] = list(super().compose())
        for key in keys:
            key.set_class(isinstance(key, FooterKey) and key.action == "help", "-help")
        self._leave_out(keys)
        yield from keys

    def on_resize(self) -> None:
        """There may be room for other keys."""
        self._leave_out(self.children)

    def _leave_out(self, children: Sequence[Widget]) -> None:
        keys = [key for key in children if isinstance(key, FooterKey)]
        room = self.size.width - sum(_width(key) for key in keys if key.action in STAY)
        for key in keys:
            if key.action not in STAY:
                room -= _width(key)
                key.display = room >= 0

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show other keys. Textual says so at every change of focus, and to lay them all out again takes long."""
        shown: dict[str, tuple[str, str]] = {}  # the first key of each action, as the footer shows it
        for _, key, _, _ in screen.active_bindings.values():
            if key.show:
                shown.setdefault(key.action, (key.key, key.description))
        if [*shown.values()] != [(key.key, key.description) for key in self.query(FooterKey)]:
            super().bindings_changed(screen)


def _width(key: FooterKey) -> int:
    """The columns of a key, with the line beside that of the help."""
    return len(key.key_display) + len(key.description) + SPACES + key.has_class("-help")
