"""One of several values: letters typed on it choose among them."""

import time
from typing import Generic, TypeVar

from textual import events
from textual.widgets import Select

V = TypeVar("V")
PAUSE = 1.0  # seconds after which letters begin another word


class Choice(Select[V], Generic[V]):
    """A Select on which letters and digits are no commands: they go to the value that begins with them."""

    _typed, _typed_at = "", 0.0

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Is a key for this choice alone?"""
        return character is not None and character.isalnum()

    async def _on_key(self, event: events.Key) -> None:
        if self.expanded or event.character is None or not event.character.isalnum():
            return
        event.stop()
        event.prevent_default()
        now = time.monotonic()
        self._typed = (self._typed if now - self._typed_at < PAUSE else "") + event.character.lower()
        self._typed_at = now
        for typed in (self._typed, event.character.lower()):  # a letter that leads nowhere may begin another word
            for prompt, value in self._options:
                if str(prompt).lower().startswith(typed):
                    self._typed, self.value = typed, value
                    return
