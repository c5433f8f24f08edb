"""The surnames of 18 nationalities, as collected for spro/practical-pytorch (MIT)."""

from pathlib import Path

import numpy as np

from data import files, packed, place
from data.errors import DataError
from data.sources import File

TITLE = "Surnames"
PAGE = "https://github.com/spro/practical-pytorch"
LICENCE = "MIT, (c) 2017 Sean Robertson"
CLASSES = (
    "Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German", "Greek", "Irish",
    "Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish", "Vietnamese",
)  # fmt: skip
COUNT = 20_074
FILES = tuple(f"{nation}.txt" for nation in CLASSES)  # of GRADLAB_DATA/names
EMBEDDED = File("surnames.tsv", 320_248, "51e02e8145757911b5d9cd09f688d6512b39ad85d80bf354bc59cf3e70fbae5b")


def read() -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Names in file order, their class indices (n,), np.intp, and the classes in alphabetical order.

    Reads the folder names/ of the full data sets if all its files are there, otherwise the embedded file.
    Both hold the same names: a folder with any others raises DataError, as does a damaged installation.
    """
    table = files.read(packed.FOLDER / EMBEDDED.name, EMBEDDED, packed.REMEDY).decode()
    folder = place.home() / "names"
    if not place.missing(folder, FILES) and table_of(folder) != table:
        raise DataError(f"{folder} does not hold the {COUNT:,} known names; correct or delete it: they are embedded")
    rows = [line.split("\t") for line in table.splitlines()]
    index = {nation: i for i, nation in enumerate(CLASSES)}
    return [name for _, name in rows], np.array([index[nation] for nation, _ in rows], np.intp), CLASSES


def table_of(folder: Path) -> str:
    """The names of the folder's 18 text files as the lines of one table: class, tab, name."""
    try:
        texts = {nation: (folder / f"{nation}.txt").read_text("utf-8") for nation in CLASSES}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{folder} cannot be read as UTF-8 text ({error}); correct or delete it") from None
    return "".join(f"{nation}\t{name}\n" for nation, text in texts.items() for name in text.split("\n") if name.strip())
