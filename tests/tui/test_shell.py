"""The shell: modes, help and palette from the bindings, settings."""

import pytest
from textual.widgets import Checkbox, Input, Select
from textual.widgets._footer import FooterKey

from tests.tui.recorded import record
from tui.app import GradlabApp
from tui.modes import MODES
from tui.palette import Openings
from tui.screens.help import HelpScreen
from tui.screens.settings import SettingsScreen
from tui.training import saved


async def test_a_key_opens_each_mode(lab):
    app = lab()
    async with app.run_test() as pilot:
        for key, mode in [("3", "check"), *((mode.key, mode.name) for mode in MODES)]:
            await pilot.press("escape", key)  # in a field a digit is text
            assert app.current_mode == mode
            assert app.screen.mode == mode


async def test_a_mode_is_opened_with_the_mouse(lab):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.click("#tab-runs")
        assert app.current_mode == "runs"


def test_every_binding_of_ours_has_an_id_and_a_tooltip():
    for owner in (GradlabApp, *(type(screen()) for screen in GradlabApp.MODES.values())):
        for own in owner.__mro__:
            if own.__module__.startswith("tui."):
                for binding in own.__dict__.get("BINDINGS", ()):
                    assert binding.id, binding
                    assert binding.tooltip, binding


def test_no_mode_gives_another_meaning_to_a_key_that_works_everywhere():
    def keys(owner) -> set[str]:
        return {key for binding in owner.__dict__.get("BINDINGS", ()) for key in binding.key.split(",")}

    everywhere = keys(GradlabApp) | {"ctrl+p", "ctrl+q"}
    for mode in MODES:
        assert not keys(type(mode.open())) & everywhere, mode.name


async def test_help_shows_the_bindings_of_the_mode_and_closes(lab):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = "\n".join(str(widget.render()) for widget in app.screen.query("Static"))
        assert "Leave; a run is saved and can be resumed." in text
        assert "g ^g  Label everything" in text
        assert "Names: where a surname comes from, as you type it." in text
        await pilot.press("escape")
        assert app.screen.mode == "presets"


async def test_the_palette_offers_every_binding_that_has_an_id(lab):
    app = lab()
    async with app.run_test():
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Train", "Check", "Settings", "Help", "Quit", "Theme"} <= titles


async def test_settings_hold_at_once_and_are_kept(lab, tmp_path):
    path = tmp_path / "config" / "app.toml"
    app = lab(settings_path=path)
    async with app.run_test() as pilot:
        await pilot.press("comma")
        assert isinstance(app.screen, SettingsScreen)
        app.screen.query_one("#theme", Select).value = "gradlab-light"
        app.screen.query_one("#markers", Select).value = "ascii"
        await pilot.pause()
        assert app.theme == "gradlab-light"
        assert app.look.ascii
    again = lab(settings_path=path)
    assert (again.settings.theme, again.settings.markers, again.theme) == ("gradlab-light", "ascii", "gradlab-light")


async def test_settings_reach_modes_that_were_shown_before(lab, until):
    app = lab(preset="a2-setting1")
    async with app.run_test() as pilot:
        await pilot.press("1")
        await until(pilot, lambda: app.current_mode == "presets")
        app.change_settings(refresh_rate=20)
        await pilot.press("2")
        await until(pilot, lambda: app.current_mode == "train")
        assert app.screen._clock._interval == 1 / 20


async def test_damaged_settings_are_said_and_passed_over(lab, tmp_path):
    path = tmp_path / "app.toml"
    path.write_text("markers = 3")
    app = lab(settings_path=path)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.settings.markers == "unicode"
        assert any(str(path) in note.message for note in app._notifications)


async def test_the_first_run_has_a_hint_and_the_second_none(lab, tmp_path):
    path = tmp_path / "app.toml"
    for expected in (["Welcome"], []):
        app: GradlabApp = lab(settings_path=path)
        async with app.run_test() as pilot:
            await pilot.pause()
            assert [note.title for note in app._notifications] == expected


async def test_the_way_to_all_keys_is_in_sight_where_not_all_have_room(lab, until):
    app = lab()
    async with app.run_test(size=(40, 12)) as pilot:
        for mode in MODES:
            await pilot.press("escape", mode.key)
            await until(pilot, lambda mode=mode: app.screen.mode == mode.name and app.screen.query(FooterKey))
            (key,) = [key for key in app.screen.query(FooterKey) if key.description == "Help"]
            assert key.region.right <= 40, mode
            assert app.screen.get_widget_at(key.region.x + 2, key.region.y)[0] is key


async def test_no_key_is_cut_in_a_small_terminal(lab, until):
    app = lab()
    async with app.run_test(size=(80, 24)) as pilot:
        for mode in MODES:
            await pilot.press("escape", mode.key)
            await until(pilot, lambda mode=mode: app.screen.mode == mode.name and app.screen.query(FooterKey))
            keys = [key for key in app.screen.query(FooterKey) if key.display]
            (end,) = [key.region.x for key in keys if key.description == "Help"]
            line = "".join(strip.text for strip in app.screen._compositor.render_strips()[-1:])
            for key in keys:
                assert f"{key.key_display} {key.description}" in line, mode
                assert key.region.right <= end or key.description == "Help", mode


