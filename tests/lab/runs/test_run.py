"""A run on its way to the disk: what it leaves, how it ends, and that a resumed one equals an undisturbed one."""

import json

import numpy as np
import pytest

from core.blas import one_thread
from core.objective import Objective
from lab.errors import LabError
from lab.runs import run as lab_run
from lab.runs.catalogue import list_runs
from lab.runs.store import COLUMNS, RunStore, find
from presets.load import load


def nothing(snapshot):
    """A subscriber that looks away."""


def stop_at(run, update):
    def watch(snapshot):
        if snapshot.update == update:
            run.trainer.stop()

    return watch


def test_a_run_leaves_preset_metrics_checkpoint_pictures_and_result(start, small):
    run = start("updates=20")
    result = run.go(nothing)
    assert sorted(path.name for path in run.store.path.iterdir()) == [
        "checkpoint.npz",
        "lock",
        "metrics.csv",
        "pictures.npz",
        "preset.toml",
        "result.json",
    ]
    assert run.store.preset() == load("a2-setting1", [*small, "updates=20"])
    assert [row["update"] for row in run.store.metrics()] == [0, 7, 14, 20]
    assert int(run.store.checkpoint()["update"]) == 20
    assert run.store.result() == json.loads(json.dumps(result))


def test_the_result_holds_what_the_contract_names(start):
    run = start("updates=20", threads=1)
    result = run.go(nothing)
    assert (result["preset"], result["run"], result["state"]) == ("a2-setting1", str(run.store.path), "done")
    assert (result["seed"], result["updates"], result["threads"]) == (1, 20, 1)
    assert result["data"] == "MNIST, embedded part: 300 train / 100 validation / 2,000 test"
    assert result["parameters"] == 784 * 8 + 8 + 8 * 10 + 10
    assert result["reference"]["reported"] == {"test.accuracy": 0.4588}
    assert result["seconds"] > 0
    assert result["updates_per_second"] == pytest.approx(20 / result["seconds"], rel=0.1)
    assert set(result["final"]) == {"train", "validation", "test"}
    for measures in result["final"].values():
        assert set(measures) == {"loss", "cost", "accuracy"}
        assert measures["cost"] > measures["loss"] > 0


def test_the_final_numbers_are_those_of_the_saved_parameters(start):
    run = start("updates=20")
    result = run.go(nothing)
    network = run.trainer.network
    network.theta[:] = run.store.checkpoint()["network.theta"]
    test = run.dataset.test
    with one_thread():
        evaluation = Objective(network, 0.01).evaluate(test.x, test.y)
    assert result["final"]["test"] == evaluation._asdict()
    confusion = np.array(result["confusion"])
    assert confusion.sum(axis=1).tolist() == [200] * 10  # the embedded test part is balanced
    assert np.trace(confusion) / confusion.sum() == pytest.approx(evaluation.accuracy)
    recall = np.diag(confusion) / confusion.sum(axis=1)
    assert result["scores"]["recall"] == pytest.approx(recall.tolist())


def test_metrics_depend_on_the_seed_alone(start, tmp_path):
    def metrics(name, *changes, threads=1):
        run = start("updates=30", *changes, runs=tmp_path / name, threads=threads)
        run.go(nothing)
        return (run.store.path / "metrics.csv").read_bytes()

    once = metrics("a", "seed=5")
    assert metrics("b", "seed=5") == once
    assert metrics("c", "seed=6") != once
    assert once.decode().splitlines()[0].split(",") == COLUMNS


def test_threads_do_not_change_a_bit(tmp_path):
    """On images large enough that the work is shared."""

    def metrics(threads):
        preset = load("a3-3layer-bn", ["split=400/200/test", "updates=12", "evaluate_every=4"])
        run = lab_run.start(preset, "mini", tmp_path / str(threads), threads)
        run.go(nothing)
        return (run.store.path / "metrics.csv").read_bytes(), run.trainer.network.theta.tobytes()

    assert metrics(1) == metrics(2) == metrics(3)


@pytest.mark.parametrize("stopped_at", [0, 1, 6, 7, 8, 19])
@pytest.mark.parametrize("changes", [(), ("batch_norm=true", "dropout=0.3", "optimiser.kind=adam", "eta=0.001")])
def test_a_stopped_run_taken_up_again_ends_bit_for_bit_like_an_undisturbed_one(start, tmp_path, stopped_at, changes):
    whole = start("updates=20", *changes, runs=tmp_path / "whole")
    whole.go(nothing)
    first = start("updates=20", *changes, runs=tmp_path / "parts")
    result = first.go(stop_at(first, stopped_at))
    assert (result["state"], result["updates"]) == ("interrupted", stopped_at)
    second = lab_run.resume(find(tmp_path / "parts", first.store.path.name), threads=1)
    result = second.go(nothing)
    assert (result["state"], result["updates"]) == ("done", 20)
    for name, array in whole.store.checkpoint().items():
        if name != "run.seconds":
            assert array.tobytes() == second.store.checkpoint()[name].tobytes(), name
    assert (whole.store.path / "metrics.csv").read_bytes() == (second.store.path / "metrics.csv").read_bytes()


