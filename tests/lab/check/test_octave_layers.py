"""Layers in MATLAB files, forward and backward in a file each, as FMAN45 has them: found, judged, mistakes caught."""

import time

import pytest

from lab.check.student import Check, load
from tests.lab.check.handins import bugs, hand_in
from tests.lab.check.in_process import InProcess, check
from tests.lab.check.test_octave import needs_octave

LAYERS = {
    "octave_fman45/fully_connected_backward.m": {"x", "A", "b"},
    "octave_fman45/fully_connected_forward.m": {"x", "A", "b"},
    "octave_fman45/maxpooling_backward.m": {"x"},
    "octave_fman45/softmaxloss_backward.m": {"x"},
    "octave_toolboxes/relu_backward.m": {"x"},
}
MISTAKES = [bug for bug in bugs() if bug.file.startswith(("octave_fman45/", "octave_toolboxes/"))]


def report(folder, file, bug=None):
    """The report on the only thing in the file."""
    path = hand_in(folder, file, bug)
    worker = InProcess()
    (name,), _ = load(worker, path)
    return Check(path.name, "complex", 7, None, 0, None).one(worker, name, time.perf_counter())


@needs_octave
@pytest.mark.parametrize("file", LAYERS)
def test_a_right_layer_passes_with_all_its_tensors_and_none_of_its_settings(file, tmp_path):
    found = report(tmp_path, file)
    assert not found.problem
    assert found.passed
    assert {tensor.name for tensor in found.report.tensors} == LAYERS[file]


@needs_octave
@pytest.mark.parametrize("bug", MISTAKES, ids=str)
def test_a_mistake_in_a_layer_is_caught(bug, tmp_path):
    found = report(tmp_path, bug.file, bug)
    assert not found.problem
    assert not found.passed


CONV = """function Y = conv_forward(X, W, b, stride, padding)
  [h, w, c, n] = size(X);
  P = zeros(h + 2 * padding(1), w + 2 * padding(2), c, n);
  P(padding(1) + (1:h), padding(2) + (1:w), :, :) = X;
  k = size(W, 1);
  rows = floor((size(P, 1) - k) / stride) + 1;
  cols = floor((size(P, 2) - k) / stride) + 1;
  Y = zeros(rows, cols, size(W, 4), n);
  for i = 1:rows, for j = 1:cols, for f = 1:size(W, 4)
    block = P((i - 1) * stride + (1:k), (j - 1) * stride + (1:k), :, :);
    Y(i, j, f, :) = sum(sum(sum(block .* W(:, :, :, f), 1), 2), 3) + b(f);
  end, end, end
end
"""
BACK = """function [dX, dW, db] = conv_backward(dY, X, W, b, stride, padding)
  [h, w, c, n] = size(X);
  P = zeros(h + 2 * padding(1), w + 2 * padding(2), c, n);
  P(padding(1) + (1:h), padding(2) + (1:w), :, :) = X;
  k = size(W, 1); dP = zeros(size(P)); dW = zeros(size(W)); db = zeros(size(b));
  for i = 1:size(dY, 1), for j = 1:size(dY, 2), for f = 1:size(W, 4)
    r = (i - 1) * STEP + (1:k); s = (j - 1) * STEP + (1:k);
    dP(r, s, :, :) = dP(r, s, :, :) + W(:, :, :, f) .* dY(i, j, f, :);
    dW(:, :, :, f) = dW(:, :, :, f) + sum(P(r, s, :, :) .* dY(i, j, f, :), 4);
    db(f) = db(f) + sum(dY(i, j, f, :));
  end, end, end
  dX = dP(padding(1) + (1:h), padding(2) + (1:w), :, :);
end
"""


@needs_octave
@pytest.mark.parametrize(("step", "right"), [("stride", True), ("1", False)])
def test_a_stride_and_a_padding_of_two_sides_are_settings_that_are_changed(step, right, tmp_path):
    (tmp_path / "conv_forward.m").write_text(CONV)
    (tmp_path / "conv_backward.m").write_text(BACK.replace("STEP", step))
    worker = InProcess()
    (name,), _ = load(worker, tmp_path / "conv_forward.m")
    found = Check("conv_forward.m", "complex", 7, None, 0, None).one(worker, name, time.perf_counter())
    assert not found.problem
    assert found.passed == right


POOL = """
def max_pool_forward(x, pool_size, stride):
    n, c, h, w = x.shape
    rows, cols = (h - pool_size) // stride + 1, (w - pool_size) // stride + 1
    out = np.zeros((n, c, rows, cols))
    for i in range(rows):
        for j in range(cols):
            r, s = i * stride, j * stride
            out[:, :, i, j] = x[:, :, r:r + pool_size, s:s + pool_size].max(axis=(2, 3))
    return out, (x, pool_size, stride)


def max_pool_backward(dout, cache):
    x, pool_size, stride = cache
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            r, s = i * stride, j * stride
            block = x[:, :, r:r + pool_size, s:s + pool_size]
            mask = block == block.max(axis=(2, 3), keepdims=True)
            mask = mask / mask.sum(axis=(2, 3), keepdims=True)
            dx[:, :, r:r + pool_size, s:s + pool_size] {add} mask * dout[:, :, i:i + 1, j:j + 1]
    return dx
"""


@pytest.mark.parametrize(("add", "right"), [("+=", True), ("=", False)])
def test_in_python_too_a_pool_size_and_a_stride_are_settings(add, right, tmp_path):
    found = check(POOL.replace("{add}", add), "max_pool", tmp_path)
    assert not found.problem
    assert found.passed == right
