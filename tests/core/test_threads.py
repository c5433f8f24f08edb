"""Work shared between threads: all of it done, once, and errors handed on."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import core.threads
from core.threads import in_background, share, threads

PATIENCE = 10  # seconds until a test that waits for another thread fails


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("blocks", [0, 1, 2, 3, 17])
def test_every_block_is_done_once_before_share_returns(n, blocks):
    done = []
    with threads(n):
        for _ in range(20):
            done.clear()
            share(blocks, done.append)
            assert sorted(done) == list(range(blocks))


def test_two_threads_work_at_the_same_time():
    meeting = threading.Barrier(2)
    with threads(2):
        share(2, lambda k: meeting.wait(PATIENCE))  # raises BrokenBarrierError if one waits for the other to end


def test_without_helpers_the_caller_does_everything():
    who = []
    share(3, lambda k: who.append(threading.current_thread()))
    in_background(lambda: who.append(threading.current_thread()))()
    assert who == [threading.current_thread()] * 4


def test_an_error_in_a_block_or_in_the_background_reaches_the_caller():
    meeting = threading.Barrier(2)
    caller = threading.current_thread()

    def fail(k=None):
        if k is not None:
            meeting.wait(PATIENCE)  # both threads have a block
        if threading.current_thread() is not caller:
            raise ZeroDivisionError

    with threads(2):
        with pytest.raises(ZeroDivisionError):
            share(2, fail)
        wait = in_background(fail)
        with pytest.raises(ZeroDivisionError):
            wait()
        share(2, lambda k: None)  # and the helper is still there


def test_a_background_job_runs_beside_the_caller_and_is_waited_for():
    may_end, ended = threading.Event(), threading.Event()

    def job():
        may_end.wait(PATIENCE)
        ended.set()

    with threads(2):
        wait = in_background(job)
        assert not ended.is_set()
        may_end.set()
        wait()
        assert ended.is_set()


def test_helpers_leave_when_the_block_ends():
    before = set(threading.enumerate())
    with threads(3):
        helpers = set(threading.enumerate()) - before
        assert len(helpers) == 2
    for helper in helpers:
        helper.join(PATIENCE)
        assert not helper.is_alive()


def test_every_blas_works_on_one_thread_from_the_first_update_on():
    """In a fresh process: SciPy's is loaded only when it is needed, and the limit must reach it all the same."""
    program = """
import numpy as np
from threadpoolctl import threadpool_info
from core.blas import add_scaled
from core.threads import threads
with threads(2):
    add_scaled(np.ones(3), 1.0, np.ones(3))
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    print(len(blas), {library["num_threads"] for library in blas})
"""
    folder = Path(core.threads.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    count, threads_of_each = done.stdout.split(maxsplit=1)
    assert int(count) >= 1
    assert threads_of_each.strip() == "{1}"


def test_helpers_are_those_of_the_thread_that_asked_for_them():
    """A check beside a training takes no helper away from it, and leaves it none that is gone."""
    in_between, may_end = threading.Event(), threading.Event()

    def other():
        with threads(1):
            in_between.set()
            may_end.wait(PATIENCE)

    beside = threading.Thread(target=other)
    meeting = threading.Barrier(2)
    with threads(2):
        beside.start()
        in_between.wait(PATIENCE)
        share(2, lambda k: meeting.wait(PATIENCE))  # raises BrokenBarrierError without a helper
    may_end.set()
    beside.join(PATIENCE)
    in_background(meeting.reset)()  # a helper that is gone would be waited for for ever


def test_helpers_ignore_what_their_asker_ignores():
    """An overflow of a training that diverges is told once, in our words."""
    large = np.full(4, 1e38, np.float32)

    def work(block):
        time.sleep(0.05)  # so that every thread gets one
        np.multiply(large, large)

    with threads(2), np.errstate(all="ignore"):
        share(4, work)
        in_background(lambda: work(0))()
