"""Files of students that do their worst: a report each, in time, and nothing of them reaches the terminal as it is."""

import io
import itertools
import time

import pytest

from lab.check.command import _exit_code
from lab.check.student import check_file, check_whole_file
from lab.check.view import render
from lab.console import SafeConsole
from tests.sizes import size
from tests.torture.test_characters import commands

SECONDS = 3.0  # for an answer
PATIENCE = 90  # for a report

FILE = """
import os, sys, signal, time, threading, atexit, gc, builtins, subprocess
import numpy as np
TOP
class Net:
    def __init__(self):
        self.params = {"W": np.array([[2.0, 3.0]])}
    def loss(self):
        LOSS
        return float((self.params["W"] ** 2).sum())
    def grads(self):
        GRADS
        return {"W": 2 * self.params["W"]}
"""
WORST = [
    "sys.exit(0)",
    "os._exit(0)",
    "os.kill(os.getpid(), signal.SIGKILL)",
    "os.kill(os.getpid(), signal.SIGSEGV)",
    "os.kill(os.getpid(), signal.SIGTERM)",
    "os.kill(os.getpid(), signal.SIGSTOP)",
    "raise KeyboardInterrupt",
    "raise StopIteration",
    "raise GeneratorExit",
    "raise MemoryError",
    "raise type('E', (BaseException,), {})('x')",
    "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})",
    "(lambda f: f(f))(lambda f: f(f))",
    "x = bytearray(1 << 45)",
    "exec('while True: pass')",
    "time.sleep(1e6)",
    "print('x' * 10_000_000)",
    "print('\\x1b[2J\\x1b[H PASSES \\x1b]0;x\\a')",
    "sys.stderr.write('\\udcff\\x9b2J')",
    "os.close(0); os.close(1)",
    "[os.close(n) for n in range(3, 30) if os.path.exists(f'/proc/self/fd/{n}')]",
    "[os.write(n, b'PASSES' * 999) for n in range(1, 30) if os.path.exists(f'/proc/self/fd/{n}')]",
    "os.fork()",
    "os.fork() or (os.setsid(), time.sleep(600))",
    "threading.Thread(target=time.sleep, args=(600,)).start()",
    "atexit.register(time.sleep, 600)",
    "signal.signal(signal.SIGALRM, signal.SIG_IGN)",
    "sys.modules.clear()",
    "sys.settrace(lambda *a: 1 / 0)",
    "sys.setrecursionlimit(10 ** 9); (lambda f: f(f))(lambda f: f(f))",
    "builtins.__dict__.clear()",
    "del builtins.isinstance",
    "np.asarray = None",
    "np.sum = lambda *a, **k: 'x'",
    "os.chdir('/'); os.environ.clear()",
    "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
    "os.execv('/bin/echo', ['echo', 'PASSES'])",
    "sys.stdout = sys.stderr = None",
    "gc.collect = time.sleep",
    "return_value = (yield)",
    "self.params = None",
    "self.params['W'] = 'x'",
    "self.params['\\x1b[2J'] = np.ones(2)",
    "self.params['W'] = np.full((2, 2), np.nan)",
    "self.params = {i: np.ones(1) for i in range(2000)}",
    "return None",
    "return 'PASSES'",
    "return np.ones((3, 3), dtype=object)",
    "return {'W': object()}",
    "return {'W': np.ones((1, 2), dtype='U9')}",
    "return {'W': np.broadcast_to(1.0, (1 << 20, 1 << 12))}",
    "return float('nan')",
    "return {}",
    "return {'W': None}",
    "return 10 ** 400",
]
PLACES = ("TOP", "LOSS", "GRADS")
CHUNKS = 4


def files() -> list[tuple[str, str, str]]:
    """A hundred and more files: what they do, where, and their text."""
    every = []
    for place, worst in itertools.product(PLACES, WORST):
        if place == "TOP" and ("self" in worst or "return" in worst):
            continue
        text = FILE.replace(place, worst)
        for other in PLACES:
            text = text.replace(other, "pass")
        every.append((worst, place, text))
    return every


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_a_file_does_there_is_a_report_in_time(chunk, tmp_path):
    chosen = files()[chunk :: CHUNKS * size(18, 1)]
    for number, (worst, place, text) in enumerate(chosen):
        file = tmp_path / f"net{number}.py"
        file.write_text(text)
        begun = time.monotonic()
        report = check_whole_file(file, timeout=SECONDS) if number % 2 else check_file(file, "Net", timeout=SECONDS)
        assert time.monotonic() - begun < PATIENCE, (worst, place)
        assert _exit_code(report) in (0, 1, 2), (worst, place)
        out = io.StringIO()
        render(report, SafeConsole(file=out, width=100, color_system=None))
        assert not commands(out.getvalue()), (worst, place)
        assert "Traceback" not in out.getvalue(), (worst, place)


def test_there_are_a_hundred():
    assert len(files()) >= 100
