"""The fixtures of the lab's tests, for torture."""

from tests.lab.conftest import _own_surroundings, gradlab, small, start

__all__ = ["_own_surroundings", "gradlab", "small", "start"]
