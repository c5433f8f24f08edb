"""The command line. NumPy, and what needs it, is imported inside the commands: help must answer at once."""

import os
import signal
import sys
from contextlib import suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab.app.command import serve, start_app
from lab.bench.command import bench
from lab.check.command import check
from lab.errors import LabError
from lab.machine import cores, tune_blas
from lab.names.command import names
from lab.report.command import report
from lab.reproduce.command import reproduce
from lab.runs.compare_command import compare
from lab.search.command import search
from lab.terminal import (
    BAD_INPUT,
    FAILED,
    INTERRUPTED,
    Changes,
    Json,
    RunsDir,
    Seed,
    Variant,
    console,
    notice,
    output,
    stopped_by_signals,
)

if TYPE_CHECKING:
    from rich.console import Console

    from lab.runs.run import Run
    from lab.runs.store import RunStore

app = typer.Typer(
    help="A terminal laboratory for neural networks written from scratch.",
    epilog="Start with: gradlab run a2-setting1",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="The data sets: what is there, where, and from whom.")
app.add_typer(data_app, name="data")

PresetName = Annotated[
    str | None, typer.Argument(metavar="PRESET", help="Name of a preset, or path of a TOML file.", show_default=False)
]
RunName = Annotated[
    str | None, typer.Argument(metavar="RUN", help="Path or name of a run; the end of the name will do.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor cores to use.", show_default="all")]
Figures = Annotated[
    bool, typer.Option("--figures", help="Show the pictures of a run, too, and write them as PNG files into it.")
]
Resume = Annotated[str | None, typer.Option(metavar="RUN", help="Go on with an interrupted run.", show_default=False)]

Delete = Annotated[bool, typer.Option("--delete", help="Delete the run and all its files, after a question.")]


@app.callback(invoke_without_command=True)
def gradlab(
    context: typer.Context,
    preset: Annotated[str | None, typer.Option(metavar="PRESET", help="Open the app with this preset.")] = None,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Without a command: the app; without a terminal, this help."""
    if context.invoked_subcommand is not None:
        if preset is not None:
            raise LabError(f"--preset opens the app: write gradlab {context.invoked_subcommand} {preset}")
    elif all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise typer.Exit(start_app(preset, runs_dir))
    else:
        print(context.get_help())


app.command()(serve)


@app.command()
def presets(name: PresetName = None, json: Json = False) -> None:
    """List the presets, or show one with every setting written out."""
    from lab.runs.view import show_presets
    from presets.load import load, names
    from presets.toml import dump

    if name is None:
        documents = [load(each).model_dump(exclude_none=True) for each in names()]
        output(json, documents, lambda terminal: show_presets(terminal, documents))
    else:
        preset = load(name)
        output(json, preset.model_dump(exclude_none=True), lambda _: print(dump(preset), end=""))


@app.command()
def run(
    preset: PresetName = None,
    changes: Changes = None,
    data: Variant = None,
    seed: Seed = None,
    threads: Threads = None,
    resume: Resume = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Train a preset and keep the run; ctrl+c stops it so that --resume can take it up again."""
    from lab.runs.view import show_result

    session = _session(preset, changes or [], data, seed, threads, resume, runs_dir)
    result = _train(session)
    output(json, result, lambda terminal: show_result(terminal, result, session.store.metrics()))
    if result["state"] == "diverged":
        notice(f"the loss was not finite at update {result['diverged_at']:,}: try a smaller eta")
        raise typer.Exit(FAILED)
    if result["state"] == "interrupted":
        notice(f"interrupted; go on with: {session.store.to_resume}")
        raise typer.Exit(INTERRUPTED)


def _session(
    preset: str | None,
    changes: list[str],
    data: str | None,
    seed: int | None,
    threads: int | None,
    resume: str | None,
    runs_dir: Path,
) -> "Run":
    """A new run, or one taken up again."""
    from lab.runs import run as lab_run
    from lab.runs.store import find
    from presets.load import load

    if threads is not None and threads > cores():
        raise LabError(f"--threads {threads}: this machine has {cores()}")
    if resume is not None:
        if changes or data or seed is not None:
            raise LabError("--resume goes on with a run as it was: it takes no -s, --data or --seed")
        store = find(runs_dir, resume)
        if preset is not None and store.preset() != load(preset):
            raise LabError(f"{store.path} is not a run of {preset} as it stands: leave the preset out")
        return lab_run.resume(store, threads or cores())
    if preset is None:
        raise LabError("which preset? gradlab presets lists them")
    if seed is not None:
        changes = [*changes, f"seed={seed}"]
    session = lab_run.start(load(preset, changes), data or "auto", runs_dir, threads or cores())
    if data is None and session.dataset.variant == "mini":
        notice(f"using the embedded part of {session.dataset.title}; gradlab data fetch gets all of it")
    return session


def _train(session: "Run") -> dict[str, Any]:
    """Drive a run with a progress line, letting signals end it between two updates."""
    from lab.runs.progress import TrainingProgress

    trainer = session.trainer
    progress = TrainingProgress(console(stderr=True), session.preset.name, trainer.update, trainer.updates)
    with stopped_by_signals(trainer.stop), progress.bar:
        return session.go(progress)


app.command()(check)
app.command()(names)
app.command()(search)
app.command()(reproduce)


@app.command()
def runs(
    name: RunName = None,
    figures: Figures = False,
    delete: Delete = False,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """List the saved runs; show one: its numbers, layers, classes and mistakes; or delete one."""
    from lab.runs.catalogue import list_runs
    from lab.runs.details_view import show_details
    from lab.runs.store import find
    from lab.runs.view import show_result, show_runs

    if delete and (name is None or json or figures):
        raise LabError("--delete deletes one run and shows nothing: gradlab runs RUN --delete")
    if name is None:
        if figures:
            raise LabError("--figures of which run? gradlab runs lists them")
        summaries = list_runs(runs_dir)
        output(json, summaries, lambda terminal: show_runs(terminal, summaries))
        return
    store = find(runs_dir, name)
    if delete:
        if typer.confirm(f"Delete {store.path} for good?", err=True):
            store.delete()
        return
    result = store.result()
    if result is None:
        going = "is still running" if store.running() else f"was killed; {store.to_resume} takes it up"
        raise LabError(f"{store.path} has no result yet: it {going}")

    def render(terminal: "Console") -> None:
        show_result(terminal, result, store.metrics())
        show_details(terminal, result)

    output(json, result, render)
    if figures:
        _figures(store, quiet=json)


def _figures(store: "RunStore", quiet: bool) -> None:
    """Write a run's pictures as PNG files and show them; only the names of the files, on stderr, if quiet."""
    from lab.runs.pictures import unpack
    from lab.runs.pictures_view import show_pictures
    from lab.runs.sheets import write_sheets

    pictures = unpack(store.pictures())
    if not pictures:
        notice(f"{store.path} has left no pictures")
        return
    paths = write_sheets(store, pictures)
    if not quiet:
        show_pictures(console(), pictures)
    for path in paths:
        notice(f"wrote {path}")


app.command()(compare)
app.command()(report)


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, json: Json = False) -> None:
    """The data sets: what is there, where, and from whom."""
    if context.invoked_subcommand is None:
        list_data(json)


@data_app.command("list")
def list_data(json: Json = False) -> None:
    """Say of every data set what is embedded, what is there in full, its size, source and licence."""
    from dataclasses import asdict

    from data.catalogue import entries
    from lab.runs.view import show_data

    documents = [asdict(entry) for entry in entries()]
    output(json, documents, lambda terminal: show_data(terminal, documents))


@data_app.command("fetch")
def fetch_data(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="SET...", help="cifar10 or mnist; both if none is named.")
    ] = None,
) -> None:
    """Download full data sets, checked against their hashes; an interrupted download is taken up again."""
    from data.fetch import fetch
    from data.sources import IMAGE_SETS

    for name in names or IMAGE_SETS:
        print(fetch(name))


