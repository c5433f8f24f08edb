"""The learning-rate range test: where the loss falls, by a rule, and how it is shown."""

import json
from math import exp, log10

import numpy as np
import pytest

from lab.search.lr_range import HIGH, LOW, LrRangeDocument, begin, bounds, train_with
from presets.load import load
from tests.lab.documents import faults

ETAS = list(np.geomspace(LOW, HIGH, 301))
SMALL = ["split=400/100/test", "hidden=10"]


def falling(etas, middle=-2.0, width=0.3):
    """A loss that falls from 2.3 to 1.3 around log10 eta = middle, and rises when eta is above 1."""
    return [1.3 + 1 / (1 + exp((log10(eta) - middle) / width)) + max(0, eta - 1) for eta in etas]


def test_the_bounds_lie_where_the_first_and_the_last_tenth_of_the_fall_are_made():
    low, high = bounds(ETAS, falling(ETAS))
    tenth = 0.3 * log10(9) / log10(exp(1))  # the logistic function is at 1/10 and 9/10 that far from its middle
    assert log10(low) == pytest.approx(-2 - tenth, abs=0.05)
    assert log10(high) == pytest.approx(-2 + tenth, abs=0.05)


def test_noise_while_eta_is_too_small_to_matter_does_not_begin_the_fall():
    clean, rng = bounds(ETAS, falling(ETAS)), np.random.default_rng(1)
    noisy = [loss + 0.15 * rng.standard_normal() * (eta < 1e-4) for eta, loss in zip(ETAS, falling(ETAS), strict=True)]
    assert np.log10(bounds(ETAS, noisy)) == pytest.approx(np.log10(clean), abs=0.1)


@pytest.mark.parametrize("losses", [[2.3] * 301, [2.3 + 0.01 * k for k in range(301)], []])
def test_where_nothing_falls_nothing_is_suggested(losses):
    assert bounds(ETAS[: len(losses)], losses) is None


def test_eta_grows_by_the_same_factor_and_the_test_ends_where_the_loss_is_lost():
    test = begin(load("a2-setting1", SMALL), "mini")
    seen = []
    document = test.run(1, lambda: seen.append(len(test.etas)))
    assert seen == [*range(1, len(test.etas) + 1)]
    assert test.updates == 100  # an epoch has 4 updates
    assert len(test.etas) < 100
    assert np.diff(np.log10(test.etas)) == pytest.approx(6 / 99)
    assert document["eta_min"] < document["eta_max"]
    assert document["eta_min"] > LOW
    again = begin(load("a2-setting1", SMALL), "mini").run(1)
    assert again["loss"] == document["loss"]


def test_the_first_updates_are_those_of_the_preset():
    test = begin(load("a2-setting1", SMALL), "mini", 50)
    test.run(1)
    objective = test._trainer.objective
    assert test.updates == 50
    assert objective.network.theta.dtype == np.float32
    assert test.losses[0] == pytest.approx(begin(load("a2-setting1", SMALL), "mini", 20).run(1)["loss"][0])


def test_only_a_cyclical_schedule_has_a_smallest_eta():
    assert train_with(load("a2-setting1"), 0.001, 0.1) == ["eta=0.1", "eta_min=0.001"]
    assert train_with(load("a1-test2"), 0.001, 0.1) == ["eta=0.1"]


def test_the_command_draws_it_and_says_how_to_train(gradlab):
    code, out, _ = gradlab("search", "a2-setting1", "--lr-range", "-s", SMALL[0], "-s", SMALL[1])
    assert code == 0
    for text in (
        "log10 eta",
        "eta_min = ",
        "Smith 2015",
        "gradlab run a2-setting1 -s split=400/100/test",
        "-s eta_min=",
    ):
        assert text in out


def test_its_document_has_the_keys_it_promises(gradlab):
    _, out, _ = gradlab("search", "a2-setting1", "--lr-range", "--updates", "30", "-s", SMALL[0], "--json")
    document = json.loads(out)
    assert faults(document, LrRangeDocument) == []
    assert document["updates"] == 30


def test_the_length_goes_with_the_test(refused):
    refused("search a2-coarse --updates 30", "it goes with --lr-range")
    refused("search a2-coarse --lr-range --trials 3", "--trials is for a search of trials")
