"""What a student's forward returns: the parts by their names, and which of them is the output."""

import re
from itertools import takewhile
from typing import Any

import numpy as np

from .errors import CodeError, NothingToCheckError
from .roles import plain, stripped
from .source import returned, signature
from .values import Function, described, stacked
from .world import World


class Outputs:
    """What forward returned: whole, and by the names it gives its parts."""

    def __init__(self, value: Any, function: Function | None) -> None:
        self.value, self.function = value, function
        self.inputs: Any = None  # what forward was given for X
        self.parts: list[Any] = list(value) if isinstance(value, tuple | list) else [value]
        names = returned(function) if function is not None else []
        self.names = [plain(n) for n in names] if len(names) == len(self.parts) else [""] * len(self.parts)
        self.named: dict[str, Any] = {}
        for part in self.parts:
            if isinstance(part, dict):
                self.named |= {plain(str(key)): v for key, v in part.items()}
        self.named |= {name: part for name, part in zip(self.names, self.parts, strict=True) if name}
        self.given = {plain(p.name) for p in signature(function)} if function is not None else set()
        self.new = self.named.keys() - self.given
        self._found: tuple[World, Any] | None = None  # what probabilities() gave

    def probabilities(self, world: World) -> Any:
        """The part that holds a number for every class and example, best one that sums to 1 over the classes, or whose
        numbers are between 0 and 1."""
        if self._found is None or self._found[0] is not world:
            self._found = world, self._probabilities(world)
        return self._found[1]

    def _probabilities(self, world: World) -> Any:
        k, n = world.sizes[-1], len(world.y)
        flat = [*self.parts, *self.named.values()]
        flat += [p[-1] for p in self.parts if isinstance(p, list) and p]
        shapes = [(k, n), (n, k), *([(n * k,)] if 1 in (n, k) else [])]
        fitting = [p for p in flat if isinstance(p, np.ndarray) and p.shape in shapes]
        for p in fitting:
            axis = 1 if p.shape == (n, k) else 0
            if np.abs(np.sum(p, axis=axis) - 1).max() < 1e-5:  # allclose() takes its time, and this is asked often
                return p
        shares = [p for p in fitting if np.all((np.real(p) > 0) & (np.real(p) < 1))]
        return shares[-1] if shares else fitting[0] if fitting else None

    @property
    def is_loss(self) -> bool:
        """Is it a number, or does it begin with one?"""
        return bool(self.parts) and isinstance(self.parts[0], float | np.floating)

    def arrays(self) -> list[Any]:
        """The parts that are arrays."""
        return [part for part in self.parts if isinstance(part, np.ndarray)]

    def handed(self, backward: Function) -> list[str]:
        """The arguments of a backward that are the gradients of several outputs: dh and dc beside next_h and next_c;
        none if there is only one such."""
        names = [name for name, part in zip(self.names, self.parts, strict=True) if isinstance(part, np.ndarray)]
        given = [p.name for p in signature(backward)][: len(names)]
        pairs = takewhile(lambda pair: is_gradient_of(*pair), zip(given, names, strict=False))
        found = [argument for argument, _ in pairs]
        return found if len(found) > 1 else []

    def cut(self, joined: Any, count: int) -> list[Any]:
        """What array(count) has joined, in the shapes of the outputs."""
        shapes = [part.shape for part in self.arrays()[:count]]
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        return [piece.reshape(shape) for piece, shape in zip(np.split(joined, ends[:-1]), shapes, strict=True)]

    def array(self, count: int = 0) -> Any:
        """The first part that is an array, or a number; arrays of every example, in a list that was built, as one; the
        first `count` arrays as one flat array."""
        if count:
            return np.concatenate([part.ravel() for part in self.arrays()[:count]])
        if isinstance(one := stacked(self.value), np.ndarray) and not any(self.names):
            return one
        for part in self.parts:
            if isinstance(part, np.ndarray | np.floating):
                return np.asarray(part)
        if isinstance(self.value, dict) and (kept := [v for v in self.value.values() if isinstance(v, np.ndarray)]):
            named = [v for k, v in self.named.items() if re.fullmatch(LEFT, k) and isinstance(v, np.ndarray)]
            return (named or kept)[-1]
        if self.parts and self.parts[0] is None:
            raise NothingToCheckError("it is not written yet: forward gives None")
        raise CodeError(f"forward gives {described(self.value)}, not an array")

    def rest(self) -> Any:
        """All but the first part; the second alone if there are two."""
        return self.parts[1] if len(self.parts) == 2 else tuple(self.parts[1:])


def is_gradient_of(argument: str, output: str) -> bool:
    """dnext_h or dh of next_h; any dh of an output that has no name."""
    if not output:
        return re.match("d|grad", plain(argument)) is not None
    return any(rest and (output.startswith(rest) or output.endswith(rest)) for rest in stripped(plain(argument)))


LEFT = r"outputs?|out|result|a|activations?|y|p|probs?|probabilities"


def left_in(forward: Function) -> Any:
    """What a method that returns nothing leaves in its object as the output; None if it leaves nothing."""
    inside = getattr(getattr(forward, "__self__", None), "__dict__", {})
    left = {
        plain(name): v for name, v in inside.items() if re.fullmatch(LEFT, plain(name)) and isinstance(v, np.ndarray)
    }
    return next((left[name] for name in sorted(left, key=lambda name: name == "y")), None)  # y may be the labels
