"""Check: presets, reports and files of students, judged as on the command line."""

import threading
from itertools import product
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Select
from textual_fspicker import FileOpen

from lab.check.template import template
from lab.errors import LabError
from tests.sizes import WHOLE
from tests.tui.conftest import text, wait_until
from tests.tui.recorded import RIGHT, WRONG, file_report, report


@pytest.fixture(autouse=True)
def _mode(starts_in) -> None:
    starts_in("check")


def findings(app):
    """What stands below the verdict, as text."""
    pane = app.screen.query_one("#findings")
    return "\n".join("".join(s.text for s in line) for line in pane.render_lines(pane.size.region))


def messages(app):
    return [note.message for note in app._notifications]


async def type_file(pilot, until, name):
    """Open the file dialogue and give it a name."""
    await pilot.press("o")
    await until(pilot, lambda: isinstance(pilot.app.screen, FileOpen) and pilot.app.focused)
    field = pilot.app.screen.query_one(Input)
    field.value = name
    field.focus()
    await pilot.press("enter")


async def test_stop_ends_the_process_of_a_file_that_loops(lab, tmp_path, until):
    loop = "    while True:\n        with open('beats', 'a') as file:\n            file.write('.')\n"
    (tmp_path / "loop.py").write_text(f"def build():\n{loop}")
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset("loop.py:build")
        await pilot.press("r")
        await until(pilot, (tmp_path / "beats").exists)
        await pilot.press("s")
        assert "stopped" in text(app, "verdict")
        await until(pilot, lambda: not [t for t in threading.enumerate() if t.name == "gradlab-check"])
        beats = (tmp_path / "beats").stat().st_size
        await pilot.pause(0.5)
        assert (tmp_path / "beats").stat().st_size == beats


class Recorded:
    """Takes the place of the check: tells progress tensor by tensor, and waits before the last until it may end."""

    def __init__(self, tensors):
        self.tensors, self.calls = tensors, []
        self.told, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def __call__(self, target, method, examples, progress, began):
        self.calls.append((target, method, examples))
        for tensor in self.tensors[:-1]:
            progress(tensor)
        self.told.set()
        self.may_end.wait(20)
        progress(self.tensors[-1])
        return report(self.tensors, target)


@pytest.fixture
def recorded(monkeypatch):
    """Let every check be a recorded one: recorded(RIGHT)."""
    made = []

    def recorded(tensors):
        made.append(Recorded(tensors))
        monkeypatch.setattr("tui.screens.check.check", made[-1])
        return made[-1]

    yield recorded
    for each in made:
        each.may_end.set()


async def test_a_preset_is_checked_for_real(lab, until):
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        app.screen.query_one("#method", Select).value = "directional"
        app.screen.query_one("#examples", Input).value = "3"
        await pilot.press("r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        assert "gradlab check a2-setting1 --method directional --examples 3" in text(app, "verdict")
        await until(pilot, lambda: "PASSES" in findings(app))
        shown = findings(app)
        assert all(f" {name} " in shown for name in ("W1", "b1", "W2", "b2"))
        assert "3 examples of CIFAR-10, embedded part" in shown


async def test_the_command_follows_the_settings(lab):
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        app.screen.query_one("#method", Select).value = "central"
        app.screen.query_one("#examples", Input).value = "5"
        await pilot.pause()
        assert "gradlab check a2-setting1 --method central --examples 5" in text(app, "verdict")
        assert Select.NULL not in [name for _, name in app.screen.query_one("#target", Select)._options]


async def test_a_file_that_cannot_be_checked_is_said_not_to_be(lab, tmp_path, until):
    (tmp_path / "mine.py").write_text("def build(:\n")
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await app.screen.open_preset("mine.py:build")
        await pilot.press("r")
        await until(pilot, lambda: text(app, "verdict").startswith("NOT CHECKED  mine.py:build"))


async def test_a_failure_is_said_with_the_tensor_and_the_likely_cause(lab, recorded, until):
    recorded(WRONG)
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: "FAILS" in text(app, "verdict"))
        await until(pilot, lambda: "FAILS:" in findings(app))
        assert "W1 fails: W1[0,0]" in findings(app)
        assert "the penalty, or its factor 2?" in " ".join(findings(app).split())


async def test_tensors_are_shown_as_they_are_done_and_the_check_is_stopped(lab, recorded, until):
    check = recorded(RIGHT)
    check.may_end.clear()
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: "checking  a2-setting1: W1, b1 ..." in text(app, "verdict"))
        await until(pilot, lambda: "W1" in findings(app))
        assert "W2" not in findings(app)
        await pilot.press("s")
        assert "stopped  a2-setting1: W1, b1 checked" in text(app, "verdict")
        check.may_end.set()
        await pilot.pause(0.5)
        assert "stopped" in text(app, "verdict")
        await pilot.press("r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        assert len(check.calls) == 2


async def test_what_cannot_be_checked_is_one_line(lab, monkeypatch, until):
    def check(*arguments, **options):
        raise LabError("--examples 99999: there are 2,000 training examples")

    monkeypatch.setattr("tui.screens.check.check", check)
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, lambda: "there are 2,000 training examples" in text(app, "verdict"))


