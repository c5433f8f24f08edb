"""What all tests share."""

import gc
import signal
import sys
from pathlib import Path
from zlib import crc32

import pytest

from core.blas import one_thread
from tests.sizes import WHOLE

SAMPLED = {"tests/lab/check/": 3, "tests/lab/": 2, "tests/tui/": 2, "tests/torture/": 2}  # one of how many is tried


def pytest_collection_modifyitems(config, items):
    """Where all tests are run, of the cases of a test the first and a half or a third of the others: that saves a
    quarter of the time.

    A folder or a file that is named is tested whole, and so is everything in make torture.
    """
    root = Path(config.rootpath)
    if WHOLE or {root / argument for argument in config.args} != {root / "tests"}:
        return
    cases = dict[str, list[pytest.Item]]()
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out = set[pytest.Item]()
    for test, family in cases.items():
        each = next((n for folder, n in SAMPLED.items() if test.startswith(folder)), 1)
        left_out |= {item for item in family[1:] if crc32(item.nodeid.encode()) % each}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def _what_is_imported_is_not_searched_for_garbage():
    """Apps leave much garbage; looking through all imported modules at each collection took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    yield
    gc.freeze()  # pytest looks for garbage five times as it ends, which would take as long as many tests


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
