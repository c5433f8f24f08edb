"""Data for many processes: the same arrays, gone when the owner is, however it ended."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lab.shared import PREFIX, shared
from presets.build import load_data
from presets.load import load


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A place of the test's own for temporary files."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield tmp_path / "tmp"
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.parametrize("name", ["mnist-cnn", "names-best"])
def test_a_mapped_data_set_is_the_data_set_and_cannot_be_written(name, folder):
    preset = load(name)
    dataset = load_data(preset, "mini")
    with shared(dataset) as data:
        mapped = data.open(preset)
        assert mapped.label == dataset.label
        for part, expected in dataset.parts.items():
            for array, other in ((mapped.parts[part].x, expected.x), (mapped.parts[part].y, expected.y)):
                assert type(array) is np.ndarray
                assert (array.dtype, array.tobytes()) == (other.dtype, other.tobytes())
                assert not array.flags.writeable
                assert not array.flags.owndata
        assert data.open(preset) is mapped
        assert {field: value for field, value in vars(mapped).items() if field not in dataset.parts} == {
            field: value for field, value in vars(dataset).items() if field not in dataset.parts
        }
    assert not list(folder.iterdir())


def test_an_error_inside_leaves_nothing(folder):
    dataset = load_data(load("mnist-cnn"), "mini")
    with pytest.raises(ZeroDivisionError), shared(dataset):
        raise ZeroDivisionError
    assert not list(folder.iterdir())


def test_what_a_killed_owner_left_is_removed_by_the_next_one_and_what_is_in_use_is_not(folder):
    program = (
        "import time\nfrom lab.shared import shared\n"
        "from presets.build import load_data\nfrom presets.load import load\n"
        "with shared(load_data(load('names-best'), 'mini')): print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}  # noqa: PTH109
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout.readline() == "ready\n"
        (theirs,) = folder.glob(f"{PREFIX}*")
        dataset = load_data(load("names-best"), "mini")
        with shared(dataset):
            assert (theirs / "train.x.npy").exists()
        owner.send_signal(signal.SIGKILL)
    assert theirs.exists()
    with shared(dataset) as mine:
        assert [path.name for path in folder.iterdir()] == [mine.folder.name]


def test_a_folder_of_somebody_else_is_left_alone(folder):
    (folder / f"{PREFIX}new").mkdir()  # its owner has not got so far as to lock it
    Path(folder / "gradlab").mkdir()
    with shared(load_data(load("names-best"), "mini")):
        pass
    assert len(list(folder.iterdir())) == 2
