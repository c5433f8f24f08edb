"""A file followed while another program writes it: it may not be there yet, be replaced, or be cut short."""

import os
from pathlib import Path
from typing import IO, Literal

from lab.disk import disk, opened
from lab.watch.log import Log
from lab.watch.reader import Reader

CHUNK = 1 << 20  # bytes read at once: a fraction of a second
TAIL = 64  # bytes before the end that are compared: was the file written again under us?


class Follower:
    """Reads what is new in a file into its log. It may always grow: `ended` stays False."""

    ended = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.log = Log()
        self.reader = Reader(self.log)
        self._file: IO[bytes] | None = None
        self._tail = b""
        self._found = False

    @property
    def kind(self) -> Literal["text", "events"] | None:
        """What the file is; None while it is too short to tell."""
        return self.reader.kind

    @property
    def lacking(self) -> str:
        """Why there is nothing to be seen; "" if there is something."""
        if self.log.rows:
            return ""
        if not self._found:
            return "there is no such file"
        return "it holds no table of numbers" if self._tail else "it is empty"

    def poll(self, wait: bool = False) -> bool:
        """Read a piece of what is new; was there anything? Raises DiskError, also for what is no regular file. There is
        nothing to wait for: nobody knows whether a file still grows."""
        with disk(self.path):
            if self._file is None and not self._open():
                return False
            if self._was_cut():
                self._begin_again(self.path.name + " was written again from its start")
            news = self._read()
            if not news and self._was_replaced():
                self._close()
                if self._open():
                    self.reader.feed(b"", last=True)
                    self.log.note(f"{self.path.name} was replaced by another file")
                    self._continue()
                    news = self._read()
        return news

    def finish(self) -> None:
        """The file ends here: its last line counts, even where its end is not written."""
        self.reader.feed(b"", last=True)
        self._close()

    def _open(self) -> bool:
        try:
            self._file = opened(self.path, "rb", buffering=0)
        except FileNotFoundError:
            return False
        self._found, self._tail = True, b""
        return True

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _read(self) -> bool:
        assert self._file is not None
        data = self._file.read(CHUNK)
        self.reader.feed(data)
        self._tail = (self._tail + data)[-TAIL:]
        return bool(data)

    def _was_cut(self) -> bool:
        """Is the file shorter than what was read, or other than it was?"""
        assert self._file is not None
        at = self._file.tell()
        if os.fstat(self._file.fileno()).st_size < at:
            return True
        self._file.seek(at - len(self._tail))
        same = self._file.read(len(self._tail)) == self._tail
        self._file.seek(at)
        return not same

    def _was_replaced(self) -> bool:
        """Does another file have the name by now? A file that was removed may be written to the end."""
        assert self._file is not None
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return False
        return not os.path.samestat(now, os.fstat(self._file.fileno()))

    def _begin_again(self, why: str) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._tail = b""
        self.log.clear()
        self.log.note(why)
        self.reader = Reader(self.log, self.reader)  # who cuts a log under its writer leaves no header

    def _continue(self) -> None:
        """With a new file: a log that was rotated counts on; one that counts nothing begins again."""
        if not self.log.counts:
            self.log.clear()
        self.reader = Reader(self.log, self.reader)
