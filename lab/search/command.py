"""`gradlab search`: many trials of a preset, to find the best values."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lab import completion
from lab.check.targets import FILE, WHOLE
from lab.command_lines import fetch
from lab.errors import LabError
from lab.machine import cores
from lab.terminal import (
    FAILED,
    INTERRUPTED,
    Changes,
    Json,
    Like,
    RunsDir,
    Seed,
    Variant,
    all_changes,
    console,
    notice,
    output,
    stopped_by_signals,
)

Source = Annotated[
    str,
    typer.Argument(
        metavar="PRESET|FILE:NAME",
        help="A preset, or a network of yours: NAME in a file.",
        autocompletion=completion.presets,
    ),
]
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
    source: Source,
    like: Like = None,
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
    """Train a preset, or code of yours like a preset, with many values of a setting. ctrl+c stops it; the same command
    continues it."""
    from data.near import near
    from data.sources import image_set
    from lab.search.search import begin
    from lab.search.view import SearchProgress, show_search
    from presets.load import load

    changes, (preset, target) = all_changes(changes, seed), _what(source, like)
    if lr_range:
        given = {"--trials": trials, "--jobs": jobs, "--scheduler": scheduler, "--refine": refine}
        if wrong := next((name for name, value in given.items() if value), None):
            raise LabError(f"{wrong} is for a search of trials: it does not go with --lr-range")
        _test_range(preset, target, changes, data, updates, json)
        return
    if updates is not None:
        raise LabError("--updates is the length of a range test: it goes with --lr-range")
    if target is not None and scheduler is not None:
        raise LabError(
            f"--scheduler {scheduler}: code of yours is trained on this machine, as others do not have it: leave it out"
        )
    begun = begin(load(preset, changes), data or "auto", runs_dir, jobs or cores(), trials, scheduler, refine, target)
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


def _what(source: str, like: str | None) -> tuple[str, tuple[Path, str] | None]:
    """The preset, and the file and the name of code of the user's that is trained like it. Raises LabError."""
    code = FILE.fullmatch(source) or WHOLE.fullmatch(source)
    if code is None and like is None:
        return source, None
    if code is None or like is None:
        needs = "--like PRESET says how to train it" if code else "--like trains code of yours: give it as FILE:NAME"
        raise LabError(f"{source}: {needs}")
    return like, (Path(code["path"]), code.groupdict().get("name", ""))


def _test_range(
    preset: str,
    target: tuple[Path, str] | None,
    changes: list[str],
    data: Variant,
    updates: int | None,
    json: bool,
) -> None:
    from lab.search.lr_range import begin, of_code, of_preset
    from lab.search.lr_range_view import show_range
    from lab.training.failed import failure_told
    from presets.load import load

    make = of_preset if target is None else partial(of_code, *target)
    test = begin(load(preset, changes), data or "auto", updates, make)
    if data is None and test.dataset.variant == "mini":
        notice(f"using {test.dataset.label}; {fetch()} gets all of it")
    with failure_told(test.made), stopped_by_signals(test.stop):
        result = test.run(cores())
    named = None if target is None else f"{target[0]}:{target[1]}"
    output(json, result, lambda terminal: show_range(terminal, test, preset, changes, named))
    if test.stopped:
        notice(f"interrupted after {len(test.etas)} of {test.updates} updates")
        raise typer.Exit(INTERRUPTED)
    if test.bounds is None:
        raise typer.Exit(FAILED)
