"""Every JSON document, with all its keys, is what its type declares."""

import ast
import json
import re
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytest

import lab
import tui
from core.gradcheck.check import CheckDocument
from data.catalogue import Entry
from lab.bench import bench, efficiency
from lab.bench.bench import Rates
from lab.bench.efficiency import Efficiency
from lab.check.student import FileDocument, StudentDocument
from lab.check.template import template
from lab.names.answer import GuessesDocument
from lab.runs.catalogue import RunRow
from lab.runs.compare import RunComparison
from lab.runs.result import Result
from lab.search.result import SearchResult
from lab.search.store import SearchState, all_searches
from presets.schema import Preset
from tests.lab.documents import faults


@pytest.fixture
def document(gradlab):
    """What a command prints with --json: document("runs", ...)."""

    def document(*arguments: str) -> Any:
        _, out, err = gradlab(*arguments, "--json")
        assert out, err
        return json.loads(out)

    return document


@pytest.fixture
def trained(small, document):
    """Train a small run; its result."""

    def trained(*changes: str, preset: str = "a2-setting1") -> Any:
        settings = small if preset == "a2-setting1" else []
        return document("run", preset, "--data", "mini", *(a for c in [*settings, *changes] for a in ("-s", c)))

    return trained


class _Inner(TypedDict):
    many: list[int]
    maybe: NotRequired[str]


class _Outer(TypedDict):
    inner: _Inner
    number: float | None


def test_the_comparison_sees_keys_too_many_and_too_few_and_wrong_types_at_any_depth():
    assert faults({"inner": {"many": [1]}, "number": None}, _Outer) == []
    assert faults({"inner": {"many": [1], "maybe": "x"}, "number": 1}, _Outer) == []
    for wrong in (
        {"inner": {"many": [1]}},
        {"inner": {"many": [1], "other": 1}, "number": 1},
        {"inner": {"many": [1, "2"]}, "number": 1},
        {"inner": {"many": [True]}, "number": 1},
        {"inner": {"many": None}, "number": 1},
        {"inner": [], "number": 1},
        {"inner": {"many": [], "maybe": None}, "number": 1},
        {"inner": {"many": []}, "number": "1"},
    ):
        assert len(faults(wrong, _Outer)) == 1, wrong


def test_result_of_a_run_in_each_state(trained, document):
    for changes in (["updates=20"], ["updates=20", "eta=1e6"], ["updates=20", "hidden=", "batch_norm=false"]):
        result = trained(*changes)
        assert faults(result, Result) == []
        assert document("runs", result["run"]) == result
    assert faults(trained("updates=3", preset="names-best"), Result) == []


def test_rows_of_runs_damaged_ones_too(trained, document, tmp_path):
    first = trained("updates=5")
    (tmp_path / "runs" / first["run"].rpartition("/")[2] / "result.json").unlink()  # as if it had been killed
    (tmp_path / "runs" / trained("updates=6")["run"].rpartition("/")[2] / "preset.toml").write_text("no preset")
    trained("updates=7", "eta=1e6")
    rows = document("runs")
    assert {row["state"].partition(":")[0] for row in rows} == {"interrupted", "damaged", "diverged"}
    assert faults(rows, list[RunRow]) == []


def test_comparison(trained, document):
    runs = [trained("updates=5")["run"], trained("updates=5", "eta=1e6", "eta_min=0.0")["run"]]
    compared = document("compare", *runs)
    assert compared["settings"]
    assert faults(compared, RunComparison) == []


def test_search_with_trials_that_end_in_each_way(small, document, tmp_path):
    def search(*changes: str, trials: int) -> Any:
        settings = (a for c in [*small, *changes] for a in ("-s", c))
        return document("search", "a2-coarse", "--trials", str(trials), "--jobs", "1", "--data", "mini", *settings)

    halved = search("cycles=2", "halving=true", trials=4)
    assert {row["state"] for row in halved["trials"]} == {"done", "stopped"}
    assert faults(halved, SearchResult) == []
    (kept,) = all_searches(tmp_path / "runs")
    assert faults(json.loads((kept.path / "search.json").read_text()), SearchState) == []
    assert json.loads((kept.path / "result.json").read_text()) == halved
    diverged = search("eta=1e6", "eta_min=1e5", trials=1)
    assert diverged["best"] is None
    assert faults(diverged, SearchResult) == []


def test_guesses_with_and_without_reasons_by_a_run_and_by_the_shipped_model(trained, document):
    plain = document("names", "Zhao", "Müller", "--run", "shipped")
    assert "explain" not in plain
    assert faults(plain, GuessesDocument) == []
    run = trained("updates=3", preset="names-best")["run"]
    explained = document("names", "Zhao", "--run", run, "--explain")
    assert explained["model"]["run"] == run
    assert faults(explained, GuessesDocument) == []


def test_checks_of_presets_reports_and_files(small, document, tmp_path):
    assert faults(document("check", "a1-test1", "--examples", "2"), CheckDocument) == []
    assert faults(document("check", "--like", "a2-setting1"), list[CheckDocument]) == []
    (tmp_path / "mine.py").write_text(template())
    (tmp_path / "wrong.py").write_text(template().replace("self.x.T @ dy", "np.inf * self.x.T @ dy"))
    (tmp_path / "broken.py").write_text("def my_network():\n    return 1 / 0\n")
    for file in ("mine.py:Dense", "wrong.py:Dense", "mine.py:my_network", "broken.py:my_network"):
        against = ["--against", "dense"] if file.endswith("Dense") else []
        assert faults(document("check", str(tmp_path / file), *against), StudentDocument) == [], file
    for file in ("mine.py", "broken.py"):
        assert faults(document("check", str(tmp_path / file)), FileDocument) == [], file


def test_presets_and_data_sets(document):
    assert faults(document("presets"), list[Preset]) == []
    assert faults(document("presets", "names-best"), Preset) == []
    assert faults(document("data"), list[Entry]) == faults(document("data", "list"), list[Entry]) == []


def test_benchmarks(document, monkeypatch):
    monkeypatch.setattr(bench, "PRESETS", ("a1-test1",))
    monkeypatch.setattr(bench, "SECONDS", 0.001)
    monkeypatch.setattr(efficiency, "UPDATES", 1)
    assert faults(document("bench"), Rates) == []
    assert faults(document("bench", "--experiment", "surnames"), Efficiency) == []


def test_no_signature_of_lab_and_app_takes_a_document_without_keys():
    """dict[str, Any] and its like stand where keys are not known, and nowhere else."""
    loose, functions = [], 0
    rooms = [folder for package in (lab, tui) for folder in Path(package.__file__).parent.iterdir()]
    rooms = [room for room in rooms if room.name != "check"]  # what a student's process sends may be anything
    for path in [path for room in rooms for path in ([room] if room.suffix == ".py" else room.rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions += 1
                hints = [node.returns, *(each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg))]
                if any(hint and re.search(r"(dict|Mapping)\[str, Any\]", ast.unparse(hint)) for hint in hints):
                    loose.append(f"{path.name}: {node.name}")
    assert functions > 700
    assert loose == ["disk.py: read_json"]  # any file at all
