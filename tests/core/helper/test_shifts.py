"""A helper is asked where that saves time, and nearly nowhere else: shown on machines that are made up."""

import random

import pytest

from core.helper.shifts import LONGEST, Shifts

MINUTE = 60.0


def train(shifts, clock, seconds, alone, helped, evaluation=0.0):
    """Updates for so many seconds that take `alone` or `helped` seconds; the clock then, and how many were made."""
    end, updates = clock + seconds, 0
    while clock < end:
        shifts.update_begins(clock)
        clock += helped() if shifts.working else alone()
        updates += 1
        if evaluation and updates % 10 == 0:
            shifts.update_ends(clock)
            clock += evaluation
    return clock, updates


@pytest.mark.parametrize("alone", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("times", [0.5, 0.8, 1.0, 1.25, 3.0, 10.0])
def test_it_is_nearly_as_fast_as_the_faster_of_both(alone, times):
    rng = random.Random(0)

    def noisy(seconds):
        return lambda: seconds * rng.uniform(0.7, 1.3)

    _, updates = train(Shifts(), 0.0, 5 * MINUTE, noisy(alone), noisy(alone * times))
    assert updates > 0.9 * 5 * MINUTE / (alone * min(1.0, times))


def test_programs_that_come_and_go_are_noticed():
    shifts, clock, made = Shifts(), 0.0, []
    for times in (0.5, 3.0, 0.5):
        clock, _ = train(shifts, clock, 2 * LONGEST, lambda: 0.001, lambda t=times: 0.001 * t)
        clock, updates = train(shifts, clock, MINUTE, lambda: 0.001, lambda t=times: 0.001 * t)
        made.append(updates / (MINUTE / 0.001))
    assert made == [pytest.approx(best, rel=0.05) for best in (2.0, 1.0, 2.0)]


def test_a_shift_whose_updates_wait_for_a_core_now_and_then_is_no_better_than_its_mean():
    rng = random.Random(0)
    _, updates = train(Shifts(), 0.0, MINUTE, lambda: 0.001, lambda: 0.0006 + (0.004 if rng.random() < 0.2 else 0.0))
    assert updates > 0.93 * MINUTE / 0.001


def test_what_is_evaluated_between_updates_does_not_count():
    shifts = Shifts()
    train(shifts, 0.0, MINUTE, lambda: 0.001, lambda: 0.0006, evaluation=3.0)
    assert shifts.working
    shifts = Shifts()
    clock, _ = train(shifts, 0.0, MINUTE, lambda: 0.001, lambda: 0.0006)
    clock, updates = train(shifts, clock, MINUTE, lambda: 0.001, lambda: 0.0006, evaluation=0.01)
    assert updates == pytest.approx(MINUTE / (0.0006 + 0.001), rel=0.05)
