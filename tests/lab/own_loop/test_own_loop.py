"""Training loops of students: right ones agree with the preset, planted mistakes are named with update and tensor."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import typer

from lab.errors import LabError
from lab.own_loop import plan as plans
from lab.own_loop.command import run_own_loop
from lab.own_loop.fit import FitDocument
from lab.own_loop.printed import printed_series
from lab.runs.store import RunStore
from presets.load import load
from tests.lab.documents import faults
from tests.lab.own_loop.programs import RIGHT, bugs, dataset, looked_at, loops_in, preset, right, some_bugs


@pytest.mark.parametrize(("file", "settings"), right(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_right_loop_agrees_in_every_update(file, settings):
    compared, findings = looked_at(RIGHT / f"{file}.py", settings, rest=7 * (len(file) % 2))
    assert len(compared.steps) >= 12
    assert compared.first is None or "schedule-n-s" in {f.key for f in findings}  # a cycle of its own
    assert not [f for f in findings if f.wrong]


@pytest.mark.parametrize("bug", some_bugs(), ids=str)
def test_a_planted_mistake_is_named_with_its_first_update_and_tensor(bug, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(bug.text())
    _, findings = looked_at(path, bug.settings)
    places = [" ".join([str(f.update), *f.tensors[:1]]) for f in findings if f.wrong and f.key in bug.wanted]
    assert places, [f.sentence for f in findings]
    assert bug.first in ("-", *places)


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "first"),
    [
        ("columns_dicts", "W[k] - eta * grad_W[k]", "(W[k] - eta * grad_W[k]).astype(np.float16).astype(float)",
         "float16", 1),
        ("sampled_batches", "np.random.choice(X.shape[1], ", "np.random.choice(X.shape[1] // 3, ", "few-examples", 2),
        ("columns_dicts", "np.random.permutation(n)", "np.random.randint(0, n // 4, n)", "few-examples", 1),
    ],
    ids=["rounded to float16 and back", "drawn from a third", "drawn from a quarter"],
)  # fmt: skip
def test_what_no_sentence_of_an_update_shows_is_named(file, old, new, key, first, tmp_path):
    text = (RIGHT / f"{file}.py").read_text()
    assert text.count(old) == 1
    path = tmp_path / "mine.py"
    path.write_text(text.replace(old, new))
    _, findings = looked_at(path, ("a2-setting1",))
    assert (key, first) in [(f.key, f.update) for f in findings if f.wrong]


def test_a_solver_in_a_file_beside_the_one_that_is_given_is_watched(tmp_path, monkeypatch):
    (tmp_path / "solver_beside.py").write_text((RIGHT / "solver.py").read_text())
    (tmp_path / "main.py").write_text("from solver_beside import *\n")
    monkeypatch.syspath_prepend(tmp_path)
    compared, findings = looked_at(tmp_path / "main.py", ("a2-setting1",))
    assert len(compared.steps) == 12
    assert not [f for f in findings if f.wrong]


def test_a_rest_that_fills_no_batch_is_a_note_and_no_mistake():
    _, findings = looked_at(RIGHT / "columns_dicts.py", ("a2-setting1",), rest=7)
    assert [(f.key, f.wrong) for f in findings] == [("rest-dropped", False)]


def test_a_hidden_layer_with_as_many_units_as_classes_is_not_taken_for_the_outputs():
    units = len(dataset().classes)
    _, findings = looked_at(RIGHT / "columns_dicts.py", ("a2-setting1", f"hidden={units}"))
    assert [f.sentence for f in findings if f.wrong] == []


def test_printed_lines_become_series():
    text = "epoch 1 loss 2.30 val_acc 10.5 %\nhello\nepoch 2 loss 2.10 val_acc 20.5 %\n"
    assert printed_series(text) == {"loss": [2.3, 2.1], "val_acc": [0.105, 0.205]}


def test_the_small_data_can_be_told_apart():
    assert np.ptp(dataset().train.x) > 1


@pytest.fixture
def small(monkeypatch):
    """The small data and a preset that fits them, in the place of a preset's."""
    monkeypatch.setattr("presets.build.load_data", lambda preset, variant: dataset())
    monkeypatch.setattr("presets.load.load", lambda name, changes: preset((name, "schedule.n_s=4", *changes)))


