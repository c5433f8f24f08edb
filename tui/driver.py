"""The terminal below Textual: what Textual's drivers leave out."""

import contextlib
import os
import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable
from typing import Any

from textual.app import App

# Off: the alternate screen, the mouse, focus and paste reports, the keyboard protocol. On: the cursor.
PLAIN = b"\x1b[?1049l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?25h"


def outlive_wrong_bytes(app: App[Any]) -> None:
    """Let bytes that are no UTF-8 come in as U+FFFD: old mouse reports hold such, and Latin-1 letters.

    Textual's drivers decode strictly, and one wrong byte ends the app.
    """

    def forgiving(encoding: str) -> Callable[[], IncrementalDecoder]:
        return lambda: getincrementaldecoder(encoding)("replace")

    setattr(sys.modules[app.driver_class.__module__], "getincrementaldecoder", forgiving)  # noqa: B010


def terminal_as_it_is() -> Callable[[], None]:
    """What puts the terminal back to what it is now, for an end at which Textual cannot."""
    if not os.isatty(0) or os.name != "posix":
        return lambda: None
    import termios

    before = termios.tcgetattr(0)

    def give_back() -> None:
        with contextlib.suppress(OSError, termios.error):  # it may be gone
            os.write(2, PLAIN)
            termios.tcsetattr(0, termios.TCSANOW, before)

    return give_back
