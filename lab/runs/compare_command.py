"""`gradlab compare`: saved runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from lab.errors import LabError
from lab.runs.completion import saved_runs
from lab.terminal import Json, RunsDir, output

RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN RUN...",
        help="Paths or names of runs; the end of a name is enough.",
        autocompletion=saved_runs,
    ),
]


def compare(names: RunNames, runs_dir: RunsDir = Path("runs"), json: Json = False) -> None:
    """Compare saved runs: curves, settings that differ, and results."""
    from lab.runs.compare import compare as compared
    from lab.runs.compare_view import show_comparison
    from lab.runs.curves import LETTERS
    from lab.runs.saved import distinct, read
    from lab.runs.store import find

    if not 2 <= len(names) <= len(LETTERS):
        raise LabError(f"compare takes 2 to {len(LETTERS)} runs, not {len(names)} (gradlab runs lists them)")
    stores = [find(runs_dir, name) for name in names]
    distinct(stores)
    records = [read(store) for store in stores]
    document = compared(records)
    output(json, document, lambda terminal: show_comparison(terminal, document, records))
