"""What the command palette finds besides commands: presets, which open in Train, and saved runs, which open in Runs."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from lab.library.own_presets import files
from lab.runs.saved import TIME
from lab.runs.store import all_runs
from presets.errors import PresetError
from presets.load import load, names

if TYPE_CHECKING:
    from tui.app import GradlabApp


class Openings(Provider):
    """Presets by name and title, runs by name."""

    async def startup(self) -> None:
        """What there is, by what is typed to find it: the mode, what it opens, a word of help."""
        self._there: dict[str, tuple[str, str, str]] = {}
        for name in [*names(), *map(str, files(Path()))]:
            try:
                self._there[f"{name}: {load(name).title}"] = ("train", name, "Open the preset in Train")
            except PresetError:
                continue  # Presets says what is wrong with it
        for store in reversed(all_runs(self._lab.runs)):
            name = store.path.name
            self._there[f"{TIME.sub('', name)} of {name[:15]}"] = ("runs", str(store.path), "Show the run in Runs")

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for text, (mode, what, help) in self._there.items():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), partial(self._lab.open_preset, mode, what), help=help)

    async def discover(self) -> Hits:
        """All presets, before anything is typed."""
        for text, (mode, what, help) in self._there.items():
            if mode == "train":
                yield DiscoveryHit(text, partial(self._lab.open_preset, mode, what), help=help)

    @property
    def _lab(self) -> "GradlabApp":
        return cast("GradlabApp", self.app)
