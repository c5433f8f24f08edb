"""Leaving in the middle of a run, in a real terminal: however it is done, the run is kept, the terminal left clean."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lab import run as lab_run
from lab.store import all_runs
from tests.tui.conftest import PATIENCE

COMMAND = [sys.executable, "-c", "from lab.cli import main; main()", "--preset", "mine.toml"]


class Terminal:
    """The app in a pseudo terminal of 80x24."""

    def __init__(self, folder):
        self.master, self._slave = pty.openpty()
        termios.tcsetwinsize(self.master, (24, 80))
        self.before = termios.tcgetattr(self._slave)
        self.output = b""
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": str(root), "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(folder)}
        self.process = subprocess.Popen(
            COMMAND,
            cwd=folder,
            env=environment,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0),  # its own terminal, which it loses
        )

    def read(self, seconds=0.05):
        with suppress(OSError):
            while select.select([self.master], [], [], seconds)[0]:
                self.output += os.read(self.master, 65536)

    def wait_for(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.output[-2000:]
            self.read()

    def press(self, keys):
        os.write(self.master, keys)

    def close(self):
        """What happens when the window of a terminal is closed."""
        os.close(self._slave)
        os.close(self.master)

    def ended(self):
        return self.process.poll() is not None


@pytest.fixture
def training(small, tmp_path):
    """A terminal in which a long run is going on."""
    path = tmp_path / small
    path.write_text(path.read_text().replace("cycles = 2", "updates = 100000000"))
    terminal = Terminal(tmp_path)
    terminal.wait_for(lambda: b"Start" in terminal.output)
    terminal.press(b"r")
    runs = tmp_path / "runs"
    terminal.wait_for(lambda: any(len(store.metrics()) > 3 for store in all_runs(runs)))
    yield terminal
    if not terminal.ended():
        terminal.process.kill()
    terminal.process.wait()


def resumable(tmp_path):
    """Is the one run there is on the disk up to its last update, and can it be taken up again?"""
    (store,) = all_runs(tmp_path / "runs")
    assert not store.running()
    reached = int(store.checkpoint()["update"])
    result = store.result()
    assert (result["state"], result["updates"]) == ("interrupted", reached)
    run = lab_run.resume(store, 1)
    return run.trainer.update == reached >= store.metrics()[-1]["update"] > 0


@pytest.mark.parametrize(
    ("how", "code"), [("q", 0), ("ctrl+c", 130), ("SIGTERM", 130), ("SIGINT", 130)], ids=["q", "ctrl+c", "TERM", "INT"]
)
def test_leaving_keeps_the_run_and_cleans_the_terminal(training, tmp_path, how, code):
    if how.startswith("SIG"):
        training.process.send_signal(getattr(signal, how))
    else:
        training.press({"q": b"q", "ctrl+c": b"\x03"}[how])
    training.wait_for(training.ended)
    training.read()
    assert training.process.returncode == code
    assert resumable(tmp_path)
    tail = training.output[training.output.rindex(b"\x1b[?1049l") :]  # back from the alternate screen
    assert b"\x1b[?25h" in tail  # the cursor is seen again
    assert b"go on with: gradlab run --resume" in tail
    assert b"Traceback" not in tail
    assert termios.tcgetattr(training.master) == training.before


def test_closing_the_terminal_keeps_the_run(training, tmp_path):
    training.close()
    training.process.wait(PATIENCE)
    assert resumable(tmp_path)
