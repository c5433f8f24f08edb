"""How many processor cores the core uses."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def blas_threads(n: int) -> Iterator[None]:
    """Inside the with-block, BLAS works on n threads (n >= 1)."""
    with threadpool_limits(limits=n, user_api="blas"):
        yield
