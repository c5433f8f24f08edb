"""`gradlab data`: the data sets, and how to download them."""

from typing import Annotated

import typer

from data.sources import IMAGE_SETS
from lab.terminal import Json, console, notice, output
from lab.visible import visible

data_app = typer.Typer(help="Show or download the data sets.")


@data_app.callback(invoke_without_command=True)
def data(context: typer.Context, json: Json = False) -> None:
    """Show or download the data sets."""
    if context.invoked_subcommand is None:
        list_data(json)


@data_app.command("list")
def list_data(json: Json = False) -> None:
    """Show the embedded part, full set, size, source and licence of each data set."""
    from dataclasses import asdict

    from data.catalogue import entries
    from lab.library.view import show_data

    every = entries()
    output(json, [asdict(entry) for entry in every], lambda terminal: show_data(terminal, every))


@data_app.command("fetch")
def fetch_data(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="SET...", help=f"{' or '.join(sorted(IMAGE_SETS))}; by default all."),
    ] = None,
) -> None:
    """Download full data sets and check their hashes; run it again to continue an interrupted download."""
    from data.fetch import fetch

    bar = console(stderr=True).is_terminal
    for name in names or IMAGE_SETS:
        if not bar and name in IMAGE_SETS:
            notice(f"fetching {name} ...")
        print(visible(str(fetch(name, progress=bar))))


@data_app.command("path")
def data_path() -> None:
    """Print the folder of the full data sets; you can put the official files there yourself."""
    from data.place import home

    print(visible(str(home())))
