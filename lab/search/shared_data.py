"""A data set for many processes: its arrays as .npy files that each of them maps into memory, one copy for all.

The files lie in a temporary folder that is removed when the owner is done. Of an owner that was killed the folder
stays; whoever shares data next removes it, as nobody holds its lock any more. All such folders of a user lie in one
that only this user can enter: /tmp is everybody's.
"""

import math
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.dataset import Dataset, Part
from data.normalise import Keep, Rows, for_all_rows
from data.sources import SETS, PartName
from lab.disk import lock, opened
from lab.errors import DiskError, LabError
from presets.build import load_data
from presets.schema import Preset

PREFIX = "data-"


@dataclass(frozen=True)
class SharedData:
    """Where the arrays of a data set lie, and the rest of it: small enough to be sent along with every task."""

    folder: Path
    bare: Dataset  # the arrays of its parts are empty
    label: str  # of the data set with its examples
    files: Mapping[PartName, tuple[str, str]]  # by part: the file of its examples, and that of its labels

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
        parts: dict[str, Any] = {name: _part(self.folder, *files) for name, files in self.files.items()}
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
    root = own_folder()
    _sweep(root)
    with _locked_folder(root) as folder:
        with _named(folder):
            dataset = load(partial(_in_file, folder))
            files = {name: _files(folder, name, part) for name, part in dataset.parts.items()}
        empty: dict[str, Any] = {name: _emptied(part) for name, part in dataset.parts.items()}
        yield SharedData(folder, replace(dataset, **empty), dataset.label, files)


def own_folder() -> Path:
    """The folder of this user in the one for temporary files. Raises LabError if somebody else has put it there."""
    folder = Path(tempfile.gettempdir()) / f"gradlab-{os.getuid() if hasattr(os, 'getuid') else 'data'}"
    with _named(folder):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        state = folder.lstat()
    mine = not hasattr(os, "getuid") or (state.st_uid == os.getuid() and not state.st_mode & 0o077)
    if not (mine and stat.S_ISDIR(state.st_mode)):
        raise LabError(f"{folder} is not a folder of yours alone: remove it, or set TMPDIR to another folder")
    return folder


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    """What the disk refuses as an error that says how to choose another."""
    try:
        yield
    except OSError as error:
        raise DiskError(f"{folder}: {error.strerror or error}; TMPDIR chooses another folder") from None


@contextmanager
def _locked_folder(root: Path) -> Iterator[Path]:
    """A new folder that goes at the end of the with-block, and whose lock is held until then."""
    while True:
        with _named(root):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            file = opened(folder / "lock", "w")
        with file:
            if not (lock(file) and (folder / "lock").exists()):
                continue  # somebody who sweeps saw it before it was locked
            try:
                yield folder
            finally:
                _remove(folder)
        shutil.rmtree(folder, ignore_errors=True)  # its lock, where an open file cannot be removed
        return


def _in_file(folder: Path, shape: tuple[int, ...], rows: Rows) -> np.ndarray:
    """An array in a new file of the folder. Raises OSError or LabError if the disk has no room."""
    needed, free = math.prod(shape) * 4, shutil.disk_usage(folder).free
    if free < needed:
        raise LabError(
            f"{folder} is on a disk with {free / 1e6:,.0f} MB of room, and {needed / 1e6:,.0f} MB are needed: make "
            "room, or set TMPDIR to a folder on another disk"
        )
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


def _files(folder: Path, name: str, part: Part) -> tuple[str, str]:
    """Files of the folder that hold the examples and the labels of a part; made here, unless they are there."""
    x, y = f"{name}.x.npy", f"{name}.y.npy"
    if isinstance(part.x, np.memmap):
        x = Path(str(part.x.filename)).name
    else:
        np.save(folder / x, part.x)
    np.save(folder / y, part.y)
    return x, y


def _emptied(part: Part) -> Part:
    return Part(np.empty((0, *part.x.shape[1:]), part.x.dtype), part.y[:0])


def _part(folder: Path, *names: str) -> Part:
    # asarray: the map as a plain array, without what np.memmap does at every slice
    return Part(*(np.asarray(np.load(folder / name, mmap_mode="r")) for name in names))


def _sweep(root: Path) -> None:
    """Remove what owners that were killed have left."""
    for path in root.glob(f"{PREFIX}*/lock"):
        with suppress(OSError):
            with opened(path, "a") as file:
                dead = lock(file)
                if dead:
                    _remove(path.parent)
            if dead:
                shutil.rmtree(path.parent, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: what somebody who is killed at it leaves, the next one finds and removes."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name != "lock":
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
