"""A record is a label byte and the planes R, G, B, row by row."""

import numpy as np
import pytest

from data import cifar10
from data.errors import DataError
from data.sources import CIFAR10


def record(label: int) -> bytes:
    """Red counts along the rows, green is constant, blue is the label."""
    red = bytes(i % 256 for i in range(1024))
    return bytes([label]) + red + bytes([77]) * 1024 + bytes([label]) * 1024


def test_known_pixels_arrive_where_they_belong(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(3) + record(9))
    x, y = cifar10.read(CIFAR10, tmp_path, (file,))
    assert x.shape == (2, 32, 32, 3)
    assert x.dtype == np.uint8
    assert x.flags.c_contiguous
    assert y.tolist() == [3, 9]
    assert y.dtype == np.intp
    assert x[0, 0, :4].tolist() == [[0, 77, 3], [1, 77, 3], [2, 77, 3], [3, 77, 3]]
    assert x[1, 1, 0].tolist() == [32, 77, 9]  # the second row begins 32 bytes on
    assert x[1, 31, 31].tolist() == [255, 77, 9]


def test_a_truncated_file_is_named_with_both_sizes(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(1) * 2)
    (tmp_path / "batch.bin").write_bytes(record(1) * 2 + b"x")
    with pytest.raises(DataError, match=r"batch\.bin has 6,147 bytes, expected 6,146; .*data fetch cifar10"):
        cifar10.read(CIFAR10, tmp_path, (file,))


def test_a_flipped_bit_is_found(tmp_path, pin):
    content = bytearray(record(1))
    file = pin(tmp_path / "batch.bin", bytes(content))
    content[1000] ^= 4
    (tmp_path / "batch.bin").write_bytes(content)
    with pytest.raises(DataError, match=rf"batch\.bin is damaged: sha256 \w+, expected {file.sha256}; delete"):
        cifar10.read(CIFAR10, tmp_path, (file,))


def test_a_missing_file_is_named(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(1))
    (tmp_path / "batch.bin").unlink()
    with pytest.raises(DataError, match=r"batch\.bin is missing; .*data fetch cifar10"):
        cifar10.read(CIFAR10, tmp_path, (file,))


def test_a_folder_in_place_of_the_file_is_named(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(1))
    (tmp_path / "batch.bin").unlink()
    (tmp_path / "batch.bin").mkdir()
    with pytest.raises(DataError, match=r"batch\.bin cannot be read \(.+\); delete it"):
        cifar10.read(CIFAR10, tmp_path, (file,))


def test_a_label_out_of_range_is_refused(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(0) + record(10))
    with pytest.raises(DataError, match=r"batch\.bin holds the label 10, expected 0 to 9"):
        cifar10.read(CIFAR10, tmp_path, (file,))


def test_a_broken_record_is_refused(tmp_path, pin):
    file = pin(tmp_path / "batch.bin", record(0)[:-1])
    with pytest.raises(DataError, match=r"3,072 bytes, not a multiple of the 3073 of a record"):
        cifar10.read(CIFAR10, tmp_path, (file,))
