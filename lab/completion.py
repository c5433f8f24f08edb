"""What the Tab key offers after a command: presets, settings, saved runs. Files are the shell's own business."""

import re
from collections import Counter
from pathlib import Path

import typer

PLAIN = re.compile(r"[\w.+-]+")  # a run may be somebody else's: its name must do nothing in a shell


def presets(incomplete: str) -> list[str]:
    """The shipped presets that begin like this."""
    from presets.load import names

    return [name for name in names() if name.startswith(incomplete)]


def settings(incomplete: str) -> list[str]:
    """The keys of the settings that begin like this, in full or, where one setting alone is meant, without section."""
    from presets.keys import known_keys

    keys = [*known_keys()]
    last = Counter(key.rpartition(".")[2] for key in keys)
    short = [name for name, settings in last.items() if settings == 1]
    return [key for key in dict.fromkeys(short + keys) if key.startswith(incomplete)]


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """The saved runs that begin like this: in full behind a digit, otherwise without the time they began."""
    from lab.runs.store import all_runs

    names = [store.path.name for store in all_runs(Path(context.params.get("runs_dir") or "runs"))]
    if not incomplete[:1].isdigit():
        names = [name.split("-", 2)[-1] for name in names]
    return [name for name in names if name.startswith(incomplete) and PLAIN.fullmatch(name)]
