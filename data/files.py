"""Find and read a file whose exact content is known."""

import hashlib
from pathlib import Path

from data.errors import DataError
from data.sources import File


def find(folder: Path, file: File) -> Path | None:
    """Where the file is in the folder, as it is or unpacked; None if it is not there. Raises DataError if the folder is
    unreadable."""
    try:
        return next((folder / name for name in file.names if (folder / name).is_file()), None)
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from None


def read(path: Path, expected: File, remedy: str) -> bytes:
    """The content of the file, checked against size and sha256.

    Raises DataError if the file is missing, cannot be read or has other content. The message ends with `remedy`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {remedy}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {remedy}") from None
    if len(content) != expected.size:
        raise DataError(f"{path} has {len(content):,} bytes, expected {expected.size:,}; {remedy}")
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.sha256:
        raise DataError(f"{path} is damaged: sha256 {actual}, expected {expected.sha256}; {remedy}")
    return content
