"""Splits take rows by position, never a row twice, and fit every pool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import DataError
from data.sources import CIFAR10, MNIST
from data.splits import spans


@pytest.mark.parametrize(
    ("split", "source", "rows", "expected"),
    [
        ("batch1/batch2/test", CIFAR10, 50_000, ((0, 10_000), (10_000, 20_000))),
        ("batch1/batch2/test", CIFAR10, 4_000, ((0, 2_000), (2_000, 4_000))),
        ("49000/1000/test", CIFAR10, 50_000, ((0, 49_000), (49_000, 50_000))),
        ("45000/5000/test", CIFAR10, 4_000, ((0, 3_600), (3_600, 4_000))),
        ("49000/1000/test", CIFAR10, 4_000, ((0, 3_920), (3_920, 4_000))),
        ("3000/1000/test", CIFAR10, 4_000, ((0, 3_000), (3_000, 4_000))),
        ("54000/6000/test", MNIST, 10_000, ((0, 9_000), (9_000, 10_000))),
        ("100/10/test", MNIST, 60_000, ((0, 100), (59_990, 60_000))),
        ("49990/10/test", CIFAR10, 4_000, ((0, 3_999), (3_999, 4_000))),  # 0.8 of a row is one row
    ],
)
def test_examples(split, source, rows, expected):
    assert spans(split, source, rows) == expected


@given(data=st.data(), source=st.sampled_from([CIFAR10, MNIST]), mini=st.booleans())
def test_parts_are_disjoint_and_not_empty_and_lie_in_the_pool(data, source, mini):
    rows = source.embedded_train if mini else source.pool_rows
    n = data.draw(st.integers(1, source.pool_rows - 1))
    m = data.draw(st.integers(1, source.pool_rows - n))
    (first, train), (validation, last) = spans(f"{n}/{m}/test", source, rows)
    assert first == 0
    assert 0 < train <= validation < last == rows
    if n + m <= rows:
        assert (train, last - validation) == (n, m)
    else:
        assert abs(train - n * rows / source.pool_rows) <= 1
        assert abs(last - validation - m * rows / source.pool_rows) <= 1


@pytest.mark.parametrize(
    "split",
    ["", "test", "batch1", "1/2", "0/5/test", "5/0/test", "-1/5/test", "1.5/5/test", "1_0/5/test", "٣/5/test",
     "49000/1001/test", "9999999999999/1/test", "10/10/test\n", "10/10/train", "batch2/batch1/test"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_allowed(split):
    with pytest.raises(DataError, match=r'allowed: "batch1/batch2/test" or "N/M/test" .* up to 50,000'):
        spans(split, CIFAR10, 4_000)


def test_mnist_has_no_batches():
    with pytest.raises(DataError, match=r"MNIST has no split 'batch1/batch2/test'; allowed: \"N/M/test\""):
        spans("batch1/batch2/test", MNIST, 10_000)
