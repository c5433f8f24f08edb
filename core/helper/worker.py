"""The side that works: it waits for a number that it has not seen, and computes what is asked for."""

import os
import pickle
import select
import sys
import time

import numpy as np

from core.divided import Second
from core.helper.board import ASKED, ASLEEP, DONE, PARITY, ROWS, TASK, Board

SPIN = 0.0005  # seconds: so long it looks at the counter again and again, then it sleeps
NAP = 0.2  # seconds: so long it sleeps at most between two looks


def main() -> None:
    """Work until the pipe from the asking process closes, because it is done or dead."""
    layout, file = pickle.load(sys.stdin.buffer)
    work(Board(layout, file), sys.stdin.fileno())


def work(board: Board, pipe: int) -> None:
    """Compute what the board asks for until the pipe closes; a byte in it wakes from sleep."""
    arrays = board.arrays
    second: Second = pickle.loads(arrays["second"].tobytes())
    second.bind(arrays)
    job = board.get(ASKED)
    board.put(DONE, job)
    with np.errstate(all="ignore"):  # the asking process sees what is not finite
        while _more_than(job, board, pipe):
            job = board.get(ASKED)
            board.barrier()
            if rows := board.get(ROWS):
                arrays["logits"][:rows] = second.network.forward(arrays["rows"][:rows])
            else:
                second.work(board.get(TASK), arrays["x"][board.get(PARITY)], arrays)
            board.put(DONE, job)


def _more_than(job: int, board: Board, pipe: int) -> bool:
    """Wait until more is asked for than this job. False when nobody is there to ask."""
    until = time.perf_counter() + SPIN
    while time.perf_counter() < until:
        for _ in range(50):
            if board.get(ASKED) != job:
                return True
    board.put(ASLEEP, 1)
    while board.get(ASKED) == job:  # a look after the word: who asked in between has not seen it
        if select.select([pipe], [], [], NAP)[0] and not os.read(pipe, 64):
            return False
    board.put(ASLEEP, 0)
    return True
