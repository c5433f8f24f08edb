"""The commands that open the app.

This is the one place where lab imports tui, inside functions: lab is complete without the app and loads none of it
until somebody asks for it. pyproject.toml names these imports as the only exceptions to the order of the packages.
"""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from lab.terminal import RunsDir


def start_app(preset: str | None, runs_dir: Path) -> int:
    """Run the app on this terminal, in Train if there is a preset; the exit code. Raises PresetError."""
    if preset is not None:
        from presets.load import load

        load(preset)  # refused before the screen changes
    gc.disable()  # of all that is made until the first paint little is garbage; the app enables it then
    from tui.app import main

    return main(preset, runs_dir)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on localhost.")] = 8000,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Put the app into a browser, at localhost; ctrl+c ends it. Needs the extra: pip install 'gradlab[web]'."""
    from tui.serve import main

    main(port, ["--runs-dir", str(runs_dir)], sys.executable)
