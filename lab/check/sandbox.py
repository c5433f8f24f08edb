"""A sandbox for files of others: bubblewrap, which shows a process a machine of its own (Linux)."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from lab.errors import LabError

SECONDS = 20.0  # for the sandbox to begin
# Where sockets lie through which other programs take orders, and what a person keeps. Empty inside.
HIDDEN = ("/tmp", "/var/tmp", "/run", "/home", "/root")
PLACES = "import site, sys; print(*sys.path, sys.prefix, sys.base_prefix, site.getusersitepackages(), sep='\\n')"


def sandbox(python: Path, folder: Path, worker: Path) -> list[str]:
    """What is put before a command so that it runs in a sandbox, with this Python.

    Inside there is no network and no other process. Nothing on the disk can be written but an empty /tmp, which goes
    with the process. Of the folders of people only `folder`, `worker` and those of Python can be seen. Raises LabError
    if there is no bubblewrap, or if it cannot start here.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise LabError("--sandbox needs bubblewrap, which is for Linux: install the package bubblewrap")
    seen = (*_places_of(python), str(folder), str(worker))
    command = [program, *_arguments([place for place in seen if _hidden(place) and Path(place).exists()])]
    _try(tuple(command), python)
    return command


def _arguments(seen: Sequence[str]) -> list[str]:
    hidden = [part for folder in _hidden_folders() if Path(folder).is_dir() for part in ("--tmpfs", folder)]
    shown = [part for place in sorted(set(seen)) for part in ("--ro-bind", place, place)]  # an outer folder first
    return [
        *("--unshare-all", "--die-with-parent", "--new-session"),
        *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *hidden,
        *shown,
        *("--setenv", "TMPDIR", "/tmp", "--"),
    ]


def _hidden_folders() -> list[str]:
    return sorted({*HIDDEN, os.path.realpath(Path.home())})


def _hidden(place: str) -> bool:
    return any(Path(place).is_relative_to(folder) for folder in _hidden_folders())


@lru_cache
def _places_of(python: Path) -> tuple[str, ...]:
    """The folders that a Python and its packages lie in."""
    asked = subprocess.run([python, "-c", PLACES], capture_output=True, text=True, timeout=SECONDS, check=False)
    return tuple(place for place in asked.stdout.splitlines() if place.startswith("/"))


@lru_cache
def _try(command: tuple[str, ...], python: Path) -> None:
    """Raise LabError if the sandbox does not begin: some systems allow none."""
    try:
        tried = subprocess.run(
            [*command, python, "-c", ""], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"--sandbox: bubblewrap cannot start here: {error}") from None
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
        raise LabError(f"--sandbox: bubblewrap cannot start here: {said}")
