"""Where a training parts from the preset's plan, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True)
class Difference:
    """key: a name for the kind; update: the first at which it shows, from 1, None if it belongs to none; tensors: those
    that it concerns, in the student's words; wrong: False for what is merely worth knowing."""

    key: str
    sentence: str
    update: int | None = None
    tensors: Sequence[str] = ()
    wrong: bool = True

    def as_dict(self) -> "DifferenceDocument":
        """Plain values for a JSON document."""
        return {
            "key": self.key,
            "sentence": self.sentence,
            "update": self.update,
            "tensors": list(self.tensors),
            "wrong": self.wrong,
        }


class DifferenceDocument(TypedDict):
    """A finding."""

    key: str
    sentence: str
    update: int | None
    tensors: list[str]
    wrong: bool


def note(key: str, sentence: str) -> Difference:
    """Something worth knowing that is no mistake."""
    return Difference(key, sentence, wrong=False)


def listed(names: Sequence[str]) -> str:
    """'W1, b1 and W2'."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
