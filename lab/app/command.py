"""The commands that open the app.

This is the only place where lab imports tui, and only inside functions: lab is complete without the app and loads it
only on demand. pyproject.toml lists these imports as the only exceptions to the order of the packages.
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
    gc.disable()  # little is garbage before the first paint; the app enables the collector after it
    from tui.app import main

    return main(preset, runs_dir)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on localhost.")] = 8000,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Open the app in a browser on this machine; ctrl+c stops it. Needs: pip install 'gradlab[web]'."""
    from tui.serve import main

    main(port, ["--runs-dir", str(runs_dir)], sys.executable)
