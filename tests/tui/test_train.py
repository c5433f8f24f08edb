"""Train, with the keyboard: preset, edit, train, steer, stop, resume."""

import os
import sys
import threading
from pathlib import Path

import pytest
from textual import events
from textual.content import Content
from textual.keys import _character_to_key
from textual.widgets import Input, RichLog, Select, Static, TabbedContent
from textual.widgets._footer import FooterKey

import tui
from lab.errors import LabError
from lab.reading.read import read
from lab.runs import run
from lab.runs.catalogue import list_runs
from lab.runs.store import all_runs
from presets.keys import NOT_SETTINGS
from presets.load import load
from presets.schema import Preset
from tests.tui.conftest import text, wait_until
from tests.tui.recorded import record
from tui.screens.dialogues import AskScreen
from tui.screens.explain import ExplainScreen
from tui.screens.help import HelpScreen
from tui.screens.train import _short
from tui.training import TrainingThread, saved
from tui.widgets.curves import Curves
from tui.widgets.findings import FindingsPanel
from tui.widgets.form import SECTIONS, PresetForm, settings_of
from tui.widgets.reading import UNREAD
from tui.widgets.text import Text


@pytest.fixture
def form():
    return lambda app: app.screen.query_one(PresetForm)


def footer(app):
    """What the keys below do."""
    return [key.description for key in app.screen.query(FooterKey)]


async def fill(pilot, key, value):
    """Put a value into the field of a key, as soon as it is there, its last character by the keyboard."""
    await wait_until(pilot, lambda: pilot.app.screen.query_one(PresetForm).ready)
    field = pilot.app.screen.query_one(f"#{key.replace('.', '-')}", Input)
    field.focus()
    await pilot.pause()  # all of it is selected now
    field.value = value[:-1]
    field.action_end()
    await pilot.press(value[-1])


async def test_from_preset_over_an_edited_setting_to_a_run_stopped_and_resumed(lab, long, until, tmp_path, form):
    app = lab(preset=long)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("space", "n", "s")
        assert [note.message for note in app._notifications] == ["No run is going: r starts one."] * 3
        await fill(pilot, "training.updates", "200000")
        assert form(app).changes == ["training.updates=200000"]
        assert text(app, "form-command") == "gradlab run long.toml -s training.updates=200000"
        await pilot.press("escape", "r")
        await until(pilot, lambda: app.training and app.training.update > 20)
        await pilot.press("s")
        await until(pilot, lambda: app.training.ended)
        assert app.training.phase == "interrupted"
        stopped = app.training.update
        (run,) = list_runs(tmp_path / "runs")
        assert (run["state"], run["updates"]) == ("interrupted", stopped)
        await pilot.press("space")
        await until(pilot, lambda: app.training.update > stopped)
        assert app.training.points[0]["update"] == app.training.etas.means()[0][0] == 0
    assert len(all_runs(tmp_path / "runs")) == 1


async def test_a_run_goes_to_its_end(lab, small, until, tmp_path):
    app = lab(preset=small)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.ended)
        app.screen.tick()
        assert app.training.phase == "done"
        assert [row["update"] for row in app.training.points] == [0, 7, 14, 20]
        assert "done" in text(app, "headline")
        assert all_runs(tmp_path / "runs")[0].preset() == load(small)


async def test_pause_step_and_go_on(lab, long, until):
    app = lab(preset=long)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5)
        assert "Pause" in footer(app)
        await pilot.press("space")
        assert app.training.phase == "paused"
        await until(pilot, lambda: "Resume" in footer(app))
        await until(pilot, lambda: app.training.update == app.training.run.trainer.update)
        before = app.training.update
        await pilot.press("n")
        await until(pilot, lambda: app.training.update == before + 1)
        assert app.training.phase == "paused"
        await pilot.press("space")
        await until(pilot, lambda: app.training.update > before + 10)


async def test_single_keys_are_commands_after_a_look_elsewhere(lab, long, until):
    app = lab(preset=long)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5 and app.screen.query_one(PresetForm).ready)
        await pilot.press("space")
        for away in (["question_mark", "escape"], ["comma", "escape"], ["1", "2"], ["e", "escape"]):
            for key in away:
                await pilot.press(key)
                await pilot.pause()
            assert app.focused is None
            before = app.training.phase
            await pilot.press("space")
            assert {before, app.training.phase} == {"paused", "running"}, away


