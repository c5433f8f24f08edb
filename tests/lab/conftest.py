"""Runs small enough for tests: a few images of the embedded MNIST, a narrow network."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import cli
from lab.runs import run as lab_run
from presets.load import load

SMALL = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=7", "n_s=10"]


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch, tmp_path):
    """No data, runs or colours of whoever runs the tests."""
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "no-data"))
    monkeypatch.setenv("GRADLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small() -> list[str]:
    """Changes that make a2-setting1 a run of a moment."""
    return SMALL


@pytest.fixture
def start(tmp_path) -> Callable[..., lab_run.Run]:
    """Begin a small run: start("updates=20", runs=..., threads=...)."""

    def start(*changes: str, preset: str = "a2-setting1", runs: Path = tmp_path / "runs", threads: int = 1):
        return lab_run.start(load(preset, [*SMALL, *changes]), "mini", runs, threads)

    return start


@pytest.fixture
def gradlab(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Call the command in this process: gradlab("run", ...) -> (exit code, stdout, stderr)."""

    def gradlab(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gradlab", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return gradlab


@pytest.fixture
def refused(gradlab, tmp_path, monkeypatch) -> Callable[[str, str], None]:
    """Assert that a command line is refused as bad input is: exit code 2, one line on stderr with that message."""

    def refused(arguments: str, message: str) -> None:
        monkeypatch.chdir(tmp_path)
        code, out, err = gradlab(*arguments.split())
        assert (code, out) == (2, "")
        assert err.startswith("gradlab: ")
        assert err.count("\n") == 1
        assert message in err

    return refused
