"""What the list of presets says: the network in a few words, the best so far on which data."""

import pytest

from lab.library.view import network_line
from lab.runs.catalogue import best_so_far
from presets.load import load


@pytest.mark.parametrize(
    ("preset", "line"),
    [
        ("a1-test1", "one layer"),
        ("a3-3layer-bn", "50-50 BN"),
        ("cifar-cnn", "conv 16@5 16@5"),
        ("names-plus", "4 x conv 64@2,3,4,5"),
    ],
)
def test_a_network_in_a_few_words(preset, line):
    assert network_line(load(preset).network) == line


def test_the_best_of_finished_runs_counts_by_preset_and_data(start, tmp_path):
    def accuracy(*changes):
        return start("updates=10", *changes).go(lambda snapshot: None)["final"]["test"]["accuracy"]

    stopped = start("updates=10")
    stopped.go(lambda snapshot: stopped.trainer.stop())
    reached = [accuracy("seed=1"), accuracy("seed=2"), accuracy("eta=0.001")]
    assert best_so_far(tmp_path / "runs") == {"a2-setting1": {"mini": max(reached)}}
    assert best_so_far(tmp_path / "none") == {}
