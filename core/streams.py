"""Random numbers: one stream per purpose, all from the preset's seed.

Drawing more or fewer numbers from one stream (with dropout on, for example) does not change the others. So two runs
that differ in one setting still have the same initial weights and the same order of examples.
"""

import numpy as np

from core.types import Array

# The position of a purpose decides which numbers a seed gives: append, never reorder. Nothing draws "augmentation" yet.
PURPOSES = ("init", "order", "dropout", "augmentation", "search", "split")
_LOW = (1 << 64) - 1


def stream(seed: int, purpose: str) -> np.random.Generator:
    """The generator of one of PURPOSES for a seed >= 0. Raises ValueError for a purpose not in the list."""
    key = np.random.SeedSequence(seed, spawn_key=(PURPOSES.index(purpose),))
    return np.random.Generator(np.random.PCG64(key))


def generator_state(generator: np.random.Generator) -> Array:
    """The state of a PCG64 generator as six uint64, so that a checkpoint can save it without pickle."""
    s = generator.bit_generator.state
    words = [s["state"]["state"], s["state"]["inc"]]
    halves = [half for word in words for half in (word >> 64, word & _LOW)]
    return np.array([*halves, s["has_uint32"], s["uinteger"]], dtype=np.uint64)


def restore_generator(generator: np.random.Generator, state: Array) -> None:
    """Put a PCG64 generator back into a state returned by generator_state()."""
    a, b, c, d, has_uint32, uinteger = (int(word) for word in state)
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": a << 64 | b, "inc": c << 64 | d},
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }


def reseed(generator: np.random.Generator, key: Array) -> None:
    """Start a PCG64 generator at a place that a key of two int64 picks."""
    a, b = (int(word) for word in key)
    restore_generator(generator, np.array([a, b, 0, 1, 0, 0], np.uint64))
