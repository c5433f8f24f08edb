"""Runs: what is saved, marked, laid over one another, resumed, reported and deleted."""

from pathlib import Path

import numpy as np
import pytest
from textual.widgets import DataTable, Static, TabbedContent
from textual.widgets._footer import FooterKey

from lab.disk import exclusive
from lab.runs import run as lab_run
from lab.runs.catalogue import list_runs
from lab.runs.saved import read
from lab.runs.store import RunStore
from presets.load import load
from tests.tui.conftest import THEMES, text, wait_until
from tests.tui.recorded import record, some_runs
from tui.screens.dialogues import ConfirmScreen
from tui.training import SEEN, saved
from tui.widgets.findings import FindingsPanel
from tui.widgets.overlay import OtherPart, Overlay
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import Text


@pytest.fixture(autouse=True)
def _mode(starts_in) -> None:
    starts_in("runs")


@pytest.fixture
def runs(lab, until):
    """The app in Runs, once the saved runs are shown: async with runs() as (app, pilot)."""

    class Opened:
        def __init__(self, size=(120, 40)):
            self.app = lab(runs=Path("runs"))
            self.test = self.app.run_test(size=size)

        async def __aenter__(self):
            pilot = await self.test.__aenter__()
            await until(pilot, lambda: rows(self.app))
            return self.app, pilot

        async def __aexit__(self, *error):
            await self.test.__aexit__(*error)

    return Opened


def rows(app):
    """The cells of the table as text."""
    table = app.screen.query_one("#runs", DataTable)
    return [[str(cell) for cell in table.get_row_at(i)] for i in range(table.row_count)]


async def test_a_paint_before_the_table_has_measured_itself_shows_whole_columns(runs):
    some_runs()
    async with runs() as (app, _):
        app.screen._fill(None)
        table = app.screen.query_one("#runs", DataTable)
        painted = "".join(segment.text for segment in table.render_line(1))
        assert all(cell in painted for cell in rows(app)[0])
        assert rows(app)[3][-1] == "network.hidden=[100, 50] loss.lambd…", "in all the room that the others leave"
        assert table.virtual_size.width <= app.size.width


def plots(app):
    """What the two plots of loss and accuracy show."""
    overlay = app.screen.query_one("#overlay", Overlay)
    return [overlay.query_one(f"#overlay-{name}", SeriesPlot).figure for name in ("measure", "accuracy")]


def side(app):
    """What stands in the tab of that name."""
    pane = app.screen.query_one("#side")
    return "\n".join("".join(segment.text for segment in line) for line in pane.render_lines(pane.size.region))


def messages(app):
    return [note.message for note in app._notifications]


