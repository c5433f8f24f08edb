"""`gradlab check FILE --adapter`: a file that calls the student's code in a form that can always be checked."""

import ast
import re
import shutil
from textwrap import dedent

import pytest

from lab.check.adapter import FILL_IN, adapter
from lab.check.student import check_file, check_whole_file
from lab.errors import LabError
from tests.lab.check.handins import files, hand_in
from tests.sizes import size

PYTHON = [file for file in files() if not file.endswith(".m")]
FULL = [  # of every kind of code one or two: nothing is left to fill in, and what is right passes
    *("a1_cost_from_loss.py", "a2_index_dicts.py", "a3_use_avg_flag.py", "a2_class_attributes.py", "log_eps_rows.py"),
    *("a2_dropout_flag.py", "cs_package/cs231n/classifiers/fc_net.py", "cs_softmax.py", "fman45_layers.py"),
    *("classes_accumulate.py", "classes_update_inside.py", "classes_grads_beside_dx.py", "notebook_a2.ipynb"),
    *("layers_step_in_backward_pass.py", "a2_two_files/network.py"),
]
STRANGE = """
    def prepare(first, second, third):
        return {"active": (first @ third + second) > 0}

    def EvaluateClassifier(X, W1, b1, W2, b2):
        S = W2 @ np.maximum(W1 @ X + b1, 0) + b2
        P = np.exp(S) / np.exp(S).sum(axis=0)
        return P

    def ComputeCost(X, Y, W1, b1, W2, b2, lam):
        P = EvaluateClassifier(X, W1, b1, W2, b2)
        return -np.log((Y * P).sum(axis=0)).mean() + lam * (np.sum(W1**2) + np.sum(W2**2))

    def ComputeGradients(X, Y, P, gizmo, W1, b1, W2, b2, lam):
        G = (P - Y) / X.shape[1]
        H = (W1 @ X + b1) * gizmo["active"]
        grad_W2, grad_b2 = G @ H.T + 2 * lam * W2, G.sum(axis=1, keepdims=True)
        G = (W2.T @ G) * gizmo["active"]
        grad_W1, grad_b1 = G @ X.T + 2 * lam * W1, G.sum(axis=1, keepdims=True)
        return grad_W1, grad_b1, grad_W2, grad_b2
"""
HINGE = """
    def ComputeGradients(X, Y, W, lam):
        S = W @ X
        margins = np.maximum(0, S - (Y * S).sum(axis=0) + 1) * (1 - Y)
        G = 1.0 * (margins > 0)
        G = G - Y * G.sum(axis=0)
        return G @ X.T / X.shape[1] + 2 * lam * W
"""
COST = """
    def total(W, X, Y, lam):
        S = W @ X
        margins = np.maximum(0, S - (Y * S).sum(axis=0) + 1) * (1 - Y)
        return margins.sum() / X.shape[1] + lam * np.sum(W**2)
"""


@pytest.fixture
def written(tmp_path, monkeypatch, write):
    """Write an adapter for a file beside it, with the marked lines filled in: (its text, its path)."""

    def make(path, name="", **filled):
        monkeypatch.chdir(path.parent)
        text = adapter(path.name, name)
        for pattern, line in filled.items():
            text = re.sub(rf"^( +).*{FILL_IN} .*{pattern}.*$", rf"\1{line}", text, flags=re.MULTILINE)
        (path.parent / "adapter.py").write_text(text, encoding="utf-8")
        return text, path.parent / "adapter.py"

    return make


def strange(text, write):
    return write({"mine.py": "import numpy as np\n" + dedent(text)})


def left(text):
    """The lines to fill in."""
    return [i for i, line in enumerate(text.splitlines(), 1) if line.startswith("    ") and FILL_IN in line]


@pytest.mark.parametrize("file", FULL[size(1, 0) :: size(3, 1)])
def test_what_was_recognised_passes_as_it_is_printed(file, tmp_path, written):
    text, path = written(hand_in(tmp_path, file))
    assert left(text) == []
    report = check_whole_file(path)
    assert report.passed, [(t.problem, t.report.findings) for t in report.targets]


UNCHECKED = [
    *("a2_cost_takes_parameters.py", "convnet_mx.py", "convnet_names.py", "cs_package/cs231n/classifiers/cnn.py"),
]


