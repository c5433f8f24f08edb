"""Which processes are there (Linux)?"""

import time
from collections.abc import Iterable
from pathlib import Path


def alive(number: int) -> bool:
    """Is there a process of this number, and no zombie?"""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def left(numbers: Iterable[int], seconds: float = 10.0) -> list[int]:
    """Those that are there still, so many seconds after they were killed."""
    until = time.monotonic() + seconds
    while (there := [*filter(alive, numbers)]) and time.monotonic() < until:
        time.sleep(0.02)
    return there
