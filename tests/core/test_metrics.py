"""Confusion matrix and scores against scikit-learn."""

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from core.metrics import accuracy, class_scores, confident_mistakes, confusion_matrix, probabilities


@st.composite
def guesses(draw):
    """Labels, guesses and the number of classes: a few classes may never be true, never guessed, or neither."""
    classes = draw(st.integers(2, 6))
    n = draw(st.integers(1, 30))
    column = st.lists(st.integers(0, classes - 1), min_size=n, max_size=n).map(lambda v: np.array(v, np.intp))
    return draw(column), draw(column), classes


@given(guesses())
def test_confusion_and_accuracy_agree_with_scikit_learn(case):
    y, guessed, classes = case
    confusion = confusion_matrix(y, guessed, classes)
    assert confusion.dtype == np.int64
    np.testing.assert_array_equal(confusion, sklearn.metrics.confusion_matrix(y, guessed, labels=range(classes)))
    assert accuracy(confusion) == pytest.approx(sklearn.metrics.accuracy_score(y, guessed))


@given(guesses())
def test_scores_agree_with_scikit_learn(case):
    y, guessed, classes = case
    scores = class_scores(confusion_matrix(y, guessed, classes))
    for average, ours in ((None, scores), ("macro", scores.macro())):
        expected = sklearn.metrics.precision_recall_fscore_support(
            y, guessed, labels=range(classes), average=average, zero_division=0
        )
        for mine, theirs in zip(ours, expected[:3], strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-15)


def test_rows_are_true_classes_and_columns_guesses():
    confusion = confusion_matrix(np.array([0, 0, 0, 1]), np.array([0, 2, 2, 0]), 3)
    assert confusion.tolist() == [[1, 0, 2], [1, 0, 0], [0, 0, 0]]
    precision, recall, f1 = class_scores(confusion)
    assert precision.tolist() == [1 / 2, 0, 0]
    assert recall.tolist() == [1 / 3, 0, 0]
    assert f1 == pytest.approx([0.4, 0, 0])


def test_nothing_guessed_is_no_accuracy_and_no_scores():
    confusion = confusion_matrix(np.array([], np.intp), np.array([], np.intp), 3)
    assert math.isnan(accuracy(confusion))
    assert class_scores(confusion).macro() == (0, 0, 0)


def test_labels_may_be_bytes():
    y = np.array([17], np.uint8)
    assert confusion_matrix(y, y, 18)[17, 17] == 1


@given(guesses(), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_the_surest_mistakes_come_first(case, count, seed):
    """Against picking the surest of the remaining mistakes, again and again; a coarse grid makes ties."""
    y, _, classes = case
    probabilities = np.random.default_rng(seed).integers(1, 5, (len(y), classes)) / 4
    left = [i for i in range(len(y)) if max(range(classes), key=lambda k: probabilities[i, k]) != y[i]]
    expected = []
    while left and len(expected) < count:
        surest = max(left, key=lambda i: max(probabilities[i]))
        left.remove(surest)
        expected.append(surest)
    assert confident_mistakes(probabilities, y, count).tolist() == expected


def test_where_there_are_no_numbers_there_are_no_mistakes():
    probabilities = np.array([[np.nan, np.nan], [0.1, 0.9]])
    assert confident_mistakes(probabilities, np.array([1, 0]), 5).tolist() == [1]


def test_probabilities_of_float32_logits_tell_the_nearly_certain_apart():
    p = probabilities(np.array([[0, -20], [0, -30]], np.float32))
    np.testing.assert_allclose(p[:, 1], np.exp([-20.0, -30.0]), rtol=1e-6)
    assert p[0, 0] < p[1, 0] < 1
