"""Signals and terminals: what is ignored stays so, no ctrl+c prints a traceback, no log is redrawn."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

ROOT = str(Path(__file__).parents[2])
GRADLAB = [sys.executable, "-m", "gradlab"]
PATIENCE = 60


def environment(tmp_path, **more):
    plain = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "GRADLAB_RUNS")}
    return plain | {"PYTHONPATH": ROOT, "GRADLAB_DATA": str(tmp_path / "no-data")} | more


def small_run(small, updates):
    changes = [argument for change in [*small, f"updates={updates}"] for argument in ("-s", change)]
    return [*GRADLAB, "run", "a2-setting1", "--data", "mini", *changes]


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_an_ignored_signal_stays_ignored(small, tmp_path, name):
    """As under nohup, and as in the background jobs of a script."""
    number = signal.Signals[name]
    with subprocess.Popen(
        small_run(small, 3000),
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    ) as process:
        process.stderr.readline()  # it trains
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "3,000 updates" in out


INTERRUPT_AT = """
import atexit, importlib.abc, os, runpy, signal, sys
class AtImport(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            for _ in range({times}):
                os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, AtImport())
sys.argv = ["gradlab", *{arguments!r}]
runpy.run_module("gradlab", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("module", "times"), [("lab.cli", 1), ("typer", 2), ("lab.errors", 1), ("presets.load", 2), ("numpy", 1)]
)
def test_ctrl_c_while_modules_load_prints_no_traceback(tmp_path, module, times):
    code = INTERRUPT_AT.format(module=module, times=times, arguments=["run", "a2-setting1"])
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
    )
    assert ended.returncode in (-signal.SIGINT, 130)
    assert "Traceback" not in ended.stderr


def test_forced_colours_do_not_redraw_a_log(small, tmp_path):
    ended = subprocess.run(
        small_run(small, 20), cwd=tmp_path, env=environment(tmp_path, FORCE_COLOR="1"), capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert re.search(r"update 20 of 20", re.sub(r"\x1b\[[\d;]*m", "", ended.stderr))
    assert not re.search(r"\x1b\[(?![\d;]*m)|\r", ended.stderr), "colours may be there, and nothing else"


def test_a_dumb_terminal_gets_plain_lines(small, tmp_path):
    terminal = Terminal(small_run(small, 20), tmp_path, environment(tmp_path, TERM="dumb"))
    terminal.wait_for(lambda: terminal.ended, PATIENCE)
    terminal.read()
    terminal.end()
    assert b"update 20 of 20" in terminal.output
    assert b"\x1b" not in terminal.output


def test_no_columns_are_eighty(tmp_path):
    def printed(columns):
        return subprocess.run(
            [*GRADLAB, "presets"], cwd=tmp_path, env=environment(tmp_path, COLUMNS=columns), capture_output=True
        ).stdout

    assert printed("0") == printed("80") != printed("100")


def test_ctrl_z_gives_the_cursor_back_and_fg_goes_on(small, tmp_path):
    shell = f"set -m; {shlex.join(small_run(small, 4000))}; echo; echo the prompt; fg; echo ended $?"
    terminal = Terminal(["bash", "-c", shell], tmp_path, environment(tmp_path))
    try:
        terminal.wait_for(lambda: HIDDEN in terminal.output, PATIENCE)  # by a bar
        terminal.press(b"\x1a")
        terminal.wait_for(lambda: b"the prompt" in terminal.output, PATIENCE)
        before = terminal.output.partition(b"the prompt")[0]
        assert before.rfind(SHOWN) > before.rfind(HIDDEN), before
        terminal.wait_for(lambda: b"ended 0" in terminal.output, PATIENCE)
        assert b"4,000 updates" in terminal.output
    finally:
        terminal.end()


HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"  # the cursor
