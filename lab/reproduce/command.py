"""`gradlab reproduce`: measures every value of the reports again, with a verdict on each."""

from pathlib import Path
from typing import Annotated

import typer

from lab.command_lines import fetch
from lab.machine import cores
from lab.terminal import INTERRUPTED, Json, RunsDir, Variant, console, notice, output, stopped_by_signals
from presets.reports import Report

OneReport = Annotated[Report | None, typer.Option(help="One report.", show_default="all")]
Seeds = Annotated[int, typer.Option(min=1, max=100, help="Train with seeds 1 to N: mean and spread of every value.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=1024, help="Number of trainings to run at a time.", show_default="one per core")
]


def reproduce(
    report: OneReport = None,
    seeds: Seeds = 1,
    jobs: Jobs = None,
    data: Variant = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Measure every value of the published reports again. ctrl+c stops it; the same command continues it."""
    from lab.reproduce.reproduce import Reproduction
    from lab.reproduce.view import NOT_JUDGED, ReproductionProgress, show_reproduction

    reproduction = Reproduction(runs_dir, report, data or "auto", jobs or cores(), seeds)
    if reproduction.embedded and data is None:
        notice(f"{NOT_JUDGED} {fetch()} gets all of it.")
    if reproduction.taken_up:
        notice(f"{reproduction.taken_up} of {len(reproduction.pieces)} pieces are already in {reproduction.root}")
    progress = ReproductionProgress(console(stderr=True), reproduction)
    with stopped_by_signals(reproduction.stop), progress.bar:
        rows = reproduction.run(progress)
    output(json, rows, lambda terminal: show_reproduction(terminal, reproduction, rows))
    if not reproduction.done:
        done = f"{len(reproduction.results)} of {len(reproduction.pieces)}"
        notice(f"interrupted after {done} pieces; the same command continues")
        raise typer.Exit(INTERRUPTED)
