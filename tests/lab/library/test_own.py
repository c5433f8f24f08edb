"""A user's own presets: saved under a new name, never over a file, found again."""

import pytest

from lab.errors import LabError
from lab.library.own_presets import files, save
from presets.load import load


def test_a_saved_preset_is_loaded_under_its_new_name(tmp_path):
    changed = load("a2-setting1", ["eta=0.05", "hidden=100,50"])
    saved = save(changed, tmp_path / "mine.toml")
    assert saved == load(str(tmp_path / "mine.toml"))
    assert saved == changed.model_copy(update={"name": "mine", "reference": None})
    same = save(load("a2-setting1"), tmp_path / "same.toml")
    assert same == load("a2-setting1").model_copy(update={"name": "same"})


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("keep me")
    with pytest.raises(LabError, match=r"mine.toml exists already: give another name"):
        save(load("a2-setting1"), path)
    assert path.read_text() == "keep me"


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(LabError, match=r"nowhere/mine.toml: No such file or directory"):
        save(load("a2-setting1"), tmp_path / "nowhere" / "mine.toml")


def test_presets_are_told_from_other_toml_files(tmp_path):
    save(load("a2-setting1"), tmp_path / "b.toml")
    save(load("mnist-cnn"), tmp_path / "a.toml")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "broken.toml").write_text("= =")
    (tmp_path / "wrong.toml").write_text("[optimiser]\neta = -1\n[training]\n")  # listed: its mistake is to be seen
    assert [path.name for path in files(tmp_path)] == ["a.toml", "b.toml", "wrong.toml"]
