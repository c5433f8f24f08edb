"""Runs side by side: what differs, what they reached, and what cannot be compared."""

import json
import re

import pytest

from lab.errors import LabError
from lab.runs.compare import compare, differences
from lab.runs.saved import read, value_text
from presets.load import changed, load


def nothing(snapshot):
    """A subscriber that looks away."""


@pytest.fixture
def trained(start):
    """The store of a run that has ended: trained("updates=3")."""

    def trained(*changes, **options):
        run = start(*changes, **options)
        run.go(nothing)
        return run.store

    return trained


def test_only_settings_that_differ_are_listed_none_where_one_does_not_apply():
    one, other = load("a2-setting1"), load("a2-setting1", ["eta=0.2", "schedule.kind=constant", "updates=7"])
    assert differences([one, one]) == {}
    assert differences([one, other]) == {
        "optimiser.eta": [0.1, 0.2],
        "schedule.kind": ["triangular", "constant"],
        "schedule.eta_min": [1e-5, None],
        "schedule.n_s": [500, None],
        "training.updates": [None, 7],
        "training.cycles": [1, None],
    }


def test_what_was_changed_is_told_from_what_the_preset_says():
    assert changed(load("a2-setting1")) == {}
    assert changed(load("a2-setting1", ["lambda=0.5", "batch=100"])) == {"loss.lambda": 0.5}
    assert changed(load("a2-setting1", ["lambda=0.5"]).model_copy(update={"name": "mine"})) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (1e-5, "1e-05"),
        (True, "true"),
        ("he", "he"),
        ([50, 30], "[50, 30]"),
        ([], "[]"),
        ([{"filters": 8, "size": 3}], "[{filters = 8, size = 3}]"),
    ],
)
def test_a_value_reads_as_in_toml(value, text):
    assert value_text(value) == text


def test_the_command_shows_curves_settings_and_results_beside_the_reported_ones(gradlab, trained):
    one, other = trained("updates=20"), trained("updates=20", "lambda=0.5")
    code, out, _ = gradlab("compare", one.path.name, other.path.name)
    assert code == 0
    labels = [store.path.name[16:] for store in (one, other)]
    assert re.search(rf"{labels[0]} +{labels[1]}\s+A +B\s", out)  # the letters of their curves below their names
    assert re.search(r"─ ?A .*━ ?B ", out)
    assert re.search(r"loss\.lambda +0\.01 +0\.5\b", out)
    assert "optimiser.eta" not in out
    accuracies = [f"{store.result()['final']['test']['accuracy']:.2%}" for store in (one, other)]
    assert re.search(rf"test accuracy +{accuracies[0]} +{accuracies[1]}\s+reported +45\.88% +45\.88%", out)
    assert "a run on 'mini' saw only the embedded part" in out


def test_the_json_has_an_entry_for_each_run(gradlab, trained):
    stores = [trained("updates=3"), trained("updates=5"), trained("updates=3", preset="a3-3layer-bn")]
    document = json.loads(gradlab("compare", *(str(store.path) for store in stores), "--json")[1])
    assert [run["run"] for run in document["runs"]] == [str(store.path) for store in stores]
    assert [run["updates"] for run in document["runs"]] == [3, 5, 3]
    assert document["settings"]["training.updates"] == [3, 5, 3]
    assert document["settings"]["network.batch_norm"] == [False, False, True]
    assert document["reported"]["test.accuracy"] == [0.4588, 0.4588, 0.5361]
    for key in ("train.loss", "validation.cost", "test.accuracy"):
        split, _, measure = key.partition(".")
        assert document["results"][key] == [store.result()["final"][split][measure] for store in stores]


def test_a_killed_run_is_compared_by_its_last_evaluation(trained):
    whole, killed = trained("updates=20"), trained("updates=20")
    (killed.path / "result.json").unlink()
    document = compare([read(whole), read(killed)])
    assert [run["state"] for run in document["runs"]] == ["done", "interrupted"]
    assert document["results"]["validation.loss"][1] == killed.metrics()[-1]["validation_loss"]
    assert document["results"]["test.loss"][1] is None


def test_a_run_that_is_still_written_says_so(start):
    run, seen = start("updates=10"), []

    def look(snapshot):
        seen.append(read(run.store))

    run.go(look)
    assert {record.state for record in seen} == {"running"}
    assert seen[-2].state_line == "still running, update 7"


def test_a_run_with_nothing_recorded_is_refused(trained):
    store = trained("updates=3")
    (store.path / "metrics.csv").write_text("")
    with pytest.raises(LabError, match="has nothing recorded yet"):
        read(store)


def test_fewer_than_two_runs_and_the_same_run_twice_are_refused(refused, trained):
    store = trained("updates=3")
    refused(f"compare {store.path}", "compare takes 2 to 32 runs, not 1")
    refused(f"compare {store.path} {store.path.name[-4:]}", "is given twice")
    refused(f"compare {store.path} none", "there is no run none in")
