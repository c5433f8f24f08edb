"""`gradlab run`: train a preset, or code of yours as a preset is trained; resume a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab import command_lines, completion
from lab.check.targets import FILE, WHOLE
from lab.errors import LabError
from lab.machine import cores
from lab.runs.completion import saved_runs
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

if TYPE_CHECKING:
    from lab.runs.result import Result
    from lab.runs.run import Run
    from lab.runs.store import RunStore

Threads = Annotated[int | None, typer.Option(min=1, help="Number of processor cores to use.", show_default="all")]
Source = Annotated[
    str | None,
    typer.Argument(
        metavar="PRESET|FILE:NAME",
        help="A preset, or a network of yours: NAME in a file.",
        show_default=False,
        autocompletion=completion.presets,
    ),
]
Fit = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Your own training loop: NAME in the file is called as the preset says, and its updates are compared.",
        show_default=False,
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(metavar="RUN", help="Resume an interrupted run.", show_default=False, autocompletion=saved_runs),
]


def run(
    source: Source = None,
    like: Like = None,
    fit: Fit = None,
    changes: Changes = None,
    data: Variant = None,
    seed: Seed = None,
    threads: Threads = None,
    resume: Resume = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Train a preset, or code of yours like a preset, and save the run. ctrl+c stops it; --resume continues it."""
    from lab.runs.store import find
    from lab.runs.view import show_result

    if fit is not None:
        _fit(source, fit, like, all_changes(changes, seed), data, resume, runs_dir, json)
        return
    if resume is not None and (like or changes or data or seed is not None):
        raise LabError("--resume continues a run with its own settings: it takes no -s, --data or --seed, nor --like")
    if resume is not None and (done := _done(find(runs_dir, resume))):
        notice(f"{done['run']} is done: there is nothing left to train")
        output(json, done, lambda terminal: show_result(terminal, done, find(runs_dir, resume)))
        return
    session = _session(source, like, all_changes(changes, seed), data, threads, resume, runs_dir)
    result = _train(session)
    output(json, result, lambda terminal: show_result(terminal, result, session.store))
    if result["state"] == "diverged":
        notice(f"the loss was not finite at update {result['diverged_at']:,}: try a smaller eta")
        raise typer.Exit(FAILED)
    if result["state"] == "interrupted":
        notice(f"interrupted; resume with: {command_lines.resume(session.store.path)}")
        raise typer.Exit(INTERRUPTED)


def _fit(
    source: str | None,
    name: str,
    like: str | None,
    changes: list[str],
    data: str | None,
    resume: str | None,
    runs_dir: Path,
    json: bool,
) -> None:
    """--fit: the loop of the file trains, not ours."""
    from lab.own_loop.command import run_own_loop

    if source is None or like is None or resume is not None:
        raise LabError(f"--fit {name}: give the file, and --like PRESET; a loop of your own cannot be resumed")
    if FILE.fullmatch(source):
        raise LabError(f"{source}: --fit names what trains, so give the file alone")
    run_own_loop(Path(source), name, like, changes, data, runs_dir, json)


def _done(store: "RunStore") -> "Result | None":
    """The result of a run that has come to its end."""
    result = store.result()
    return result if result and result["state"] == "done" else None


def _session(
    source: str | None,
    like: str | None,
    changes: list[str],
    data: str | None,
    threads: int | None,
    resume: str | None,
    runs_dir: Path,
) -> "Run":
    """A new run, or a resumed one."""
    from data.near import near
    from data.sources import image_set
    from lab.runs import run as lab_run
    from lab.runs.store import find
    from lab.training import code_run
    from presets.load import load

    if threads is not None and threads > cores():
        raise LabError(f"--threads {threads}: this machine has {cores()}")
    if resume is not None:
        store = find(runs_dir, resume)
        if source is not None and store.preset() != load(source):
            raise LabError(f"{store.path} is not a run of the current {source}: leave the preset out")
        return code_run.resume(store, threads or cores())
    if source is None:
        raise LabError("which preset? gradlab presets lists them")
    code = FILE.fullmatch(source) or WHOLE.fullmatch(source)
    if (code is None) != (like is None):
        needs = "--like PRESET says how to train it" if code else "--like trains code of yours: give it as FILE:NAME"
        raise LabError(f"{source}: {needs}")
    if code is not None and like is not None:
        preset, name = load(like, changes), code.groupdict().get("name", "")
        session: Run = code_run.start(Path(code["path"]), name, preset, data or "auto", runs_dir, threads or cores())
    else:
        session = lab_run.start(load(source, changes), data or "auto", runs_dir, threads or cores())
    if data is None and session.dataset.variant == "mini":
        notice(f"using the embedded part of {session.dataset.title}; {command_lines.fetch()} gets all of it")
        if hint := near(image_set(session.dataset.name)):
            notice(hint)
    return session


def _train(session: "Run") -> "Result":
    """Drive a run with a progress line, letting signals end it between two updates. Where code of the user's fails, it
    is told with their lines, and the exit code says that it ran and failed."""
    from lab.runs.progress import TrainingProgress
    from lab.training.failed import failure_told

    trainer, kept = session.trainer, f"what was made up to then is in {session.store.path}"
    progress = TrainingProgress(console(stderr=True), session.preset.name, trainer.update, trainer.updates)
    with failure_told(lambda: trainer.update, kept), stopped_by_signals(trainer.stop), progress.bar:
        return session.go(progress)
