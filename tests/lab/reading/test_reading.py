"""Curves whose trouble is known are read as it is: curves that a formula draws, and rows that real runs left."""

import csv
from dataclasses import replace
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from core.health import LayerHealth
from lab.expected.curves import SHIPPED, expected
from lab.reading.facts import Facts
from lab.reading.faults import AT_ONCE, FROM_THE_MIDDLE, RULES
from lab.reading.read import MOST, read
from presets.load import load

RECORDED = Path(__file__).parent / "recorded"
LN_K = log(10)


def row(t, train, validation, accuracies=(0.4, 0.38), eta=0.001, penalty=0.0):
    return {
        "update": t,
        "epoch": t / 100,
        "eta": eta,
        "train_loss": train,
        "train_cost": train + penalty,
        "train_accuracy": accuracies[0],
        "validation_loss": validation,
        "validation_cost": validation + penalty,
        "validation_accuracy": accuracies[1],
    }


def facts(curve, preset="a1-test2", settings=(), **known):
    """A run of 1,000 updates, evaluated every 50, whose row at t is curve(t)."""
    known = {"counts": [200] * 10, "examples": 500, **known}
    return Facts(load(preset, list(settings)), [row(t, *curve(t)) for t in range(0, 1001, 50)], **known)


def learning(t):
    """A loss that falls as a sound one does, with the validation loss a little above it."""
    loss = 1.4 + 1.1 * exp(-t / 200)
    return loss, loss + 0.1


def layers(*weights, dead=0.0, gradient=0.01):
    """Dense layers of 100 inputs and 10 units, each followed by ReLU."""
    dense = [LayerHealth("Dense", (10,), 1000, weight, gradient, None, None) for weight in weights]
    return [*dense, LayerHealth("ReLU", (10,), 0, None, None, None, dead)]


def keys(run):
    return [each["key"] for each in read(run) if each["kind"] == "fault"]


SMALL, HE = 1e-4, 0.14
PILED = (
    np.eye(10, dtype=int) * 30 + 70 * np.eye(10, dtype=int)[0]
).tolist()  # 70 of 100 of each class taken for class 0