async def test_f_leads_to_the_settings_and_escape_back_to_the_run(lab, long, until, form):
    app = lab(preset=long)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: form(app).ready)
        assert not form(app).display
        await pilot.press("f")
        await until(pilot, lambda: form(app).display and isinstance(app.focused, Input))
        await pilot.press(*"100")
        assert app.focused.value == "100", "what is typed takes the place of what stood there"
        await pilot.press("escape")
        await until(pilot, lambda: not form(app).display)
        assert app.focused is None


def type_at_once(app, text):
    for character in text:
        key = {"\n": "enter", "\x1b": "escape"}.get(character) or _character_to_key(character)
        app.post_message(events.Key(key, character))


async def test_what_follows_fast_upon_the_key_of_a_field_is_text_for_it(lab, long, until, form):
    """Digits and letters that were typed before the field had the focus are commands: 1 would leave the mode."""
    app = lab()
    async with app.run_test() as pilot:

        def stands_in(id, value):
            return lambda: isinstance(app.focused, Input) and (app.focused.id, app.focused.value) == (id, value)

        type_at_once(app, "/1q")
        await until(pilot, stands_in("find", "1q"))
        await pilot.press("escape", "escape")
        type_at_once(app, "2f123")
        await until(pilot, stands_in("network-hidden", "123"))
        await pilot.press("escape")
        type_at_once(app, "e0.01")
        await until(pilot, stands_in("optimiser-eta", "0.01"))
        assert app.training is None, "there is no run: it is the eta of the next one"
        await app.screen.open_preset(long)
        await until(pilot, lambda: form(app).ready)
        await pilot.press("escape")
        type_at_once(app, "re0.123\n")
        await until(pilot, lambda: app.training and app.training.interventions)
        assert app.training.interventions[0]["eta"] == 0.123
        assert app.current_mode == "train"


async def test_what_follows_fast_upon_escape_is_a_command(lab, small, until, form):
    """And it is obeyed after all that was typed before it has been read."""
    app = lab(preset=small)
    async with app.run_test(size=(120, 35)) as pilot:
        await until(pilot, lambda: form(app).ready)
        type_at_once(app, "f9\x1br")
        await until(pilot, lambda: app.training)
        assert app.training.preset.network.hidden == [9]
        settings = form(app)
        type_at_once(app, "f12\x1bf5\x1b6")
        await until(pilot, lambda: app.current_mode == "runs")
        assert settings.text("network.hidden") == "5"


async def test_a_key_whose_way_ends_in_a_widget_that_is_gone_holds_up_no_other(lab, until, monkeypatch):
    monkeypatch.setattr("tui.app.KEY_SECONDS", 0.05)
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("g")
        type_at_once(app, "02")  # the first ends the labels
        await until(pilot, lambda: app.current_mode == "train")


async def test_an_eta_that_is_asked_for_while_data_are_loaded_holds_from_the_first_update(small, tmp_path):
    loaded, preset = threading.Event(), load(small)

    def begin():
        loaded.wait(30)
        return run.start(preset, "mini", tmp_path / "runs", 1)

    training = TrainingThread(preset, begin, threading.Lock())
    training.start()
    assert training.takes_eta
    training.set_eta(0.003)
    assert training.asked == "eta 0.003"
    loaded.set()
    training._thread.join()
    assert training.interventions == [{"update": 1, "eta": 0.003}]
    assert not training.takes_eta


async def test_arrows_lead_from_field_to_field(lab, small, until, form):
    app = lab(preset=small)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: form(app).ready)
        await pilot.press("f")
        await until(pilot, lambda: app.focused is not None)
        first = app.focused
        seen = [first]
        for _ in range(6):
            await pilot.press("down")
            assert app.focused not in seen
            seen.append(app.focused)
        for expected in reversed(seen[:-1]):
            await pilot.press("up")
            assert app.focused is expected


