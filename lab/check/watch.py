"""When a file is saved."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from watchfiles import watch


def saves(path: Path, stop: Event | None = None) -> Iterator[None]:
    """Once for every time the file is saved, until `stop` is set; without it, only ctrl+c ends this."""
    # The folder, as editors save by renaming: the old file would be watched on, and never change.
    for changes in watch(path.parent, recursive=False, stop_event=stop):
        if any(Path(changed).name == path.name for _, changed in changes):
            yield
