"""Right code that is another network than the preset's is not accused: it is held against its own kind."""

from pathlib import Path

import pytest

from tests.lab.training.in_process import losses
from tests.lab.training.test_planted import CHANGES, FUNCTIONS

RIGHT = Path(__file__).parent.parent / "check/handins/right"
OURS = "updates 1 to 8 agree with Gradlab's own network. So does its evaluation."
OTHER = "It is another network than a2-setting1: {}. For that one, updates 1 to 8 are right."
BINARY = "ReLU, binary cross entropy of each class"
TANH = (("H = np.maximum(0, W[0] @ X + b[0])", "H = np.tanh(W[0] @ X + b[0])"), ("(H > 0)", "(1 - H**2)"))
LEAKY = (
    ("H = np.maximum(0, W[0] @ X + b[0])", "H = W[0] @ X + b[0]\n    H = np.where(H > 0, H, 0.01 * H)"),
    ("* (H > 0)", "* np.where(H > 0, 1, 0.01)"),
)
SIGMOID = (("H = np.maximum(0, W[0] @ X + b[0])", "H = 1 / (1 + np.exp(-W[0] @ X - b[0]))"), ("(H > 0)", "H * (1 - H)"))
SQUARED = (
    ("-np.log(np.sum(Y * P, axis=0)).mean()", "((P - Y) ** 2).sum() / X.shape[1]"),
    ("G = P - Y", "G = 2 * (P - Y)\n    G = P * (G - (G * P).sum(axis=0))"),
)
FIXED = FUNCTIONS.replace(", lamda)", ")") + "\nlamda = 0.03\n"
HALVED = (
    ("-np.log(np.sum(Y * P, axis=0)).mean()", "((P - Y) ** 2).mean() / 2"),
    ("G = P - Y", "G = (P - Y) / 10\n    G = P * (G - (G * P).sum(axis=0))"),
)
HALF = (
    (" lamda * sum(", " 0.5 * lamda * sum("),
    ("2 * lamda * W[0]", "lamda * W[0]"),
    ("2 * lamda * W[1]", "lamda * W[1]"),
)
PER_EXAMPLE = (
    (" lamda * sum(", " lamda / X.shape[1] * sum("),
    ("2 * lamda * W[0]", "2 * lamda / n * W[0]"),
    ("2 * lamda * W[1]", "2 * lamda / n * W[1]"),
)


def changed(*pairs):
    text = FUNCTIONS
    for right, other in pairs:
        assert right in text
        text = text.replace(right, other)
    return text


def told(trained, text, name="ComputeGradients"):
    *_, trainer = trained(text, name, "a2-setting1", *CHANGES)
    losses(trainer)
    return trainer.agreement.document()


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        ("layers_step_in_backward_pass", "Net", f"It takes no lambda. But for the penalty, {OURS}"),
        (
            "caches_and_regularization",
            "backward_prop_with_regularization",
            OTHER.format(f"{BINARY}, penalty 0.025 lambda sum W^2") + " So is its evaluation.",
        ),
        (
            "deep_linear_activation",
            "L_model_backward",
            OTHER.format(f"{BINARY}, no penalty") + " So is its evaluation.",
        ),
    ],
)
def test_files_as_students_write_them(trained, file, name, said):
    text = FIXED if file == "fixed" else (RIGHT / f"{file}.py").read_text(encoding="utf-8")
    document = told(trained, text, name)
    assert (document["parts_at"], document["sentence"]) == (None, said)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (TANH, OTHER.format("tanh, softmax cross entropy")),
        (LEAKY, OTHER.format("leaky ReLU (0.01), softmax cross entropy")),
        (SIGMOID, OTHER.format("sigmoid, softmax cross entropy")),
        (SQUARED, OTHER.format("ReLU, squared error of softmax")),
        (HALVED, OTHER.format("ReLU, 0.05 times the squared error of softmax")),
        ((*TANH, *HALF), OTHER.format("tanh, softmax cross entropy, penalty 0.5 lambda sum W^2")),
        (HALF, f"It has the penalty 0.5 lambda sum W^2, and a2-setting1 has lambda sum W^2. But for that, {OURS}"),
        (PER_EXAMPLE, "It has the penalty 0.05 lambda sum W^2, and a2-setting1 has lambda sum W^2. But for that, "),
    ],
)
def test_another_activation_loss_or_penalty(trained, pairs, said):
    document = told(trained, changed(*pairs))
    assert document["parts_at"] is None
    assert document["sentence"].startswith(said)


@pytest.mark.parametrize(
    ("pairs", "tensors"),
    [
        ((*TANH[:1], ("* (H > 0)", "* (1 - H)")), ["W[0]", "b[0]", "W[1]", "b[1]"]),
        ((*HALF, ("* (H > 0)", "* 1")), ["W[0]", "b[0]", "W[1]"]),
        ((("lamda * W[0]", "0 * W[0]"), ("lamda * W[1]", "0 * W[1]")), ["W[0]", "W[1]"]),
        ((("* lamda * W[0]", "* 2 * lamda * W[0]"), ("* lamda * W[1]", "* 2 * lamda * W[1]")), ["W[0]", "W[1]"]),
        ((("G = P - Y", "G = 2 * (P - Y)"),), ["W[0]", "b[0]", "W[1]", "b[1]"]),
    ],
)
def test_a_mistake_is_no_kind_of_network(trained, pairs, tensors):
    document = told(trained, changed(*pairs))
    assert (document["parts_at"], document["tensors"]) == (1, tensors)


def test_a_mistake_that_begins_later_is_found_in_another_network_too(trained):
    late = "    seen.extend([1] * (X.shape[1] == 20))\n    G = (P - Y) * (1 if len(seen) < 5 else 2)"
    document = told(trained, changed(*TANH, ("    G = P - Y", late)) + "\nseen = []\n")
    assert document["parts_at"] in (3, 4, 5)  # it is called before the first update, too
    assert document["sentence"].startswith("It is another network than a2-setting1: tanh, softmax cross entropy. For")
    assert f"at update {document['parts_at']}, tensor W[0]" in document["sentence"]
