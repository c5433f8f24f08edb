"""Downloads of the full image sets with pooch: hash check, progress bar, resume."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

from data import files, place
from data.errors import DataError
from data.sources import SETS, File, ImageSet, image_set

_CHUNK = 1 << 14  # bytes that a broken connection can lose
_TIMEOUT = 30  # seconds without data


def fetch(name: str, progress: bool = True, base_url: str | None = None) -> Path:
    """Downloads the missing or damaged files of the full image set and returns their folder.

    `progress` draws a bar on stderr. `base_url` replaces the official address.
    An interrupted download is kept as NAME.part, and the next call continues it. A file gets its final name only when
    it is complete and its hash is right. Raises DataError if the set cannot be completed.
    """
    if name in SETS and SETS[name].all_embedded:
        raise DataError(f"all {name} are embedded: there is nothing to fetch")
    source = image_set(name)
    folder, url = place.home() / source.folder, base_url or source.url
    wanted = [file for file in source.files if not _intact(folder / file.name, file)]
    if wanted and source.archive:
        archive = _download(source.archive, place.home(), url, progress)
        _extract(archive, source, wanted)
    elif wanted:
        for file in wanted:
            _download(file, folder, url, progress)
    return folder


def _intact(path: Path, file: File) -> bool:
    try:
        files.read(path, file, remedy="")
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

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        if self._have() < self.size:
            self._continue(url)
        self.part.replace(output_file)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _continue(self, url: str) -> None:
        import requests
        from tqdm import tqdm  # type: ignore[import-untyped]

        # "identity": if the server compressed the data, the byte range would not match
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={self._have()}-"}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial
            with (
                self.part.open("ab" if resumed else "wb") as out,
                tqdm(
                    desc=self.part.stem,
                    initial=self._have(),
                    total=self.size,
                    unit="B",
                    unit_scale=True,
                    disable=not self.progress,
                ) as bar,
            ):
                for chunk in response.iter_content(_CHUNK):
                    bar.update(out.write(chunk))


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
