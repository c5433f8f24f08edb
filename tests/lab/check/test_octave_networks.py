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


def as_struct(text):
    """The same network with columns of cells in a struct, which goes out with the gradients in it; the number of layers
    is an argument."""
    text = text.replace("W, b, lambda)", "net, n_layers, lambda)").replace("X, W, b)", "X, net, n_layers)")
    text = re.sub(r"\[grad_W, grad_b\]", "net", text).replace("numel(W)", "n_layers")
    for letter in "Wb":
        text = re.sub(rf"\bgrad_{letter} *= *cell.*", "", text)
        text = re.sub(rf"\bgrad_{letter}\{{(\w)\}}", rf"net.Grad_{letter}{{\1,1}}", text)
        text = re.sub(rf"(?<![_.])\b{letter}\{{(\w)\}}", rf"net.{letter}{{\1,1}}", text)
    return text


@pytest.mark.parametrize("right", [True, False])
def test_a_struct_with_columns_of_cells_that_goes_out_with_the_gradients(right, tmp_path):
    text = as_struct(TWO)
    if not right:
        text = text.replace(" .* (H > 0)", "")
    (tmp_path / "Assignment2.m").write_text(text)
    found = report(tmp_path / "Assignment2.m")
    assert not found.problem
    assert [tensor.name for tensor in found.report.tensors] == ["W[0]", "b[0]", "W[1]", "b[1]"]
    assert found.passed == right


LOOPS = """
function [grad_W, grad_b] = ComputeGradients(X, H, Y, P, W, lambda)
n = size(X, 2);
[K, ~] = size(W);  % 1: a cell has one row
grad_W = {zeros(size(H, 1), size(X, 1)), zeros(K, size(H, 1))};
for i = 1:n
    g = P(:, i) - Y(:, i);
    grad_W{2} = grad_W{2} + g * H(:, i)';
    grad_W{1} = grad_W{1} + (W{2}' * g .* (H(:, i) > 0)) * X(:, i)';
end
G = P - Y;
grad_b = {sum((W{2}' * G) .* (H > 0), 2) / n, sum(G, 2) / n};
grad_W = {grad_W{1} / n + 2 * lambda * W{1}, grad_W{2} / n + 2 * lambda * W{2}};
end

function [P, H] = EvaluateClassifier(X, W, b)
H = max(0, W{1} * X + b{1});
S = W{2} * H + b{2};
P = exp(S) ./ sum(exp(S));
end

function J = ComputeCost(X, Y, W, b, lambda)
[P, ~] = EvaluateClassifier(X, W, b);
J = -sum(log(sum(Y .* P))) / size(X, 2) + lambda * (sum(sum(W{1}.^2)) + sum(sum(W{2}.^2)));
end
"""


def test_code_that_takes_the_rows_of_a_cell_for_one_is_not_accused(tmp_path):
    (tmp_path / "ComputeGradients.m").write_text(LOOPS)
    found = report(tmp_path / "ComputeGradients.m")
    assert not found.problem
    assert found.passed
