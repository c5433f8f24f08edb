"""IDX files, as MNIST has them: a magic number, the shape, both big-endian 32-bit integers, then the bytes.

The published files are gzipped; what they hold is read, too.

Source: http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data import files
from data.errors import DataError
from data.sources import File, ImageSet


def read(source: ImageSet, folder: Path, shard: Sequence[File]) -> tuple[np.ndarray, np.ndarray]:
    """Grey images (n, h, w, 1), uint8, and labels (n,), np.intp, of a pair of files. Raises DataError."""
    images_file, labels_file = shard
    images = _array(source, folder, images_file, dimensions=3)
    labels = _array(source, folder, labels_file, dimensions=1)
    path = folder / labels_file.name
    if len(labels) != len(images):
        raise DataError(f"{path} has {len(labels):,} labels for {len(images):,} images; {source.remedy}")
    if labels.max(initial=0) >= len(source.classes):
        raise DataError(
            f"{path} holds the label {labels.max()}, expected 0 to {len(source.classes) - 1}; {source.remedy}"
        )
    return images[..., np.newaxis], labels.astype(np.intp)


def _unpacked(source: ImageSet, path: Path, file: File) -> bytes:
    if path.name != file.name and file.unpacked is not None:
        return files.read(path, file.unpacked, source.remedy)
    try:
        return gzip.decompress(files.read(path, file, source.remedy))
    except (OSError, EOFError, zlib.error):
        raise DataError(f"{path} is not a complete gzip file; {source.remedy}") from None


def _array(source: ImageSet, folder: Path, file: File, dimensions: int) -> np.ndarray:
    """The bytes of an IDX file, gzipped or not, as an array with the given number of dimensions."""
    path = files.find(folder, file) or folder / file.name
    content = _unpacked(source, path, file)
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise DataError(f"{path} ends within its header; {source.remedy}")
    magic, *shape = np.frombuffer(content, ">u4", 1 + dimensions).tolist()
    expected = 0x0800 + dimensions  # 08: unsigned bytes
    if magic != expected:
        raise DataError(f"{path} begins with magic number {magic}, expected {expected}; {source.remedy}")
    if len(content) - header != math.prod(shape):
        raise DataError(f"{path} holds {len(content) - header:,} bytes, expected {math.prod(shape):,}; {source.remedy}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
