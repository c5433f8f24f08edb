"""Files: atomic writes, locks, JSON, and one kind of error for everything that the disk refuses.

The content of a file is up to its writer.
"""

import errno
import json
import math
import os
import stat
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lab.errors import DamagedError, DiskError, LabError

MOST_JSON = 64 << 20  # bytes
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
LOOK_SECONDS = 0.05  # between two tries to get a lock
# Windows does not replace a file while another process reads it. Reading is short, so try again for a while.
REPLACE_SECONDS = 2.0 if os.name == "nt" else 0.0


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Errors of the file system as a DiskError that names the file."""
    try:
        yield
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror or error}") from error


def opened(path: Path, mode: str, **how: Any) -> IO[Any]:
    """open(), for regular files alone: a pipe would be waited for, and what a link names may be anybody's.

    Links are followed for reading only. Raises OSError.
    """
    return open(path, mode, opener=_regular, **how)  # noqa: PTH123, SIM115: Path.open takes no opener


def _regular(path: str, flags: int) -> int:
    writing = flags & (os.O_WRONLY | os.O_RDWR)
    if writing and Path(path).is_symlink():
        raise OSError(errno.ELOOP, "is a link, and links are not followed for writing", path)
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | (writing and getattr(os, "O_NOFOLLOW", 0)), 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", path)
    return descriptor


class NoLocksWarning(UserWarning):
    """The disk knows no locks."""


def lock(file: IO[Any], shared: bool = False) -> bool:
    """Lock an open file until it is closed; False if another process holds it. Shared locks may be many.

    What Windows locks it lets nobody else read: lock files that hold nothing. Some network disks know no locks. There a
    lock is as good as had, with a NoLocksWarning.
    """
    import portalocker  # here: few commands lock, and it takes its time

    kind = portalocker.LOCK_SH if shared and os.name == "posix" else portalocker.LOCK_EX
    try:
        portalocker.lock(file, kind | portalocker.LOCK_NB)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in NO_LOCKS:
            raise (cause if isinstance(cause, OSError) else OSError(errno.EIO, str(error), file.name)) from None
        warnings.warn(
            f"{file.name}: this disk knows no locks ({cause.strerror}): let one process at a time write there",
            NoLocksWarning,
            stacklevel=2,
        )
    return True


@contextmanager
def exclusive(path: Path, patience: float = 0.0) -> Iterator[None]:
    """Inside the with-block the folder of this lock file is this process's. LabError if it is another's, also after
    `patience` seconds."""
    until = time.monotonic() + patience
    with disk(path):
        file = opened(path, "a")
    with file:
        while not _locked(file, path):
            if time.monotonic() > until:
                raise LabError(f"{path.parent} is in use by another process")
            time.sleep(LOOK_SECONDS)
        yield


def _locked(file: IO[Any], path: Path) -> bool:
    with disk(path):
        return lock(file)


def held(path: Path) -> bool:
    """Does a process hold the lock of this file? Changes nothing."""
    if not path.exists():
        return False
    with disk(path), opened(path, "r", encoding="utf-8") as file:
        return not lock(file, shared=True)


def write_whole(path: Path, content: str | Callable[[IO[bytes]], object]) -> None:
    """Replace a file by this text, or by the output of the function, atomically. Raises LabError."""
    aside = path.with_name(f".{path.name}.part")
    with disk(path):
        try:
            with opened(aside, "wb") as file:
                if isinstance(content, str):
                    file.write(content.encode(errors="backslashreplace"))  # a path may be no text
                else:
                    content(file)
                file.flush()
                os.fsync(file.fileno())
            _replace(aside, path)
            sync_folder(path.parent)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _replace(aside: Path, path: Path) -> None:
    until = time.monotonic() + REPLACE_SECONDS
    while True:
        try:
            aside.replace(path)
            return
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_SECONDS)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder outlive a loss of power, as fsync does for what is in a file."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """What a file holds; of a regular file alone. Raises OSError, also where it holds more than `most` bytes."""
    with opened(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if most is not None and size > most:
            raise OSError(errno.EFBIG, f"holds {size:,} bytes, and {most:,} are the most that it may", path)
        content: bytes = file.read()
    return content


def read_json(path: Path, keys: Sequence[str] = ()) -> dict[str, Any] | None:
    """The object in a JSON file, which has these keys; None if there is none. Raises DamagedError, DiskError."""
    if not path.exists():
        return None
    with disk(path):
        try:
            document = json.loads(read_bytes(path, MOST_JSON).decode())
        except (ValueError, RecursionError, MemoryError) as error:
            raise DamagedError(f"{path} cannot be used: {error or type(error).__name__}") from None
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
