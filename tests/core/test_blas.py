"""Sums and in-place arithmetic through BLAS against NumPy, for every dtype."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.blas
from core.blas import add_scaled, column_sums, row_sums

dtypes = st.sampled_from([np.float32, np.float64, np.complex64, np.complex128])
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@given(dtype=dtypes, shape=shapes, a=st.floats(-10, 10), seed=st.integers(0, 2**32 - 1))
def test_y_becomes_y_plus_a_x_in_its_own_memory_and_x_stays(dtype, shape, a, seed):
    rng = np.random.default_rng(seed)
    around = np.zeros(np.prod(shape) + 2, dtype)  # y is a view within a larger vector, as a tensor of a network is
    y = around[1:-1].reshape(shape)
    y[...] = rng.normal(size=shape)
    x = rng.normal(size=shape).astype(dtype)
    if np.iscomplexobj(x):
        x += 1j * rng.normal(size=shape).astype(x.real.dtype)
    kept = x.copy()
    expected = np.array([yi + a * xi for yi, xi in zip(y.ravel(), x.ravel(), strict=True)]).reshape(shape)
    add_scaled(y, a, x)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(around[1:-1].reshape(shape), expected, rtol=4 * eps, atol=40 * eps)
    assert around[0] == around[-1] == 0
    np.testing.assert_array_equal(x, kept)


@given(dtype=dtypes, n=st.integers(1, 30), m=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_columns_and_rows_sum_up(dtype, n, m, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, m)).astype(dtype)
    if np.iscomplexobj(x):
        x += 1j * rng.normal(size=(n, m)).astype(x.real.dtype)
    columns = [sum(x[i, j].item() for i in range(n)) for j in range(m)]
    rows = [sum(x[i, j].item() for j in range(m)) for i in range(n)]
    tolerance = 50 * np.finfo(dtype).eps
    out = np.full(m, np.nan, dtype)
    column_sums(x, out=out)
    for sums, expected in ((column_sums(x), columns), (out, columns), (row_sums(x), rows)):
        assert sums.dtype == dtype
        np.testing.assert_allclose(sums, expected, rtol=tolerance, atol=tolerance)


def test_an_array_that_is_not_contiguous_is_refused_since_a_copy_would_be_changed():
    with pytest.raises(ValueError, match="contiguous"):
        add_scaled(np.zeros((4, 4))[:, :2], 1.0, np.ones((4, 2)))


def test_every_blas_works_on_one_thread_from_the_first_update_on():
    """In a fresh process: SciPy's is loaded only when it is needed, and the limit must reach it all the same."""
    program = """
import numpy as np
from threadpoolctl import threadpool_info
from core.blas import add_scaled, one_thread
with one_thread():
    add_scaled(np.ones(3), 1.0, np.ones(3))
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    print(len(blas), {library["num_threads"] for library in blas})
"""
    folder = Path(core.blas.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    count, threads_of_each = done.stdout.split(maxsplit=1)
    assert int(count) >= 1
    assert threads_of_each.strip() == "{1}"
