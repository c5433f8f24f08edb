"""The app: its modes (tui/modes.py), and what they share."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from textual import events, on
from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input
from textual.widgets.input import Selection

from lab.drawing.look import Look
from lab.machine import cores
from lab.terminal import ENDING
from lab.visible import visible
from tui import modes
from tui import settings as user_settings
from tui.controls import VisibleControls
from tui.driver import outlive_wrong_bytes, terminal_as_it_is
from tui.screens.base import ModeScreen
from tui.screens.help import HelpScreen
from tui.screens.jump import JumpScreen
from tui.screens.settings import SettingsScreen
from tui.theme import THEMES, look

if TYPE_CHECKING:
    from tui.searching import SearchThread
    from tui.training import ShownRun, TrainingThread

INTERRUPTED = 130
# The thread that trains lets go of the interpreter in every product and waits for it after each: by Python's own 5 ms
# of patience, drawing would stop it for as long as a drawing takes.
SWITCH_SECONDS = 0.0002
CONTROLS = VisibleControls()
KEY_SECONDS = 1.0  # that a key waits for the one before it, if that one's way ended in a widget that is gone
HINT = f"{modes.KEYS} change the mode, ? shows every key, ctrl+p finds every command."


def openings() -> type[Provider]:
    """What the palette finds besides commands; imported when it is opened."""
    from tui.palette import Openings

    return Openings


class KeyDone(Message):
    """Follows a key through the widgets that may take it, and reaches the app behind it."""

    def __init__(self, key: events.Key) -> None:
        super().__init__()
        self.key = key


class GradlabApp(App[None]):
    """runs: where runs are kept; preset: what Train opens with; settings_path: None keeps no settings."""

    TITLE = "Gradlab"
    CSS_PATH = "styles/app.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {mode.name: mode.open for mode in modes.MODES}
    DEFAULT_MODE = modes.MODES[0].name
    COMMANDS: ClassVar[set[object]] = {*App.COMMANDS, openings}  # type: ignore[assignment]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                mode.key,
                f"mode('{mode.name}')",
                mode.title,
                show=False,
                id=f"mode.{mode.name}",
                tooltip=f"{mode.title}: {mode.help}",
            )
            for mode in modes.MODES
        ),
        Binding("question_mark", "help", "Help", key_display="?", id="app.help", tooltip="The keys and what they do."),
        Binding("f1", "help", "Help", id="app.help_in_a_field", tooltip="The keys, where ? is text."),
        Binding(
            "comma", "settings", "Settings", show=False, key_display=",", id="app.settings",
            tooltip="Theme, colours and markers of curves, refresh rate.",
        ),
        Binding(
            "g,ctrl+g", "jump", "Go to", show=False, id="app.jump",
            tooltip="Label everything that can take the focus with a letter; ctrl+g does it from a field, too.",
        ),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave; a run is saved and can be resumed."),
        Binding(
            "ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend",
            tooltip="Back to the shell; fg returns. A run waits meanwhile.",
        ),
        Binding(
            "ctrl+c", "interrupt", "Quit", show=False, id="app.interrupt", priority=True,
            tooltip="Leave at once; a run is saved. Where text is selected, the first press copies it.",
        ),
    ]  # fmt: skip

    def __init__(
        self,
        runs: Path = Path("runs"),
        preset: str | None = None,
        settings_path: Path | None = None,
        threads: int | None = None,
    ) -> None:
        if preset is not None:
            self.DEFAULT_MODE = "train"  # type: ignore[misc]
        super().__init__()
        self._sent_to: WeakKeyDictionary[events.Key, object] = WeakKeyDictionary()  # what had the focus at each key
        self._key: events.Key | None = None  # on its way through the widgets
        self._typed: deque[events.Key] = deque()  # after it
        self.runs = runs
        self.preset = preset
        self.threads = threads or cores()
        self.settings_path = settings_path
        self._collects_late = not gc.isenabled()  # the command has stopped it until the first paint
        self.painted = False  # has the first screen been painted? slow work waits for it
        self.compute = threading.Lock()  # held by whatever trains or measures: one at a time has the cores
        self.training: ShownRun | None = None  # what Train shows, the last one that was started
        self.searching: SearchThread | None = None  # the last search that was started
        self.settings, self._complaint = (
            user_settings.load(settings_path) if settings_path else (user_settings.AppSettings(hint_seen=True), "")
        )
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.settings.theme if self.settings.theme in self.available_themes else THEMES[0].name

    def get_default_screen(self) -> Screen[None]:
        raise NotImplementedError("there is a mode from the start")  # pragma: no cover

    def clear_selection(self) -> None:
        """Clear what is selected: nothing, before there is a screen."""
        # from Python 3.12 on a field of the first screen asks that early (https://github.com/Textualize/textual/issues/6444)
        with contextlib.suppress(ScreenStackError):
            super().clear_selection()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way to the terminal."""
        return [*super().get_line_filters(), CONTROLS]

    def on_mount(self) -> None:
        """Listen to signals; say the first-run hint."""
        self.theme_changed_signal.subscribe(self, lambda theme: self._keep_theme(theme.name))
        # the terminal shows nothing after fg: Textual draws again only at another size
        self.app_resume_signal.subscribe(self, lambda app: app.refresh(layout=True))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self.leave)
            except NotImplementedError:  # on Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.leave))
        if self._complaint:
            self.notify(self._complaint, severity="warning", markup=False)
        if not self.settings.hint_seen:
            self.notify(HINT, title="Welcome", timeout=12, markup=False)
            self.change_settings(hint_seen=True)

    async def on_event(self, event: events.Event) -> None:
        """One key after another: each goes to what has the focus when all before it are done. Otherwise what is typed
        fast upon one that opens or leaves a field would go to where the focus was before."""
        if not isinstance(event, events.Key):
            await super().on_event(event)
        elif event.is_forwarded:
            await self._came_back(event)
        elif self._key is None:
            await self._send(event)
        else:
            self._typed.append(event)
            self.set_timer(KEY_SECONDS, partial(self._done, self._key))

    async def _send(self, key: events.Key) -> None:
        place = self.focused or self.screen
        self._sent_to[key] = place
        await super().on_event(key)
        if key.is_forwarded and place.post_message(KeyDone(key)):
            self._key = key

    async def _came_back(self, key: events.Key) -> None:
        """No widget took it: it is a command, or, where the focus has moved meanwhile, not yet."""
        if self._sent_to.pop(key, None) in (None, self.focused or self.screen):
            await super().on_event(key)
            await self._done(key)
        else:
            await self._send(events.Key(key.key, key.character))

    @on(KeyDone)
    async def _taken(self, event: KeyDone) -> None:
        await self._done(event.key)

    async def _done(self, key: events.Key) -> None:
        """Send what was typed after it."""
        if key is self._key:
            self._key = None
            while self._key is None and self._typed:
                await self._send(self._typed.popleft())

    def on_ready(self) -> None:
        """Do what the first paint did not wait for."""
        self.call_after_refresh(self._after_first_paint)

    def _after_first_paint(self) -> None:
        self.painted = True
        self.settle()

    def settle(self) -> None:
        """What there is by now stays. To look through it for garbage would keep a key or a training waiting."""
        if self._collects_late:
            gc.freeze()
            gc.enable()

    # What modes use

    async def open_preset(self, mode: str, preset: str) -> None:
        """Go to a mode and show a preset (a name or a path) there."""
        await self.switch_mode(mode)
        if isinstance(self.screen, ModeScreen):
            await self.screen.open_preset(preset)

    def train(self, training: "TrainingThread") -> None:
        """Start a training. Stops and saves the current training or search first."""
        self.stop_work()
        self.training = training
        training.start()

    def search(self, searching: "SearchThread") -> None:
        """Start a search. Stops and saves the current training or search first."""
        self.stop_work()
        self.searching = searching
        searching.start()

    def stop_work(self) -> None:
        """Let a training or a search that is going end before the next update."""
        for work in (self.training, self.searching):
            if work is not None and not work.ended:
                work.stop()

    @property
    def look(self) -> Look:
        """How plots are drawn, as the user likes them."""
        return look(self.current_theme, self.settings.colours, self.settings.markers)

    def change_settings(self, **changes: object) -> None:
        """Take on settings and keep them."""
        for name, value in changes.items():
            setattr(self.settings, name, value)
        if self.settings.theme != self.theme:
            self.theme = self.settings.theme
        if self.settings_path is not None:
            try:
                user_settings.save(self.settings, self.settings_path)
            except OSError as error:
                self.notify(f"{self.settings_path}: {error.strerror or error}", severity="warning", markup=False)
        for screen in self.screen_stack:
            if isinstance(screen, ModeScreen):
                screen.settings_changed()

    def _keep_theme(self, theme: str) -> None:
        if theme != self.settings.theme:
            self.change_settings(theme=theme)

    # Actions

    def action_mode(self, mode: str) -> None:
        """Show a mode."""
        if mode != self.current_mode:
            self.switch_mode(mode)

    def action_help(self) -> None:
        """Show the keys that work here."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen.active_bindings))

    def action_settings(self) -> None:
        """Show the settings."""
        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen())

    def action_jump(self) -> None:
        """Label what can take the focus, and give it to what is chosen."""
        below = self.screen
        if isinstance(below, ModeScreen):
            self.push_screen(JumpScreen(below), lambda place: below.set_focus(place) if place else None)

    def action_interrupt(self) -> None:
        """Copy what is selected; where nothing is, leave."""
        if text := self._selected():
            self.copy_to_clipboard(text)
            self.notify("copied; ctrl+c again leaves", markup=False)
        else:
            self.leave()

    def _selected(self) -> str:
        """The text that is selected, which then is selected no more."""
        field = self.focused
        if isinstance(field, Input) and (text := field.selected_text):
            field.selection = Selection.cursor(field.cursor_position)
            return text
        text = self.screen.get_selected_text() or ""
        self.screen.clear_selection()
        return text

    def leave(self) -> None:
        """As after ctrl+c or a signal that ends programs."""
        self.exit(return_code=INTERRUPTED)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every binding that has an id is a command of the palette, too; besides, Textual's themes and screenshot."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id and active.enabled and binding.description:
                action = f"{binding.action}"
                yield SystemCommand(
                    binding.description,
                    f"{binding.tooltip} ({self.get_key_display(binding)})",
                    lambda action=action, node=active.node: self.run_action(action, node),
                )
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Screenshot", "Maximize", "Minimize"):
                yield command


def main(preset: str | None = None, runs: Path = Path("runs")) -> int:
    """Run the app on this terminal; the exit code."""
    # A training brings its own threads, and a guess at a name would only wait for a second one. OpenBLAS reads this as
    # NumPy and SciPy load it, after the first paint; threadpoolctl would let no thread but this one set a limit.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app = GradlabApp(runs, preset, user_settings.default_path())
    give_back = terminal_as_it_is()

    def hang_up(*_: object) -> None:
        """The terminal is gone, and Textual's writer thread with it, so Textual could wait for ever."""
        keep(app)
        give_back()
        os._exit(INTERRUPTED)

    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, hang_up)
    outlive_wrong_bytes(app)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        app.run()
    finally:
        for number in ENDING[1:]:
            signal.signal(number, signal.SIG_IGN)  # while the run is kept; ctrl+c still ends the wait
        keep(app)
    return app.return_code or 0


def keep(app: GradlabApp) -> None:
    """Wait until the current run or search is saved, and print the command that continues it."""
    going = [work for work in (app.training, app.searching) if work is not None and not work.ended]
    app.stop_work()
    for thread in threading.enumerate():
        if thread.name in ("gradlab-training", "gradlab-search"):
            thread.join()
    for command in filter(None, [work.to_go_on for work in going]):
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(visible(f"saved; continue with: {command}"))
