"""A helper is asked where that saves time, and nearly nowhere else: shown on machines that are made up."""

import random

import pytest

from core.helper.shifts import LONGEST, Shifts

MINUTE = 60.0


def train(shifts, clock, seconds, alone, helped, between=0.0):
    """Train for some seconds: the clock at the end, and the number of gradients.

    alone, helped: give the seconds of a gradient without and with the helper;
    between: seconds of something else after every tenth gradient.
    """
    end, gradients = clock + seconds, 0
    while clock < end:
        shifts.begin(clock)
        clock += helped() if shifts.working else alone()
        shifts.end(clock)
        gradients += 1
        if gradients % 10 == 0:
            clock += between
    return clock, gradients


@pytest.mark.parametrize("alone", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("times", [0.5, 0.8, 1.0, 1.25, 3.0, 10.0])
def test_it_is_nearly_as_fast_as_the_faster_of_both(alone, times):
    rng = random.Random(0)

    def noisy(seconds):
        return lambda: seconds * rng.uniform(0.7, 1.3)

    _, gradients = train(Shifts(), 0.0, 5 * MINUTE, noisy(alone), noisy(alone * times))
    assert gradients > 0.9 * 5 * MINUTE / (alone * min(1.0, times))


def test_programs_that_come_and_go_are_noticed():
    shifts, clock, made = Shifts(), 0.0, []
    for times in (0.5, 3.0, 0.5):
        clock, _ = train(shifts, clock, LONGEST, lambda: 0.001, lambda t=times: 0.001 * t)
        clock, gradients = train(shifts, clock, MINUTE, lambda: 0.001, lambda t=times: 0.001 * t)
        made.append(gradients / (MINUTE / 0.001))
    assert made == [pytest.approx(best, rel=0.05) for best in (2.0, 1.0, 2.0)]


def test_a_shift_whose_gradients_wait_for_a_core_now_and_then_is_no_better_than_its_mean():
    rng = random.Random(0)
    _, gradients = train(Shifts(), 0.0, MINUTE, lambda: 0.001, lambda: 0.0006 + (0.004 if rng.random() < 0.2 else 0.0))
    assert gradients > 0.93 * MINUTE / 0.001


@pytest.mark.parametrize("between", [0.01, 3.0, 1000.0])
def test_evaluations_and_pauses_do_not_count(between):
    shifts, helped = Shifts(), []
    train(shifts, 0.0, 100 * between, lambda: 0.001, lambda: helped.append(1) or 0.0006, between)
    assert len(helped) > 0.9 * 100 * 10 * between / (between + 0.006) - 100


def test_one_gradient_that_a_sleeping_machine_held_up_is_made_up_for():
    shifts = Shifts()
    clock, _ = train(shifts, 0.0, 1.0, lambda: 0.001, lambda: 0.0006)
    assert shifts.working
    shifts.begin(clock)
    shifts.end(clock + 3600)
    clock, _ = train(shifts, clock + 3600, LONGEST + 1, lambda: 0.001, lambda: 0.0006)
    assert shifts.working
