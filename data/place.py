"""Where the full data sets are on this machine: mnist/, cifar-10-batches-bin/ and names/ in one folder."""

import os
from collections.abc import Iterable
from pathlib import Path

from data.errors import DataError


def home() -> Path:
    """The folder of the full data sets: GRADLAB_DATA, or `gradlab` in the user's cache folder."""
    if chosen := os.environ.get("GRADLAB_DATA"):
        try:
            return Path(chosen).expanduser()
        except RuntimeError:
            raise DataError(f"GRADLAB_DATA = {chosen}: there is no such user") from None
    import pooch  # here, because the import takes longer than everything else in this package

    return Path(pooch.os_cache("gradlab"))


def missing(folder: Path, names: Iterable[str]) -> list[str]:
    """The names that are not a file in the folder, in the given order. Raises DataError if the folder is unreadable."""
    try:
        return [name for name in names if not (folder / name).is_file()]
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from None
