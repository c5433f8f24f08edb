"""What is said to be of no use is refused, or changes nothing in the network and its training."""

import numpy as np
import pytest

from core.losses import SoftmaxCrossEntropy
from presets.build import build_loss
from presets.errors import PresetError
from presets.keys import known_keys, settings
from presets.load import load, names
from presets.usable import usable

OTHER = {"network.sigma": "0.5", "network.pool_over_time": "true", "network.marks": "true",
         "network.members": "2", "data.dedupe": "true", "data.normalise": "unit", "training.cycles": "2"}  # fmt: skip


WHEN_BUILT = ("network.pool_over_time", "network.marks", "network.members")  # refused then


def texts(name: str) -> dict[str, str]:
    return {key: "" if value == [] else str(value) for key, value in settings(load(name)).items()}


@pytest.mark.parametrize("name", names())
def test_every_setting_that_a_preset_gives_can_be_seen(name):
    given = texts(name)
    hidden = [key for key in known_keys() if not usable(key, given)]
    assert "optimiser.eta" not in hidden
    assert not [key for key in hidden if given.get(key, "") not in ("", "False", "none", "1.0", "1")]


@pytest.mark.parametrize("key", OTHER)
def test_what_is_hidden_is_refused(key):
    name = "names-best" if key == "data.normalise" else "a1-test1"
    changes = ["initialiser=he", "sigma="] if key == "network.sigma" else []
    given = texts(name) | ({"network.initialiser": "he"} if changes else {})
    assert not usable(key, given)
    if key not in WHEN_BUILT:
        with pytest.raises(PresetError):
            load(name, [*changes, f"{key}={OTHER[key]}"])


@pytest.mark.parametrize("sampling", ["balanced", "weighted"])
def test_where_all_classes_are_drawn_equally_often_logit_adjustment_changes_nothing(sampling):
    preset = load("names-best", [f"sampling={sampling}", "logit_adjustment=true"])
    assert not usable("loss.logit_adjustment", {"training.sampling": sampling})
    assert usable("loss.logit_adjustment", {"training.sampling": "plain"})
    logits, y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 3
    adjusted, plain = build_loss(preset, np.array([0, 0, 0, 1, 2]), 3), SoftmaxCrossEntropy()
    np.testing.assert_allclose(adjusted.forward(logits, y), plain.forward(logits, y))
    np.testing.assert_allclose(adjusted.backward(), plain.backward(), atol=1e-12)


def test_sigma_can_be_seen_with_the_initialiser_that_needs_it():
    assert usable("network.sigma", {"network.initialiser": "normal"})
    assert not usable("network.sigma", {"network.initialiser": "he"})
