"""The loader: variants, splits, normalisation and what is read for them."""

import dataclasses

import numpy as np
import pytest

from data import packed
from data.errors import DataError
from data.images import load
from data.sources import CIFAR10, IMAGE_SETS, MNIST


def batch(source, place, number):
    """Pixels (n, 32, 32, 3) and labels of a batch file, read without the package."""
    records = np.fromfile(place / source.folder / f"data_batch_{number}.bin", np.uint8).reshape(-1, 3073)
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.stack([planes[:, k] for k in range(3)], axis=-1), records[:, 0]


def test_the_embedded_part_is_used_when_nothing_else_is_there():
    data = load("cifar10")
    assert data.variant == "mini"
    assert data.label == "CIFAR-10, embedded part: 2,000 train / 2,000 validation / 1,000 test"
    assert data.fingerprints == {"cifar10.npz": CIFAR10.embedded.sha256}
    assert data.classes[0] == "airplane"
    for part in (data.train, data.validation, data.test):
        assert part.x.shape == (len(part), 32, 32, 3)
        assert part.x.dtype == np.float32
        assert part.x.flags.c_contiguous
        assert part.y.dtype == np.intp


def test_mnist_loads_offline_too():
    data = load("mnist", split="54000/6000/test", normalise="none")
    assert data.label == "MNIST, embedded part: 9,000 train / 1,000 validation / 2,000 test"
    pixels = packed.read(MNIST)
    np.testing.assert_array_equal(data.validation.x, pixels.x_train[9_000:])
    np.testing.assert_array_equal(data.validation.y, pixels.y_train[9_000:])


def test_the_full_set_is_used_when_it_is_complete(cifar, place):
    data = load("cifar10", normalise="none")
    assert data.variant == "full"
    assert data.label == "CIFAR-10, full: 20 train / 20 validation / 20 test"
    for part, number in ((data.train, 1), (data.validation, 2)):
        x, y = batch(cifar, place, number)
        np.testing.assert_array_equal(part.x, x)
        np.testing.assert_array_equal(part.y, y)


def test_a_split_may_cross_files(cifar, place):
    data = load("cifar10", split="50/45/test", normalise="none")
    x, y = (np.concatenate(arrays) for arrays in zip(*(batch(cifar, place, i) for i in range(1, 6)), strict=True))
    np.testing.assert_array_equal(data.train.x, x[:50])
    np.testing.assert_array_equal(data.train.y, y[:50])
    np.testing.assert_array_equal(data.validation.x, x[55:])
    np.testing.assert_array_equal(data.validation.y, y[55:])
    assert list(data.fingerprints) == [file.name for file in cifar.files]


@pytest.mark.parametrize(
    ("split", "numbers"), [("batch1/batch2/test", [1, 2]), ("20/20/test", [1, 5]), ("21/1/test", [1, 2, 5])]
)
def test_only_the_files_of_the_split_are_read(cifar, place, split, numbers):
    for number in {1, 2, 3, 4, 5} - set(numbers):
        (place / cifar.folder / f"data_batch_{number}.bin").write_bytes(b"never read")
    used = [f"data_batch_{number}.bin" for number in numbers]
    assert list(load("cifar10", split=split).fingerprints) == [*used, "test_batch.bin"]


def test_a_damaged_full_set_is_an_error_and_never_replaced_by_the_embedded_part(cifar, place):
    path = place / cifar.folder / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"data_batch_2\.bin has 61,455 bytes, expected 61,460"):
        load("cifar10", variant="auto")


def test_an_incomplete_full_set_is_left_alone_by_auto_and_named_by_full(mnist, place):
    (place / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert load("mnist", split="50/10/test").variant == "mini"
    with pytest.raises(DataError, match=r"mnist lacks t10k-labels-idx1-ubyte\.gz of MNIST; run `gradlab data fetch"):
        load("mnist", variant="full", split="50/10/test")


def test_mini_ignores_a_full_set(mnist):
    assert load("mnist", "mini", "50/10/test").fingerprints == {"mnist.npz": MNIST.embedded.sha256}
    assert load("mnist", "full", "50/10/test").fingerprints == {file.name: file.sha256 for file in mnist.files}


@pytest.mark.parametrize("variant", ["mini", "full"])
def test_normalisation_is_fitted_on_the_training_part_alone(cifar, variant):
    pixels = load("cifar10", variant, normalise="none")
    data = load("cifar10", variant, normalise="zscore")
    train = pixels.train.x.astype(np.float64)
    mean, std = train.mean(axis=0), train.std(axis=0)
    for part, raw in ((data.train, pixels.train), (data.validation, pixels.validation), (data.test, pixels.test)):
        np.testing.assert_allclose(part.x, (raw.x - mean) / std, rtol=1e-4, atol=1e-5)


def test_other_test_images_change_nothing_but_the_test_part(cifar, place, pin, monkeypatch):
    before = load("cifar10")
    other = pin(place / cifar.folder / "test_batch.bin", bytes(3073 * 20))
    monkeypatch.setitem(IMAGE_SETS, "cifar10", dataclasses.replace(cifar, test=(other,)))
    after = load("cifar10")
    np.testing.assert_array_equal(before.train.x, after.train.x)
    np.testing.assert_array_equal(before.validation.x, after.validation.x)
    assert (before.test.x != after.test.x).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "cifar100"}, "there is no image set 'cifar100'; there are mnist and cifar10"),
        ({"name": "cifar10", "variant": "tiny"}, "'tiny' is not known; allowed: auto, mini, full"),
        ({"name": "cifar10", "normalise": "z"}, "'z' is not known; allowed: zscore"),
        ({"name": "cifar10", "split": "80/20"}, "CIFAR-10 has no split '80/20'"),
        ({"name": "cifar10", "variant": "full"}, "lacks data_batch_1.bin, .*a new run can use the embedded part"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        load(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["zscore", "mean-pixel", "unit", "none"])
def test_an_example_is_shown_as_its_pixels(how):
    data = load("cifar10", "mini", normalise=how)
    pixels = packed.read(CIFAR10)
    for i in (0, 1, 999):
        np.testing.assert_array_equal(data.show(data.test.x[i]), pixels.x_test[i])
        np.testing.assert_array_equal(data.show(data.train.x[i]), pixels.x_train[i])
