"""Runs that somebody else made, or a disk damaged: nothing is written elsewhere, nothing hangs or grows."""

import errno
import json
import os
import shutil
import threading
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.disk import write_whole
from lab.errors import DamagedError, LabError
from lab.runs import run as lab_run
from lab.runs.catalogue import BEGAN, list_runs
from lab.runs.pictures import unpack
from lab.runs.saved import read
from lab.runs.sheets import write_sheets
from lab.runs.store import RunStore, find


@pytest.fixture
def done(start):
    run = start("updates=20")
    run.go(lambda snapshot: None)
    return run.store


@pytest.fixture
def stopped(start):
    """A run that was ended at update 9."""
    run = start("updates=20")
    run.go(lambda snapshot: run.trainer.stop() if snapshot.update == 9 else None)
    return run.store


def in_time(action):
    """What the action gives or raises, if it does not hang."""
    ended = []

    def act():
        try:
            ended.append(action())
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(20)
    assert ended, "it hangs"
    return ended[0]


@pytest.mark.parametrize("name", ["../../../stray", "/tmp/stray", "a/b", "kernels ", "..", "CON"])
def test_names_in_pictures_are_no_paths(done, tmp_path, name):
    pixels, captions = np.zeros((1, 4, 4, 3), np.uint8), np.array(["a"])
    with zipfile.ZipFile(done.path / "pictures.npz", "w") as archive:
        for key, array in ((name, pixels), (f"{name}.captions", captions), ("kernels", pixels)):
            with archive.open(f"{key}.npy", "w") as file:
                np.lib.format.write_array(file, array)
        with archive.open("kernels.captions.npy", "w") as file:
            np.lib.format.write_array(file, captions)
    before = set(tmp_path.parent.rglob("*"))
    paths = write_sheets(done, unpack(done.pictures()))
    assert [path.name for path in paths] == ["kernels.png"]
    assert set(tmp_path.parent.rglob("*")) - before == {done.path / "figures", *paths}


@pytest.mark.parametrize(
    "arrays",
    [
        {"kernels": np.zeros((1, 4, 4, 3))},
        {"kernels": np.zeros((1, 4, 4, 3), np.uint8)},
        {"kernels": np.zeros((0, 4, 4, 3), np.uint8), "kernels.captions": np.array([], str)},
        {"kernels": np.zeros((4, 4), np.uint8), "kernels.captions": np.array(["a"] * 4)},
        {"templates": np.zeros((2, 4, 4, 3), np.uint8), "templates.captions": np.array(["a"])},
        {"templates": np.zeros((1, 4, 4, 3), np.uint8), "templates.captions": np.zeros(1)},
    ],
)
def test_arrays_that_are_no_pictures_are_damaged(arrays):
    with pytest.raises(DamagedError, match=r"pictures.npz cannot be used"):
        unpack(arrays)


def test_what_a_link_names_is_not_written(stopped, tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "file").write_text("mine")
    metrics = stopped.path / "metrics.csv"
    rows = metrics.read_bytes()
    (treasure / "rows").write_bytes(rows)
    metrics.unlink()
    metrics.symlink_to(treasure / "rows")
    (stopped.path / "figures").symlink_to(treasure)
    (stopped.path / ".result.json.part").symlink_to(treasure / "file")
    with pytest.raises(LabError, match="link"):
        lab_run.resume(stopped, 1).go(lambda snapshot: None)
    with pytest.raises(LabError, match="link"):
        stopped.save_figure("kernels.png", lambda file: file.write(b""))
    with pytest.raises(LabError, match="link"):
        stopped.save_result({})
    metrics.unlink()
    metrics.write_bytes(rows)
    (stopped.path / "lock").unlink()
    (stopped.path / "lock").symlink_to(treasure / "file")
    with pytest.raises(LabError, match="link"):
        lab_run.resume(stopped, 1).go(lambda snapshot: None)
    (stopped.path.parent / "linked").symlink_to(treasure)
    with pytest.raises(LabError, match="link"):
        RunStore(stopped.path.parent / "linked").delete()
    assert {path.name: path.read_bytes() for path in treasure.iterdir()} == {"file": b"mine", "rows": rows}


