"""Data for many processes: the same arrays, gone when the owner is, however it ended."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError
from lab.search.shared_data import PREFIX, shared
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
    dataset, loaded = load_data(preset, "mini"), []

    def load_own(keep):
        loaded.append(load_data(preset, "mini", keep))
        return loaded[0]

    with shared(load_own) as data:
        assert data.label == dataset.label
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
            field: value for field, value in vars(loaded[0]).items() if field not in dataset.parts
        }
    assert not list(folder.iterdir())


def test_an_error_inside_leaves_nothing(folder):
    with pytest.raises(ZeroDivisionError), shared(partial(load_data, load("mnist-cnn"), "mini")):
        raise ZeroDivisionError
    assert not list(folder.iterdir())


def test_what_a_killed_owner_left_is_removed_by_the_next_one_and_what_is_in_use_is_not(folder):
    program = (
        "import time\nfrom lab.search.shared_data import shared\n"
        "from presets.build import load_data\nfrom presets.load import load\n"
        "with shared(lambda _: load_data(load('names-best'), 'mini')): print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}  # noqa: PTH109
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout.readline() == "ready\n"
        (theirs,) = folder.glob(f"{PREFIX}*")
        names = partial(load_data, load("names-best"), "mini")
        with shared(names):
            assert (theirs / "train.x.npy").exists()
        owner.send_signal(signal.SIGKILL)
    assert theirs.exists()
    with shared(names) as mine:
        assert [path.name for path in folder.iterdir()] == [mine.folder.name]


def test_what_is_left_of_a_removal_that_was_killed_is_removed_by_the_next_one(folder, monkeypatch):
    """Whatever it is killed after, there is a lock by which the rest is found."""

    def killed(path, **_):
        raise KeyboardInterrupt

    names = partial(load_data, load("names-best"), "mini")
    for place, name in ((Path, "unlink"), (shutil, "rmtree")):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), shared(names):
            patch.setattr(place, name, killed)
        assert len(list(folder.iterdir())) == 1
        with shared(names) as mine:
            assert [path.name for path in folder.iterdir()] == [mine.folder.name]


def test_a_folder_of_somebody_else_is_left_alone(folder):
    (folder / f"{PREFIX}new").mkdir()  # its owner has not got so far as to lock it
    Path(folder / "gradlab").mkdir()
    with shared(partial(load_data, load("names-best"), "mini")):
        pass
    assert len(list(folder.iterdir())) == 2


@pytest.fixture
def room() -> Iterator[Callable[[int], None]]:
    """Let files of this process have so many bytes at most: room(1000)."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_no_room_on_the_disk_is_an_error_and_leaves_nothing(folder, room):
    room(1_000_000)
    with (
        pytest.raises(LabError, match="File too large"),
        shared(partial(load_data, load("mnist-cnn"), "mini")),
    ):
        pass
    assert not list(folder.iterdir())


def test_images_are_not_held_twice(folder):
    """They are normalised where others map them."""
    with shared(partial(load_data, load("mnist-cnn"), "mini")) as data:
        assert sorted(path.name for path in data.folder.iterdir()) == sorted(
            ["lock", *(f"{part}.{which}.npy" for part in ("train", "validation", "test") for which in "xy")]
        )
        tracemalloc.start()
        try:
            with shared(partial(load_data, load("mnist-cnn"), "mini")):
                _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        images = sum((data.folder / f"{part}.x.npy").stat().st_size for part in ("train", "validation", "test"))
    assert peak < 0.75 * images  # the pixels, and not the numbers they become
