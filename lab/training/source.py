"""Which code of a student's is trained: NAME in a file, with all files of theirs that it loads, as they are now."""

from dataclasses import dataclass
from pathlib import Path

from lab.check.trained import TrainedCode
from lab.errors import LabError
from lab.runs.code import CodeSource, digest, relative


class CodeChangedError(LabError):
    """A file is not as it was when the training began."""


@dataclass(frozen=True)
class Code:
    """files: all that were loaded, resolved, with their SHA-256; the one that holds NAME first."""

    name: str
    files: tuple[tuple[Path, str], ...]

    @classmethod
    def loaded(cls, code: TrainedCode) -> "Code":
        """The code of a process, which has loaded its files. Raises DiskError."""
        others = [path for path in code.files if path != code.file]
        return cls(code.name, tuple((path, digest(path)) for path in (code.file, *others)))

    @classmethod
    def saved(cls, source: CodeSource, folder: Path) -> "Code":
        """What code.json in that folder holds."""
        return cls(source["name"], tuple(((folder / f["path"]).resolve(), f["sha256"]) for f in source["files"]))

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
        files = [{"path": relative(path, folder), "sha256": sha256} for path, sha256 in self.files]
        return {"name": self.name, "preset": preset, "files": files}  # type: ignore[typeddict-item]

    def unchanged(self, began: str) -> None:
        """Raise LabError if a file is gone, CodeChangedError if it is another than it was when `began` began."""
        for path, sha256 in self.files:
            if not path.is_file():
                raise LabError(f"{began} trains {self.name} of {path.name}, which is not at {path}")
            if digest(path) != sha256:
                raise CodeChangedError(
                    f"{path} has changed since {began} began: what is resumed needs the code as it was"
                )