@pytest.mark.parametrize(
    "name", ["metrics.csv", "checkpoint.npz", "result.json", "preset.toml", "pictures.npz", "lock"]
)
def test_a_pipe_in_the_place_of_a_file_hangs_nothing(stopped, start, name):
    (stopped.path / name).unlink(missing_ok=True)
    os.mkfifo(stopped.path / name)
    start("updates=20", "seed=2").go(lambda snapshot: None)
    rows = in_time(lambda: list_runs(stopped.path.parent))
    assert "done" in [row["state"] for row in rows]
    for action in (
        lambda: read(stopped),
        lambda: lab_run.resume(stopped, 1),
        stopped.pictures,
        stopped.running,
        lambda: find(stopped.path.parent, stopped.path.name),
    ):
        outcome = in_time(action)
        assert not isinstance(outcome, Exception) or isinstance(outcome, LabError), outcome


@pytest.mark.parametrize("name", ["checkpoint.npz", "pictures.npz"])
def test_a_bomb_is_not_unpacked(stopped, name):
    with zipfile.ZipFile(stopped.path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in ("update", "run.variant", "kernels"):
            with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_1_0(
                    file, {"descr": "|u1", "fortran_order": False, "shape": (5 << 30,)}
                )
                for _ in range(80):
                    file.write(bytes(1 << 20))
    (stopped.path / "result.json").unlink()
    tracemalloc.start()
    try:
        list_runs(stopped.path.parent)
        with pytest.raises(DamagedError):
            stopped.pictures() if name == "pictures.npz" else stopped.reached()
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_damaged_result_never_hides_the_others(done, data):
    whole = done.path.parent / "whole.json"  # as it was before the first example
    if not whole.exists():
        shutil.copy(done.path / "result.json", whole)
    inside = document = json.loads(whole.read_text())
    key = data.draw(st.sampled_from(sorted(document)))
    while isinstance(inside[key], dict) and inside[key] and data.draw(st.booleans()):
        inside, key = inside[key], data.draw(st.sampled_from(sorted(inside[key])))
    inside[key] = data.draw(VALUES)
    (done.path / "result.json").write_text(json.dumps(document))
    (row,) = list_runs(done.path.parent)
    assert row["name"] == done.path.name
    with suppress(LabError):
        read(done)


@pytest.mark.parametrize(
    "content", ["[" * 200_000, '{"a":' * 200_000, '{"state": 1}', "null", "[]", "{}", "\ud800", '{"state": 1e999}']
)
def test_a_result_that_is_none_is_damaged(done, content):
    (done.path / "result.json").write_text(content, errors="surrogatepass")
    (row,) = list_runs(done.path.parent)
    assert row["state"].startswith("damaged")
    assert "result.json" in row["state"]


def test_a_kill_after_rows_were_cut_off_loses_none_that_are_kept(stopped, monkeypatch):
    """The rows up to the checkpoint are never written a second time."""
    whole = stopped.metrics()
    kept = [row for row in whole if row["update"] <= 9]
    with (stopped.path / "metrics.csv").open("a") as file:
        file.write("14,2.3,0.04,1,1,1,1,1,1\r\n")

    def killed(*arguments):
        raise KeyboardInterrupt

    resumed = lab_run.resume(stopped, 1)
    monkeypatch.setattr(RunStore, "save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        resumed.go(lambda snapshot: None)
    assert RunStore(stopped.path).metrics() == kept


@pytest.mark.parametrize("lost", ["all", "first", "last"])
def test_rows_that_are_missing_are_not_passed_over(stopped, lost):
    path = stopped.path / "metrics.csv"
    header, *rows = path.read_bytes().splitlines(keepends=True)
    rows = {"all": [], "first": rows[1:], "last": rows[:-1]}[lost]
    path.write_bytes(b"".join([header, *rows]))
    with pytest.raises(DamagedError, match=r"there is no row of update \d+"):
        lab_run.resume(stopped, 1).go(lambda snapshot: None)
    assert path.read_bytes() == b"".join([header, *rows])


def test_a_finished_run_is_left_as_it_is(gradlab, done):
    before = {path.name: path.read_bytes() for path in done.path.iterdir()}
    code, out, err = gradlab("run", "--resume", str(done.path), "--json")
    assert code == 0
    assert json.loads(out) == json.loads(before["result.json"])
    assert "is done: there is nothing left to train" in err
    assert {path.name: path.read_bytes() for path in done.path.iterdir()} == before
    with pytest.raises(LabError, match="nothing left to train"):
        lab_run.resume(done, 1)


def test_a_run_that_kept_nothing_is_listed_and_can_be_deleted_or_begun_again(gradlab, stopped, monkeypatch):
    for name in ("checkpoint.npz", "result.json"):
        (stopped.path / name).unlink()
    (row,) = list_runs(stopped.path.parent)
    assert (row["state"], row["updates"], row["data"]) == (BEGAN, 0, "")
    assert BEGAN in gradlab("runs")[1]
    code, _, err = gradlab("run", "--resume", stopped.path.name)
    assert code == 2
    assert f"start again with: gradlab run {stopped.path}/preset.toml" in err
    monkeypatch.setattr("typer.confirm", lambda *arguments, **options: True)
    assert gradlab("runs", stopped.path.name, "--delete")[0] == 0
    assert list_runs(stopped.path.parent) == []


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_said_and_used(start, monkeypatch, error):
    def refuse(*arguments):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("portalocker.portalocker.LOCKER", refuse)
    run = start("updates=20")
    with pytest.warns(UserWarning, match="this disk knows no locks"):
        run.go(lambda snapshot: None)
    (row,) = list_runs(run.store.path.parent)
    assert row["state"] == "done"
    (run.store.path / "result.json").unlink()  # as of a run that may be at work
    with pytest.warns(UserWarning, match="this disk knows no locks"):
        (row,) = list_runs(run.store.path.parent)
    assert row["state"] == "interrupted"


def test_runs_stand_in_the_order_they_began_whatever_the_time_zone(start, monkeypatch):
    import time

    names = []
    for zone in ("Asia/Tokyo", "America/Los_Angeles", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        run = start("updates=20")
        run.go(lambda snapshot: None)
        names.append(run.store.path.name)
        time.sleep(1.1)  # names tell seconds
    monkeypatch.undo()
    time.tzset()
    assert [row["name"] for row in list_runs(run.store.path.parent)] == names


def test_a_run_that_is_deleted_while_it_is_reported_or_drawn_leaves_nothing(done, monkeypatch):
    """A process that is about to write into the run finds no folder, even while the folder is being removed."""
    remove = shutil.rmtree

    def at_a_bad_moment(path, **options):
        with pytest.raises(LabError, match="No such file"):
            done.save_figure("kernels.png", lambda file: file.write(b""))
        with pytest.raises(LabError, match="No such file"):
            done.save_result({})
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", at_a_bad_moment)
    runs = done.path.parent
    done.delete()
    assert not list(runs.iterdir())


def test_what_a_killed_removal_leaves_is_in_no_list_and_goes_with_the_next(done, start, monkeypatch):
    other = start("updates=20")
    other.go(lambda snapshot: None)
    runs = done.path.parent
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **options: os._exit)
        done.delete()
    assert len(list(runs.iterdir())) == 2
    assert [row["name"] for row in list_runs(runs)] == [other.store.path.name]
    with pytest.raises(LabError, match="there is no run"):
        find(runs, done.path.name)
    other.store.delete()
    assert not list(runs.iterdir())


def test_a_file_that_somebody_reads_is_replaced_a_moment_later(tmp_path, monkeypatch):
    """Windows refuses until then."""
    refusals = iter([PermissionError(errno.EACCES, "in use")] * 3)
    replace = Path.replace

    def refuse(path, target):
        if (error := next(refusals, None)) is not None:
            raise error
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(LabError, match="in use"):
        write_whole(tmp_path / "result.json", "{}")
    monkeypatch.setattr("lab.disk.REPLACE_SECONDS", 20)
    write_whole(tmp_path / "result.json", "{}")
    assert (tmp_path / "result.json").read_text() == "{}"