@data_app.command("path")
def data_path() -> None:
    """Print the folder full data sets are kept in; files put there by hand are used."""
    from data.place import home

    print(home())


app.command()(bench)


def main() -> None:
    """The console script: runs a command, turns errors into one line on stderr, and exits with the contract's code."""
    tune_blas()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like ctrl+c: exit code 130, nothing half done
    sys.stdout, sys.stderr = sys.stdout or StringIO(), sys.stderr or StringIO()  # None: closed by who began us
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a question mark for what the terminal's encoding lacks
            stream.reconfigure(errors="replace")
    usage_error: Any = typer.BadParameter.__base__  # of the click that typer brings with it
    try:
        code = app(standalone_mode=False, prog_name="gradlab")
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # as in: gradlab presets | head
        _give_up_stdout()
        code = FAILED
    except OSError as error:
        _give_up_stdout()
        code = _bad_input(f"{error.filename or 'the output'}: {error.strerror}")
    except MemoryError as error:
        code = _bad_input(f"there is not enough memory: {error}")
    except usage_error as error:
        code = _bad_input(_refusal(error))
    except _input_errors() as error:
        code = _bad_input(str(error))
    sys.exit(code or 0)


def _input_errors() -> tuple[type[Exception], ...]:
    from data.errors import DataError
    from presets.errors import PresetError

    return LabError, PresetError, DataError


def _refusal(error: Any) -> str:
    """What typer says of a wrong call; of a wrong value its own message names the option, but not the value."""
    details = getattr(error.__cause__, "errors", None)  # of pydantic, which looks at the values
    if details is None:
        return str(error.format_message())
    (wrong, *_), option = details(), error.param.opts[0]
    if wrong["type"] == "value_error":
        return f"{option}: {wrong['ctx']['error']}"
    return f"{option} {wrong['input']}: {wrong['msg'].replace('Input should', 'must')}"


def _give_up_stdout() -> None:
    """What is still to be written goes nowhere when Python ends."""
    with suppress(OSError):  # there is none if it was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bad_input(message: str) -> int:
    with suppress(OSError):  # stderr may be full, too
        print("gradlab:", " ".join(message.split()), file=sys.stderr, flush=True)
    return BAD_INPUT
