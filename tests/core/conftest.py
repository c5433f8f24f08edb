"""What several of these tests measure against."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings

# Every run draws the same examples: a failure can be looked at again, and no run fails by chance.
settings.register_profile("core", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("core")

TOLERANCES = {np.float32: (1e-3, 1e-4), np.float64: (1e-9, 1e-10), np.complex128: (1e-9, 1e-10)}


@pytest.fixture(scope="session")
def derivative() -> Callable:
    """The complex step: df/dv of a real function of an array, coordinate by coordinate, exact to rounding.

    f is called with v made complex and one coordinate moved by ih; Im f / h is the derivative, with nothing cancelled.
    """

    def derivative(f, v, h=1e-30):
        v = v.astype(np.complex128)
        out = np.empty(v.shape)
        for k in np.ndindex(v.shape):
            v[k] += 1j * h
            out[k] = f(v).imag / h
            v[k] = v[k].real
        return out

    return derivative


@pytest.fixture(scope="session")
def assert_close() -> Callable:
    """Equality up to the rounding of a dtype; `scale` is the size of the terms that were added up."""

    def assert_close(actual, expected, dtype=np.float64, scale=1.0):
        rtol, atol = TOLERANCES[dtype]
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol * scale)

    return assert_close
