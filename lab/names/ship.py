"""Makes the model of surnames that comes with Gradlab from finished runs: python -m lab.names.ship RUN OTHER...

The first run is the model. The others have the same settings and other seeds, so other validation names: these choose
the temperature that the logits are divided by. Weights are stored as float16. The accuracy is measured after rounding,
on the validation names of the run.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from core.types import Array
from lab.errors import LabError
from lab.names import model as names
from lab.names.calibration import Judged, held_out, reliability, temperature
from lab.runs.store import RunStore
from presets.build import load_data
from presets.errors import PresetError
from presets.schema import Preset
from presets.toml import dump

LIMIT = 300_000  # bytes of weights


def ship(store: RunStore, others: Sequence[RunStore] = (), folder: Path = names.SHIPPED) -> str:
    """Write preset.toml, weights.npz and model.json from a run; returns what was made, in a line. others: runs that
    choose the temperature; without any it is 1.

    Raises LabError, PresetError.
    """
    model, preset = _finished(store), store.preset()
    t = temperature([judged(_finished(other), other.preset()) for other in others]) if others else 1.0
    for value in model.network.layers[-1].params.values():
        value /= t
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
    return (
        f"{origin.preset}: {size:,} bytes of weights, temperature {t:.3f}, accuracy {accuracy:.4f} "
        f"(of the run: {origin.accuracy:.4f})"
    )


def _finished(store: RunStore) -> names.NamesModel:
    """The model of a run that is done."""
    model, result = names.of_run(store), store.result()
    if result is None or result["state"] != "done":
        raise LabError(f"{store.path} is not finished")
    return model


def judged(model: names.NamesModel, preset: Preset) -> Judged:
    """What the model says of the preset's validation names."""
    part = load_data(preset, "auto").validation
    return Judged(model.log_probabilities(part.x), part.y)


def validation_accuracy(model: names.NamesModel, preset: Preset) -> float:
    """The share of the preset's validation names that the model gets right."""
    log_p, y = judged(model, preset)
    guesses: Array = log_p.argmax(axis=1)
    return float(np.mean(guesses == y))


def report(stores: Sequence[RunStore]) -> str:
    """The accuracy of every run, their mean and spread; and the reliability table, each run at the temperature that the
    others choose. Needs at least two runs. Raises LabError, PresetError."""
    models = [_finished(store) for store in stores]
    accuracies = [model.origin.accuracy for model in models]
    said, chosen = held_out([judged(m, store.preset()) for m, store in zip(models, stores, strict=True)])
    lines = [
        f"seed {store.preset().seed}: {accuracy:.2%} at temperature {t:.3f}"
        for store, accuracy, t in zip(stores, accuracies, chosen, strict=True)
    ]
    lines.append(f"mean {fmean(accuracies):.2%}, standard deviation {stdev(accuracies):.2%}")
    lines += ["", "| probability given | names | its mean | right |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {low:.1f} to {high:.1f} | {count} | {confidence:.1%} | {right:.1%} |"
        for low, high, count, confidence, right in reliability(said)
        if count
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.names.ship", description=__doc__)
    parser.add_argument("run", type=Path, help="the run directory of the model")
    parser.add_argument("others", type=Path, nargs="*", help="run directories with other seeds")
    arguments = parser.parse_args()
    stores = [RunStore(path) for path in (arguments.run, *arguments.others)]
    try:
        print(ship(stores[0], stores[1:]))
        if len(stores) > 1:
            print(report(stores))
    except (LabError, PresetError) as error:
        parser.error(str(error))