async def test_method_and_examples_reach_the_check(lab, recorded, until):
    check = recorded(RIGHT)
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("f")
        assert app.focused.id == "target"
        app.screen.query_one("#target", Select).value = "a3-3layer-bn"
        app.screen.query_one("#method", Select).value = "central"
        app.screen.query_one("#examples", Input).focus()
        await pilot.press("1", "2", "ctrl+r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        await pilot.press("escape")
        assert app.focused is None
        assert check.calls == [("a3-3layer-bn", "central", 12)]
        app.screen.query_one("#examples", Input).value = "0"
        await pilot.press("r")
        assert "examples = 0: must be a whole number from 1 on" in messages(app)
        assert len(check.calls) == 1


async def test_a_preset_chosen_in_presets_is_opened(lab, recorded, until, starts_in):
    starts_in("presets")
    check = recorded(RIGHT)
    app = lab()
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.focused)
        await pilot.press("down", "down", "c")
        await until(pilot, lambda: app.screen.mode == "check")
        chosen = app.screen.target
        assert chosen != "a2-setting1"
        await pilot.press("r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        assert check.calls == [(chosen, "complex", None)]


async def test_the_check_of_a_report_is_made_as_the_report_did(lab, monkeypatch, until):
    asked = []

    def check_like(name, progress):
        asked.append(name)
        return [report(WRONG, "as printed"), report(RIGHT, "exact")]

    monkeypatch.setattr("tui.screens.check.check_like", check_like)
    monkeypatch.setattr("tui.screens.check.passed", lambda reports: reports[-1].passed)
    app = lab()
    async with app.run_test(size=(120, 60)) as pilot:
        app.screen.query_one("#target", Select).value = "--like a2-setting2"
        await until(pilot, lambda: app.screen.query_one("#method", Select).disabled)
        await pilot.press("r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        assert asked == ["a2-setting2"]
        assert "gradlab check --like a2-setting2" in text(app, "verdict")
        await until(pilot, lambda: "PASSES: exact" in findings(app))
        assert "FAILS: as printed" in findings(app)


def recognised(app):
    """The lines of the list of what was recognised in a file."""
    options = app.screen.query_one("#recognised", OptionList)
    return [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)] if options.display else []


async def test_a_file_is_chosen_checked_and_checked_again_when_it_is_saved(lab, until):
    Path("mine.py").write_text(template())
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_file(pilot, until, "mine.py")
        await until(pilot, lambda: "PASSES  mine.py" in text(app, "verdict"))
        assert "gradlab check mine.py · watching mine.py" in text(app, "verdict")
        assert {line.split()[0]: line.split()[-1] for line in recognised(app)}.items() >= {"relu": "passes"}.items()
        Path("mine.py").write_text(template().replace("dout * (cache", "2 * dout * (cache"))
        await until(pilot, lambda: "FAILS  mine.py" in text(app, "verdict"))
        await until(pilot, lambda: "x fails" in findings(app))
        assert [line for line in recognised(app) if line.endswith("FAILS")] == ["relu  FAILS"]
        newest, oldest = text(app, "saves").splitlines()
        assert oldest == "12:34:56  passes"
        assert newest.startswith("12:34:56  FAILS  1 of ")


async def test_what_is_picked_in_the_list_is_shown_and_enter_checks_it_alone(lab, until):
    Path("mine.py").write_text(template())
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_file(pilot, until, "mine.py")
        await until(pilot, lambda: len(recognised(app)) > 1)
        options = app.screen.query_one("#recognised", OptionList)
        options.focus()
        for at, line in enumerate(recognised(app)):
            options.highlighted = at
            await until(pilot, lambda line=line: f"mine.py:{line.split()[0]}," in findings(app))
        await pilot.press("enter")
        await until(pilot, lambda: f"PASSES  mine.py:{line.split()[0]}" in text(app, "verdict"))
        assert recognised(app) == []
        assert "watching mine.py" in text(app, "verdict")


async def test_watching_is_switched_off_and_on(lab, recorded, until):
    check = recorded(RIGHT)
    Path("mine.py").write_text(template())
    app = lab()
    async with app.run_test() as pilot:
        await app.screen.open_preset("mine.py:relu")
        await until(pilot, lambda: "watching mine.py" in text(app, "verdict"))
        await pilot.press("w")
        await until(pilot, lambda: "watching" not in text(app, "verdict"))
        Path("mine.py").write_text(template() + "\n")
        await pilot.pause(1.0)
        assert check.calls == []
        await pilot.press("w")
        await until(pilot, lambda: "watching mine.py" in text(app, "verdict"))
        await app.screen.open_preset("a2-setting1")
        await until(pilot, lambda: "watching" not in text(app, "verdict"))
        await pilot.press("w")
        assert "only a file can be watched" in messages(app)[-1]


@pytest.mark.parametrize(
    ("content", "message"), [("def f(:\n", "line 1"), ("x = 1\n", "nothing in it that looks like a gradient")]
)
async def test_a_file_with_nothing_to_check_says_so(lab, until, content, message):
    Path("bad.py").write_text(content)
    app = lab()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_file(pilot, until, "bad.py")
        await until(pilot, lambda: "NOT CHECKED  bad.py" in text(app, "verdict"))
        assert message in text(app, "verdict")
        assert recognised(app) == []


async def test_a_long_report_is_scrolled_by_keys(lab, recorded, until):
    recorded(RIGHT * 8)
    app = lab()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("r")
        await until(pilot, lambda: "PASSES" in text(app, "verdict"))
        pane = app.screen.query_one("#findings-scroll")
        await until(pilot, lambda: pane.max_scroll_y > 0)
        await pilot.press("j")
        await until(pilot, lambda: pane.scroll_y > 0)
        await pilot.press("k")
        await until(pilot, lambda: pane.scroll_y == 0)


async def test_leaving_the_app_ends_a_check(lab, recorded, until):
    check = recorded(RIGHT)
    check.may_end.clear()
    app = lab()
    async with app.run_test() as pilot:
        await pilot.press("r")
        await until(pilot, check.told.is_set)
        going = app.screen._checking
        await pilot.press("q")
    assert going.cancelled
    check.may_end.set()
    going._thread.join(20)
    assert going.outcome is None


def looks(*keys, until=""):
    """Press keys in Check once it is to be seen, and wait until the verdict holds that text."""

    async def act(pilot):
        await wait_until(pilot, lambda: pilot.app.painted)
        await pilot.press(*keys)
        await wait_until(pilot, lambda: until in text(pilot.app, "verdict"))

    return act


def test_nothing_checked_yet_looks_as_accepted(lab, snap_compare):
    assert snap_compare(lab(), run_before=looks(), terminal_size=(80, 24))


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["80x24", "160x45", "40x12"])
@pytest.mark.parametrize(
    ("tensors", "theme"), [(RIGHT, "gradlab-light"), (WRONG, "gradlab-dark")], ids=["right", "wrong"]
)
def test_a_check_looks_as_accepted(lab, snap_compare, recorded, size, tensors, theme):
    recorded(tensors)
    app = lab()
    app.theme = theme
    verdict = "PASSES" if tensors is RIGHT else "FAILS"
    assert snap_compare(app, run_before=looks("r", until=verdict), terminal_size=size)