async def test_another_preset_clears_what_belonged_to_a_run_that_has_ended(lab, tmp_path, until, form):
    app = lab(preset="a2-setting1")
    app.training = saved(record("20260102-030405-a2-setting1-00aa", runs=tmp_path / "runs"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: form(app).ready)
        await pilot.press("u")  # the same preset: the run stays
        assert "100%" in text(app, "headline")
        assert "test 46.00%" in text(app, "headline")
        await app.screen.open_preset("a3-2layer")
        assert app.training is None
        assert " ".join(text(app, "headline").split()) == "a3-2layer Two layers on 45,000 images no run yet"


async def test_the_form_shows_what_can_matter_and_all_on_demand(lab, until, form):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: form(app).ready)

        def shown():
            return {row.children[1].id for row in app.screen.query(".row") if row.display}

        assert "network-sigma" not in shown()
        assert {"network-dropout", "optimiser-eta", "training-cycles"} <= shown()
        app.screen.query_one("#network-initialiser", Select).value = "normal"
        await until(pilot, lambda: "network-sigma" in shown())
        assert "needs network.sigma" in text(app, "form-message")
        assert "data-dedupe" not in shown()
        await pilot.press("a")
        assert {setting.replace(".", "-") for setting in form(app)._settings} == shown()
        app.screen.query_one("#optimiser-eta").focus()
        await pilot.pause()
        told = text(app, "form-help")
        assert told == (
            "optimiser.eta: Learning rate: the step size. With a schedule, the largest one. "
            "Greater than 0, at most 1e+06."
        )
        assert app.screen.query_one("#training-epochs", Input).placeholder == "not given"


def test_a_loss_takes_few_characters_however_large_it_is():
    assert [len(_short(loss)) <= 8 for loss in (0.5, 999.9, 1e6, 1e300, float("inf"), float("nan"))] == [True] * 6


async def test_why_a_run_failed_is_said_in_full(lab, small, until, tmp_path, monkeypatch):
    def refuse(self, state):
        raise LabError(f"{'a long way to ' * 8}the disk: No space left on device")

    monkeypatch.setattr("lab.runs.store.RunStore.save_checkpoint", refuse)
    app = lab(preset=small)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.ended and app._notifications)
        (message,) = [note.message for note in app._notifications]
        assert message.startswith("mine failed: a long way")
        assert message.endswith("No space left on device")
        await pilot.press("left_square_bracket")
        log = app.screen.query_one("#log", RichLog)
        await until(pilot, lambda: log.lines)
        assert max(line.cell_length for line in log.lines) <= 80
        assert "No space left on device" in " ".join(line.text.strip() for line in log.lines)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness of their own")
async def test_who_trains_gives_way_to_who_draws(lab, long, until):
    app = lab(preset=long)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5)
        niceness = {t.name: os.getpriority(os.PRIO_PROCESS, t.native_id) for t in threading.enumerate()}
        assert niceness["gradlab-training"] > niceness["MainThread"]


async def test_a_second_run_waits_for_the_end_of_the_first(lab, long, until, tmp_path):
    app = lab(preset=long)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5)
        first = app.training
        await pilot.press("r")
        assert app.training is not first
        await until(pilot, lambda: app.training.update > 5)
        assert [t.name for t in threading.enumerate()].count("gradlab-training") == 1
        assert first.phase == "interrupted"
        assert sorted(run["state"] for run in list_runs(tmp_path / "runs")) == ["interrupted", "running"]


async def test_the_learning_rate_is_changed_while_a_run_is_going(lab, long, until):
    app = lab(preset=long)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "-1"
        await pilot.press("enter")
        wrong = app.screen.query_one(".wrong", Static)
        await until(pilot, lambda: "optimiser.eta = -1: must be greater than 0" in str(wrong.render()))
        app.screen.query_one(Input).value = "0.003"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, AskScreen))
        assert "eta 0.003" in text(app, "headline")  # at once
        await until(pilot, lambda: app.training.snapshot.eta == 0.003)
        await until(pilot, lambda: app.training.events)
        since = app.training.interventions[0]["update"]
        assert [(event.x, event.text) for event in app.training.events] == [(since, "eta 0.003")]
        app.screen.tick()
        assert f"eta 0.003 (set at update {since:,})" in text(app, "headline")
        for width in (40, 50, 66, 80):  # what has no room is left out whole
            words = [
                part
                for line in str(app.screen._headline(app.training, width)).splitlines()
                for part in line.split(" · ")
            ]
            whole = [
                part for line in str(app.screen._headline(app.training, 400)).splitlines() for part in line.split(" · ")
            ]
            assert set(words[1:]) <= set(whole)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = ""
        await pilot.press("enter")
        await until(pilot, lambda: app.training.snapshot.eta != 0.003)


async def test_a_wrong_value_is_said_as_on_the_command_line_and_not_trained(lab, small, form):
    app = lab(preset=small)
    async with app.run_test(size=(160, 45)) as pilot:
        await fill(pilot, "optimiser.eta", "-1")
        assert form(app).preset is None
        assert text(app, "form-message") == "optimiser.eta = -1: must be greater than 0"
        assert app.screen.query_one("#optimiser-eta").parent.has_class("-wrong")
        await pilot.press("escape", "r")
        assert app.training is None
        await pilot.press("u")
        assert form(app).preset == load(small)
        assert form(app).changes == []


