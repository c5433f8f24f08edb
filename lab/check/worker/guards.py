"""What a student's file must not do while it is loaded: ask, start processes, use the network, change files."""

import argparse
import builtins
import io
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .stubs import Stub
from .territory import STANDARD, own

REFUSED = {  # audit events of Python, see its table of audit events
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.exec": "becomes another program",
    "os.kill": "ends a process",
    "socket.connect": "opens a connection",
    "socket.bind": "opens a connection",
    "socket.getaddrinfo": "opens a connection",
    "socket.gethostbyname": "opens a connection",
    "urllib.Request": "downloads something",
    "webbrowser.open": "opens a browser",
    "os.mkdir": "makes a folder",
    "os.remove": "deletes a file",
    "os.rmdir": "deletes a folder",
    "os.rename": "renames a file",
    "os.truncate": "changes a file",
    "os.link": "makes a link",
    "os.symlink": "makes a link",
    "os.chmod": "changes a file",
    "shutil.rmtree": "deletes a folder",
    "shutil.move": "moves a file",
}
TEXT = "hello world\nold hero\nlower hole\n" * 20  # stands in for a text to learn that is not there
_EXIT = os._exit
WRITES = os.O_WRONLY | os.O_RDWR


class RefusedError(OSError):
    """The message says what the file was about to do."""


class AskedError(EOFError):
    """The file asks for input."""


class Guard:
    """Refuses while `active`. Only what the student's own code does: an installed package may write its cache."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.active, self._note = True, note
        sys.addaudithook(self._audit)
        builtins.input = _ask
        self._open, builtins.open = open, self._open_or_stand_in
        argparse.ArgumentParser.parse_args = _parse_args  # type: ignore[method-assign, assignment]
        self._process, os._exit = os.getpid(), self._exit

    def _exit(self, status: int) -> NoReturn:
        """What ends a process at once ends those that the file starts, and not the one that answers."""
        if os.getpid() != self._process:
            _EXIT(status)
        raise SystemExit(status)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        what = REFUSED.get(event)
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES and arguments[0] != os.devnull:
            what = "writes a file"
        if what is not None and _student(sys._getframe(1)):
            raise RefusedError(what)

    def _open_or_stand_in(self, file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        """open(); a short text where a student's file reads a text that is not there."""
        try:
            return self._open(file, mode, *given, **named)
        except FileNotFoundError:
            if not self.active or mode not in ("r", "rt") or not str(file).endswith(".txt"):
                raise
            if not _student(sys._getframe(1)):
                raise
            self._note(f"{Path(file).name} is not there: a short text stands in for it")
            return io.StringIO(TEXT)


def _student(frame: types.FrameType | None) -> bool:
    """Is it the student's code that does this, itself or through the standard library?"""
    while frame is not None and (frame.f_code.co_filename.startswith((*STANDARD, __file__)) or _frozen(frame)):
        frame = frame.f_back
    return frame is not None and own(frame.f_code.co_filename)


def _frozen(frame: types.FrameType) -> bool:
    return frame.f_code.co_filename.startswith("<frozen")


def _ask(prompt: object = "") -> NoReturn:
    raise AskedError("the file asks for input")


_PARSE_ARGS = argparse.ArgumentParser.parse_args


def _parse_args(parser: argparse.ArgumentParser, *given: Any) -> Any:
    """Arguments that must be given are not; the others have their defaults."""
    for action in parser._actions:
        if action.required:
            action.required = False
            action.default = Stub(action.dest, "a check gives the file no arguments")
    return _PARSE_ARGS(parser, *given)