async def test_without_runs_it_says_how_to_make_one(lab, until):
    app = lab(runs=Path("runs"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen.has_class("-none"))
        assert "opens Train, where r starts a run" in text(app, "no-runs .empty-words")
        await pilot.press(*"ucty", "space", "r", "w", "d", "right_square_bracket")  # and nothing happens
        assert {key.description for key in app.screen.query(FooterKey)} == {"Open a log", "Quit", "Help"}
        assert app.screen.mode == "runs"


async def test_the_table_says_of_every_run_what_it_is_and_how_it_ended(runs):
    some_runs()
    async with runs(size=(160, 45)) as (app, _):
        assert rows(app) == [
            [" ", "a1-test1-00ee", "diverged", "-", "30.29%", "full", "2026-01-04 07:08", "",
             "optimiser.eta=100000.0"],
            [" ", "a2-final-00dd", "interrupted", "-", "51.33%", "full", "2026-01-03 06:07", "", ""],
            [" ", "a3-3layer-bn-00cc", "interrupted", "-", "53.61%", "full", "2026-01-03 05:06", "", ""],
            [" ", "a2-setting1-00bb", "done", "41.00%", "45.88%", "mini", "2026-01-02 04:05", "",
             "network.hidden=[100, 50] loss.lambda=0.05"],
            [" ", "a2-setting1-00aa", "done", "46.57%", "45.88%", "full", "2026-01-02 03:04", "", ""],
        ]  # fmt: skip


async def test_a_run_made_elsewhere_appears_and_one_deleted_elsewhere_goes(runs, until):
    store = record("20260102-030405-a2-setting1-00aa")
    async with runs() as (app, pilot):
        record("20260103-030405-a2-setting1-00bb")
        await until(pilot, lambda: len(rows(app)) == 2)
        store.delete()
        await until(pilot, lambda: [row[1] for row in rows(app)] == ["a2-setting1-00bb"])


async def test_a_run_that_another_process_writes_is_running_and_neither_resumed_nor_deleted(runs):
    store = record("20260102-030405-a2-setting1-00aa", state="killed")
    with exclusive(store.path / "lock"):
        async with runs() as (app, pilot):
            assert rows(app)[0][2] == "running"
            await pilot.press("r")
            assert "is running: only an interrupted run can be resumed" in messages(app)[-1]
            await pilot.press("d", "y")
            assert "is in use by another process" in messages(app)[-1]
    assert store.path.is_dir()


async def test_a_damaged_run_is_shown_as_such(runs):
    store = record("20260102-030405-a2-setting1-00aa")
    (store.path / "result.json").write_text("{")
    async with runs() as (app, _):
        assert rows(app)[0][2] == "damaged"
        assert "result.json cannot be used" in text(app, "overlay-legend")


async def test_the_run_under_the_cursor_is_drawn_both_parts_of_it(runs):
    stores = some_runs()
    async with runs() as (app, pilot):
        await pilot.press("ctrl+end")
        loss, accuracy = plots(app)
        row = stores[0].metrics()
        for curve, split in zip(loss.curves, ("train", "validation"), strict=True):
            assert list(curve.points) == [(each["update"], each[f"{split}_loss"]) for each in row]
        assert accuracy.references == (0.4588,)
        assert accuracy.percent
        assert text(app, "run").startswith("20260102-030405-a2-setting1-00aa  done · 1,000 updates")


async def test_the_curves_of_the_run_under_the_cursor_are_read_below_them_or_in_a_tab(runs):
    stores = some_runs()
    async with runs(size=(120, 35)) as (app, pilot):
        for store in stores[:1:-1]:
            said = [each["sentence"] for each in read(store).findings]
            for panel in app.screen.query(FindingsPanel):
                told = " ".join(str(panel.query_one(Text).render()).split())
                assert said
                assert all(sentence in told for sentence in said)
                assert store.path.name[16:] in str(panel.border_title)
            await pilot.press("down")
        below, tab = app.screen.query(FindingsPanel)
        assert below.region
        await pilot.press("left_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "side-tab", "what stands below needs no tab"
        await pilot.resize_terminal(80, 24)
        await pilot.press("right_square_bracket")
        assert tab.region
        assert not below.region


async def test_beside_the_table_of_marked_runs_stands_the_part_of_the_data_that_the_curves_leave_out(runs):
    stores = some_runs()
    async with runs(size=(160, 45)) as (app, pilot):
        await pilot.press("ctrl+end", "space", "up", "space", "right_square_bracket")
        for others, part in (("validation", "train"), ("train", "validation")):
            loss, accuracy = (plot.figure for plot in app.screen.query_one(OtherPart).query(SeriesPlot))
            assert (loss.title, accuracy.title) == (f"{part} loss", f"{part} accuracy")
            assert loss.curves[0].points[-1][1] == stores[0].metrics()[-1][f"{part}_loss"]
            assert plots(app)[0].title == f"{others} loss"
            await pilot.press("t")
        await pilot.press("up", "space", "up", "space")
        assert app.screen.query_one(OtherPart).display
        await pilot.resize_terminal(120, 35)
        await pilot.pause()
        assert not app.screen.query_one(OtherPart).display, "four columns need all of the width"


async def test_marked_runs_are_drawn_over_one_another_in_the_order_of_their_marks(runs):
    stores = some_runs()
    async with runs() as (app, pilot):
        await pilot.press("ctrl+end", "space", "up", "space")
        assert [row[0] for row in rows(app)] == [" ", " ", " ", "B", "A"]
        loss, accuracy = plots(app)
        assert loss.title == "validation loss"
        for figure, measure in ((loss, "loss"), (accuracy, "accuracy")):
            for curve, store in zip(figure.curves, stores[:2], strict=True):
                assert [y for _, y in curve.points] == [row[f"validation_{measure}"] for row in store.metrics()]
        await pilot.press("t")
        assert plots(app)[0].title == "train loss"
        assert plots(app)[0].curves[0].points[-1][1] == stores[0].metrics()[-1]["train_loss"]
        await pilot.press("space")
        assert [row[0] for row in rows(app)] == [" ", " ", " ", " ", "A"]
        await pilot.press("space", "u")
        assert [row[0] for row in rows(app)] == [" "] * 5


async def test_measure_and_log_axis_are_switched(runs):
    some_runs()
    async with runs() as (app, pilot):
        await pilot.press("ctrl+end")
        for measure in ("cost", "accuracy", "eta", "loss"):
            await pilot.press("c")
            assert plots(app)[0].title.startswith(measure)
        await pilot.press("y")
        assert plots(app)[0].log
        await pilot.press("y")
        assert not plots(app)[0].log


async def test_a_diverged_run_is_drawn_on_a_logarithmic_axis_and_its_gap_is_said(runs):
    some_runs()
    async with runs() as (app, _):
        assert plots(app)[0].log
        assert "the loss was not finite at update 40 of 1,000" in text(app, "overlay-legend")
        assert "its curves end at update 38" in text(app, "overlay-legend")
        assert [(event.x, event.text) for event in plots(app)[0].events] == [(40, "not finite")]
        assert plots(app)[0].span == (0, 40)


async def test_no_more_runs_are_marked_than_can_be_told_apart(runs):
    for i in range(7):
        record(f"2026010{i + 1}-030405-a2-setting1-00a{i}", f"lambda={i}")
    async with runs() as (app, pilot):
        for _ in range(7):
            await pilot.press("space", "down")
        assert sum(row[0] != " " for row in rows(app)) == 6
        assert "at most 6 settings" in messages(app)[-1]


async def test_in_a_small_terminal_the_legend_names_every_run(runs):
    stores = some_runs()
    async with runs(size=(80, 24)) as (app, pilot):
        await pilot.press(*["space", "down"] * len(stores))
        legend = text(app, "overlay-legend").splitlines()[-1]
        assert [letter for letter in "ABCDE" if f" {letter} " in legend] == [row[0] for row in rows(app)]
        assert len(legend) <= 80


async def test_runs_of_one_setting_share_a_letter_and_are_drawn_as_mean_and_band(runs):
    stores = [
        record(f"2026010{seed}-030405-a2-setting1-00a{seed}", f"seed={seed}", accuracy=0.4 + seed / 100)
        for seed in (1, 2, 3)
    ]
    record("20260104-030405-a2-setting1-00bb", "seed=4", "lambda=0.5")
    record("20260105-030405-a2-setting1-00cc", accuracy=0.41)  # as the first one, seed and all
    async with runs(size=(160, 45)) as (app, pilot):
        await pilot.press("ctrl+end", "a", "ctrl+home", "space")
        assert [row[0] for row in rows(app)] == ["B", " ", "A", "A", "A"]
        accuracy = plots(app)[1]
        (a, b) = accuracy.curves
        finals = [store.metrics()[-1]["validation_accuracy"] for store in stores]
        assert a.points[-1][1] == pytest.approx(sum(finals) / 3)
        assert a.band[-1] == (1000, min(finals), max(finals))
        assert (a.label, b.label, b.band) == ("A", "B", ())
        assert "A a2-setting1, seeds 1, 2, 3 · 42.00% ± 1.00" in text(app, "overlay-legend")
        await pilot.press("u", "space", "down", "a")
        assert "no other run of this setting" in messages(app)[-1]


async def test_curves_that_lie_on_one_another_are_named_together_and_what_cannot_be_drawn_has_no_letter(runs):
    record("20260101-030405-a2-setting1-00aa")
    record("20260102-030405-a2-setting1-00bb")
    broken = record("20260103-030405-a2-setting1-00cc")
    (broken.path / "metrics.csv").write_text("update\n")
    async with runs(size=(120, 40)) as (app, pilot):
        await pilot.press("space", "down", "space", "down", "space")
        assert [row[0] for row in rows(app)] == ["!", "A", "B"]
        assert [curve.label for curve in plots(app)[0].curves] == ["A=B"]
        assert "B a2-setting1-00aa · 46.00%" in text(app, "overlay-legend")


async def test_a_run_is_noted_and_found_by_what_was_noted(runs):
    some_runs()
    async with runs(size=(160, 45)) as (app, pilot):
        await pilot.press("n", *"too fast #sgd", "enter")
        assert rows(app)[0][7] == "too fast #sgd"
        assert "too fast #sgd" in text(app, "run")
        await pilot.press("slash", *"#sg", "enter")
        assert [row[1] for row in rows(app)] == ["a1-test1-00ee"]
        assert app.focused.id == "runs"
        await pilot.press("slash", *"x5")
        assert rows(app) == []
        assert "No run has x5" in text(app, "run")
        await pilot.press("escape")
        assert len(rows(app)) == 5
        await pilot.press("n", "escape")
        assert rows(app)[0][7] == "too fast #sgd"


async def test_enter_opens_any_run_in_all_tabs_of_train(lab, small, until):
    """What the files do not hold is computed from the checkpoint, or it is said why not."""
    run = lab_run.start(load(small), "mini", Path("runs"), 1)
    run.go(lambda snapshot: None)
    app = lab(runs=Path("runs"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: rows(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.mode == "train" and app.training)
        assert len(app.training.points) == len(run.store.metrics())
        tabs = app.screen.query_one("#tabs", TabbedContent)
        for tab, shown in (("confusion", "rows true"), ("classes", "precision"), ("layers", "Dense"), ("log", "")):
            tabs.active = f"{tab}-tab"
            await until(pilot, lambda tab=tab, shown=shown: tab == "log" or shown in text(app, tab))
        await until(pilot, lambda: app.training.looked == SEEN)
        dense = [row for row in app.training.health if row.layer == "Dense"]
        assert all(row.weight > 0 and row.gradient > 0 for row in dense)
        counts = np.array(run.store.result()["confusion"])
        np.testing.assert_array_equal(app.training.confusion[2], counts)
        logged = [strip.text.split() for strip in app.screen.query_one("#log").lines]
        whole = [words[0] for words in logged if words and words[-1].endswith("%")]
        assert whole == [f"{point['update']:,.0f}" for point in app.training.points], "a line for each, not wrapped"
        (run.store.path / "result.json").unlink()  # as if it had been killed: all is in the checkpoint
        killed = saved(run.store)
        killed.look(app.compute, 1)
        await until(pilot, lambda: killed.looked == SEEN)
        np.testing.assert_array_equal(killed.confusion[2], counts)
        checkpoint = run.store.checkpoint()
        run.store.save_checkpoint(checkpoint | {"run.fingerprints": np.array(["other"])})
        other = saved(run.store)
        other.look(app.compute, 1)
        await until(pilot, lambda: "was trained on other data" in other.looked)


async def test_settings_that_differ_stand_side_by_side(runs, until):
    some_runs()
    async with runs(size=(160, 45)) as (app, pilot):
        await pilot.press("ctrl+end", "space", "up", "space", "right_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "side-tab"
        await until(pilot, lambda: "network.hidden" in side(app))
        shown = side(app)
        assert "[100, 50]" in shown
        assert "optimiser.eta" not in shown
        assert "46.57%" in shown
        await pilot.press("left_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "overlay-tab"


async def test_an_interrupted_run_is_resumed_in_train(lab, small, until, tmp_path):
    app = lab(preset=small, runs=Path("runs"))
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.ended)
        (run,) = list_runs(Path("runs"))
        (Path(run["run"]) / "result.json").unlink()
        (Path(run["run"]) / "metrics.csv").write_text((Path(run["run"]) / "metrics.csv").read_text())
        before = app.training
        await pilot.press("6")
        await until(pilot, lambda: rows(app))
        await pilot.press("r")
        assert app.screen.mode == "train"
        assert app.training is not before
        await until(pilot, lambda: app.training.ended)
        assert app.training.phase == "done"
        assert RunStore(Path(run["run"])).result()["state"] == "done"


@pytest.mark.parametrize(("state", "index"), [("diverged", 0), ("done", 4)])
async def test_what_is_not_interrupted_is_not_resumed(runs, state, index):
    some_runs()
    async with runs() as (app, pilot):
        await pilot.press(*["down"] * index, "r")
        assert app.screen.mode == "runs"
        assert f"is {state}: only an interrupted run can be resumed" in messages(app)[-1]


async def test_a_report_of_the_marked_runs_is_written(runs, until, monkeypatch):
    monkeypatch.setattr("lab.report.figures.of_run", lambda record: {})
    monkeypatch.setattr("lab.report.figures.of_runs", lambda records: {})
    some_runs()
    async with runs() as (app, pilot):
        await pilot.press("ctrl+end", "space", "up", "space", "w")
        await until(pilot, lambda: messages(app))
        written = Path("report-a2-setting1-00aa-and-1-more/report.md")
        assert messages(app) == [f"written: {written}"]
        assert "# Comparison of 2 runs" in written.read_text()
        await pilot.press("w")
        await until(pilot, lambda: len(messages(app)) == 2)
        assert f"{written} already exists" in messages(app)[1]


async def test_a_second_report_waits_for_the_first(runs, until, monkeypatch):
    import threading

    begun, may_end = threading.Event(), threading.Event()

    def write(stores, out, progress):
        progress(2, 5, "a2/loss")
        begun.set()
        may_end.wait(10)
        return Path("report.md")

    monkeypatch.setattr("tui.screens.runs.write_report", write)
    some_runs()
    async with runs() as (app, pilot):
        await pilot.press("w")
        await until(pilot, begun.is_set)
        await until(pilot, lambda: "━━━─────  40%  figure 2 of 5, a2/loss" in text(app, "run"))
        await pilot.press("w")
        assert "a report is being written: wait for it" in messages(app)
        may_end.set()
        await until(pilot, lambda: "written: report.md" in messages(app))


async def test_runs_are_deleted_after_a_question_only(runs):
    stores = some_runs()
    async with runs() as (app, pilot):
        await pilot.press("ctrl+end", "space", "up", "space", "d")
        assert isinstance(app.screen, ConfirmScreen)
        question = str(app.screen.query_one(Static).render())
        assert all(str(store.path) in question for store in stores[:2])
        await pilot.press("n")
        assert all(store.path.is_dir() for store in stores)
        await pilot.press("delete", "y")
        assert [store.path.is_dir() for store in stores] == [False, False, True, True, True]
        assert [row[0] for row in rows(app)] == [" "] * 3
        assert len(rows(app)) == 3


async def test_any_size_is_survived_and_the_cursor_stays(runs):
    some_runs()
    async with runs() as (app, pilot):
        await pilot.press("down", "down")
        for size in ((40, 12), (80, 24), (200, 60), (40, 12), (160, 45)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert app.screen.query_one("#runs", DataTable).cursor_row == 2
        assert len(rows(app)[0]) == 9


async def test_the_markers_are_those_of_the_settings(runs):
    some_runs()
    async with runs() as (app, pilot):
        app.change_settings(markers="ascii")
        await pilot.pause()
        plot = app.screen.query_one("#overlay-measure")
        assert "".join(plot.render_line(y).text for y in range(plot.size.height)).isascii()


def laid_out(app):
    """Are the runs there, in columns as wide as they need? A table makes them so when it has nothing else to do."""
    table = app.screen.query_one("#runs", DataTable)
    return 0 < table.row_count < table.virtual_size.height


def looks(*keys, marks=0):
    """Press keys once the runs are there; mark the first so many."""

    async def act(pilot):
        await wait_until(pilot, lambda: pilot.app.screen.has_class("-none") or laid_out(pilot.app))
        for _ in range(marks):
            await pilot.press("space", "down")
        await pilot.press(*keys)
        if "ctrl+end" in keys:
            table = pilot.app.screen.query_one("#runs", DataTable)
            await wait_until(pilot, lambda: table.scroll_x == table.max_scroll_x)
        await pilot.pause()

    return act


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["80x24", "160x45", "40x12"])
def test_marked_runs_look_as_accepted(lab, snap_compare, size, theme):
    some_runs()
    app = lab(runs=Path("runs"))
    app.theme = theme
    assert snap_compare(app, run_before=looks("ctrl+end", "space", "up", "space"), terminal_size=size)


def test_no_runs_look_as_accepted(lab, snap_compare):
    assert snap_compare(lab(runs=Path("runs")), run_before=looks(), terminal_size=(80, 24))


def test_runs_look_as_accepted(lab, snap_compare):
    some_runs()
    assert snap_compare(lab(runs=Path("runs")), run_before=looks("ctrl+end"), terminal_size=(80, 24))


def test_settings_side_by_side_look_as_accepted(lab, snap_compare):
    some_runs()
    keys = ("ctrl+end", "space", "up", "space", "right_square_bracket")
    assert snap_compare(lab(runs=Path("runs")), run_before=looks(*keys), terminal_size=(100, 40))


def test_the_question_before_deleting_looks_as_accepted(lab, snap_compare):
    some_runs()
    assert snap_compare(lab(runs=Path("runs")), run_before=looks("d", marks=2), terminal_size=(80, 24))


def test_marked_runs_without_colour_look_as_accepted(lab, snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    some_runs()
    keys = ("ctrl+end", "space", "up", "space")
    assert snap_compare(lab(runs=Path("runs")), run_before=looks(*keys), terminal_size=(80, 24))
