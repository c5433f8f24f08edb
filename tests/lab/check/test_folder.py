"""A folder of hand-ins: a row for each, whatever one of them does."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.check.folder import FolderCheck, documents, hand_ins
from lab.errors import LabError

RIGHT = """
import numpy as np

def scale_forward(x):
    return 3 * x, x

def scale_backward(dout, cache):
    return 3 * dout
"""
WRONG = RIGHT.replace("return 3 * dout", "return 2 * dout")
TROUBLES = {
    "hangs": "import time\ntime.sleep(1000)",
    "hangs_when_called": RIGHT.replace("return 3 * x, x", "while True: __import__('time').sleep(1)"),
    "dies": "import os\nos._exit(3)",
    "kills": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "kills_its_group": "import os, signal\nos.killpg(0, signal.SIGKILL)",
    "floods": "print('x' * 50_000_000)",
    "no_python": "def f(:",
    "empty": "",
    "nothing_in_it": "x = 1",
    "writes_over_answers": (
        "import os\nfor fd in range(3, 20):\n    os.path.exists(f'/dev/fd/{fd}') and os.write(fd, b'PASSES' * 99)"
    ),
    "leaves_its_group": "import os\nos.fork() or (os.setsid(), __import__('time').sleep(60))",
}


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def checked(folder: Path, limit: float = 20.0):
    return {row.who: row for row in FolderCheck(folder, "complex", 7, 2, limit).run(lambda row: None)}


def test_files_and_folders_are_hand_ins_each(tmp_path):
    for name in ("anna/lab/layers.py", "anna/notes.txt", "bo.py", "åsa/net.ipynb", "dev/f.m", "notes.md", ".git/x.py"):
        write(tmp_path, name, RIGHT)
    write(tmp_path, "anna/__pycache__/x.py", RIGHT)
    write(tmp_path, "anna/env/pyvenv.cfg", "")
    write(tmp_path, "anna/env/lib/numpy.py", RIGHT)
    (tmp_path / "anna/again").symlink_to(tmp_path)
    found = {each.who: [str(file.relative_to(tmp_path)) for file in each.files] for each in hand_ins(tmp_path)}
    assert found == {
        "anna": ["anna/lab/layers.py"], "bo.py": ["bo.py"], "dev": ["dev/f.m"], "åsa": ["åsa/net.ipynb"]
    }  # fmt: skip


def test_the_first_wrong_tensor_and_its_cause_are_told(tmp_path):
    write(tmp_path, "right/layers.py", RIGHT)
    write(tmp_path, "wrong/a.py", RIGHT)
    write(tmp_path, "wrong/b.py", WRONG)
    rows = checked(tmp_path)
    assert (rows["right"].verdict, rows["right"].recognised) == ("passes", ("scale",))
    wrong = rows["wrong"]
    assert (wrong.verdict, wrong.file, wrong.tensor) == ("fails", "wrong/b.py", "x")
    assert "write `return 3 * dout` in place of `return 2 * dout`" in wrong.cause


def test_what_could_not_be_read_beside_right_code_is_told(tmp_path):
    write(tmp_path, "cy/layers.py", RIGHT)
    write(tmp_path, "cy/main.py", "def f(:")
    row = checked(tmp_path)["cy"]
    assert row.verdict == "passes"
    assert "cy/main.py was not checked" in row.cause


def test_no_hand_in_hides_another(tmp_path):
    for name, text in TROUBLES.items():
        write(tmp_path, f"{name}.py", text)
    write(tmp_path, "right.py", RIGHT)
    write(tmp_path, "wrong.py", WRONG)
    rows = checked(tmp_path, limit=5)
    assert rows["right.py"].verdict == "passes"
    assert rows["wrong.py"].verdict == "fails"
    for name in TROUBLES:
        row = rows[f"{name}.py"]
        assert row.verdict == "not checked", name
        assert row.cause
        assert row.seconds < 20


def test_a_hand_in_that_takes_too_long_is_ended(tmp_path):
    write(tmp_path, "slow.py", TROUBLES["hangs_when_called"])
    begun = time.monotonic()
    row = checked(tmp_path, limit=2)["slow.py"]
    assert row.verdict == "not checked"
    assert time.monotonic() - begun < 15


@pytest.fixture
def two(tmp_path):
    write(tmp_path, "hand-ins/anna.py", RIGHT)
    write(tmp_path, "hand-ins/=bo.py", WRONG)
    return tmp_path / "hand-ins"


def test_the_command_prints_a_table_and_writes_csv(gradlab, two, tmp_path):
    code, out, err = gradlab("check", str(two), "--out", str(tmp_path / "table.csv"))
    assert code == 1
    assert "2 hand-ins: 1 pass, 1 wrong" in out
    assert "1 of 2" in err
    with (tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["who"], row["verdict"]) for row in rows] == [("'=bo.py", "fails"), ("anna.py", "passes")]


def test_json_is_the_same_table(gradlab, two):
    code, out, _ = gradlab("check", f"{two}/", "--json")
    assert code == 1
    first, second = json.loads(out)
    assert first["who"] == "=bo.py"
    assert (first["verdict"], first["tensor"]) == ("fails", "x")
    assert (second["verdict"], second["recognised"], second["cause"]) == ("passes", ["scale"], "")


@pytest.mark.parametrize(("files", "code"), [({"a.py": RIGHT}, 0), ({"a.py": RIGHT, "b.py": "x = 1"}, 2)])
def test_the_exit_code_says_the_worst(gradlab, tmp_path, files, code):
    for name, text in files.items():
        write(tmp_path, f"all/{name}", text)
    assert gradlab("check", str(tmp_path / "all"))[0] == code


@pytest.mark.parametrize("width", ["40", "80", "160"])
def test_every_width_shows_every_hand_in(gradlab, two, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    out = gradlab("check", str(two))[1]
    assert "anna.py" in out
    assert "=bo.py" in out


def test_an_empty_folder_is_refused_in_one_line(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    refused("check empty", "empty: there is no hand-in in it: no .py, .ipynb or .m file")
    with pytest.raises(LabError):
        hand_ins(tmp_path / "empty")


@pytest.mark.parametrize("options", ["--watch", "-s eta=1", "--updates 3", "--against dense"])
def test_options_of_other_checks_are_refused(refused, two, options):
    refused(f"check {two} {options}", "is a folder of hand-ins")


def test_out_without_a_folder_is_refused(refused, two):
    refused(f"check {two}/anna.py --out x.csv", "--out writes the table of a folder of hand-ins")


def test_a_preset_is_meant_where_a_folder_has_its_name(gradlab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "a1-test2/anna.py", RIGHT)
    assert "anna" not in gradlab("check", "a1-test2")[1]
    assert "anna" in gradlab("check", "a1-test2/")[1]


def test_ctrl_c_shows_what_was_done(tmp_path):
    write(tmp_path, "all/a.py", RIGHT)
    write(tmp_path, "all/b.py", TROUBLES["hangs"])
    write(tmp_path, "all/c.py", TROUBLES["hangs_when_called"])
    command = [sys.executable, "-m", "gradlab", "check", "all"]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "1 of 3" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "a.py" in out
    assert "interrupted after 1 of 3 hand-ins" in err


def test_documents_hold_what_rows_hold(two):
    rows = FolderCheck(two, "complex", 7, 1).run(lambda row: None)
    for row, document in zip(rows, documents(rows), strict=True):
        assert document == {**vars(row), "recognised": list(row.recognised)}
