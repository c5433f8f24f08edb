"""Guesses at the nationality of a surname, by the model of a names run or by the model that comes with Gradlab.

Typed names need a fast answer, so this does not load SciPy, and loads the schema only to read a run.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypedDict, cast

import numpy as np
import tomli

from core.layers import Layer
from core.network import Network
from core.sequences import FEW, Marks
from core.types import Array
from data.alphabet import ALPHABET, LENGTH, PAD, encode
from data.sources import SURNAMES
from lab.errors import LabError
from lab.runs.store import RunStore, all_runs, find, read_preset
from presets.network import build_network

if TYPE_CHECKING:
    from lab.runs.result import Result
    from presets import schema

SHIPPED = Path(__file__).parent / "shipped"  # preset.toml, weights.npz and model.json, made by lab.names.ship


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, and how good it is."""

    name: str  # "shipped", or the name of the run
    run: str | None  # path of the run
    preset: str
    accuracy: float  # on the validation names
    data: str  # what it learnt from and was judged by


class ShippedAbout(TypedDict):
    """What model.json says of the model that comes with Gradlab."""

    preset: str
    accuracy: float
    data: str
    classes: list[str]


class NamesModel:
    """A trained network and what its outputs mean. Not to be used from two threads at once."""

    def __init__(self, network: Network, classes: tuple[str, ...], origin: Origin) -> None:
        self.network = network
        self._marks = [layer for layer in network.layers if isinstance(layer, Marks)]
        self._others = [layer for layer in network.layers if layer not in self._marks]
        self.classes = classes
        self.origin = origin

    def probabilities(self, names: Sequence[str]) -> Array:
        """(n, classes), float64, of n names. Raises DataError for a name that is empty, too long or has unknown
        letters."""
        return np.exp(self.log_probabilities(np.array([encode(name) for name in names])))

    def explain(self, names: Sequence[str]) -> list[Array]:
        """For each name, how much each letter of the folded name supports each class: (number of letters, classes),
        float64.

        By occlusion (Zeiler and Fergus 2014, arXiv:1311.2901): how much log p of the class drops when padding, which
        the filters ignore, replaces the letter. Marks of beginning and end stay where they are. Negative: the letter
        speaks against the class.
        """
        padding = PAD + Marks.MORE * len(self._marks)
        blocks = [_with_each_letter_hidden(row, padding) for row in self._marked(np.array([encode(n) for n in names]))]
        log_p = np.split(self._log_p(np.concatenate(blocks)), np.cumsum([len(b) for b in blocks])[:-1])
        return [block[0] - block[1:] for block in log_p]

    def features(self, rows: Array) -> Array:
        """(n, features), float32, of encoded names (n, LENGTH): what the last layer of the network is given."""
        return _through(self.network.layers[:-1], rows)

    def log_probabilities(self, rows: Array) -> Array:
        """(n, classes), float64, of encoded names (n, LENGTH)."""
        return self._log_p(self._marked(rows))

    def _marked(self, rows: Array) -> Array:
        """Encoded names as the first convolution reads them."""
        return _through(self._marks, rows)

    def _log_p(self, marked: Array) -> Array:
        z = _through(self._others, marked).astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def _through(layers: Sequence[Layer], rows: Array) -> Array:
    """What leaves the last of these layers, for rows (n, ...), FEW at a time."""
    parts = []
    for i in range(0, len(rows), FEW):
        x = rows[i : i + FEW]
        for layer in layers:
            x = layer.forward(x, False)
        parts.append(x.copy())
    return np.concatenate(parts)


def _with_each_letter_hidden(row: Array, padding: int) -> Array:
    """The row, followed by one row per letter in which padding replaces that letter."""
    letters = np.flatnonzero(row < len(ALPHABET))
    rows = np.tile(row, (1 + len(letters), 1))
    rows[1 + np.arange(len(letters)), letters] = padding
    return rows


# Models


def choose(runs: Path, run: str | None) -> NamesModel:
    """The model of that run, or the shipped one for "shipped"; for None the first of models(). Raises LabError,
    PresetError."""
    if run is None:
        return load(next(models(runs)))
    return shipped() if run == "shipped" else of_run(find(runs, run))


def models(runs: Path) -> Iterator[Origin]:
    """The available models: those of finished names runs, newest first, then the shipped one. Skips runs with a damaged
    result."""
    for store in reversed(all_runs(runs)):
        with suppress(LabError, KeyError):
            result = store.result()
            if result and result["state"] == "done" and SURNAMES.embedded.name in result["fingerprints"]:
                yield _origin(store, result)
    yield _shipped_origin(SHIPPED)


def load(origin: Origin) -> NamesModel:
    """The model from that origin. Raises LabError, PresetError."""
    return shipped() if origin.run is None else of_run(RunStore(Path(origin.run)))


def preset_of(origin: Origin) -> "schema.Preset":
    """What the model from that origin was trained with. Raises LabError, PresetError."""
    return read_preset(SHIPPED if origin.run is None else Path(origin.run))


def of_run(store: RunStore) -> NamesModel:
    """The model of a run. Raises LabError, PresetError."""
    result = store.result()
    if result is None:
        raise LabError(f"{store.path} has no result: it is still running, or was killed")
    preset, start = store.preset(), "network."
    if preset.data.set != SURNAMES.name:
        raise LabError(f"{store.path} is a run of {preset.name}, which does not learn surnames")
    if result["state"] == "diverged":
        raise LabError(f"{store.path} diverged: it has no model")
    weights = {key.removeprefix(start): a for key, a in store.checkpoint().items() if key.startswith(start)}
    try:
        return _model(preset.network, weights, result["classes"], _origin(store, result))
    except (KeyError, ValueError) as error:
        raise LabError(f"{store.path}: its files do not fit together: {error}") from None


def _origin(store: RunStore, result: "Result") -> Origin:
    accuracy = result["final"]["validation"]["accuracy"]
    if accuracy is None:
        raise LabError(f"{store.path}: its validation accuracy is no number")
    return Origin(store.path.name, str(store.path), result["preset"], accuracy, result["data"])


def shipped(folder: Path | None = None) -> NamesModel:
    """The model that comes with Gradlab, or the one in `folder`. Its preset was checked when the model was made."""
    folder = folder or SHIPPED
    spec = _attributes(tomli.loads((folder / "preset.toml").read_text(encoding="utf-8"))["network"])
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        return _model(
            cast("schema.NetworkSection", spec), dict(weights), _about(folder)["classes"], _shipped_origin(folder)
        )


def _about(folder: Path) -> ShippedAbout:
    about: ShippedAbout = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return about


def _shipped_origin(folder: Path) -> Origin:
    about = _about(folder)
    return Origin("shipped", None, about["preset"], about["accuracy"], about["data"])


def _attributes(value: Any) -> Any:
    """A table of a TOML file as an object with attributes, like the sections of the schema."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _attributes(inner) for key, inner in value.items()})
    return [_attributes(inner) for inner in value] if isinstance(value, list) else value


def _model(
    spec: "schema.NetworkSection", weights: dict[str, Array], classes: Sequence[str], origin: Origin
) -> NamesModel:
    """Raises KeyError or ValueError if the weights do not fit the network."""
    network = build_network(spec, (LENGTH,), len(classes), np.random.default_rng(), len(ALPHABET))
    network.restore(weights)
    return NamesModel(network, tuple(classes), origin)
