"""Downloads of the full image sets with pooch: hash check, progress bar, resume.

Nothing is believed of what a server sends: a page in the place of a file, a part that begins elsewhere and a body that
is cut off or too long leave what was downloaded before as it was.
"""

import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data import files, place
from data.errors import DataError
from data.sources import SETS, File, ImageSet, image_set

_CHUNK = 1 << 14  # bytes that a broken connection can lose
_TIMEOUT = 30  # seconds without data
_OTHERS, _LOOK = 24 * 3600, 0.2  # seconds to wait for a process that downloads the same; between two looks


def fetch(name: str, progress: bool = True, base_url: str | None = None) -> Path:
    """Downloads the missing or damaged files of the full image set and returns their folder.

    `progress` draws a bar on stderr. `base_url` replaces the official address.
    An interrupted download is kept as NAME.part, and the next call continues it. A file gets its final name only when
    it is complete and its hash is right. Of several processes one downloads, and the others wait for it. Raises
    DataError if the set cannot be completed.
    """
    if name in SETS and SETS[name].all_embedded:
        raise DataError(f"all {name} are embedded: there is nothing to fetch")
    source = image_set(name)
    folder, url = place.home() / source.folder, base_url or source.url
    if not _wanted(source, folder):
        return folder
    with _one_at_a_time(place.home() / f".{source.name}.lock"):
        wanted = _wanted(source, folder)  # somebody else may have got it
        if wanted and source.archive:
            archive = _download(source.archive, place.home(), url, progress)
            _extract(archive, source, wanted)
        else:
            for file in wanted:
                _download(file, folder, url, progress)
    return folder


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Inside the with-block no other process downloads; without it where the disk knows no locks."""
    import portalocker

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = portalocker.Lock(path, "a", timeout=_OTHERS, check_interval=_LOOK)
        lock.acquire()
    except portalocker.AlreadyLocked:
        raise DataError(f"another process has been downloading to {path.parent} for a day: end it, or wait") from None
    except portalocker.LockException:
        yield
        return
    except OSError as error:
        raise DataError(
            f"{path.parent} cannot be written ({error.strerror}); set GRADLAB_DATA to another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _wanted(source: ImageSet, folder: Path) -> list[File]:
    """The files that are missing or damaged."""
    return [file for file in source.files if not _intact(folder, file)]


def _intact(folder: Path, file: File) -> bool:
    path = files.find(folder, file) or folder / file.name
    try:
        files.read(path, file if path.name == file.name else file.unpacked or file, remedy="")
    except DataError:
        return False
    return True


def _download(file: File, folder: Path, url: str, progress: bool) -> Path:
    """Download a file into the folder and check it; returns its path."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the bar is enough
    address = f"{url}/{file.name}"
    part = folder / f"{file.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(
            address,
            f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=_Resuming(part, file.size, progress),
        )
    except requests.HTTPError as error:
        raise DataError(f"{error}; try later, or put the files into {folder} by hand") from None
    except requests.RequestException as error:
        raise DataError(
            f"{address} could not be downloaded ({type(error).__name__}); check the connection and run the "
            f"command again to continue the download"
        ) from None
    except OSError as error:
        raise _unwritable(folder, file, error) from None
    except ValueError:  # pooch raises this for a wrong hash, after it has deleted the download
        raise DataError(
            f"{address} does not have the expected sha256 {file.sha256}, and was not kept; "
            f"run the command again, or put the files into {folder} by hand"
        ) from None
    return folder / file.name


class _Resuming:
    """A pooch downloader that writes to a .part file and continues one that exists."""

    def __init__(self, part: Path, size: int, progress: bool) -> None:
        self.part, self.size, self.progress = part, size, progress
        self._again = part.with_name(f"{part.name}.again")  # of a server that sends everything again

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        if _size(self.part) < self.size:
            self._continue(url)
        if _size(self.part) < self.size:
            raise DataError(f"{url} ended after {_size(self.part):,} of {self.size:,} bytes; run the command again")
        self.part.replace(output_file)

    def _continue(self, url: str) -> None:
        import requests

        # "identity": if the server compressed the data, the byte range would not match
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={_size(self.part)}-"}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            response.raise_for_status()
            self._believe(response, url)
            if response.status_code == requests.codes.partial or not _size(self.part):
                self._write(response, self.part, "ab", url)
                return
            try:
                self._write(response, self._again, "wb", url)
            finally:
                if self._is_more():
                    self._again.replace(self.part)
                self._again.unlink(missing_ok=True)

    def _believe(self, response: Any, url: str) -> None:
        """Raise DataError for an answer that cannot be the rest of the file, or all of it."""
        have, partial = _size(self.part), response.status_code == 206
        given = response.headers.get("Content-Range", f"bytes {have}-{self.size - 1}/{self.size}")
        if partial and not re.fullmatch(rf"bytes {have}-\d+/({self.size}|\*)", given):
            raise DataError(f"{url} sent {given}, not the bytes from {have:,} of {self.size:,}; run the command again")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) != self.size - (have if partial else 0):
            kind = response.headers.get("Content-Type", "no type").partition(";")[0]
            raise DataError(
                f"{url} does not send the file: {int(length):,} bytes ({kind}), expected {self.size:,}. Does a network "
                f"ask for a login first? Try later, or put the files into {self.part.parent} by hand"
            )

    def _write(self, response: Any, path: Path, mode: str, url: str) -> None:
        """Write what the server sends, up to the size of the file."""
        from tqdm import tqdm  # type: ignore[import-untyped]

        have = _size(path) if mode == "ab" else 0
        with (
            path.open(mode) as out,
            tqdm(
                desc=self.part.stem, initial=have, total=self.size, unit="B", unit_scale=True, disable=not self.progress
            ) as bar,
        ):
            for chunk in response.iter_content(_CHUNK):
                have += len(chunk)
                if have > self.size:
                    raise DataError(f"{url} sends more than the {self.size:,} bytes of the file; try later")
                bar.update(out.write(chunk))

    def _is_more(self) -> bool:
        """Is what was sent again the beginning of the same file, and longer?"""
        if _size(self._again) <= _size(self.part):
            return False
        with self.part.open("rb") as old, self._again.open("rb") as new:
            return all(piece == new.read(len(piece)) for piece in iter(lambda: old.read(1 << 20), b""))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _extract(archive: Path, source: ImageSet, wanted: list[File]) -> None:
    """Moves the wanted files from the archive to their folder, each by a rename, and deletes the archive.

    Reads members by name, so that the archive cannot choose a path.
    """
    folder = place.home() / source.folder
    for file in wanted:
        part = folder / f"{file.name}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive) as tar, part.open("wb") as out:
                member = tar.extractfile(f"{source.folder}/{file.name}")
                assert member, f"{archive} has the right hash but not {file.name}"
                shutil.copyfileobj(member, out)
            part.replace(folder / file.name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise _unwritable(folder, file, error) from None
    archive.unlink()


def _unwritable(folder: Path, file: File, error: OSError) -> DataError:
    return DataError(
        f"{folder / file.name} cannot be written ({error.strerror}, {file.size:,} bytes); "
        f"free some space, or set GRADLAB_DATA to another folder"
    )
