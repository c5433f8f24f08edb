"""What tests of students' files share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.lab.check.loader import Loader


@pytest.fixture(scope="session")
def loader() -> Iterator[Loader]:
    """Loads files in processes of their own."""
    loader = Loader()
    yield loader
    loader.close()


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Write files of a student, given as name -> text or bytes; the path of the first."""

    def files(texts: dict[str, str | bytes]) -> Path:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return tmp_path / next(iter(texts))

    return files
