"""A parameter in training: as the lab has it in a mapped vector, as the student's code has it, and the way between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import rules
from .errors import CodeError
from .matching import Slot, fit

Pieces = tuple[Any, Any, Any]  # of the mapped vectors, flat: a tensor, its gradient, what is kept of it by name


@dataclass(frozen=True)
class MappedTensor:
    """A parameter: the pieces of the mapped vectors in which it lies, its gradient, and what the optimiser keeps of it,
    all as the student's code has them; whether that is turned, (m, d) for our (d, m)."""

    slot: Slot
    layer: int  # of ours
    value: Any
    grad: Any
    kept: Mapping[str, Any]
    turned: bool

    def fitting(self, gradient: Any) -> Any:
        """The student's gradient in the shape of the mapped parameter."""
        gradient = np.asarray(gradient)
        if gradient.shape == self.slot.shape:
            return gradient
        if fit(gradient.shape, self.slot.shape) < 2:
            raise CodeError(f"the gradient of {self.slot.name} has shape {gradient.shape}, not {self.slot.shape}")
        return gradient.reshape(self.slot.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the mapped parameter."""
        return self.slot.shape

    def leave(self, gradient: Any) -> None:
        """Write a gradient, fitting(), into the mapped vector."""
        self.grad.reshape(self.shape)[...] = gradient

    def step(self, gradient: Any, eta: float, update: int, rule: str, settings: Mapping[str, float]) -> None:
        """Make an update with a gradient, fitting(), in the mapped vectors."""
        kept = {name: vector.reshape(self.shape) for name, vector in self.kept.items()}
        rules.make(rule, rules.Step(self.value.reshape(self.shape), gradient, eta, update, kept, settings))

    def copy_to(self, own: Any) -> None:
        """The values as the student's code wants them."""
        own[...] = self.value.reshape(own.shape)

    @property
    def ours(self) -> Any:
        """The values in our layout: W (d, m), vectors (m,)."""
        value = self.value.reshape(self.shape)
        return (value.T if self.turned else value) if self.slot.letter == "W" else value.ravel()


@dataclass(frozen=True)
class Arrangement:
    """How a tensor of ours lies in the student's: theirs in the shape `split`, its axes in the order `axes`, is ours,
    in which a kernel may be `flipped`."""

    split: tuple[int, ...]
    axes: tuple[int, ...]
    flipped: bool = False

    def ours(self, theirs: Any) -> Any:
        """Theirs as ours, but for its shape."""
        value = theirs.reshape(self.split).transpose(self.axes)
        return value[::-1, ::-1] if self.flipped else value

    def theirs(self, ours: Any) -> Any:
        """Ours as theirs, but for its shape."""
        value = ours.reshape([self.split[axis] for axis in self.axes])
        return (value[::-1, ::-1] if self.flipped else value).transpose(np.argsort(self.axes))


@dataclass(frozen=True)
class ArrangedTensor(MappedTensor):
    """A parameter that lies in the mapped vectors as ours does, which no view of the student's can be."""

    arrangement: Arrangement

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the mapped parameter."""
        split, axes = self.arrangement.split, self.arrangement.axes
        return tuple(split[axis] for axis in axes)

    def fitting(self, gradient: Any) -> Any:
        """See MappedTensor.fitting."""
        return self.arrangement.ours(super().fitting(gradient))

    def copy_to(self, own: Any) -> None:
        """See MappedTensor.copy_to."""
        own[...] = self.arrangement.theirs(self.value).reshape(own.shape)
