"""The data sets: what is embedded, and how much of each full set is on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data import files, place
from data.near import near
from data.sources import IMAGE_SETS, NAME_SETS, ImageSet, NameSet


@dataclass(frozen=True)
class Entry:
    """A data set as `gradlab data list` shows it. Sizes are in bytes. Holds JSON types only, for `asdict`."""

    name: str
    title: str
    embedded: dict[str, int]  # counts, e.g. {"train": 4000, "test": 1000}
    embedded_size: int
    full: str  # "present", "incomplete" or "absent", by file names; content is checked when a file is read
    full_size: int  # of the set's files on this machine
    download_size: int  # 0: there is nothing to download
    near: str  # what lies near this place and is not quite the set, with what to do; "" if nothing does
    place: str  # the folder for the full files, whether they are there or not
    source: str
    licence: str


def entries() -> list[Entry]:
    """One entry per data set. Reads and hashes no file."""
    home = place.home()
    return [
        *(_names(home, source) for source in NAME_SETS.values()),
        *(_images(home, source) for source in IMAGE_SETS.values()),
    ]


def _images(home: Path, source: ImageSet) -> Entry:
    folder = home / source.folder
    there = [files.find(folder, file) for file in source.files]
    state = _state(there)
    return Entry(
        name=source.name,
        title=source.title,
        embedded={"train": source.embedded_train, "test": source.embedded_test},
        embedded_size=source.embedded.size,
        full=state,
        full_size=_size(there),
        download_size=source.download_size,
        near="" if state == "present" else near(source),
        place=str(folder),
        source=source.page,
        licence=source.licence,
    )


def _names(home: Path, source: NameSet) -> Entry:
    folder = home / source.folder
    there = [None if place.missing(folder, [name]) else folder / name for name in source.files]
    return Entry(
        name=source.name,
        title=source.title,
        embedded={"names": source.count},
        embedded_size=source.embedded.size,
        full=_state(there),
        full_size=_size(there),
        download_size=0,
        near="",
        place=str(folder),
        source=source.page,
        licence=source.licence,
    )


def _state(files: Sequence[Path | None]) -> str:
    missing = files.count(None)
    if not missing:
        return "present"
    return "absent" if missing == len(files) else "incomplete"


def _size(files: Sequence[Path | None]) -> int:
    return sum(path.stat().st_size for path in files if path is not None)
