"""Searches: the same table however they are worked at, ended and taken up; what goes wrong is a row of it."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lab.errors import DiskError, LabError
from lab.runs.run import load_data
from lab.runs.store import RunStore, all_runs
from lab.search.refine import refined
from lab.search.search import Search, begin, trials_of
from lab.search.shared_data import shared
from lab.search.trial import Task, perform, unpack
from presets.errors import PresetError
from presets.load import load
from tests.lab.search import bad_trials
from tests.sizes import size


@contextmanager
def in_this_process(jobs, scheduler):
    """An engine that begins no processes, which takes longer than the trials of these tests."""
    with ThreadPoolExecutor(1) as executor:
        yield executor, jobs


@pytest.fixture
def threads(monkeypatch):
    """For tests of what does not depend on the engine."""
    monkeypatch.setattr("lab.search.search.worker_pool", in_this_process)


@pytest.fixture
def tiny(tmp_path, small):
    """Begin a search of a moment: tiny("search.trials=3", runs=..., jobs=..., ...)."""

    def tiny(*changes: str, preset="a2-coarse", runs=tmp_path / "runs", jobs=2, **options) -> Search:
        return begin(load(preset, [*small, "search.trials=4", *changes]), "mini", runs, jobs, **options)

    return tiny


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Search:
    """A search of four trials that nothing disturbed, with one worker."""
    from tests.lab.conftest import SMALL

    runs = tmp_path_factory.mktemp("whole")
    search = begin(load("a2-coarse", [*SMALL, "search.trials=4"]), "mini", runs, jobs=1)
    search.watched = []
    search.final = search.run(search.watched.append)
    return search


def table(search: Search) -> bytes:
    return (search.store.path / "trials.csv").read_bytes()


def bits(search: Search) -> list[bytes]:
    return [
        RunStore(search.store.trial(n)).checkpoint()["network.theta"].tobytes() for n in range(1, search.trials + 1)
    ]


def same(one: Search, other: Search) -> bool:
    return table(one) == table(other) and bits(one) == bits(other)


def test_the_document_holds_what_the_contract_names(whole):
    document = whole.final
    assert list(document) == ["preset", "run", "data", "jobs", "engine", "seconds", "best", "trials"]
    assert (document["preset"], document["jobs"], document["engine"]) == ("a2-coarse", 1, "processes")
    assert document["data"] == "MNIST, embedded part: 300 train / 100 validation / 2,000 test"
    assert [row["trial"] for row in document["trials"]] == [1, 2, 3, 4]
    for row in document["trials"]:
        assert list(row) == ["trial", "values", "accuracy", "train_accuracy", "state", "run", "seconds"]
        assert row["state"] == "done"
        assert 0 < row["seconds"] < document["seconds"]
    assert document["best"]["accuracy"] == max(row["accuracy"] for row in document["trials"])
    assert document["best"] in document["trials"]
    assert whole.store.result() == json.loads(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("checkpoint.npz", b"PK"),
        ("metrics.csv", b"update\n1,2\n"),
        ("result.json", b'{"state":'),
        ("result.json", b"{}"),
    ],
)
def test_a_damaged_trial_is_made_again(tiny, threads, whole, name, content):
    search = tiny()
    search.run()
    (search.store.path / "result.json").unlink()
    (search.store.trial(2) / "result.json").unlink()
    (search.store.trial(2) / name).write_bytes(content)
    again = tiny()
    assert again.store.path == search.store.path
    again.run()
    assert same(again, whole)


def test_a_trial_of_an_earlier_version_is_made_again(tiny, threads, whole):
    """Half of it would be rounded in another way."""
    search = tiny()
    search.run()
    (search.store.path / "result.json").unlink()
    trial = RunStore(search.store.trial(2))
    (trial.path / "result.json").unlink()
    trial.save_checkpoint(trial.checkpoint() | {"run.rounding": np.array(99), "network.theta": np.zeros(1)})
    again = tiny()
    again.run()
    assert same(again, whole)


@pytest.mark.parametrize("name", ["search.json", "result.json"])
def test_a_damaged_search_is_passed_over(tiny, threads, name):
    search = tiny()
    search.run()
    (search.store.path / name).write_text('{"variant": "mini"}')
    assert tiny().store.path != search.store.path
    with pytest.raises(LabError, match="there is none in"):
        tiny(refine=True)


def test_every_trial_is_watched_and_is_a_run_directory_with_what_it_varies(whole):
    assert sorted(row["trial"] for row in whole.watched) == [1, 2, 3, 4]
    values, _ = trials_of(whole.preset)
    for row in whole.final["trials"]:
        store = RunStore(Path(row["run"]))
        assert store.preset().loss.lambda_ == row["values"]["loss.lambda"] == values[row["trial"] - 1]["loss.lambda"]
        result = store.result()
        assert result["final"]["validation"]["accuracy"] == row["accuracy"]
        assert (result["updates"], result["threads"]) == (40, 1)
        assert [line["update"] for line in store.metrics()] == [0, 7, 14, 21, 28, 35, 40]
        assert all(math.isnan(line["train_loss"]) and line["validation_loss"] > 0 for line in store.metrics())
    assert not all_runs(whole.store.path.parent)  # they do not flood the list of runs


def test_the_table_is_the_rows_to_the_last_bit_and_has_no_clock_in_it(whole):
    rows = list(csv.DictReader(table(whole).decode().splitlines()))
    for row, expected in zip(rows, whole.final["trials"], strict=True):
        assert row == {
            "trial": str(expected["trial"]),
            "loss.lambda": repr(expected["values"]["loss.lambda"]),
            "accuracy": repr(expected["accuracy"]),
            "state": "done",
            "reason": "",
        }


def test_a_trial_is_the_run_of_its_preset(whole, tmp_path):
    from lab.runs.run import start

    row = whole.final["trials"][2]
    run = start(RunStore(Path(row["run"])).preset(), "mini", tmp_path, 1)
    assert run.go(lambda snapshot: None)["final"]["validation"]["accuracy"] == row["accuracy"]
    assert run.trainer.network.theta.tobytes() == bits(whole)[2]


def test_two_workers_give_the_table_of_one(whole, tiny):
    search = tiny(jobs=2)
    search.run()
    assert same(search, whole)


@pytest.mark.usefixtures("threads")
def test_a_stopped_search_is_taken_up_by_itself_and_ends_as_an_undisturbed_one(whole, tiny):
    first = tiny()
    document = first.run(lambda row: first.stop())
    assert not first.done
    assert first.store.result() is None
    assert 1 <= len(document["trials"]) < 4
    second = tiny()
    assert second.store.path == first.store.path
    assert second.taken_up == len(document["trials"])
    assert second.run()["seconds"] > document["seconds"]
    assert second.done
    assert same(second, whole)
    assert tiny().store.path != first.store.path  # nothing is lacking: the next one is a new one


@pytest.mark.usefixtures("threads")
def test_a_trial_stopped_in_the_middle_goes_on_from_there(whole, tiny):
    search = tiny()
    task = Task(1, search.presets[0], search.store.trial(1), None, until=11)
    with shared(partial(load_data, search.preset, "mini")) as data:
        outcome = perform(Task(1, task.preset, task.folder, data, until=11))
        assert (outcome.state, outcome.updates) == ("interrupted", 11)
        search.store.ask_to_stop()
        outcome = perform(Task(1, task.preset, task.folder, data))
        assert (outcome.state, outcome.updates) == ("interrupted", 12)
    search.close()
    again = tiny()
    assert again.taken_up == 0
    again.run()
    assert same(again, whole)


@pytest.mark.usefixtures("threads")
def test_an_exception_of_a_subscriber_leaves_a_search_that_is_taken_up(whole, tiny):
    def fail(row):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tiny().run(fail)
    search = tiny()
    search.run()
    assert search.taken_up >= 1
    assert same(search, whole)


@pytest.mark.usefixtures("threads")
def test_more_trials_extend_the_table(whole, tiny, tmp_path):
    few = tiny("search.trials=2")
    few.run()
    assert table(few).splitlines() == table(whole).splitlines()[:3]
    more = tiny(trials=4)
    assert (more.store.path, more.taken_up) == (few.store.path, 2)
    more.run()
    assert same(more, whole)


@pytest.mark.parametrize("change", ["seed=2", "eta=0.2", "search.top=4", "evaluate_every=8"])
def test_a_search_of_other_settings_is_not_taken_up(tiny, change):
    first, other = tiny(), tiny(change)
    assert first.store.path != other.store.path
    first.close()
    assert tiny().store.path == first.store.path


def test_the_same_search_given_again_says_that_one_is_at_work(tiny):
    search = tiny()
    with pytest.raises(LabError, match=f"at work already, in {search.store.path}"):
        tiny()
    with pytest.raises(LabError, match="at work already"):
        tiny(trials=8)
    assert search.store.running()
    assert tiny("seed=2").store.path != search.store.path  # other settings: another search
    search.close()
    assert not search.store.running()
    assert tiny().store.path == search.store.path


def test_of_the_same_search_begun_many_times_in_one_moment_one_begins(tiny, tmp_path):
    """Locks of one process are those of several: each open file has its own."""
    start = threading.Barrier(4)

    def begun(_):
        start.wait()
        try:
            return tiny()
        except LabError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        searches = list(pool.map(begun, range(4)))
    assert sum(isinstance(each, Search) for each in searches) == 1
    assert sum("at work already" in each for each in searches if isinstance(each, str)) == 3
    assert len(list((tmp_path / "runs").glob("*/search.json"))) == 1


@pytest.mark.usefixtures("threads")
def test_a_diverged_trial_is_a_row_with_its_reason(tiny):
    vary = "search.vary=[{key='optimiser.eta', distribution='grid', values=[0.1, 1e5]}]"
    search = tiny(vary, "schedule.kind=constant", "updates=200", "search.trials=2")
    document = search.run()
    good, bad = document["trials"]
    assert (good["state"], bad["state"], bad["accuracy"]) == ("done", "diverged", None)
    assert bad["reason"].startswith("the loss was not finite at update ")
    assert document["best"] == good
    assert table(search).decode().splitlines()[2] == f"2,100000.0,,diverged,{bad['reason']}"


@pytest.mark.usefixtures("threads")
def test_a_trial_that_cannot_be_built_is_a_row_and_the_others_go_on(tiny):
    vary = "search.vary=[{key='training.batch', distribution='grid', values=[50, 5000]}]"
    search = tiny(vary, "search.trials=2")
    good, bad = search.run()["trials"]
    assert (good["state"], bad["state"], bad["accuracy"]) == ("done", "failed", None)
    assert "training.batch = 5000" in bad["reason"]


def test_values_out_of_bounds_are_refused_before_anything_is_made(tiny, tmp_path):
    with pytest.raises(PresetError, match=r"a2-coarse trial 1 with loss.lambda=-0\.\d+: loss.lambda = -0"):
        tiny("search.vary=[{key='loss.lambda', distribution='uniform', low=-1, high=-0.5}]")
    assert not (tmp_path / "runs").exists()


def test_a_worker_that_dies_is_tried_again(whole, tiny):
    search = tiny()
    search.perform = bad_trials.dies_once
    search.run()
    assert same(search, whole)


def test_a_trial_whose_workers_die_is_reported_and_costs_no_other(whole, tiny):
    search = tiny()
    search.perform = bad_trials.dies
    document = search.run()
    states = [row["state"] for row in document["trials"]]
    assert states == ["done", "failed", "done", "done"]
    assert document["trials"][1]["reason"] == "its worker process died, and so did the one that tried again"
    expected = table(whole).splitlines()
    assert [line for line in table(search).splitlines() if b"failed" not in line] == [*expected[:2], *expected[3:]]


@pytest.mark.usefixtures("threads")
def test_an_error_nobody_thought_of_is_a_row_of_one_line(tiny):
    search = tiny("search.trials=2")
    search.perform = bad_trials.raises
    assert search.run()["trials"][1]["reason"] == "RuntimeError: out of luck"


@pytest.mark.usefixtures("threads")
@pytest.mark.usefixtures("threads")
def test_a_full_disk_ends_the_search_and_no_trial(whole, tiny, monkeypatch):
    search = tiny()
    save = RunStore.save_result

    def full(store, result):
        if store.path.name == "trial-002":
            raise DiskError(f"{store.path}: No space left on device")
        save(store, result)

    monkeypatch.setattr(RunStore, "save_result", full)
    with pytest.raises(LabError, match="trial-002: No space left on device; the same command continues the search"):
        search.run()
    monkeypatch.setattr(RunStore, "save_result", save)
    again = tiny()
    assert again.store.path == search.store.path
    again.run()
    assert table(again) == table(whole)


def test_trials_that_differ_in_their_data_each_get_their_own(tiny):
    vary = "search.vary=[{key='data.split', distribution='grid', values=['300/100/test', '200/50/test']}]"
    search = tiny(vary, "search.trials=2")
    rows = search.run()["trials"]
    labels = [RunStore(Path(row["run"])).result()["data"] for row in rows]
    assert ["300 train / 100 validation" in labels[0], "200 train / 50 validation" in labels[1]] == [True, True]


# Successive halving


SHORT = ("cycles=3", "hidden=4", "evaluate_every=10")


@pytest.mark.usefixtures("threads")
def test_halving_ends_the_worse_half_after_each_cycle_and_says_what_it_saved(tiny):
    search = tiny("search.halving=true", *SHORT)
    document = search.run()
    stopped = [row for row in document["trials"] if row["state"] == "stopped"]
    assert [row["reason"] for row in sorted(stopped, key=lambda row: row["reason"])] == [
        "not in the better half after 20 updates",
        "not in the better half after 20 updates",
        "not in the better half after 40 updates",
    ]
    assert search.saved == (40 + 40 + 20, 4 * 60)
    plain = tiny(*SHORT)
    plain.run()
    survivor = document["best"]["trial"]
    assert document["best"]["accuracy"] == plain.rows[survivor]["accuracy"]
    at_20 = {n: evaluated(plain.store.trial(n), 20) for n in plain.rows}
    dropped = {row["trial"] for row in stopped if "20 updates" in row["reason"]}
    assert dropped == set(sorted(at_20, key=lambda n: (at_20[n], -n))[:2])
    assert {row["trial"]: row["accuracy"] for row in stopped if row["trial"] in dropped} == {
        n: at_20[n] for n in dropped
    }


def evaluated(trial, update):
    return next(row["validation_accuracy"] for row in RunStore(trial).metrics() if row["update"] == update)


@pytest.mark.usefixtures("threads")
def test_a_halving_search_taken_up_ends_as_an_undisturbed_one(tiny, tmp_path):
    changes = ("search.halving=true", *SHORT)
    undisturbed = tiny(*changes, runs=tmp_path / "undisturbed")
    undisturbed.run()
    for _ in range(10):
        search = tiny(*changes)
        search.run(lambda row, search=search: search.stop())
        if search.done:
            break
    assert search.taken_up >= 2
    assert table(search) == table(undisturbed)


@pytest.mark.usefixtures("threads")
def test_a_scheduler_that_goes_away_before_a_rung_leaves_no_half_of_it(tiny, tmp_path):
    changes = ("search.halving=true", *SHORT)
    undisturbed = tiny(*changes, runs=tmp_path / "undisturbed")
    undisturbed.run()
    search = tiny(*changes)

    def gone_after_two(task):
        if task.number <= 2:
            raise CancelledError
        return perform(task)

    search.perform = gone_after_two
    with pytest.raises(LabError, match="the scheduler went away; the same command continues"):
        search.run()
    again = tiny(*changes)
    assert again.store.path == search.store.path
    again.run()
    assert table(again) == table(undisturbed)


# Refining


def test_the_refined_range_is_that_of_the_best_trials(whole):
    preset = refined(whole.preset, whole.final)
    best = sorted(whole.final["trials"], key=lambda row: -row["accuracy"])[: whole.preset.search.top]
    lambdas = [row["values"]["loss.lambda"] for row in best]
    (vary,) = preset.search.vary
    assert (vary.low, vary.high) == (min(lambdas), max(lambdas))
    assert preset.name == "a2-coarse-refined"
    assert f"the range of the best 4 of 4 trials of {whole.store.path} (" in preset.description


def test_fewer_of_the_best_make_a_finer_range(whole):
    top2 = whole.preset.model_copy(update={"search": whole.preset.search.model_copy(update={"top": 2})})
    (wide,), (fine,) = refined(whole.preset, whole.final).search.vary, refined(top2, whole.final).search.vary
    assert wide.low <= fine.low < fine.high <= wide.high
    assert fine.high - fine.low < wide.high - wide.low


@pytest.mark.usefixtures("threads")
def test_refining_takes_the_finished_search_of_the_same_settings(tiny):
    with pytest.raises(LabError, match=r"none in .*: run gradlab search a2-coarse first"):
        tiny(refine=True)
    coarse = tiny()
    coarse.run()
    with pytest.raises(LabError, match="run gradlab search a2-coarse first"):
        tiny("seed=2", refine=True)
    fine = tiny(refine=True, trials=2)
    assert fine.preset == refined(fine.preset.model_copy(update={"name": "a2-coarse"}), coarse.result()).model_copy(
        update={"search": fine.preset.search, "title": fine.preset.title}
    )
    assert (fine.trials, fine.store.preset()) == (2, fine.preset)
    low, high = (f(row["values"]["loss.lambda"] for row in coarse.result()["trials"]) for f in (min, max))
    assert all(low <= values["loss.lambda"] <= high for values in fine.values)


def test_a_grid_is_not_refined(tiny):
    vary = "search.vary=[{key='network.batch_norm', distribution='grid', values=[true, false]}]"
    search = tiny(vary, "search.trials=2")
    with pytest.raises(LabError, match="searches a grid"):
        refined(search.preset, {"trials": [], "run": ""})
    with pytest.raises(LabError, match="the grid of a2-coarse has 2 combinations"):
        tiny(vary, "search.trials=2", trials=3)


# Another machine


def test_a_machine_that_does_not_see_the_search_sends_the_run_directory_back(whole, tiny, tmp_path):
    search = tiny()
    with shared(partial(load_data, search.preset, "mini")) as data:
        elsewhere = replace(data, folder=Path("/no/such/folder"))
        task = Task(1, search.presets[0], Path("/no/such/search/trial-001"), elsewhere)
        outcome = perform(task)
    assert outcome.state == "done"
    (tmp_path / "here").mkdir()
    unpack(Task(1, task.preset, tmp_path / "here" / "trial-001", elsewhere), outcome)
    store = RunStore(tmp_path / "here" / "trial-001")
    assert store.result()["run"] == str(store.path)
    assert store.checkpoint()["network.theta"].tobytes() == bits(whole)[0]
    assert store.preset() == task.preset


def test_another_machine_with_other_data_refuses(tiny):
    search = tiny()
    with shared(partial(load_data, search.preset, "mini")) as data:
        other = data.bare.__class__(**{**vars(data.bare), "fingerprints": {"mnist.npz": "0" * 64}})
        elsewhere = replace(data, folder=Path("/no/folder"), bare=other)
        outcome = perform(Task(1, search.presets[0], search.store.trial(1), elsewhere))
    assert outcome.state == "failed"
    assert "the data on this machine are not those of the search" in outcome.reason


# Killed


@pytest.fixture
def spawn(small):
    """Start `gradlab search` as a process, in a process group of its own."""

    def spawn(*arguments: str):
        changes = [argument for change in [*small, "cycles=100"] for argument in ("-s", change)]
        command = [sys.executable, "-c", "from lab.cli import main; main()", "search", "a2-coarse", *changes]
        return subprocess.Popen(
            [*command, "--data", "mini", "--trials", "4", "--jobs", "1", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.getcwd()},  # noqa: PTH109
        )

    return spawn


def wait_until(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited a minute in vain")


@pytest.mark.usefixtures("threads")
def test_a_killed_search_leaves_no_workers_and_ends_as_an_undisturbed_one(spawn, tiny, tmp_path):
    undisturbed = tiny("cycles=100", runs=tmp_path / "undisturbed")
    undisturbed.run()
    for ended in (0, 2)[size(1, 0) :]:
        process = spawn("--runs-dir", str(tmp_path / "killed"))
        wait_until(lambda n=ended: len(list((tmp_path / "killed").glob("*/trial-*/result.json"))) >= n)
        wait_until(lambda n=ended: len(list((tmp_path / "killed").glob("*/trial-*/checkpoint.npz"))) > n)
        process.kill()
        process.communicate(timeout=30)
        wait_until(lambda group=process.pid: not alive(group))
    process = spawn("--runs-dir", str(tmp_path / "killed"), "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "continuing" in err
    (killed,) = (tmp_path / "killed").glob("[!.]*")
    assert (killed / "trials.csv").read_bytes() == table(undisturbed)
    assert [row["trial"] for row in json.loads(out)["trials"]] == [1, 2, 3, 4]


def alive(group: int) -> bool:
    """Is there a process in the group, zombies aside?"""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_search_with_what_is_done_kept(spawn, tmp_path, number):
    process = spawn("--runs-dir", str(tmp_path / "runs"), "--json", "-s", "cycles=100000")
    wait_until(lambda: list((tmp_path / "runs").glob("*/trial-*/metrics.csv")))
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to the workers, too
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["trials"] == []
    assert "interrupted after 0 of 4 trials; the same command continues" in err
    assert all(int(RunStore(path).checkpoint()["update"]) >= 0 for path in (tmp_path / "runs").glob("*/trial-*"))
    wait_until(lambda: not alive(process.pid))
