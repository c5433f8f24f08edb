"""A file that grows, is rotated, cut short, removed and written again while it is followed."""

import pytest

from lab.errors import DiskError
from lab.watch.follow import Follower
from lab.watch.series import drawn
from tests.lab.watch.test_text import rows_of

HEAD = "step,loss\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.csv"


@pytest.fixture
def follower(path):
    """Follows the file; it is closed at the end."""
    follower = Follower(path)
    yield follower
    follower.finish()


def losses(follower):
    """{step: loss} as drawn."""
    return {x: y for series in drawn(follower.log).series for x, y in series.points}


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_a_file_that_comes_late_and_grows(path, follower):
    assert not follower.poll()
    assert follower.lacking == "there is no such file"
    path.touch()
    assert not follower.poll()
    assert follower.lacking == "it is empty"
    append(path, "hello\n")
    assert follower.poll()
    assert follower.lacking == "it holds no table of numbers"
    for text, seen in [(HEAD + "1,", {}), ("0.5", {}), ("\n2,0.4\n", {1: 0.5, 2: 0.4})]:
        append(path, text)
        assert follower.poll()
        assert losses(follower) == seen
    assert follower.lacking == ""
    assert not follower.poll()


@pytest.mark.parametrize("header", [HEAD, ""])
def test_a_rotated_log_counts_on(path, follower, header):
    path.write_text(HEAD + "1,5\n2,4\n")
    follower.poll()
    append(path, "3,3")  # between two looks, and without its end
    path.rename(path.with_suffix(".1"))
    follower.poll()
    path.write_text(header + "4,2\n")
    follower.poll()
    append(path, "5,1\n")
    follower.poll()
    assert losses(follower) == {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}


@pytest.mark.parametrize("lines", ["step,loss 1,5 2,4 3,3", "loss 5 4 3"])
def test_a_file_that_is_replaced_whole_is_not_counted_twice(path, follower, lines):
    for end in range(2, 5):
        aside = path.with_suffix(".part")
        aside.write_text("\n".join(lines.split()[:end]) + "\n")
        aside.replace(path)
        follower.poll()
    assert losses(follower) == {1: 5, 2: 4, 3: 3}


@pytest.mark.parametrize("again", ["1,9\n", "1,9\n2,8\n", "1,9\n2,8\n3,7\n4,6\n"])
def test_a_file_that_is_written_again_shows_what_it_now_holds(path, follower, again):
    path.write_text(HEAD + "1,5\n2,4\n")
    follower.poll()
    path.write_text(HEAD + again)
    follower.poll()
    assert list(losses(follower).values()) == [float(line.split(",")[1]) for line in again.split()]
    assert follower.log.notes == ["run.csv was written again from its start"]


def test_a_log_that_is_cut_under_its_writer_keeps_the_names_of_its_columns(path, follower):
    append(path, HEAD + "1,3\n2,2.9\n3,2.8\n")
    follower.poll()
    path.write_text("")
    append(path, "4,2.7\n")
    while follower.poll():
        pass
    assert losses(follower) == {4: 2.7}


def test_written_again_with_all_that_it_held_is_as_if_it_had_grown(path, follower):
    for rows in ("1,5\n", "1,5\n2,4\n"):
        path.write_text(HEAD + rows)
        follower.poll()
    assert rows_of(follower.log) == [{"step": 1, "loss": 5}, {"step": 2, "loss": 4}]
    assert not follower.log.notes


def test_a_removed_file_keeps_what_was_read(path, follower):
    path.write_text(HEAD + "1,5\n")
    follower.poll()
    path.unlink()
    assert not follower.poll()
    assert losses(follower) == {1: 5}


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(DiskError, match="not a regular file"):
        Follower(tmp_path).poll()
