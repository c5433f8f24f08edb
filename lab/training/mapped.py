"""Data and parameters as files that the process of a student's code maps: no question carries them."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np

from core.types import Array
from data.dataset import Dataset
from lab.disk import disk

MOST = 64  # updates in a question


class Mapped:
    """A temporary folder with the parts of a data set, and vectors that both processes write. Raises DiskError."""

    def __init__(self, dataset: Dataset, parameters: int, kept: Sequence[str]) -> None:
        """parameters: how many numbers theta has; kept: the vectors of that length that the optimiser keeps."""
        with disk(Path(tempfile.gettempdir())):
            self._folder = tempfile.TemporaryDirectory(prefix="gradlab-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self.parts: Mapping[str, Array] = {name: part.x for name, part in dataset.parts.items()}
        try:
            self._write(dataset, parameters, kept)
        except BaseException:
            self.forget()
            raise

    def _write(self, dataset: Dataset, parameters: int, kept: Sequence[str]) -> None:
        with disk(self.path):
            for name, part in dataset.parts.items():
                _put(self.path / f"{name}-x.npy", part.x)
                np.save(self.path / f"{name}-y.npy", part.y)
            self.theta, self.grad = (self._vector(name, parameters) for name in ("theta", "grad"))
            self._made = self._vector("made", 1 + MOST)
            self.kept = {name: self._vector(name, parameters) for name in kept}

    def _vector(self, name: str, size: int) -> Array:
        path = self.path / f"{name}.npy"
        np.save(path, np.zeros(size))
        vector: Array = np.asarray(np.load(path, mmap_mode="r+"))
        return vector

    def begin(self) -> None:
        """Before a question: no update of it is made."""
        self._made[0] = 0

    @property
    def losses(self) -> list[float]:
        """Of the updates that the last question has made, before each."""
        return [float(loss) for loss in self._made[1 : 1 + int(self._made[0])]]

    def part_of(self, x: Array) -> str | None:
        """The part whose examples these are; None if they are others."""
        return next((name for name, own in self.parts.items() if own is x), None)

    def forget(self) -> None:
        """Remove the names of the files. Who has mapped them keeps them, and after a kill nothing is left."""
        with suppress(OSError):  # Windows: at the end
            self._folder.cleanup()


def _put(path: Path, x: Array) -> None:
    """An array as a file: where it is one already, of data that many trials share, the same .npy by another name."""
    own: Any = x.base
    whole = isinstance(own, np.memmap) and isinstance(getattr(own, "base", None), mmap)
    if whole and own.__array_interface__ == x.__array_interface__:
        with suppress(OSError):  # on another disk, or on one that knows no links
            path.hardlink_to(str(own.filename))
            return
    np.save(path, x)
