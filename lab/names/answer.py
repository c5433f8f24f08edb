"""The guesses at some surnames, and the document that `gradlab names --json` prints of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NotRequired, TypedDict

from core.types import Array
from data.alphabet import encode, fold
from data.errors import DataError
from lab.names.model import NamesModel, Origin


@dataclass(frozen=True)
class Guess:
    """At one surname, of the classes of the answer it is in."""

    name: str  # as it was given
    folded: str  # as the network reads it
    probabilities: tuple[float, ...]  # of every class
    best: str  # the most likely class
    letters: tuple[float, ...] | None  # how much each letter of `folded` supports it; None without `explain`
    support: tuple[tuple[float, ...], ...] = ()  # the same for every class: a row for each letter


@dataclass(frozen=True)
class Guesses:
    """The guesses of a model at some surnames."""

    origin: Origin
    classes: tuple[str, ...]
    guesses: tuple[Guess, ...]
    refused: tuple["Refused", ...] = ()

    def document(self) -> "GuessesDocument":
        """Plain values for JSON: a list has an entry for each name."""
        model, guesses = self.origin, self.guesses
        document: GuessesDocument = {
            "model": {
                "name": model.name,
                "run": model.run,
                "preset": model.preset,
                "accuracy": model.accuracy,
                "data": model.data,
            },
            "classes": list(self.classes),
            "names": [guess.name for guess in guesses],
            "folded": [guess.folded for guess in guesses],
            "probabilities": [list(guess.probabilities) for guess in guesses],
            "best": [guess.best for guess in guesses],
        }
        if explained := [list(guess.letters) for guess in guesses if guess.letters is not None]:
            document["explain"] = explained
        if self.refused:
            document["refused"] = list(self.refused)
        return document


class Refused(TypedDict):
    """What was given and is no name."""

    name: str
    reason: str


class OriginDocument(TypedDict):
    """Where a model comes from, and how good it is."""

    name: str
    run: str | None
    preset: str
    accuracy: float
    data: str


class GuessesDocument(TypedDict):
    """What `gradlab names --json` prints; every list but that of the classes has an entry for each name."""

    model: OriginDocument
    classes: list[str]
    names: list[str]
    folded: list[str]
    probabilities: list[list[float]]
    best: list[str]
    explain: NotRequired[list[list[float]]]
    refused: NotRequired[list[Refused]]


def answer(model: NamesModel, names: Sequence[str], explain: bool = False) -> Guesses:
    """The guesses of a model; with `explain`, also the support of each letter. An invalid name hides no other. Raises
    DataError if none is valid."""
    refused = tuple(Refused(name=name, reason=reason) for name in names if (reason := _invalid(name)))
    if len(refused) == len(names):
        raise DataError("; ".join(each["reason"] for each in refused))
    names = [name for name in names if not _invalid(name)]
    p = model.probabilities(names)
    support = model.explain(names) if explain else [None] * len(names)
    guesses = (_guess(model, name, row, said) for name, row, said in zip(names, p, support, strict=True))
    return Guesses(model.origin, model.classes, tuple(guesses), refused)


def _guess(model: NamesModel, name: str, p: Array, support: Array | None) -> Guess:
    best = int(p.argmax())
    guess = Guess(name, fold(name), tuple(p.tolist()), model.classes[best], None)
    if support is None:
        return guess
    return replace(guess, letters=tuple(support[:, best].tolist()), support=tuple(map(tuple, support.tolist())))


def names_in(text: str) -> list[str]:
    """The names in a text, one on each line; empty lines are none."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _invalid(name: str) -> str:
    """Why the network cannot read a name; "" if it can."""
    try:
        encode(name)
    except DataError as error:
        return str(error)
    return ""
