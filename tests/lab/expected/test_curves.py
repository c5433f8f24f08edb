"""The shipped curves: what is read is what stands there, and it stands there for presets that exist."""

import math

import pytest

from lab.expected.curves import COLUMNS, FINALS, MEASURES, SHIPPED, expected, expected_of
from presets.load import load, names

OURS = names()
MOST_BYTES = 300_000  # of all files


def test_the_files_are_small_and_each_is_of_a_preset():
    files = list(SHIPPED.glob("*.csv"))
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert {path.stem for path in files} - {FINALS.removesuffix(".csv")} == {*OURS}


@pytest.mark.parametrize("name", OURS)
def test_a_preset_learns_as_its_report_says(name):
    known, preset = expected(name), load(name)
    spreads = [y.spread for m in known.moments for y in m.measures.values()]
    assert spreads == [None] * len(spreads) if known.seeds == 1 else known.seeds >= 3 and min(spreads) >= 0
    first, *_, last = known.moments
    assert first.update == 0
    assert last.measures["train_accuracy"].mean > first.measures["train_accuracy"].mean + 0.1
    assert all(math.isfinite(y.mean) for m in known.moments for y in m.measures.values())
    assert [m.update for m in known.moments] == sorted({m.update for m in known.moments})
    assert known.finals["validation.accuracy"].mean == pytest.approx(
        last.measures["validation_accuracy"].mean, abs=1e-4
    )
    reported = preset.reference.reported.get(f"{preset.data.judge}.accuracy") if preset.reference else None
    if reported is not None:
        mean, spread = known.finals[f"{preset.data.judge}.accuracy"]
        best = mean + 2 * (spread or 0.0)  # a1-test1 jumps by points from seed to seed
        assert best >= reported - preset.reference.tolerance


def test_of_what_does_not_come_with_gradlab_nothing_is_expected():
    assert expected("mine") is None


def test_columns_name_every_measure_twice():
    assert len(COLUMNS) == 2 + 2 * len(MEASURES)


def test_a_run_stands_before_the_curves_of_its_preset_only_if_it_could_have_made_them():
    changed = load("a2-setting1", ["lambda=0.1"])
    assert expected_of(load("a2-setting1", ["seed=9"]), "full") is expected("a2-setting1")
    assert [expected_of(load("a2-setting1"), "mini"), expected_of(changed, "full")] == [None, None]