TROUBLE = {
    "not-normalised": facts(lambda t: (300 * exp(-t / 50) + 2.3,) * 2, settings=["normalise=none"]),
    "diverged": facts(lambda t: learning(t) if t < 500 else (float("nan"),) * 2, diverged_at=460),
    "dead-units": facts(lambda t: (LN_K, LN_K, (0.1, 0.1)), health=layers(HE, HE, dead=1.0)),
    "vanishing-gradients": facts(lambda t: (LN_K, LN_K, (0.1, 0.1)), health=layers(SMALL, SMALL)),
    "lambda-too-large": facts(
        lambda t: (2.2 + 0.3 * exp(-t / 100), 2.3, (0.2, 0.2), 0.001, 0.01 + 30 * exp(-t / 50)), settings=["lambda=10"]
    ),
    "underfitting": facts(
        lambda t: (1.95 + 0.5 * exp(-t / 50), 1.97, (0.25, 0.24)), "a2-setting1", ["hidden=2", "n_s=500"]
    ),
    "eta-too-large": facts(lambda t: (3.0 + 2 * (t // 50 % 2), 6.0, (0.5, 0.25))),
    "eta-too-small": facts(lambda t: (2.5 - 0.00002 * t, 2.5, (0.11, 0.1))),
    "class-imbalance": facts(lambda t: (*learning(t), (0.8, 0.5)), counts=[1000] + [50] * 9, confusion=PILED),
    "labels-shuffled": facts(lambda t: (2.4 - 0.001 * t, 2.4 + 0.001 * t, (0.1 + 0.0005 * t, 0.1))),
    "cycle": facts(learning, "a2-setting1", ["n_s=400"]),
    "too-few-evaluations": replace(facts(learning), metrics=facts(learning).metrics[::10]),
    "overfitting": facts(lambda t: (2.3 * exp(-t / 200), 2.0 + abs(t - 300) / 1000, (1 - exp(-t / 100), 0.4))),
    "plateau": facts(
        lambda t: (1.6 + 0.9 * exp(-t / 40), 1.7, (0.4, 0.38), 0.001 if t < 100 else 1e-5),
        settings=["schedule.kind=step", "every=100", "factor=0.01"],
    ),
}


def test_every_fault_has_its_trouble_here():
    assert TROUBLE.keys() == RULES.keys()


@pytest.mark.parametrize("fault", TROUBLE)
def test_trouble_is_named_first_with_its_numbers_and_something_to_try(fault):
    first, *others = read(TROUBLE[fault])
    assert first["key"] == fault
    assert first["kind"] == "fault"
    assert first["try"]
    assert np.isfinite(list(first["evidence"].values())).all()
    assert any(figure.isdigit() for figure in first["sentence"])
    assert 1 <= len(others) < MOST


def test_a_sound_run_has_no_fault_and_two_to_four_sentences():
    run = facts(learning, health=layers(HE, HE), confusion=(np.eye(10, dtype=int) * 40 + 6).tolist())
    assert keys(run) == []
    assert [each["key"] for each in read(run)] == ["gap", "reached"]


@pytest.mark.parametrize(
    ("lowest", "accuracy", "named"),
    [(2.28, 0.16, ["labels-shuffled"]), (2.0, 0.16, []), (2.28, 0.22, []), (2.0, 0.13, ["labels-shuffled"])],
    ids=["a little above guessing, no better loss", "a better loss", "far above guessing", "guessing"],
)
def test_labels_that_are_shuffled_show_in_the_loss_where_guesses_are_lucky(lowest, accuracy, named):
    run = facts(lambda t: (2.4 - 0.0004 * t, lowest + abs(t - 300) / 10000, (0.1 + 0.0002 * t, accuracy)))
    assert keys(run) == named


def test_a_few_examples_that_are_right_by_luck_are_not_learnt():
    run = facts(lambda t: (2.35 - 0.0001 * t, 2.3, (0.22, 0.1)), counts=[5] * 10)
    assert keys(run) == []
    assert keys(replace(run, counts=[500] * 10)) == ["labels-shuffled"]
    assert keys(replace(run, counts=[500] * 10, metrics=run.metrics[:2])) == ["too-few-evaluations"]


def test_a_loss_that_falls_as_fast_at_the_end_as_in_the_middle_is_not_done():
    finding = read(facts(lambda t: (2.3 - 0.0008 * t, 2.3 - 0.0007 * t)))[0]
    assert finding["key"] == "still-falling"
    assert finding["sentence"] == "The training loss still falls as fast at the end as at update 500."
    assert "Train longer than 1,000 updates" in finding["try"]


def test_the_best_validation_accuracy_is_told_where_the_end_is_worse():
    run = facts(lambda t: (*learning(t), (0.5, 0.45 if t == 600 else 0.4)))
    (best,) = [each for each in read(run) if each["key"] == "best"]
    assert best["evidence"] == {"update": 600, "best": 0.45, "validation_accuracy": 0.4}


@pytest.mark.parametrize("fault", TROUBLE)
def test_while_a_run_goes_on_only_what_can_be_told_by_now_is_said(fault):
    assert keys(replace(TROUBLE[fault], progress=0.4)) == ([fault] if fault in AT_ONCE else [])
    assert keys(replace(TROUBLE[fault], progress=0.6)) == ([fault] if fault in (*AT_ONCE, *FROM_THE_MIDDLE) else [])


def test_no_point_on_the_way_of_a_sound_run_looks_like_a_fault():
    whole = facts(learning, "a2-setting1", ["n_s=500"], health=layers(HE, HE))
    assert keys(whole) == []
    for rows in range(1, len(whole.metrics)):
        so_far = replace(whole, metrics=whole.metrics[:rows], progress=(rows - 1) / 20)
        assert keys(so_far) == []
        assert "reached" in [each["key"] for each in read(so_far)]


def test_of_a_run_that_goes_on_nothing_is_said_to_have_ended():
    run = facts(lambda t: (*learning(t), (0.5, 0.45 if t == 600 else 0.4)))
    now = " ".join(each["sentence"] for each in read(replace(run, progress=0.9)))
    assert "is now 40.0%" in now
    assert "end" not in now


def test_nothing_is_said_of_nothing_and_of_one_row_that_it_tells_nothing():
    assert read(replace(facts(learning), metrics=[])) == []
    assert keys(replace(facts(learning), metrics=facts(learning).metrics[:1])) == ["too-few-evaluations"]


def test_a_run_that_was_killed_is_read_from_its_rows_alone():
    assert keys(Facts(load("a1-test2"), facts(learning).metrics)) == []
    jagged = facts(lambda t: (3.0 + 2 * (t // 50 % 2), 6.0, (0.5, 0.25))).metrics
    assert keys(Facts(load("a1-test1"), jagged)) == ["eta-too-large"]


@pytest.mark.parametrize(
    ("file", "preset", "settings", "expected"),
    [
        ("a1-test1.csv", "a1-test1", [], "eta-too-large"),
        ("a2-overfit.csv", "a2-setting1", ["n_s=100", "lambda=0"], "overfitting"),
        ("names-sound.csv", "names-best", [], None),
    ],
)
def test_what_real_runs_left_is_read(file, preset, settings, expected):
    with (RECORDED / file).open() as lines:
        rows = [{name: float(value) for name, value in each.items()} for each in csv.DictReader(lines)]
    assert keys(Facts(load(preset, settings), rows)) == ([expected] if expected else [])


def shipped(preset):
    """The mean curves over seeds on the full data that come with Gradlab, as the rows of one run."""
    known = expected(preset)
    eta = load(preset).optimiser.eta
    return [
        row(
            moment.update,
            moment.measures["train_loss"].mean,
            moment.measures["validation_loss"].mean,
            (moment.measures["train_accuracy"].mean, moment.measures["validation_accuracy"].mean),
            eta,
        )
        for moment in known.moments
    ]


@pytest.mark.parametrize("preset", [path.stem for path in SHIPPED.glob("[an]*.csv")])
def test_of_the_presets_as_they_are_only_what_their_reports_say_is_said(preset):
    confirmed = {"a1-test1": ["eta-too-large"], "a3-sanity": ["overfitting"]}
    confirmed |= {"names-honest": ["overfitting"]}  # in no report: its validation loss rises from 1.85 to 2.22
    assert keys(Facts(load(preset), shipped(preset), variant="full")) == confirmed.get(preset, [])


@pytest.mark.parametrize(("shift", "verdict"), [(0, "as with other seeds"), (0.2, "not what other seeds give")])
def test_a_preset_as_it_is_stands_beside_other_seeds(shift, verdict):
    rows = shipped("a2-setting1")
    rows[-1] = {**rows[-1], "train_loss": rows[-1]["train_loss"] + shift}
    found = {each["key"]: each for each in read(Facts(load("a2-setting1", ["seed=9"]), rows, variant="full"))}
    assert verdict in found["beside-expected"]["sentence"]
    changed = read(Facts(load("a2-setting1", ["lambda=0"]), rows, variant="full"))
    mini = read(Facts(load("a2-setting1"), rows, variant="mini"))
    assert "beside-expected" not in [each["key"] for each in [*changed, *mini]]


def test_one_seed_alone_is_nothing_to_stand_beside(monkeypatch):
    alone = replace(expected("a2-setting1"), seeds=1)
    monkeypatch.setattr("lab.reading.notes.expected_of", lambda preset, variant: alone)
    said = read(Facts(load("a2-setting1"), shipped("a2-setting1"), variant="full"))
    assert "beside-expected" not in [each["key"] for each in said]


def test_a_run_that_diverged_before_its_second_evaluation_is_read_by_the_eta_that_it_had_then():
    rising = Facts(load("a2-setting1"), [row(0, 2.5, 2.5, eta=1e-5)], 15, eta=14.0)
    said = " ".join(each["sentence"] + each["try"] for each in read(rising))
    assert "eta up to 14" in said
    assert "eta=1.4" in said
    assert "Before the first update the training loss is 2.500" in said


def beside(**known):
    run = Facts(load("a2-setting1"), shipped("a2-setting1"), variant="full", **known)
    return next(each for each in read(run) if each["key"] == "beside-expected")


def test_the_limit_is_the_interval_of_a_further_seed():
    spread = expected("a2-setting1").finals["test.accuracy"]
    limit = 4.6041 * sqrt(1 + 1 / 5)  # Student's t with 4 degrees of freedom, 99 %, from a printed table
    for far, verdict in ((0.99, "as with other seeds"), (1.01, "not what other seeds give")):
        right = round(10_000 * (spread.mean - far * limit * spread.spread))
        confusion = np.zeros((10, 10), int)
        confusion[0, :2] = right, 10_000 - right
        said = beside(confusion=confusion.tolist())
        assert verdict in said["sentence"]
        assert "reported 45.9%" in said["sentence"]
        assert said["evidence"]["test_accuracy"] == pytest.approx(right / 10_000)


def test_a_run_that_goes_on_stands_beside_where_the_others_were():
    rows = shipped("a2-setting1")
    half = read(Facts(load("a2-setting1"), rows[: len(rows) // 2], variant="full", progress=0.5))
    said = next(each for each in half if each["key"] == "beside-expected")
    assert said["evidence"]["train_loss_expected"] == rows[len(rows) // 2 - 1]["train_loss"]
    assert "as with other seeds" in said["sentence"]
