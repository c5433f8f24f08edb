"""The side that asks: it starts the helper, hands it half of the work, and does without it if it is late."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from core.divided import DividedObjective
from core.helper.board import ASKED, ASLEEP, DONE, PARITY, ROWS, TASK, Board
from core.helper.shifts import Shifts
from core.trainer import Trainer
from core.types import Array

AFTER = 0.5  # seconds of training before the helper starts: a short one does not need it
PATIENCE = 0.5  # of the time that the first part took: so long the second may take longer
WAKING = 0.0003  # seconds; but at least so long, in which a helper wakes up
ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from core.helper.worker import main; main()"


@contextmanager
def helped(trainer: Trainer, cores: int, at_once: bool = False) -> Iterator[None]:
    """Inside the with-block, a second process helps this trainer, if it has the cores and its objective has two
    parts.

    Only a process that is not itself one of several has a helper. at_once: for measurements of speed, anybody has one,
    and it is there from the first update on.
    """
    objective = trainer.objective
    one_of_several = parent_process() is not None and not at_once
    if cores < 2 or not isinstance(objective, DividedObjective) or one_of_several or sys.platform == "win32":
        yield
        return
    try:
        helper = Helper(trainer, objective)
    except OSError:  # no room in memory
        yield
        return
    objective.helper = helper
    try:
        if at_once:
            helper.wait()
        yield
    finally:
        objective.helper = None
        helper.end()


class Helper:
    """A process that computes second parts, and logits. The state of the network and the rows of
    batches move to memory that it sees."""

    def __init__(self, trainer: Trainer, objective: DividedObjective) -> None:
        network, self._batches = objective.network, trainer.batches
        rows, second = self._batches.buffers[0], np.frombuffer(pickle.dumps(objective.second()), np.uint8)
        state = network.state()
        self._layout = {
            **objective.exchanged(rows),
            **{name: (array.shape, array.dtype.str) for name, array in state.items()},
            "x": ((2, *rows.shape), rows.dtype.str),
            "rows": ((objective.rows_at_once(rows), *rows.shape[1:]), rows.dtype.str),
            "logits": ((objective.rows_at_once(rows), *network.summary()[-1].output), network.theta.dtype.str),
            "second": (second.shape, "u1"),
        }
        self._board = board = Board(self._layout)
        board.put(DONE, -1)
        board.arrays["second"][...] = second
        self._x = list(board.arrays["x"])
        for name, array in state.items():
            board.arrays[name][...] = array
        network.bind(board.arrays["theta"], network.grad)
        network.bind_state(board.arrays)
        self._batches.gather_into(self._x)
        self._process: subprocess.Popen[bytes] | None = None
        self._job, self._asked_at = 0, 0.0
        self._shifts: Shifts | None = None  # they begin when the process is ready
        self._not_before = time.perf_counter() + AFTER

    def start(self) -> None:
        """Start the process; it is ready about half a second later."""
        file = self._board.file
        command = [sys.executable, "-I", "-c", PROGRAM, str(ROOT), *sys.path]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[file],
            env=os.environ | _same_blas(),
            start_new_session=True,  # Ctrl-C is for us
        )
        self._write(pickle.dumps((self._layout, file)))

    def wait(self, seconds: float = 10.0) -> None:
        """Start the process and wait until it is ready, but not longer."""
        self._not_before = 0.0
        self.start()
        until = time.perf_counter() + seconds
        while not self.ready and time.perf_counter() < until:
            time.sleep(0.01)

    @property
    def ready(self) -> bool:
        """Does it wait for a batch?"""
        return self._board.get(DONE) == self._job

    def ask(self, task: int, x: Array, given: Mapping[str, Array]) -> bool:
        """Hand over a task, the rows of its batch x (n, ...), and other arrays. False if the helper cannot take it now.

        Every gradient begins with task 0. The rows of the next batch are gathered then, unless they are there.
        """
        if self._shifts is not None and task == 0:
            self._shifts.begin(time.perf_counter())
        parity = next((k for k, rows in enumerate(self._x) if rows is x), None)
        if parity is None or not self._may_ask():
            return False
        for name, array in given.items():
            self._board.arrays[name][...] = array
        self._board.put(PARITY, parity)
        self._board.put(TASK, task)
        self._ask(0)
        self._batches.prepare()
        return True

    def answer(self) -> Mapping[str, Array] | None:
        """The arrays as the task left them; None if the helper is late."""
        return self._board.arrays if self._in_time() else None

    def gradient_ends(self) -> None:
        """The gradient that began with task 0 is there."""
        if self._shifts is not None:
            self._shifts.end(time.perf_counter())

    def ask_logits(self, x: Array) -> bool:
        """Hand over rows x (n, ...) to be evaluated. False if the helper cannot take them now."""
        rows = self._board.arrays["rows"]
        if x.dtype != rows.dtype or len(x) > len(rows) or not self._may_ask():
            return False
        rows[: len(x)] = x
        self._ask(len(x))
        return True

    def logits(self) -> Array | None:
        """The logits of these rows, (n, classes), valid until more is asked; None if the helper is late."""
        return self._board.arrays["logits"][: self._board.get(ROWS)] if self._in_time() else None

    def _may_ask(self) -> bool:
        """Is it there, in a shift, and done with what it was asked before?"""
        if time.perf_counter() < self._not_before:
            return False
        if self._process is None:
            try:
                self.start()
            except OSError:  # no more processes: without it, then
                self._not_before = float("inf")
        if self._shifts is None and self.ready:
            self._shifts = Shifts()
        return self._shifts is not None and self._shifts.working and self.ready

    def _ask(self, rows: int) -> None:
        self._board.put(ROWS, rows)
        self._job, self._asked_at = self._job + 1, time.thread_time()
        self._board.put(ASKED, self._job)
        if self._board.get(ASLEEP):
            self._write(b"w")

    def _in_time(self) -> bool:
        """Wait for what was asked last, but not for long."""
        board, job, now = self._board, self._job, time.thread_time()  # what this thread had of its core
        until = now + max(WAKING, PATIENCE * (now - self._asked_at))
        while board.get(DONE) != job:
            if time.thread_time() > until:
                if self._process is not None and self._process.poll() is not None:
                    self._not_before = float("inf")  # somebody has killed it
                return False
        board.barrier()
        return True

    def end(self) -> None:
        """End the process and wait until it is gone."""
        if self._process is not None:
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.close()
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        os.close(self._board.file)

    def _write(self, message: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):  # it is dead, and will be found late
            self._process.stdin.write(message)
            self._process.stdin.flush()


def _same_blas() -> dict[str, str]:
    """For another process: one thread, and the kernels that ours were computed with, so that the bits are the same."""
    own = {library["architecture"] for library in threadpool_info() if "architecture" in library}
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys(names, "1") | ({"OPENBLAS_CORETYPE": own.pop()} if len(own) == 1 else {})
