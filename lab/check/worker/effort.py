"""What a search has cost: tries, and processor time. The clock on the wall would tell how busy the machine is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .octave import Octave

TRIES, SECONDS = 600, 3.0  # what a search may cost


def spent() -> float:
    """Seconds of processor time so far: this process's, and Octave's as its last answer told."""
    return time.process_time() + Octave.seconds


@dataclass
class Budget:
    """What is left for a search."""

    tries: int = TRIES
    end: float = field(default_factory=lambda: spent() + SECONDS)

    @property
    def over(self) -> bool:
        """Is it used up?"""
        return self.tries <= 0 or spent() > self.end

    def use(self) -> bool:
        """Take one try; False if nothing is left."""
        self.tries -= 1
        return not self.over

    @contextmanager
    def resting(self) -> Iterator[None]:
        """A with-block that costs nothing: a look for one kind of code that is to leave time for the others."""
        begun = spent()
        yield
        self.end += spent() - begun
