"""The network of a saved run of a student's code is looked at once more, in a process of the code."""

import pytest

from lab.errors import LabError
from lab.report.report import text
from lab.runs.look_again import look_again
from lab.runs.saved import read
from lab.training import code_run
from presets.load import load
from tests.lab.training.conftest import TINY
from tests.lab.training.test_planted import FUNCTIONS


def test_layers_and_guesses_of_a_saved_run(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    preset = load("a2-setting1", [*TINY, "hidden=6", "updates=8"])
    run = code_run.start(path, "ComputeGradients", preset, "mini", tmp_path / "runs", 1)
    result = run.go(lambda snapshot: None)
    seen = look_again(run.store, 1, code_run.maker(run.store))
    assert seen.counts.tolist() == result["confusion"]
    assert all(layer.gradient for layer in seen.health if layer.parameters)
    report = text({"mine": read(run.store)}, {"mine": {}}, {"mine": {}})
    assert "- Code: `mine.py`, ComputeGradients. Updates 1 to 8 agree" in report
    assert "`gradlab run mine.py:ComputeGradients --like mine/preset.toml`" in report
    path.write_text(FUNCTIONS + "\n")
    with pytest.raises(LabError, match="has changed since"):
        look_again(run.store, 1, code_run.maker(run.store))
    with pytest.raises(LabError, match="trains code of yours"):
        look_again(run.store, 1)
