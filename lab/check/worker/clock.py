"""The time that code of a student's may take: the top level of a file, or one call."""

import signal
import sys
import time
import types
from collections.abc import Callable
from typing import Any, TypeVar

AGAIN = 0.02  # seconds until code that caught the interruption is interrupted again
SHORT = 0.2  # seconds one statement may take when the time is over
GRACE = 1.0  # seconds they may take together
WAITING = 3.0  # seconds on the wall that count as one: a busy machine is no reason to stop, a sleep is


T = TypeVar("T")


class TooLongError(BaseException):
    """The time is over. Not an Exception, which a student's handlers would catch."""


class Clock:
    """Seconds of processor time that statements may take in all, counted while it is switched on. When they are over,
    TooLongError is raised in them: in pure Python and in whatever looks at signals. Where that does not help the
    process's parent ends it. waits: do WAITING seconds on the wall count as one?"""

    def __init__(self, seconds: float, waits: bool = True) -> None:
        self.seconds = self._left = seconds
        self._waits = waits
        self.over = seconds <= 0
        self._counts, self._since, self._rings = False, (0.0, 0.0), 0
        if hasattr(signal, "setitimer"):  # not on Windows: there only the parent ends it
            signal.signal(signal.SIGALRM, self._ring)
            signal.signal(signal.SIGPROF, self._ring)

    def switch(self, counts: bool, definition: bool = False) -> bool:
        """Count from here on, or do not; what was so before. A definition has a short time even if all is over."""
        before, now = self._counts, (time.process_time(), time.monotonic())
        if before:
            waited = (now[1] - self._since[1]) / WAITING if self._waits else 0.0
            self._left -= max(now[0] - self._since[0], waited)
        if self._rings > 1:  # what is traced is done
            sys.settrace(None)
        self._counts, self._since, self._rings = counts, now, 0
        wait = self._left
        if self.over:
            wait = SHORT if definition else min(wait, SHORT)
        if hasattr(signal, "setitimer"):
            wait = max(wait, 0.001) if counts else 0.0
            signal.setitimer(signal.ITIMER_PROF, wait, AGAIN)
            if self._waits:
                signal.setitimer(signal.ITIMER_REAL, WAITING * wait, AGAIN)
        return before

    def _ring(self, signal_number: int, frame: types.FrameType | None) -> None:
        if frame is None or frame.f_globals.get("__package__") == __package__:
            return  # in our own code: when it rings again
        if not self.over:
            self.over = True
            self._left += GRACE
        self._rings += 1
        if self._rings > 1:  # the file catches whatever is raised: raise at its next line, too
            sys.settrace(self._raise)
            while frame is not None and frame.f_globals.get("__package__") != __package__:
                frame.f_trace = self._raise
                frame = frame.f_back
        raise TooLongError

    def _raise(self, frame: types.FrameType, event: str, argument: object) -> Any:
        if frame.f_globals.get("__package__") == __package__:
            return None
        if event != "line":  # while what was raised is still on its way to a handler
            return self._raise
        sys.settrace(None)
        raise TooLongError


def bounded(call: Callable[[], T], seconds: float) -> T | None:
    """What a call gives; None if it takes more than these seconds of processor time."""
    clock = Clock(seconds, waits=False)
    try:
        clock.switch(True)
        return call()
    except TooLongError:
        return None
    finally:
        clock.switch(False)
