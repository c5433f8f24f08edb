"""Arrays in .npz files that anybody may have made: nothing is unpickled, and their sizes are read first."""

import zipfile
from collections.abc import Iterable
from math import prod
from pathlib import Path

import numpy as np

from core.types import Array
from lab.disk import disk, opened
from lab.errors import DamagedError


def read_arrays(path: Path, most: int, names: Iterable[str] | None = None) -> dict[str, Array]:
    """The arrays of these names, or all, from an .npz file. Raises DiskError, and DamagedError for a file that is none,
    that lacks one of them, or in which they take more than `most` bytes: a few bytes can unpack to very many."""
    with disk(path), opened(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                present = [info.filename.removesuffix(".npy") for info in archive.infolist()]
                wanted = present if names is None else list(names)
                if (size := sum(_size(archive, name) for name in wanted)) > most:
                    raise DamagedError(f"{path} cannot be used: its arrays take {size:,} bytes, more than {most:,}")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in wanted}
        except DamagedError:
            raise
        except Exception as error:  # of zipfile, zlib, tokenize or NumPy, as the damage may be
            raise DamagedError(f"{path} cannot be used: it is damaged ({type(error).__name__})") from None


def _size(archive: zipfile.ZipFile, name: str) -> int:
    """The bytes that an array will take, by its own heading: what the archive says may be a lie."""
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
    return prod(shape) * dtype.itemsize
