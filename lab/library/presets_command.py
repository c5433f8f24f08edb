"""`gradlab presets`: what can be trained."""

from lab.terminal import Json, PresetName, output
from lab.visible import visible


def presets(name: PresetName = None, json: Json = False) -> None:
    """List the presets, or show one with all its settings."""
    from lab.library.view import show_presets
    from presets.load import load, names
    from presets.toml import dump

    if name is None:
        every = [load(each) for each in names()]
        documents = [preset.model_dump(exclude_none=True) for preset in every]
        output(json, documents, lambda terminal: show_presets(terminal, every))
    else:
        preset = load(name)
        output(json, preset.model_dump(exclude_none=True), lambda _: print(visible(dump(preset)), end=""))
