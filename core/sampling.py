"""Which examples make an epoch. For each epoch a sampler draws their indices, in training order."""

from collections.abc import Callable

import numpy as np

from core.types import Labels

Sampler = Callable[[np.random.Generator], Labels]


def plain(y: Labels) -> Sampler:
    """Every example once."""
    return lambda rng: rng.permutation(len(y))


def balanced(y: Labels) -> Sampler:
    """As many of every class as the smallest has, drawn without replacement (DD2424 assignment 3, names)."""
    classes = _by_class(y)
    smallest = min(len(members) for members in classes)
    return lambda rng: rng.permutation(np.concatenate([rng.permutation(members)[:smallest] for members in classes]))


def weighted(y: Labels) -> Sampler:
    """len(y) draws with replacement with p = 1 / (K n_y): each of the K classes is as likely as any other."""
    classes = _by_class(y)
    p = np.zeros(len(y))
    for members in classes:
        p[members] = 1 / (len(classes) * len(members))
    return lambda rng: rng.choice(len(y), len(y), p=p)


def _by_class(y: Labels) -> list[Labels]:
    return [np.flatnonzero(y == k) for k in np.unique(y)]
