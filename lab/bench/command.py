"""`gradlab bench`: how fast this machine trains, and the efficiency experiment of the report on surnames."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from lab.terminal import FAILED, Json, console, output

Experiment = Annotated[
    Literal["surnames"] | None,
    typer.Option(
        help="surnames: time 100 updates with the report's matrices and with Gradlab; takes a minute or two.",
        show_default=False,
    ),
]


def bench(experiment: Experiment = None, json: Json = False) -> None:
    """Measure updates per second of some presets, on one thread and on all cores."""
    if experiment is not None:
        _surnames(json)
        return
    from lab.bench.bench import PRESETS, SECONDS, measure
    from lab.bench.view import show_rates

    with _progress(len(PRESETS)) as show:
        document = measure(PRESETS, SECONDS, watch=lambda name: show(name, PRESETS.index(name)))
    output(json, document, lambda terminal: show_rates(terminal, document))


def _surnames(json: bool) -> None:
    from lab.bench.efficiency import PRESET, UPDATES, experiment
    from lab.bench.view import show_experiment
    from presets.load import load

    with _progress(UPDATES) as show:
        document = experiment(load(PRESET), UPDATES, watch=show)
    output(json, document, lambda terminal: show_experiment(terminal, document))
    if not document["same_gradient"]:
        raise typer.Exit(FAILED)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str, int], None]]:
    """A function that takes the name of the current work and the number done of `total`. It draws a bar on a terminal;
    elsewhere it prints a line when the name changes."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    terminal = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as bar:
        task = bar.add_task("", total=total)
        at_work = ""

        def show(name: str, done: int) -> None:
            nonlocal at_work
            bar.update(task, description=name, completed=done)
            if name != at_work and not terminal.is_terminal:
                terminal.print(name, highlight=False)
            at_work = name

        yield show
