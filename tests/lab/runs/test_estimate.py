"""The estimate of a run's time grows with what is to be done."""

import pytest

from lab.runs.estimate import seconds
from presets.load import load


def test_ten_times_the_updates_take_about_ten_times_as_long(small, monkeypatch):
    clock = iter([0.0, 0.5, 1.0, 1.3] * 2)  # 5 updates in 0.5 s; one pass over the 300 training examples in 0.3 s
    monkeypatch.setattr("lab.runs.estimate.time.perf_counter", lambda: next(clock))
    short = seconds(load("a2-setting1", [*small, "updates=100", "evaluate_every=50"]))
    long = seconds(load("a2-setting1", [*small, "updates=1000", "evaluate_every=50"]))
    assert short == pytest.approx(100 * 0.1 + 4 * 400 * 0.001)
    assert long == pytest.approx(1000 * 0.1 + 22 * 400 * 0.001)


def test_a_run_shorter_than_the_measurement_is_estimated_too(small):
    assert 0 < seconds(load("a2-setting1", [*small, "updates=1"])) < 10