async def test_keys_are_laid_out_anew_only_when_they_are_others(lab, starts_in, until):
    starts_in("names")
    app = lab()
    async with app.run_test() as pilot:

        def keys():
            return list(app.screen.query(FooterKey))

        await until(pilot, lambda: "Back" in [key.description for key in keys()])
        before = keys()
        app.screen.refresh_bindings()
        await pilot.pause()
        assert keys() == before
        await pilot.press("escape")
        await until(pilot, lambda: keys() and "Back" not in [key.description for key in keys()])


def test_nothing_is_selected_before_there_is_a_screen(lab):
    lab().clear_selection()  # Textual's own raises ScreenStackError


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+q", 0), ("ctrl+c", 130)])
async def test_quitting(lab, key, code):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press(key)
    assert app.return_code == code


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=["80x24", "40x12"])
def test_help_looks_as_accepted(lab, snap_compare, size):
    keys = ["3", "question_mark"]  # over Check, where nothing comes in later
    assert snap_compare(lab(), press=keys, terminal_size=size)


async def test_letters_and_digits_on_a_choice_choose_and_are_no_commands(lab, starts_in):
    starts_in("search")
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        choice = app.screen.query_one("#search-preset", Select)
        choice.focus()
        await pilot.press("a", "3", "minus", "q", "5", "r")
        assert app.is_running
        assert (app.current_mode, app.searching) == ("search", None)
        assert choice.value == "a3-coarse"
        app.screen.query_one("#search-data", Select).focus()
        await pilot.press("f")
        assert app.screen.query_one("#search-data", Select).value == "full"


async def test_letters_on_a_toggle_answer_it_and_are_no_commands(lab, until):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(120, 35)) as pilot:
        await until(pilot, lambda: app.screen.query_one("#form").ready)
        toggle = app.screen.query_one("#network-batch_norm", Checkbox)
        toggle.focus()
        for key, value in (("y", True), ("q", True), ("5", True), ("n", False), ("r", False)):
            await pilot.press(key)
            assert toggle.value is value, key
        assert (app.current_mode, app.training, app.is_running) == ("train", None, True)


async def test_escape_leaves_every_kind_of_field_and_keys_are_commands_again(lab, until):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(120, 35)) as pilot:
        await until(pilot, lambda: app.screen.query_one("#form").ready)
        kinds = {}
        for mode in (each.name for each in MODES):
            await app.switch_mode(mode)
            await pilot.pause()
            for kind in (Input, Checkbox, Select):
                if fields := [field for field in app.screen.query(kind) if field.region]:
                    kinds[mode, kind] = fields[0]
                    fields[0].focus()
                    await pilot.press("escape")
                    assert not isinstance(app.focused, kind), (mode, kind)
        assert {kind for mode, kind in kinds if mode == "train"} == {Input, Checkbox, Select}
        assert ("search", Select) in kinds
        assert ("check", Select) in kinds


async def test_ctrl_c_copies_what_is_selected_and_leaves_at_the_second_press(lab, starts_in):
    starts_in("search")
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        field = app.screen.query_one("#trials", Input)
        field.focus()
        await pilot.press("1", "2", "shift+home", "ctrl+c")
        assert app.is_running
        assert app.clipboard == "12"
        assert field.value == "12"
        await pilot.press("ctrl+c")
    assert app.return_code == 130


async def test_a_letter_on_everything_that_can_take_the_focus_gives_it_the_focus(lab, until):
    app = lab(preset="a2-setting1")
    app.training = saved(record("20260102-030405-a2-setting1-00aa", runs=app.runs))
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.screen.query_one("#form").ready)
        train = app.screen
        await pilot.press("g")
        labels = {str(each.render()): each.region.offset for each in app.screen.query(".jump-letter")}
        in_sight = [w for w in train.focus_chain if w.region and train.find_widget(w).visible_region]
        assert len(labels) == len(in_sight) > 20
        (letter,) = [k for k, at in labels.items() if at == train.query_one("#optimiser-eta").region.offset]
        await pilot.press(letter)
        assert (app.screen, app.focused) == (train, train.query_one("#optimiser-eta"))
        await pilot.press("ctrl+g", "escape")
        assert app.focused is train.query_one("#optimiser-eta")


async def test_ctrl_c_leaves_from_a_dialogue(lab):
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("question_mark", "ctrl+c")
    assert app.return_code == 130


async def test_the_palette_finds_presets_and_runs(lab, tmp_path, until):
    store = record("20260102-030405-a2-setting1-00aa", runs=tmp_path / "runs")
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        provider = Openings(app.screen)
        await provider.startup()
        (hit,) = [hit async for hit in provider.search("00aa")]
        await hit.command()
        await until(pilot, lambda: app.current_mode == "runs" and app.screen.current)
        assert app.screen.current["name"] == store.path.name
        presets = {str(hit.text) async for hit in provider.discover()}
        assert "a2-setting2: Two layers, three cycles" in presets


async def test_the_field_that_has_the_focus_stands_out(lab, until):
    app = lab(preset="a2-setting1")
    async with app.run_test(size=(120, 35)) as pilot:
        await until(pilot, lambda: app.screen.query_one("#form").ready)
        field = app.screen.query_one("#optimiser-eta")
        title = field.parent.query_one(".title")
        for theme in ("gradlab-dark", "gradlab-light"):
            app.theme = theme
            app.set_focus(None)
            await pilot.pause()
            before = title.background_colors[1]
            field.focus()
            await pilot.pause()
            after = title.background_colors[1]
            assert contrast(before, after) >= 3, theme
            assert contrast(after, title.styles.color) >= 4.5, theme


def contrast(one, other):
    """The ratio of WCAG 2, 1 to 21."""

    def luminance(colour):
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
