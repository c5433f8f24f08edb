"""What is said to be of use changes a training; the rest is refused, or changes nothing."""

from itertools import islice

import numpy as np
import pytest

from core.losses import SoftmaxCrossEntropy
from data.dataset import Dataset, Part
from data.sources import NAME_SETS
from presets.build import build, build_loss
from presets.errors import PresetError
from presets.keys import NOT_SETTINGS, section_models, settings
from presets.load import load, names
from presets.schema import Preset
from presets.usable import usable
from tests.sizes import size

UPDATES, CLASSES = 3, 4
TINY = ("batch=2", "evaluate_every=2")
LENGTHS = ("training.updates", "training.epochs", "training.cycles")
OTHERS = {  # values that each setting can be changed to
    "seed": ["2"], "data.split": ["100/100/test", "9 per class"], "data.normalise": ["unit", "none"],
    "data.dedupe": ["true", "false"],
    "network.convolutions": ["{filters = 3, size = 2}", ""], "network.convolution_scale": ["0.7"],
    "network.marks": ["true", "false"], "network.pool_over_time": ["true", "false"], "network.members": ["1", "2"],
    "network.hidden": ["7", ""], "network.bias": ["false", "true"], "network.batch_norm": ["true", "false"],
    "network.dropout": ["0.4"], "network.sigma": ["0.3"],
    "loss.lambda": ["0.2"], "loss.label_smoothing": ["0.3"], "loss.logit_adjustment": ["true", "false"],
    "optimiser.eta": ["0.07"], "optimiser.weight_decay": ["3"], "optimiser.rho": ["0.3"], "optimiser.mu": ["0.3"],
    "optimiser.beta1": ["0.3"], "optimiser.beta2": ["0.3"], "optimiser.eps": ["0.5"],
    "schedule.eta_min": ["0.0002"], "schedule.n_s": ["3"], "schedule.factor": ["0.3"], "schedule.every": ["2"],
    "training.batch": ["3"], "training.sampling": ["plain", "weighted"], "training.updates": ["5"],
    "training.epochs": ["7"], "training.cycles": ["9"], "training.evaluate_every": ["1"],
}  # fmt: skip
GO_WITH_OTHERS = ("data.set", "network.initialiser", "optimiser.kind", "schedule.kind")  # never changed alone


def texts(preset: Preset) -> dict[str, str]:
    """The settings as a form has them."""
    return {key: "" if value == [] else str(value).lower() for key, value in settings(preset).items()}


def fields(preset: Preset) -> list[str]:
    """Every setting that a form has a row for: of an optimiser and a schedule, those of its kind."""
    keys = []
    for section in Preset.model_fields:
        if section not in (*NOT_SETTINGS, "search"):
            value = getattr(preset, section)
            models = section_models(section, getattr(value, "kind", None))
            inner = models[0].model_fields.items() if models else ()
            keys += [f"{section}.{field.alias or name}" for name, field in inner] or [section]
    return keys


def examples(preset: Preset) -> Dataset:
    """Images, all classes equally often; or surnames of classes that are not."""
    rng, surnames = np.random.default_rng(0), preset.data.set in NAME_SETS
    y = np.repeat(np.arange(CLASSES), (6, 2, 3, 1) if surnames else 3)
    wide = 28 if preset.network.convolutions else 4
    shape = (20,) if surnames else (wide, wide, 1)
    x = rng.integers(0, 30, (len(y), *shape)) if surnames else rng.standard_normal((len(y), *shape), dtype=np.float32)
    part = Part(x, y)
    return Dataset(preset.data.set, "", "mini", "", tuple("abcd"), part, part, part, {}, str, 29 if surnames else None)


def trained(preset: Preset) -> list[np.ndarray]:
    """What some updates leave: weights, gradients, learning rates, which updates were evaluated, how many there are,
    and the last learning rate."""
    trainer = build(preset, examples(preset))
    network = trainer.network
    left = [network.theta.copy(), np.array([trainer.updates, trainer.schedule(trainer.updates - 1)])]
    for snapshot in islice(trainer.run(), 1 + UPDATES):
        left += [network.grad.copy(), np.array([snapshot.eta, bool(snapshot.evaluations)])]
    return [*left, network.theta.copy()]


def differ(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """More than by rounding?"""
    pairs = zip(one, other, strict=True)
    return any(a.shape != b.shape or not np.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in pairs)


def matters(name: str, key: str, usual: list[np.ndarray]) -> bool:
    """Does some other value of the setting, alone, change what the preset is trained to?"""
    for value in OTHERS[key]:
        others = [f"{length}=" for length in LENGTHS if length != key] if key in LENGTHS else []
        try:
            preset = load(name, [*TINY, *others, f"{key}={value}"])
            if preset.data != load(name).data or differ(trained(preset), usual):
                return True
        except PresetError:
            continue
    return False


def kind(preset: Preset) -> tuple[object, ...]:
    """What of a preset can decide which settings are of use."""
    network = preset.network
    return (preset.data.set, bool(network.hidden), len(network.convolutions), network.pool_over_time, network.members,
            network.initialiser, preset.training.sampling, preset.optimiser.kind, preset.schedule.kind)  # fmt: skip


@pytest.mark.parametrize("name", [*{kind(load(name)): name for name in names()}.values()][:: size(3, 1)])
def test_a_form_shows_what_can_change_a_run_and_nothing_else(name):
    opened = load(name)
    given, usual = texts(opened), trained(load(name, TINY))
    keys = [key for key in fields(opened) if key not in GO_WITH_OTHERS]
    shown = {key for key in keys if usable(key, given)}
    can_matter = {key for key in keys if matters(name, key, usual)}
    assert can_matter - shown <= {"network.convolutions"}, "dense networks of images stay dense"
    assert shown - can_matter <= {"network.pool_over_time"} & given.keys(), "what several members need can be seen"
    assert all(usable(key, given) for key in GO_WITH_OTHERS)


@pytest.mark.parametrize("sampling", ["balanced", "weighted"])
def test_where_all_classes_are_drawn_equally_often_logit_adjustment_changes_nothing(sampling):
    preset = load("names-best", [f"sampling={sampling}", "logit_adjustment=true"])
    assert not usable("loss.logit_adjustment", texts(preset))
    assert usable("loss.logit_adjustment", texts(preset) | {"training.sampling": "plain"})
    logits, y = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) % 3
    adjusted, plain = build_loss(preset, np.array([0, 0, 0, 1, 2]), 3), SoftmaxCrossEntropy()
    np.testing.assert_allclose(adjusted.forward(logits, y), plain.forward(logits, y))
    np.testing.assert_allclose(adjusted.backward(), plain.backward(), atol=1e-12)


def test_sigma_can_be_seen_with_the_initialiser_that_needs_it():
    assert usable("network.sigma", {"network.initialiser": "normal"})
    assert not usable("network.sigma", {"network.initialiser": "he"})
