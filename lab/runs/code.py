"""A run of a student's own code: what its directory and its result say of the code."""

import hashlib
import os
from pathlib import Path
from typing import NotRequired

from typing_extensions import TypedDict

from lab.disk import disk, read_bytes


class CodeFile(TypedDict):
    """A file of the student's. path: relative to the run directory, where the disk allows."""

    path: str
    sha256: str


class CodeSource(TypedDict):
    """What code.json of a run holds: which code was trained. files: all that were loaded, the one that was named
    first."""

    name: str  # of the function or class
    preset: str  # as it was named after --like
    files: list[CodeFile]
    loop: NotRequired[bool]  # did it train with a loop of its own? Then the run holds what that ended with


class AgreementDocument(TypedDict):
    """The first updates beside those of Gradlab's own network, from the same start and with the same batches."""

    updates: int  # compared; 0 where there is nothing to compare with
    parts_at: int | None  # the first update that is another
    tensors: list[str]  # that part there, by the student's names, the first one first
    difference: float  # the largest one, relative to the size of the update
    factor: float | None  # by which the update of the first of these tensors is too large, if it is only that
    evaluation: float | None  # the largest difference of a probability, evaluated; None where it was not compared
    sentence: str


class CodeDocument(TypedDict):
    """What a result says of the code that was trained."""

    file: str
    name: str
    tensors: dict[str, str]  # the names of the tensors -> the student's
    notes: list[str]  # how the code was read
    agreement: AgreementDocument
    verdict: str  # beside what is to be expected, in words
    loop: NotRequired[bool]  # did it train with a loop of its own?


def relative(path: Path, folder: Path) -> str:
    """A path as seen from a folder, so that both can be moved together."""
    try:
        return Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return str(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises DiskError."""
    with disk(path):
        return hashlib.sha256(read_bytes(path)).hexdigest()
