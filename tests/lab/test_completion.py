"""What the Tab key offers, asked as a shell asks it."""

import os

import pytest
from typer.testing import CliRunner

from lab import cli
from presets.load import names


@pytest.fixture
def tab(monkeypatch, tmp_path):
    """What is offered after words, the last of which is not done: tab("run", "a2-s")."""
    monkeypatch.setenv("GRADLAB_RUNS", str(tmp_path))

    def tab(*words: str) -> list[str]:
        asked = {"_GRADLAB_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(["gradlab", *words])}
        asked["COMP_CWORD"] = str(len(words))
        answer = CliRunner().invoke(cli.app, prog_name="gradlab", env={**os.environ, **asked})
        return answer.stdout.split()

    return tab


@pytest.fixture
def saved(tmp_path):
    """A folder that looks like a saved run."""

    def saved(name):
        (tmp_path / name).mkdir()
        for file in ("preset.toml", "checkpoint.npz"):
            (tmp_path / name / file).touch()

    return saved


@pytest.mark.parametrize(
    "words",
    [["run"], ["check"], ["search"], ["presets"], ["explain"], ["run", "mine.py:Net", "--like"], ["--preset"],
     ["watch", "log.csv", "--like"]],
)  # fmt: skip
def test_presets_are_offered_where_one_is_asked_for(tab, words):
    assert tab(*words, "a2-s") == [name for name in names() if name.startswith("a2-s")]


def test_a_setting_is_offered_by_either_part_of_its_key(tab):
    assert "optimiser.eta" in tab("explain", "a2-setting1", "opt")
    assert tab("explain", "a2-setting1", "lam") == ["lambda"]
    assert tab("explain", "a2-setting1", "kin") == []  # the optimiser's or the schedule's?


@pytest.mark.parametrize("words", [["runs"], ["report"], ["compare"], ["run", "--resume"], ["names", "Zhao", "--run"]])
def test_runs_are_offered_with_and_without_their_time(tab, saved, words):
    saved("20261127-173909-a2-final-ebd5")
    saved("20261127-180000-a1-test1-00ff")
    assert tab(*words, "a2") == ["a2-final-ebd5"]
    assert tab(*words, "20261127-18") == ["20261127-180000-a1-test1-00ff"]


@pytest.mark.parametrize("name", ["x;reboot", "x$(reboot)", "x y", "x`id`", "x\x1b[2J", "x|sh", "x\nreboot"])
def test_a_name_that_means_something_to_a_shell_is_not_offered(tab, saved, name):
    saved(f"20261127-173909-{name}")
    assert tab("runs", "") == [] == tab("runs", "2")
