"""What all modes are made of: panels, the help of fields, progress, places where there is nothing yet."""

from itertools import pairwise

import numpy as np
import pytest
from textual.app import App
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from lab.drawing.figure import Curve, Figure
from presets.load import load, names
from tui.screens.base import ModeScreen
from tui.widgets import tables
from tui.widgets.empty import Empty
from tui.widgets.field_help import FieldHelp
from tui.widgets.form import settings_of
from tui.widgets.panel import Panel
from tui.widgets.plot import SeriesPlot
from tui.widgets.progress import progress
from tui.widgets.text import FittedText, Text

EXAMPLE = Figure("loss", (Curve(((0.0, 2.0), (10.0, 1.0)), 0, "train"),), (0, 10))


class ComponentsScreen(ModeScreen):
    """Each of them once."""

    mode = "runs"

    def compose_mode(self):
        field = Input(compact=True, id="field")
        field.tooltip = "Examples per batch (training.batch)."
        yield Panel("settings", field, FieldHelp("tab goes to a field", id="help"), id="settings")
        yield Empty("Your saved runs.", [("r", "starts a run"), ("ctrl+o", "labels the fields")], [EXAMPLE])


def colours(app):
    """The colours of what the examples' cells show."""
    plot = app.screen.query_one(SeriesPlot)
    return {s.style.color.triplet for y in range(plot.size.height) for s in plot.render_line(y) if s.text.strip()}


async def test_components_show_what_they_are_told_and_where_the_focus_is(lab):
    app = lab()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ComponentsScreen())
        await pilot.pause()
        panel, told = app.screen.query_one(Panel), app.screen.query_one(FieldHelp)
        app.screen.set_focus(None)
        await pilot.pause()
        assert str(told.render()) == "tab goes to a field"
        unfocused = panel.styles.border_top[1]
        app.screen.query_one(Input).focus()
        await pilot.pause()
        assert str(told.render()) == "Examples per batch (training.batch)."
        assert panel.styles.border_top[1] != unfocused
        words = app.screen.query_one(".empty-words").render()
        assert "     r  starts a run\nctrl+o  labels the fields" in str(words.text(30))
        assert "r  starts a run     ctrl+o  labels the fields" in str(words.text(80))
        plot = app.screen.query_one(SeriesPlot)
        assert "example" in plot.border_title
        assert colours(app) == {app.look.muted}
        assert not plot.focusable


@pytest.mark.parametrize(
    ("share", "left", "ascii_only", "told"),
    [
        (0.0, None, False, "──────────   0%"),
        (0.25, 65.0, False, "━━────────  25%  1 min 5 s left"),
        (0.999, 1.0, True, "=========-  99%  1 s left"),
        (1.0, 0.0, False, "━━━━━━━━━━ 100%"),
        (7.0, None, True, "========== 100%"),
    ],
)
def test_progress_says_all_only_when_it_is_all(share, left, ascii_only, told):
    assert progress(share, left, 10, ascii_only).plain == told


