"""Signals from every state: while modules load, while it works, while it ends; once, or twice at once."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sizes import WHOLE, size
from tests.torture.test_kills import ROOT, RUN, SEARCH, changes, environment

GRADLAB = [sys.executable, "-m", "gradlab"]
COMMANDS = {
    "run": ["run", "a2-setting1", "--data", "mini", *changes(RUN)],
    "search": ["search", "a2-coarse", "--data", "mini", "--jobs", "1", *changes(SEARCH)],
    "check": ["check", "a2-setting1"],
    "names": ["names", "Zhao"],
    "presets": ["presets"],
}
WAIT = 90
OURS = re.compile(rf'File "{re.escape(str(ROOT))}/(?!\.venv/)')  # a frame of a traceback


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_at_any_moment_ends_a_command_without_a_traceback(name, tmp_path):
    if not WHOLE and name != "run":
        pytest.skip("only in make torture: every command is a process for each moment")
    command, tried = [*GRADLAB, *COMMANDS[name]], size(3, 12)
    begun = time.perf_counter()
    subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=WAIT, check=True)
    seconds = time.perf_counter() - begun
    for moment in range(tried):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[moment % 3 :][: size(1, 3)]:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                env=environment(tmp_path),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            time.sleep(seconds * moment / tried)
            for _ in range(1 + moment % 2):
                if process.poll() is None:
                    process.send_signal(number)
            out, err = process.communicate(timeout=WAIT)
            where = (name, number.name, f"{moment} of {tried}", process.returncode, err[-500:])
            if "Traceback" in err and not OURS.search(err):
                continue  # Python itself was still starting: no line of ours could catch it
            assert "Traceback" not in err + out, where
            # the second one of two may interrupt the end of Python itself, which says so as after ctrl+c
            assert process.returncode in (0, 130, -number, -signal.SIGINT), where
            assert not left(process.pid), where


def left(group: int) -> list[str]:
    """Processes of a session that are still there a moment later."""
    until = time.monotonic() + 10
    while (there := _members(group)) and time.monotonic() < until:
        time.sleep(0.05)
    return there


def _members(group: int) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z" and int(path.parent.name) != os.getpid():
            found.append(path.parent.name)
    return found
