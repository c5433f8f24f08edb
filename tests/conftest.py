"""What all tests share."""

import gc
import signal
import sys

import pytest

from core.blas import one_thread


@pytest.fixture(autouse=True, scope="session")
def _what_is_imported_is_not_searched_for_garbage():
    """Apps leave much garbage; looking through all imported modules at each collection took a sixth of the time."""
    gc.collect()
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="session")
def _processes_can_be_interrupted():
    """A shell's background job ignores ctrl+c, and what the tests start would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def _no_audit_hooks():
    """Python has no way to take one off again, and each makes id() slower for all the tests that follow."""

    def refused(hook):
        raise AssertionError("load the file in a process of its own, or without guards (tests/lab/check/in_process.py)")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "addaudithook", refused)
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_thread_for_blas():
    """The tests share the cores already: more threads wait for each other and take a tenth more processor time."""
    with one_thread():
        yield
