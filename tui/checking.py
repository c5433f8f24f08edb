"""A gradient check as the app sees it: its results so far, and its thread."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from core.gradcheck.check import Progress, TensorReport
from lab.check.check import Report
from lab.check.student import Began
from lab.check.watch import saves


class CancelledError(Exception):
    """The user stopped the check."""


class CheckThread:
    """A check in a thread of its own. `work` makes the check; it calls the progress it is given for every tensor, and
    tells what it is given besides how a student's file can be ended.

    The thread appends to `tensors` and sets `outcome` (the reports, and whether they say that the gradients are right)
    or `error` when it ends; the app reads.
    """

    def __init__(self, target: str, work: Callable[[Progress, Began], tuple[Sequence[Report], bool]]) -> None:
        self.target = target
        self.tensors: list[TensorReport] = []
        self.outcome: tuple[Sequence[Report], bool] | None = None
        self.error: Exception | None = None
        self.cancelled = False
        self._work = work
        self._end: Callable[[], object] = lambda: None
        # a student's file may take its time to answer: nobody who leaves the app waits for it
        self._thread = threading.Thread(target=self._run, name="gradlab-check", daemon=True)

    def start(self) -> None:
        """Begin, in the thread."""
        self._thread.start()

    def cancel(self) -> None:
        """End it: a student's file at once, a network of ours after the tensor it is at. Nobody
        asks for its outcome any more."""
        self.cancelled = True
        self._end()

    @property
    def ended(self) -> bool:
        """Is the check over?"""
        return self.cancelled or self.outcome is not None or self.error is not None

    def _run(self) -> None:
        try:
            self.outcome = self._work(self._note, self._began)
        except CancelledError:
            pass
        except Exception as error:  # whatever it is, the app lives on and says it
            self.error = error

    def _began(self, end: Callable[[], object]) -> None:
        self._end = end
        if self.cancelled:
            end()

    def _note(self, tensor: TensorReport) -> None:
        if self.cancelled:
            raise CancelledError
        self.tensors.append(tensor)


class Saves:
    """Counts how often a file is saved, in a thread of its own, until it is stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="gradlab-saves", daemon=True).start()

    def stop(self) -> None:
        """Count no more."""
        self._stop.set()

    def _run(self) -> None:
        for _ in saves(self.path, self._stop):
            self.count += 1
