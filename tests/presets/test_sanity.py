"""The sanity check: the changes that make a network learn 100 images by heart."""

import pytest

from data.sources import IMAGE_SETS
from presets.errors import PresetError
from presets.load import load, names
from presets.sanity import overfit
from presets.schema import Section


def test_nothing_is_left_that_holds_the_network_back():
    preset = load("a3-9layer-bn", ["dropout=0.3", "weight_decay=0.1", *overfit(load("a3-9layer-bn"))])
    assert (preset.data.split, preset.training.batch, preset.training.updates) == ("100/1000/test", 100, 1000)
    assert (preset.network.dropout, preset.loss.lambda_, preset.optimiser.weight_decay) == (0, 0, 0)
    assert preset.schedule.kind == "constant"
    assert preset.optimiser.eta == pytest.approx(0.05, rel=0.01)  # the middle of 1e-5..0.1
    assert preset.network.hidden == load("a3-9layer-bn").network.hidden


def test_every_preset_of_images_has_a_sanity_check():
    for name in names():
        preset = load(name)
        if preset.data.set in IMAGE_SETS:
            assert isinstance(load(name, overfit(preset)), Section)


def test_data_that_cannot_be_cut_to_100_examples_are_refused():
    preset = load("a2-setting1")
    names_like = preset.model_copy(update={"data": preset.data.model_copy(update={"split": "14 per class"})})
    with pytest.raises(PresetError, match="the sanity check takes 100 images"):
        overfit(names_like)
