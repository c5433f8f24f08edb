"""What lies near the place of a set: used if it is the set, and otherwise named with what to do."""

import dataclasses
import gzip
import shutil
from pathlib import Path

import pytest

from data import sources
from data.catalogue import entries
from data.errors import DataError
from data.images import load
from data.near import near
from data.sources import MNIST, File


@pytest.fixture
def unpacked(mnist, place, pin, monkeypatch, tmp_path):
    """The small MNIST with pins of what its files hold."""

    def known(file: File) -> File:
        content = gzip.decompress((place / "mnist" / file.name).read_bytes())
        return dataclasses.replace(file, unpacked=pin(tmp_path / "pins" / file.name.removesuffix(".gz"), content))

    shards = tuple(tuple(map(known, shard)) for shard in mnist.shards)
    fake = dataclasses.replace(mnist, shards=shards, test=tuple(map(known, mnist.test)))
    monkeypatch.setitem(sources.IMAGE_SETS, "mnist", fake)
    return fake


def unzip(folder: Path, file: File, name: str) -> None:
    content = gzip.decompress((folder / file.name).read_bytes())
    (folder / file.name).unlink()
    (folder / name).write_bytes(content)


def test_the_pins_are_of_the_published_names():
    for file in MNIST.files:
        assert file.names[:2] == (file.name, file.name.removesuffix(".gz"))
    assert "train-images.idx3-ubyte" in MNIST.files[0].names


@pytest.mark.parametrize("which", [1, 2], ids=["as gunzip names them", "as other programs do"])
def test_mnist_unzipped_by_hand_is_the_same_set(unpacked, place, which):
    before = load("mnist", split="50/10/test")
    for file in unpacked.files:
        unzip(place / "mnist", file, file.names[which])
    after = load("mnist", split="50/10/test")
    assert (after.variant, after.fingerprints) == ("full", before.fingerprints)
    assert (after.train.x == before.train.x).all()
    assert (after.test.y == before.test.y).all()
    assert [entry.full for entry in entries() if entry.name == "mnist"] == ["present"]


def test_a_damaged_unzipped_file_is_named(unpacked, place):
    file = unpacked.files[0]
    unzip(place / "mnist", file, file.names[1])
    path = place / "mnist" / file.names[1]
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DataError, match=f"{file.names[1]} is damaged: sha256"):
        load("mnist", split="50/10/test")


@pytest.mark.parametrize("where", [".", "cifar-10-batches-bin/cifar-10-batches-bin", "data/cifar10", "..", "old"])
def test_a_folder_one_level_off_is_named(cifar, place, where):
    shutil.move(place / cifar.folder, place.parent / "aside")
    (place / where).mkdir(parents=True, exist_ok=True)
    for path in (place.parent / "aside").iterdir():
        shutil.move(path, place / where / path.name)
    with pytest.raises(DataError) as caught:
        load("cifar10", "full")
    assert f"holds data_batch_1.bin: move its files to {place / cifar.folder}" in str(caught.value)
    (entry,) = [entry for entry in entries() if entry.name == "cifar10"]
    assert "move its files to" in entry.near


@pytest.mark.parametrize("name", sources.CIFAR10.others)
def test_another_version_of_the_set_is_named_with_the_one_to_get(place, name):
    (place / name).mkdir(parents=True)
    said = near(sources.CIFAR10)
    assert said.startswith(f"{place / name} is another version of CIFAR-10")
    assert "gradlab data fetch cifar10" in said
    with pytest.raises(DataError, match="another version of CIFAR-10"):
        load("cifar10", "full")


def test_an_archive_that_lies_there_is_named_with_what_unpacks_it(place):
    archive = sources.CIFAR10.archive.name
    (place / "new").mkdir(parents=True)
    (place / "new" / archive).touch()
    assert f"move it to {place}, then `gradlab data fetch cifar10` unpacks it" in near(sources.CIFAR10)
    (place / "new" / archive).rename(place / archive)
    assert near(sources.CIFAR10) == f"{place / archive} is there: `gradlab data fetch cifar10` unpacks it"


def test_nothing_near_is_nothing_said(cifar, place):
    assert near(cifar) == ""
    shutil.rmtree(place)
    assert near(cifar) == ""
