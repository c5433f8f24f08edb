"""The loop that waits for workers: calls come back by their key, whatever becomes of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.errors import LabError
from lab.search.workers import WorkerDiedError, ended


@pytest.fixture
def executor():
    """Two workers, threads of this process."""
    with ThreadPoolExecutor(2) as executor:
        yield executor


def never():
    return False


def test_calls_come_back_with_their_keys_and_values(executor):
    at_work = {executor.submit(pow, n, 2): f"{n} squared" for n in range(5)}
    assert {call.key: call.value for call in ended(at_work, never)} == {f"{n} squared": n * n for n in range(5)}
    assert not at_work


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (LabError("no room"), "no room"),
        (WorkerDiedError(), "its worker process died, and so did the one that tried again"),
        (RuntimeError("out of\nluck"), "RuntimeError: out of luck"),
    ],
)
def test_a_call_that_raises_is_a_failure_in_one_line_and_no_other_suffers(executor, error, failure):
    def fail():
        raise error

    at_work = {executor.submit(fail): "bad", executor.submit(int, "7"): "good"}
    calls = {call.key: call for call in ended(at_work, never)}
    assert (calls["bad"].value, calls["bad"].failure) == (None, failure)
    assert (calls["good"].value, calls["good"].failure) == (7, "")


def test_some_may_stay_at_work(executor):
    go_on = threading.Event()
    at_work = {executor.submit(go_on.wait): "slow", executor.submit(int): "quick"}
    assert [call.key for call in ended(at_work, never, most=1)] == ["quick"]
    assert list(at_work.values()) == ["slow"]
    go_on.set()
    assert [call.key for call in ended(at_work, never)] == ["slow"]


def test_stopping_cancels_what_has_not_begun_and_waits_for_the_rest(executor):
    go_on = threading.Event()
    at_work = {executor.submit(go_on.wait): n for n in range(4)}  # two are at work, two are in the queue
    threading.Timer(0.5, go_on.set).start()
    calls = list(ended(at_work, lambda: True, most=4))
    assert {call.key for call in calls if call.value} == {0, 1}
    assert {call.key for call in calls if call.value is None and not call.failure} == {2, 3}
