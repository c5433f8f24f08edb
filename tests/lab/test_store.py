"""Run directories: found by name, never half-written, and clear about what is wrong with them."""

import errno
import json
import os
import shutil

import pytest

from lab.catalogue import list_runs
from lab.errors import LabError
from lab.store import RunStore, find, to_json
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


def test_a_folder_that_is_no_run_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(LabError, match=r"is not a run directory: it has no preset.toml and no checkpoint.npz"):
        find(tmp_path, str(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", None])
def test_a_damaged_checkpoint_is_named(done, damage):
    path = done.path / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(LabError, match=r"checkpoint.npz"):
        done.checkpoint()


def test_a_damaged_result_is_named_and_does_not_spoil_the_list(done):
    (done.path / "result.json").write_text("{")
    with pytest.raises(LabError, match=r"result.json cannot be used"):
        done.result()
    (entry,) = list_runs(done.path.parent)
    assert entry["state"].startswith("damaged")


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
