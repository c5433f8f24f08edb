"""What `gradlab data list` shows."""

import dataclasses
import json

from data.catalogue import entries
from data.sources import SETS


def entry(name: str):
    return {entry.name: entry for entry in entries()}[name]


def test_every_set_is_listed_with_its_embedded_part():
    assert [entry.name for entry in entries()] == list(SETS)
    assert entry("surnames").embedded == {"names": 20_074}
    assert entry("mnist").embedded == {"train": 10_000, "test": 2_000}
    assert entry("cifar10").embedded == {"train": 4_000, "test": 1_000}


def test_nothing_is_there_before_a_download(place):
    for each in entries():
        assert (each.full, each.full_size) == ("absent", 0)
    assert entry("cifar10").place == str(place / "cifar-10-batches-bin")
    assert entry("cifar10").download_size == 170_052_171
    assert entry("mnist").download_size == 11_594_722
    assert entry("surnames").download_size == 0


def test_a_complete_set_is_present_with_its_size(cifar):
    assert (entry("cifar10").full, entry("cifar10").full_size) == ("present", 6 * 20 * 3073)


def test_a_set_that_lacks_a_file_is_incomplete(cifar, place):
    (place / cifar.folder / "data_batch_4.bin").unlink()
    assert (entry("cifar10").full, entry("cifar10").full_size) == ("incomplete", 5 * 20 * 3073)


def test_damage_is_left_to_the_reading(cifar, place):
    (place / cifar.folder / "data_batch_4.bin").write_bytes(b"")
    assert entry("cifar10").full == "present"


def test_an_entry_is_json():
    listed = [dataclasses.asdict(each) for each in entries()]
    assert json.loads(json.dumps(listed)) == listed
