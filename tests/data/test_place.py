"""Where full data sets lie, and what importing the package costs."""

import subprocess
import sys
from pathlib import Path

import pooch
import pytest

from data import place as place_module
from data.errors import DataError


def test_gradlab_data_decides(monkeypatch):
    monkeypatch.setenv("GRADLAB_DATA", "~/sets")
    assert place_module.home() == Path.home() / "sets"


def test_otherwise_the_cache_of_the_user(monkeypatch):
    monkeypatch.setenv("GRADLAB_DATA", "")
    assert place_module.home() == Path(pooch.os_cache("gradlab"))
    monkeypatch.delenv("GRADLAB_DATA")
    assert place_module.home() == Path(pooch.os_cache("gradlab"))


def test_a_place_where_nobody_may_look_is_named(tmp_path):
    folder = tmp_path / ("x" * 5000)  # as root, of whom tests may be run, may look everywhere else
    with pytest.raises(DataError, match=r"x cannot be read \(File name too long\)"):
        place_module.missing(folder, ["a.bin"])


def test_importing_the_loaders_loads_no_downloader():
    code = (
        "import sys, data, data.images, data.surnames, data.catalogue, data.fetch;"
        "print({'pooch', 'requests', 'tqdm'} & set(sys.modules))"
    )
    root = Path(place_module.__file__).parents[1]
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
