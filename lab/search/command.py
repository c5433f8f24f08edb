"""`gradlab search`: many trials of a preset, to find the best values."""

from pathlib import Path
from typing import Annotated

import typer

from lab.check.targets import FILE, WHOLE
from lab.command_lines import fetch
from lab.errors import LabError
from lab.machine import cores
from lab.terminal import (
    FAILED,
    INTERRUPTED,
    Changes,
    Json,
    RunsDir,
    Seed,
    Variant,
    all_changes,
    console,
    notice,
    output,
    stopped_by_signals,
)

PresetName = Annotated[str, typer.Argument(metavar="PRESET", help="Name of a preset, or path of a TOML file.")]
Trials = Annotated[int | None, typer.Option(min=1, max=10_000, help="Number of trials.", show_default="the preset's")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, max=1024, help="Number of trials to run at a time, each on one thread.", show_default="one per core"
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="Run the trials on this Dask cluster.", show_default=False),
]
Refine = Annotated[
    bool, typer.Option("--refine", help="Search again in the range of the best trials of a finished search.")
]

Range = Annotated[
    bool,
    typer.Option("--lr-range", help="Learning-rate range test: eta grows over one epoch; which are of use?"),
]
RangeUpdates = Annotated[
    int | None, typer.Option("--updates", min=2, help="Length of the range test.", show_default="one epoch")
]


def search(
    preset: PresetName,
    changes: Changes = None,
    trials: Trials = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    refine: Refine = False,
    lr_range: Range = False,
    updates: RangeUpdates = None,
    data: Variant = None,
    seed: Seed = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Train a preset with many values of a setting. ctrl+c stops it; the same command continues it."""
    from data.near import near
    from data.sources import image_set
    from lab.search.search import begin
    from lab.search.view import SearchProgress, show_search
    from presets.load import load

    changes = all_changes(changes, seed)
    if FILE.fullmatch(preset) or WHOLE.fullmatch(preset):
        one = "gradlab run FILE:NAME --like PRESET -s key=value"
        raise LabError(f"{preset}: a search takes a preset; code of yours is trained with one value at a time: {one}")
    if lr_range:
        given = {"--trials": trials, "--jobs": jobs, "--scheduler": scheduler, "--refine": refine}
        if wrong := next((name for name, value in given.items() if value), None):
            raise LabError(f"{wrong} is for a search of trials: it does not go with --lr-range")
        _test_range(preset, changes, data, updates, json)
        return
    if updates is not None:
        raise LabError("--updates is the length of a range test: it goes with --lr-range")
    begun = begin(load(preset, changes), data or "auto", runs_dir, jobs or cores(), trials, scheduler, refine)
    if data is None and begun.variant == "mini":
        notice(f"using {begun.label}; {fetch()} gets all of it")
        if hint := near(image_set(begun.preset.data.set)):
            notice(hint)
    if refine:
        notice(f"{begun.preset.name}: {begun.preset.description}")
    if begun.taken_up:
        notice(f"continuing {begun.store.path}: {begun.taken_up} of {begun.trials} trials are done")
    progress = SearchProgress(console(stderr=True), begun)
    with stopped_by_signals(begun.stop), progress.live:
        result = begun.run(progress)
    output(json, result, lambda terminal: show_search(terminal, begun, result))
    if not begun.done:
        notice(f"interrupted after {len(begun.rows)} of {begun.trials} trials; the same command continues")
        raise typer.Exit(INTERRUPTED)
    if result["best"] is None:
        raise typer.Exit(FAILED)


def _test_range(preset: str, changes: list[str], data: Variant, updates: int | None, json: bool) -> None:
    from lab.search.lr_range import begin
    from lab.search.lr_range_view import show_range
    from presets.load import load

    test = begin(load(preset, changes), data or "auto", updates)
    if data is None and test.dataset.variant == "mini":
        notice(f"using {test.dataset.label}; {fetch()} gets all of it")
    with stopped_by_signals(test.stop):
        result = test.run(cores())
    output(json, result, lambda terminal: show_range(terminal, test, preset, changes))
    if test.stopped:
        notice(f"interrupted after {len(test.etas)} of {test.updates} updates")
        raise typer.Exit(INTERRUPTED)
    if test.bounds is None:
        raise typer.Exit(FAILED)
