"""What seeds alone do to a search: measured on trials and saved runs of one setting, and none where there are none."""

import numpy as np
import pytest

from lab.drawing.sparkline import sparkline
from lab.runs import run as lab_run
from lab.search.noise import noise
from lab.search.search import settings_of
from lab.search.view import best_table, points_figure
from presets.load import load, names, with_values

SMALL = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=7", "n_s=10", "cycles=1"]


def trial(number, accuracy, **values):
    row = {"trial": number, "values": values, "accuracy": accuracy, "state": "done", "run": "", "seconds": 1.0}
    return row | {"train_accuracy": accuracy + 0.1}


def rows_of(accuracies):
    """A trial of a2-coarse for each lambda and seed."""
    return [
        trial(k, accuracy, **{"loss.lambda": lambda_, "seed": seed})
        for k, ((lambda_, seed), accuracy) in enumerate(accuracies.items(), 1)
    ]


def test_the_spread_is_pooled_over_the_settings_that_have_several_seeds(tmp_path):
    accuracies = {(0.1, 1): 0.50, (0.1, 2): 0.52, (0.1, 3): 0.51, (0.2, 1): 0.40, (0.2, 2): 0.46, (0.3, 1): 0.9}
    preset = load("a2-coarse")
    measured = noise(preset, "full", rows_of(accuracies), tmp_path)
    residuals = np.array([-0.01, 0.01, 0.0, -0.03, 0.03])
    assert measured == pytest.approx((np.sqrt((residuals**2).sum() / 3), 5))
    rows = [row for row in rows_of(accuracies) if row["values"]["seed"] == 1]
    assert noise(preset, "full", rows, tmp_path) is None
    figure = points_figure(settings_of(preset), rows_of(accuracies), measured)
    ((_, low, high),) = figure.band
    assert (low, high) == pytest.approx((0.9 - measured.deviation, 0.9 + measured.deviation))
    assert points_figure(settings_of(preset), rows).band == ()
    validation, train = figure.curves
    assert [(x, y + 0.1) for x, y in validation.points] == pytest.approx(list(train.points))


def test_a_saved_run_of_a_trials_setting_with_another_seed_counts(tmp_path):
    preset, found = load("a2-coarse", SMALL), []
    for seed, lambda_ in ((1, 0.01), (2, 0.01), (3, 0.5)):
        own = with_values(preset, {"loss.lambda": lambda_, "seed": seed}, preset.name)
        result = lab_run.start(own, "mini", tmp_path / "runs", 1).go(lambda snapshot: None)
        found.append(result["final"]["validation"]["accuracy"])
    rows = [trial(1, found[0], **{"loss.lambda": 0.01})]
    measured = noise(preset, "mini", rows, tmp_path / "runs")
    assert measured == pytest.approx((np.std(found[:2], ddof=1), 2))
    assert noise(preset, "full", rows, tmp_path / "runs") is None, "they learnt from other data"


@pytest.mark.parametrize("preset", [name for name in names() if load(name).search])
def test_no_table_of_a_search_wraps_at_80_columns(preset, capsys):
    from rich.console import Console

    from lab.search.search import trials_of, with_trials

    whole = with_trials(load(preset), None)
    rows = [trial(k, 0.5, **values) for k, values in enumerate(trials_of(whole)[0], 1)]
    table = best_table(settings_of(whole), rows)
    Console(width=80).print(table)
    body = [line for line in capsys.readouterr().out.splitlines() if line.strip() and "─" not in line]
    assert len(body) == 1 + min(settings_of(whole).top, len(rows))
    assert "…" not in "".join(body)


def test_a_sparkline_runs_from_the_least_to_the_largest_and_leaves_out_what_is_not_finite():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, float("nan"), 7], 8) == "▁ █"
    assert sparkline(list(range(100)), 4, ascii_only=True)[::3] == "_#"
    assert sparkline([], 5) == ""
    assert sparkline([3, 3], 5) == "▁▁"
