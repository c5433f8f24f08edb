"""Bugs planted into networks written as students write them: the cause is named, with the tensors it makes wrong."""

import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lab.check.mistakes.diagnose import diagnose_network
from tests.lab.check.mistakes.student_networks import Student

ALL = "W1 b1 W2 b2 W3 b3"
LOW = "W1 b1 W2 b2"
WEIGHTS = "W1 W2 W3"
BIASES = "b1 b2 b3"

BUGS = {
    # what is planted: (the key of the cause, the tensors it makes wrong), in a network of three layers
    "no-mask@1": ("relu-mask-missing", "W1 b1"),
    "no-mask@2": ("relu-mask-missing", LOW),
    "no-mask": ("relu-mask-missing", LOW),
    "mask-G@1": ("relu-mask-of-gradient", "W1 b1"),
    "mask-G@2": ("relu-mask-of-gradient", LOW),
    "mask-below@2": ("relu-mask-of-layer", LOW),
    "mask-inverted@2": ("relu-mask-inverted", LOW),
    "mask-value@1": ("relu-values-for-mask", "W1 b1"),
    "labels": ("labels-shifted", ALL),
    "axis": ("softmax-axis", ALL),
    "exp": ("softmax-unnormalised", ALL),
    "no-Y": ("labels-not-subtracted", ALL),
    "P-in-place": ("labels-subtracted-twice", ALL),
    "Y-P": ("sign", ALL),
    "softmax-slope": ("softmax-slope-twice", ALL),
    "scores": ("scores-for-probabilities", ALL),
    "last-example": ("example-left-out", ALL),
    "first-example": ("example-left-out", ALL),
    "not-divided": ("not-divided-by-n", ALL),
    "divided-twice": ("divided-twice", ALL),
    "divided-by-K": ("divided-by-other-number", ALL),
    "divided-by-100": ("divided-by-other-number", ALL),
    "W-transposed@2": ("weights-transposed", "W2"),
    "input-X@2": ("weights-input", "W2"),
    "input-scores@2": ("weights-input", "W2"),
    "b-all@1": ("bias-sum-axis", "b1"),
    "b-mean": ("divided-twice", BIASES),
    "b-zero@1": ("gradient-zero", "b1"),
    "b-first": ("one-example-only", BIASES),
    "no-penalty": ("penalty-missing", WEIGHTS),
    "no-penalty@1": ("penalty-missing", "W1"),
    "half-penalty": ("penalty-factor-two", WEIGHTS),
    "double-penalty": ("penalty-factor-two", WEIGHTS),
    "penalty/n": ("penalty-divided-by-n", WEIGHTS),
    "minus-penalty": ("penalty-sign", WEIGHTS),
    "penalty-next@1": ("penalty-of-layer", "W1"),
    "penalty-scalar": ("penalty-value-added", WEIGHTS),
    "b-penalty": ("bias-penalised", BIASES),
    "W-zero@1": ("gradient-zero", "W1"),
    "W-zero@3": ("gradient-zero", "W3"),
    "W-sign@2": ("sign", "W2"),
    "W-last-example": ("one-example-only", WEIGHTS),
    "W-before-mask@2": ("gradient-before-activation", "W2"),
    "W-before-mask": ("gradient-before-activation", "W1 W2"),
    "updated": ("updated-weights", LOW),
    "updated@3": ("updated-weights", LOW),
    "updated@2": ("updated-weights", "W1 b1"),
    "W-not-turned@2": ("through-transposed", "W1 b1"),
    "G-skips@2": ("through-left-out", "W1 b1"),
    "other-W@2": ("through-other-weights", "W1 b1"),
    "unmasked-on@2": ("through-before-activation", "W1 b1"),
    "G/n": ("divided-in-each-layer", LOW),
    "J-no-penalty": ("penalty-only-in-gradient", WEIGHTS),
    "J-norm": ("cost-penalty-not-squared", WEIGHTS),
    "J-log10": ("cost-log-base", ALL),
    "J-sum": ("cost-not-divided", ALL),
    "J-sign": ("cost-sign", ALL),
    "J-labels": ("cost-labels-shifted", ALL),
    "J-softmax-axis": ("cost-softmax-axis", ALL),
    "J-log-of-mean": ("cost-log-of-mean", ALL),
    "J-eps": ("log-eps", ALL),
    "J-bias-penalty": ("penalty-on-bias-in-cost-only", BIASES),
    "W-strange@2": ("first-wrong-step", "W2"),
    "strange@3": ("first-wrong-step", LOW),
}
NORM_BUGS = {
    "norm-skip": ("norm-left-out", "W1 b1 gamma1 beta1 W2 b2"),
    "norm-skip@1": ("norm-left-out", "W1 b1"),
    "constants": ("norm-statistics-constant", "W1 b1 gamma1 beta1 W2 b2"),
    "no-mean-path@1": ("norm-mean-path-missing", "W1 b1"),
    "no-variance-path@1": ("norm-variance-path-missing", "W1"),
    "no-variance-path": ("norm-variance-path-missing", "W1 gamma1 beta1 W2"),
    "no-gamma": ("norm-gamma-missing", "W1 gamma1 beta1 W2"),
    "n-1": ("norm-ddof", "W1 gamma1 beta1 W2"),
    "var-ddof": ("norm-ddof", "W1 gamma1 beta1 W2"),
    "eps-missing": ("norm-eps-missing", "W1 gamma1 beta1 W2"),
    "eps-place@2": ("norm-eps-place", "W1 gamma1 beta1 W2"),
    "power": ("norm-variance-power", "W1 gamma1 beta1 W2"),
    "mean-sum@2": ("norm-mean-not-divided", "W1 gamma1 beta1 W2 b2"),
    "running": ("norm-running-statistics", "W1 b1 gamma1 beta1 W2 b2"),
    "running@1": ("norm-running-statistics", "W1 b1"),
    "not-centred@1": ("norm-not-centred", "W1 b1"),
    "gamma-scores": ("gamma-unnormalised", "gamma1 gamma2"),
    "swap@1": ("gamma-beta-swapped", "gamma1 beta1"),
    "mask-score@1": ("relu-mask-before-norm", "W1 gamma1 beta1"),
    "no-mask@1": ("relu-mask-missing", "W1 gamma1 beta1"),
    "no-mask": ("relu-mask-missing", "W1 gamma1 beta1 W2 gamma2 beta2"),
}


