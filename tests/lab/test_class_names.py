"""A class is found by its name: two of one name, and a reader opens the wrong file."""

import ast
from collections import defaultdict
from pathlib import Path

import core

ROOT = Path(core.__file__).parents[1]
# What is always written with its module: initialisers.Constant, schedules.Constant
WITH_THEIR_MODULE = {"Constant"}


def test_no_two_classes_share_a_name():
    """But for the worker of the check, which runs beside a student's file and imports nothing of ours."""
    places = defaultdict(list)
    for package in ("core", "data", "presets", "lab", "tui"):
        for path in (ROOT / package).rglob("*.py"):
            if "worker" not in path.relative_to(ROOT).parts:
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if isinstance(node, ast.ClassDef):
                        places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 100
    shared = {name: where for name, where in places.items() if len(where) > 1 and name not in WITH_THEIR_MODULE}
    assert shared == {}
