"""Presets: grouped, found by typing, opened in other modes, with what was reported and reached."""

import pytest
from textual import events
from textual.widgets import Input, OptionList

from lab.library.questions import questions
from lab.runs import run as lab_run
from presets.load import load, names
from presets.reports import REPORTS
from tui.app import GradlabApp
from tui.widgets.form import PresetForm


def listed(app):
    options = app.screen.query_one(OptionList)
    return [option.id for option in options.options if option.id]


def details(app):
    """All that is written of the preset the cursor is on, in one line."""
    widgets = app.screen.query("#details Text, #details FittedText")
    lines = [strip.text for widget in widgets for strip in widget.render_lines(widget.size.region)]
    return " ".join(" ".join(lines).split())


async def test_every_preset_is_listed_under_its_report(lab):
    app = lab()
    async with app.run_test():
        assert sorted(listed(app)) == names()
        options = app.screen.query_one(OptionList).options
        groups = [str(option.prompt) for option in options if option.id is None]
        assert groups[0] == REPORTS["a1"]
        assert len(groups) == len(set(groups))


async def test_presets_stand_in_the_order_of_their_report_and_are_found_by_assignment_and_setting(lab, until):
    app = lab()
    async with app.run_test(size=(160, 45)) as pilot:
        assert [name for name in listed(app) if name.startswith("a2")] == [
            "a2-setting1", "a2-setting2", "a2-final", "a2-coarse", "a2-fine",
        ]  # fmt: skip
        await pilot.press("slash", *"assignment 2")
        assert {*listed(app)} == {*(name for name in names() if name.startswith("a2")), "a3-2layer"}  # its description
        app.screen.query_one(Input).value = "dropout"
        await pilot.pause()
        assert listed(app) == [name for name in listed(app) if load(name).network.dropout]
        assert "names-plus" in listed(app)
        await pilot.press("down", "escape")  # from the list, too
        assert sorted(listed(app)) == names()
        app.screen.query_one(Input).value = "a2-setting1"
        await until(pilot, lambda: "153,650 parameters" in details(app))
        assert "expected, 5 seeds" in app.screen.query_one("#expected-accuracy").border_subtitle
        assert len(app.screen.query_one("#plan-eta").figure.curves[0].points) > 100
        assert "planned eta, at most 0.1[" in app.screen.query_one("#plan-eta").border_title
        assert questions(load("a2-setting1"))[1].ask in details(app)
        app.screen.query_one("#list").focus()
        await pilot.press("y")
        await until(pilot, lambda: app.current_mode == "train" and app.screen.query_one(PresetForm).changes)
        assert app.screen.query_one(PresetForm).changes == ["loss.lambda=0.1"]


async def test_typing_narrows_the_list_down_and_enter_opens_what_is_left(lab):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("slash", *"batch 9l")
        assert "a3-9layer-bn" in listed(app)
        assert "a1-test1" not in listed(app)
        await pilot.press("escape")
        assert sorted(listed(app)) == names()
        await pilot.press("slash", *"3layer-best", "enter")
        await pilot.pause()
        assert app.current_mode == "train"
        assert app.screen.query_one(PresetForm).source == "a3-3layer-best"
        await pilot.press("1", "3")  # back there, keys are commands
        assert app.current_mode == "check"


async def test_words_that_no_preset_has_leave_nothing_to_open(lab):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("slash", *"zebra", "enter")
        assert listed(app) == []
        assert app.current_mode == "presets"


@pytest.mark.parametrize(("key", "mode"), [("enter", "train"), ("c", "check"), ("s", "search")])
async def test_a_key_opens_the_preset_in_a_mode(lab, until, key, mode):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("down", key)
        await until(pilot, lambda: app.current_mode == mode)
        if mode == "train":
            await until(pilot, lambda: app.screen.query_one(PresetForm).source == "a1-test2")


async def test_details_name_the_report_and_the_best_run_with_its_data(lab, until, tmp_path):
    run = lab_run.start(load("a2-setting1", ["updates=2", "evaluate_every=2"]), "mini", tmp_path / "runs", 1)
    accuracy = run.go(lambda snapshot: None)["final"]["test"]["accuracy"]
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"setting1", "down")
        await until(pilot, lambda: f"{accuracy:.2%} embedded" in details(app))
        for told in ("45.88%", "47.09%", "section 2.1, figure 3", "gradlab data fetch cifar10"):
            assert told in details(app)


async def test_the_time_is_measured_when_the_cursor_rests(lab, until, monkeypatch):
    monkeypatch.setattr("lab.runs.estimate.seconds", lambda preset: 125.0)
    monkeypatch.setattr("tui.screens.presets.REST", 0)
    app = lab()
    async with app.run_test() as pilot:
        await until(pilot, lambda: "about 2 min 5 s" in details(app))


async def test_a_preset_of_ones_own_is_listed_and_a_damaged_one_says_what_is_wrong(lab, small, tmp_path):
    (tmp_path / "wrong.toml").write_text("title = 'x'\n[optimiser]\nkind = 'sgd'\neta = -1\n[training]\nupdates = 1\n")
    app = lab()
    async with app.run_test() as pilot:
        assert listed(app)[-2:] == ["mine.toml", "wrong.toml"]
        await pilot.press("slash", *"wrong.toml")
        await pilot.pause()
        assert "optimiser.eta = -1: must be greater than 0" in details(app)
        await pilot.press("enter")
        assert app.current_mode == "presets"
        app.screen.query_one(Input).value = "mine.toml"
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.query_one(PresetForm).source == "mine.toml"


async def test_the_list_has_the_focus_also_in_a_browser_that_gains_it_after_the_start(lab, monkeypatch):
    def blurred(app):  # as Textual's driver for browsers begins
        app.call_later(app.post_message, events.AppBlur())

    monkeypatch.setattr(GradlabApp, "on_load", blurred, raising=False)
    app = lab()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.post_message(events.AppFocus())
        await pilot.pause()
        assert app.focused is app.screen.query_one("#list")