def told(*bugs, sizes=(5, 5, 5, 3), **how):
    """The causes, as key -> tensors."""
    diagnosis = diagnose_network(Student(sizes, 7, *bugs, **how).code())
    return {cause.key: set(cause.tensors) for cause in diagnosis.causes}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_named(bug):
    key, tensors = BUGS[bug]
    assert told(bug) == {key: set(tensors.split())}


@pytest.mark.parametrize("bug", NORM_BUGS)
def test_a_bug_in_batch_normalisation_is_named(bug):
    key, tensors = NORM_BUGS[bug]
    assert told(bug, sizes=(6, 5, 6, 3), batch_norm=True) == {key: set(tensors.split())}


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_bug_in_another_activation_is_named(activation):
    assert told("no-mask@1", activation=activation) == {"activation-slope-missing": {"W1", "b1"}}
    assert told("slope-of-H@2", activation=activation) == {"activation-slope-of-output": {"W1", "b1", "W2", "b2"}}


def test_a_bug_in_a_hinge_loss_is_named():
    assert told("hinge-count", loss="hinge") == {"hinge-count-missing": set(ALL.split())}
    assert told("no-mask@2", "half-penalty", loss="hinge") == {
        "relu-mask-missing": set(LOW.split()),
        "penalty-factor-two": set(WEIGHTS.split()),
    }


@pytest.mark.parametrize(
    ("bugs", "expected"),
    [
        (("no-mask@1", "no-penalty"), {"relu-mask-missing": "W1 b1", "penalty-missing": WEIGHTS}),
        (("no-mask@2", "b-all@1"), {"relu-mask-missing": LOW, "bias-sum-axis": "b1"}),
        (("no-mask@1", "labels"), {"relu-mask-missing": "W1 b1", "labels-shifted": ALL}),
        (("not-divided", "penalty/n"), {"not-divided-by-n": ALL, "penalty-divided-by-n": WEIGHTS}),
        (("b-mean@3", "W-transposed@2"), {"divided-twice": "b3", "weights-transposed": "W2"}),
        (("W-transposed@2", "half-penalty"), {"weights-transposed": "W2", "penalty-factor-two": WEIGHTS}),
        (("b-zero@2", "input-X@2"), {"gradient-zero": "b2", "weights-input": "W2"}),
        (("no-mask@1", "updated@3"), {"relu-mask-missing": "W1 b1", "updated-weights": LOW}),
        (("divided-by-K", "no-penalty@2"), {"divided-by-other-number": ALL, "penalty-missing": "W2"}),
    ],
    ids=" ".join,
)
def test_two_bugs_are_told_apart(bugs, expected):
    assert told(*bugs) == {key: set(tensors.split()) for key, tensors in expected.items()}


