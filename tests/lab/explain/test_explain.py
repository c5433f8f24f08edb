"""What is said of a setting: words, what the reports saw, and what recorded runs ended with."""

import csv
import json

import pytest

from lab.explain import record as recording
from lab.explain.effects import COLUMNS, SHIPPED, recorded
from lab.explain.experiments import EXPERIMENTS, Experiment
from lab.explain.explain import ExplainDocument, effect_figures, explain, outcomes
from lab.explain.reported import reported
from lab.explain.texts import TEXTS
from presets.keys import known_keys
from presets.load import load
from tests.lab.documents import faults


def test_what_is_told_is_of_settings_that_exist():
    assert known_keys().keys() >= TEXTS.keys() | EXPERIMENTS.keys()


@pytest.mark.parametrize("key", known_keys())
def test_every_setting_is_explained(key):
    document = explain("a2-setting1", key)
    assert document["help"] or document["text"] or document["reported"] or key.endswith("kind")
    assert len(outcomes(document)) == len(document["curves"])


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_every_experiment_comes_with_its_curves(key):
    seen = recorded(key)
    for measure in ("train_loss", "validation_accuracy"):
        assert [*seen[measure]] == [*EXPERIMENTS[key].values]
        assert all(curve[0][0] == 0 for curve in seen[measure].values())
    assert (SHIPPED / f"{key}.csv").stat().st_size < 2000
    for value in EXPERIMENTS[key].values.values():
        load(EXPERIMENTS[key].preset, [*EXPERIMENTS[key].changes, *value])  # it can be made again


def test_a_setting_is_found_by_the_end_of_its_name_and_the_preset_says_its_value():
    document = explain("a2-setting1", "eta")
    assert (document["key"], document["value"]) == ("optimiser.eta", "0.1")
    assert explain("a2-setting1", "sigma")["value"] == "-"


def test_the_reports_are_quoted_from_the_presets():
    (one,) = reported(load("a1-test1"), "optimiser.eta")
    assert one == (
        "DD2424 assignment 1: optimiser.eta = 0.1 reached 30.29 % (test) [a1-test1], "
        "0.001 reached 39.75 % (test) [a1-test2]."
    )
    assert "52.53 %" in reported(load("a3-3layer"), "network.batch_norm")[0]
    assert reported(load("a1-test1"), "loss.lambda")[0].startswith("DD2424 assignment 1")
    assert reported(load("a2-setting1"), "loss.lambda")[0].startswith("DD2424 assignment 2")
    assert reported(load("a2-setting1"), "training.evaluate_every") == []


def test_what_diverged_is_said_to_have_and_does_not_press_the_others_flat():
    document = explain("a2-setting1", "optimiser.eta")
    assert outcomes(document)[-1] == "eta = 1: diverged after update 200."
    loss, accuracy = effect_figures(document)
    assert max(y for curve in loss.curves for _, y in curve.points) < 10
    assert accuracy.percent


def test_the_curves_are_made_by_training(tmp_path, monkeypatch):
    small = Experiment("a2-setting1", {"5": ("hidden=5",), "7": ("hidden=7",)}, ("n_s=20", "evaluate_every=20"))
    monkeypatch.setattr(recording, "SHORT", ("split=300/100/test",))
    monkeypatch.setitem(EXPERIMENTS, "network.hidden", small)
    path = recording.record("network.hidden", tmp_path)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["value"], row["update"]) for row in rows] == [(v, u) for v in "57" for u in ("0", "20", "40")]
    assert float(rows[2]["train_loss"]) < float(rows[0]["train_loss"])


def test_the_command_says_and_draws_it(gradlab):
    code, out, _ = gradlab("explain", "a2-setting1", "eta")
    assert code == 0
    for text in ("optimiser.eta", "What the reports saw", "a1-test2", "train loss", "eta = 0.01: training loss"):
        assert text in out


def test_its_document_has_the_keys_it_promises(gradlab):
    _, out, _ = gradlab("explain", "a2-setting1", "dropout", "--json")
    document = json.loads(out)
    assert faults(document, ExplainDocument) == []
    assert [curve["value"] for curve in document["curves"]] == ["0", "0.2", "0.5"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [("a2-setting1 etaa", "eta"), ("a2-seting1 eta", "did you mean a2-setting1?")],
)
def test_bad_input(refused, arguments, message):
    refused(f"explain {arguments}", message)
