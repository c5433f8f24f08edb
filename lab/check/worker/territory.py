"""Whose code a file is: the student's, installed, or ours."""

import os
import site
import sys
import sysconfig
from functools import cache
from pathlib import Path


def _folders(*names: str) -> tuple[str, ...]:
    """Where Python keeps what is installed, with and without symbolic links followed."""
    paths = [path for name in names if (path := sysconfig.get_path(name))]
    return tuple({place + os.sep for path in paths for place in (path, os.path.realpath(path))})


STANDARD = _folders("stdlib", "platstdlib")
INSTALLED = (*STANDARD, *_folders("purelib", "platlib"), site.getusersitepackages() + os.sep)
WORKER = str(Path(__file__).parent) + os.sep


@cache
def own(filename: str) -> bool:
    """Is this file the student's: neither installed nor Gradlab's?"""
    if filename.startswith("<"):
        return not filename.startswith("<frozen")
    parts = Path(filename).parts
    if "site-packages" in parts or "dist-packages" in parts:
        return False
    return not filename.startswith((*INSTALLED, WORKER))


def own_files() -> list[str]:
    """The student's files that are loaded."""
    paths = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    return sorted(path for path in paths if path.endswith((".py", ".ipynb", ".m")) and own(path))
