"""The reports reproduced: what is on the list, that it is measured, kept, taken up, and judged."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from lab.errors import DiskError, LabError
from lab.reproduce import reproduce
from lab.reproduce.jobs import MeasurementJob, TrainingJob
from lab.reproduce.measures import at, over_trials
from lab.reproduce.reproduce import Reproduction, ValueRow
from lab.reproduce.tables import FIGURE_9, TABLE_2, TABLE_2_ORDER
from lab.reproduce.values import Value, jobs, values
from lab.runs.store import RunStore
from presets.load import load, names
from presets.reports import REPORTS
from tests.lab.documents import faults

# The list


def test_about_ninety_values_each_with_a_name_of_its_own_and_all_reports():
    every = values()
    assert 90 <= len(every) <= 110
    assert len({value.id for value in every}) == len(every)
    assert {value.report for value in every} == set(REPORTS)
    assert [value.id for report in REPORTS for value in values(report)] == [value.id for value in every]


def test_every_number_of_every_preset_is_on_it():
    listed = {value.id: value.reported for value in values()}
    for name in names():
        reference = load(name).reference
        for key, reported in reference.reported.items():
            if not load(name).search:
                assert listed[f"{name}.{key}"] == reported


@pytest.mark.parametrize("value", values(), ids=lambda value: value.id)
def test_a_value_names_the_jobs_whose_results_it_is_measured_by(value):
    for function in (value.measure, value.holds or value.measure):
        if value.jobs:
            with pytest.raises(KeyError) as asked:
                function({})
            assert asked.value.args[0] in value.jobs
        else:
            assert function({}) >= 0


def test_jobs_are_done_once_and_have_folders_of_their_own():
    every = jobs(values())
    assert len({job.name for job in every}) == len(every) == len(set(every))
    for report in REPORTS:
        assert set(jobs(values(report))) == {job for job in every for v in values(report) if job in v.jobs}


@pytest.mark.parametrize(
    ("id_", "reported", "tolerance"),
    [
        ("a1-test1.test.loss", 6.4767, 0.025),
        ("a2-coarse.best", 0.5258, 0.025),
        ("a2-coarse.lowest", 0.4376, 0.025),
        ("a2-fine.2", 0.5242, 0.025),
        ("a3-9layer-best.test.accuracy", 0.5224, 0.025),
        ("a3-sensitivity.no-BN.1e-4", 0.0998, 0.025),
        ("names.table1.all-examples.W", 3.84e-4, None),
        ("names-best.validation.accuracy", 0.4802, 0.04),
        ("names.table2.Zhao", 0.9601, 0.04),
        ("names.efficiency.sparse", 48.0, None),
        ("mnist-cnn.test.accuracy", 0.9782, 0.005),
        ("cifar-cnn-better.parameters.all", 43_822, None),
    ],
)
def test_numbers_and_tolerances_are_those_of_the_reports(id_, reported, tolerance):
    (value,) = (value for value in values() if value.id == id_)
    assert (value.reported, value.tolerance) == (reported, tolerance)


def test_trainings_are_those_of_the_presets_with_nothing_evaluated_on_the_way():
    found = {job.name: job for job in jobs(values()) if isinstance(job, TrainingJob)}
    (final,) = found["a2-final"].presets(1)
    shipped = load("a2-final")
    assert final.model_dump(exclude={"training", "reference", "search"}) == shipped.model_dump(
        exclude={"training", "reference", "search"}
    )
    assert (final.training.batch, final.training.cycles) == (shipped.training.batch, shipped.training.cycles)
    assert [len(found[name].presets(1)) for name in ("a2-coarse", "a2-fine", "a3-coarse", "a3-fine")] == [
        20,
        20,
        10,
        30,
    ]
    assert found["a2-coarse lambda=0.00202"].presets(1)[0].loss.lambda_ == 0.00202
    assert found["a2-final"].presets(5)[0].seed == 5


def test_figure_9_and_table_2_belong_together_in_another_order():
    assert FIGURE_9.sum(axis=1).tolist() == [1000] * 10
    precision, recall = np.diag(FIGURE_9) / FIGURE_9.sum(axis=0), np.diag(FIGURE_9) / 1000
    order = list(TABLE_2_ORDER)
    assert np.array(TABLE_2) == pytest.approx(np.array([precision[order], recall[order]]), abs=1.5e-4)


# Doing it


@pytest.fixture
def few(monkeypatch, small, tmp_path):
    """A reproduction of a moment: one training, a search, one measurement."""

    @contextmanager
    def in_this_process(workers):
        with ThreadPoolExecutor(1) as executor:
            yield executor, workers

    monkeypatch.setattr(reproduce, "worker_pool", in_this_process)

    def few(seeds=1, runs=tmp_path / "runs", changes=(), more=()):
        one = TrainingJob("one", "a2-setting1", (*small, "updates=20", *changes))
        search = TrainingJob("search", "a2-coarse", (*small, "updates=20", "search.trials=2"), trials=True)
        check = MeasurementJob("check a2-setting1")
        every = [
            Value("check.W1", "a2", "error", 1e-6, at(check, "W1", 0), (check,), "at most"),
            Value("search.best", "a2", "best", 1.0, over_trials(search, max), (search,), tolerance=0.025),
            Value("one.accuracy", "a2", "accuracy", 0.0, at(one, "final", "test", "accuracy"), (one,)),
            *more,
        ]
        monkeypatch.setattr(reproduce, "values", lambda report: every)
        return Reproduction(runs, None, "auto", 1, seeds)

    few()
    return few


def test_values_are_those_of_the_runs_that_are_kept(few):
    reproduction = few()
    watched = []
    rows = {row["id"]: row for row in reproduction.run(watched.append)}
    assert len(watched) == len(reproduction.pieces) == 4
    for row in rows.values():
        assert list(row) == ["id", "report", "what", "reported", "measured", "tolerance", "verdict", "seconds"]
        assert row["seconds"] > 0
    folder = reproduction.root / "seed-1-mini"
    one = RunStore(folder / "one").result()
    assert rows["one.accuracy"]["measured"] == one["final"]["test"]["accuracy"]
    assert one["final"]["train"]["loss"] > 0
    trials = [RunStore(folder / f"search-{n:02d}").result() for n in (1, 2)]
    accuracies = [trial["final"]["validation"]["accuracy"] for trial in trials]
    assert rows["search.best"]["measured"] == max(accuracies)
    assert 0 < rows["check.W1"]["measured"] < 1e-6
    assert faults(json.loads(json.dumps(list(rows.values()))), list[ValueRow]) == []


def test_what_saw_only_embedded_data_is_not_judged(few):
    verdicts = {row["id"]: row["verdict"] for row in few().run()}
    assert verdicts == {"one.accuracy": "embedded", "search.best": "embedded", "check.W1": "within"}


def test_what_is_done_is_kept_and_not_done_again(few):
    first = few()
    rows = first.run()
    again = few()
    assert again.taken_up == 4
    assert again.run(lambda piece: pytest.fail("done again")) == rows


def test_a_stopped_reproduction_goes_on(few, tmp_path):
    undisturbed = {row["id"]: row["measured"] for row in few(runs=tmp_path / "undisturbed").run()}
    first = few()
    rows = first.run(lambda piece: first.stop())
    assert not first.done
    assert len(rows) < 3
    second = few()
    assert 1 <= second.taken_up < 4
    assert {row["id"]: row["measured"] for row in second.run()} == undisturbed


def test_one_that_is_stopped_begins_no_measurement_of_time(few, monkeypatch):
    alone = MeasurementJob("efficiency", alone=True)
    begun = []
    monkeypatch.setattr(reproduce.experiments, "timed", begun.append)
    first = few(more=[Value("time", "names", "seconds", 1.0, at(alone, "dense"), (alone,), "at most")])
    first.run(lambda piece: first.stop())
    assert "efficiency" not in begun


def test_a_training_of_another_preset_or_version_is_done_again(few, monkeypatch):
    few().run()
    monkeypatch.setattr(reproduce, "versions", lambda: {"numpy": "another"})
    assert few().taken_up == 0
    monkeypatch.undo()


def test_a_changed_preset_is_trained_again(few):
    few().run()
    second = few(changes=["lambda=0.5"])
    assert second.taken_up == 3
    second.run()
    assert RunStore(second.root / "seed-1-mini" / "one").preset().loss.lambda_ == 0.5


def test_what_is_damaged_is_measured_again(few):
    first = few()
    rows = first.run()
    (first.root / "seed-1-mini" / "one" / "result.json").write_text('{"state":')
    for path in (first.root / "checks").glob("*.json"):
        path.write_text('{"a": 1}')
    second = few()
    assert second.taken_up == 2  # the trainings of the search
    again = {row["id"]: row["measured"] for row in second.run()}
    assert again == {row["id"]: row["measured"] for row in rows}


def test_a_disk_without_room_ends_it_with_the_reason(few, monkeypatch):
    def refuse(self, state):
        raise DiskError("checkpoint.npz: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "save_checkpoint", refuse)
        with pytest.raises(LabError, match="No space left on device; the same command"):
            few().run()
    assert len(few().run()) == 3


def test_a_training_that_fails_is_a_row_with_its_reason(few):
    broken = few(changes=["schedule.kind=constant", "updates=200", "eta=1e6"])
    rows = {row["id"]: row for row in broken.run()}
    assert (rows["one.accuracy"]["verdict"], rows["one.accuracy"]["measured"]) == ("failed", None)
    assert rows["one.accuracy"]["reason"].startswith("diverged: the loss was not finite at update")
    assert rows["check.W1"]["verdict"] == "within"


def test_seeds_give_mean_and_spread(few):
    one = {row["id"]: row for row in few().run()}["one.accuracy"]
    two = few(seeds=2)
    assert two.taken_up == 4  # the first seed is there
    both = {row["id"]: row for row in two.run()}["one.accuracy"]
    accuracies = [
        RunStore(two.root / f"seed-{seed}-mini" / "one").result()["final"]["test"]["accuracy"] for seed in (1, 2)
    ]
    assert accuracies[0] == one["measured"]
    assert accuracies[0] != accuracies[1]
    assert both["measured"] == pytest.approx(np.mean(accuracies))
    assert both["spread"] == pytest.approx(np.std(accuracies, ddof=1))


# The command


@pytest.mark.usefixtures("few")
def test_the_command_prints_the_table_the_slips_and_the_count(gradlab, tmp_path):
    code, out, err = gradlab("reproduce", "--report", "a2")
    assert code == 0
    assert "3 values: 1 within, 2 embedded" in out
    assert "[/]" not in out  # markup is not text
    assert "l_min = -2.39" in out
    assert "eps = 1e-6" in out
    assert f"{tmp_path / 'runs' / 'reproduce'}  (delete it to measure everything again)" in out
    assert err.splitlines()[-1].startswith("4 of 4  ")
    code, out, err = gradlab("reproduce", "--report", "a2", "--json")
    assert [row["id"] for row in json.loads(out)] == ["check.W1", "search.best", "one.accuracy"]
    assert faults(json.loads(out), list[ValueRow]) == []
    assert "4 of 4 pieces are already in" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("reproduce --report a4", "--report"),
        ("reproduce --seeds 0", "--seeds"),
        ("reproduce --report a1 --data full", "no-data"),
    ],
)
def test_bad_input_is_refused(refused, arguments, message):
    refused(arguments, message)
