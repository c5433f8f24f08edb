"""Run directories: found by name, never half-written, and clear about what is wrong with them."""

import errno
import json
import os
import shutil

import numpy as np
import pytest

from lab.disk import to_json
from lab.errors import LabError
from lab.runs.catalogue import list_runs
from lab.runs.run import resume
from lab.runs.store import RunStore, find
from presets.errors import PresetError
from presets.load import load


def nothing(snapshot):
    """A subscriber that looks away."""


@pytest.fixture
def done(start):
    """A finished run."""
    run = start("updates=3")
    run.go(nothing)
    return run.store


def test_a_run_is_found_by_path_by_name_and_by_the_end_of_its_name(done):
    runs, name = done.path.parent, done.path.name
    for given in (str(done.path), name, name[-4:], name[-12:]):
        assert find(runs, given).path.resolve() == done.path.resolve()


def test_an_ending_that_fits_two_runs_is_refused_with_both_names(done):
    shutil.copytree(done.path, done.path.parent / "a-same")
    shutil.copytree(done.path, done.path.parent / "b-same")
    with pytest.raises(LabError, match="-same can mean a-same, b-same: give more of the name"):
        find(done.path.parent, "-same")


@pytest.mark.parametrize("name", ["none", "*", "[", "a/b", "ü", ""])
def test_a_run_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(LabError, match="there is no run"):
        find(tmp_path, name)


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(LabError, match="File name too long"):
        find(tmp_path, "a" * 5000)


def test_a_folder_that_is_no_run_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(LabError, match=r"is not a run directory: it has no preset.toml and no checkpoint.npz"):
        find(tmp_path, str(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", None])
def test_a_damaged_checkpoint_is_named(done, damage):
    path = done.path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(LabError, match=r"checkpoint.npz"):
        done.checkpoint()


@pytest.mark.parametrize("content", ["{", "[]", "null", "\udcff", "{}", '{"state": "done"}'])
def test_a_damaged_result_is_named_and_does_not_spoil_the_list(done, content):
    (done.path / "result.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(LabError, match=r"result.json cannot be used"):
        done.result()
    (entry,) = list_runs(done.path.parent)
    assert entry["state"].startswith("damaged")


@pytest.mark.parametrize("content", [b"[data", b"\xff", b"data = 3", None])
def test_a_damaged_preset_is_named_and_does_not_spoil_the_list(done, content):
    path = done.path / "preset.toml"
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(PresetError, match=r"preset.toml: "):
        done.preset()
    (entry,) = list_runs(done.path.parent)
    assert entry["state"].startswith("damaged")


@pytest.mark.parametrize("change", [{"update": np.array("x")}, {"update": None}, {"batches.before": np.zeros(1)}])
def test_a_checkpoint_of_something_else_is_named(done, change):
    arrays = {name: array for name, array in (done.checkpoint() | change).items() if array is not None}
    done.save_checkpoint(arrays)
    (done.path / "result.json").unlink()
    with pytest.raises(LabError, match=r"checkpoint.npz"):
        resume(done, threads=1)
    assert len(list_runs(done.path.parent)) == 1


def test_damaged_pictures_are_named(done):
    path = done.path / "pictures.npz"
    whole = path.read_bytes()
    messages = []
    for place in range(60, len(whole), len(whole) // 150):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            done.pictures()
        except LabError as error:
            messages.append(str(error))
    assert len(messages) > 75  # the rest is in names and dates that nobody reads
    assert all(message.startswith(f"{path} cannot be used: ") for message in messages)


def test_a_row_of_metrics_that_was_cut_off_is_left_out(done):
    path = done.path / "metrics.csv"
    rows, whole = done.metrics(), path.read_bytes()
    assert len(rows) > 1
    for cut in range(1, len(whole.splitlines(keepends=True)[-1])):
        path.write_bytes(whole[:-cut])
        assert done.metrics() == rows[:-1]
    path.write_bytes(b"")
    assert done.metrics() == []


@pytest.mark.parametrize("line", ["1,2\r\n", "x" + ",1" * 8 + "\r\n", "\x00\r\n", b"\xff\r\n"])
def test_metrics_that_are_no_numbers_are_named(done, line):
    with (done.path / "metrics.csv").open("ab") as file:
        file.write(line if isinstance(line, bytes) else line.encode())
    with pytest.raises(LabError, match=r"metrics.csv cannot be used: "):
        done.metrics()


def test_a_full_disk_is_one_line_and_leaves_the_older_file_whole(done, monkeypatch):
    before = (done.path / "checkpoint.npz").read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LabError, match=r"checkpoint.npz: No space left on device"):
        done.save_checkpoint({})
    assert (done.path / "checkpoint.npz").read_bytes() == before
    assert not list(done.path.glob(".*"))


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"file/\S+-a2-setting1-\w{4}: Not a directory"):
        RunStore.create(tmp_path / "file", load("a2-setting1"))


def test_a_name_with_slashes_stays_one_folder(tmp_path):
    preset = load("a2-setting1").model_copy(update={"name": "../up / größe"})
    store = RunStore.create(tmp_path, preset)
    assert store.path.parent == tmp_path
    assert store.preset().name == "../up / größe"


def test_a_list_tells_done_interrupted_and_killed_runs_apart(start, tmp_path):
    done, stopped, killed = (start("updates=5") for _ in range(3))
    done.go(nothing)
    stopped.go(lambda snapshot: stopped.trainer.stop() if snapshot.update == 2 else None)
    killed.go(nothing)
    (killed.store.path / "result.json").unlink()
    (tmp_path / "runs" / "something-else").mkdir()
    entries = {entry["name"]: entry for entry in list_runs(tmp_path / "runs")}
    states = {run.store.path.name: entries[run.store.path.name]["state"] for run in (done, stopped, killed)}
    assert list(states.values()) == ["done", "interrupted", "interrupted"]
    assert len(entries) == 3
    assert entries[done.store.path.name]["test_accuracy"] == done.store.result()["final"]["test"]["accuracy"]
    assert entries[stopped.store.path.name]["test_accuracy"] is None


def test_json_has_no_numbers_that_are_none():
    assert json.loads(to_json({"a": [float("nan"), 1.5], "b": {"c": float("inf")}, "ü": "é"})) == {
        "a": [None, 1.5],
        "b": {"c": None},
        "ü": "é",
    }
