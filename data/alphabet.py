"""Names as rows of indices: the alphabet, and how a typed name is folded into it."""

import unicodedata

import numpy as np

from data.errors import DataError

ALPHABET = "abcdefghijklmnopqrstuvwxyz '-"
PAD = len(ALPHABET)  # fills up names shorter than LENGTH
LENGTH = 20  # letters of the longest surname

# Letters that are not a base letter with an accent, and other forms of the apostrophe and the hyphen.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
    | dict.fromkeys("’‘ʼ´`", "'")
    | dict.fromkeys("‐‑–—", "-")
)


def fold(name: str) -> str:
    """The name in lower case without accents, with single spaces. Other characters stay as they are."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_FOLDED))
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).translate(_FOLDED).split())


def encode(name: str) -> np.ndarray:
    """The folded name as indices into ALPHABET, padded: (LENGTH,), np.intp.

    Raises DataError for an empty name, a name that is too long, and letters outside the alphabet.
    """
    folded = fold(name)
    if not folded.strip("' -"):
        raise DataError(f"{name!r} is not a name: it has no letters")
    if unknown := list(dict.fromkeys(c for c in folded if c not in ALPHABET)):
        raise DataError(
            f"{name!r} has {', '.join(map(repr, unknown))}: allowed are the letters a to z with or without accents, "
            "space, hyphen and apostrophe"
        )
    if len(folded) > LENGTH:
        raise DataError(f"{name!r} has {len(folded)} letters: a name may have up to {LENGTH}")
    row = np.full(LENGTH, PAD)
    row[: len(folded)] = [ALPHABET.index(c) for c in folded]
    return row


def decode(row: np.ndarray) -> str:
    """The folded name for a row of indices."""
    return "".join(ALPHABET[i] for i in row if i != PAD)
