"""`gradlab names`: guesses at the nationality of surnames."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.errors import LabError
from lab.terminal import Json, RunsDir, output

Surnames = Annotated[
    list[str], typer.Argument(metavar="SURNAME...", help="One or more; - reads them from stdin, one per line.")
]
Run = Annotated[
    str | None,
    typer.Option(
        metavar="RUN", help='The model: a names run, or "shipped".', show_default="newest names run, or shipped"
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
        surnames = [line.strip() for line in sys.stdin if line.strip()]
    if not surnames:
        raise LabError("no names: give some, or one per line on stdin")
    with threadpool_limits(1, "blas"):  # waking a second thread takes longer than the products of a name
        said = answer(choose(runs_dir, run), surnames, explain)
    if out is not None:
        save(said, out)
    output(json, said.document(), lambda terminal: show_names(terminal, said))
