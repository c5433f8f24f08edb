"""A log of whatever kind: the first bytes tell which."""

from typing import Literal

from lab.watch.events import HEAD, EventRows, is_head
from lab.watch.log import Log
from lab.watch.text import TextRows


class Reader:
    """Adds to a log what the bytes of its file say, in whatever pieces they come."""

    def __init__(self, log: Log, before: "Reader | None" = None) -> None:
        """before: the reader of the file that this one continues, whose header may hold on."""
        self._log = log
        self._table = before.rows if before and isinstance(before.rows, TextRows) else TextRows(log)
        self._first = b""
        self.rows: TextRows | EventRows | None = None  # None until it is known

    @property
    def kind(self) -> Literal["text", "events"] | None:
        """What the file is; None while it is too short to tell."""
        return None if self.rows is None else "events" if isinstance(self.rows, EventRows) else "text"

    def feed(self, data: bytes, last: bool = False) -> None:
        """More bytes; last: the file ends with them, and so does its last line."""
        if self.rows is None:
            self._first += data
            short = not any(self._first[3:8])  # as the length of an event that begins a file: 16 MB are too many
            if short and len(self._first) < HEAD and not last:
                return
            data, self._first = self._first, b""
            events = short and is_head(data[:HEAD])
            self.rows = EventRows(self._log) if events else self._continued()
        self.rows.feed(data, last)

    def _continued(self) -> TextRows:
        return TextRows(self._log, self._table.names, self._table.separator)
