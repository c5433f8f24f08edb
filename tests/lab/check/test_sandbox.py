"""The sandbox: what is built, what is said where there is none, and that it holds (where bubblewrap can start)."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.check import sandbox as module
from lab.check.check import check
from lab.check.folder import FolderCheck
from lab.check.sandbox import sandbox

FILE = """
import numpy as np

class Scale:
    def __init__(self):
        self.params = {"w": np.array([2.0, 3.0])}
    def first(self):
        FIRST
    def loss(self):
        self.first()
        return float((self.params["w"] ** 2).sum())
    def grads(self):
        return {"w": 2 * self.params["w"]}
"""
STARTS = shutil.which("bwrap") and not subprocess.run(
    ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True, check=False
).returncode  # fmt: skip


@pytest.fixture(autouse=True)
def _asked_again():
    module._try.cache_clear()
    module._places_of.cache_clear()


@pytest.fixture
def bwrap(tmp_path, monkeypatch):
    """A program of that name: bwrap("exit 1")."""

    def bwrap(text: str) -> Path:
        program = tmp_path / "bin" / "bwrap"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return program

    return bwrap


def hand_in(tmp_path: Path, first: str = "pass") -> Path:
    folder = tmp_path / "hand-in"
    folder.mkdir(exist_ok=True)
    (folder / "net.py").write_text(FILE.replace("FIRST", first))
    return folder / "net.py"


def test_without_bubblewrap_it_is_one_line(refused, tmp_path, monkeypatch):
    hand_in(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    refused("check hand-in/net.py --sandbox", "--sandbox needs bubblewrap")
    refused("check a2-setting1 --sandbox", "--sandbox runs a file of yours")


def test_where_it_cannot_start_it_is_one_line_with_the_reason(refused, tmp_path, bwrap):
    hand_in(tmp_path)
    bwrap("echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
    reason = "--sandbox: bubblewrap cannot start here: bwrap: No permissions to create new namespace"
    refused("check hand-in/net.py --sandbox", reason)


def test_the_command_that_is_built(tmp_path, bwrap):
    """The stand-in begins what comes behind --, so that the whole check goes through it."""
    log = tmp_path / "log"
    program = bwrap(f'echo "$@" >> {log}; while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    file = hand_in(tmp_path)
    assert check(f"{file}:Scale", sandbox=True).passed
    (row,) = FolderCheck(tmp_path / "hand-in", "complex", 7, 1, sandbox=True).run(lambda row: None)
    assert row.verdict == "passes"
    _tried, began, *_ = log.read_text().splitlines()
    assert began.endswith(f"-- {sys.executable} -B -u {Path(module.__file__).parent / 'worker' / 'start.py'}")
    words = sandbox(Path(sys.executable), file.parent, Path(module.__file__).parent / "worker")
    assert words[0] == str(program)
    assert {"--unshare-all", "--die-with-parent", "--new-session", "--ro-bind"} <= set(words)
    assert not {"--bind", "--dev-bind", "--share-net"} & set(words)
    folders = [words[i + 1] for i, word in enumerate(words) if word == "--tmpfs"]
    assert {"/tmp", "/run"} <= set(folders)
    shown = [words[i + 1] for i, word in enumerate(words) if word == "--ro-bind"]
    assert str(file.parent) in shown
    assert str(tmp_path) not in shown, "the hand-ins of others are not seen"


ATTEMPTS = """report = {}
        import os, socket, subprocess
        def attempt(name, action):
            try: report[name] = str(action())
            except Exception as error: report[name] = "refused"
        attempt("beside", lambda: open("BESIDE", "w"))
        attempt("other", lambda: open("OTHER").read())
        attempt("home", lambda: open(os.path.expanduser("~/stray"), "w") and os.listdir(os.path.expanduser("~")))
        attempt("network", lambda: socket.create_connection(("127.0.0.1", SOCKET), 2))
        attempt("processes", lambda: [n for n in os.listdir("/proc") if n.isdigit() and int(n) > 50])
        attempt("temporary", lambda: open("/tmp/stray", "w").write("x"))
        import json; print("REPORT" + json.dumps(report))"""


@pytest.mark.skipif(not STARTS, reason="bubblewrap is not installed, or cannot start here")
def test_it_holds(tmp_path):
    import socket

    (tmp_path / "other").write_text("the hand-in of somebody else")
    with socket.create_server(("127.0.0.1", 0)) as server:
        attempts = ATTEMPTS.replace("SOCKET", str(server.getsockname()[1])).replace("OTHER", str(tmp_path / "other"))
        file = hand_in(tmp_path, attempts.replace("BESIDE", str(tmp_path / "hand-in" / "stray")))
        report = check(f"{file}:Scale", sandbox=True)
    assert report.passed, report.problem
    said = json.loads(re.findall(r"^REPORT(\{.*\})$", report.prints, re.MULTILINE)[-1])
    assert said["beside"] == said["other"] == said["network"] == "refused"
    assert said["processes"] == "[]"
    assert said["temporary"] == "1"
    assert not Path("/tmp/stray").exists()
    assert not (Path.home() / "stray").exists()
    assert [path.name for path in file.parent.iterdir()] == ["net.py"]
