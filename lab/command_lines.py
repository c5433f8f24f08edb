"""The command lines that Gradlab shows, quoted for a shell, so that they work when copied from the screen.

Everything that shows a command with a value gets it from here. What a command does is up to its room.
"""

import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path


def gradlab(*words: str | Path) -> str:
    """`gradlab` with these words."""
    join = shlex.join if os.name == "posix" else subprocess.list2cmdline
    return join(["gradlab", *map(str, words)])


def run(source: str | Path, changes: Iterable[str] = (), data: str = "auto") -> str:
    """Train a preset, by its name or file, changed by these 'key=value's."""
    return gradlab("run", _argument(source), *_each("-s", changes), *_option("--data", data, unless="auto"))


def run_code(target: str, like: str | Path, changes: Iterable[str] = (), data: str = "auto") -> str:
    """Train FILE:NAME like a preset, by its name or file, changed by these 'key=value's."""
    options = [*_each("-s", changes), *_option("--data", data, unless="auto")]
    return gradlab("run", _argument(target), "--like", like, *options)


def run_loop(file: str, name: str, like: str | Path) -> str:
    """Train with the training loop NAME of a file, like a preset, by its name or file."""
    return gradlab("run", _argument(file), "--like", like, "--fit", name)


def resume(folder: Path) -> str:
    """Resume the run in that directory."""
    return gradlab("run", "--resume", folder)


def show_run(name: str) -> str:
    """Show the run of that name."""
    return gradlab("runs", _argument(name))


def search(
    source: str,
    trials: int | None = None,
    jobs: int | None = None,
    data: str = "auto",
    refine: bool = False,
    target: str | None = None,
) -> str:
    """Search with a preset, by its name or file; over the settings of FILE:NAME, if that is the target."""
    what = [_argument(source)] if target is None else [_argument(target), "--like", source]
    options = [*_option("--trials", trials), *_option("--jobs", jobs), *_option("--data", data, unless="auto")]
    return gradlab("search", *what, *options, *(["--refine"] if refine else []))


def check(target: str, method: str = "complex", examples: int | None = None) -> str:
    """Check a preset, FILE:NAME or FILE."""
    options = [*_option("--method", method, unless="complex"), *_option("--examples", examples)]
    return gradlab("check", _argument(target), *options)


def adapter(target: str) -> str:
    """Write an adapter for FILE:NAME or FILE."""
    return gradlab("check", _argument(target), "--adapter") + " > adapter.py"


def check_like(report: str) -> str:
    """Check as a report did."""
    return gradlab("check", "--like", report)


def fetch(data_set: str = "") -> str:
    """Download a data set, or all of them."""
    return gradlab("data", "fetch", *([data_set] if data_set else []))


def _argument(word: str | Path) -> str:
    """A word that must not be taken for an option."""
    text = str(word)
    return f"./{text}" if text.startswith("-") else text


def _option(name: str, value: str | int | None, unless: str | None = None) -> list[str]:
    return [] if value is None or value == unless else [name, str(value)]


def _each(name: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (name, value)]
