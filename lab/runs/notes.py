"""What somebody notes of a run: a line of text, and tags to find it by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from lab.runs.catalogue import RunRow


class Notes(TypedDict):
    """What notes.json of a run holds."""

    note: str
    tags: list[str]


def written(text: str) -> Notes:
    """A line as it is typed: words that begin with # are tags, each counted once; the rest is the note."""
    words = text.split()
    tags = [word[1:] for word in words if len(word) > 1 and word[0] == "#"]
    return {"note": " ".join(word for word in words if word[0] != "#"), "tags": list(dict.fromkeys(tags))}


def in_words(note: str, tags: Sequence[str]) -> str:
    """The line that written() reads."""
    return " ".join([*([note] if note else []), *(f"#{tag}" for tag in tags)])


def matching(rows: "Sequence[RunRow]", text: str) -> "list[RunRow]":
    """The runs in which every word of the text occurs: in name, state, data, changed settings or note, or, where the
    word begins with #, at the beginning of a tag. Case does not count."""
    words = text.casefold().split()
    return [row for row in rows if all(_has(row, word) for word in words)]


def _has(row: "RunRow", word: str) -> bool:
    if word[0] == "#":
        return any(tag.casefold().startswith(word[1:]) for tag in row["tags"])
    changes = (f"{key}={value}" for key, value in row["changed"].items())
    return word in " ".join([row["name"], row["state"], row["data"], row["note"], *changes]).casefold()