SIZES = [(80, 24), (120, 35), (160, 45)]
COLOURS = ["gradlab-light", "no-colour", "gradlab-dark"]
LOOKS = [*product(COLOURS, SIZES)] if WHOLE else [*zip(COLOURS, SIZES, strict=True)]


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=[f"{theme}-{x}x{y}" for theme, (x, y) in LOOKS])
def test_a_whole_file_looks_as_accepted(lab, snap_compare, monkeypatch, size, theme):
    monkeypatch.setattr("tui.screens.check.check", lambda *arguments, **options: file_report())
    if theme == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    app = lab()
    if theme != "no-colour":
        app.theme = theme

    async def act(pilot):
        await pilot.app.screen.open_preset("mine.py")
        await looks("r", until="FAILS")(pilot)

    assert snap_compare(app, run_before=act, terminal_size=size)


def test_a_check_at_work_looks_as_accepted(lab, snap_compare, recorded):
    recorded(RIGHT).may_end.clear()
    assert snap_compare(lab(), run_before=looks("r", until="W1, b1"), terminal_size=(80, 24))


def test_a_refusal_looks_as_accepted(lab, snap_compare, monkeypatch):
    def check(*arguments, **options):
        raise LabError("--examples 99999: there are 2,000 training examples in CIFAR-10, embedded part")

    monkeypatch.setattr("tui.screens.check.check", check)
    assert snap_compare(lab(), run_before=looks("r", until="there are"), terminal_size=(80, 24))


def test_a_failure_without_colour_looks_as_accepted(lab, snap_compare, recorded, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    recorded(WRONG)
    assert snap_compare(lab(), run_before=looks("r", until="FAILS"), terminal_size=(80, 24))
