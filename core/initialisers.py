"""How parameters start: each initialiser draws one tensor from a generator.

Call them as `initialiser(rng, shape, fan_in)`. They return float64 of that shape, and the network rounds to its own
dtype. So a float32 and a float64 network with the same seed start at the same point.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.types import Array, Shape


class Initialiser(Protocol):
    """Draws the starting value of a tensor; fan_in is the number of inputs one output depends on."""

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array: ...


@dataclass(frozen=True)
class Constant:
    """Every element the same: 0 for biases and beta, 1 for gamma."""

    value: float

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal:
    """N(0, sigma^2) (DD2424 assignment 1: sigma = 0.01)."""

    sigma: float

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        return rng.normal(0.0, self.sigma, shape)


@dataclass(frozen=True)
class He:
    """N(0, 2 / fan_in): keeps the variance through ReLU layers (He et al. 2015, arXiv:1502.01852)."""

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        return rng.normal(0.0, np.sqrt(2 / fan_in), shape)


@dataclass(frozen=True)
class Xavier:
    """N(0, 1 / fan_in), the form of the courses (after Glorot & Bengio 2010, who average fan-in and fan-out)."""

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        return rng.normal(0.0, np.sqrt(1 / fan_in), shape)


@dataclass(frozen=True)
class Scaled:
    """The draws of another initialiser times a factor (FMAN45's CIFAR networks start at 0.1 times He's)."""

    initialiser: Initialiser
    factor: float

    def __call__(self, rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
        return self.factor * self.initialiser(rng, shape, fan_in)
