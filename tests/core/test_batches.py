"""Batches: every example once in an epoch, rows that belong to their labels, and going on where a state was taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.batches import Batches
from core.streams import stream

sizes = st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))  # examples, batch
shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([np.float32, np.float64, np.complex128, np.uint8])


def split(n, shape=(2,), dtype=np.float64):
    """Row i is all i, its label 100 + i: an example can be recognised."""
    x = np.broadcast_to(np.arange(n).reshape(n, *(1 for _ in shape)), (n, *shape)).astype(dtype)
    return x, np.arange(n) + 100


def epochs(batches, count):
    """The examples seen, by number: one list per epoch."""
    return [[int(i) for _ in range(batches.per_epoch) for i in next(batches)[1] - 100] for _ in range(count)]


@given(size=sizes, shape=shapes, dtype=dtypes, seed=seeds, early=st.booleans())
def test_rows_come_with_their_labels_in_the_dtype_of_the_split(size, shape, dtype, seed, early):
    n, batch = size
    x, y = split(n, shape, dtype)
    batches = Batches(x, y, batch, stream(seed, "order"))
    for _ in range(2 * batches.per_epoch + 1):
        rows, labels = next(batches)
        if early:
            batches.prepare()  # the next rows may not overwrite these
        assert rows.shape == (batch, *shape)
        assert rows.dtype == dtype
        np.testing.assert_array_equal(rows, x[labels - 100])


@given(size=sizes, seed=seeds)
def test_no_example_comes_twice_in_an_epoch(size, seed):
    n, batch = size
    batches = Batches(*split(n), batch, stream(seed, "order"))
    assert batches.per_epoch == n // batch
    for seen in epochs(batches, 3):
        assert len(set(seen)) == len(seen) == n // batch * batch
        if n % batch == 0:
            assert sorted(seen) == list(range(n))


def test_every_epoch_has_an_order_of_its_own():
    orders = {tuple(seen) for seen in epochs(Batches(*split(12), 4, stream(0, "order")), 20)}
    assert len(orders) == 20


def test_what_is_left_over_takes_part_in_other_epochs():
    seen = epochs(Batches(*split(7), 3, stream(0, "order")), 60)
    assert all(len(epoch) == 6 for epoch in seen)
    absences = [sum(i not in epoch for epoch in seen) for i in range(7)]
    assert sum(absences) == 60
    assert all(0 < count < 25 for count in absences), "each of the seven sits out about one epoch in seven"


def test_an_order_is_uniform_over_permutations():
    orders = [tuple(seen) for seen in epochs(Batches(*split(3), 1, stream(0, "order")), 6000)]
    counts = [orders.count(order) for order in sorted(set(orders))]
    assert len(counts) == 6
    assert all(abs(count - 1000) < 5 * np.sqrt(1000 * 5 / 6) for count in counts)


@pytest.mark.parametrize("size", [0, -1, 6])
def test_a_batch_that_cannot_be_drawn_is_refused(size):
    with pytest.raises(ValueError, match=f"{size} examples cannot be drawn from 5"):
        Batches(*split(5), size, stream(0, "order"))


@given(size=sizes, seed=seeds, data=st.data())
def test_from_any_position_a_restored_sequence_goes_on_as_the_first_did(size, seed, data):
    n, batch = size
    x, y = split(n)
    first = Batches(x, y, batch, stream(seed, "order"))
    for _ in range(data.draw(st.integers(0, 2 * first.per_epoch + 1))):
        next(first)
        if data.draw(st.booleans()):
            first.prepare()
    state = {name: array.copy() for name, array in first.state().items()}
    expected = [next(first)[1] for _ in range(2 * first.per_epoch + 1)]
    other = Batches(x, y, batch, stream(seed + 1, "order"))
    for _ in range(data.draw(st.integers(0, 2))):
        next(other)
        other.prepare()
    for batches in (first, other):
        batches.restore(state)
        for labels in expected:
            rows, again = next(batches)
            np.testing.assert_array_equal(again, labels)
            np.testing.assert_array_equal(rows, x[labels - 100])


def test_iterating_is_endless():
    batches = iter(Batches(*split(4), 2, stream(0, "order")))
    assert [len(labels) for (_, labels), _ in zip(batches, range(9), strict=False)] == [2] * 9


def test_rows_go_into_other_buffers_from_the_next_batch_on():
    x, y = split(12)
    batches = Batches(x, y, 4, stream(0, "order"))
    next(batches)
    batches.prepare()
    buffers = [np.empty((4, 2)), np.empty((4, 2))]
    batches.gather_into(buffers)
    rows, labels = next(batches)
    assert any(rows is buffer for buffer in buffers)
    np.testing.assert_array_equal(rows, x[labels - 100])


def test_at_the_end_of_an_epoch_there_is_nothing_to_gather():
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    first = Batches(x, y, 3, stream(0, "order"))
    for _ in range(3):
        next(first)
    first.prepare()
    second = Batches(x, y, 3, stream(1, "order"))
    second.restore(first.state())
    np.testing.assert_array_equal(next(second)[0], next(first)[0])
