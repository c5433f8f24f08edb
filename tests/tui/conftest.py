"""The app with everything pinned that a screen could depend on: paths, settings, data, environment, cursors."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest
from textual._wait import wait_for_idle
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.widgets import Input, Static

from core.optimisers import SGD
from lab.library.own_presets import save
from presets.load import load
from tests.sizes import size
from tui.app import GradlabApp, keep
from tui.widgets.text import Fitted

PATIENCE = 30  # seconds until a test that waits for another thread fails
THEMES = ["gradlab-dark", "gradlab-light"][: size(1, 2)]  # one in make test: a theme moves nothing
SMALL = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=7", "n_s=5", "cycles=2"]


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch, tmp_path):
    """No data, runs, settings or colours of whoever runs the tests."""
    for name in [*os.environ]:
        ours = name.startswith("TEXTUAL") and not name.startswith("TEXTUAL_SNAPSHOT")  # that is the fixture's own
        if ours or name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "GRADLAB_RUNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "no-data"))
    monkeypatch.setattr("tui.screens.presets.REST", 1e9)  # no times that differ from machine to machine
    monkeypatch.setattr("tui.screens.check.clock", lambda: "12:34:56")
    monkeypatch.setattr("textual.notifications.Notification.time_left", 1e6)  # however slow the machine is
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Input.__dict__["cursor_blink"], "_default", False)


@pytest.fixture(autouse=True, scope="session")
def _a_stylesheet_is_read_once():
    """Every app reads the same rules again: a tenth of the time of these tests."""
    rules = dict[object, object]()
    parsed = Stylesheet._parse_rules

    def known(self, *arguments, **keywords):
        key = (arguments, *keywords.items(), *self._variables.items())
        if key not in rules:
            rules[key] = parsed(self, *arguments, **keywords)
        return rules[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", known)
        yield


@pytest.fixture
def lab(tmp_path) -> Iterator[Callable[..., GradlabApp]]:
    """An app on runs of its own: lab(preset="a2-setting1")."""

    def lab(**options) -> GradlabApp:
        app = GradlabApp(**{"runs": tmp_path / "runs", "threads": 1, **options})
        app.animation_level = "none"
        apps.append(app)
        return app

    apps: list[GradlabApp] = []
    yield lab
    for app in apps:  # no thread outlives its test
        keep(app)


@pytest.fixture
def starts_in(monkeypatch) -> Callable[[str], None]:
    """Let apps show a mode from the start, without the way there: starts_in("runs")."""
    return partial(monkeypatch.setattr, GradlabApp, "DEFAULT_MODE")


@pytest.fixture
def small(tmp_path) -> str:
    """A preset that trains in a moment, as a file: mine.toml."""
    save(load("a2-setting1", SMALL), tmp_path / "mine.toml")
    return "mine.toml"


@pytest.fixture
def unhurried(monkeypatch) -> None:
    """A training rests after each update, so that a test waits for it and not for the processor."""
    update = SGD.update

    def update_and_rest(*arguments):
        update(*arguments)
        time.sleep(0.002)

    monkeypatch.setattr(SGD, "update", update_and_rest)


@pytest.fixture
def long(tmp_path, monkeypatch, unhurried) -> str:
    """A preset whose training goes on until it is stopped: long.toml."""
    for module in ("app", "pilot"):  # a pilot waits a second at most for an idle process; there will be none
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", partial(wait_for_idle, max_sleep=0.1))
    save(load("a2-setting1", [*SMALL, "updates=100000000"]), tmp_path / "long.toml")
    return "long.toml"


def text(app: GradlabApp, id: str) -> str:
    """What a text of the screen says, at the width it has."""
    widget = app.screen.query_one(f"#{id}", Static)
    shown = widget.render()
    return str(shown.text(widget.content_size.width) if isinstance(shown, Fitted) else shown)


async def wait_until(pilot: Pilot, condition: Callable[[], object]) -> None:
    """Wait for something that happens by itself; AssertionError if it does not."""
    for _ in range(PATIENCE * 50):
        if condition():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} seconds in vain")


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait for something another thread does: await until(pilot, lambda: app.training.ended)."""
    return wait_until
