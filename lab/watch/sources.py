"""What can be watched: a file, folders of event files that belong together, what is piped in."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Literal, Protocol

from lab import command_lines
from lab.errors import LabError
from lab.watch.columns import Split, split_in, steps
from lab.watch.follow import CHUNK, Follower
from lab.watch.log import Column, Log
from lab.watch.reader import Reader

PIPE = Path("-")
EVENTS = "*tfevents*"


class Source(Protocol):
    """A log that is followed. name: what it is called; ended: is nothing more to come, whatever happens?"""

    name: str
    ended: bool

    @property
    def log(self) -> Log:
        """What has been read."""

    @property
    def kind(self) -> Literal["text", "events"] | None:
        """What is read; None while that cannot be told."""

    @property
    def lacking(self) -> str:
        """Why there is nothing to be seen; "" if there is something."""

    def poll(self, wait: bool = False) -> bool:
        """Read a piece of what is new; was there anything? wait: for more of what still comes. Raises DiskError."""

    def finish(self) -> None:
        """It ends here: its last line counts, even where its end is not written."""


def source_at(path: Path) -> Source:
    """What is at a path: - is standard input. Raises LabError for a folder in which nothing belongs together."""
    if path == PIPE:
        return Pipe(sys.stdin.buffer)
    if not path.is_dir():
        return Follower(path)
    files = sorted((file for file in path.rglob(EVENTS) if file.is_file()), key=lambda file: file.stat().st_mtime)
    split = [file for file in files if file.parent != path and split_in(file.parent.name)]
    if split:
        return EventFolders(path, split[-1].parent.parent)
    if not files:
        raise LabError(f"{path} is a folder: give the file that is written")
    raise LabError(f"{path} is a folder: write {command_lines.gradlab('watch', files[-1])}")


class EventFolders:
    """Event files in folders that name a part of the data, train/ and validation/, as Keras writes them. They are one
    log: a column is called after its folder and its tag. In each folder the newest file counts."""

    kind: Literal["text", "events"] | None = "events"
    ended = False

    def __init__(self, path: Path, above: Path) -> None:
        """path: as the user wrote it; above: what the folders stand in."""
        self.name = str(path)
        self.log = Log()
        self._above = above
        self._parts: dict[Split, Follower] = {}

    @property
    def lacking(self) -> str:
        return "" if self.log.rows else "its event files hold no numbers"

    def poll(self, wait: bool = False) -> bool:
        for split, newest in self._newest():
            before = self._parts.get(split)
            if before is None or before.path != newest:
                self._parts[split] = Follower(newest)
                if before:
                    before.finish()
        news = [part.poll() for part in self._parts.values()]
        if any(news):
            self.log = _together(self._parts)
        return any(news)

    def finish(self) -> None:
        for part in self._parts.values():
            part.finish()
        self.log = _together(self._parts)

    def _newest(self) -> Iterator[tuple[Split, Path]]:
        for folder in sorted(self._above.iterdir()):
            files = [file for file in folder.glob(EVENTS) if file.is_file()] if split_in(folder.name) else []
            if files and (split := split_in(folder.name)):
                yield split, max(files, key=lambda file: (file.stat().st_mtime, file.name))


def _together(parts: dict[Split, Follower]) -> Log:
    """One log of several: the rows of one below those of the other."""
    whole = Log()
    for split, part in parts.items():
        for name, column in part.log.columns.items():
            its = whole.columns.setdefault(name if steps(name) else f"{split}/{name}", Column())
            its.rows.extend(whole.rows + row for row in column.rows)
            its.values.extend(column.values)
        whole.rows += part.log.rows
        whole.skipped += part.log.skipped
        for note in part.log.notes:
            whole.note(f"{split}: {note}")
    if any("/epoch_" in name for name in whole.columns):  # so Keras calls what it counts by epochs
        whole.rename({"step": "epoch"})
    return whole


class Pipe:
    """What another program writes into a pipe."""

    name = "standard input"

    def __init__(self, stream: IO[bytes]) -> None:
        """Raises LabError if a person would have to type it."""
        if stream.isatty():
            raise LabError("standard input is the terminal: write PROGRAM | gradlab watch -")
        self.log = Log()
        self.ended = False
        self._reader = Reader(self.log)
        self._pieces: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._read, args=(stream.fileno(),), name="gradlab-pipe", daemon=True).start()

    def _read(self, file: int) -> None:
        while piece := os.read(file, CHUNK):
            self._pieces.put(piece)
        self._pieces.put(b"")

    @property
    def kind(self) -> Literal["text", "events"] | None:
        return self._reader.kind

    @property
    def lacking(self) -> str:
        if self.log.rows:
            return ""
        return "it held no numbers that have a name" if self.ended else "nothing that has a name and a number yet"

    def poll(self, wait: bool = False) -> bool:
        if self.ended:
            return False
        try:
            piece = self._pieces.get(block=wait)
        except Empty:
            return False
        self.ended = not piece
        self._reader.feed(piece)
        return not self.ended

    def finish(self) -> None:
        self._reader.feed(b"", last=True)
