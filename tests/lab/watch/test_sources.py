"""Folders of event files that belong together, and pipes."""

import os
import shutil
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.watch.series import drawn
from lab.watch.sources import EventFolders, Pipe, source_at
from tests.lab.watch.test_text import rows_of

EVENTS = Path(__file__).parent / "tensorboard.tfevents"  # epoch_loss 3 / (step + 1), accuracy step / 4; 4 steps


@pytest.fixture
def keras(tmp_path):
    """The folder that Keras's callback writes, before the first validation."""
    (tmp_path / "logs/train").mkdir(parents=True)
    shutil.copy(EVENTS, tmp_path / "logs/train/events.out.tfevents.1.v2")
    return tmp_path / "logs"


def finished(source):
    while source.poll(wait=True):
        pass
    source.finish()
    return source.log


@pytest.mark.parametrize("given", ["logs", "."])
def test_the_folders_of_keras_are_one_log(keras, given):
    validation = keras / "validation"
    validation.mkdir()
    shutil.copy(EVENTS, validation / "events.out.tfevents.2.v2")
    source = source_at(keras.parent / given)
    seen = drawn(finished(source))
    assert source.kind == "events"
    assert (seen.x.name, seen.x.kind) == ("epoch", "epoch")
    by_name = {series.column: series for series in seen.series}
    assert [*by_name] == ["train/epoch_loss", "validation/epoch_loss", "train/accuracy", "validation/accuracy"]
    for series in by_name.values():
        points = [(step, 3 / (step + 1) if series.measure == "loss" else 0.25 * step) for step in range(4)]
        assert list(series.points) == pytest.approx(points)


def test_a_folder_that_comes_later_and_a_newer_file_are_read_too(keras):
    source = source_at(keras)
    assert isinstance(source, EventFolders)
    assert source.poll()
    assert {series.split for series in drawn(source.log).series} == {"train"}
    (keras / "validation").mkdir()
    shutil.copy(EVENTS, keras / "validation/events.out.tfevents.2.v2")
    assert source.poll()
    assert {series.split for series in drawn(source.log).series} == {"train", "validation"}
    newer = keras / "train/events.out.tfevents.3.v2"
    newer.write_bytes(EVENTS.read_bytes()[:-30])  # of a second call of fit(), which is being written
    os.utime(newer, (2e9, 2e9))
    assert source.poll()
    train = next(series for series in drawn(source.log).series if series.split == "train")
    assert len(train.points) <= 4
    source.finish()
    assert "train: the last record is not complete" in source.log.notes


def test_of_a_folder_in_which_nothing_belongs_together_the_newest_file_is_named(keras):
    (keras / "empty").mkdir()
    with pytest.raises(LabError, match="give the file that is written"):
        source_at(keras / "empty")
    with pytest.raises(LabError, match=r"gradlab watch .*train/events\.out\.tfevents\.1\.v2"):
        source_at(keras / "train")


def test_what_is_piped_in_is_read_until_the_other_end_closes():
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as stream:
        pipe = Pipe(stream)
        os.write(writes, b"Epoch 1/2 loss: 2.5\nEpoch 2/2 lo")
        assert pipe.poll(wait=True)
        assert (pipe.log.rows, pipe.ended, pipe.lacking) == (1, False, "")
        assert not pipe.poll()
        os.write(writes, b"ss: 1.5")
        os.close(writes)
        assert rows_of(finished(pipe)) == [{"Epoch": 1, "loss": 2.5}, {"Epoch": 2, "loss": 1.5}]
        assert pipe.ended


def test_nobody_is_asked_to_type_a_log(monkeypatch):
    class Terminal:
        buffer = type("Stream", (), {"isatty": lambda self: True})()

    monkeypatch.setattr("sys.stdin", Terminal)
    with pytest.raises(LabError, match="standard input is the terminal"):
        source_at(Path("-"))