async def test_another_kind_of_schedule_has_other_fields(lab, form, until):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: form(app).ready)
        app.screen.query_one("#schedule-kind", Select).value = "step"
        await until(pilot, lambda: app.screen.query("#schedule-every") and not app.screen.query("#schedule-n_s"))
        assert "schedule.every is missing" in text(app, "form-message")
        await fill(pilot, "schedule.every", "10")
        await fill(pilot, "training.epochs", "2")
        assert app.screen.query_one("#training-cycles", Input).value == ""
        assert form(app).preset == load("a2-setting1", form(app).changes)
        assert form(app).preset.schedule.every == 10
        assert form(app).preset.training.epochs == 2


async def test_settings_are_saved_as_a_preset_of_ones_own(lab, small, form, tmp_path):
    app = lab(preset=small)
    async with app.run_test(size=(160, 45)) as pilot:
        await fill(pilot, "loss.lambda", "0.5")
        await pilot.press("ctrl+s")
        app.screen.query_one(Input).value = "half"
        await pilot.press("enter")
        await pilot.pause()
        assert form(app).source == "half.toml"
        assert form(app).changes == []
    assert load(str(tmp_path / "half.toml")).loss.lambda_ == 0.5


async def test_the_sanity_check_is_one_key(lab, until, form, unhurried):
    app = lab(preset="a2-setting1")
    async with app.run_test() as pilot:
        await pilot.press("o")
        assert form(app).preset.training.batch == 100
        assert form(app).preset.loss.lambda_ == 0
        await until(pilot, lambda: app.training.update > 3)
        assert app.training.preset.data.split == "100/1000/test"


@pytest.mark.parametrize(
    ("key", "attribute", "value"),
    [("y", "log", True), ("m", "smooth", True), ("z", "zoom", True), ("x", "epochs", True), ("c", "measure", "cost")],
)
async def test_a_key_changes_the_view(lab, small, until, key, attribute, value):
    app = lab(preset=small)
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.ended)
        before = app.screen.query_one("#plot-measure").figure
        await pilot.press(key)
        assert getattr(app.screen.query_one(Curves).view, attribute) == value
        assert app.screen.query_one("#plot-measure").figure != before


async def test_every_plot_shows_the_last_evaluation_of_a_run_that_stands(lab, long, until):
    def shown(plot):
        curves = app.screen.query_one(plot).figure.curves
        return next(curve for curve in curves if curve.style == 0).points[-1][0]

    app = lab(preset=long)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 5)
        await pilot.press("space")
        await until(pilot, lambda: app.training.update == app.training.run.trainer.update)
        known = len(app.training.points)
        while len(app.training.points) == known:
            before = app.training.update
            await pilot.press("n")
            await until(pilot, lambda before=before: app.training.update > before)
        last = app.training.points[-1]["update"]
        await until(pilot, lambda: shown("#plot-measure") == shown("#plot-accuracy") == last)


