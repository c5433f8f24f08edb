"""What the Tab key offers where a saved run is asked for."""

import re
from pathlib import Path

import typer

PLAIN = re.compile(r"[\w.+-]+")  # a run may be somebody else's: its name must do nothing in a shell


def saved_runs(context: typer.Context, incomplete: str) -> list[str]:
    """The saved runs that begin like this: in full behind a digit, otherwise without the time they began."""
    from lab.runs.store import all_runs  # and NumPy with it

    names = [store.path.name for store in all_runs(Path(context.params.get("runs_dir") or "runs"))]
    if not incomplete[:1].isdigit():
        names = [name.split("-", 2)[-1] for name in names]
    return [name for name in names if name.startswith(incomplete) and PLAIN.fullmatch(name)]
