"""Parameters that live in an object of the student's: read, changed for one call, and put back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .values import copied, floats, tensors


class Nothing:
    """A with-block that does nothing."""

    def __enter__(self) -> "Nothing":
        return self

    def __exit__(self, *error: object) -> None:
        return None


class Live:
    """The params of a student's object, which may be read from the dict or through other names for its arrays.

    `replace`: does the code see other arrays put into the dict? If not they are changed in place, which rules out
    complex numbers and a precision other than their own. `changed`: what the code itself changed while it ran.
    """

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.own = floats(tensors(thing.params, "params"), "params")
        self.start = copied(self.own)
        self.replace = thing.params is thing.params  # a property may make a new dict each time
        self.read_only = False
        self.changed: list[str] = []

    def holding(self, params: Mapping[str, Any]) -> "Held":
        """A with-block in which the object's parameters have these values."""
        return Held(self, params)


class Held:
    """See Live.holding."""

    def __init__(self, live: Live, params: Mapping[str, Any]) -> None:
        self.live, self.params = live, params

    def __enter__(self) -> "Held":
        for name, value in self.params.items():
            held = self.live.own[name]
            if self.live.replace:
                self.live.thing.params[name] = held = value.copy()
            else:
                held[...] = value
            held.setflags(write=not self.live.read_only)
        return self

    def __exit__(self, *error: object) -> None:
        live = self.live
        live.changed = [k for k, value in self.params.items() if not np.array_equal(live.thing.params[k], value)]
        for name, value in live.own.items():
            value.setflags(write=True)
            value[...] = live.start[name]
            if live.replace:
                live.thing.params[name] = value


class ReadOnly:
    """A with-block in which writing to a parameter raises."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def __enter__(self) -> "ReadOnly":
        self.live.read_only = True
        return self

    def __exit__(self, *error: object) -> None:
        self.live.read_only = False
