"""Leaving in the middle of a run, in a real terminal: however it is done, the run is kept, the terminal left clean."""

import signal
import sys
import termios
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from lab.runs import run as lab_run
from lab.runs.store import all_runs
from tests.tui.conftest import PATIENCE

COMMAND = [sys.executable, "-c", "from lab.cli import main; main()", "--preset", "long.toml"]


@pytest.fixture
def training(long, tmp_path):
    """A terminal in which a long run is going on."""
    root = str(Path(__file__).parents[2])
    terminal = Terminal(COMMAND, tmp_path, {"PYTHONPATH": root, "XDG_CONFIG_HOME": str(tmp_path)})
    terminal.wait_for(lambda: b"Start" in terminal.output, PATIENCE)
    terminal.press(b"r")
    runs = tmp_path / "runs"
    terminal.wait_for(lambda: any(len(store.metrics()) > 3 for store in all_runs(runs)), PATIENCE)
    yield terminal
    terminal.end()


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
    training.wait_for(lambda: training.ended, PATIENCE)
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