async def test_every_tab_shows_the_run_also_while_it_is_paused(lab, long, until):
    app = lab(preset=long)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: app.training.update > 20)
        await pilot.press("space")
        await pilot.press("right_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "confusion-tab"
        await until(pilot, lambda: app.training.confusion)
        app.screen.tick()
        await until(pilot, lambda: "rows true, columns guessed" in text(app, "confusion"))  # once it has its width
        assert app.training.confusion[2].sum() == 100
        await pilot.press("right_square_bracket")
        await pilot.pause()
        app.screen.tick()
        assert "precision" in text(app, "classes")
        await pilot.press("right_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "pictures-tab"
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: app.training.health)
        app.screen.tick()
        assert "update/weight" in text(app, "layers")
        await pilot.press("left_square_bracket")
        assert app.screen.query_one(TabbedContent).active == "pictures-tab"


async def test_a_failure_in_the_thread_is_said_and_the_app_lives_on(lab, small, until, monkeypatch):
    app = lab(preset=small)
    async with app.run_test() as pilot:
        with monkeypatch.context() as patch:
            patch.setattr("lab.runs.run.build", lambda *_: 1 / 0)
            await pilot.press("r")
            await until(pilot, lambda: app.training.ended)
        app.screen.tick()
        assert "failed: division by zero" in text(app, "headline")
        await pilot.press("r")
        await until(pilot, lambda: app.training.phase == "done")


async def test_an_exception_in_the_middle_of_a_run_leaves_it_resumable(lab, small, until, monkeypatch):
    app = lab(preset=small)
    async with app.run_test() as pilot:
        watch = TrainingThread._watch

        def fail(self, snapshot):
            watch(self, snapshot)
            if snapshot.update == 10:
                raise MemoryError("no room")

        with monkeypatch.context() as patch:
            patch.setattr(TrainingThread, "_watch", fail)
            await pilot.press("r")
            await until(pilot, lambda: app.training.ended)
        assert app.training.phase == "failed"
        app.screen.tick()
        assert "no room" in text(app, "headline")
        assert int(app.training.store.checkpoint()["update"]) == 10
        await pilot.press("space")
        await until(pilot, lambda: app.training.phase == "done")
        assert [row["update"] for row in app.training.points] == [0, 7, 14, 20]


async def test_the_curves_are_read_while_a_run_goes_on_and_when_it_has_ended(lab, long, until, monkeypatch):
    def said(of):
        panel = app.screen.query_one(FindingsPanel)
        told = " ".join(str(panel.query_one(Text).render()).split())
        return of in str(panel.border_title) and all(each["sentence"] in told for each in app.training.findings)

    seen = []
    monkeypatch.setattr("tui.training.read_curves", lambda facts: seen.append(len(facts.metrics)) or read(facts))
    app = lab(preset=long)
    async with app.run_test(size=(120, 35)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: len(seen) > 1 and said("so far"))
        assert len(set(seen)) == len(seen)  # once for an evaluation, and not for each
        assert len(seen) < len(app.training.points)
        await pilot.press("s")
        await until(pilot, lambda: app.training.ended and not said("so far") and said("reading"))
        assert app.training.findings == app.training.result["findings"]


async def test_f1_explains_the_field_and_a_question_mark_what_takes_no_text(lab, until, form):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(120, 35)) as pilot:
        await until(pilot, lambda: form(app).ready)
        for field, key, setting in (
            ("optimiser-eta", "f1", "optimiser.eta"),
            ("network-batch_norm", "question_mark", "network.batch_norm"),
            ("optimiser-kind", "question_mark", "optimiser.kind"),
        ):
            app.screen.query_one(f"#{field}").focus()
            await pilot.press(key)
            assert isinstance(app.screen, ExplainScreen)
            assert app.screen.query_one(".dialogue").border_title == setting
            assert len(app.screen.query("SeriesPlot")) == (0 if setting.endswith("kind") else 2)
            await pilot.press("escape")
        app.screen.query_one("#data-split", Input).focus()
        await pilot.press("question_mark")
        assert app.screen.query_one("#data-split", Input).value.endswith("?")
        await pilot.press("f1", "f1")
        assert isinstance(app.screen, HelpScreen)


def test_screens_ask_the_training_and_not_its_trainer():
    """Pause, stop, eta: what a screen wants of a run it asks of the thread that makes it."""
    app = Path(tui.__file__).parent
    sources = [*(app / "screens").glob("*.py"), *(app / "widgets").glob("*.py"), app / "app.py"]
    assert len(sources) > 20
    assert [path.name for path in sources if "trainer" in path.read_text()] == []


async def test_values_are_read_with_arrows_and_the_axis_is_zoomed_with_keys(lab, tmp_path, until):
    app = lab(preset="a2-setting1")
    app.training = saved(record("20260102-030405-a2-setting1-00aa", runs=tmp_path / "runs"))
    async with app.run_test(size=(120, 35)) as pilot:
        curves = app.screen.query_one(Curves)
        await until(pilot, lambda: app.screen.query_one("#plot-measure").figure.curves)
        await pilot.press("left", "left")
        assert curves.view.reading.cursor == 950
        (at_950,) = (row for row in app.training.store.metrics() if row["update"] == 950)
        values = f"─t {at_950['train_accuracy']:.1%}  ━v {at_950['validation_accuracy']:.1%}"
        assert Content.from_markup(app.screen.query_one("#plot-accuracy").border_title).plain.endswith(values)
        await pilot.press("plus")
        assert curves.view.reading.window == (475, 975)
        await pilot.press("escape")
        assert curves.view.reading == UNREAD


def test_the_form_has_every_section_of_a_preset_in_the_order_of_a_run():
    preset = load("names-best")
    sections = [*settings_of(preset, {})]
    assert sections == [*SECTIONS]
    assert {*Preset.model_fields} - {*NOT_SETTINGS, "search", "seed"} <= {*sections}
