"""Networks in MATLAB files: structs with a flag, cells of two rows, columns of cells, inputs of all layers given on."""

import re
import time

import pytest

from lab.check.student import Check, load
from tests.lab.check.handins import RIGHT, bugs, hand_in
from tests.lab.check.in_process import InProcess
from tests.lab.check.test_octave import needs_octave

pytestmark = needs_octave
TWO = (RIGHT / "octave_a2" / "Assignment2.m").read_text(encoding="utf-8")


def report(path):
    """The report on the only thing in the file."""
    worker = InProcess()
    (name,), _ = load(worker, path)
    return Check(path.name, "complex", 7, None, 0, None).one(worker, name, time.perf_counter())


def test_a_struct_with_a_flag_for_batch_norm_is_checked_with_it(tmp_path):
    found = report(hand_in(tmp_path, "octave_a3/Assignment3.m", None))
    assert found.passed
    assert {"gammas[0]", "betas[1]", "W[2]"} <= {tensor.name for tensor in found.report.tensors}


@pytest.mark.parametrize("bug", [bug for bug in bugs() if bug.file == "octave_a3/Assignment3.m"], ids=str)
def test_a_mistake_in_batch_norm_is_caught(bug, tmp_path):
    found = report(hand_in(tmp_path, bug.file, bug))
    assert not found.problem
    assert not found.passed


def as_theta(text):
    """The same network with its parameters in one cell of two rows."""
    text = text.replace("W, b, lambda)", "theta, lambda)").replace("X, W, b)", "X, theta)").replace("numel(W)", "2")
    text = text.replace("[grad_W, grad_b]", "grads")
    for letter, row in (("W", 1), ("b", 2)):
        text = re.sub(rf"\bgrad_{letter}\{{(\d)\}}", rf"grads{{{row},\1}}", text)
        text = re.sub(rf"(?<!_)\b{letter}\{{(\w)\}}", rf"theta{{{row},\1}}", text)
    return text


def as_column(text):
    """The same network with columns of cells, whose rows are counted."""
    count = "[k, ~] = size(W);\nif k ~= 2, error('k'); end\n"
    return re.sub(r"(?m)^(function .*W, b.*)$", rf"\1\n{count}", text)


@pytest.mark.parametrize("form", [as_theta, as_column])
@pytest.mark.parametrize("right", [True, False])
def test_cells_of_two_rows_and_columns_of_cells(form, right, tmp_path):
    text = form(TWO)
    assert text != TWO
    if not right:
        text = text.replace(" .* (H > 0)", "")
    (tmp_path / "Assignment2.m").write_text(text)
    found = report(tmp_path / "Assignment2.m")
    assert not found.problem
    assert len(found.report.tensors) == 4
    assert found.passed == right
