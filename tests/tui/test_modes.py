"""The modes: what their entries in tui/modes.py say is what the app shows and does."""

import ast
import re
from pathlib import Path

import pytest
from textual.widgets import Label

import tui
from tests.tui.conftest import text
from tui.modes import MODES, key_of
from tui.screens.base import ModeScreen
from tui.widgets.mode_bar import ModeTab

FOLDER = Path(tui.__file__).parent
DIGITS = ["1", "2", "3", "4", "5", "6"]  # the keys a user has learnt


def mode_screens() -> set[str]:
    """The classes that are written as screens of a mode, as module:class: of those that are derived from ModeScreen the
    ones that no other is derived from, and not one that says itself which mode it lies over."""
    classes = {
        node.name: (node, f"tui.screens.{path.stem}:{node.name}")
        for path in (FOLDER / "screens").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    bases = {name: {ast.unparse(base) for base in node.bases} for name, (node, _) in classes.items()}
    screens, before = {"ModeScreen"}, set[str]()
    while screens != before:
        before, screens = screens, screens | {name for name, of in bases.items() if of & screens}
    leaves = screens - {base for name in screens & bases.keys() for base in bases[name]}
    lying_over = {n for n, (node, _) in classes.items() if any(ast.unparse(e).startswith("mode = ") for e in node.body)}
    return {classes[name][1] for name in leaves - lying_over}


def test_the_keys_of_the_modes():
    assert [mode.key for mode in MODES] == DIGITS
    assert [key_of(mode.name) for mode in MODES] == DIGITS
    assert len({mode.name for mode in MODES}) == len(MODES)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_a_mode_opens_its_screen(mode):
    screen = mode.open()
    assert isinstance(screen, ModeScreen)
    assert f"{type(screen).__module__}:{type(screen).__name__}" == mode.screen
    assert screen.mode == mode.name


def test_every_screen_of_a_mode_has_an_entry():
    assert mode_screens() == {mode.screen for mode in MODES}


async def test_the_bar_shows_every_mode_with_its_key_and_marks_this_one(lab):
    app = lab()
    async with app.run_test(size=(120, 24)) as pilot:
        for mode in MODES:
            await pilot.press("escape", mode.key)  # a letter or a digit in a field is text
            tabs = list(app.screen.query(ModeTab))
            shown = [tuple(str(label.render()) for label in tab.query(Label)) for tab in tabs]
            assert shown == [(mode.key, mode.title) for mode in MODES]
            assert [tab.id for tab in tabs if tab.has_class("-current")] == [f"tab-{mode.name}"]


async def test_the_palette_finds_every_mode_and_says_what_it_is_for(lab):
    app = lab()
    async with app.run_test():
        commands = {command.help for command in app.get_system_commands(app.screen)}
        for mode in MODES:
            assert f"{mode.title}: {mode.help} ({mode.key})" in commands


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_no_screen_takes_the_key_of_a_mode(mode):
    own = {key for binding in type(mode.open()).BINDINGS for key in binding.key.split(",")}
    assert not own & {mode.key for mode in MODES}


async def test_the_key_that_an_empty_table_of_runs_names_opens_train(lab, starts_in):
    starts_in("runs")
    app = lab()
    async with app.run_test() as pilot:
        hint = text(app, "no-runs .empty-words")
        (key,) = re.findall(r"(\S+) +opens Train", hint)
        await pilot.press(key)
        assert app.current_mode == "train"


async def test_the_welcome_names_the_keys_that_open_modes(lab, tmp_path):
    app = lab(settings_path=tmp_path / "app.toml")
    async with app.run_test() as pilot:
        await pilot.pause()
        (welcome,) = [note.message for note in app._notifications if note.title == "Welcome"]
    assert welcome.startswith("1-6 ")


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_no_key_that_browsers_keep_is_the_only_way(mode):
    keys: dict[str, set[str]] = {}
    for binding in type(mode.open()).BINDINGS:
        keys.setdefault(binding.action, set()).update(binding.key.split(","))
    assert not [action for action, its in keys.items() if its <= {"ctrl+n", "ctrl+t", "ctrl+w"}]
