"""Which examples make an epoch. For each epoch a sampler draws their indices, in training order."""

from collections.abc import Callable

import numpy as np

from core.types import Array, Labels

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
    return _draws(y, 0.0)


def square_root(y: Labels) -> Sampler:
    """len(y) draws with replacement, where a class is drawn in proportion to the root of its size: common classes show
    more of their names, and rare ones repeat theirs less (Mahajan et al. 2018, arXiv:1805.00932)."""
    return _draws(y, 0.5)


def shares(y: Labels, classes: int, exponent: float) -> Array:
    """The share of each class among draws in proportion to n_k ** exponent, (classes,), where n_k is the size of class
    k in y, and at least 1."""
    sizes = np.maximum(np.bincount(y, minlength=classes), 1.0) ** exponent
    return np.asarray(sizes / sizes.sum())


def _draws(y: Labels, exponent: float) -> Sampler:
    classes = _by_class(y)
    p = np.zeros(len(y))
    for members in classes:
        p[members] = len(members) ** exponent / len(members)
    p /= p.sum()
    return lambda rng: rng.choice(len(y), len(y), p=p)


def _by_class(y: Labels) -> list[Labels]:
    return [np.flatnonzero(y == k) for k in np.unique(y)]
