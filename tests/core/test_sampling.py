"""Samplers: how often each class is drawn."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.batches import Batches
from core.sampling import balanced, plain, shares, square_root, weighted
from core.streams import stream

seeds = st.integers(0, 2**32 - 1)
labels = st.lists(st.sampled_from([0, 1, 2, 5]), min_size=1, max_size=40).map(np.array)


@given(y=labels, seed=seeds)
def test_plain_takes_every_example_once(y, seed):
    assert sorted(plain(y)(np.random.default_rng(seed))) == list(range(len(y)))


@given(y=labels, seed=seeds)
def test_balanced_takes_as_many_of_each_class_as_the_smallest_has(y, seed):
    order = balanced(y)(np.random.default_rng(seed))
    assert len(set(order.tolist())) == len(order), "without replacement"
    smallest = min(Counter(y.tolist()).values())
    assert Counter(y[order].tolist()) == dict.fromkeys(set(y.tolist()), smallest)


def test_balanced_draws_anew_and_reaches_everybody():
    y = np.array([0] * 50 + [1] * 5)
    rng, sampler = np.random.default_rng(0), balanced(y)
    orders = [sampler(rng) for _ in range(200)]
    assert len({tuple(sorted(order)) for order in orders}) > 190
    assert set(np.concatenate(orders).tolist()) == set(range(55))
    first = [y[order[0]] for order in orders]
    assert 60 < sum(first) < 140, "classes are mixed within an epoch"


def test_weighted_makes_every_class_as_likely():
    y = np.array([0] * 900 + [1] * 90 + [2] * 10)
    drawn = weighted(y)(np.random.default_rng(0))
    assert len(drawn) == 1000
    rng = np.random.default_rng(1)
    counts = sum(np.bincount(weighted(y)(rng), minlength=1000) for _ in range(60))
    expected = 60 * 1000 / (3 * np.bincount(y)[y])
    assert (abs(counts - expected) < 6 * np.sqrt(expected)).all(), "p = 1 / (K n_y) for every example"


def test_square_root_draws_each_class_in_proportion_to_the_root_of_its_size():
    y = np.array([0] * 900 + [1] * 100 + [2] * 25)
    assert len(square_root(y)(np.random.default_rng(0))) == len(y)
    rng = np.random.default_rng(1)
    counts = sum(np.bincount(square_root(y)(rng), minlength=len(y)) for _ in range(60))
    expected = 60 * len(y) * np.array([30, 10, 5])[y] / 45 / np.bincount(y)[y]
    assert (abs(counts - expected) < 6 * np.sqrt(expected)).all()


@given(y=labels)
def test_shares_are_how_often_the_classes_are_drawn(y):
    for sampler, exponent in ((plain, 1.0), (square_root, 0.5), (weighted, 0.0)):
        rng = np.random.default_rng(0)
        drawn = np.concatenate([y[sampler(y)(rng)] for _ in range(1 + 4000 // len(y))])
        there = np.unique(y)
        expected = shares(y, 6, exponent)[there]
        counts = np.bincount(drawn, minlength=6)[there]
        np.testing.assert_allclose(counts / len(drawn), expected / expected.sum(), atol=0.06)


def test_a_class_without_examples_has_a_share_like_a_class_of_one():
    np.testing.assert_allclose(shares(np.array([0, 0, 0, 0, 2]), 3, 0.5), [0.5, 0.25, 0.25])


def test_batches_of_a_sampler_go_on_where_they_were_restored():
    y = np.array([0] * 20 + [1] * 6)
    x = np.arange(26)[:, None]
    batches = Batches(x, y, 4, stream(0, "order"), balanced(y))
    assert batches.per_epoch == 3
    for _ in range(4):
        next(batches)
    state = batches.state()
    expected = [next(batches)[0].tolist() for _ in range(8)]
    other = Batches(x, y, 4, stream(9, "order"), balanced(y))
    other.restore(state)
    assert [next(other)[0].tolist() for _ in range(8)] == expected
