"""Processor cores: a few threads that share work whose division is fixed by its shape.

NumPy releases the interpreter's lock inside its loops and products, so Python threads run them side by side. BLAS
itself works on one thread in each: its own division of a product changes with the number of threads, and with it the
last bits of the sums. Here the blocks are always the same, whoever computes them, so a result never depends on the
number of threads.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from threadpoolctl import threadpool_limits

Job = Callable[[], object]  # what it returns is not looked at


class _Helpers(threading.local):
    """Of the thread that asks: one inbox for each helping thread; none: everything runs in place."""

    inboxes: Sequence["SimpleQueue[Job | None]"] = ()


_helpers = _Helpers()


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Inside the with-block, what this thread shares is done by it and n - 1 helpers, and BLAS by whoever calls it."""
    import scipy.linalg.blas  # noqa: F401 - SciPy brings a BLAS of its own: loaded later, it would escape the limit

    inboxes: list[SimpleQueue[Job | None]] = [SimpleQueue() for _ in range(n - 1)]
    for inbox in inboxes:
        threading.Thread(target=_help, args=(inbox,), name="gradlab-helper", daemon=True).start()
    before, _helpers.inboxes = _helpers.inboxes, inboxes
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        _helpers.inboxes = before
        for inbox in inboxes:
            inbox.put(None)


def _help(inbox: "SimpleQueue[Job | None]") -> None:
    while job := inbox.get():
        job()


def share(blocks: int, work: Callable[[int], object]) -> None:
    """Call work(k) for every k < blocks, on all threads; return when all are done.

    Who does which block is left to chance, so each must write to a place of its own.
    """
    if blocks == 1 or not _helpers.inboxes:
        for block in range(blocks):
            work(block)
        return
    left = list(range(blocks))
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def lend_a_hand() -> None:
        while (k := _next(left)) is not None:
            try:
                work(k)
            except BaseException as error:
                done.put(error)
            else:
                done.put(None)

    for inbox in _helpers.inboxes[: blocks - 1]:
        inbox.put(lend_a_hand)
    mine = 0
    while (k := _next(left)) is not None:
        work(k)
        mine += 1
    for _ in range(blocks - mine):
        if error := done.get():
            raise error


def _next(left: list[int]) -> int | None:
    try:
        return left.pop()  # atomic: no two threads get the same block
    except IndexError:
        return None


def in_background(job: Job) -> Job:
    """Start a job on a helping thread; the function returned waits for its end (or, with no helper, does it)."""
    if not _helpers.inboxes:
        return job
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            job()
        except BaseException as error:
            done.put(error)
        else:
            done.put(None)

    def wait() -> None:
        if error := done.get():
            raise error

    _helpers.inboxes[0].put(run)
    return wait
