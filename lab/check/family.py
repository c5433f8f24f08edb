"""The processes that a student's file began, whatever they did to get away: another session, a parent that has ended,
another environment."""

import os
import signal
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

MARK = "GRADLAB_CHECK"  # a variable that every process hands on to those it begins
PATIENCE = 2.0  # seconds to look for processes that begin others while they are ended
KILLED = -9  # the exit code of a process that was killed
PROC = Path("/proc")


def end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """Kill a process that leads a group, and all that came from it.

    On Linux also those that left the group: they are children of its children, or carry the mark. Elsewhere only the
    group can be found, and on Windows the children.
    """
    if not hasattr(os, "killpg"):
        with suppress(OSError):
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        process.kill()
        return
    children = _descendants(process.pid)  # before their parent is gone, who holds them together
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    _kill(children)
    until = time.monotonic() + PATIENCE
    while (left := _marked(mark)) and time.monotonic() < until:
        _kill(left)
        time.sleep(0.005)


def _kill(numbers: list[int]) -> None:
    for number in numbers:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)


def _descendants(number: int) -> list[int]:
    """The processes below one."""
    below: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            _, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            below[int(parent)].append(int(path.parent.name))
    found, look = [], [number]
    while look:
        children = below.pop(look.pop(), [])
        found += children
        look += children
    return found


def _marked(mark: str) -> list[int]:
    """The processes with this mark in their environment; those that have ended and are not yet waited for have none."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for path in PROC.glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found
