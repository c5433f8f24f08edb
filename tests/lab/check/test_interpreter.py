"""Which Python runs a student's file."""

import ast
import json
import sys
from pathlib import Path

import pytest

from lab.check import interpreter
from lab.check.interpreter import choose_python
from lab.check.student import check_file
from lab.errors import LabError

WORKER = Path(interpreter.__file__).parent / "worker"
LAYER = """
import sys

class Twice:
    def forward(self, x):
        print("run by", sys.executable)
        return 2 * x

    def backward(self, dy):
        return 2 * dy
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for variable in interpreter.ENVIRONMENTS:
        monkeypatch.delenv(variable, raising=False)
    interpreter._unfit.cache_clear()


def script(path: Path, text: str) -> Path:
    """A program of this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def fake(path: Path, version: str = "3\n12", numpy: int = 1) -> Path:
    """What answers as a Python of this version does."""
    return script(path, f'printf "{version}\\n{numpy}\\n"')


def test_ours_unless_something_else_is_said():
    assert choose_python() == Path(sys.executable)


@pytest.mark.parametrize("variable", interpreter.ENVIRONMENTS)
def test_an_active_environment_with_numpy_comes_first(tmp_path, monkeypatch, variable):
    python = fake(tmp_path / "env" / "bin" / "python")
    monkeypatch.setenv(variable, str(tmp_path / "env"))
    assert choose_python() == python


@pytest.mark.parametrize("spoiled", ["no numpy", "old", "broken", "gone", "ours"])
def test_an_active_environment_that_cannot_is_left_aside(tmp_path, monkeypatch, spoiled):
    folder = tmp_path / "env"
    if spoiled == "no numpy":
        fake(folder / "bin" / "python", numpy=0)
    elif spoiled == "old":
        fake(folder / "bin" / "python", version="3\n9")
    elif spoiled == "broken":
        script(folder / "bin" / "python", "exit 3")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix if spoiled == "ours" else str(folder))
    assert choose_python() == Path(sys.executable)


def test_a_program_a_command_or_a_folder_may_be_named(tmp_path, monkeypatch):
    python = fake(tmp_path / "env" / "bin" / "python3")
    monkeypatch.setenv("PATH", str(python.parent))
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in (str(python), "python3", str(tmp_path / "env"), "~/env", "~/env/bin/python3"):
        assert choose_python(named) == python
    monkeypatch.chdir(tmp_path)
    assert choose_python("env/bin/python3") == python


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: None, "there is no such file or command"),
        (lambda p: p.mkdir(), "there is no bin/python in this folder"),
        (lambda p: p.write_text("x"), "cannot be run: it is not executable"),
        (lambda p: fake(p, numpy=0), "it has no NumPy: {path} -m pip install numpy"),
        (lambda p: fake(p, version="3\n8"), "it is Python 3.8: a check needs 3.10 or later"),
        (lambda p: fake(p, version="2\n7"), "it is Python 2.7: a check needs 3.10 or later"),
        (lambda p: script(p, "echo hello"), "it cannot run Python: it is no Python"),
        (lambda p: script(p, "echo no such option >&2; exit 2"), "it cannot run Python: no such option"),
        (lambda p: script(p, "kill -9 $$"), "it cannot run Python: it is no Python"),
    ],
)
def test_what_cannot_run_a_file_is_said(tmp_path, make, says):
    path = tmp_path / "python"
    make(path)
    with pytest.raises(LabError) as error:
        choose_python(str(path))
    assert str(error.value) == f"--python {path}: {says.format(path=path)}"


def test_the_file_is_run_by_the_named_python(tmp_path):
    wrapper = script(tmp_path / "wrapper", f'touch {tmp_path}/wrapped; exec {sys.executable} "$@"')
    file = tmp_path / "mine.py"
    file.write_text(LAYER)
    report = check_file(file, "Twice", python=choose_python(str(wrapper)))
    assert report.passed
    assert (tmp_path / "wrapped").exists()


def test_the_command_takes_it(tmp_path, gradlab, refused):
    file = tmp_path / "mine.py"
    file.write_text(LAYER)
    wrapper = script(tmp_path / "wrapper", f'touch {tmp_path}/wrapped; exec {sys.executable} "$@"')
    code, out, _ = gradlab("check", f"{file}:Twice", "--python", str(wrapper), "--json")
    assert code == 0
    assert json.loads(out)["passed"]
    assert (tmp_path / "wrapped").exists()
    code, out, _ = gradlab("check", str(tmp_path) + "/", "--python", str(wrapper), "--json")
    assert json.loads(out)[0]["verdict"] == "passes"
    refused(f"check {file}:Twice --python no-such-python", "--python no-such-python: there is no such file or command")
    refused(f"check a2-setting1 --python {sys.executable}", "--python runs a file of yours")


def test_a_top_level_that_cannot_be_interrupted_is_left_out(tmp_path):
    file = tmp_path / "mine.py"
    for ends in (
        "import itertools\nsum(itertools.count())",
        "import ctypes\nctypes.string_at(0)",
        "import posix\nposix._exit(0)",
    ):
        file.write_text(f"{ends}\n{LAYER}")
        report = check_file(file, "Twice", timeout=1.5)
        assert report.passed
        assert any("only imports, definitions and constants were run" in note for note in report.report.notes)


@pytest.mark.parametrize("path", sorted(WORKER.glob("*.py")), ids=lambda p: p.stem)
def test_the_worker_is_written_for_the_oldest_python(path):
    tree = ast.parse(path.read_text(), feature_version=interpreter.OLDEST)
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    } | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    later = {"typing.Self", "typing.Never", "typing.assert_never", "typing.assert_type", "typing.override", "tomllib"}
    later |= {"typing.LiteralString", "enum.StrEnum", "datetime.UTC", "itertools.batched", "contextlib.chdir"}
    assert not imported & later
    assert not {name.partition(".")[0] for name in imported} & {"core", "data", "presets", "lab", "tui"}
