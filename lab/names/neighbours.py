"""The training names that a model finds most alike to a surname."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.types import Array
from data.alphabet import decode, encode
from lab.names.model import NamesModel, Origin, load, preset_of
from presets.build import load_data


class Neighbour(NamedTuple):
    """A training name. likeness: the cosine between what the network computes of both before its last layer, 1 for the
    same direction."""

    name: str
    nationality: str
    likeness: float


@dataclass(frozen=True)
class Neighbours:
    """The training names of a model: rows (n, LENGTH) as the network reads them, labels (n,), and features (n, f), each
    of length 1."""

    model: NamesModel
    rows: Array
    labels: Array
    features: Array

    def nearest(self, name: str, count: int) -> list[Neighbour]:
        """The most alike first; a name that is in several classes once for each. Raises DataError for what is no name
        that the network reads."""
        likeness = self.features @ _unit(self.model.features(encode(name)[None]))[0]
        best = np.argsort(-likeness, kind="stable")[:count]
        return [
            Neighbour(decode(self.rows[k]), self.model.classes[self.labels[k]], min(float(likeness[k]), 1.0))
            for k in best
        ]


def neighbours(origin: Origin) -> Neighbours:
    """Those of a model, by a network of their own: it may be asked in another thread. Raises LabError, PresetError,
    DataError."""
    model = load(origin)
    train = load_data(preset_of(origin), "auto").train
    return Neighbours(model, train.x, train.y, _unit(model.features(train.x)))


def _unit(features: Array) -> Array:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: Array = features / np.maximum(lengths, np.finfo(features.dtype).tiny)
    return scaled
