"""CONTRIBUTING.md is true of the tree: the files, names, settings and commands it sends a reader to."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| a")]
PATHS = set(re.findall(r"`?((?:core|data|presets|lab|tui|tests|docs)/[\w./]+)", PAGE))
TO_WRITE = {"lab/ROOM/command.py", "presets/NAME.toml", "tui/screens/NAME.py"}


def defined(path: str) -> set[str]:
    """The names a module defines."""
    names = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        names |= {getattr(target, "id", getattr(target, "name", "")) for target in targets}
    return names


def test_there_is_a_row_for_everything_there_is_to_add():
    rows = [re.sub(r"^\| an? ", "", row[0]) for row in TABLE]
    assert rows == [
        "layer",
        "hyperparameter",
        "optimiser",
        "schedule",
        "activation",
        "preset",
        "report",
        "command",
        "mode",
        "data set of images",
        "layer for `--against`",
    ]


@pytest.mark.parametrize("path", sorted(PATHS - TO_WRITE))
def test_every_path_exists(path):
    assert (ROOT / path.rstrip(".")).exists()


@pytest.mark.parametrize(("path", "name"), sorted(set(re.findall(r"`([\w/]+\.py):(\w+)`", PAGE))))
def test_every_name_is_defined_in_its_module(path, name):
    assert name in defined(path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("presets/schema.py", "Optimiser"),
        ("presets/schema.py", "Schedule"),
        ("presets/network.py", "activation"),
        ("lab/reproduce/values.py", "VALUES"),
        ("data/sources.py", "IMAGE_SETS"),
        ("tests/core/test_layers.py", "KINDS"),
    ],
)
def test_names_that_stand_apart_from_their_module_are_defined_there(path, name):
    assert f"`{name}`" in PAGE
    assert name in defined(path)


def test_what_make_is_asked_for_it_can_make():
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"^    make ([\w./-]+)", PAGE, re.M)) <= targets
