"""Hand-ins in the styles students use: the right ones pass, each planted mistake is caught and named."""

import ast
import json

import pytest

from tests.lab.check.handins import KINDS, RIGHT, bugs, files, hand_in


def test_there_are_many_styles_and_many_mistakes():
    assert len(files()) >= 70
    assert len(bugs()) >= 240
    assert {bug.file for bug in bugs()} <= set(files()), "a mistake planted into a file that nobody would point at"
    assert {bug.kind for bug in bugs()} == set(KINDS)


@pytest.mark.parametrize("file", [file for file in files() if file.endswith(".py")])
def test_every_mistake_leaves_a_file_that_python_can_read(file, tmp_path):
    for bug in [None, *(bug for bug in bugs() if bug.file == file)]:
        ast.parse(hand_in(tmp_path, file, bug).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", [file for file in files() if not file.endswith(".py")])
def test_every_mistake_in_a_notebook_or_an_octave_file_changes_it(file, tmp_path):
    right = (RIGHT / file).read_text(encoding="utf-8")
    for bug in (bug for bug in bugs() if bug.file == file):
        text = hand_in(tmp_path, file, bug).read_text(encoding="utf-8")
        assert text != right
        if file.endswith(".ipynb"):
            json.loads(text)
