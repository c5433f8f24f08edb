"""A user's own presets: TOML files in a folder."""

from pathlib import Path

import tomli

from lab.errors import LabError
from presets.load import changed
from presets.schema import Preset
from presets.toml import dump


def save(preset: Preset, path: Path) -> Preset:
    """Write a preset to a new TOML file and return it, named after the file. Raises LabError if the file exists or
    cannot be written."""
    reference = None if changed(preset) else preset.reference  # of other settings the report reports nothing
    named = preset.model_copy(update={"name": path.stem, "reference": reference})
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(dump(named))
    except FileExistsError:
        raise LabError(f"{path} exists already: give another name") from None
    except OSError as error:
        raise LabError(f"{path}: {error.strerror or error}") from None
    return named


def files(folder: Path) -> list[Path]:
    """The TOML files in a folder that describe presets, whole or not: those with an optimiser and a training."""
    return [path for path in sorted(folder.glob("*.toml")) if _is_preset(path)]


def _is_preset(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        return {"optimiser", "training"} <= tomli.loads(path.read_text(encoding="utf-8-sig")).keys()
    except (OSError, ValueError, RecursionError, MemoryError):
        return False
