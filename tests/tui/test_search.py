"""Search, with the keyboard: search, stop, go on, narrow, train the best; and how it looks."""

from pathlib import Path

import pytest
from textual.widgets import Input

from lab.drawing.sparkline import LEVELS
from lab.library.own_presets import save
from lab.runs.store import RunStore
from lab.search.lr_range_view import in_words, range_figure
from lab.search.result import best_rows
from lab.search.store import all_searches
from presets.load import as_changes, load
from tests.lab.search.test_search import in_this_process
from tests.lab.training.in_process import WorkerInProcess
from tests.lab.training.test_planted import FUNCTIONS
from tests.tui.conftest import SMALL, THEMES, text
from tests.tui.recorded import searched
from tui.app import keep
from tui.screens.lr_range import LrRangeScreen
from tui.screens.train import TrainScreen
from tui.searching import ShownSearch, newest
from tui.widgets.form import PresetForm
from tui.widgets.plot import SeriesPlot


@pytest.fixture(autouse=True)
def _mode(starts_in, monkeypatch) -> None:
    starts_in("search")
    monkeypatch.setattr("lab.search.search.worker_pool", in_this_process)


@pytest.fixture
def searches(tmp_path):
    """A search of a moment, as a file: searches("search.trials=3") -> "tiny.toml"."""

    def searches(*changes):
        preset = load("a2-coarse", [*SMALL, "search.trials=4", *changes])
        save(preset, tmp_path / "tiny.toml")
        return "tiny.toml"

    return searches


def messages(app):
    return [note.message for note in app._notifications]


def points(app):
    """What the plot shows."""
    curves = app.screen.query_one("#points", SeriesPlot).figure.curves
    return [point for curve in curves if curve.label != "train" for point in curve.points]


async def test_a_search_shows_every_trial_and_the_best_first(lab, searches, until, tmp_path):
    app = lab()
    async with app.run_test(size=(160, 45)) as pilot:
        await app.screen.open_preset(searches())
        await pilot.press("r")
        await until(pilot, lambda: app.searching.ended)
        app.screen.tick()
        assert app.searching.phase == "done"
        (store,) = all_searches(tmp_path / "runs")
        best = best_rows(store.result()["trials"])
        assert len(points(app)) == 4
        shown = [line.split() for line in text(app, "ranking").splitlines()[1:]]
        assert [int(cells[-2]) for cells in shown] == [row["trial"] for row in best]
        assert [cells[-3] for cells in shown] == [f"{row['accuracy']:.2%}" for row in best]
        assert all(set(cells[-1]) <= set(LEVELS) for cells in shown)
        assert "4 of 4 trials" in text(app, "search-head")
        validation, train = app.screen.query_one("#points", SeriesPlot).figure.curves
        assert (validation.label, train.label) == ("validation", "train")
        for row in best:
            final = RunStore(Path(row["run"])).result()["final"]
            measured = (final["validation"]["accuracy"], final["train"]["accuracy"])
            assert (row["accuracy"], row["train_accuracy"]) == measured
        await until(pilot, lambda: len(app.screen.query_one("#going", SeriesPlot).figure.curves) == 4)
        going = app.screen.query_one("#going", SeriesPlot).figure
        assert "the best trials" in going.title
        lambdas = [row["values"]["loss.lambda"] for row in best]
        assert f"n narrows to loss.lambda from {min(lambdas):.4g} to {max(lambdas):.4g}" in text(app, "search-head")


async def test_a_search_that_was_stopped_is_taken_up(lab, searches, until, tmp_path, monkeypatch, unhurried):
    monkeypatch.setattr("lab.runs.run.CHECKPOINT_SECONDS", 0.2)
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset(searches("training.updates=100000000"))
        await pilot.press("r")
        assert "loading the data" in text(app, "search-head") or app.searching.phase == "running", "said at once"
        await until(pilot, lambda: any((tmp_path / "runs").glob("*/trial-001/checkpoint.npz")))
        app.screen._looked = 0.0
        app.screen.tick()
        going = app.screen.query_one("#going", SeriesPlot).figure
        assert ("trials being trained" in going.title, [curve.label for curve in going.curves]) == (True, ["1"])
        await pilot.press("s")
        await until(pilot, lambda: app.searching.ended)
        assert app.searching.phase == "stopped"
        app.screen.tick()
        assert "stopped, saved" in text(app, "search-head")
        first = app.searching
        await pilot.press("r")
        await until(pilot, lambda: app.searching is not first and app.searching.phase == "running")
        assert len(all_searches(tmp_path / "runs")) == 1


async def test_leaving_keeps_a_search_and_says_how_to_go_on(lab, searches, until, capsys, unhurried):
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset(searches("training.updates=100000000"))
        app.screen.query_one("#jobs", Input).value = "1"
        await pilot.press("r")
        await until(pilot, lambda: app.searching.phase == "running")
    keep(app)
    assert app.searching.phase == "stopped"
    assert capsys.readouterr().out == "saved; continue with: gradlab search tiny.toml --jobs 1\n"


async def test_a_training_stops_a_search_and_waits_for_its_end(lab, searches, small, until, unhurried):
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset(searches("training.updates=100000000"))
        await pilot.press("r")
        await until(pilot, lambda: app.searching.phase == "running")
        await app.open_preset("train", small)
        await pilot.press("r")
        await until(pilot, lambda: app.training and app.training.ended)
        assert (app.searching.phase, app.training.phase) == ("stopped", "done")


