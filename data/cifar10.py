"""The binary version of CIFAR-10: records of one label byte and 3 x 32 x 32 pixel bytes, planes R, G, B.

Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data import files
from data.errors import DataError
from data.sources import File, ImageSet

_RECORD = 1 + 3 * 32 * 32


def read(source: ImageSet, folder: Path, shard: Sequence[File]) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 32, 32, 3), uint8, and labels (n,), np.intp, of one batch file. Raises DataError."""
    (file,) = shard
    path = folder / file.name
    content = files.read(path, file, source.remedy)
    if len(content) % _RECORD:
        raise DataError(
            f"{path} has {len(content):,} bytes, not a multiple of the {_RECORD} of a record; {source.remedy}"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    labels = records[:, 0].astype(np.intp)
    if labels.max(initial=0) >= len(source.classes):
        raise DataError(f"{path} holds the label {labels.max()}, expected 0 to 9; {source.remedy}")
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels
