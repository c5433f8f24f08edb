"""Who works at trials, and the one loop that waits for them: processes of this machine, or a Dask cluster.

Both are a concurrent.futures.Executor. Searches and reproductions submit calls to one and take them back with ended().
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any, Generic, ParamSpec, TypeVar

from lab.errors import LabError

K = TypeVar("K")
P = ParamSpec("P")
T = TypeVar("T")

CONNECT_SECONDS = 10
POLL_SECONDS = 0.2  # how soon a request to stop is seen


@dataclass(frozen=True)
class Ended(Generic[K, T]):
    """A call that has ended, and the key it was submitted with.

    `value`: what it returned, or None. `failure`: in one line, why it returned nothing; "" if it was cancelled before a
    worker began it.
    """

    key: K
    value: T | None
    failure: str = ""


def ended(at_work: dict[Future[T], K], stopping: Callable[[], bool], most: int = 0) -> Iterator[Ended[K, T]]:
    """The calls as they end, until at most `most` of them are at work; each leaves `at_work` as it ends.

    While `stopping` says so, calls that no worker has begun are cancelled, and all others are waited for: whoever stops
    must also ask them to end.
    """
    while len(at_work) > (0 if stopping() else most):
        if stopping():
            for future in at_work:
                future.cancel()
        done, _ = wait(at_work, POLL_SECONDS, FIRST_COMPLETED)
        for future in done:
            yield _ended(future, at_work.pop(future))


def _ended(future: Future[T], key: K) -> Ended[K, T]:
    try:
        return Ended(key, future.result())
    except CancelledError:
        return Ended(key, None)
    except (WorkerDiedError, LabError) as error:
        return Ended(key, None, str(error))
    except Exception as error:  # a bug, or trouble of a cluster: one call fails, and no other
        return Ended(key, None, f"{type(error).__name__}: {' '.join(str(error).split())}")


class WorkerDiedError(Exception):
    """A worker process died during a call, and so did the one that tried it again."""

    def __str__(self) -> str:
        return "its worker process died, and so did the one that tried again"


class Processes(ThreadPoolExecutor):
    """n worker processes, each managed by a thread of this one.

    Each thread has its own pool of one process. If a process dies, its pool breaks, but only its own call is affected.
    That call is made again, once.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers, thread_name_prefix="gradlab-worker")
        self._mine = threading.local()
        self._pools: list[ProcessPoolExecutor] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As any executor's; raises WorkerDiedError in the future."""
        return super().submit(self._call, fn, *args, **kwargs)  # type: ignore[arg-type]

    def _call(self, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(2):
            try:
                return self._pool().submit(fn, *args, **kwargs).result()
            except BrokenProcessPool:
                self._mine.pool = None
        raise WorkerDiedError

    def _pool(self) -> ProcessPoolExecutor:
        if getattr(self._mine, "pool", None) is None:
            self._mine.pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin_worker)
            self._pools.append(self._mine.pool)
        pool: ProcessPoolExecutor = self._mine.pool
        return pool

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads, then the processes."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools:
            pool.shutdown(wait, cancel_futures=cancel_futures)


def _begin_worker() -> None:
    """Ignore ctrl+c, which is for the parent process, and end when the parent ends, however it ends."""
    for name in {"SIGINT", "SIGHUP"} & vars(signal).keys():
        signal.signal(signal.Signals[name], signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="gradlab-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker has been begun by somebody"
    parent.join()
    os._exit(1)


@contextmanager
def worker_pool(jobs: int, scheduler: str | None = None) -> Iterator[tuple[Executor, int]]:
    """`jobs` processes of this machine, or the workers of the Dask scheduler at that address; and how many calls they
    work at side by side. Raises LabError."""
    if scheduler is None:
        with Processes(jobs) as processes:
            yield processes, jobs
        return
    try:
        from distributed import Client
    except ImportError:
        raise LabError("--scheduler needs dask.distributed: pip install 'gradlab[cluster]'") from None
    connect: Any = Client  # the library has no types
    try:
        client = connect(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise LabError(f"--scheduler {scheduler}: no Dask scheduler answers ({error})") from None
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise LabError(f"--scheduler {scheduler}: the scheduler has no workers yet")
        yield client.get_executor(pure=False), len(workers)
