"""Files as students hand them in: right ones, and mistakes planted into them. Data for tests; nothing here is imported.

right/ holds one file or folder per style, each with gradients that are right: names, arguments, returned forms, layouts
and obstacles as in real hand-ins, in words of our own. bugs.txt says what to change in which file to plant a mistake.
No test lives here, and nothing that only works with Gradlab.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

RIGHT = Path(__file__).parent / "right"


@dataclass(frozen=True)
class Bug:
    """A mistake: in this file, this text becomes that; what kind it is and whose gradients it makes wrong."""

    file: str
    kind: str
    tensors: tuple[str, ...]
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}, {self.kind} ({' '.join(self.tensors)}): {self.old!r} -> {self.new!r}"


def files() -> list[str]:
    """The files a student would point at, relative to right/: all but helpers beside them and package files."""
    helpers = ("/functions.py", "__init__.py", "EvaluateClassifier.m", "ComputeCost.m", "_forward.m")
    paths = (path for path in RIGHT.rglob("*") if path.suffix in {".py", ".ipynb", ".m"})
    return sorted(path.relative_to(RIGHT).as_posix() for path in paths if not str(path).endswith(helpers))


def bugs() -> list[Bug]:
    """The mistakes of bugs.txt, in its order."""
    text = (Path(__file__).parent / "bugs.txt").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        file, *blocks = re.split(r"^# ", part, flags=re.MULTILINE)
        for block in blocks:
            head, *lines = block.rstrip("\n").split("\n")
            kind, tensors = head.split(": ")
            old, new = (
                "\n".join(line.removeprefix(mark).removeprefix(" ") for line in lines if line.startswith(mark))
                for mark in "<>"
            )
            found.append(Bug(file.strip(), kind, tuple(tensors.split()), old, new))
    return found


def hand_in(folder: Path, file: str, bug: Bug | None = None) -> Path:
    """Put a file of right/ and what lies beside it into a folder, with the mistake planted; the path of the copy.

    Raises AssertionError unless the text that the mistake replaces stands in the file exactly once.
    """
    top = file.split("/")[0]
    if (RIGHT / top).is_dir():
        shutil.copytree(RIGHT / top, folder / top, dirs_exist_ok=True)
    else:
        shutil.copy(RIGHT / top, folder / top)
    path = folder / file
    if bug:
        text = path.read_text(encoding="utf-8")
        assert text.count(bug.old) == 1, f"{text.count(bug.old)} times in the file: {bug}"
        path.write_text(text.replace(bug.old, bug.new), encoding="utf-8")
    return path
