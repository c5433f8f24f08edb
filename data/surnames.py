"""The surnames of 18 nationalities, as collected for spro/practical-pytorch (MIT)."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from data import files, packed, place
from data.alphabet import ALPHABET, decode, encode, fold
from data.dataset import Dataset, Part
from data.errors import DataError
from data.sources import SURNAMES

DIRT = re.compile("[0-9:/,].*")  # Rafaj1, Lu:, Maxa/B, Lytkin,


def load(split: str, dedupe: bool, rng: np.random.Generator) -> Dataset:
    """The surnames; x is (n, 20), np.intp, see data.alphabet. There is no test part.

    `split`: "N per class" draws N names of each nationality with `rng` for validation; the others are for training.
    `dedupe`: keep each pair of nationality and folded name once. Without it, repeated names can be in both parts, and
    `notes` says how many are. Raises DataError for a split that needs more names than there are.
    """
    names, y, classes = read()
    pairs = [(fold(DIRT.sub("", name)), k) for name, k in zip(names, y.tolist(), strict=True)]
    if dedupe:
        pairs = list(dict.fromkeys(pairs))
    labels = np.array([k for _, k in pairs], np.intp)
    validation = _validation(split, labels, rng)
    x = np.array([encode(name) for name, _ in pairs])
    train = np.setdiff1d(np.arange(len(pairs)), validation)
    return Dataset(
        name=SURNAMES.name,
        title=SURNAMES.title,
        variant="full",
        split=split,
        classes=classes,
        train=Part(x[train], labels[train]),
        validation=Part(x[validation], labels[validation]),
        test=None,
        fingerprints={SURNAMES.embedded.name: SURNAMES.embedded.sha256},
        show=decode,
        symbols=len(ALPHABET),
        notes=(leaks([pairs[i] for i in train], [pairs[i] for i in validation]),),
    )


def _validation(split: str, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    match = re.fullmatch("([0-9]{1,4}) per class", split)
    smallest = int(np.bincount(y).min())
    if not match or not 1 <= (count := int(match[1])) < smallest:
        allowed = f'"N per class" with N from 1 to {smallest - 1}, the smallest class having {smallest} names'
        raise DataError(f"{SURNAMES.title} have no split {split!r}; allowed: {allowed}")
    return np.concatenate([rng.permutation(np.flatnonzero(y == k))[:count] for k in range(len(SURNAMES.classes))])


def leaks(train: list[tuple[str, int]], validation: list[tuple[str, int]]) -> str:
    """How many validation names, as pairs of name and class, are also in training or have several classes."""
    seen = set(train)
    both = sum(pair in seen for pair in validation)
    nations = Counter(name for name, _ in {*train, *validation})
    several = {name for name, count in nations.items() if count > 1}
    ambiguous = sum(name in several for name, _ in validation)
    return (
        f"{both} of the {len(validation)} validation names are also in the training set, with the same nationality; "
        f"{ambiguous} have several nationalities, like {len(several)} of all {len(nations):,} names"
    )


def read() -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Names in file order, their class indices (n,), np.intp, and the classes in alphabetical order.

    Reads the folder names/ of the full data sets if it has all files, otherwise the embedded file. Both hold the same
    names. Raises DataError for a folder with other names and for a damaged installation.
    """
    table = files.read(packed.FOLDER / SURNAMES.embedded.name, SURNAMES.embedded, packed.REMEDY).decode()
    folder = place.home() / SURNAMES.folder
    if not place.missing(folder, SURNAMES.files) and table_of(folder) != table:
        known = f"{SURNAMES.count:,} known names"
        raise DataError(f"{folder} does not hold the {known}; correct or delete it (the names are embedded)")
    rows = [line.split("\t") for line in table.splitlines()]
    index = {nation: i for i, nation in enumerate(SURNAMES.classes)}
    return [name for _, name in rows], np.array([index[nation] for nation, _ in rows], np.intp), SURNAMES.classes


def table_of(folder: Path) -> str:
    """The names in the folder's 18 text files as lines of one table: class, tab, name."""
    try:
        texts = {nation: (folder / f"{nation}.txt").read_text("utf-8") for nation in SURNAMES.classes}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{folder} cannot be read as UTF-8 text ({error}); correct or delete it") from None
    return "".join(f"{nation}\t{name}\n" for nation, text in texts.items() for name in text.split("\n") if name.strip())
