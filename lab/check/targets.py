"""What in a student's file can be checked, found without running it, and how it is called."""

import ast
import re
from pathlib import Path

from lab.errors import LabError

FILE = re.compile(r"(?P<path>.+\.(py|ipynb|m)):(?P<name>\w+)")  # how NAME in a file is written
WHOLE = re.compile(r"(?P<path>.+\.(py|ipynb|m)):?")  # how a file is written, for everything in it
AGAINST = ("dense", "relu", "batchnorm", "softmax", "conv2d", "maxpool")  # the layers of lab.check.against


def is_folder(target: str) -> bool:
    """Is a folder of hand-ins meant? A preset's name means the preset; with a slash behind it, the folder."""
    from presets.load import names

    return Path(target).is_dir() and target not in names()


def names_in(path: Path) -> list[str]:
    """The NAMEs of FILE.py:NAME that the file offers, in its order: functions, classes, and NAME of a pair
    NAME_forward and NAME_backward. Raises LabError if it is no Python or has nothing to offer."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise LabError(f"{path}: {error.strerror or error}") from None
    except SyntaxError as error:
        raise LabError(f"{path}, line {error.lineno}: {error.msg}") from None
    except ValueError as error:
        raise LabError(f"{path}: {error}") from None
    own = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    pairs = {name.removesuffix("_forward") for name in own if name.endswith("_forward")}
    pairs = {name for name in pairs if f"{name}_backward" in own}
    parts = {f"{name}_{part}" for name in pairs for part in ("forward", "backward", "example")}
    offered = [name.removesuffix("_forward") if name in parts and name.endswith("_forward") else name for name in own]
    found = [name for name in offered if name not in parts and not name.startswith("_")]
    if not found:
        raise LabError(f"{path} has no function and no class to check")
    return found
