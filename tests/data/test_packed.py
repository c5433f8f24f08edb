"""Packing returns every pixel; the embedded files hold what is said of them."""

import io
import itertools
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data import packed
from data.errors import DataError
from data.sources import CIFAR10, IMAGE_SETS, MNIST

colour = hnp.arrays(np.uint8, st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.just(3)))
grey = hnp.arrays(np.uint8, st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.just(1)))


def labels(x: np.ndarray) -> np.ndarray:
    return np.arange(len(x), dtype=np.intp) % 10


def decode_slowly(planes: np.ndarray) -> np.ndarray:
    """Every pixel is the sum of the differences above and left of it; red and blue add green to that."""
    n, channels, height, width = planes.shape
    out = np.empty((n, height, width, channels), np.uint8)
    for i, r, c in itertools.product(range(n), range(height), range(width)):
        sums = [int(planes[i, k, : r + 1, : c + 1].sum()) for k in range(channels)]
        for k in range(channels):
            out[i, r, c, k] = (sums[k] + (sums[1] if k != 1 else 0)) % 256
    return out


@given(colour | grey, colour | grey)
def test_packing_and_unpacking_changes_nothing(train, test):
    before = train.copy()
    back = packed.unpack(packed.pack(packed.Packed(train, labels(train), test, labels(test))))
    for found, expected in zip(back, (train, labels(train), test, labels(test)), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(train, before)


@given(colour)
def test_any_colour_file_decodes_as_defined(x):
    planes = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    file = io.BytesIO()
    y = np.zeros(len(x), np.uint8)
    np.savez_compressed(file, x_train=planes, y_train=y, x_test=planes, y_test=y)
    np.testing.assert_array_equal(packed.unpack(file.getvalue()).x_train, decode_slowly(planes))


def test_packing_twice_gives_the_same_bytes():
    x = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), np.uint8)
    part = packed.Packed(x, labels(x), x, labels(x))
    assert packed.pack(part) == packed.pack(part)


def test_a_pickled_array_is_refused():
    file = io.BytesIO()
    np.savez(file, x_train=np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        packed.unpack(file.getvalue())


@pytest.mark.parametrize("source", IMAGE_SETS.values(), ids=lambda source: source.name)
class TestEmbedded:
    def test_counts_and_types(self, source):
        part = packed.read(source)
        assert (len(part.x_train), len(part.x_test)) == (source.embedded_train, source.embedded_test)
        assert part.x_train.shape[1:] == part.x_test.shape[1:]
        assert part.x_train.shape[3] in (1, 3)
        assert part.x_train.dtype == part.x_test.dtype == np.uint8
        assert part.y_train.dtype == part.y_test.dtype == np.intp

    def test_every_class_has_the_same_count_in_every_part_and_half(self, source):
        part = packed.read(source)
        halves = np.split(part.y_train, 2)
        for y in (*halves, part.y_test):
            classes = len(source.classes)
            assert (np.bincount(y, minlength=classes) == len(y) // classes).all()

    def test_any_beginning_is_balanced_within_one(self, source):
        part = packed.read(source)
        for y in (part.y_train, part.y_test):
            counts = np.cumsum(y[:, np.newaxis] == np.arange(len(source.classes)), axis=0)
            assert np.ptp(counts, axis=1).max() == 1

    def test_no_image_is_there_twice_in_a_part(self, source):
        part = packed.read(source)
        for x in (part.x_train, part.x_test):
            assert len(np.unique(x.reshape(len(x), -1), axis=0)) == len(x)

    def test_nothing_is_pickled_or_dated(self, source):
        with zipfile.ZipFile(packed.FOLDER / source.embedded.name) as archive:
            for member in archive.infolist():
                assert member.date_time == (1980, 1, 1, 0, 0, 0)
                with archive.open(member) as file:
                    np.lib.format.read_magic(file)
                    assert np.lib.format.read_array_header_1_0(file)[2] == np.uint8

    def test_a_damaged_installation_is_named(self, source, tmp_path, monkeypatch):
        content = bytearray((packed.FOLDER / source.embedded.name).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / source.embedded.name).write_bytes(content)
        monkeypatch.setattr(packed, "FOLDER", tmp_path)
        with pytest.raises(DataError, match=rf"{source.name}\.npz is damaged: .*; reinstall gradlab"):
            packed.read(source)


def test_the_first_pictures_are_a_frog_and_a_five():
    frog, five = packed.read(CIFAR10), packed.read(MNIST)
    assert (frog.x_train.shape[1:], five.x_train.shape[1:]) == ((32, 32, 3), (28, 28, 1))
    assert CIFAR10.classes[frog.y_train[0]] == "frog"
    assert five.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert five.x_train[0, 5, 12:16, 0].tolist() == [3, 18, 18, 18]  # MNIST's first strokes, as often printed


def test_all_embedded_files_stay_under_twelve_megabytes():
    assert sum(path.stat().st_size for path in packed.FOLDER.iterdir()) < 12e6
