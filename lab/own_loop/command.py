"""`gradlab run FILE --like PRESET --fit NAME`: the part of the command that is this room's."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lab import command_lines
from lab.errors import LabError
from lab.terminal import FAILED, INTERRUPTED, notice, output, stopped_by_signals

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from data.dataset import Dataset
    from presets.schema import Preset


def run_own_loop(
    file: Path, name: str, like: str, changes: Sequence[str], data: str | None, runs: Path, json: bool
) -> None:
    """Compare the training loop NAME of a file with a preset, train with it, keep it as a run. Raises LabError,
    DataError and PresetError; exits with FAILED if the loop parts from the preset."""
    from lab.own_loop.fit import fit
    from lab.own_loop.keep import keep
    from lab.own_loop.kept_run import keep_run
    from lab.own_loop.view import show_fit
    from presets.build import load_data
    from presets.load import load

    preset = load(like, changes)
    dataset = load_data(preset, data or "auto")
    kills: list[Callable[[], object]] = []
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        for kill in kills:
            kill()

    try:
        with stopped_by_signals(stop):
            report = fit(file, name, preset, dataset, began=kills.append, says=notice)
    except LabError:
        if not stopped:
            raise
        notice("interrupted: a training loop of your own cannot be resumed")
        raise typer.Exit(INTERRUPTED) from None
    kept = keep(report.series, report.at, runs, report.target) if report.series else None
    run = keep_run(report, preset, dataset, runs)

    def render(terminal: "Console") -> None:
        show_fit(terminal, report)
        if kept is not None:
            terminal.print(_drawn(terminal, kept, preset, dataset, runs))

    output(json, {**report.as_dict(), "run": run["run"] if run else None}, render)
    if run is not None:
        notice(f"a run: {run['run']}; show it with: {command_lines.gradlab('runs', run['run'])}")
    elif report.updates:
        notice("no run is kept: the parameters that it ended with were not to be seen")
    if kept is not None:
        notice(f"kept in {kept}; draw it with: {command_lines.gradlab('watch', kept, '--like', preset.name)}")
    if not report.agrees:
        raise typer.Exit(FAILED)


def _drawn(terminal: "Console", kept: Path, preset: "Preset", dataset: "Dataset", runs: Path) -> "RenderableType":
    """What was kept, before the preset's own curves if the training could have made them."""
    from lab.expected.curves import expected_of
    from lab.watch.like import like
    from lab.watch.series import drawn
    from lab.watch.sources import source_at
    from lab.watch.view import picture

    source = source_at(kept)
    while source.poll(wait=True):
        pass
    source.finish()
    behind = like(preset.name, runs) if expected_of(preset, dataset.variant) else None
    return picture(terminal, source, drawn(source.log, []), behind, live=False)
