"""The shipped curves are means and standard deviations of runs."""

import statistics

import pytest

from lab.expected.curves import expected
from lab.reproduce.expect import MOST_ROWS, write

MEASURES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def rows(seed: int, many: int) -> list[dict[str, float]]:
    return [{"update": 10 * k, "epoch": k / 10, **dict.fromkeys(MEASURES, seed + k / many)} for k in range(many)]


def test_mean_and_spread_over_the_seeds_are_written_and_read_back(tmp_path):
    curves = [rows(seed, 150) for seed in (1, 2, 4)]
    write("mine", curves, [{"test.accuracy": a} for a in (0.4, 0.5, 0.45)], tmp_path)
    write("other", curves[:1], [{"test.accuracy": 0.3}], tmp_path)
    write("mine", curves, [{"test.accuracy": a} for a in (0.4, 0.5, 0.48)], tmp_path)  # replaces the first
    known = expected("mine", tmp_path)
    assert known.seeds == 3
    mean, spread = known.finals["test.accuracy"]
    assert mean == pytest.approx(0.46, abs=1e-5)
    assert spread == pytest.approx(statistics.stdev([0.4, 0.5, 0.48]), rel=1e-2)
    assert len(known.moments) <= MOST_ROWS + 1
    assert (known.moments[0].update, known.moments[-1].update) == (0, 1490)
    assert known.moments[0].measures["train_loss"].mean == pytest.approx(7 / 3, abs=1e-4)
    assert known.moments[0].measures["train_loss"].spread == pytest.approx(statistics.stdev([1, 2, 4]), rel=1e-2)
    alone = expected("other", tmp_path)
    assert (alone.seeds, alone.finals["test.accuracy"]) == (1, (0.3, None))
