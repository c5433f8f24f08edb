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
from types import SimpleNamespace

import numpy as np
import pytest

from lab.errors import LabError
from lab.search import shared_data
from lab.search.shared_data import PREFIX, own_folder, shared
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
    assert not list(own_folder().iterdir())


def test_an_error_inside_leaves_nothing(folder):
    with pytest.raises(ZeroDivisionError), shared(partial(load_data, load("mnist-cnn"), "mini")):
        raise ZeroDivisionError
    assert not list(own_folder().iterdir())


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
        (theirs,) = own_folder().glob(f"{PREFIX}*")
        names = partial(load_data, load("names-best"), "mini")
        with shared(names):
            assert (theirs / "train.x.npy").exists()
        owner.send_signal(signal.SIGKILL)
    assert theirs.exists()
    with shared(names) as mine:
        assert [path.name for path in own_folder().iterdir()] == [mine.folder.name]


def test_what_is_left_of_a_removal_that_was_killed_is_removed_by_the_next_one(folder, monkeypatch):
    """Whatever it is killed after, there is a lock by which the rest is found."""

    def killed(path, **_):
        raise KeyboardInterrupt

    names = partial(load_data, load("names-best"), "mini")
    for place, name in ((Path, "unlink"), (shutil, "rmtree")):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), shared(names):
            patch.setattr(place, name, killed)
        assert len(list(own_folder().iterdir())) == 1
        with shared(names) as mine:
            assert [path.name for path in own_folder().iterdir()] == [mine.folder.name]


def test_what_is_not_known_is_left_alone(folder):
    (own_folder() / f"{PREFIX}new").mkdir()  # its owner has not got so far as to lock it
    (own_folder() / "other").mkdir()
    (folder / f"{PREFIX}elsewhere").mkdir()
    (folder / f"{PREFIX}elsewhere" / "lock").touch()
    with shared(partial(load_data, load("names-best"), "mini")):
        pass
    assert len(list(own_folder().iterdir())) == 2
    assert (folder / f"{PREFIX}elsewhere" / "lock").exists()


@pytest.mark.parametrize("trap", ["link", "file", "open", "stranger", "dangling"])
def test_a_folder_that_somebody_else_put_there_is_not_used(folder, tmp_path, trap):
    place, elsewhere = own_folder(), tmp_path / "elsewhere"
    place.rmdir()
    elsewhere.mkdir(mode=0o700)
    if trap in ("link", "dangling"):
        place.symlink_to(elsewhere if trap == "link" else tmp_path / "nowhere")
    elif trap == "file":
        place.touch()
    else:
        place.mkdir(mode=0o700)
        place.chmod(0o777 if trap == "open" else 0o700)
    if trap == "stranger":
        if os.getuid():
            pytest.skip("only root can give a folder to somebody else")
        os.chown(place, 12345, 12345)
    with pytest.raises(LabError, match=r"is not a folder of yours alone: .* TMPDIR"), shared(lambda _: None):
        pass
    assert not list(elsewhere.iterdir())
    assert not (tmp_path / "nowhere").exists()


def test_a_pipe_or_a_link_for_a_lock_hangs_nothing_and_is_not_followed(folder, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("mine")
    for name in ("pipe", "link", "folder"):
        (own_folder() / f"{PREFIX}{name}").mkdir()
    os.mkfifo(own_folder() / f"{PREFIX}pipe" / "lock")
    (own_folder() / f"{PREFIX}link" / "lock").symlink_to(kept)
    (own_folder() / f"{PREFIX}folder" / "lock").mkdir()
    with shared(partial(load_data, load("names-best"), "mini")):
        pass
    assert kept.read_text() == "mine"


def test_a_folder_that_is_swept_before_it_is_locked_is_replaced(monkeypatch):
    """A sweep may come between the making of a lock file and its locking."""
    times = iter([False, True])
    monkeypatch.setattr(shared_data, "lock", lambda file: next(times))
    with shared(partial(load_data, load("names-best"), "mini")) as data:
        assert (data.folder / "train.x.npy").exists()


def test_too_little_room_is_said_with_what_is_needed(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000))
    with (
        pytest.raises(LabError, match=r"with 2 MB of room, and \d+ MB are needed: make room, or set TMPDIR"),
        shared(partial(load_data, load("mnist-cnn"), "mini")),
    ):
        pass
    assert not list(own_folder().iterdir())


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
    assert not list(own_folder().iterdir())


def test_images_are_not_held_twice(folder):
    """They are normalised where others map them."""
    with shared(partial(load_data, load("mnist-cnn"), "mini")) as data:
        files = {name for names in data.files.values() for name in names}
        assert {path.name for path in data.folder.iterdir()} == files | {"lock"}
        tracemalloc.start()
        try:
            with shared(partial(load_data, load("mnist-cnn"), "mini")):
                _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        images = sum((data.folder / x).stat().st_size for x, _ in data.files.values())
    assert peak < 0.75 * images  # the pixels, and not the numbers they become
