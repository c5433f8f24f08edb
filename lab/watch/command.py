"""`gradlab watch`: draw the log that another program writes."""

import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from lab import command_lines
from lab.errors import LabError
from lab.terminal import INTERRUPTED, Json, RunsDir, console, output, stopped_by_signals

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from lab.watch.follow import Follower
    from lab.watch.like import Like

LOOK_SECONDS = 0.25  # between two looks at the file
IDLE = 4  # times as long as a look and a drawing took: the training needs the processor

LogFile = Annotated[
    Path, typer.Argument(metavar="LOG", help="CSV, JSON lines or a TensorBoard event file.", show_default=False)
]
LikePreset = Annotated[
    str | None,
    typer.Option(
        "--like", metavar="PRESET", help="Draw it against what a preset should look like, or your saved runs of it."
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
    Without a terminal the log is read once.
    """
    from lab.watch.follow import Follower

    if log.is_dir():
        raise LabError(f"{log} is a folder: {_newest(log)}")
    against = None
    if like is not None:
        from lab.watch.like import like as like_preset

        against = like_preset(like, runs_dir)
    follower = Follower(log)
    terminal = console()
    if terminal.is_terminal and not json:
        _follow(terminal, follower, against, column or [])
        raise typer.Exit(INTERRUPTED)
    while follower.poll():
        pass
    follower.finish()
    _show(follower, against, column or [], json)


def _follow(terminal: "Console", follower: "Follower", like: "Like | None", columns: list[str]) -> None:
    """Draw the log again whenever it has grown, until a signal ends it; then print it for good."""
    from rich.live import Live

    from lab.watch.series import drawn
    from lab.watch.view import picture

    def now(live: bool = True) -> "RenderableType":
        return picture(terminal, follower, drawn(follower.log, columns), like, live)

    stop, seen = Event(), None
    with stopped_by_signals(stop.set), Live(console=terminal, auto_refresh=False, transient=True) as live:
        while not stop.is_set():
            began = time.monotonic()
            news = False
            while not stop.is_set() and follower.poll():
                news = True
            state = (follower.lacking, terminal.size)
            if news or state != seen:
                live.update(now(), refresh=True)
            seen = state
            stop.wait(max(LOOK_SECONDS, IDLE * (time.monotonic() - began)))
    follower.finish()
    terminal.print(now(live=False))


def _show(follower: "Follower", like: "Like | None", columns: list[str], json: bool) -> None:
    """Print what has been read. Raises LabError where there is nothing to print."""
    from lab.watch.document import document
    from lab.watch.series import drawn
    from lab.watch.view import picture

    if not follower.log.rows:
        raise LabError(f"{follower.path}: {follower.lacking}")
    for name in columns:
        if name not in follower.log.columns:
            raise LabError(f"--column {name}: {follower.path} has no such column{_hint(name, follower)}")
    result = drawn(follower.log, columns)
    output(
        json,
        document(follower, result, like),
        lambda terminal: terminal.print(picture(terminal, follower, result, like, live=False)),
    )


def _hint(name: str, follower: "Follower") -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, follower.log.columns, n=1)
    return f"; did you mean {near[0]}?" if near else f": it has {', '.join(follower.log.columns)}"


def _newest(folder: Path) -> str:
    """What to write in place of a folder: the event file in it that was written last."""
    files = [path for path in folder.rglob("*tfevents*") if path.is_file()]
    if not files:
        return "give the file that is written"
    return f"write {command_lines.gradlab('watch', max(files, key=lambda path: path.stat().st_mtime))}"
