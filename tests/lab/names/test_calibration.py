"""How sure a model is, and how often it is right: against models whose answer is known."""

import numpy as np
import pytest

from core.losses import softmax
from lab.names.calibration import Judged, held_out, reliability, temperature


def drawn(t, n=4000, classes=5, seed=0):
    """Names whose labels are drawn from softmax(z), and a model that says softmax(t z): t times too sure."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, classes)) * 1.5
    y = (np.cumsum(softmax(z), axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return Judged(np.log(softmax(t * z)), y)


@pytest.mark.parametrize("t", [0.4, 0.7, 1.0, 1.8, 3.0])
def test_the_temperature_is_how_many_times_too_sure_a_model_is(t):
    assert temperature([drawn(t, 1500, seed=1), drawn(t, 1500, seed=2)]) == pytest.approx(t, rel=0.12)


def test_it_has_the_smallest_loss_of_all_temperatures():
    one = drawn(2.0, 300)

    def loss(t):
        return -np.log(softmax(one.log_p / t)[np.arange(300), one.y]).mean()

    t = temperature([one])
    assert loss(t) <= min(loss(other) for other in np.linspace(0.25, 4.9, 200)) + 1e-7


def test_no_names_choose_their_own_temperature():
    said, chosen = held_out([drawn(1.0, 1500, seed=1), drawn(1.0, 1500, seed=2), drawn(3.0, 1500, seed=3)])
    assert chosen[2] == pytest.approx(1, rel=0.12), "the one that is too sure is judged with what the others chose"
    assert chosen[0] > 1.2
    expected = softmax(drawn(3.0, 1500, seed=3).log_p / chosen[2])
    np.testing.assert_allclose(np.exp(said[2].log_p), expected, rtol=1e-9)


def test_the_table_counts_every_name_once_and_says_how_many_are_right():
    p = np.array([[0.85, 0.15], [0.81, 0.19], [0.0, 1.0], [0.3, 0.7]])
    y = np.array([0, 1, 1, 1])
    with np.errstate(divide="ignore"):
        bins = reliability([Judged(np.log(p[:1]), y[:1]), Judged(np.log(p[1:]), y[1:])])
    assert [each.names for each in bins] == [0, 0, 0, 0, 0, 0, 0, 1, 2, 1]
    low, high, _, confidence, right = bins[8]
    assert (low, high, right) == (0.8, 0.9, 0.5)
    assert confidence == pytest.approx(0.83)
    assert np.isnan(bins[0].right)


def test_of_a_model_that_is_as_sure_as_it_should_be_the_share_that_is_right_is_the_probability():
    for each in reliability([drawn(1.0, 20_000)]):
        if each.names > 1000:
            assert each.right == pytest.approx(each.confidence, abs=0.04)
