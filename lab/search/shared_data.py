"""A data set for many processes: its arrays as .npy files that each of them maps into memory, one copy for all.

The files lie in a temporary folder that is removed when the owner is done. Of an owner that was killed the folder
stays; whoever shares data next removes it, as nobody holds its lock any more.
"""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.dataset import Dataset, Part
from data.normalise import Keep, Rows, for_all_rows
from data.sources import SETS
from lab.disk import disk, lock
from lab.errors import LabError
from presets.build import load_data
from presets.schema import Preset

PREFIX = "gradlab-data-"


@dataclass(frozen=True)
class SharedData:
    """Where the arrays of a data set lie, and the rest of it: small enough to be sent along with every task."""

    folder: Path
    bare: Dataset  # the arrays of its parts are empty
    label: str  # of the data set with its examples

    def open(self, preset: Preset) -> Dataset:
        """The data set, mapped into memory; on another machine, where there is no such folder, that machine's own.

        Raises DataError, and LabError if the data there are not the same.
        """
        if self.folder not in _opened:
            dataset = self._read() if self.folder.is_dir() else load_data(preset, self.bare.variant)
            if dataset.fingerprints != self.bare.fingerprints:
                raise LabError(f"the data on this machine are not those of the search: {dataset.label}")
            _opened.clear()
            _opened[self.folder] = dataset
        return _opened[self.folder]

    def _read(self) -> Dataset:
        parts: dict[str, Any] = {name: _part(self.folder / name) for name in self.bare.parts}
        return replace(self.bare, **parts)


# The last one is kept for the trials to come; not more, as a file that is mapped takes its room even if it is removed.
_opened: dict[Path, Dataset] = {}


def data_key(preset: Preset) -> str:
    """What the examples of a preset depend on: presets with the same key share them."""
    seed = preset.seed if SETS[preset.data.set].random_split else None
    return f"{preset.data.model_dump_json()} {seed}"


@contextmanager
def shared(load: Callable[[Keep], Dataset]) -> Iterator[SharedData]:
    """Inside the with-block the data set that `load` gives lies where every process of this machine can map it; its
    images are put there at once, by what `load` is given to keep them with. Raises DataError, LabError."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with disk(folder), (folder / "new").open("w") as file:
            lock(file)
            (folder / "new").rename(folder / "lock")  # only now can others see it: it is never seen unlocked
            dataset = load(partial(_in_file, folder))
            parts: dict[str, Any] = {name: _written(part, folder / name) for name, part in dataset.parts.items()}
            yield SharedData(folder, replace(dataset, **parts), dataset.label)
    finally:
        _remove(folder)


def _in_file(folder: Path, shape: tuple[int, ...], rows: Rows) -> np.ndarray:
    """An array in a new file of the folder. Raises OSError if the disk has no room."""
    path = folder / f"{secrets.token_hex(4)}.npy"
    descr = np.lib.format.dtype_to_descr(np.dtype(np.float32))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        first = file.tell()

    # Written, not filled through a map: that is quicker, and what a full disk does to a map is a crash.
    def write(some: slice) -> None:
        piece = rows(some)
        with path.open("r+b") as file:
            file.seek(first + some.start * piece[0].nbytes)
            file.write(piece.data)

    for_all_rows(shape[0], write)
    mapped: np.ndarray = np.load(path, mmap_mode="r")
    return mapped


def _written(part: Part, stem: Path) -> Part:
    """The part without its examples, which are in files named after it."""
    if isinstance(part.x, np.memmap):
        Path(str(part.x.filename)).rename(f"{stem}.x.npy")
    else:
        np.save(f"{stem}.x.npy", part.x)
    np.save(f"{stem}.y.npy", part.y)
    return Part(np.empty((0, *part.x.shape[1:]), part.x.dtype), part.y[:0])


def _part(stem: Path) -> Part:
    # asarray: the map as a plain array, without what np.memmap does at every slice
    return Part(*(np.asarray(np.load(f"{stem}.{name}.npy", mmap_mode="r")) for name in "xy"))


def _sweep() -> None:
    """Remove what owners that were killed have left."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with suppress(OSError), path.open("a") as file:  # another user's
            if lock(file):
                _remove(path.parent)


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: what somebody who is killed at it leaves, the next one finds and removes."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name != "lock":
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
