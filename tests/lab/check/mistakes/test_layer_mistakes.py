"""Bugs planted into layers and losses written as students write them: the cause is named."""

import time
from functools import partial

import pytest

from lab.check.mistakes.diagnose_layer import diagnose_layer
from tests.lab.check.mistakes import student_layers as student

strided = partial(student.conv, stride=2)
overlapping = partial(student.pool, size=3, stride=2)
average = partial(student.pool, mean=True)
RIGHT = {
    "affine": (student.affine, "dense"),
    "columns": (student.linear_columns, "dense"),
    "relu": (student.relu, "ReLU"),
    "sigmoid": (student.sigmoid, "sigmoid"),
    "softmax": (student.softmax, "softmax"),
    "batchnorm": (student.batchnorm, "batch normalisation (eps 1e-05)"),
    "layernorm": (student.layernorm, "layer normalisation (eps 1e-05)"),
    "spatial batchnorm": (student.spatial_batchnorm, "batch normalisation (eps 1e-05)"),
    "dropout": (student.dropout, "dropout"),
    "conv": (student.conv, "convolution (stride 1, padding 1)"),
    "strided conv": (strided, "convolution (stride 2, padding 1)"),
    "pool": (student.pool, "max pooling (2 x 2, stride 2)"),
    "overlapping pool": (overlapping, "max pooling (3 x 3, stride 2)"),
    "average": (average, "average pooling (2 x 2, stride 2)"),
    "softmax_loss": (student.softmax_loss, "softmax cross entropy"),
    "svm_loss": (student.svm_loss, "hinge loss"),
}
BUGS = [
    (student.affine, "W-transposed", "weights-transposed", "dW"),
    (student.affine, "W-last", "one-example-only", "dW"),
    (student.affine, "b-first", "one-example-only", "db"),
    (student.affine, "b-all", "bias-sum-axis", "db"),
    (student.affine, "b-mean", "divided-by-batch", "db"),
    (student.affine, "mean", "divided-by-batch", "dW db"),
    (student.affine, "x-transposed", "through-transposed", "dx"),
    (student.affine, "x-minus", "sign", "dx"),
    (student.linear_columns, "b-last", "one-example-only", "grad_b"),
    (student.linear_columns, "loop", "example-left-out", "grad_W"),
    (student.linear_columns, "W-zero", "gradient-zero", "grad_W"),
    (student.relu, "mask-missing", "relu-mask-missing", "dx"),
    (student.relu, "mask-of-dout", "relu-mask-of-gradient", "dx"),
    (student.relu, "inverted", "relu-mask-inverted", "dx"),
    (student.relu, "value", "relu-values-for-mask", "dx"),
    (student.sigmoid, "of-x", "activation-slope-of-scores", "dx"),
    (student.sigmoid, "of-out", "activation-slope-of-output", "dx"),
    (student.softmax, "diagonal", "softmax-jacobian", "dx"),
    (student.softmax, "sign", "sign", "dx"),
    (student.batchnorm, "gamma", "norm-gamma-missing", "dx"),
    (student.batchnorm, "variance", "norm-variance-path-missing", "dx"),
    (student.batchnorm, "mean", "norm-mean-path-missing", "dx"),
    (student.batchnorm, "ddof", "norm-ddof", "dx"),
    (student.batchnorm, "dgamma", "gamma-unnormalised", "dgamma"),
    (student.batchnorm, "swap", "gamma-beta-swapped", "dgamma dbeta"),
    (student.layernorm, "gamma", "norm-gamma-missing", "dx"),
    (student.layernorm, "mean", "norm-mean-path-missing", "dx"),
    (student.layernorm, "axis", "norm-axis", "dx"),
    (student.relu, "chain", "chain-rule-missing", "dx"),
    (student.conv, "b-mean", "mean-for-sum", "db"),
    (student.spatial_batchnorm, "variance", "norm-variance-path-missing", "dx"),
    (student.dropout, "no-mask", "dropout-mask-missing", "dx"),
    (student.dropout, "no-scale", "dropout-scale", "dx"),
    (student.dropout, "other-mask", "dropout-other-mask", "dx"),
    (student.conv, "b-all", "bias-sum-axis", "db"),
    (student.conv, "b-last", "one-example-only", "db"),
    (student.conv, "x-flipped", "conv-flipped", "dx"),
    (student.conv, "x-overwritten", "overwritten", "dx"),
    (student.conv, "W-overwritten", "overwritten", "dW"),
    (student.conv, "W-flipped", "conv-flipped", "dW"),
    (student.conv, "crop", "conv-padding", "dx"),
    (strided, "stride", "conv-stride", "dx dW"),
    (student.pool, "all", "pool-mask-missing", "dx"),
    (student.pool, "stride", "pool-stride", "dx"),
    (overlapping, "overwritten", "overwritten", "dx"),
    (average, "not-divided", "pool-not-divided", "dx"),
    (student.softmax_loss, "labels", "labels-shifted", "dx"),
    (student.softmax_loss, "minus", "sign", "dx"),
    (student.softmax_loss, "not-divided", "not-divided-by-n", "dx"),
    (student.svm_loss, "count", "hinge-count-missing", "dx"),
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_layers_are_recognised_and_not_accused(name):
    made, reference = RIGHT[name]
    diagnosis = diagnose_layer(made())
    assert (diagnosis.reference, diagnosis.causes) == (reference, ())


@pytest.mark.parametrize(
    ("made", "bug", "key", "tensors"), BUGS, ids=[f"{k} {bug[1]} {bug[3]}" for k, bug in enumerate(BUGS)]
)
def test_a_bug_is_named(made, bug, key, tensors):
    start = time.process_time()
    causes = diagnose_layer(made(bug)).causes
    assert {(cause.key, *cause.tensors) for cause in causes} == {(key, *tensors.split())}
    assert time.process_time() - start < 5
