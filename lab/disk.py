"""Files: atomic writes, locks, JSON, and one kind of error for everything that the disk refuses.

The content of a file is up to its writer.
"""

import fcntl
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lab.errors import DamagedError, DiskError, LabError


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Errors of the file system as a DiskError that names the file."""
    try:
        yield
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror or error}") from error


def lock(file: IO[Any], shared: bool = False) -> bool:
    """Lock an open file until it is closed; False if another process holds it. Shared locks may be many."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Inside the with-block the folder is this process's; LabError if it is another's."""
    with disk(folder / "lock"), (folder / "lock").open("w") as file:
        if not lock(file):
            raise LabError(f"{folder} is in use by another process")
        yield


def write_whole(path: Path, content: str | Callable[[IO[bytes]], object]) -> None:
    """Replace a file by this text, or by the output of the function, atomically. Raises LabError."""
    aside = path.with_name(f".{path.name}.part")
    with disk(path):
        try:
            with aside.open("wb") as file:
                if isinstance(content, str):
                    file.write(content.encode(errors="backslashreplace"))  # a path may be no text
                else:
                    content(file)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def read_json(path: Path, keys: Sequence[str] = ()) -> dict[str, Any] | None:
    """The object in a JSON file, which has these keys; None if there is none. Raises DamagedError, DiskError."""
    if not path.exists():
        return None
    with disk(path):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DamagedError(f"{path} cannot be used: {error}") from None
    if not isinstance(document, dict):
        raise DamagedError(f"{path} cannot be used: it holds no object")
    if lacking := [key for key in keys if key not in document]:
        raise DamagedError(f"{path} cannot be used: it has no {', no '.join(lacking)}")
    return document


def to_json(value: Any) -> str:
    """JSON text; numbers that are not finite become null, as JSON has none."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
