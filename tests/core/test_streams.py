"""Streams of random numbers: independent by purpose, saved and restored."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.streams import PURPOSES, generator_state, restore_generator, stream

seeds = st.integers(0, 2**64)
purposes = st.sampled_from(PURPOSES)


@given(seed=seeds, purpose=purposes)
def test_a_seed_and_a_purpose_determine_the_stream(seed, purpose):
    np.testing.assert_array_equal(stream(seed, purpose).random(9), stream(seed, purpose).random(9))
    assert (stream(seed, purpose).random(9) != stream(seed + 1, purpose).random(9)).all()


def test_what_a_seed_means_never_changes():
    places = {"init": 0, "order": 1, "dropout": 2, "augmentation": 3, "search": 4}
    for purpose, place in places.items():
        expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence(400, spawn_key=(place,))))
        np.testing.assert_array_equal(stream(400, purpose).integers(2**63, size=4), expected.integers(2**63, size=4))


@given(seed=seeds)
def test_streams_of_one_seed_have_nothing_to_do_with_each_other(seed):
    draws = np.array([stream(seed, purpose).standard_normal(4000) for purpose in PURPOSES])
    correlations = np.corrcoef(draws)[np.triu_indices(len(PURPOSES), 1)]
    assert np.abs(correlations).max() < 6 / np.sqrt(4000)


def test_an_unknown_purpose_is_refused():
    with pytest.raises(ValueError):  # noqa: PT011 (there is nothing else that could be wrong)
        stream(0, "weather")


DRAWS = {
    "random": lambda g: g.random(3),
    "one 32-bit number": lambda g: g.integers(0, 10, dtype=np.uint32),  # leaves half a word behind
    "float32": lambda g: g.random(3, dtype=np.float32),
    "normal": lambda g: g.standard_normal(2),
    "permutation": lambda g: g.permutation(7),
}
draws = st.lists(st.sampled_from(sorted(DRAWS)), max_size=6)


@given(seed=seeds, before=draws, after=draws)
def test_a_restored_generator_goes_on_as_if_nothing_had_happened(seed, before, after):
    generator = stream(seed, "order")
    for name in before:
        DRAWS[name](generator)
    state = generator_state(generator)
    assert state.dtype == np.uint64
    kept = state.copy()
    expected = [DRAWS[name](generator) for name in after] + [generator.random()]
    np.testing.assert_array_equal(state, kept)
    other = stream(seed + 1, "search")
    for g in (generator, other):
        restore_generator(g, state)
        for name, value in zip(after, expected, strict=False):
            np.testing.assert_array_equal(DRAWS[name](g), value)
        assert g.random() == expected[-1]


def test_half_a_word_left_over_is_part_of_the_state():
    generator = stream(1, "order")
    DRAWS["one 32-bit number"](generator)
    state = generator_state(generator)
    expected = [int(generator.integers(0, 1000, dtype=np.uint32)) for _ in range(5)]
    restore_generator(generator, state)
    assert [int(generator.integers(0, 1000, dtype=np.uint32)) for _ in range(5)] == expected
    bare = state.copy()
    bare[4] = 0
    restore_generator(generator, bare)
    assert [int(generator.integers(0, 1000, dtype=np.uint32)) for _ in range(5)] != expected
