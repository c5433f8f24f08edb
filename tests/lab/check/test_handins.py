"""Hand-ins in the styles students use: the right ones pass, each planted mistake is caught and named."""

import ast
import json
import shutil
from collections.abc import Iterator

import pytest

from tests.lab.check.examiner import Examiner
from tests.lab.check.handins import KINDS, RECOGNISED, RIGHT, Bug, bugs, files, hand_in, plain
from tests.sizes import WHOLE, size

NOT_YET = frozenset[str]()  # styles that cannot be checked yet, see docs/student-code.md: take out what works
MISSED = {  # mistakes that pass today, by file: take out what is caught
    "a3_reversed_lists.py": {"relu-mask-other-layer"},
}
UNNAMED = {  # mistakes that are caught and not named, by file
    "a1_classifier_class.py": {"stale"},
    "a2_class_attributes.py": {"stale"},
    "a2_dropout_flag.py": {"dropout-mask", "dropout-scale"},
    "a3_batchnorm_class.py": {"bn-running"},
    "classes_dw.py": {"not-divided"},
    "convnet_names.py": {"conv-order", "relu-mask"},
    "cs_layers_loops.py": {"pool-stride"},
    "cs_layers_norms.py": {"conv-order"},
    "cs_package/cs231n/classifiers/cnn.py": {"penalty-missing"},
    "cs_package/cs231n/layer_utils.py": {"relu-mask"},
}
# Loops over every pixel, or a reading found after many tries: make torture plants mistakes into them.
SLOW = {
    "a2_flat_interleaved.py",
    "a2_params_dict.py",
    "a3_batchnorm_functions.py",
    "conv_classes.py",
    "convnet_names.py",
    "cs_layers_loops.py",
}


@pytest.fixture(scope="module")
def examine() -> Iterator[Examiner]:
    """Checks files, each in a process of its own."""
    examiner = Examiner()
    yield examiner
    examiner.close()


def hand_ins(names: list[str]) -> list:
    """The files as parameters of a test: those that need Octave only where it is, those of NOT_YET expected to fail."""
    octave = pytest.mark.skipif(not (shutil.which("octave-cli") or shutil.which("octave")), reason="needs octave")
    later = pytest.mark.xfail(reason="cannot be checked yet", strict=False)
    return [
        pytest.param(name, marks=[octave] * name.endswith(".m") + [later] * (name in NOT_YET), id=name)
        for name in names
    ]


@pytest.mark.parametrize("file", hand_ins(files()[:: size(2, 1)]))
def test_a_right_hand_in_is_recognised_and_passes(file, tmp_path, examine):
    verdict = examine(hand_in(tmp_path, file))
    assert verdict.passed, f"{file}: {verdict}"
    names = {plain(target.name) for target in verdict.targets}
    assert {plain(name) for name in RECOGNISED.get(file, ())} <= names, f"{file}: {verdict}"


def planted() -> Iterator[Bug]:
    """A mistake of each kind in a quick file; in make torture all mistakes."""
    kinds = set[str]()
    for bug in bugs():
        if bug.file not in NOT_YET and (WHOLE or (bug.kind not in kinds and bug.file not in SLOW)):
            kinds.add(bug.kind)
            yield bug


@pytest.mark.parametrize("file", hand_ins(sorted({bug.file for bug in planted()})))
def test_planted_mistakes_are_caught_and_named(file, tmp_path, examine):
    missed, unnamed = [], []
    for bug in (bug for bug in planted() if bug.file == file):
        verdict = examine(hand_in(tmp_path, file, bug))
        if not verdict.caught:
            missed.append((bug, verdict))
        elif bug.named and not bug.named_by(verdict.causes, str(verdict)):
            unnamed.append((bug, verdict))
    for found, known, words in ((missed, MISSED, "not caught"), (unnamed, UNNAMED, "caught, and not named")):
        said = "\n".join(f"{bug}: {verdict}" for bug, verdict in found)
        assert {bug.kind for bug, _ in found} <= known.get(file, set()), f"{words}:\n{said}"


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
