"""What a preset will do, before it is trained: its network block by block, its length, its learning rate."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from core.network import Network
from core.types import Shape
from data.sources import IMAGE_SETS
from data.splits import spans
from presets.build import build_schedule, count_updates, load_data
from presets.network import build_network
from presets.schema import Preset

_KNOWN: dict[str, tuple[Shape, int, int | None]] = {}  # what was read of a data set
POINTS = 400  # of the learning rate: more than a plot has dots
WORDS = {"BatchNorm": "BN", "ReLU": "ReLU", "MaxPool": "pool", "MaxOverTime": "maximum", "Dropout": "dropout"}


@dataclass(frozen=True)
class Block:
    """A part of the network: what it is, and the shape of what leaves it, or the number of its parameters."""

    what: str
    detail: str


@dataclass(frozen=True)
class Plan:
    """blocks: from the input to the classes; updates: of a run on the full data; etas: (update, learning rate)."""

    blocks: tuple[Block, ...]
    updates: int
    etas: tuple[tuple[float, float], ...]


def plan(preset: Preset) -> Plan:
    """The plan of a preset. Raises DataError, PresetError."""
    updates = count_updates(preset, _examples(preset) // preset.training.batch)
    schedule = build_schedule(preset.schedule, preset.optimiser.eta, updates)
    steps = sorted({round(k * (updates - 1) / (POINTS - 1)) for k in range(POINTS)})
    return Plan(tuple(_blocks(preset)), updates, tuple((t, schedule(t)) for t in steps))


def _examples(preset: Preset) -> int:
    """The size of the full training set."""
    if preset.data.set in IMAGE_SETS:
        source = IMAGE_SETS[preset.data.set]
        (first, last), _ = spans(preset.data.split, source, source.pool_rows)
        return last - first
    return len(load_data(preset, "full").train)


def _blocks(preset: Preset) -> list[Block]:
    shape, classes, symbols = _inputs(preset)
    network = build_network(preset.network, shape, classes, np.random.default_rng(0), symbols)
    first = Block("x".join(map(str, shape)), f"{int(np.prod(shape)):,} values")
    if symbols is not None:
        marks = ", and marks" if preset.network.marks else ""
        first = Block(f"{shape[0]} characters", f"of {symbols}{marks}")
    return [first, *_merged(_layers(preset, network)), Block("softmax", f"{classes} classes")]


def _layers(preset: Preset, network: Network) -> list[tuple[str, str, int]]:
    """Each layer with parameters and what follows it: its words, the shape of its output if it has axes, parameters."""
    sizes = iter(preset.network.convolutions)
    told: list[tuple[str, str, int]] = []
    for row in network.summary():
        shape = "x".join(map(str, row.output))
        if row.layer == "Ensemble":
            told.append((f"{preset.network.members} x dense {row.output[0]}, mean", "", row.parameters))
        elif row.layer == "Dense":
            told.append((f"dense {row.output[0]}", "", row.parameters))
        elif row.layer not in (*WORDS, "Flatten", "Marks"):
            told.append((f"conv {str(next(sizes).size).strip('[]').replace(' ', '')}", shape, row.parameters))
        elif row.layer in WORDS and told:
            words, before, parameters = told[-1]
            told[-1] = (f"{words} {WORDS[row.layer]}", shape if before else "", parameters + row.parameters)
    return told


def _merged(layers: list[tuple[str, str, int]]) -> list[Block]:
    """Equal neighbours as one block."""
    blocks = []
    for (words, shape), group in groupby(layers, key=lambda layer: layer[:2]):
        alike = list(group)
        count = f"{sum(layer[2] for layer in alike):,} parameters"
        blocks.append(
            Block(f"{len(alike)} x {words}" if len(alike) > 1 else words, f"{shape}, {count}" if shape else count)
        )
    return blocks


def _inputs(preset: Preset) -> tuple[Shape, int, int | None]:
    """Shape of an example, number of classes, number of characters if it is made of them: the same for every split."""
    if preset.data.set not in _KNOWN:
        dataset = load_data(preset, "mini")
        _KNOWN[preset.data.set] = (dataset.train.x.shape[1:], len(dataset.classes), dataset.symbols)
    return _KNOWN[preset.data.set]
