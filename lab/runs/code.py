"""A run of a student's own code: what its directory and its result say of the code."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired

from typing_extensions import TypedDict

from lab.disk import disk, read_bytes
from lab.errors import LabError


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


class CodeChangedError(LabError):
    """A file is not as it was when the training began."""


@dataclass(frozen=True)
class Code:
    """Which code is trained: NAME in a file. files: all that were loaded, resolved, with their SHA-256 as they were
    then; the one that holds NAME first. loop: does it train with a loop of its own?"""

    name: str
    files: tuple[tuple[Path, str], ...]
    loop: bool = False

    @classmethod
    def of(cls, name: str, file: Path, others: Iterable[Path] = (), loop: bool = False) -> "Code":
        """NAME in a file, which was loaded with these others, as all of them are now. Raises DiskError."""
        files = dict.fromkeys((file, *others))
        return cls(name, tuple((path, digest(path)) for path in files), loop)

    @classmethod
    def saved(cls, source: CodeSource, folder: Path) -> "Code":
        """What code.json in that folder holds."""
        files = tuple(((folder / f["path"]).resolve(), f["sha256"]) for f in source["files"])
        return cls(source["name"], files, source.get("loop", False))

    @property
    def file(self) -> Path:
        """The file that holds NAME."""
        return self.files[0][0]

    @property
    def target(self) -> str:
        """FILE:NAME, as the command line takes it: the file as seen from here if that is shorter."""
        return f"{min(str(self.file), relative(self.file, Path.cwd()), key=len)}:{self.name}"

    def document(self, preset: str, folder: Path) -> CodeSource:
        """For code.json in that folder. preset: as it was named after --like."""
        files: list[CodeFile] = [{"path": relative(path, folder), "sha256": sha256} for path, sha256 in self.files]
        document: CodeSource = {"name": self.name, "preset": preset, "files": files}
        return {**document, "loop": True} if self.loop else document

    def unchanged(self, began: str) -> None:
        """Raise LabError if a file is gone, CodeChangedError if it is another than it was when `began` began."""
        for path, sha256 in self.files:
            if not path.is_file():
                raise LabError(f"{began} trains {self.name} of {path.name}, which is not at {path}")
            if digest(path) != sha256:
                raise CodeChangedError(
                    f"{path} has changed since {began} began: what is resumed needs the code as it was"
                )
