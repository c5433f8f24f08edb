"""A learning rate that was changed while a run was going is kept with the run, and told wherever the run is."""

import pytest

from lab.report.report import text
from lab.runs.catalogue import best_so_far, list_runs
from lab.runs.compare import compare
from lab.runs.compare_view import comparison_rows
from lab.runs.interventions import packed, unpacked
from lab.runs.run import resume, start
from lab.runs.saved import read
from presets.load import load

SMALL = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=5", "n_s=10", "cycles=2"]


def steered(tmp_path, stop_at=None):
    """A run of 40 updates: eta 0.01 from update 11 on, as the schedule says again from 21 on."""
    run = start(load("a2-setting1", SMALL), "mini", tmp_path / "runs", 1)

    def watch(snapshot):
        if snapshot.update in (10, 20):
            run.trainer.set_eta(0.01 if snapshot.update == 10 else None)
        if snapshot.update == stop_at:
            run.trainer.stop()

    return run, run.go(watch)


EXPECTED = [{"update": 11, "eta": 0.01}, {"update": 21, "eta": None}]


def test_a_run_keeps_what_was_changed_while_it_ran(tmp_path):
    run, result = steered(tmp_path)
    assert result["interventions"] == EXPECTED
    assert run.store.result()["interventions"] == EXPECTED
    assert list_runs(tmp_path / "runs")[0]["interventions"] == EXPECTED


def test_a_killed_run_and_a_resumed_one_keep_it_too(tmp_path):
    run, _ = steered(tmp_path, stop_at=15)
    (run.store.path / "result.json").unlink()  # as if it had been killed
    assert read(run.store).interventions == EXPECTED[:1]
    assert list_runs(tmp_path / "runs")[0]["interventions"] == EXPECTED[:1]
    again = resume(run.store, 1)
    again.trainer.set_eta(None)
    assert again.go(lambda snapshot: None)["interventions"] == [EXPECTED[0], {"update": 16, "eta": None}]


def test_such_a_run_is_not_the_best_of_its_preset(tmp_path):
    steered(tmp_path)
    assert best_so_far(tmp_path / "runs") == {}
    start(load("a2-setting1", SMALL), "mini", tmp_path / "runs", 1).go(lambda snapshot: None)
    assert list(best_so_far(tmp_path / "runs")) == ["a2-setting1"]


def test_a_comparison_tells_it_of_the_run_that_has_it(tmp_path):
    run, _ = steered(tmp_path)
    other = start(load("a2-setting1", SMALL), "mini", tmp_path / "runs", 1)
    other.go(lambda snapshot: None)
    both = [read(other.store), read(run.store)]
    rows = comparison_rows(compare(both), both)
    assert ["while it ran", "-", "eta 0.01 from update 11, the schedule again from update 21"] in rows
    alone = [read(other.store)]
    assert "while it ran" not in [row[0] for row in comparison_rows(compare(alone), alone) if row]


def test_its_report_does_not_claim_that_the_preset_repeats_it(tmp_path):
    run, _ = steered(tmp_path)
    none = {"one": {}, "comparison": {}}
    written = text({"one": read(run.store)}, none, none)
    assert "Changed while it ran: eta 0.01 from update 11, the schedule again from update 21." in written
    assert "To run it again" not in written


@pytest.mark.parametrize("interventions", [[], EXPECTED])
def test_interventions_are_unpacked_as_they_were_packed(interventions):
    assert unpacked(packed(interventions)) == interventions


def test_a_run_left_alone_has_none(tmp_path):
    run = start(load("a2-setting1", SMALL), "mini", tmp_path / "runs", 1)
    assert run.go(lambda snapshot: None)["interventions"] == []
