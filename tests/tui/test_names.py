"""Names: bars at every key stroke, letters that spoke, the table and its files, whose guesses they are.

The models are small and fixed; nothing here depends on how the shipped one was trained.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from textual import events
from textual.widgets import Input, Select, Static

import lab.names.model
from data.alphabet import ALPHABET, LENGTH
from data.sources import SURNAMES
from lab.names.model import NamesModel, Origin
from lab.names.neighbours import Neighbour
from presets.load import load
from presets.network import build_network
from presets.toml import dump
from tests.tui.conftest import THEMES, text, wait_until
from tui.screens.names import UNSAID

TINY = ["convolutions=[{filters=8, size=2}]", "pool_over_time=true", "bias=true"]


def fixed(folder: Path, seed: int, accuracy: float) -> dict:
    """A small network with drawn weights as preset.toml in a folder; its weights, and what is stated of it."""
    preset = load("names-best", TINY)
    folder.mkdir(parents=True)
    (folder / "preset.toml").write_text(dump(preset))
    network = build_network(preset.network, (LENGTH,), 18, np.random.default_rng(), len(ALPHABET))
    theta = np.random.default_rng(seed).normal(size=network.theta.size).astype(np.float16)
    data = "Surnames, full: 19,822 train / 252 validation"
    return {
        "theta": theta,
        "about": {"preset": "names-best", "accuracy": accuracy, "data": data, "classes": SURNAMES.classes},
    }


def run_of(folder: Path, seed: int, accuracy: float) -> None:
    """A finished names run."""
    made = fixed(folder, seed, accuracy)
    np.savez(folder / "checkpoint.npz", **{"network.theta": made["theta"]})
    final = {"validation": {"loss": 1.0, "cost": 1.0, "accuracy": accuracy}}
    end = {"state": "done", "variant": "full", "judge": "validation", "updates": 100, "final": final}
    result = made["about"] | end | {"fingerprints": {"surnames.tsv": ""}}
    (folder / "result.json").write_text(json.dumps(result))


class Near:
    """Takes the place of the training names, which take a second to read."""

    def nearest(self, name, count):
        return [Neighbour("karlsson", "Swedish", 0.97), Neighbour("carlson", "English", 0.81)][:count]


NEAR = Near()


@pytest.fixture(autouse=True)
def _mode(starts_in) -> None:
    starts_in("names")


@pytest.fixture(autouse=True)
def _shipped(tmp_path, monkeypatch) -> None:
    """Another shipped model."""
    folder = tmp_path / "shipped"
    made = fixed(folder, seed=3, accuracy=0.5)
    np.savez(folder / "weights.npz", theta=made["theta"])
    (folder / "model.json").write_text(json.dumps(made["about"]))
    monkeypatch.setattr(lab.names.model, "SHIPPED", folder)
    monkeypatch.setattr("tui.screens.names.neighbours", lambda origin: NEAR)


def told(app):
    """What is said of the model that guesses."""
    return app.screen.query_one("#model").tooltip


@pytest.fixture
def names(lab, until):
    """The app in Names, once there is a model: async with names() as (app, pilot)."""

    class Opened:
        def __init__(self, size=(120, 40), **options):
            self.app = lab(**options)
            self.test = self.app.run_test(size=size)

        async def __aenter__(self):
            pilot = await self.test.__aenter__()
            await until(pilot, lambda: text(self.app, "about"))
            return self.app, pilot

        async def __aexit__(self, *error):
            await self.test.__aexit__(*error)

    return Opened


def bars(app):
    """Name and probability of every bar, as shown."""
    return [tuple(line.split()[:2]) for line in text(app, "bars").splitlines()]


def expected(name, best_first=True):
    """What the shipped model says."""
    pairs = list(zip(SURNAMES.classes, lab.names.model.shipped().probabilities([name])[0], strict=True))
    pairs = sorted(pairs, key=lambda pair: -pair[1]) if best_first else pairs
    return [(nationality, f"{p:.4f}") for nationality, p in pairs]


def messages(app):
    return [note.message for note in app._notifications]


def table(app):
    """The cells of the table, row by row, without the classes."""
    return [line.split() for line in text(app, "columns-text").splitlines()]


# The guess


async def test_every_letter_changes_the_bars(names):
    async with names() as (app, pilot):
        assert bars(app) == expected("Malmberg"), "an example, and it is called so"
        assert "example: Malmberg" in str(app.screen.query_one("#guess").border_title)
        for typed in ("Z", "Zh", "Zha", "Zhao"):
            await pilot.press(typed[-1])
            assert bars(app) == expected(typed)
        assert "example" not in str(app.screen.query_one("#guess").border_title)
        await pilot.press("backspace")
        assert bars(app) == expected("Zha")


async def test_bars_are_as_long_as_the_probability(names, monkeypatch):
    p = np.full((1, 18), 0.5 / 17)
    p[0, 3] = 0.5
    monkeypatch.setattr(NamesModel, "probabilities", lambda self, asked: p)
    async with names() as (app, pilot):
        await pilot.press("a")
        room = app.screen.query_one("#guess").content_size.width - 19
        lines = text(app, "bars").splitlines()
        lengths = [line.count("█") for line in lines]
        assert {len(line) for line in lines} == {len(lines[0])}
        assert lengths == [room // 2] + [int(room * 0.5 / 17)] * 17
        await pilot.resize_terminal(100, 40)
        await pilot.pause()
        assert text(app, "bars").splitlines()[0].count("█") < room // 2


async def test_letters_are_marked_by_what_they_say(names, monkeypatch, until):
    says = np.array([4.0, -2.0, 0.1, 2.0])
    said = np.stack([says, -says, *[0 * says] * 16], axis=1)  # the others are deaf to letters
    p = np.array([[0.6, 0.3, *[0.1 / 16] * 16]])
    monkeypatch.setattr(NamesModel, "explain", lambda self, asked: [said[: len(name)] for name in asked])
    monkeypatch.setattr(NamesModel, "probabilities", lambda self, asked: p)
    async with names() as (app, pilot):
        await pilot.press(*"Zhao")
        await until(pilot, lambda: text(app, "letters").startswith("z h a o"))  # they come after the bars
        head, best, second, third, *_ = [line.split() for line in text(app, "map").splitlines()]
        assert head == ["z", "h", "a", "o"]
        assert best == [SURNAMES.classes[0], "+4.0", "-2.0", "+0.1", "+2.0"]
        assert second == [SURNAMES.classes[1], "-4.0", "+2.0", "-0.1", "-2.0"]
        assert third == [SURNAMES.classes[2], *["·"] * 4]
        assert len(text(app, "map").splitlines()) == 19
        assert [line.split()[:3] for line in text(app, "near").splitlines()] == [
            ["karlsson", "Swedish", "0.97"], ["carlson", "English", "0.81"],
        ]  # fmt: skip
        assert text(app, "letters") == "z h a o \n█ - · ▄ "
        app.change_settings(markers="ascii")
        await until(pilot, lambda: text(app, "letters") == "z h a o \n8 - . 4 ")
        assert "█" not in text(app, "bars")


async def test_bars_do_not_wait_for_what_explains_them(names, monkeypatch, until):
    explained = []
    explain = NamesModel.explain

    def count(model, asked):
        explained.append(text(app, "bars"))
        return explain(model, asked)

    async with names() as (app, pilot):
        await pilot.press(*"Zha")
        before = text(app, "bars")
        monkeypatch.setattr(NamesModel, "explain", count)
        await pilot.press("o")
        await until(pilot, lambda: text(app, "letters").startswith("z h a o"))
        assert explained == [text(app, "bars")]
        assert explained != [before]


async def test_the_order_is_changed_and_changed_back(names):
    async with names() as (app, pilot):
        await pilot.press(*"Zhao", "ctrl+o")
        assert bars(app) == expected("Zhao", best_first=False)
        await pilot.press("ctrl+o")
        assert bars(app) == expected("Zhao")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("Ли", "'Ли' has 'л' (cyrillic small letter el), 'и'"), ("a" * 21, "has 21 letters"), ("-", "no letters")],
)
async def test_a_name_that_cannot_be_read_is_said_and_not_guessed(names, typed, reason):
    async with names() as (app, pilot):
        await pilot.press(*"Zhao", "ctrl+u", *typed)
        assert reason in text(app, "bars")
        assert "0." not in text(app, "bars")
        assert text(app, "letters") == ""
        await pilot.press("enter")
        assert any(reason in message for message in messages(app))
        assert table(app) == []
        assert app.screen.query_one("#no-names").display


async def test_digits_stay_in_the_field_and_outside_it_they_change_the_mode(names):
    async with names() as (app, pilot):
        await pilot.press("Z", "6", "question_mark")
        assert app.screen.query_one("#surname", Input).value == "Z6?"
        assert "'6'" in text(app, "bars")
        await pilot.press("escape", "6")
        assert app.current_mode == "runs"
        await pilot.press("5")
        assert app.screen.query_one("#surname", Input).value == "Z6?"


async def test_several_pasted_lines_are_all_taken_and_what_is_no_name_is_said(names):
    async with names() as (app, pilot):
        app.post_message(events.Paste("Zhao\r\n\nLi9\n Singh \nzhao\n"))
        await pilot.pause()
        assert table(app)[0] == ["Zhao", "Singh"]
        assert messages(app)[-1] == "2 of 4 pasted names are added"
        assert any("'Li9' has '9'" in message for message in messages(app))
        app.post_message(events.Paste("Selmer\n"))
        await pilot.pause()
        assert app.screen.query_one("#surname", Input).value == "Selmer"
        app.copy_to_clipboard("Müller\nNyström")
        await pilot.press("ctrl+v")
        assert table(app)[0] == ["Zhao", "Singh", "Müller", "Nyström"]


async def test_the_field_is_left_and_entered(names):
    async with names() as (app, pilot):
        await pilot.press("escape", "x")
        assert app.screen.query_one("#surname", Input).value == ""
        await pilot.press("slash", "x")
        assert app.screen.query_one("#surname", Input).value == "x"


# The table


async def test_enter_adds_names_side_by_side_and_the_next_letter_begins_a_name(names):
    async with names() as (app, pilot):
        await pilot.press(*"Zhao", "enter", *"Singh", "enter", *"zhao", "enter")
        assert messages(app)[-1] == "zhao is already in the table"
        p = lab.names.model.shipped().probabilities(["Zhao", "Singh"])
        best = [SURNAMES.classes[k] for k in p.argmax(axis=1)]
        assert table(app) == [["Zhao", "Singh"], best, *([f"{v:.4f}" for v in row] for row in p.T)]
        assert text(app, "classes").split("\n")[1:] == ["most likely", *SURNAMES.classes]


async def test_names_are_taken_off(names):
    async with names() as (app, pilot):
        await pilot.press(*"Zhao", "enter", *"Singh", "enter", *"Selmer", "enter", "ctrl+r")
        assert table(app)[0] == ["Zhao", "Singh"]
        await pilot.press("ctrl+l")
        assert table(app) == []
        await pilot.press("ctrl+r")
        assert text(app, "classes") == ""


async def test_a_wide_table_is_scrolled_to_the_name_just_added(names):
    async with names(size=(80, 24)) as (app, pilot):
        for name in ("Malmberg", "Baltatzis", "Karlsson", "Zhao", "Selmer"):
            await pilot.press(*name, "enter")
        await pilot.pause()
        columns = app.screen.query_one("#columns")
        assert columns.max_scroll_x > 0
        assert columns.scroll_x == columns.max_scroll_x


async def test_what_is_said_instead_of_letters_is_said_in_full(names):
    async with names(size=(120, 35)) as (app, pilot):
        await pilot.press(*"Zh4o")
        await pilot.pause()
        panel = app.screen.query_one("#map")
        painted = " ".join("".join(s.text for s in line).strip() for line in panel.render_lines(panel.size.region))
        assert UNSAID in " ".join(painted.split())


async def test_the_last_of_many_pasted_names_is_seen_whole(names, until):
    async with names(size=(120, 35)) as (app, pilot):
        pasted = ["Sato", "Kowalski", "Papadopoulos", "Nguyen", "Ivanov"]
        app.post_message(events.Paste("\n".join(pasted)))
        await until(pilot, lambda: table(app) and table(app)[0] == pasted)
        columns = app.screen.query_one("#columns")
        await until(pilot, lambda: columns.max_scroll_x > 0)
        await pilot.pause()
        last = columns.query_one("#columns-text").region
        assert last.right <= columns.region.right


@pytest.mark.parametrize(("key", "ending"), [("ctrl+y", ".md"), ("ctrl+t", ".csv")])
async def test_the_table_is_copied_and_saved_as_the_command_writes_it(names, key, ending, tmp_path):
    async with names() as (app, pilot):
        await pilot.press(key, "ctrl+s")
        assert messages(app) == ["the table is empty: enter adds a name"] * 2
        await pilot.press(*"Zhao", "enter", key, "ctrl+s")
        field = app.screen.query_one(Input)
        field.value = "table.html"
        await pilot.press("enter")
        assert "ends in .md or .csv" in str(app.screen.query_one(".wrong", Static).render())
        field.value = f"table{ending}"
        await pilot.press("enter")
        written = (tmp_path / f"table{ending}").read_text(encoding="utf-8-sig")
        assert app.clipboard == written
        assert "Zhao" in written.splitlines()[0]
        assert messages(app)[-1] == f"saved as table{ending}"
        await pilot.press("ctrl+s")
        app.screen.query_one(Input).value = f"table{ending}"
        await pilot.press("enter")
        assert messages(app)[-1] == f"table{ending} exists already: give another name"
        await pilot.press("ctrl+s", "escape")
        assert app.screen.mode == "names"


async def test_where_not_all_has_room_it_takes_turns(names, until):
    def shown(app):
        panels = {"guess": "guess", "why": "map-panel", "kept": "kept"}
        return [pane for pane, panel in panels.items() if app.screen.query_one(f"#{panel}").display]

    async with names(size=(40, 12)) as (app, pilot):
        turns = []
        for _ in range(4):
            turns += shown(app)
            await pilot.press("ctrl+b")
        assert turns == ["guess", "why", "kept", "guess"]
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: shown(app) == ["guess", "why"])
        await pilot.press("ctrl+b")
        assert shown(app) == ["guess", "kept"]
        await pilot.press("ctrl+b", *"Zhao", "enter")
        assert shown(app) == ["guess", "kept"], "what is added is seen"
        await pilot.resize_terminal(160, 45)
        await until(pilot, lambda: shown(app) == ["guess", "why", "kept"])


# Whose guesses


async def test_the_newest_names_run_guesses_until_another_model_is_chosen(names, until, tmp_path):
    old, new = (tmp_path / "runs" / f"2026010{day}-030405-names-best-000{day}" for day in (1, 2))
    run_of(old, 1, 0.25)
    run_of(new, 2, 0.375)
    async with names() as (app, pilot):
        assert f"{new.name}: 37.5% of its validation names right" in told(app)
        await pilot.press(*"Zhao", "enter")
        before = bars(app), table(app)
        await pilot.press("ctrl+n", "down", "down", "enter")
        await pilot.pause()
        assert "names-best, shipped with Gradlab: 50.0%" in told(app)
        assert bars(app) == expected("Zhao")
        assert table(app)[2] == [expected("Zhao", best_first=False)[0][1]]
        assert (bars(app), table(app)) != before
        assert app.screen.query_one("#surname", Input).has_focus
        newer = tmp_path / "runs" / "20260103-030405-names-best-0003"
        run_of(newer, 3, 0.75)
        await pilot.press("escape", "1", "5")
        await until(pilot, lambda: len(app.screen.query_one(Select)._options) == 4)
        assert "shipped with Gradlab" in told(app), "the choice stays"


async def test_a_run_that_ended_meanwhile_guesses_next_if_none_was_chosen(names, until, tmp_path):
    async with names() as (app, pilot):
        assert "shipped with Gradlab: 50.0%" in told(app)
        await pilot.press("escape", "1")
        run_of(tmp_path / "runs" / "20260103-030405-names-best-0003", 3, 0.75)
        await pilot.press("5")
        await until(pilot, lambda: "0003: 75.0%" in told(app))


async def test_a_model_that_cannot_be_read_is_said_and_the_other_stays(names, tmp_path):
    run = tmp_path / "runs" / "20260101-030405-names-best-0001"
    run_of(run, 1, 0.25)
    async with names() as (app, pilot):
        origin = Origin("shipped", None, "names-best", 0.5, "Surnames, full: 19,822 train / 252 validation")
        app.screen.query_one(Select).value = origin
        await pilot.pause()
        np.savez(run / "checkpoint.npz", **{"network.theta": np.zeros(3)})
        await pilot.press("ctrl+n", "up", "enter")
        await pilot.pause()
        assert "its files do not fit together" in messages(app)[-1]
        assert "shipped with Gradlab" in told(app)
        await pilot.press(*"Zhao")
        assert bars(app) == expected("Zhao")


# Looks


def looks(*keys):
    """Press keys in Names, once there is a model; a name, which begins with a capital letter, is typed at once."""

    async def act(pilot):
        await wait_until(pilot, lambda: text(pilot.app, "about"))
        for key in keys:
            if key[0].isupper():
                pilot.app.screen.query_one("#surname", Input).value = key
            else:
                await pilot.press(key)
        await pilot.pause()

    return act


KEPT = ("ctrl+o", "Malmberg", "enter", "Baltatzis", "enter", "Van der Berg", "enter", "D'Angelo", "ctrl+o")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["80x24", "160x45", "40x12"])
def test_names_look_as_accepted(lab, snap_compare, size, theme):
    app = lab()
    app.theme = theme
    assert snap_compare(app, run_before=looks(*KEPT), terminal_size=size)


@pytest.mark.parametrize(
    "keys",
    [(), ("Zhao9",), ("Zhao", "ctrl+n"), ("Zhao", "enter", "ctrl+s")],
    ids=["empty", "wrong", "models", "save"],
)
def test_states_look_as_accepted(lab, snap_compare, keys, tmp_path, monkeypatch):
    run_of(tmp_path / "runs" / "20260101-030405-names-best-0001", 1, 0.25)
    monkeypatch.setattr(Path, "cwd", lambda: Path("/home/student"))
    assert snap_compare(lab(), run_before=looks(*keys), terminal_size=(80, 24))


def test_names_without_colour_look_as_accepted(lab, snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(lab(), run_before=looks(*KEPT), terminal_size=(80, 24))


def test_the_narrow_table_looks_as_accepted(lab, snap_compare):
    assert snap_compare(lab(), run_before=looks(*KEPT, "ctrl+b"), terminal_size=(40, 12))
