"""A search over the settings of a student's code: a search like any other, beside that of the preset's own network."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.runs.store import RunStore
from lab.search.lr_range import begin as begin_range
from lab.search.lr_range import of_code
from lab.search.result import SearchResult
from lab.search.search import begin
from presets.load import load
from tests.lab.documents import faults
from tests.lab.search.test_search import same, threads  # noqa: F401
from tests.lab.training.in_process import WorkerInProcess
from tests.lab.training.test_planted import FUNCTIONS


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch, threads):  # noqa: F811
    monkeypatch.setattr("lab.check.trained.Worker", WorkerInProcess)


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    return path


@pytest.fixture
def tiny(tmp_path, small, mine):
    """Begin a search over the settings of the file: tiny("search.trials=3", runs=..., ...)."""

    def tiny(*changes, runs=tmp_path / "runs", target=(mine, "ComputeGradients"), **options):
        preset = load("a2-coarse", [*small, "search.trials=2", *changes])
        return begin(preset, "mini", runs, 1, target=target, **options)

    return tiny


def test_its_trials_reach_what_those_of_the_preset_reach(tiny):
    search = tiny()
    document = search.run()
    ours = tiny(target=None)
    assert ours.store.path != search.store.path
    for row, other in zip(document["trials"], ours.run()["trials"], strict=True):
        assert row["values"] == other["values"]
        assert row["accuracy"] == pytest.approx(other["accuracy"], abs=0.011)  # one of the 100 images
        store = RunStore(search.store.trial(row["trial"]))
        assert store.trains_code
        assert store.result()["code"]["agreement"]["parts_at"] is None
    assert faults(json.loads(json.dumps(document)), SearchResult) == []
    assert document["code"]["file"] == "mine.py"
    assert document["code"]["agreement"].startswith("Updates 1 to 20 agree with Gradlab's own network.")


def test_stopped_it_continues_and_ends_as_an_undisturbed_one(tiny, tmp_path):
    whole = tiny("search.trials=3", runs=tmp_path / "whole")
    whole.run()
    first = tiny("search.trials=3")
    first.run(lambda row: first.stop())
    assert not first.done
    second = tiny("search.trials=3")
    assert (second.store.path, second.taken_up) == (first.store.path, len(first.rows))
    second.run()
    assert same(second, whole)


def test_halving_ends_trials_at_the_end_of_a_cycle(tiny):
    """Also where several updates are made at a time."""
    document = tiny("search.halving=true", "cycles=2", "search.trials=4", "evaluate_every=1000").run()
    stopped = [row for row in document["trials"] if row["state"] == "stopped"]
    assert len(stopped) == 2
    for row in stopped:
        assert RunStore(Path(row["run"])).result()["updates"] == 20


def test_changed_code_is_another_search(tiny, mine):
    with closing(tiny()) as first:
        pass
    mine.write_text(FUNCTIONS + "\n")
    with closing(tiny()) as other:
        assert other.store.path != first.store.path
    mine.write_text(FUNCTIONS)
    with closing(tiny()) as again:
        assert again.store.path == first.store.path


def test_code_that_changes_while_it_is_searched_ends_the_search(tiny, mine):
    first = tiny("search.trials=3")
    with pytest.raises(LabError, match=r"mine.py has changed since trial-00. began"):
        first.run(lambda row: mine.write_text(FUNCTIONS + "\n"))
    assert len(first.rows) < 3
    mine.write_text(FUNCTIONS)
    again = tiny("search.trials=3")
    assert again.taken_up == len(first.rows)
    assert [row["state"] for row in again.run()["trials"]] == ["done"] * 3


def test_code_that_fails_for_a_value_is_a_row_and_the_others_go_on(tiny, mine):
    with closing(tiny(target=None)) as ours:
        value = ours.values[1]["loss.lambda"]
    line = f"    if abs(lamda - {value!r}) < 1e-12:\n        raise ValueError('too much')\n    n = X.shape[1]\n"
    mine.write_text(FUNCTIONS.replace("    n = X.shape[1]\n", line))
    document = tiny().run()
    failed = [row for row in document["trials"] if row["state"] == "failed"]
    assert [row["values"]["loss.lambda"] for row in failed] == [value]
    assert "ValueError: too much" in failed[0]["reason"]


def test_it_is_refined_from_its_own_trials_alone(tiny):
    tiny(target=None).run()
    with pytest.raises(LabError, match=r"run gradlab search .*mine.py:ComputeGradients --like a2-coarse first"):
        tiny(refine=True)
    coarse = tiny()
    coarse.run()
    with closing(tiny(refine=True)) as finer:
        assert str(coarse.store.path) in finer.preset.description
        assert finer.code == coarse.code


def test_a_planted_mistake_is_told_for_the_whole_search(tiny, mine):
    mine.write_text(FUNCTIONS.replace("* (H > 0)", "* 1"))
    said = tiny().run()["code"]["agreement"]
    assert said.startswith("Trial 1: Parts from Gradlab's own network at update 1, tensor W[0]: it differs by")


def test_its_learning_rates_are_those_of_the_preset(mine):
    preset = load("a2-setting1", ["split=400/100/test", "hidden=10"])
    ours = begin_range(preset, "mini", 60).run(1)

    def make(*given):
        return of_code(mine, "ComputeGradients", *given)

    theirs = begin_range(preset, "mini", 60, make).run(1)
    assert theirs["loss"][:30] == pytest.approx(ours["loss"][:30], rel=1e-3)
    assert theirs["eta_max"] == pytest.approx(ours["eta_max"], rel=0.3)


def test_the_command_says_whose_code_it_is_and_how_to_train_with_the_best(gradlab, mine, small, monkeypatch):
    monkeypatch.chdir(mine.parent)
    settings = [word for change in small for word in ("-s", change)]
    code, out, _ = gradlab("search", "mine.py:ComputeGradients", "--like", "a2-coarse", "--trials", "2", *settings)
    assert code == 0
    assert "\ncode: mine.py:ComputeGradients\n" in out
    assert "train the best longer: gradlab run mine.py:ComputeGradients --like a2-final -s loss.lambda=" in out
    code, out, _ = gradlab(
        "search", "mine.py:ComputeGradients", "--like", "a2-setting1", "--lr-range", "--updates", "40", *settings
    )
    assert "code: mine.py:ComputeGradients" in out
    if code == 0:
        assert "train with them: gradlab run mine.py:ComputeGradients --like a2-setting1 -s set=mnist" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("search mine.py:Net", "mine.py:Net: --like PRESET says how to train it"),
        ("search a2-coarse --like a2-coarse", "--like trains code of yours: give it as FILE:NAME"),
        ("search nowhere.py:Net --like a2-coarse --data mini", "there is no file nowhere.py"),
        ("search mine.py:Nothing --like a2-coarse --data mini", "there is no Nothing in it"),
        ("search mine.py:ComputeGradients --like a2-setting1 --data mini", "a2-setting1 has no [search] section"),
        ("search mine.py:Net --like a2-coarse --scheduler tcp://h:1", "code of yours is trained on this machine"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_made(refused, mine, arguments, message):
    refused(arguments, message)
    assert not (mine.parent / "runs").exists()
