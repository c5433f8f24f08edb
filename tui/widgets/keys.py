"""The line at the bottom: the keys of a mode."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class Keys(Footer):
    """Textual's footer; the key of the help, which lists all of them, stays at the right where not all have room."""

    def compose(self) -> ComposeResult:
        for key in super().compose():
            key.set_class(isinstance(key, FooterKey) and key.action == "help", "-help")
            yield key

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show other keys. Textual says so at every change of focus, and to lay them all out again takes long."""
        new = [(key.key, key.description) for _, key, _, _ in screen.active_bindings.values() if key.show]
        if new != [(key.key, key.description) for key in self.query(FooterKey)]:
            super().bindings_changed(screen)
