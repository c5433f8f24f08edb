"""Threads that share work in blocks of a fixed shape.

NumPy releases the interpreter's lock inside its loops and products, so Python threads run in parallel. Each thread
uses BLAS with one thread: BLAS divides a product by its own number of threads, which changes the last bits of the sums.
Here the blocks are always the same, so a result never depends on the number of threads.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue

from threadpoolctl import threadpool_limits

Job = Callable[[], object]  # its result is ignored


class _Helpers(threading.local):
    """Of the thread that asks: one inbox for each helping thread; none: everything runs in place."""

    inboxes: Sequence["SimpleQueue[Job | None]"] = ()


_helpers = _Helpers()


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Inside the with-block, this thread shares its work with n - 1 helpers, and BLAS uses one thread."""
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
    """Call work(k) for every k < blocks on all threads, and return when all are done.

    Any thread can get any block, so each block must write to its own memory.
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
        inbox.put(partial(copy_context().run, lend_a_hand))  # with what NumPy is told to ignore here
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
    """Start a job on a helper. The returned function waits for its end or, without a helper, runs the job."""
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

    _helpers.inboxes[0].put(partial(copy_context().run, run))
    return wait
