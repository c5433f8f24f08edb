"""Notes and tags of runs: kept with the run, listed, and found again."""

import json

import pytest

from lab.runs.catalogue import Catalogue, list_runs
from lab.runs.notes import in_words, matching, written
from lab.runs.store import find


@pytest.mark.parametrize(
    ("typed", "note", "tags"),
    [
        ("", "", []),
        ("eta too high", "eta too high", []),
        ("  #sgd eta   too high #keep #sgd ", "eta too high", ["sgd", "keep"]),
        ("# #", "", []),
        ("Größe [b]50[/b] #ß", "Größe [b]50[/b]", ["ß"]),
    ],
)
def test_a_line_is_a_note_and_its_tags_and_is_read_as_it_is_written(typed, note, tags):
    assert written(typed) == {"note": note, "tags": tags}
    assert written(in_words(note, tags)) == {"note": note, "tags": tags}


def test_runs_are_noted_listed_and_found_by_every_word(start, gradlab, refused, tmp_path):
    for changes in (["updates=3"], ["updates=3", "lambda=0.5"]):
        start(*changes).go(lambda snapshot: None)
    catalogue = Catalogue(tmp_path / "runs")
    first, second = (
        row["name"] for row in sorted(catalogue.list_runs(), key=lambda row: "loss.lambda" in row["changed"])
    )
    assert gradlab("runs", first, "--note", "eta too HIGH #Keep") == (0, "", "")
    noted = {row["name"]: (row["note"], row["tags"]) for row in catalogue.list_runs()}
    assert noted == {first: ("eta too HIGH", ["Keep"]), second: ("", [])}
    assert "eta too HIGH #Keep" in gradlab("runs")[1]
    for text, names in (
        ("high", [first]), ("#ke", [first]), ("#eta", []), ("lambda=0.5", [second]), ("HIGH done mini", [first]),
        ("high lambda=0.5", []), ("", [first, second]),
    ):  # fmt: skip
        assert [row["name"] for row in json.loads(gradlab("runs", "--find", text, "--json")[1])] == sorted(names)
    assert gradlab("runs", "--find", "nowhere")[1:] == ("", f"no run in {tmp_path / 'runs'} has nowhere\n")
    gradlab("runs", first, "--note", "")
    assert find(tmp_path / "runs", first).notes() == {"note": "", "tags": []}
    refused("runs --note x", "--note needs a run")
    refused(f"runs {first} --find x", "--find searches the list")


def test_notes_that_are_damaged_are_said_to_be(start, tmp_path):
    run = start("updates=3")
    run.go(lambda snapshot: None)
    (run.store.path / "notes.json").write_text('{"note": 3, "tags": []}')
    (row,) = list_runs(tmp_path / "runs")
    assert "notes.json cannot be used" in row["state"]
    assert matching([row], "damaged") == [row]
