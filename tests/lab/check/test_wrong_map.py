"""Where the wrong elements of a matrix lie."""

from dataclasses import replace

import numpy as np
import pytest

from core.gradcheck.check import Settings, check_layer
from core.layers import Dense
from lab.check.wrong_map import has_map, wrong_map, wrong_share
from tests.tui.recorded import tensor


def checked(shape, places, wrong):
    """A tensor of which these flat places were compared, some of them wrong."""
    errors = np.where(np.isin(places, wrong), 0.5, 1e-12)
    return replace(tensor("W", shape, 0.5, passed=False), places=np.array(places), errors=errors, tolerance=1e-9)


def test_each_cell_says_the_share_of_its_elements_that_is_wrong():
    report = checked((4, 6), [0, 1, 6, 5, 23, 22], [0, 1, 5, 22])
    share = wrong_share(report, rows=2, columns=3)
    np.testing.assert_allclose(share, [[2 / 3, np.nan, 1.0], [np.nan, np.nan, 0.5]])
    assert has_map(report)
    text = wrong_map(checked((2, 3), range(6), [1, 4]), "green", "red", 80).plain.splitlines()
    assert text[1:] == ["..██..", "..██.."]
    assert not has_map(checked((2, 3), range(6), []))
    assert not has_map(checked((6,), range(6), [1]))
    with pytest.raises(ValueError, match="is no matrix"):
        wrong_share(checked((6,), range(6), [1]))


def test_a_column_that_a_layer_gets_wrong_is_seen_as_a_column():
    class Wrong(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.grads["W"][:, 1] *= 2
            return dx

    x = np.random.default_rng(0).normal(size=(5, 4))
    report = check_layer(Wrong(3), x, Settings(samples=None))
    (weights,) = [each for each in report.tensors if each.name == "W"]
    np.testing.assert_array_equal(wrong_share(weights), np.tile([0.0, 1.0, 0.0], (4, 1)))
