"""`gradlab watch`: draw the log that another program writes."""

import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from lab import completion
from lab.errors import LabError
from lab.terminal import INTERRUPTED, Json, RunsDir, console, output, stopped_by_signals

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lab.watch.like import Like
    from lab.watch.sources import Source

LOOK_SECONDS = 0.25  # between two looks at the file
IDLE = 4  # times as long as a look and a drawing took: the training needs the processor

LogFile = Annotated[
    Path,
    typer.Argument(
        metavar="LOG",
        help="CSV, JSON lines, what a program prints, a TensorBoard event file, or a folder with train/ and "
        "validation/ as Keras writes it. - reads a pipe.",
        show_default=False,
    ),
]
LikePreset = Annotated[
    str | None,
    typer.Option(
        "--like",
        metavar="PRESET",
        help="Draw it against what a preset should look like, or your saved runs of it.",
        autocompletion=completion.presets,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME", help="Also draw this column; can be repeated.", show_default=False),
]


def watch(
    log: LogFile,
    like: LikePreset = None,
    column: Columns = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Draw the losses and accuracies of a log while any program writes it; ctrl+c ends with a table.

    Columns are known by their names: step, update, iter or epoch; loss, cost, acc or accuracy with train, val or test.
    Without a terminal the log is read once. What a program prints can be piped in: python train.py | gradlab watch -
    """
    from lab.watch.sources import source_at

    source, against = source_at(log), None
    if like is not None:
        from lab.watch.like import like as like_preset

        against = like_preset(like, runs_dir)
    terminal = console()
    if terminal.is_terminal and not json:
        _follow(terminal, source, against, column or [])
        raise typer.Exit(0 if source.ended else INTERRUPTED)
    while source.poll(wait=True):
        pass
    source.finish()
    _show(source, against, column or [], json)


def _follow(terminal: "Console", source: "Source", like: "Like | None", columns: list[str]) -> None:
    """Draw the log again whenever it has grown, until it or a signal ends that; then print it for good."""
    from rich.live import Live

    from lab.watch.series import drawn
    from lab.watch.view import picture

    def now(live: bool = True) -> "RenderableType":
        return picture(terminal, source, drawn(source.log, columns), like, live)

    stop, seen = Event(), None
    with stopped_by_signals(stop.set), Live(console=terminal, auto_refresh=False, transient=True) as live:
        while not stop.is_set():
            began = time.monotonic()
            news = False
            while not stop.is_set() and source.poll():
                news = True
            state = (source.lacking, terminal.size)
            if news or state != seen:
                live.update(now(), refresh=True)
            seen = state
            if source.ended:
                break
            stop.wait(max(LOOK_SECONDS, IDLE * (time.monotonic() - began)))
    source.finish()
    terminal.print(now(live=False))


def _show(source: "Source", like: "Like | None", columns: list[str], json: bool) -> None:
    """Print what has been read. Raises LabError where there is nothing to print."""
    from lab.watch.document import document
    from lab.watch.series import drawn
    from lab.watch.view import picture

    if not source.log.rows:
        raise LabError(f"{source.name}: {source.lacking}")
    for name in columns:
        if name not in source.log.columns:
            raise LabError(f"--column {name}: {source.name} has no such column{_hint(name, source)}")
    result = drawn(source.log, columns)
    output(
        json,
        document(source, result, like) if json else None,
        lambda terminal: terminal.print(picture(terminal, source, result, like, live=False)),
    )


def _hint(name: str, source: "Source") -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, source.log.columns, n=1)
    return f"; did you mean {near[0]}?" if near else f": it has {', '.join(source.log.columns)}"
