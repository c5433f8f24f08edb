"""The progress of a run: one live line on a terminal, a few plain lines elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.trainer import Snapshot

REFRESH_SECONDS = 0.1
PLAIN_LINES = 10
ROOM_FOR_A_BAR = 110  # columns


class TrainingProgress:
    """A subscriber to the snapshots of a run. The bar is shown inside `with progress.bar`."""

    def __init__(self, console: Console, name: str, start: int, updates: int) -> None:
        self._console = console
        self._updates = updates
        self._start = start
        self._began = time.perf_counter()
        self._shown = 0.0
        self._tenth = start * PLAIN_LINES // updates
        self._measures = ""
        ornaments = (
            [TextColumn(name, markup=False), BarColumn(bar_width=None)] if console.width >= ROOM_FOR_A_BAR else []
        )
        self.bar = Progress(
            *ornaments,
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            expand=True,
        )
        self._task = self.bar.add_task(name, total=updates, completed=start, numbers="")

    def __call__(self, snapshot: Snapshot) -> None:
        """Show a snapshot, unless one was shown a moment ago."""
        if snapshot.evaluations:
            train, validation = snapshot.evaluations["train"], snapshot.evaluations["validation"]
            self._measures = (
                f"loss {train.loss:.2f}/{validation.loss:.2f} acc {train.accuracy:.1%}/{validation.accuracy:.1%}"
            )
            self._plain(snapshot)
        now = time.perf_counter()
        if now - self._shown > REFRESH_SECONDS:
            self._shown = now
            self.bar.update(self._task, completed=snapshot.update, numbers=self._numbers(snapshot, now))

    def _numbers(self, snapshot: Snapshot, now: float) -> str:
        rate = (snapshot.update - self._start) / (now - self._began)
        return f"epoch {snapshot.epoch:.1f} eta {snapshot.eta:.2g} {self._measures} {rate:,.0f}/s"

    def _plain(self, snapshot: Snapshot) -> None:
        tenth = snapshot.update * PLAIN_LINES // self._updates
        if self._console.is_terminal or tenth == self._tenth:
            return
        self._tenth = tenth
        self._console.print(
            f"update {snapshot.update:,} of {self._updates:,}  epoch {snapshot.epoch:.1f}  eta {snapshot.eta:.3g}  "
            f"train/validation {self._measures}",
            highlight=False,
            soft_wrap=True,
        )