def test_causes_are_sentences_with_the_students_names():
    (cause,) = diagnose_network(Student((6, 5, 4, 3), 7, "no-mask@1").code()).causes
    assert cause.sentence == (
        "W1 and b1 match a gradient without the ReLU mask of layer 1: multiply G by (H1 > 0) before computing them."
    )
    (cause,) = diagnose_network(Student((6, 5, 4, 3), 7, "strange@3").code()).causes
    assert cause.sentence.startswith("W3 and b3 are right and b2 is wrong: the first wrong step lies between them")
    (cause,) = diagnose_network(Student((6, 5, 4, 3), 7, "W-strange@2").code()).causes
    assert cause.sentence.startswith("b2 is right and W2 is wrong: G is right up to there")


def test_the_network_is_described():
    right = diagnose_network(Student((6, 5, 4, 3), 7, batch_norm=True, eps=1e-5, lam=0.1).code())
    assert right.reference == "3 layers, ReLU, batch norm (eps 1e-05), softmax cross entropy, 0.1 * sum W^2"
    assert not right.causes


STUDENTS = {
    "sizes": st.lists(st.integers(2, 10), min_size=2, max_size=10),
    "n": st.integers(4, 8),
    "batch_norm": st.booleans(),
    "activation": st.sampled_from(["relu", "relu", "tanh", "sigmoid"]),
    "loss": st.sampled_from(["softmax", "softmax", "hinge"]),
    "eps": st.sampled_from([1e-5, 1e-6, 1e-8, 2.220446049250313e-16]),
    "ddof": st.sampled_from([0, 0, 1]),
    "half": st.booleans(),
    "lam": st.sampled_from([0.0, 0.01, 0.5]),
    "seed": st.integers(0, 1000),
}
# shrinking takes minutes; the sizes are small already
relaxed = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@relaxed
@given(**STUDENTS, with_cost=st.sampled_from([True, True, False]))
def test_right_code_is_never_accused(sizes, n, with_cost, **how):
    diagnosis = diagnose_network(Student(sizes, n, **how).code(with_cost))
    assert diagnosis.causes == ()
    assert diagnosis.reference.startswith(f"{len(sizes) - 1} layer")


@relaxed
@given(
    **STUDENTS,
    bug=st.sampled_from(
        [
            "no-mask",
            "mask-G",
            "W-transposed",
            "b-all",
            "half-penalty",
            "labels",
            "divided-twice",
            "W-zero",
            "updated",
            "W-strange",
        ]
    ),
    data=st.data(),
)
def test_wrong_code_is_never_accused_of_nothing(sizes, n, bug, data, **how):
    """A bug that changes a gradient gives causes, and they touch only tensors of the layers it can reach."""
    layer = data.draw(st.integers(1, len(sizes) - 1))
    student = Student(sizes, n, bug if bug in ("labels", "divided-twice") else f"{bug}@{layer}", **how)
    right = Student(sizes, n, **how)
    code, true = student.code(), right.code()
    try:
        wrong = {
            (k, role)
            for k, (a, b) in enumerate(zip(code.gradients(code.layers), true.gradients(code.layers), strict=True))
            for role in a
            if abs(a[role] - b[role]).max() > 1e-5 * max(1e-3, abs(b[role]).max())
        }
        causes = diagnose_network(code).causes
    except ValueError:  # a shape that the bug does not fit
        return
    if wrong:
        assert causes
    reached = {name for names in code.names[:layer] for name in names.values()}
    if bug not in ("labels", "divided-twice"):
        assert {name for cause in causes for name in cause.tensors} <= reached


def test_a_gradient_that_is_zero_everywhere_is_named():
    student = {"batch_norm": True, "activation": "tanh", "loss": "hinge", "eps": 2.220446049250313e-16, "ddof": 1}
    code = Student([6, 6], 4, "W-zero@1", half=True, lam=0.01, seed=805, **student).code()
    assert [cause.tensors for cause in diagnose_network(code).causes] == [("W1",)]


@pytest.mark.parametrize("sizes", [(3072, 50, 10), (3072, 50, 30, 20, 20, 10, 10, 10, 10, 10)])
@pytest.mark.parametrize("bug", ["no-mask", "no-gamma", "strange@2"])
def test_large_networks_are_diagnosed_quickly(sizes, bug):
    code = Student(sizes, 8, bug, batch_norm=True).code()
    start = time.process_time()
    code.cost(code.layers)
    code.gradients(code.layers)
    own = time.process_time() - start
    start = time.process_time()
    assert diagnose_network(code).causes
    assert time.process_time() - start < 2 + 30 * own
