"""Normalisation against plain float64 NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data import normalise
from data.errors import DataError

images = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3]))
)


def oracle(x: np.ndarray, train: np.ndarray, how: str) -> np.ndarray:
    x, train = x.astype(np.float64), train.astype(np.float64)
    if how == "zscore":
        std = train.std(axis=0)
        std[np.ptp(train, axis=0) == 0] = 1
        return (x - train.mean(axis=0)) / std
    if how == "mean-pixel":
        return x - train.mean(axis=(0, 1, 2))
    return x / 255 if how == "unit" else x


@pytest.mark.parametrize("how", normalise.WAYS)
@given(train=images)
@settings(max_examples=50)
def test_agrees_with_float64(how, train):
    out = normalise.apply(train, *normalise.fit(train, how))
    assert out.dtype == np.float32
    assert out.flags.c_contiguous
    np.testing.assert_allclose(out, oracle(train, train, how), rtol=1e-5, atol=2e-4)


@pytest.mark.parametrize("how", normalise.WAYS)
def test_agrees_with_float64_beyond_one_chunk(how):
    random = np.random.default_rng(0)
    train, other = (random.integers(0, 256, (n, 4, 4, 3), np.uint8) for n in (1000, 300))
    out = normalise.apply(other, *normalise.fit(train, how))
    np.testing.assert_allclose(out, oracle(other, train, how), rtol=1e-5, atol=2e-4)


def test_the_sums_are_exact_where_float32_is_at_its_limit():
    white = np.full((70_000, 1, 1, 1), 255, np.uint8)
    white[0] = 254
    shift, scale = normalise.fit(white, "zscore")
    n = len(white)
    assert shift.item() == np.float32(255 - 1 / n)
    assert scale.item() == pytest.approx(np.sqrt(n - 1) / n, rel=1e-6)  # of n - 1 zeros and a one


def test_a_constant_feature_is_only_shifted():
    x = np.full((5, 1, 1, 3), 9, np.uint8)
    x[2, 0, 0, 1] = 14
    out = normalise.apply(x, *normalise.fit(x, "zscore"))
    assert (out[..., [0, 2]] == 0).all()
    assert out[2, 0, 0, 1] == pytest.approx(2)


def test_the_mean_pixel_is_one_number_a_channel():
    x = np.zeros((2, 1, 2, 3), np.uint8)
    x[0, 0, 0] = [4, 40, 200]
    shift, _ = normalise.fit(x, "mean-pixel")
    assert shift.tolist() == [1, 10, 50]


def test_an_unknown_way_is_refused_with_what_is_allowed():
    with pytest.raises(DataError, match="'minmax' is not known; allowed: zscore, mean-pixel, unit, none"):
        normalise.check("minmax")


@pytest.mark.parametrize("how", normalise.WAYS)
@given(train=images, other=images)
@settings(max_examples=50)
def test_undoing_gives_the_very_pixels(how, train, other):
    shift, scale = normalise.fit(train, how)
    for pixels in (train, np.resize(other, train.shape)):
        back = normalise.undo(normalise.apply(pixels, shift, scale), shift, scale)
        assert back.dtype == np.uint8
        np.testing.assert_array_equal(back, pixels)
