"""An objective of whose work a second process (core/helper) can do a part: the bits are the same without it."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from core.network import Network
from core.objective import Objective
from core.types import Array, Labels, Shape

if TYPE_CHECKING:
    from core.helper.process import Helper

Layout = Mapping[str, tuple[Shape, str]]  # shape and dtype of arrays, by name


class DividedObjective(Objective):
    """Subclasses divide the gradient in a way that depends on shapes alone: ask() for the second part, compute the
    first, and take the answer(), or compute the second part, too, if there is none."""

    helper: "Helper | None" = None

    def __deepcopy__(self, memo: dict[int, object]) -> Objective:
        """The plain objective: its gradient is the same but for rounding."""
        return Objective(copy.deepcopy(self.network, memo), self.lambda_, copy.deepcopy(self.loss, memo))

    def gradient(self, x: Array, y: Labels) -> complex:
        """See Objective. If the loss is not finite, there is no gradient."""
        loss = self.divided_gradient(x, y)
        if self.helper is not None:
            self.helper.gradient_ends()
        return loss

    def divided_gradient(self, x: Array, y: Labels) -> complex:
        """gradient(), in two parts."""
        return super().gradient(x, y)

    def second(self) -> "Second":
        """What the second process does, for this network."""
        raise NotImplementedError

    def exchanged(self, x: Array) -> Layout:
        """The arrays of both processes beside the network's state(), for batches with the shape of x (n, ...)."""
        raise NotImplementedError

    def ask(self, task: int, x: Array, **given: Array) -> bool:
        """Hand over a task with these exchanged arrays, and the batch's rows x (n, ...). False if nobody takes it."""
        return self.helper is not None and self.helper.ask(task, x, given)

    def answer(self, asked: bool) -> Mapping[str, Array] | None:
        """The exchanged arrays as the task that was asked for left them; None if nobody did it in time."""
        return self.helper.answer() if self.helper is not None and asked else None

    def logits(self, x: Array) -> Array:
        """See Objective. A helper computes every second chunk of the rows."""
        chunks, parts = list(self._chunks(x)), []
        while chunks:
            own = chunks.pop(0)
            asked = self.helper is not None and bool(chunks) and self.helper.ask_logits(x[chunks[0]])
            parts.append(self.network.forward(x[own]).copy())
            answer = self.helper.logits() if self.helper is not None and asked else None
            if answer is not None:
                parts.append(answer.copy())
                chunks.pop(0)
        return np.concatenate(parts)


class Second:
    """The second part of the work, with a copy of the network."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def bind(self, arrays: Mapping[str, Array]) -> None:
        """From now on the network's state() is in these arrays, and its gradient in arrays["grad"], if there."""
        self.network.bind(arrays["theta"], arrays.get("grad", self.network.grad))
        self.network.bind_state(arrays)

    def work(self, task: int, x: Array, arrays: Mapping[str, Array]) -> None:
        """Do a task that was asked for with the batch's rows x (n, ...), and leave the answer in the arrays."""
        raise NotImplementedError
