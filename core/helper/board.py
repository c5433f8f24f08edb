"""Memory that two processes see: counters and arrays."""

import mmap
import os
import tempfile
import threading
from collections.abc import Mapping
from math import prod

import numpy as np

from core.divided import Layout
from core.types import Array

LINE = 128  # bytes: two cache lines, as processors fetch them in pairs
COUNTERS = ("asked", "done", "asleep", "parity", "rows", "task")


class Board:
    """Counters, int64, each on cache lines of its own, and named arrays, in memory without a name in any folder.

    Whoever has the file descriptor sees the same. When the last process that does so ends, the memory is free. Raises
    OSError if there is no room.
    """

    def __init__(self, layout: Layout, file: int | None = None) -> None:
        """layout: the arrays; file: the descriptor of the board of another process; None for a new board of zeros."""
        offset, places = LINE * len(COUNTERS), {}
        for name, (shape, dtype) in layout.items():
            places[name] = offset
            offset += -(-prod(shape) * np.dtype(dtype).itemsize // LINE) * LINE
        self.file = _memory(offset) if file is None else file
        memory = mmap.mmap(self.file, offset)
        self._counters = memoryview(memory)[: LINE * len(COUNTERS)].cast("q")
        self.arrays: Mapping[str, Array] = {
            name: np.ndarray(shape, dtype, memory, places[name]) for name, (shape, dtype) in layout.items()
        }
        self._lock = threading.Lock()

    def get(self, counter: int) -> int:
        """A counter, by its place in COUNTERS."""
        return self._counters[counter * (LINE // 8)]

    def put(self, counter: int, value: int) -> None:
        """Set a counter: who sees it, and then calls barrier(), sees all that was written before it."""
        self.barrier()
        self._counters[counter * (LINE // 8)] = value
        self.barrier()

    def barrier(self) -> None:
        """What comes after it is read and written after what comes before it: x86 alone keeps that order by itself."""
        with self._lock:
            pass


ASKED, DONE, ASLEEP, PARITY, ROWS, TASK = range(len(COUNTERS))


def _memory(size: int) -> int:
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("gradlab")
    else:
        with tempfile.TemporaryFile() as unnamed:
            file = os.dup(unnamed.fileno())
    try:
        os.posix_fallocate(file, 0, size) if hasattr(os, "posix_fallocate") else os.ftruncate(file, size)
    except OSError:
        os.close(file)
        raise
    return file
