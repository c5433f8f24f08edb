"""ARCHITECTURE.md is true of the tree: its folders, modules, names, arrows and line counts; and the one story it tells
of a number. No import is hidden from the contracts."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from core.objective import Evaluation, Objective
from lab import cli
from lab.runs import run as lab_run
from presets.load import load

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGES = ("gradlab", "core", "data", "presets", "lab", "tui")
MODULES = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
ROOMS = {str(Path(path).parent) + "/" for path in MODULES if path.endswith("/__init__.py")}
FOLDERS = set(re.findall(r"`([\w/]+/)`", PAGE))
FILES = set(re.findall(r"`([\w./]+\.(?:py|md|toml|txt))(?::[\w.]+)?`", PAGE))
NAMES = re.findall(r"`([\w/]+\.py):([\w.]+)`", PAGE)
OF_A_RUN = {"preset.toml", "result.json", "metrics.csv", "command.py", "view.py"}  # no files of the tree
# What loads a module that the text of the program does not import.
LOADERS = {"import_module", "__import__", "spec_from_file_location", "exec_module", "run_path", "run_module"}


def test_every_room_is_named_and_every_folder_named_exists():
    assert not sorted(ROOMS - FOLDERS)
    assert not sorted(folder for folder in FOLDERS if not (ROOT / folder).is_dir())


def test_every_file_named_exists():
    assert len(FILES) > 50
    assert not sorted(name for name in FILES - OF_A_RUN if not (ROOT / name).is_file())


def test_every_module_of_the_lab_outside_a_room_is_named():
    outside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lab").glob("*.py")} - {"lab/__init__.py"}
    assert not sorted(outside - FILES)


def defined(tree: ast.AST, name: str) -> ast.AST | None:
    """What defines a name in a module or a class: a function, a class or an assignment."""
    for node in ast.iter_child_nodes(tree):
        names = [getattr(node, "name", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        if name in names:
            return node
    return None


def test_what_defines_a_name_is_found():
    tree = ast.parse("X = 1\nclass A:\n    y: int = 2\n    def f(self): ...\n")
    assert defined(tree, "X") is not None
    assert all(defined(defined(tree, "A"), name) is not None for name in ("y", "f"))
    assert defined(tree, "f") is None


@pytest.mark.parametrize("reference", sorted({f"{path}:{name}" for path, name in NAMES}))
def test_every_name_is_defined_in_its_module(reference):
    path, _, name = reference.partition(":")
    node: ast.AST | None = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for part in name.split("."):
        assert node is not None
        node = defined(node, part)
    assert node is not None


def test_the_arrows_are_those_of_the_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    packages, rooms = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.M | re.S)
    drawn = [[re.split(r" {2,}", line)[0] for line in block.splitlines()] for block in blocks]
    assert drawn == [packages, rooms]


def test_the_reading_order_has_every_module_of_the_core_once_with_its_length():
    rows = re.findall(r"^\| `(core/[\w/]+\.py)` \| (\d+) \|", PAGE, re.M)
    assert sorted(path for path, _ in rows) == sorted(
        path for path in MODULES if path.startswith("core/") and not path.endswith("__init__.py")
    )
    for path, lines in rows:
        length = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        assert abs(length - int(lines)) <= max(10, length // 5), f"{path} has {length} lines"


def test_the_afternoon_is_as_long_as_its_table_says():
    afternoon = PAGE.partition("## Reading the core")[2].partition("Later, when you need it")[0]
    lines = [int(n) for n in re.findall(r"^\| `core/[\w/]+\.py` \| (\d+) \|", afternoon, re.M)]
    (stated,) = re.findall(r"([\d,]+) lines\.", afternoon)
    assert int(stated.replace(",", "")) == sum(lines)


# Hidden imports


def loads_by_name(path: str) -> set[str]:
    """The calls in a module that load another one without an import statement."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in called}
    return names & LOADERS


def test_no_import_is_hidden_in_a_string():
    """A contract sees import statements only. Screens are named in the table of modes, and tests/tui opens each; a
    student's process loads its own folder and the student's file."""
    hidden = {path for path in MODULES if loads_by_name(path) and not path.startswith("lab/check/worker/")}
    assert hidden == {"tui/modes.py"}


# Where a number in a comparison comes from


@pytest.fixture
def compared(monkeypatch, capsys, tmp_path):
    """Train two small runs and compare them: compared() -> (their directories, the document of --json)."""
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "no-data"))
    small = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=7", "updates=8"]

    def compared(seen=lambda folders: None):
        runs = [lab_run.start(load("a2-setting1", [*small, f"seed={s}"]), "mini", tmp_path / "runs", 1) for s in (1, 2)]
        for run in runs:
            run.go(lambda snapshot: None)
        folders = [run.store.path for run in runs]
        seen(folders)
        monkeypatch.setattr(sys, "argv", ["gradlab", "compare", *map(str, folders), "--json"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        return folders, json.loads(capsys.readouterr().out)

    return compared


def test_the_second_hop_a_number_of_a_finished_run_is_read_from_its_result(compared):
    def spoil(folders):
        path = folders[0] / "result.json"
        result = json.loads(path.read_text(encoding="utf-8"))
        result["final"]["test"]["accuracy"] = 0.123
        path.write_text(json.dumps(result), encoding="utf-8")

    _, document = compared(spoil)
    assert document["results"]["test.accuracy"][0] == 0.123
    assert document["results"]["test.accuracy"][1] != 0.123


def test_the_second_hop_a_number_of_a_killed_run_is_read_from_the_last_row_of_its_metrics(compared):
    def kill(folders):
        (folders[0] / "result.json").unlink()

    folders, document = compared(kill)
    header, *_, last = (folders[0] / "metrics.csv").read_text(encoding="utf-8").splitlines()
    row = dict(zip(header.split(","), last.split(","), strict=True))
    assert document["results"]["validation.cost"][0] == float(row["validation_cost"])
    assert document["results"]["test.accuracy"][0] is None


def test_the_third_hop_every_number_is_computed_by_judge(compared, monkeypatch):
    monkeypatch.setattr(Objective, "judge", lambda *_: Evaluation(1.5, 2.5, 0.25))
    folders, document = compared()
    constant = {"loss": 1.5, "cost": 2.5, "accuracy": 0.25}
    assert {key: set(values) for key, values in document["results"].items()} == {
        f"{part}.{measure}": {value} for part in ("train", "validation", "test") for measure, value in constant.items()
    }
    rows = (folders[0] / "metrics.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {tuple(row.split(",")[3:]) for row in rows} == {("1.5", "2.5", "0.25") * 2}