def test_rows_written_after_the_last_checkpoint_are_made_again(start, tmp_path):
    """As after SIGKILL: metrics.csv is ahead of checkpoint.npz, its last line perhaps cut off."""
    run = start("updates=20")
    run.go(stop_at(run, 9))
    path = run.store.path / "metrics.csv"
    path.write_bytes(path.read_bytes() + b"14,2.3,0.04,1,1,1,1,1,1\r\n20,3.3,0.0")
    resumed = lab_run.resume(run.store, threads=1)
    resumed.go(nothing)
    again = start("updates=20", runs=tmp_path / "other")
    again.go(nothing)
    assert path.read_bytes() == (again.store.path / "metrics.csv").read_bytes()


def test_a_diverging_run_says_at_which_update_and_keeps_what_it_had(start):
    run = start("updates=200", "eta=1e5", "schedule.kind=constant")
    result = run.go(nothing)
    assert result["state"] == "diverged"
    assert 1 <= result["diverged_at"] == result["updates"] + 1 < 200
    assert run.store.result()["state"] == "diverged"
    assert {measures["accuracy"] for measures in result["final"].values()} == {None}, (
        "of such a network they say nothing"
    )
    written = json.loads((run.store.path / "result.json").read_text())
    written["final"]["test"]["accuracy"] = 0.1  # as earlier versions wrote it
    (run.store.path / "result.json").write_text(json.dumps(written))
    (row,) = list_runs(run.store.path.parent)
    assert (row["state"], row["accuracy"], row["test_accuracy"]) == ("diverged", None, None)
    assert run.store.metrics()[0]["update"] == 0
    with pytest.raises(LabError, match=r"diverged at update \d+: start again with a smaller eta"):
        lab_run.resume(run.store, threads=1)


def test_an_exception_of_a_subscriber_leaves_a_run_that_can_be_resumed(start):
    run = start("updates=20")

    def fail(snapshot):
        if snapshot.update == 5:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run.go(fail)
    assert int(run.store.checkpoint()["update"]) == 5
    assert lab_run.resume(run.store, threads=1).go(nothing)["state"] == "done"


def test_a_run_can_be_written_by_one_process_only(start):
    run = start("updates=20")

    def interfere(snapshot):
        if snapshot.update == 3:
            assert run.store.running()
            with pytest.raises(LabError, match="is in use by another process"):
                lab_run.resume(RunStore(run.store.path), threads=1).go(nothing)

    assert run.go(interfere)["state"] == "done"
    assert not run.store.running()
    assert [row["update"] for row in run.store.metrics()] == [0, 7, 14, 20]


def test_a_run_is_not_resumed_on_other_data(start):
    run = start("updates=20")
    run.go(stop_at(run, 5))
    checkpoint = run.store.checkpoint()
    checkpoint["run.fingerprints"] = np.array(["0" * 64])
    run.store.save_checkpoint(checkpoint)
    with pytest.raises(LabError, match="was trained on other data"):
        lab_run.resume(run.store, threads=1)


@pytest.mark.parametrize(("before", "now"), [(None, 2), (1, 2), (2, 3)])
def test_a_run_whose_sums_were_rounded_in_another_way_is_not_resumed(start, monkeypatch, before, now):
    run = start("updates=20")
    run.go(stop_at(run, 5))
    others = {name: array for name, array in run.store.checkpoint().items() if name != "run.rounding"}
    run.store.save_checkpoint(others | ({} if before is None else {"run.rounding": np.array(before)}))
    monkeypatch.setattr(Objective, "rounding", now)
    with pytest.raises(LabError, match=r"by an earlier version, .*: start again with: gradlab run .*preset.toml"):
        lab_run.resume(run.store, threads=1)
    monkeypatch.setattr(Objective, "rounding", before or 1)
    assert lab_run.resume(run.store, threads=1).go(nothing)["state"] == "done"


def test_a_checkpoint_of_another_network_is_refused_by_name(start, tmp_path):
    run, other = start("updates=20"), start("updates=20", "hidden=9", runs=tmp_path / "other")
    run.go(stop_at(run, 5))
    other.go(stop_at(other, 5))
    run.store.save_checkpoint(other.store.checkpoint())
    with pytest.raises(LabError, match=r"checkpoint.npz does not fit its preset.toml: theta has shape"):
        lab_run.resume(run.store, threads=1)
