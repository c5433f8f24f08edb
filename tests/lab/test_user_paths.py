"""Paths as users write them, in every option and variable."""

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.user_paths import at_home


@pytest.mark.parametrize(
    "word", ["run", "-s", "eta=0.1", "a~b", "--json", "--out=a~", "x.py:f", "", "-", "--run=shipped"]
)
def test_other_words_stay(word):
    assert at_home(word) == word


@pytest.mark.parametrize("path", ["~", "~/runs", "~/a b/c.toml"])
@pytest.mark.parametrize("option", ["", "--runs-dir=", "--out="])
def test_a_tilde_is_the_home_of_its_user(monkeypatch, option, path):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert at_home(option + path) == option + path.replace("~", "/home/somebody")


def test_what_is_there_is_meant(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("~draft.py").touch()
    assert at_home("~draft.py") == "~draft.py"


def test_nobody_is_one_line(refused, monkeypatch):
    with pytest.raises(LabError, match="~nosuchuser/x: there is no user nosuchuser"):
        at_home("~nosuchuser/x")
    for command in (
        "run ~nosuchuser/mine.toml",
        "runs --runs-dir=~nosuchuser",
        "check ~nosuchuser/x.py",
        "names Zhao --out=~nosuchuser/t.csv",
        "check x.py --python ~nosuchuser/bin/python",
    ):
        refused(command, "there is no user nosuchuser")
    for variable, command in (("GRADLAB_RUNS", "runs"), ("GRADLAB_DATA", "data path")):
        with monkeypatch.context() as patch:
            patch.setenv(variable, "~nosuchuser/x")
            refused(command, "there is no user nosuchuser")


def test_a_variable_names_a_folder_of_the_user(gradlab, small, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GRADLAB_RUNS", "~/my runs")
    changes = [argument for change in [*small, "updates=3"] for argument in ("-s", change)]
    assert gradlab("run", "a2-setting1", "--data", "mini", *changes)[0] == 0
    assert len(list((tmp_path / "my runs").iterdir())) == 1
