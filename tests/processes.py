"""Which processes are there (Linux)?"""

import time
from collections.abc import Iterable
from pathlib import Path


def state(number: int) -> tuple[str, int]:
    """(state, parent) of a process, ("", 0) of one that is gone."""
    try:
        letter, parent = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    except OSError:
        return "", 0
    return letter, int(parent)


def alive(number: int) -> bool:
    """Is there a process of this number, and no zombie?"""
    return state(number)[0] not in ("", "Z")


def children(number: int) -> list[int]:
    """The processes that a process has started."""
    everybody = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [one for one in everybody if state(one)[1] == number]


def left(numbers: Iterable[int], seconds: float = 10.0) -> list[int]:
    """Wait until these processes are gone, at most this number of seconds; those that are not."""
    until = time.monotonic() + seconds
    while (there := [*filter(alive, numbers)]) and time.monotonic() < until:
        time.sleep(0.02)
    return there
