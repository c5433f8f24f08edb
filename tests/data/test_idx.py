"""IDX files: two zero bytes, type 8, the number of dimensions, big-endian sizes, bytes."""

import gzip

import numpy as np
import pytest

from data import idx
from data.errors import DataError
from data.sources import MNIST

# Two images of 2 x 3 pixels, and their labels, written out by hand.
IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 0])


@pytest.fixture
def pair(tmp_path, pin):
    """Writes the two files, gzipped, and returns their pins."""
    return lambda images, labels: (
        pin(tmp_path / "images.gz", gzip.compress(images)),
        pin(tmp_path / "labels.gz", gzip.compress(labels)),
    )


def test_known_pixels_arrive_where_they_belong(tmp_path, pair):
    x, y = idx.read(MNIST, tmp_path, pair(IMAGES, LABELS))
    assert x.shape == (2, 2, 3, 1)
    assert x.dtype == np.uint8
    assert x[..., 0].tolist() == [[[1, 2, 3], [4, 5, 6]], [[250, 251, 252], [253, 254, 255]]]
    assert y.tolist() == [7, 0]
    assert y.dtype == np.intp


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (LABELS, LABELS, r"images\.gz ends within its header"),
        (LABELS + b"12345678", LABELS, r"images\.gz begins with magic number 2049, expected 2051"),
        (IMAGES, IMAGES, r"labels\.gz begins with magic number 2051, expected 2049"),
        (IMAGES[:-1], LABELS, r"images\.gz holds 11 bytes, expected 12"),
        (IMAGES, LABELS + b"1", r"labels\.gz holds 3 bytes, expected 2"),
        (IMAGES, LABELS[:-1] + b"\x0a", r"labels\.gz holds the label 10, expected 0 to 9"),
        (IMAGES, bytes([0, 0, 8, 1, 0, 0, 0, 1, 7]), r"labels\.gz has 1 labels for 2 images"),
    ],
)
def test_a_wrong_file_is_refused_by_name_with_a_remedy(tmp_path, pair, images, labels, message):
    with pytest.raises(DataError, match=message + r"; delete it and run `gradlab data fetch mnist`$"):
        idx.read(MNIST, tmp_path, pair(images, labels))


@pytest.mark.parametrize(
    "content",
    [gzip.compress(IMAGES, mtime=0)[:-6], b"\x1f\x8bnonsense", b"plain", gzip.compress(b"", mtime=0)],
    ids=["cut off", "nonsense", "not compressed", "empty"],
)
def test_a_broken_gzip_file_is_refused(tmp_path, pair, pin, content):
    _, labels = pair(IMAGES, LABELS)
    with pytest.raises(DataError, match=r"images\.gz (is not a complete gzip file|ends within its header)"):
        idx.read(MNIST, tmp_path, (pin(tmp_path / "images.gz", content), labels))
