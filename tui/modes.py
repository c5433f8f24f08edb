"""The modes of the app, in the order in which the bar on top shows them.

A mode is one entry here and its screen: keys, bar, help, palette and hints are made from the entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.screens.base import ModeScreen


@dataclass(frozen=True)
class Mode:
    """One mode.

    name: what code calls it; key: what opens it; title: what a person calls it; help: what it shows, in a few words;
    screen: its class, as module:class.
    """

    name: str
    key: str
    title: str
    help: str
    screen: str

    def open(self) -> "ModeScreen":
        """A new screen of this mode. Its module is imported here, so the first paint waits for one mode only."""
        module, _, name = self.screen.partition(":")
        screen: Callable[[], ModeScreen] = getattr(import_module(module), name)
        opened = screen()
        opened.mode = self.name
        return opened


MODES = (
    Mode("presets", "1", "Presets", "what to reproduce, and how close you are.", "tui.screens.presets:PresetsScreen"),
    Mode("train", "2", "Train", "one run, with its curves as they grow.", "tui.screens.train:TrainScreen"),
    Mode("check", "3", "Check", "are the gradients right? The lab's, or your own.", "tui.screens.check:CheckScreen"),
    Mode("search", "4", "Search", "many short runs, to find better settings.", "tui.screens.search:SearchScreen"),
    Mode("names", "5", "Names", "where a surname comes from, as you type it.", "tui.screens.names:NamesScreen"),
    Mode("runs", "6", "Runs", "your saved runs, alone or compared.", "tui.screens.runs:RunsScreen"),
)
KEYS = f"{MODES[0].key}-{MODES[-1].key}"  # as a hint names them


def key_of(name: str) -> str:
    """The key that opens a mode. Raises KeyError if there is no mode of this name."""
    return {mode.name: mode.key for mode in MODES}[name]
