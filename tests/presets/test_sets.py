"""Facts of the data sets: what the lab asks about a set is true of what its loader gives."""

import pytest

from data.catalogue import entries
from data.sources import IMAGE_SETS, NAME_SETS, SETS, judge_of
from presets.build import load_data
from presets.load import load

each_set = pytest.mark.parametrize("name", SETS)


def loaded(name, seed=1):
    if name in NAME_SETS:
        return load_data(load("names-best", [f"set={name}", f"seed={seed}"]), "mini")
    return load_data(load("a2-setting1", [f"set={name}", "split=300/100/test", f"seed={seed}"]), "mini")


def test_every_set_is_of_one_kind_and_listed_once():
    assert sorted(SETS) == sorted([*IMAGE_SETS, *NAME_SETS]) == sorted(entry.name for entry in entries())


@each_set
def test_the_part_that_judges_is_the_last_there_is(name):
    data = loaded(name)
    assert judge_of(name) == data.judge[0] == list(data.parts)[-1]


@each_set
def test_a_set_is_embedded_whole_or_in_part(name):
    assert (loaded(name).variant == "full") == SETS[name].all_embedded


@each_set
def test_the_seed_decides_the_parts_only_of_a_set_that_says_so(name):
    first, second = (loaded(name, seed).validation.x for seed in (1, 2))
    assert (first != second).any() == SETS[name].random_split
