"""Learning rates at the points where their formulas are known."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schedules import Constant, Cosine, Linear, StepDecay, Triangular

# (schedule, {update: learning rate}), worked out by hand
TABLE = [
    (Constant(0.1), {0: 0.1, 1: 0.1, 10**6: 0.1}),
    (StepDecay(0.8, 0.5, 3), {0: 0.8, 2: 0.8, 3: 0.4, 5: 0.4, 6: 0.2, 9: 0.1}),
    (StepDecay(1.0, 0.1, 1), {0: 1.0, 1: 0.1, 2: 0.01}),
    # two cycles of DD2424's setting: n_s = 500, 1e-5 to 1e-1
    (
        Triangular(1e-5, 1e-1, 500),
        {0: 1e-5, 1: 2.0998e-4, 250: 0.050005, 500: 0.1, 501: 0.09980002, 750: 0.050005, 1000: 1e-5, 1500: 0.1},
    ),
    (Triangular(0.0, 1.0, 1), {0: 0.0, 1: 1.0, 2: 0.0, 3: 1.0}),
    (Triangular(1.0, 4.0, 3), {0: 1, 1: 2, 2: 3, 3: 4, 4: 3, 5: 2, 6: 1, 7: 2}),
    (Cosine(1.0, 0.0, 6), {0: 1.0, 1: (2 + math.sqrt(3)) / 4, 2: 0.75, 3: 0.5, 4: 0.25, 6: 0.0, 7: 0.0, 600: 0.0}),
    (Cosine(0.3, 0.1, 4), {0: 0.3, 2: 0.2, 4: 0.1, 8: 0.1}),
    (Linear(1.0, 0.0, 4), {0: 1.0, 1: 0.75, 2: 0.5, 3: 0.25, 4: 0.0, 5: 0.0}),
    (Linear(0.1, 0.5, 2), {0: 0.1, 1: 0.3, 2: 0.5, 9: 0.5}),  # a warm-up
]


@pytest.mark.parametrize(("schedule", "expected"), TABLE, ids=lambda v: repr(v) if callable(v) else "")
def test_a_schedule_gives_the_rates_worked_out_by_hand(schedule, expected):
    assert {t: schedule(t) for t in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)


lows, highs = st.floats(0, 0.5), st.floats(0.5, 2)
lengths = st.integers(1, 300)


@given(low=lows, high=highs, n_s=lengths, cycle=st.integers(0, 5))
def test_a_triangle_repeats_mirrors_itself_and_changes_by_equal_steps(low, high, n_s, cycle):
    eta = Triangular(low, high, n_s)
    start = 2 * n_s * cycle
    rates = [eta(start + t) for t in range(2 * n_s + 1)]
    assert rates[0] == pytest.approx(low)
    assert rates[-1] == pytest.approx(low)
    assert max(rates) == rates[n_s] == pytest.approx(high)
    assert rates == pytest.approx(rates[::-1])
    rises = [b - a for a, b in pairwise(rates[: n_s + 1])]
    assert rises == pytest.approx([(high - low) / n_s] * n_s, abs=1e-12)


@pytest.mark.parametrize("kind", [Cosine, Linear])
@given(low=lows, high=highs, updates=lengths)
def test_an_annealed_rate_falls_from_one_end_to_the_other_and_stays(kind, low, high, updates):
    rates = [kind(high, low, updates)(t) for t in range(updates + 3)]
    assert rates[0] == pytest.approx(high)
    assert rates[updates:] == pytest.approx([low] * 3)
    assert all(a >= b - 1e-12 for a, b in pairwise(rates))
    for t in range(updates + 1):
        assert rates[t] + rates[updates - t] == pytest.approx(high + low), "symmetric about the middle"


@given(eta=highs, factor=st.floats(0.1, 1), every=lengths, t=st.integers(0, 1000))
def test_a_decayed_rate_is_multiplied_by_the_factor_after_every_so_many_updates(eta, factor, every, t):
    schedule = StepDecay(eta, factor, every)
    assert schedule(t + every) == pytest.approx(schedule(t) * factor)
    expected = eta
    for update in range(1, t + 1):
        if update % every == 0:
            expected *= factor
    assert schedule(t) == pytest.approx(expected)
