"""Which Python runs a student's file: the one that is named, that of an active environment, or ours."""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from lab.errors import LabError

OLDEST = (3, 10)  # what lab/check/worker runs on
ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")
SECONDS = 20.0  # for a Python to begin
PROBE = (
    "import importlib.util, sys; "
    "print(*sys.version_info[:2], int(importlib.util.find_spec('numpy') is not None), sep='\\n')"
)


def choose_python(named: str | None = None) -> Path:
    """The Python that runs a student's file.

    named: a program, a command, or the folder of an environment; None: the active environment's (VIRTUAL_ENV,
    CONDA_PREFIX) if it has NumPy, else the Python that runs Gradlab. Raises LabError if the named one cannot be used.
    """
    if named is not None:
        python = _program(named)
        if reason := _unfit(python):
            raise LabError(f"--python {named}: {reason}")
        return python
    for variable in ENVIRONMENTS:
        folder = os.environ.get(variable)
        if folder and Path(folder).resolve() != Path(sys.prefix).resolve():
            inside = _in(Path(folder))
            if inside is not None and not _unfit(inside):
                return inside
    return Path(sys.executable)


def _program(named: str) -> Path:
    """The program that a name means. Raises LabError if it means none."""
    path = Path(named).expanduser()
    if path.is_dir():
        inside = _in(path)
        if inside is None:
            raise LabError(f"--python {named}: there is no bin/python in this folder")
        return inside
    found = shutil.which(path)
    if found is None:
        what = "cannot be run: it is not executable" if path.is_file() else "there is no such file or command"
        raise LabError(f"--python {named}: {what}")
    return Path(os.path.abspath(found))  # noqa: PTH100  (an environment's python is a link: following it would leave it)


def _in(folder: Path) -> Path | None:
    """The Python of an environment's folder."""
    return next(
        (
            p
            for p in (folder / "bin" / "python", folder / "bin" / "python3", folder / "Scripts" / "python.exe")
            if p.is_file()
        ),
        None,
    )


@lru_cache
def _unfit(python: Path) -> str:
    """Why a program cannot run students' files; empty if it can."""
    try:
        asked = subprocess.run(
            [python, "-B", "-c", PROBE], capture_output=True, text=True, timeout=SECONDS, cwd=python.parent, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it does not answer within {SECONDS:g} s"
    except OSError as error:
        return f"it cannot be run: {(error.strerror or str(error)).lower()}"
    lines = asked.stdout.split()
    if asked.returncode != 0 or len(lines) != 3 or not all(map(str.isdigit, lines)):
        said = (asked.stderr.strip().splitlines() or ["it is no Python"])[-1]
        return f"it cannot run Python: {said}"
    major, minor, numpy = map(int, lines)
    if (major, minor) < OLDEST:
        return f"it is Python {major}.{minor}: a check needs {'.'.join(map(str, OLDEST))} or later"
    return "" if numpy else f"it has no NumPy: {python} -m pip install numpy"
