"""Data and parameters as files that the process of a student's code maps: no question carries them."""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from core.types import Array
from data.dataset import Dataset
from lab.disk import disk


class Mapped:
    """A temporary folder with the parts of a data set, and two vectors that both processes write. Raises DiskError."""

    def __init__(self, dataset: Dataset, parameters: int) -> None:
        """parameters: how many numbers theta has."""
        with disk(Path(tempfile.gettempdir())):
            self._folder = tempfile.TemporaryDirectory(prefix="gradlab-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self.parts: Mapping[str, Array] = {name: part.x for name, part in dataset.parts.items()}
        with disk(self.path):
            for name, part in dataset.parts.items():
                np.save(self.path / f"{name}-x.npy", part.x.reshape(len(part), -1))
                np.save(self.path / f"{name}-y.npy", part.y)
            self.theta, self.grad = (self._vector(name, parameters) for name in ("theta", "grad"))

    def _vector(self, name: str, size: int) -> Array:
        path = self.path / f"{name}.npy"
        np.save(path, np.zeros(size))
        vector: Array = np.asarray(np.load(path, mmap_mode="r+"))
        return vector

    def part_of(self, x: Array) -> str | None:
        """The part whose examples these are; None if they are others."""
        return next((name for name, own in self.parts.items() if own is x), None)

    def forget(self) -> None:
        """Remove the names of the files. Who has mapped them keeps them, and after a kill nothing is left."""
        with suppress(OSError):  # Windows: at the end
            self._folder.cleanup()
