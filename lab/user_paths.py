"""Paths as users write them."""

import re
from pathlib import Path

from lab.errors import LabError


def at_home(word: str) -> str:
    """A word with ~ or ~USER at its start, or behind --OPTION=, as the folder that it means: a shell does not see to
    the second, nor to what a variable holds. Raises LabError if there is no such user."""
    option, path = re.fullmatch(r"(--[\w-]+=)?(.*)", word, re.DOTALL).groups(default="")  # type: ignore[union-attr]
    if not path.startswith("~") or Path(path).exists():
        return word
    try:
        return f"{option}{Path(path).expanduser()}"
    except RuntimeError:
        user = Path(path).parts[0].removeprefix("~")
        raise LabError(f"{path}: there is no user {user}") from None
