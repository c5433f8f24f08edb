"""A search as the app sees it: its state, and its thread."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import resource_tracker
from pathlib import Path

from data.dataset import short_label
from data.sources import Variant
from lab.errors import LabError
from lab.search.noise import Noise, noise
from lab.search.result import TrialRow
from lab.search.search import Search, settings_of
from lab.search.store import all_searches
from presets.errors import PresetError
from presets.schema import Preset

ENDED = ("done", "stopped", "failed")


class ShownSearch:
    """What is known of a search: its trials that have ended, in any order.

    phase: 'loading', 'running', and then one of ENDED.
    """

    def __init__(
        self,
        preset: Preset,
        phase: str,
        variant: Variant | None = None,
        rows: Sequence[TrialRow] = (),
        target: str | None = None,
    ) -> None:
        """target: FILE:NAME of code of the user's that is trained in the place of the preset's network."""
        self.preset, self.target = preset, target
        self.phase = phase
        self.variant = variant  # of the data; None while they are loaded
        self.rows: Sequence[TrialRow] = rows
        self.error: Exception | None = None
        self.noise: Noise | None = None  # of one trial, by its seed alone, as far as that was measured

    def going(self) -> dict[int, Path]:
        """The run directories of the trials that are being trained, by number."""
        return {}

    @property
    def data(self) -> str:
        """The data set, and how much of it; nothing while it is loaded."""
        return short_label(self.preset.data.set, self.variant) if self.variant else ""

    @property
    def trials(self) -> int:
        """How many trials there are to be."""
        settings = settings_of(self.preset)
        return settings.trials or settings.combinations

    @property
    def ended(self) -> bool:
        """Is nothing more to come?"""
        return self.phase in ENDED

    @property
    def seconds_left(self) -> float | None:
        """Until the last trial ends, as far as that is known."""
        return None

    @property
    def to_go_on(self) -> str:
        """The command that continues the search."""
        return ""

    def stop(self) -> None:
        """End what is going."""


class SearchThread(ShownSearch):
    """A search in a thread of its own. `begin` loads the data and gives the Search; `compute` is held while it works.

    The thread replaces `rows` when a trial has ended; the app reads.
    """

    def __init__(
        self,
        preset: Preset,
        begin: Callable[[], Search],
        compute: threading.Lock,
        command: str,
        target: str | None = None,
    ) -> None:
        super().__init__(preset, "loading", target=target)
        self.command = command
        self.search: Search | None = None
        self._begin = begin
        self._compute = compute
        self._stopped = False
        self._since = 0.0
        self._thread = threading.Thread(target=self._work, name="gradlab-search")

    def start(self) -> None:
        """Begin, in the thread."""
        self._thread.start()

    def going(self) -> dict[int, Path]:
        """Those that have begun and not ended."""
        if self.search is None or self.ended:
            return {}
        ended, store = {row["trial"] for row in self.rows}, self.search.store
        folders = {number: store.trial(number) for number in range(1, self.trials + 1) if number not in ended}
        return {number: folder for number, folder in folders.items() if (folder / "metrics.csv").exists()}

    @property
    def to_go_on(self) -> str:
        """The command that continues the search; empty if it had not begun."""
        return self.command if self.search else ""

    @property
    def seconds_left(self) -> float | None:
        """Until the last trial ends, at the pace of this session; None before one has ended."""
        if self.search is None or self.ended or (new := len(self.rows) - self.search.taken_up) == 0:
            return None
        return (time.perf_counter() - self._since) / new * (self.trials - len(self.rows))

    def stop(self) -> None:
        """End soon, keeping every trial; do not wait for it."""
        self._stopped = True
        if self.search:
            self.search.stop()

    def _work(self) -> None:
        try:
            # Multiprocessing hands our stderr to the process that looks after its resources; the app's is no file.
            with contextlib.redirect_stderr(sys.__stderr__):
                resource_tracker.ensure_running()
            with self._compute:
                self._search()
        except Exception as error:  # whatever it is, the app lives on and says it
            self.error, self.phase = error, "failed"

    def _search(self) -> None:
        search = self._begin()
        self.preset, self.variant = search.preset, search.variant  # refining makes a preset of its own
        self._since = time.perf_counter()
        self.search = search
        self._take()
        if self._stopped:
            search.close()
        else:
            self.phase = "running"
            search.run(lambda row: self._take())
        self.noise = noise(self.preset, self.variant, self.rows, search.store.path.parent)
        self.phase = "done" if search.done else "stopped"

    def _take(self) -> None:
        if self.search:
            self.rows = list(self.search.rows.values())


def family(preset: Preset) -> str:
    """The name of a preset, also of one that searches a finer range of it."""
    return preset.name.removesuffix("-refined")


def newest(runs: Path, preset: Preset, target: str | None = None) -> ShownSearch | None:
    """The newest finished search of a preset, or of a finer range of it, with its own network or with FILE:NAME; what
    cannot be read is passed over."""
    file, _, name = (target or "").rpartition(":")
    wanted = (Path(file).resolve(), name) if target else None
    for store in reversed(all_searches(runs)):
        try:
            kept, state, result, code = store.preset(), store.state(), store.result(), store.code()
        except (LabError, PresetError):
            continue
        own = (code.file, code.name) if code else None
        if result is not None and family(kept) == preset.name and own == wanted:
            shown = ShownSearch(kept, "done", state["variant"], result["trials"], target)
            if len(shown.rows) < shown.trials:  # more were asked for, and not all of them have ended
                shown.phase = "stopped"
            shown.noise = noise(kept, state["variant"], result["trials"], runs)
            return shown
    return None
