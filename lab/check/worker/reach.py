"""Following a path into an object, as state.places() writes it: .grads['W'][0]."""

import ast
import re
from typing import Any


class Reach:
    """A path whose steps are known, to be followed many times."""

    def __init__(self, path: str) -> None:
        steps = re.findall(r"\.(\w+)|\[((?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]", path)
        self._steps = [(bool(name), name or ast.literal_eval(key)) for name, key in steps]

    def get(self, thing: Any) -> Any:
        """What is there; None if nothing is."""
        for attribute, key in self._steps:
            try:
                thing = thing.__dict__[key] if attribute else thing[key]
            except (KeyError, IndexError, TypeError, AttributeError):
                return None
        return thing
