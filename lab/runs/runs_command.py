"""`gradlab runs`: list the saved runs, show one, note something of one, delete one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.command_lines import resume
from lab.errors import LabError
from lab.runs.completion import saved_runs
from lab.terminal import Json, RunsDir, console, notice, output
from lab.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from lab.runs.store import RunStore

RunName = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="Path or name of a run; the end of the name is enough.",
        autocompletion=saved_runs,
    ),
]
Figures = Annotated[
    bool, typer.Option("--figures", help="Also show the pictures of the run and write them as PNG files.")
]
Note = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Note something of the run, in place of the last note; #words are tags.",
    ),
]
Find = Annotated[
    str | None,
    typer.Option(
        "--find",
        metavar="TEXT",
        help="List only runs with these words in name, state, settings, note or #tags.",
    ),
]
Delete = Annotated[bool, typer.Option("--delete", help="Delete the run and all its files; asks first.")]


def runs(
    name: RunName = None,
    figures: Figures = False,
    note: Note = None,
    find_text: Find = None,
    delete: Delete = False,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """List the saved runs, show one (numbers, layers, classes, mistakes), note something of one, or delete one."""
    from lab.runs.catalogue import list_runs
    from lab.runs.details_view import show_details
    from lab.runs.notes import matching, written
    from lab.runs.store import find
    from lab.runs.view import show_result, show_runs

    if delete and (name is None or json or figures):
        raise LabError("--delete deletes one run and shows nothing: gradlab runs RUN --delete")
    if name is None:
        if figures or note is not None:
            raise LabError(f"--{'figures' if figures else 'note'} needs a run; gradlab runs lists them")
        summaries = matching(list_runs(runs_dir), find_text or "")
        if find_text and not summaries:
            notice(f"no run in {runs_dir} has {find_text}")
        output(json, summaries, lambda terminal: show_runs(terminal, summaries) if summaries or not find_text else None)
        return
    if find_text is not None:
        raise LabError("--find searches the list of all runs: leave out the name of a run")
    store = find(runs_dir, name)
    if note is not None:
        store.save_notes(written(note))
        return
    if delete:
        if typer.confirm(visible(f"Delete {store.path} for good?"), err=True):
            store.delete()
        return
    result = store.result()
    if result is None:
        going = "is still running" if store.running() else f"was killed; {resume(store.path)} resumes it"
        raise LabError(f"{store.path} has no result yet: it {going}")

    def render(terminal: "Console") -> None:
        show_result(terminal, result, store)
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
        notice(f"{store.path} has no pictures")
        return
    paths = write_sheets(store, pictures)
    if not quiet:
        show_pictures(console(), pictures)
    for path in paths:
        notice(f"wrote {path}")
