"""`gradlab report`: a folder with what a lab report needs from saved runs."""

from pathlib import Path
from typing import Annotated

import typer

from lab.runs.completion import saved_runs
from lab.terminal import RunsDir, console
from lab.visible import visible

RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...", help="Paths or names of runs; the end of a name is enough.", autocompletion=saved_runs
    ),
]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="The folder to write.", show_default="report-<run>")]


def report(names: RunNames, out: Out = None, runs_dir: RunsDir = Path("runs")) -> None:
    """Write report.md with settings, results and figures (PNG, SVG, PDF) of some runs."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from lab.report.report import write_report
    from lab.runs.store import find

    stores = [find(runs_dir, name) for name in names]
    terminal = console(stderr=True)
    columns = (TextColumn("figures"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("")
        written = write_report(
            stores, out, lambda done, total, name: bar.update(task, completed=done, total=total, description=name)
        )
    print(visible(str(written)))
