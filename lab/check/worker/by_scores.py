"""Losses of probabilities that give their derivative by the scores before a softmax: P - Y, whole or divided."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .functions import FunctionCode, agreement
from .reference import softmax


class ByScores(FunctionCode):
    """Such a loss, with the scores for x: J is that of the softmax of x."""

    def __init__(self, code: FunctionCode) -> None:
        vars(self).update(vars(code))
        if self.family.forward == self.family.cost:  # J is what forward gives, and not its J of that
            self.family = replace(self.family, forward=None)
        self.notes += ("checked by the scores before the softmax",)

    def cost(self, params: Mapping[str, Any]) -> Any:
        """See FunctionCode."""
        return super().cost(self._with_softmax(params))

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """See FunctionCode."""
        return super().gradients(self._with_softmax(params))

    def _with_softmax(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {**params, "x": softmax(params["x"], 0 if self.world.layout.columns else 1)}


def wrong_by_scores(code: FunctionCode) -> ByScores | None:
    """The loss by the scores, if its derivative is wrong there; None also where it is as many times too large as there
    are examples, along whichever axis, because the layers or the update may divide."""
    by = ByScores(code)
    divided = (_Divided(by, length) for length in by.params["x"].shape)
    return None if agreement(by) or any(map(agreement, divided)) else by


class _Divided(ByScores):
    """With the derivative divided by a number."""

    def __init__(self, code: FunctionCode, by: int) -> None:
        super().__init__(code)
        self.by = by

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """See FunctionCode."""
        return {name: g / self.by for name, g in super().gradients(params).items()}