async def test_the_range_is_narrowed_to_the_best(lab, searches, until):
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset(searches("search.top=2"))
        await pilot.press("n")
        assert messages(app) == ["there is nothing to narrow: no search of tiny has finished yet"]
        assert app.searching is None  # so a training that is going is not stopped for it
        await pilot.press("r")
        await until(pilot, lambda: app.searching.phase == "done")
        best = [row["values"]["loss.lambda"] for row in best_rows(app.searching.rows)[:2]]
        await pilot.press("n")
        await until(pilot, lambda: app.searching.phase == "done" and app.searching.preset.name == "tiny-refined")
        found = [row["values"]["loss.lambda"] for row in app.searching.rows]
        assert len(found) == 4
        assert min(best) <= min(found) < max(found) <= max(best)


async def test_code_is_searched_with_and_left_out_again(lab, searches, until, tmp_path, monkeypatch):
    monkeypatch.setattr("lab.check.trained.Worker", WorkerInProcess)
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    target = "mine.py:ComputeGradients"
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        await app.screen.open_preset(searches("search.trials=2"))
        app.screen._file_chosen(path)
        await until(pilot, lambda: f"code: {target}" in text(app, "search-head"))
        await pilot.press("r")
        await until(pilot, lambda: app.searching and app.searching.phase == "done")
        assert app.searching.command == f"gradlab search {target} --like tiny.toml"
        [store] = all_searches(tmp_path / "runs")
        assert store.code().target == target
        preset = store.preset()
        assert newest(tmp_path / "runs", preset, str(path) + ":ComputeGradients").rows == app.searching.rows
        assert newest(tmp_path / "runs", preset) is None
        await pilot.press("c")
        await until(pilot, lambda: "code:" not in text(app, "search-head"))


async def test_the_best_is_opened_in_train(lab, until):
    best = best_rows(searched("20260102-030405-a2-coarse-00aa").result()["trials"])[0]
    app = lab()
    async with app.run_test() as pilot:
        await until(pilot, lambda: points(app))
        await pilot.press("t")
        await until(
            pilot, lambda: app.current_mode == "train" and app.screen.query_one(PresetForm).source == "a2-final"
        )
        await until(pilot, lambda: app.screen.query_one(PresetForm).changes == as_changes(best["values"]))


async def test_the_best_is_opened_in_the_preset_it_was_searched_in(lab, until):
    found = searched("20260102-030405-a2-coarse-00aa")
    app = lab()
    async with app.run_test() as pilot:
        await until(pilot, lambda: points(app))
        sensitivity = load("a3-sensitivity")
        app.screen._search = ShownSearch(
            sensitivity, "running", None, found.result()["trials"]
        )  # it has no longer preset
        await app.screen.action_train()
        await until(pilot, lambda: app.current_mode == "train")
        assert app.screen.query_one(PresetForm).source == "a3-sensitivity"


async def test_without_a_best_there_is_nothing_to_train(lab, until):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("t")
        await until(pilot, lambda: messages(app))
        assert app.current_mode == "search"
        assert messages(app) == ["there is no best yet: no trial has come to its end"]


@pytest.mark.parametrize("field", ["trials", "jobs"])
async def test_a_number_that_cannot_be_is_refused(lab, until, field):
    app = lab()
    async with app.run_test() as pilot:
        app.screen.query_one(f"#{field}", Input).value = "0"
        await pilot.press("r")
        await until(pilot, lambda: messages(app))
        assert messages(app) == [f"{field} = 0: must be a whole number from 1 on"]
        assert app.searching is None


async def test_a_preset_without_a_search_is_refused(lab, until):
    app = lab()
    async with app.run_test() as pilot:
        before = app.screen.source
        await app.screen.open_preset("a1-test1")
        await until(pilot, lambda: messages(app))
        assert app.screen.source == before
        assert messages(app)[0].startswith("a1-test1 has no [search] section; ")


# Screens


def found(phase="done", trials=20, **options) -> ShownSearch:
    """A search of a2-coarse of which so many trials have ended."""
    document = searched("20260102-030405-a2-coarse-00aa", **options).result()
    made = ShownSearch(load("a2-coarse"), phase, "full", document["trials"][:trials])
    made.error = OSError("No space left on device") if phase == "failed" else None
    return made


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["80x24", "160x45", "40x12"])
def test_a_search_looks_as_accepted(lab, snap_compare, size, theme):
    app = lab()
    app.theme = theme
    app.searching = found()
    assert snap_compare(app, terminal_size=size)


@pytest.mark.parametrize("phase", ["loading", "running", "stopped", "failed"])
def test_a_phase_looks_as_accepted(lab, snap_compare, phase):
    app = lab()
    app.searching = found(phase, trials=0 if phase == "loading" else 9, diverged=3)
    assert snap_compare(app)


def test_no_search_looks_as_accepted(lab, snap_compare):
    assert snap_compare(lab())


def test_without_colour_series_differ_by_their_marks(lab, snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = lab()
    document = searched("20260102-030405-a3-sensitivity-00aa").result()
    app.searching = ShownSearch(load("a3-sensitivity"), "done", "full", document["trials"])

    async def choose(pilot):
        await pilot.app.screen.open_preset("a3-sensitivity")
        await pilot.pause()
        pilot.app.screen.tick()

    assert snap_compare(app, run_before=choose)


async def test_the_range_test_is_drawn_and_its_values_are_trained(lab, starts_in, until):
    starts_in("search")
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LrRangeScreen) and app.screen._ended)
        test = app.screen._test
        await until(pilot, lambda: app.screen.query_one(SeriesPlot).figure == range_figure(test))
        assert in_words(test) in str(app.screen.query_one("#range-words").render())
        low, high = test.bounds
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TrainScreen) and app.screen.form.ready)
        assert app.screen.form.changes == [f"optimiser.eta={high:g}", f"schedule.eta_min={low:g}"]
