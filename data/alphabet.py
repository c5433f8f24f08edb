"""Names as rows of indices: the alphabet, and how a typed name is folded into it."""

import re
import unicodedata

import numpy as np

from data.errors import DataError

ALPHABET = "abcdefghijklmnopqrstuvwxyz '-"
PAD = len(ALPHABET)  # fills up names shorter than LENGTH
LENGTH = 20  # letters of the longest surname

# Letters of their own, and the forms of the apostrophe: also the modifier letters, as the okina of Hawaii.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ə": "e", "ŋ": "n", "ĸ": "k"}
    | dict.fromkeys("’‘‛ʼʻʽʾʿˈ′´`\u02b9\ua78c＇", "'")
)
_MARKS = {"Mn", "Me", "Cf"}  # accents, and what is invisible: joiners, directions, the mark at the start of a file


def fold(name: str) -> str:
    """The name in lower case without accents and invisible characters, with single spaces. Other characters stay as
    they are."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_FOLDED))
    return " ".join("".join(map(_plain, letters)).translate(_FOLDED).split())


def _plain(c: str) -> str:
    """The letter below strokes, hooks and the like: h for ħ; nothing for an accent; a hyphen for any dash."""
    kind = unicodedata.category(c)
    if c in ALPHABET or kind in _MARKS:
        return "" if kind in _MARKS else c
    if kind == "Pd" or c == "\N{MINUS SIGN}":
        return "-"
    base = re.fullmatch("LATIN SMALL LETTER ([A-Z]) WITH .*", unicodedata.name(c, ""))
    return base[1].lower() if base else c


def encode(name: str) -> np.ndarray:
    """The folded name as indices into ALPHABET, padded: (LENGTH,), np.intp.

    Raises DataError for an empty name, a name that is too long, and letters outside the alphabet.
    """
    folded = fold(name)
    if not folded.strip("' -"):
        raise DataError(f"{name!r} is not a name: it has no letters")
    if unknown := list(dict.fromkeys(c for c in folded if c not in ALPHABET)):
        raise DataError(
            f"{name!r} has {', '.join(map(_named, unknown))}: allowed are the letters a to z with or without accents, "
            "space, hyphen and apostrophe"
        )
    if len(folded) > LENGTH:
        raise DataError(f"{name!r} has {len(folded)} letters: a name may have up to {LENGTH}")
    row = np.full(LENGTH, PAD)
    row[: len(folded)] = [ALPHABET.index(c) for c in folded]
    return row


def _named(c: str) -> str:
    """A character by its name, as it may look like another or like nothing."""
    return repr(c) if c.isascii() else f"{c!r} ({unicodedata.name(c, f'U+{ord(c):04X}').lower()})"


def decode(row: np.ndarray) -> str:
    """The folded name for a row of indices."""
    return "".join(ALPHABET[i] for i in row if i != PAD)
