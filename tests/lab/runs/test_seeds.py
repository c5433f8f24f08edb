"""Runs of one setting with several seeds: which belong together, their mean, and how far they lie apart."""

from dataclasses import replace

import numpy as np
import pytest

from lab.runs.saved import SavedRun, read
from lab.runs.seeds import by_setting, mean_and_band, reached, spread


@pytest.fixture
def records(start):
    """Runs that have ended: records(["seed=1"], ["seed=2"])."""

    def records(*each: list[str]) -> list[SavedRun]:
        runs = [start("updates=14", *changes) for changes in each]
        for run in runs:
            run.go(lambda snapshot: None)
        return [read(run.store) for run in runs]

    return records


def test_only_what_differs_in_the_seed_alone_belongs_together(records):
    one, two, again, other = records(["seed=1"], ["seed=2"], ["seed=1"], ["seed=3", "lambda=0.5"])
    steered = replace(two, interventions=[{"update": 3, "eta": 0.1}])
    full = replace(two, variant="full")
    groups = by_setting([one, other, steered, full, again, two])
    assert [[id(record) for record in group.records] for group in groups] == [
        [id(one), id(two)], [id(other)], [id(steered)], [id(full)], [id(again)],
    ]  # fmt: skip
    assert groups[0].seeds == [1, 2]


def test_mean_and_band_are_those_of_the_updates_that_all_have(records):
    group = records(["seed=1"], ["seed=2"], ["seed=3"])
    group[2] = replace(group[2], metrics=group[2].metrics[:-1])
    (setting,) = by_setting(group)
    mean, band = mean_and_band(setting, "validation_accuracy")
    values = np.array([[row["validation_accuracy"] for row in record.metrics[:2]] for record in group])
    assert [x for x, _ in mean] == [0, 7]
    np.testing.assert_allclose([y for _, y in mean], values.mean(axis=0))
    np.testing.assert_array_equal(np.array([ends for _, *ends in band]).T, [values.min(axis=0), values.max(axis=0)])
    accuracies = [record.result["final"]["test"]["accuracy"] for record in group]
    assert reached(setting) == pytest.approx((np.mean(accuracies), np.std(accuracies, ddof=1), 3))


def test_one_seed_has_no_spread(records):
    (setting,) = by_setting(records(["seed=1"]))
    assert mean_and_band(setting, "train_loss")[1] == []
    assert reached(setting) is None
    assert spread([0.5]) is None
