"""The surnames, embedded and from a folder."""

from collections import Counter

import numpy as np
import pytest

from data import packed, surnames
from data.alphabet import decode, fold
from data.errors import DataError
from data.sources import SURNAMES


@pytest.fixture
def folder(place):
    """The names as the 18 text files of the original."""
    names, y, classes = surnames.read()
    folder = place / "names"
    folder.mkdir(parents=True)
    for i, nation in enumerate(classes):
        lines = [name for name, label in zip(names, y, strict=True) if label == i]
        (folder / f"{nation}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_all_names_are_there_as_they_were_collected():
    names, y, classes = surnames.read()
    assert len(names) == len(y) == SURNAMES.count == 20_074
    assert y.dtype == np.intp
    assert len(classes) == 18
    assert list(classes) == sorted(classes)
    counts = dict(zip(classes, np.bincount(y).tolist(), strict=True))
    assert (counts["Russian"], counts["Arabic"], counts["Vietnamese"]) == (9_408, 2_000, 73)
    assert (np.diff(y) >= 0).all()
    assert names[0] == "Khoury"


def test_the_known_dirt_is_kept_and_counted_as_the_provenance_says():
    names, y, classes = surnames.read()
    assert {"Rafaj1", "Lu:", "Maxa/B", "Lytkin,", "See "} <= set(names)
    rows = list(zip(names, y.tolist(), strict=True))
    assert len(rows) - len(set(rows)) == 2_059
    assert len({name for name, label in rows if classes[label] == "Arabic"}) == 108
    nations = Counter(name for name, _ in set(rows))
    assert sum(count > 1 for count in nations.values()) == 465
    assert names.count("To The First Page") == 23
    assert max(map(len, names)) == 20


def test_a_folder_of_the_same_names_is_read(folder):
    assert surnames.read()[0][0] == "Khoury"


def test_line_ends_and_blank_lines_make_no_difference(folder):
    path = folder / "Greek.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert len(surnames.read()[0]) == 20_074


def test_a_folder_of_other_names_is_refused(folder):
    with (folder / "Greek.txt").open("a") as file:
        file.write("Pythagoras\n")
    with pytest.raises(DataError, match=r"names does not hold the 20,074 known names; correct or delete it"):
        surnames.read()


def test_a_folder_in_another_encoding_is_refused(folder):
    (folder / "Greek.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="names cannot be read as UTF-8 text"):
        surnames.read()


def test_an_incomplete_folder_is_not_used(folder):
    (folder / "Greek.txt").unlink()
    (folder / "Irish.txt").write_text("Nobody\n")
    assert len(surnames.read()[0]) == 20_074


def test_a_damaged_installation_is_named(tmp_path, monkeypatch):
    (tmp_path / "surnames.tsv").write_text("Greek\tPythagoras\n")
    monkeypatch.setattr(packed, "FOLDER", tmp_path)
    with pytest.raises(DataError, match=r"surnames\.tsv has 17 bytes, expected 320,248; reinstall gradlab"):
        surnames.read()


# The split


def pairs(part):
    return [(decode(row), int(label)) for row, label in zip(part.x, part.y, strict=True)]


def load(dedupe=False, split="14 per class", seed=0):
    return surnames.load(split, dedupe, np.random.default_rng(seed))


@pytest.mark.parametrize("dedupe", [False, True])
def test_so_many_of_each_class_validate_and_the_others_train(dedupe):
    dataset = load(dedupe)
    assert np.bincount(dataset.validation.y).tolist() == [14] * 18
    names, y, _ = surnames.read()
    rows = [(fold(name), int(label)) for name, label in zip(names, y, strict=True)]
    known = Counter((surnames.DIRT.sub("", name), label) for name, label in rows)
    together = Counter(pairs(dataset.train)) + Counter(pairs(dataset.validation))
    assert together == (Counter(set(known)) if dedupe else known)
    assert dataset.test is None
    assert dataset.judge == ("validation", dataset.validation)
    assert dataset.label.endswith(f"{len(dataset.train):,} train / 252 validation")


def test_the_honest_split_leaks_nothing_and_the_other_says_how_much():
    honest, report = load(dedupe=True), load()
    assert not set(pairs(honest.train)) & set(pairs(honest.validation))
    seen = set(pairs(report.train))
    leaked = sum(pair in seen for pair in pairs(report.validation))
    assert leaked > 10, "14 of the 108 Arabic names alone stand there many times"
    assert report.notes[0].startswith(f"{leaked} of the 252 validation names are also in the training set")
    assert honest.notes[0].startswith("0 of the 252 validation names are also in the training set")


def test_names_of_several_nationalities_are_counted():
    train = [("lee", 0), ("lee", 1), ("kim", 1), ("diaz", 2)]
    text = surnames.leaks(train, [("lee", 2), ("kim", 1), ("novak", 0)])
    assert text == (
        "1 of the 3 validation names are also in the training set, with the same nationality; "
        "1 have several nationalities, like 1 of all 4 names"
    )


def test_the_generator_decides_the_split():
    assert pairs(load(seed=1).validation) == pairs(load(seed=1).validation)
    assert pairs(load(seed=1).validation) != pairs(load(seed=2).validation)


@pytest.mark.parametrize("split", ["0 per class", "73 per class", "45000/5000/test", "14", "-1 per class"])
def test_a_split_that_cannot_be_made_is_refused(split):
    with pytest.raises(DataError, match=r'no split .*allowed: "N per class" with N from 1 to 72'):
        load(split=split)


def test_an_example_is_shown_as_the_name():
    dataset = load()
    shown = [dataset.show(row) for row in dataset.validation.x]
    known = {fold(surnames.DIRT.sub("", name)) for name in surnames.read()[0]}
    assert set(shown) <= known
    assert len(set(shown)) > 200
