"""The files that both processes map: data, parameters, their gradient, what the optimiser keeps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .mapped_tensors import Pieces

TOGETHER = 20  # rows


class MappedFiles:
    """The mapped arrays: the parts of the data, theta, its gradient, what the optimiser keeps, and `made`: how many
    updates of the last question were made, and the loss of each."""

    def __init__(self, folder: Path, parts: Sequence[str], kept: Sequence[str], letters: int = 0) -> None:
        """letters: how many there are, where x holds their numbers."""
        self._letters = letters
        self.parts = {
            part: (_rows(np.load(folder / f"{part}-x.npy", mmap_mode="r")), np.load(folder / f"{part}-y.npy"))
            for part in parts
        }
        self.theta, self.grad, self.made, *others = (
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r+")) for name in ("theta", "grad", "made", *kept)
        )
        self.kept = dict(zip(kept, others, strict=True))

    def batch(self, part: str, rows: Any) -> tuple[Any, Any]:
        """x (n, d) float64 and y (n,) of these rows of a part: new arrays, which the code may keep."""
        x, y = self.parts[part]
        if self._letters:
            return _one_hot(x[rows], self._letters), y[rows].copy()
        if isinstance(rows, slice):
            return x[rows].astype(np.float64), y[rows].copy()
        gathered, some = np.empty((len(rows), x.shape[1])), np.empty((TOGETHER, x.shape[1]), x.dtype)
        for i in range(0, len(rows), TOGETHER):  # what is converted is still in the cache
            now = rows[i : i + TOGETHER]
            gathered[i : i + TOGETHER] = np.take(x, now, axis=0, out=some[: len(now)], mode="clip")
        return gathered, y[rows]

    def tensors(self, shapes: Sequence[tuple[str, int, tuple[int, ...]]]) -> dict[tuple[str, int], Pieces]:
        """(letter, layer) -> its values, its gradient and what the optimiser keeps of it, flat; shapes: of the tensors
        in their order."""
        found, start = {}, 0
        for letter, layer, shape in shapes:
            end = start + int(np.prod(shape))
            kept = {name: vector[start:end] for name, vector in self.kept.items()}
            found[letter, layer] = (self.theta[start:end], self.grad[start:end], kept)
            start = end
        return found


def _rows(x: Any) -> Any:
    """An example to a row."""
    return np.asarray(x).reshape(len(x), -1)


def _one_hot(x: Any, letters: int) -> Any:
    """A row for every letter, one after the other; 0 for the padding, whose number is `letters`."""
    rows = np.zeros((*x.shape, letters))
    texts, places = np.nonzero(x < letters)
    rows[texts, places, x[texts, places]] = 1
    return rows.reshape(len(x), -1)