async def test_fitted_text_is_made_for_its_width_whatever_width_it_had_before():
    class Wide(App):
        CSS = "FittedText { height: auto; }"

        def compose(self):
            yield FittedText()

    def make(width: int) -> Content:
        return Content("\n".join(str(width) for _ in range(60 // max(width, 1))))

    app = Wide()
    async with app.run_test(size=(20, 8)) as pilot:
        text = app.query_one(FittedText)
        text.fit(make)
        for width in (20, 30, 12, 20):
            await pilot.resize_terminal(width, 8)
            await pilot.pause()
            assert [strip.text.strip() for strip in text.render_lines(text.size.region)] == [str(width)] * (60 // width)


async def test_text_that_differs_in_its_style_alone_is_shown():
    class Said(App):
        def compose(self):
            yield Text(id="text")
            yield FittedText(id="fitted")

    def colours(widget) -> list[str]:
        return [f"{segment.style.color}" for segment in widget.render_lines(widget.size.region)[0] if segment.style]

    app = Said()
    async with app.run_test() as pilot:
        text, fitted = app.query_one(Text), app.query_one(FittedText)
        for colour in ("red", "blue"):
            shown = Content.styled("same", colour)
            text.show(shown)
            fitted.fit(lambda width, shown=shown: shown)
            await pilot.pause()
            assert colours(text)[0] == colours(fitted)[0]
            seen = colours(text)[0]
            if colour == "red":
                first = seen
        assert seen != first


LAID_OUT = ["ab", "cd", "a longer line", "two\nlines", "other\nlines", "a\n" * 6, "words that wrap " * 4, "ab"]


@pytest.mark.parametrize("kind", [Text, FittedText])
@pytest.mark.parametrize("css", ["", "width: auto", "width: 100%; min-height: 100%", "width: 9; height: 2"])
async def test_a_text_lays_the_screen_out_when_it_takes_other_room_and_only_then(monkeypatch, kind, css):
    class Texts(App):
        CSS = f"Vertical {{ height: 5; }} .tried {{ {css} }}"

        def compose(self):
            with Vertical():
                yield kind(classes="tried")

    def show(widget, text):
        if kind is Text:
            widget.show(text)
        else:
            widget.fit(lambda width: Content(text))

    async def fresh(text):
        """The size it has in an app that never showed another one."""
        other = Texts()
        async with other.run_test(size=(30, 20)) as pilot:
            show(other.query_one(kind), text)
            await pilot.pause()
            other.query_one(kind).refresh(layout=True)
            await pilot.pause()
            return other.query_one(kind).size

    sizes = [await fresh(text) for text in LAID_OUT]
    laid_out = []
    layout = Screen._refresh_layout
    app = Texts()
    async with app.run_test(size=(30, 20)) as pilot:
        show(widget := app.query_one(kind), LAID_OUT[0])
        await pilot.pause()
        monkeypatch.setattr(Screen, "_refresh_layout", lambda *args, **options: (laid_out.append(1), layout(*args)))
        for (before, after), text in zip(pairwise(sizes), LAID_OUT[1:], strict=True):
            laid_out.clear()
            show(widget, text)
            await pilot.pause()
            assert widget.size == after, text
            assert bool(laid_out) == (before != after), text


@pytest.mark.parametrize("name", names())
def test_what_a_form_shows_of_a_setting_is_taken_as_typed(name):
    preset = load(name)
    rows = [row for rows in settings_of(preset, {}).values() for row in rows]
    assert load(name, [f"{row.key}={row.text}" for row in rows if not row.key.endswith(".kind")]) == preset


def test_classes_that_are_mixed_up_are_told_by_their_share_of_the_class():
    counts = np.array([[8, 2, 0], [1, 0, 4], [0, 0, 0]])
    rows = [
        line.split()[:4] for line in tables.mixed_up("abc", counts, width=80, ascii_only=True).plain.splitlines()[1:]
    ]
    assert rows == [["b", "c", "4", "80.0%"], ["a", "b", "2", "20.0%"], ["b", "a", "1", "20.0%"]]
    assert tables.mixed_up("ab", np.diag([3, 4]), width=80, ascii_only=True).plain == ""
    assert (
        len(tables.mixed_up("abcde", np.ones((5, 5)), width=80, ascii_only=True).plain.splitlines()) == 1 + tables.PAIRS
    )


def test_where_there_is_room_it_is_told_what_each_class_is_taken_for():
    counts = np.array([[8, 2, 0], [1, 0, 4], [0, 0, 3]])
    told = tables.scores("abc", counts, 100, 12, ascii_only=True).plain.splitlines()
    assert [line.strip() for line in told if line.startswith("  ")] == [
        "taken for  b 2", "said of    b 1", "taken for  c 4, a 1", "said of    a 2",
        "taken for  nothing else", "said of    b 4",
    ]  # fmt: skip
    assert "taken for" not in tables.scores("abc", counts, 100, 10, ascii_only=True).plain
    drawn = tables.confusion("abc", counts, 100, 40, ascii_only=True).plain.splitlines()
    assert [line.split() for line in drawn[2:7:2]] == [["80%", "20%"], ["20%", "80%"], ["100%"]]
