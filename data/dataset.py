"""What a loader returns: three parts of labelled examples that know where they came from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Part:
    """Labelled examples: x of shape (n, ...), and y of shape (n,), np.intp, indices into the classes."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A split data set. `fingerprints` maps every source file that was read to its sha256."""

    name: str  # "cifar10" or "mnist"
    title: str  # "CIFAR-10" or "MNIST"
    variant: str  # "mini": the embedded part; "full": the official files
    split: str  # as asked for, e.g. "45000/5000/test"
    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part
    fingerprints: dict[str, str]

    @property
    def label(self) -> str:
        """Title, variant and counts: what every number computed on this data is shown with."""
        variant = "full" if self.variant == "full" else "embedded part"
        counts = f"{len(self.train):,} train / {len(self.validation):,} validation / {len(self.test):,} test"
        return f"{self.title}, {variant}: {counts}"
