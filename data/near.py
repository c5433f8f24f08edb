"""What lies near the place of a full image set and is not quite it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from data import place
from data.sources import ImageSet


def near(source: ImageSet) -> str:
    """What lies near the place of a set that is not complete, and what to do about it; "" if nothing does."""
    home, folder = place.home(), place.home() / source.folder
    with suppress(OSError):
        for path in _strayed(home, source.files[0].names):
            if path.parent != folder:
                return f"{path.parent} holds {path.name}: move its files to {folder}"
        for path in _around(home, [source.archive.name] if source.archive else []):
            there = "" if path.parent == home else f"move it to {home}, then "
            return f"{path} is there: {there}`gradlab data fetch {source.name}` unpacks it"
        for path in _around(home, source.others):
            return (
                f"{path} is another version of {source.title}: Gradlab reads the binary version, which "
                f"`gradlab data fetch {source.name}` downloads"
            )
    return ""


def _strayed(home: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Files of these names in the folders up to two levels below home, in home itself, and beside it."""
    for name in names:
        for pattern in (name, f"*/{name}", f"*/*/{name}"):
            yield from (path for path in sorted(home.glob(pattern)) if path.is_file())
        yield from (path for path in (home.parent / name,) if path.is_file())


def _around(home: Path, names: list[str] | tuple[str, ...]) -> Iterator[Path]:
    """What has one of these names in home, beside it, or one level below it."""
    for name in names:
        yield from (
            path for path in (home / name, home.parent / name, *sorted(home.glob(f"*/{name}"))) if path.exists()
        )
