import subprocess
import sys
import threading
from pathlib import Path

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


@pytest.mark.parametrize("call", ["work()", "with threadpool_limits(1, 'blas'): in_a_thread(work)"])
def test_every_blas_works_on_one_thread_from_the_first_update_on(call):
    """In a fresh process: SciPy's is loaded only when it is needed, and the limit must reach it all the same, also
    where another thread holds one, as the app does for its guesses."""
    program = f"""
import threading
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from core.blas import add_scaled
from core.threads import threads
def work():
    with threads(2):
        add_scaled(np.ones(3), 1.0, np.ones(3))
        blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
        print(len(blas), {{library["num_threads"] for library in blas}})
def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
{call}
"""
    folder = Path(core.threads.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    count, threads_of_each = done.stdout.split(maxsplit=1)
    assert int(count) >= 1
    assert threads_of_each.strip() == "{1}"
