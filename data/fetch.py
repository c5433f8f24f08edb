"""Downloads of the full image sets, through pooch: hash, progress bar, resume."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

from data import files, place
from data.errors import DataError
from data.sources import SETS, File, ImageSet, image_set

_CHUNK = 1 << 14  # bytes; what a broken connection can lose of what has come
_TIMEOUT = 30  # seconds without a byte


def fetch(name: str, progress: bool = True, base_url: str | None = None) -> Path:
    """Downloads what is missing or damaged of the full image set; returns the folder where it then lies.

    `progress` draws a bar on stderr. `base_url` takes the place of the official address.
    Raises DataError if the set cannot be had whole. A download that breaks off is kept as NAME.part, and
    the next call goes on from there; no file gets its final name before it is whole and its hash is right.
    """
    if name in SETS and SETS[name].all_embedded:
        raise DataError(f"the {name} are embedded whole: there is nothing to fetch")
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
    """The downloaded file, whole and checked, in the folder."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the bar says enough
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
            f"command again: it goes on where it stopped"
        ) from None
    except OSError as error:
        raise _unwritable(folder, file, error) from None
    except ValueError:  # pooch's word for a wrong hash; it has deleted what came
        raise DataError(
            f"{address} does not have the expected sha256 {file.sha256}, and was not kept; "
            f"run the command again, or put the files into {folder} by hand"
        ) from None
    return folder / file.name


class _Resuming:
    """A pooch downloader that collects in a .part file and asks for the rest of one it finds."""

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

        # "identity": a server that compresses once more would shift the bytes that the range counts
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

    Members are read by name, so that nothing in the archive decides about a path.
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
