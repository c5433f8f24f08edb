"""Makes the model of surnames that comes with Gradlab from a finished run: python -m lab.names.ship RUN.

Weights are stored as float16. Their accuracy is measured after rounding, on the validation names of the run.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from core.types import Array
from lab.errors import LabError
from lab.names import model as names
from lab.runs.store import RunStore
from presets.build import load_data
from presets.errors import PresetError
from presets.schema import Preset
from presets.toml import dump

LIMIT = 200_000  # bytes of weights


def ship(store: RunStore, folder: Path = names.SHIPPED) -> str:
    """Write preset.toml, weights.npz and model.json from a run; returns what was made, in a line.

    Raises LabError, PresetError.
    """
    model, preset, result = names.of_run(store), store.preset(), store.result()
    if result is None or result["state"] != "done":
        raise LabError(f"{store.path} is not finished")
    state = {
        name: np.asarray(a, np.float16 if name == "theta" else np.float32) for name, a in model.network.state().items()
    }
    size = sum(array.nbytes for array in state.values())
    if size > LIMIT:
        raise LabError(f"{store.path} has {size:,} bytes of weights; {LIMIT:,} are allowed")
    model.network.restore(state)
    accuracy = validation_accuracy(model, preset)
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / "weights.npz", **state)  # type: ignore[arg-type]
    (folder / "preset.toml").write_text(dump(preset), encoding="utf-8")
    origin = model.origin
    about: names.ShippedAbout = {
        "preset": origin.preset,
        "accuracy": accuracy,
        "data": origin.data,
        "classes": list(model.classes),
    }
    (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return f"{origin.preset}: {size:,} bytes of weights, accuracy {accuracy:.4f} (of the run: {origin.accuracy:.4f})"


def validation_accuracy(model: names.NamesModel, preset: Preset) -> float:
    """The share of the preset's validation names that the model gets right."""
    part = load_data(preset, "auto").validation
    guesses: Array = model.log_probabilities(part.x).argmax(axis=1)
    return float(np.mean(guesses == part.y))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.names.ship", description=__doc__)
    parser.add_argument("run", type=Path, help="a run directory")
    try:
        print(ship(RunStore(parser.parse_args().run)))
    except (LabError, PresetError) as error:
        parser.error(str(error))
