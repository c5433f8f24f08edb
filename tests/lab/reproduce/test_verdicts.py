"""Verdicts: within the tolerance of report or of another implementation, above both, a bound, a slip."""

import math

import pytest

from lab.reproduce.values import Value
from lab.reproduce.verdicts import judge, tolerance


def value(reported, rule="higher", **fields):
    return Value("x", "a2", "x", reported, lambda found: 0.0, rule=rule, **fields)


ACCURACY = {"tolerance": 0.025, "independent": (0.47,)}


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [(0.4288, "off"), (0.4289, "off"), (0.4339, "within"), (0.4588, "within"), (0.47, "within"), (0.4701, "better")],
)
def test_an_accuracy_is_near_either_number_or_above_both(measured, verdict):
    assert judge(value(0.4588, **ACCURACY), measured, False) == verdict


def test_above_the_report_alone_is_not_above_both():
    assert judge(value(0.40, tolerance=0.01, independent=(0.50,)), 0.45, False) == "off"
    assert judge(value(0.50, tolerance=0.01, independent=(0.40,)), 0.45, False) == "off"
    assert judge(value(0.40, tolerance=0.01, independent=(0.50,)), 0.49, False) == "within"


def test_a_range_others_reached_counts_as_a_whole():
    ranged = value(None, tolerance=0.04, independent=(0.25, 0.286))
    assert [judge(ranged, x, False) for x in (0.20, 0.21, 0.27, 0.286, 0.30)] == [
        "off",
        "within",
        "within",
        "within",
        "better",
    ]


@pytest.mark.parametrize(
    ("measured", "verdict"), [(1.70, "better"), (1.7548, "within"), (1.79, "within"), (1.82, "off"), (math.nan, "off")]
)
def test_of_a_loss_lower_is_better_and_the_tolerance_is_a_share_of_it(measured, verdict):
    loss = value(1.7548, "lower", tolerance=0.025)
    assert judge(loss, measured, False) == verdict
    assert tolerance(loss) == pytest.approx(0.025 * 1.7548)


@pytest.mark.parametrize(
    ("rule", "measured", "verdict"),
    [
        ("at most", 1e-6, "within"),
        ("at most", 1.1e-6, "off"),
        ("at least", 1e-6, "within"),
        ("at least", 0.9e-6, "off"),
        ("equal", 1e-6, "within"),
        ("equal", 1.0000001e-6, "off"),
    ],
)
def test_a_bound_holds_or_does_not(rule, measured, verdict):
    assert judge(value(1e-6, rule), measured, False) == verdict
    assert tolerance(value(1e-6, rule)) is None


def test_a_slip_is_one_only_if_the_right_value_was_measured():
    slip = value(9284, "equal", right=9248, why="swapped")
    assert [judge(slip, x, False) for x in (9248, 9284, 9000)] == ["slip", "off", "off"]


def test_a_condition_takes_the_place_of_a_rule_that_says_no_and_of_nothing_else():
    assert judge(value(0.4588, **ACCURACY), 0.1, True) == "within"
    assert judge(value(0.4588, **ACCURACY), 0.9, True) == "better"
    assert judge(value(9284, "equal", right=9248), 1, True) == "off"
