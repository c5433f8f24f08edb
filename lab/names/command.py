"""`gradlab names`: guesses at the nationality of surnames."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.errors import LabError
from lab.runs.completion import saved_runs
from lab.terminal import BAD_INPUT, Json, RunsDir, notice, output

Surnames = Annotated[
    list[str], typer.Argument(metavar="SURNAME...", help="One or more; - reads them from stdin, one per line.")
]
Run = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help='The model: a names run, or "shipped".',
        show_default="newest names run, or shipped",
        autocompletion=saved_runs,
    ),
]
Explain = Annotated[bool, typer.Option("--explain", help="Mark the letters that support the most likely class.")]
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table to a new file, .md or .csv.")]


def names(
    surnames: Surnames,
    run: Run = None,
    explain: Explain = False,
    out: Out = None,
    runs_dir: RunsDir = Path("runs"),
    json: Json = False,
) -> None:
    """Guess which of 18 nationalities a surname is from. A guess is about the name, not the person."""
    from threadpoolctl import threadpool_limits

    from lab.names.answer import answer
    from lab.names.model import choose
    from lab.names.table import save
    from lab.names.view import show_names

    if surnames == ["-"]:
        surnames = _lines()
    if not surnames:
        raise LabError("no names: give some, or one per line on stdin")
    with threadpool_limits(1, "blas"):  # waking a second thread takes longer than the products of a name
        said = answer(choose(runs_dir, run), surnames, explain)
    if out is not None:
        save(said, out)
    output(json, said.document(), lambda terminal: show_names(terminal, said))
    for each in said.refused:
        notice(each["reason"])
    if said.refused:
        raise typer.Exit(BAD_INPUT)


def _lines() -> list[str]:
    """The names on stdin. Raises LabError for text in another encoding than UTF-8."""
    given = sys.stdin.buffer.read()
    try:
        text = given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = given[: error.start].count(b"\n") + 1
        raise LabError(f"stdin is not UTF-8 text (line {line}): save the names as UTF-8") from None
    from lab.names.answer import names_in

    return names_in(text)
