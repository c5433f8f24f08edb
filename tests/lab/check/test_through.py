"""Networks whose way back is handed the derivative by the outputs, and steps that are called as their way back is."""

import pytest

from lab.check.worker.recognise import recognised
from lab.check.worker.roles import Role, role
from tests.lab.check.in_process import check, load
from tests.sizes import size

STEPS = """
    def Affine(x, w, b):
        return x.dot(w) + b

    def AffineBackward(grad_y, x, w):
        return grad_y.dot(w.T), x.T.dot(grad_y), np.sum(grad_y, axis=0)

    def ReLU(x):
        return np.maximum(x, 0.0)

    def ReLUBackward(grad_y, x, y):
        return grad_y * (y > 0)
"""
LEFT_IN_A_DICT = (
    STEPS
    + """
    def NNForward(model, x):
        h1 = Affine(x, model["W1"], model["b1"])
        h1r = ReLU(h1)
        y = Affine(h1r, model["W2"], model["b2"])
        return {"x": x, "h1": h1, "h1r": h1r, "y": y}

    def NNBackward(model, err, var):
        dE_dh1r, dE_dW2, dE_db2 = AffineBackward(err, var["h1r"], model["W2"])
        dE_dh1 = ReLUBackward(dE_dh1r, var["h1"], var["h1r"])
        _, dE_dW1, dE_db1 = AffineBackward(dE_dh1, var["x"], model["W1"])
        var["dE_dW1"], var["dE_db1"] = dE_dW1, dE_db1
        var["dE_dW2"] = dE_dW2
        var["dE_db2"] = dE_db2
"""
)
RETURNED = """
    def forward_net(x, params):
        hidden = np.tanh(params["W1"] @ x + params["b1"])
        scores = params["W2"] @ hidden + params["b2"]
        return scores, (x, hidden)

    def backward_net(dscores, cache, params):
        x, hidden = cache
        grads = {"W2": dscores @ hidden.T, "b2": dscores.sum(axis=1, keepdims=True)}
        dhidden = params["W2"].T @ dscores * (1 - hidden**2)
        grads["W1"], grads["b1"] = dhidden @ x.T, dhidden.sum(axis=1, keepdims=True)
        return grads
"""
CASES = [  # text, name, right, mistake, what is wrong then
    (LEFT_IN_A_DICT, "NNBackward", 'var["dE_dW2"] = dE_dW2', 'var["dE_dW2"] = dE_dW2 / len(err)', {"W2"}),
    (LEFT_IN_A_DICT, "NNBackward", 'AffineBackward(dE_dh1, var["x"]', 'AffineBackward(dE_dh1r, var["x"]', {"W1", "b1"}),
    (LEFT_IN_A_DICT, "Affine", "x.T.dot(grad_y)", "x.T.dot(grad_y) / 7", {"w"}),
    (LEFT_IN_A_DICT, "ReLU", "grad_y * (y > 0)", "grad_y * (grad_y > 0)", {"x"}),
    (RETURNED, "backward_net", "1 - hidden**2", "1 - hidden", {"W1", "b1"}),
    (RETURNED, "backward_net", "dscores.sum(axis=1", "dscores.mean(axis=1", {"b2"}),
]


@pytest.mark.parametrize(("text", "name", "right", "mistake", "wrong"), CASES[size(1, 0) :: size(2, 1)])
def test_a_network_without_its_loss_and_its_steps_are_checked(text, name, right, mistake, wrong, tmp_path):
    assert text.count(right) == 1
    for source, failing in ((text, set()), (text.replace(right, mistake), wrong)):
        report = check(source, name, tmp_path)
        assert not report.problem
        assert {t.name for t in report.report.tensors if not t.passed} == failing


def test_a_network_that_is_handed_the_error_stands_beside_its_steps(tmp_path):
    found = [(f.name, f.kind) for f in recognised(load(LEFT_IN_A_DICT, tmp_path))]
    assert found == [("Affine", "pair"), ("ReLU", "pair"), ("NNBackward", "gradients")]


def test_a_step_whose_way_back_takes_what_nothing_tells_is_left_to_what_calls_it(tmp_path):
    text = "def square(x):\n    return x**2\n\ndef square_backward(dout, secret):\n    return dout * secret['a']\n"
    assert check(text, "square", tmp_path).nothing


@pytest.mark.parametrize(
    ("name", "what"),
    [("Y_mat", Role.LABELS), ("X_mat", Role.X), ("W_mat", Role.W), ("b_vec", Role.B), ("p_mat", Role.P)],
)
def test_what_says_that_it_is_a_matrix_tells_nothing_of_an_argument(name, what):
    assert role(name) is what
