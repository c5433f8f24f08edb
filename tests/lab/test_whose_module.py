"""Whose module is it? Ours and Python's, whatever stands in the current folder or on PYTHONPATH."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THEIRS = "raise SystemExit(f'{__file__} was loaded')"
OURS = ["core", "data", "presets", "lab", "tui", "benchmarks"]
# Not what Python itself loads before any code of ours can run, as re.py
PYTHONS = ["signal", "struct", "pickle", "random", "json", "logging", "queue", "csv", "tempfile", "socket"]
PACKAGES = ["numpy", "rich", "typer", "pydantic"]


@pytest.fixture
def crowded(tmp_path):
    """A folder that holds a module or a package of every name that could be taken for another."""
    for i, name in enumerate(OURS + PYTHONS + PACKAGES):
        if i % 2:
            (tmp_path / f"{name}.py").write_text(THEIRS)
        else:
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text(THEIRS)
    return tmp_path


@pytest.fixture
def launched(crowded, tmp_path):
    """Run the command in that folder as its console script does: launched("names", PYTHONPATH=".")."""
    script = tmp_path.parent / f"{tmp_path.name}-bin" / "gradlab"  # its own folder comes first on the path
    script.parent.mkdir()
    start = f"import sys; sys.path.append({str(ROOT)!r})\nfrom gradlab.__main__ import main\n"
    script.write_text(f"{start}if __name__ == '__main__':\n    main()\n")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"GRADLAB_DATA": str(tmp_path / "no-data"), "GRADLAB_RUNS": str(tmp_path / "runs")}

    def launched(*arguments, **more):
        command = [sys.executable, str(script), *arguments]
        return subprocess.run(command, cwd=crowded, env=env | more, capture_output=True)

    return launched


def test_every_command_uses_our_modules(launched, crowded, small):
    changes = [argument for change in [*small, "updates=20"] for argument in ("-s", change)]
    vary = "search.vary=[{key='optimiser.eta', distribution='log-uniform', low=1e-3, high=1}]"
    for path in ({}, {"PYTHONPATH": "."}, {"PYTHONPATH": str(crowded)}):
        ended = launched("presets", "a2-setting1", **path)
        assert ended.returncode == 0, (path, ended.stderr.decode())
    for command in (
        ["run", "a2-setting1", "--data", "mini", *changes],
        ["search", "a2-setting1", "--data", "mini", *changes, "-s", "search.trials=2", "-s", vary, "--jobs", "2"],
        ["names", "Malmberg"],
        ["check", "a1-test2"],
    ):
        ended = launched(*command, PYTHONPATH=str(crowded))
        assert ended.returncode == 0, (command, ended.stderr.decode())


def test_a_student_file_sees_its_own(launched, crowded):
    """Their core.py and their PYTHONPATH are meant where their file asks for them."""
    (crowded / "core.py").write_text("scale = 3.0")
    shutil.rmtree(crowded / "core", ignore_errors=True)
    for name in (*PACKAGES, *PYTHONS):  # what NumPy itself asks for
        (crowded / f"{name}.py").unlink(missing_ok=True)
        shutil.rmtree(crowded / name, ignore_errors=True)
    (crowded / "mine.py").write_text(STUDENT)
    ended = launched("check", "mine.py:scaled", PYTHONPATH=".")
    assert ended.returncode == 0, ended.stdout.decode() + ended.stderr.decode()


def test_a_student_file_sees_its_own_pythonpath(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "core.py").write_text("scale = 3.0")
    (tmp_path / "mine.py").write_text(STUDENT)
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'elsewhere'}"}
    command = [sys.executable, "-m", "gradlab", "check", "mine.py:scaled"]
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


STUDENT = """
from core import scale

def scaled_forward(x):
    return scale * x, x

def scaled_backward(dout, cache):
    return scale * dout
"""


def test_processes_that_are_started_use_our_modules(crowded):
    """As `gradlab serve` starts one for every visitor."""
    start = f"import sys; sys.path.append({str(ROOT)!r}); from gradlab.__main__ import use_own_modules as u; u()"
    child = "import tui, core, lab, random; print(tui.__file__, core.__file__, lab.__file__, random.__file__)"
    run = f"import subprocess; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    ended = subprocess.run([sys.executable, "-c", f"{start}; {run}"], cwd=crowded, capture_output=True, text=True)
    assert ended.stdout.count(str(ROOT)) >= 3, ended.stderr
    assert str(crowded) not in ended.stdout
