"""What a loader returns: up to three parts of labelled examples, and where they came from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data.sources import SETS, Judge, PartName, Variant, judge_of


@dataclass(frozen=True)
class Part:
    """Labelled examples: x of shape (n, ...), and y of shape (n,), np.intp, indices into the classes."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A split data set. `fingerprints` maps every source file that was read to its sha256.

    `show` turns one example, a row of a part's x, into something to look at: a picture (h, w, c), uint8, c = 1 or 3, or
    a text.
    """

    name: str  # as in data.sources.SETS
    title: str  # as people write it, "CIFAR-10"
    variant: Variant
    split: str  # as asked for, e.g. "45000/5000/test"
    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part | None
    fingerprints: dict[str, str]
    show: Callable[[np.ndarray], np.ndarray | str]
    symbols: int | None = None  # x holds indices into an alphabet of this many characters; None: x holds numbers
    notes: tuple[str, ...] = ()  # what readers of the results must know

    @property
    def parts(self) -> dict[PartName, Part]:
        """The parts by name: train, validation and, for images, test."""
        parts: dict[PartName, Part] = {"train": self.train, "validation": self.validation}
        return parts if self.test is None else {**parts, "test": self.test}

    @property
    def judge(self) -> tuple[Judge, Part]:
        """Name and examples of the part that judges a finished network."""
        name = judge_of(self.name)
        return name, self.parts[name]

    @property
    def label(self) -> str:
        """Title, variant and counts, shown beside every number computed on this data."""
        counts = " / ".join(f"{len(part):,} {name}" for name, part in self.parts.items())
        return f"{short_label(self.name, self.variant)}: {counts}"


def short_label(name: str, variant: Variant) -> str:
    """The data set of that name, and how much of it: "CIFAR-10, full" or "CIFAR-10, embedded part"."""
    return f"{SETS[name].title}, {'full' if variant == 'full' else 'embedded part'}"