@pytest.mark.parametrize("file", UNCHECKED[:: size(2, 1)])
def test_an_adapter_of_what_was_not_recognised_runs_and_names_a_line(file, tmp_path, written):
    source = hand_in(tmp_path, file)
    text, path = written(source)
    names = {n.name for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assert re.findall(r"student\.(\w+)\(", text)
    assert set(re.findall(r"student\.(\w+)\(", text)) <= names | {"ReLU"}
    for target in check_whole_file(path).targets:
        assert "\n" not in target.problem
        if not target.passed:
            number = re.match(r"line (\d+) is to be filled in: ", target.problem)
            assert number, target.problem
            assert int(number[1]) in left(text)


@pytest.mark.parametrize("file", PYTHON[size(1, 0) :: size(9, 1)])
def test_every_adapter_is_python_that_calls_what_is_in_the_file(file, tmp_path, written):
    source = hand_in(tmp_path, file)
    text, _ = written(source)
    ast.parse(text)
    assert source.name in text
    assert "student." in text


def test_a_marked_line_that_is_filled_in_lets_the_right_code_pass_and_the_wrong_fail(write, written):
    fill = {"gizmo": "gizmo = student.prepare(self.params['W1'], self.params['b1'], self.X)"}
    text, path = written(strange(STRANGE, write), **fill)
    assert left(text) == []
    assert check_file(path, "ComputeGradients").passed
    wrong = STRANGE.replace('G = (W2.T @ G) * gizmo["active"]', "G = W2.T @ G")
    assert wrong != STRANGE
    _, path = written(strange(wrong, write), **fill)
    report = check_file(path, "ComputeGradients")
    assert not report.problem
    assert [t.name for t in report.report.tensors if not t.passed] == ["W1", "b1"]


def test_a_cost_in_another_file_goes_where_the_line_is_marked(write, written):
    cost = "import costs; return costs.total(self.params['W'], self.X, self.Y, self.lam)"
    write({"costs.py": "import numpy as np\n" + dedent(COST)})
    _, path = written(strange(HINGE, write), cost=cost)
    assert check_file(path, "ComputeGradients").passed
    _, path = written(strange(HINGE.replace("2 * lam", "lam"), write), cost=cost)
    report = check_file(path, "ComputeGradients")
    assert not report.passed
    assert not report.problem


def test_a_check_says_what_was_recognised_and_what_is_missing_and_never_the_error_of_a_guess(write):
    path = strange(STRANGE, write)
    report = check_file(path, "ComputeGradients")
    assert "Error" not in report.problem
    assert report.problem.endswith("what was not: gizmo of ComputeGradients()")
    assert [m.what for m in report.missing] == ["gizmo"]
    assert {r.signature for r in report.recognised} == {
        "ComputeGradients(X, Y, P, gizmo, W1, b1, W2, b2, lam)",
        "EvaluateClassifier(X, W1, b1, W2, b2)",
        "ComputeCost(X, Y, W1, b1, W2, b2, lam)",
    }
    assert report.adapter == f"gradlab check {path}:ComputeGradients --adapter > adapter.py"
    assert report.as_dict()["missing"] == [
        {"what": "gizmo", "where": "ComputeGradients(X, Y, P, gizmo, W1, b1, W2, b2, lam)"}
    ]


def test_an_exception_of_the_students_own_stays_with_its_line(write):
    own = STRANGE.replace("gizmo, ", "").replace('gizmo["active"]', "activ")
    report = check_file(strange(own, write), "ComputeGradients")
    assert "NameError: name 'activ' is not defined" in report.problem
    assert report.problem.startswith("line ")


def test_a_file_that_holds_no_gradient_leads_to_an_adapter(write, written):
    path = strange("def twice(x):\n    return 2 * x\n", write)
    report = check_whole_file(path)
    assert report.adapter == f"gradlab check {path} --adapter > adapter.py"
    text, path = written(path)
    assert "student.twice(" in text
    assert "is to be filled in" in check_whole_file(path).targets[0].problem


@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not installed")
@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("octave_a1/ComputeGradients.m", "2 * lambda", "lambda"),
        ("octave_a2/Assignment2.m", "2 * lambda", "lambda"),
    ],
)
def test_an_adapter_calls_the_functions_of_a_matlab_file(file, right, wrong, tmp_path, written):
    path = hand_in(tmp_path, file)
    text, made = written(path)
    assert left(text) == []
    assert check_whole_file(made).passed
    source = path.read_text()
    assert right in source
    path.write_text(source.replace(right, wrong))
    report = check_file(made, "ComputeGradients")
    assert not report.passed
    assert not report.problem


def test_an_adapter_of_one_name(tmp_path, written):
    text, path = written(hand_in(tmp_path, "classes_dw.py"), "Linear")
    assert re.findall(r"^class (\w+)", text, re.MULTILINE) == ["Linear"]
    assert check_whole_file(path).passed


def test_a_file_in_another_folder_is_found(tmp_path, monkeypatch):
    (tmp_path / "sub folder").mkdir()
    path = hand_in(tmp_path / "sub folder", "a1_functions.py").rename(tmp_path / "sub folder" / "my-a1.v2.py")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter.py").write_text(adapter(path))
    assert check_whole_file(tmp_path / "adapter.py").passed


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no file"),
        ({"mine.py": "X = 3\n"}, "there is no function and no class in it"),
        ({"mine.py": "def f(:\n"}, "line 1"),
    ],
)
def test_what_cannot_have_an_adapter(files, words, tmp_path, write):
    for name, text in files.items():
        write({name: text})
    with pytest.raises(LabError, match=words):
        adapter(tmp_path / "mine.py")


def test_the_command_prints_it_and_takes_no_other_options(gradlab, tmp_path):
    path = hand_in(tmp_path, "a1_functions.py")
    code, out, _ = gradlab("check", str(path), "--adapter")
    assert code == 0
    ast.parse(out)
    assert gradlab("check", f"{path}:ComputeGradients", "--adapter")[0] == 0
    for more in (["--json"], ["--watch"], ["--against", "dense"], ["-s", "eta=1"], ["--method", "central"]):
        code, out, err = gradlab("check", str(path), "--adapter", *more)
        assert (code, out) == (2, "")
        assert "--python" in err
    for target in ("a1", str(tmp_path / "none.py"), str(tmp_path)):
        assert gradlab("check", target, "--adapter")[0] == 2
