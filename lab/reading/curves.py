"""The curves of a run as arrays, and what is measured on them."""

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np

from core.types import Array
from lab.reading.facts import Facts


@dataclass(frozen=True)
class LearningCurves:
    """The finite rows of metrics.csv, one value for each evaluation, oldest first; at least one."""

    facts: Facts
    update: Array
    eta: Array
    train: Array  # loss
    validation: Array  # loss
    penalty: Array  # cost - loss
    train_accuracy: Array
    validation_accuracy: Array

    @cached_property
    def chance(self) -> float:
        """The accuracy of guessing."""
        return 1 / len(self.facts.classes)

    @cached_property
    def chance_loss(self) -> float:
        """ln K: the loss of giving all classes the same probability."""
        return -log(self.chance)

    @property
    def fall(self) -> float:
        """How far the training loss came down."""
        return float(self.train[0] - self.train[-1])

    @cached_property
    def later_fall(self) -> float:
        """The share of the fall in the second half of the way, measured in learning rates: 1/2 for a straight line."""
        if len(self.train) < 3 or self.fall <= 0:
            return 0.0
        way = np.concatenate([[0.0], np.cumsum(np.diff(self.update) * self.eta[1:])])
        middle = float(np.interp(way[-1] / 2, way, self.train))
        return (middle - float(self.train[-1])) / self.fall

    @cached_property
    def above_chance(self) -> float:
        """The validation accuracy in the second half, in standard deviations of guessing above guessing."""
        spread = sqrt(self.chance * (1 - self.chance) / (self.facts.examples or 1))
        return (float(late(self.validation_accuracy).mean()) - self.chance) / spread


def late(values: Array) -> Array:
    """The second half of the rows."""
    return values[len(values) // 2 :]


def curves_of(facts: Facts) -> LearningCurves | None:
    """The curves; None if no row is finite."""
    rows = [row for row in facts.metrics if np.isfinite([row["train_loss"], row["validation_loss"]]).all()]
    if not rows:
        return None

    def column(name: str) -> Array:
        return np.array([row[name] for row in rows])

    loss, cost = column("train_loss"), column("train_cost")
    return LearningCurves(
        facts,
        column("update"),
        column("eta"),
        loss,
        column("validation_loss"),
        cost - loss,
        column("train_accuracy"),
        column("validation_accuracy"),
    )
