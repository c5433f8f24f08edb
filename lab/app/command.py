"""The commands that open the app. It is called by its name alone: lab is complete without it and never imports it."""

import gc
import sys
from importlib import import_module
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
    code: int = import_module("tui.app").main(preset, runs_dir)
    return code


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on localhost.")] = 8000,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Put the app into a browser, at localhost; ctrl+c ends it. Needs the extra: pip install 'gradlab[web]'."""
    import_module("tui.serve").main(port, ["--runs-dir", str(runs_dir)], sys.executable)
