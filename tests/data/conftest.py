"""Small full sets in the official layouts, with pins of their own, and a clean place for each test."""

import dataclasses
import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from data import sources
from data.sources import CIFAR10, MNIST, File

ROWS = 20  # of every CIFAR-10 file; the MNIST pool has 60


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder for full data sets."""
    folder = tmp_path / "full"
    monkeypatch.setenv("GRADLAB_DATA", str(folder))
    return folder


def write(path: Path, content: bytes) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return File(path.name, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def pin():
    """Writes a file and returns the pin of its content."""
    return write


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture(name="idx")
def idx_fixture():
    """The gzipped IDX file of an array of bytes."""
    return idx


@pytest.fixture
def cifar(place, monkeypatch):
    """A CIFAR-10 of 5 x 20 + 20 random images that lies complete in the place."""
    random = np.random.default_rng(1)
    folder = place / CIFAR10.folder

    def batch(file: File) -> File:
        records = random.integers(0, 256, (ROWS, 3073), np.uint8)
        records[:, 0] %= 10
        return write(folder / file.name, records.tobytes())

    fake = dataclasses.replace(
        CIFAR10,
        shards=tuple((batch(file),) for (file,) in CIFAR10.shards),
        shard_rows=ROWS,
        test=(batch(CIFAR10.test[0]),),
        test_rows=ROWS,
    )
    monkeypatch.setitem(sources.IMAGE_SETS, "cifar10", fake)
    return fake


@pytest.fixture
def mnist(place, monkeypatch):
    """An MNIST of 60 + 20 random images that lies complete in the place."""
    random = np.random.default_rng(2)
    folder = place / MNIST.folder

    def pair(files: tuple[File, ...], rows: int) -> tuple[File, ...]:
        arrays = random.integers(0, 256, (rows, 28, 28)), random.integers(0, 10, rows)
        return tuple(write(folder / file.name, idx(array)) for file, array in zip(files, arrays, strict=True))

    fake = dataclasses.replace(
        MNIST, shards=(pair(MNIST.shards[0], 60),), shard_rows=60, test=pair(MNIST.test, ROWS), test_rows=ROWS
    )
    monkeypatch.setitem(sources.IMAGE_SETS, "mnist", fake)
    return fake
