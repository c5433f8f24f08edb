"""What a classifier gets right and wrong, class by class."""

from typing import NamedTuple

import numpy as np

from core.losses import softmax
from core.types import Array, Labels


def confusion_matrix(y: Labels, guesses: Labels, classes: int) -> Array:
    """The confusion matrix (classes, classes), int64: row = true class, column = guessed class."""
    cells = y.astype(np.intp) * classes + guesses  # labels may be bytes, whose products would wrap around
    counts = np.bincount(cells, minlength=classes * classes)
    return counts.reshape(classes, classes)


class ClassScores(NamedTuple):
    """Precision, recall and F1 of every class, each (classes,) float64; 0 where the denominator is 0."""

    precision: Array
    recall: Array
    f1: Array

    def macro(self) -> tuple[float, float, float]:
        """The plain means over classes of precision, recall and F1."""
        return float(self.precision.mean()), float(self.recall.mean()), float(self.f1.mean())


def class_scores(confusion: Array) -> ClassScores:
    """Scores from a confusion matrix. The recall of a class is also called its accuracy. F1 is the harmonic mean of the
    precision and recall of a class. The macro F1 is the mean of the F1 of all classes, not the harmonic mean of the
    macro precision and the macro recall."""
    hits = np.diag(confusion).astype(np.float64)
    guessed, true = confusion.sum(axis=0), confusion.sum(axis=1)
    return ClassScores(_share(hits, guessed), _share(hits, true), _share(2 * hits, guessed + true))


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def accuracy(confusion: Array) -> float:
    """The share of the counts on the diagonal; nan for an empty matrix."""
    total = confusion.sum()
    return float(np.trace(confusion) / total) if total else float("nan")


def confident_mistakes(probabilities: Array, y: Labels, count: int) -> Labels:
    """The indices of the most confident mistakes, at most `count`, the most confident first.

    `probabilities` is (n, classes); the guess is the most probable class. Ties keep the order of the examples. Rows
    that hold nan (from a diverged network) are ignored.
    """
    certainty = probabilities.max(axis=1)
    wrong = np.flatnonzero((probabilities.argmax(axis=1) != y) & np.isfinite(certainty))
    return wrong[np.argsort(-certainty[wrong], kind="stable")][:count]


def probabilities(logits: Array) -> Array:
    """softmax in float64, (n, classes). In float32, probabilities close to 1 would all be equal."""
    return softmax(logits.astype(np.float64))
