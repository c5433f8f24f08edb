"""Command lines that are shown: a shell, and then the command itself, take them as they were meant."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import lab
import tui
from lab import command_lines
from lab.check.template import template
from lab.runs.store import all_runs

ODD = ["two words", "it's", 'a "b"', "$HOME", "semi;colon", "tab\tstop", "übung", "*", "-x", "back\\slash", "a&b"]


@pytest.mark.parametrize("odd", ODD)
def test_every_word_comes_back_from_the_shell_as_it_was(odd):
    file = f"{odd}.toml"
    unmistakable = f"./{file}" if odd.startswith("-") else file
    split = {
        command_lines.run(file, [f"a={odd}"], "mini"): ["run", unmistakable, "-s", f"a={odd}", "--data", "mini"],
        command_lines.resume(Path(odd)): ["run", "--resume", odd],
        command_lines.show_run(f"run {odd}"): ["runs", f"run {odd}"],
        command_lines.search(file, 3, 2, "full", True): [
            "search", unmistakable, "--trials", "3", "--jobs", "2", "--data", "full", "--refine",
        ],
        command_lines.check(f"{file}:net", "central", 5): [
            "check", f"{unmistakable}:net", "--method", "central", "--examples", "5",
        ],
        command_lines.gradlab("report", odd): ["report", odd],
    }  # fmt: skip
    for line, words in split.items():
        assert shlex.split(line) == ["gradlab", *words]


def test_what_is_the_default_is_left_out():
    assert command_lines.run("a2-final") == "gradlab run a2-final"
    assert command_lines.search("a2-coarse") == "gradlab search a2-coarse"
    assert command_lines.check("a2-final") == "gradlab check a2-final"
    assert command_lines.check_like("names") == "gradlab check --like names"
    assert command_lines.fetch() == "gradlab data fetch"
    assert command_lines.fetch("mnist") == "gradlab data fetch mnist"


def test_an_interrupted_run_in_a_folder_with_blanks_goes_on_by_the_line_that_was_shown(start, gradlab, tmp_path):
    odd = tmp_path / "my 'first' runs"
    run = start("updates=20", runs=odd)
    run.go(lambda snapshot: run.trainer.stop() if snapshot.update == 5 else None)
    code, out, err = gradlab(*shlex.split(command_lines.resume(run.store.path))[1:])
    assert code == 0, err
    assert "20 updates" in out
    (store,) = all_runs(odd)
    assert store.result()["state"] == "done"


def test_a_file_with_blanks_and_a_dash_is_checked_by_the_line_that_is_shown(gradlab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-my file's.py").write_text(template())
    code, out, err = gradlab(*shlex.split(command_lines.check("-my file's.py:Dense"))[1:])
    assert code == 0, err
    assert "PASSES" in out


def test_no_other_module_of_lab_and_app_puts_a_command_line_together():
    paths = [path for room in (lab, tui) for path in Path(room.__file__).parent.rglob("*.py")]
    assert len(paths) > 100
    made = [f"{path}:{line}" for path in paths for line in _command_lines_made_in(path.read_text())]
    assert [place for place in made if "/lab/command_lines.py:" not in place] == []
    assert _command_lines_made_in("f'go: gradlab run -s {x}'\n['gradlab', 'run', x]") == [1, 2]


def _command_lines_made_in(code: str) -> list[int]:
    """Lines with an f-string that puts a value behind "gradlab", or a list of words that begins with it."""
    lines = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            pairs = zip(node.values, node.values[1:], strict=False)
            if any(isinstance(a, ast.Constant) and re.search(r"gradlab( [\w.-]+)+ $", str(a.value)) for a, _ in pairs):
                lines.append(node.lineno)
        if isinstance(node, ast.List) and node.elts and isinstance(first := node.elts[0], ast.Constant):
            lines += [node.lineno] * (str(first.value).split(" ")[0] == "gradlab")
    return sorted(lines)
