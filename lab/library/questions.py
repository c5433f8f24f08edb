"""Questions worth an experiment: those of each preset that comes with Gradlab; for others, the two that always help."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomli

from presets.schema import Preset

FILE = Path(__file__).parent / "questions.toml"


@dataclass(frozen=True)
class Question:
    """What to ask, and the changes ('key=value') to the preset that answer it."""

    ask: str
    change: tuple[str, ...]


def questions(preset: Preset) -> list[Question]:
    """What to try with a preset, at least one thing."""
    if own := _shipped().get(preset.name):
        return own
    eta = preset.optimiser.eta / 10
    smallest = getattr(preset.schedule, "eta_min", 0.0)
    asked = [Question(f"Seed {preset.seed + 1}: how much is luck?", (f"seed={preset.seed + 1}",))]
    if eta > smallest:
        asked.insert(0, Question(f"eta {eta:g}, a tenth: slower, but how far does it come?", (f"eta={eta:g}",)))
    return asked


@cache
def _shipped() -> dict[str, list[Question]]:
    document = tomli.loads(FILE.read_text(encoding="utf-8"))
    return {name: [Question(each["ask"], tuple(each["change"])) for each in asked] for name, asked in document.items()}
