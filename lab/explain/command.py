"""`gradlab explain`: what a setting does."""

from typing import Annotated

import typer

from lab import completion
from lab.terminal import Json, output

Preset = Annotated[
    str,
    typer.Argument(
        metavar="PRESET", help="Name of a preset, or path of a TOML file.", autocompletion=completion.presets
    ),
]
Key = Annotated[
    str,
    typer.Argument(metavar="KEY", help="A setting, as in eta or optimiser.eta.", autocompletion=completion.settings),
]


def explain(preset: Preset, key: Key, json: Json = False) -> None:
    """Say what a setting does, what the reports saw of it, and what other values do, with curves."""
    from lab.explain.explain import explain as explanation
    from lab.explain.view import show_explanation

    document = explanation(preset, key)
    output(json, document, lambda terminal: show_explanation(terminal, document))
