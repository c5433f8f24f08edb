"""The data sets: what is embedded, and how much of each full set is on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data import place
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
    folder, names = home / source.folder, [file.name for file in source.files]
    return Entry(
        name=source.name,
        title=source.title,
        embedded={"train": source.embedded_train, "test": source.embedded_test},
        embedded_size=source.embedded.size,
        full=_state(folder, names),
        full_size=_size(folder, names),
        download_size=source.download_size,
        place=str(folder),
        source=source.page,
        licence=source.licence,
    )


def _names(home: Path, source: NameSet) -> Entry:
    folder = home / source.folder
    return Entry(
        name=source.name,
        title=source.title,
        embedded={"names": source.count},
        embedded_size=source.embedded.size,
        full=_state(folder, source.files),
        full_size=_size(folder, source.files),
        download_size=0,
        place=str(folder),
        source=source.page,
        licence=source.licence,
    )


def _state(folder: Path, names: Sequence[str]) -> str:
    missing = len(place.missing(folder, names))
    if not missing:
        return "present"
    return "absent" if missing == len(names) else "incomplete"


def _size(folder: Path, names: Sequence[str]) -> int:
    return sum((folder / name).stat().st_size for name in names if (folder / name).is_file())
