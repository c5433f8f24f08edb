"""The embedded part of an image set: one .npz file of x_train, y_train, x_test and y_test.

Colour images are stored as differences, which zlib packs a third smaller than pixels. No pixel is lost.
"""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data import files
from data.sources import ImageSet

FOLDER = Path(__file__).parent / "embedded"
REMEDY = "reinstall gradlab"


class Packed(NamedTuple):
    """Images (n, h, w, c), uint8, and labels (n,), np.intp, of the training pool and the test part."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def read(source: ImageSet) -> Packed:
    """The embedded part of the image set. Raises DataError if the installed file is missing or damaged."""
    return unpack(files.read(FOLDER / source.embedded.name, source.embedded, REMEDY))


def pack(part: Packed) -> bytes:
    """The .npz file of the part. It has the same bytes each time, because NumPy writes no dates."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        x_train=_encode(part.x_train),
        y_train=part.y_train.astype(np.uint8),
        x_test=_encode(part.x_test),
        y_test=part.y_test.astype(np.uint8),
    )
    return file.getvalue()


def unpack(content: bytes) -> Packed:
    """The part from an .npz file made by `pack`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as members:
        return Packed(
            _decode(members["x_train"]),
            members["y_train"].astype(np.intp),
            _decode(members["x_test"]),
            members["y_test"].astype(np.intp),
        )


def _encode(x: np.ndarray) -> np.ndarray:
    """(n, h, w, c) to (n, c, h, w): R and B less G, then differences down and along rows, all modulo 256."""
    if x.shape[3] == 1:
        return x.transpose(0, 3, 1, 2)  # grey and mostly 0: plain pixels are smaller
    planes = x.transpose(0, 3, 1, 2).copy()
    planes[:, 0::2] -= planes[:, 1:2]
    for axis in (2, 3):
        planes = np.diff(planes, axis=axis, prepend=np.uint8(0))
    return planes


def _decode(planes: np.ndarray) -> np.ndarray:
    """Undoes `_encode`: running sums modulo 256 undo differences."""
    if planes.shape[1] > 1:
        for axis in (3, 2):
            planes = np.cumsum(planes, axis=axis, dtype=np.uint8)
        planes[:, 0::2] += planes[:, 1:2]
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