def test_the_command_compares_trains_and_keeps_what_is_returned(small, tmp_path, capsys):
    run_own_loop(RIGHT / "columns_dicts.py", "MiniBatchGD", "a2-setting1", [], None, tmp_path / "runs", True)
    said = json.loads(capsys.readouterr().out)
    assert (said["agrees"], said["updates"], said["first"]) == (True, 12, None)
    kept = list(csv.DictReader((tmp_path / "runs" / "columns_dicts-MiniBatchGD.csv").read_text().splitlines()))
    assert ["update", *said["series"]] == ["update", "train_cost", "val_cost", "val_acc"] == list(kept[0])
    assert [row["update"] for row in kept] == ["4", "8"]
    assert [float(row["val_acc"]) for row in kept] == said["series"]["val_acc"]
    assert len(kept) == 2  # 8 updates of a cycle, 4 to an epoch


@pytest.mark.parametrize(
    ("file", "name"),
    [("columns_dicts", "MiniBatchGD"), ("batch_norm_lists", ""), ("layer_objects", ""), ("solver", "")],
)
def test_it_is_kept_as_a_run_with_the_network_that_it_ended_with(small, tmp_path, capsys, gradlab, file, name):
    path, settings = RIGHT / f"{file}.py", next(settings for each, settings in right() if each == file)
    name = name or next(iter(loops_in(path)))
    run_own_loop(path, name, settings[0], list(settings[1:]), None, tmp_path / "runs", True)
    said = json.loads(capsys.readouterr().out)
    assert faults(said, FitDocument) == []
    store = RunStore(Path(said["run"]))
    result = store.result()
    assert (result["state"], result["updates"]) == ("done", result["updates_planned"])
    assert result["code"]["file"] == f"{file}.py"
    assert result["code"]["agreement"]["parts_at"] is None
    rows = store.metrics()
    assert rows[-1]["update"] == result["updates"]
    told = said["series"].get("val_acc")
    if told:  # what the code says of its end is what Gradlab measures there
        assert rows[-1]["validation_accuracy"] == told[-1]
        assert result["final"]["validation"]["accuracy"] == pytest.approx(told[-1], abs=1e-9)
    assert sum(map(sum, result["confusion"])) == 60
    code, out, _ = gradlab("runs", str(store.path))
    assert (code, f"code: {file}.py" in out) == (0, True)
    code, _, err = gradlab("run", "--resume", str(store.path))
    assert "there is nothing left to train" in err


def test_the_command_says_where_a_loop_parts_and_fails(small, tmp_path, capsys):
    bug = next(bug for bug in bugs() if "schedule-early" in bug.wanted)
    (tmp_path / "mine.py").write_text(bug.text())
    with pytest.raises(typer.Exit) as ended:
        run_own_loop(tmp_path / "mine.py", "MiniBatchGD", "a2-setting1", [], None, tmp_path / "runs", False)
    assert ended.value.exit_code == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "parts from a2-setting1 at update 1, W[0]" in said
    assert "one update ahead" in said


def test_a_name_that_is_not_there_is_told_with_those_that_are(small, tmp_path):
    with pytest.raises(LabError, match="no function Nothing in it that trains: it has MiniBatchGD"):
        run_own_loop(RIGHT / "columns_dicts.py", "Nothing", "a2-setting1", [], None, tmp_path, True)


def test_a_network_with_convolutions_is_refused():
    with pytest.raises(LabError, match="has convolutions"):
        plans.small(load("cifar-cnn"), dataset())
