"""Leaving in the middle of a run, in a real terminal: however it is done, the run is kept, the terminal left clean."""

import shlex
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
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture
def training(long, tmp_path):
    """A terminal in which a long run is going on."""
    terminal = Terminal(COMMAND, tmp_path, ENVIRONMENT | {"XDG_CONFIG_HOME": str(tmp_path)})
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
    assert b"continue with: gradlab run --resume" in tail
    assert b"Traceback" not in tail
    assert termios.tcgetattr(training.master) == training.before


def test_a_hang_up_leaves_a_terminal_that_lives_clean(training, tmp_path):
    training.process.send_signal(signal.SIGHUP)
    training.wait_for(lambda: training.ended, PATIENCE)
    training.read()
    assert training.process.returncode == 130
    assert resumable(tmp_path)
    assert b"\x1b[?25h" in training.output[training.output.rindex(b"\x1b[?1049l") :]
    assert termios.tcgetattr(training.master) == training.before


def test_bytes_that_are_no_text_do_not_end_the_app(long, tmp_path):
    terminal = Terminal(COMMAND, tmp_path, ENVIRONMENT | {"XDG_CONFIG_HOME": str(tmp_path)})
    try:
        terminal.wait_for(lambda: b"Start" in terminal.output, PATIENCE)
        for wrong in (b"\xff", b"\xe9", b"\xc3(", b"\x1b[M \xe0\x21", b"\x1b[M#\xff\xff", bytes(range(128, 256))):
            terminal.press(wrong)
            terminal.rest(0.3)
            assert not terminal.ended, wrong
        terminal.press(b"\x03\x03")
        terminal.wait_for(lambda: terminal.ended, PATIENCE)
        assert b"Traceback" not in terminal.output
    finally:
        terminal.end()


def test_ctrl_z_suspends_and_fg_returns(long, tmp_path):
    shell = f"set -m; {shlex.join(COMMAND)}; stty -a | grep -o ' icanon'; echo the prompt; fg; echo ended $?"
    terminal = Terminal(["bash", "-c", shell], tmp_path, ENVIRONMENT | {"XDG_CONFIG_HOME": str(tmp_path)})
    try:
        terminal.wait_for(lambda: b"Start" in terminal.output, PATIENCE)
        terminal.rest(0.5)
        terminal.press(b"\x1a")
        terminal.wait_for(lambda: b"the prompt" in terminal.output, PATIENCE)
        prompt = terminal.output[terminal.output.rindex(b"\x1b[?1049l") :]
        assert b"\x1b[?25h" in prompt
        assert b" icanon" in prompt
        terminal.wait_for(lambda: b"\x1b[?1049h" in prompt_and_after(terminal), PATIENCE)
        terminal.wait_for(lambda: b"Names" in prompt_and_after(terminal).partition(b"\x1b[?1049h")[2], PATIENCE)
        terminal.press(b"\x03")
        terminal.wait_for(lambda: b"ended 130" in terminal.output, PATIENCE)
    finally:
        terminal.end()


def prompt_and_after(terminal):
    return terminal.output.rpartition(b"the prompt")[2]


def test_closing_the_terminal_keeps_the_run(training, tmp_path):
    training.close()
    training.process.wait(PATIENCE)
    assert resumable(tmp_path)
