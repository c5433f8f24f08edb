"""Gradient functions as courses set them, in the layouts and with the arguments students choose."""

import itertools
import time

import pytest

from tests.lab.check.in_process import check
from tests.sizes import WHOLE, size

ONE_LAYER = """
    def EvaluateClassifier(X, W, b):
        s = W @ X + b
        return np.exp(s) / np.sum(np.exp(s), axis=0)

    def ComputeCost(X, Y, W, b, lamda):
        P = EvaluateClassifier(X, W, b)
        return -np.sum(np.log(np.sum(Y * P, axis=0))) / X.shape[1] + lamda * np.sum(W**2)

    def ComputeGradients(X, Y, P, W, lamda):
        n = X.shape[1]
        G = -(Y - P)
        return G @ X.T / n + 2 * lamda * W, np.sum(G, axis=1, keepdims=True) / n
"""
DICT_OF_LISTS = """
    def softmax(s):
        return np.exp(s) / np.sum(np.exp(s), axis=0)

    def ApplyNetwork(X, network):
        H = np.maximum(network['W'][0] @ X + network['b'][0], 0)
        return softmax(network['W'][1] @ H + network['b'][1]), H

    def ComputeLoss(P, y):
        return -np.mean(np.log(P[y, np.arange(P.shape[1])]))

    def ComputeCost(P, y, network, lam):
        return ComputeLoss(P, y) + lam * sum(np.sum(W**2) for W in network['W'])

    def ComputeGradients(X, Y, P, network, lam):
        n = X.shape[1]
        _, H = ApplyNetwork(X, network)
        G = P - Y
        grads = {'W': [None, None], 'b': [None, None]}
        grads['W'][1] = G @ H.T / n + 2 * lam * network['W'][1]
        grads['b'][1] = G.sum(axis=1, keepdims=True) / n
        G = network['W'][1].T @ G
        G = G * (H > 0)
        grads['W'][0] = G @ X.T / n + 2 * lam * network['W'][0]
        grads['b'][0] = G.sum(axis=1, keepdims=True) / n
        return grads
"""
ROWS = """
    def forward(X, W1, b1, W2, b2):
        h = np.maximum(0, X @ W1 + b1)
        s = h @ W2 + b2
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return h, p

    def compute_loss(X, y, W1, b1, W2, b2, reg):
        h, p = forward(X, W1, b1, W2, b2)
        return -np.log(p[np.arange(len(y)), y]).mean() + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    def backward(X, y, h, p, W1, W2, reg):
        d = p.copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dW2 = h.T @ d + reg * W2
        db2 = d.sum(axis=0)
        dh = d @ W2.T
        dh[h <= 0] = 0
        return X.T @ dh + reg * W1, dh.sum(axis=0), dW2, db2
"""
LISTS_AND_NORMS = """
    def forward_pass(X, Ws, bs, gammas=None, betas=None, use_bn=False):
        H, Hs, Ss, Zs, mus, vs = X, [X], [], [], [], []
        for i in range(len(Ws) - 1):
            S = Ws[i] @ H + bs[i]
            Ss.append(S)
            if use_bn:
                mus.append(S.mean(axis=1, keepdims=True))
                vs.append(((S - mus[-1]) ** 2).mean(axis=1, keepdims=True))
                Zs.append((S - mus[-1]) / np.sqrt(vs[-1] + 1e-12))
                S = gammas[i] * Zs[-1] + betas[i]
            H = np.maximum(S, 0)
            Hs.append(H)
        E = np.exp(Ws[-1] @ H + bs[-1])
        return E / E.sum(axis=0), Hs, Ss, Zs, mus, vs

    def compute_cost(X, Y, Ws, bs, lam, gammas=None, betas=None, use_bn=False):
        P = forward_pass(X, Ws, bs, gammas, betas, use_bn)[0]
        loss = -np.log((Y * P).sum(axis=0)).mean()
        return loss + lam * sum((W**2).sum() for W in Ws), loss

    def bn_backward(G, S, mu, v):
        s = 1 / np.sqrt(v + 1e-12)
        D = S - mu
        c = (G * s**3 * D).mean(axis=1, keepdims=True)
        return s * G - s * G.mean(axis=1, keepdims=True) - D * c

    def compute_gradients(X, Y, Ws, bs, lam, gammas=None, betas=None, use_bn=False):
        P, Hs, Ss, Zs, mus, vs = forward_pass(X, Ws, bs, gammas, betas, use_bn)
        n, G, gW, gb, gg, gbe = X.shape[1], P - Y, [], [], [], []
        for i in reversed(range(len(Ws))):
            if i < len(Ws) - 1:
                G = (Ws[i + 1].T @ G) * (Hs[i + 1] > 0)
                if use_bn:
                    gg.append((G * Zs[i]).mean(axis=1, keepdims=True))
                    gbe.append(G.mean(axis=1, keepdims=True))
                    G = bn_backward(G * gammas[i], Ss[i], mus[i], vs[i])
            gW.append(G @ Hs[i].T / n + 2 * lam * Ws[i])
            gb.append(G.mean(axis=1, keepdims=True))
        return gW, gb, gg, gbe
"""
NO_COST = """
    def predict_proba(Xb, weights, bias):
        Z = Xb.dot(weights.T) + bias
        Z = np.exp(Z - np.max(Z, axis=1, keepdims=True))
        return Z / Z.sum(axis=1, keepdims=True)

    def calc_grads(Xb, y_onehot, weights, bias, reg_lambda):
        err = (predict_proba(Xb, weights, bias) - y_onehot) / len(Xb)
        return {"dbias": err.sum(axis=0), "dweights": err.T.dot(Xb) + reg_lambda * weights}
"""
RIGHT = {
    "one layer": (ONE_LAYER, "ComputeGradients", ["W", "b"]),
    "dict of lists": (DICT_OF_LISTS, "ComputeGradients", ["W[0]", "b[0]", "W[1]", "b[1]"]),
    "rows": (ROWS, "backward", ["W1", "b1", "W2", "b2"]),
    "norms": (
        LISTS_AND_NORMS,
        "compute_gradients",
        ["Ws[0]", "bs[0]", "gammas[0]", "betas[0]", "Ws[1]", "bs[1]", "gammas[1]", "betas[1]", "Ws[2]", "bs[2]"],
    ),
    "no cost": (NO_COST, "calc_grads", ["weights", "bias"]),
}
# style: changes that make it wrong, with the tensors that fail
WRONG = [
    ("one layer", "2 * lamda * W,", "lamda * W,", {"W"}),
    ("one layer", "lamda * np.sum(W**2)", "lamda * (np.sum(W**2) + np.sum(b**2))", {"b"}),
    ("one layer", "np.sum(G, axis=1, keepdims=True) / n", "np.sum(G, axis=1, keepdims=True)", {"b"}),
    ("dict of lists", "* (H > 0)", "* 1", {"W[0]", "b[0]"}),
    ("dict of lists", "* (H > 0)", "* (G > 0)", {"W[0]", "b[0]"}),
    ("dict of lists", "G @ X.T / n", "G @ X.T / 7", {"W[0]"}),  # right for the first batch only
    ("rows", "+ reg * W1", "+ 2 * reg * W1", {"W1"}),
    ("rows", "db2 = d.sum(axis=0)", "db2 = d[0]", {"b2"}),
    # a gradient of another shape is wrong, and the reading is as right as without it
    ("one layer", "np.sum(G, axis=1, keepdims=True) / n", "np.sum(G) / n", {"b"}),
    ("rows", "db2 = d.sum(axis=0)", "db2 = d.sum()", {"b2"}),
    ("rows", "db2 = d.sum(axis=0)", "db2 = d.sum(axis=1)", {"b2"}),
    ("norms", "G * gammas[i],", "G,", {"Ws[0]", "Ws[1]", "gammas[0]", "betas[0]"}),
    ("norms", "- D * c", "", {"Ws[0]", "Ws[1]", "gammas[0]", "betas[0]"}),
    ("no cost", "+ reg_lambda * weights", "", {"weights"}),
    ("no cost", " / len(Xb)", "", {"weights", "bias"}),
]


@pytest.fixture(autouse=True)
def _no_change_of_the_file_is_tried(monkeypatch):
    """Which tensor is wrong is the subject; to look for the change that makes it right takes two seconds a file."""
    monkeypatch.setattr("lab.check.student.mended", lambda *_: ())


@pytest.mark.parametrize("style", RIGHT)
def test_right_functions_pass_as_they_are(tmp_path, style):
    text, name, tensors = RIGHT[style]
    for seed in range(size(2, 5)):
        report = check(text, name, tmp_path, seed=seed)
        assert report.passed, (report.problem, [t.verdict for t in report.report.tensors])
        assert [t.name for t in report.report.tensors] == tensors


@pytest.mark.parametrize(("style", "old", "new", "tensors"), WRONG)
def test_wrong_functions_fail_where_they_are_wrong(tmp_path, style, old, new, tensors):
    text, name, _ = RIGHT[style]
    assert old in text
    for seed in range(size(1, 3)):
        report = check(text.replace(old, new), name, tmp_path, seed=seed)
        assert {t.name for t in report.report.tensors if not t.passed} == tensors, report


def test_a_cost_that_is_not_in_the_file_is_told(tmp_path):
    text, name, _ = RIGHT["no cost"]
    notes = check(text, name, tmp_path).report.notes
    assert "no cost in the file that fits: held against softmax cross entropy and 0.5 lambda sum W^2" in notes


@pytest.mark.parametrize("examples", [1, 2, 3, 4, 5, 6, 8, 9, 10] if WHOLE else [1, 2, 10])
def test_any_number_of_examples(tmp_path, examples):
    for text, name, _ in (RIGHT["one layer"], RIGHT["dict of lists"], RIGHT["rows"]):
        report = check(text, name, tmp_path, examples=examples)
        assert report.passed, report
        assert all(examples not in t.shape for t in report.report.tensors) or examples == 1


@pytest.mark.parametrize(("hard_coded", "shape"), [("10", (10, 5)), ("np.zeros((10, 3072))", (10, 3072))])
def test_sizes_that_are_written_into_the_code_are_met(tmp_path, hard_coded, shape):
    checked = f"assert len(W) == 10; W = W + 0 * {hard_coded}; s = W @ X + b"
    changed = ONE_LAYER.replace("s = W @ X + b", checked)
    report = check(changed, "ComputeGradients", tmp_path)
    assert report.passed, report
    assert report.report.tensors[0].shape == shape


@pytest.mark.parametrize("style", ["one layer", "dict of lists"])
@pytest.mark.parametrize("old", ["", "G @ X.T"])
def test_the_verdict_does_not_depend_on_the_clock(tmp_path, monkeypatch, style, old):
    text, name, _ = RIGHT[style]
    text = text.replace(old, "2 * G @ X.T") if old else text
    found = check(text, name, tmp_path).report
    hours = itertools.count(0, 3600)
    for clock in ("perf_counter", "monotonic", "time"):
        monkeypatch.setattr(time, clock, lambda: float(next(hours)))
    again = check(text, name, tmp_path).report
    assert again.passed == found.passed == (not old)
    assert [(t.name, t.passed, t.diagnosis, t.checked) for t in again.tensors] == [
        (t.name, t.passed, t.diagnosis, t.checked) for t in found.tensors
    ]


@pytest.mark.parametrize(
    ("style", "old", "new", "key", "tensors"),
    [
        ("dict of lists", "* (H > 0)", "* 1", "relu-mask-missing", {"W[0]", "b[0]"}),
        ("one layer", "G @ X.T / n", "G @ X.T", None, {"W"}),
        ("rows", "+ reg * W1", "+ 2 * reg * W1", None, {"W1"}),
    ],
)
def test_causes_are_named_with_the_names_of_the_file(tmp_path, style, old, new, key, tensors):
    text, name, _ = RIGHT[style]
    report = check(text.replace(old, new), name, tmp_path)
    assert report.causes
    assert set(report.causes[0].tensors) == tensors
    if key is not None:
        assert report.causes[0].key == key
    assert all(report.causes[0].sentence in t.verdict for t in report.report.tensors if not t.passed)


def test_the_network_that_the_code_computes_is_in_the_notes(tmp_path):
    notes = check(*RIGHT["dict of lists"][:2], tmp_path).report.notes
    assert "it computes: 2 layers, ReLU, softmax cross entropy, 0.1 * sum W^2" in notes


def test_a_mode_that_is_not_training_or_testing_is_left_as_it_is(tmp_path):
    text = ONE_LAYER.replace(
        "Y, W, b, lamda):\n", "Y, W, b, lamda, mode='mean'):\n        if mode != 'mean': return 0.0\n"
    )
    assert text != ONE_LAYER
    assert check(text, "ComputeGradients", tmp_path).passed


def test_an_argument_that_is_compared_with_a_number_is_given_it(tmp_path):
    text = ONE_LAYER.replace(
        "Y, W, b, lamda):\n", "Y, W, b, lamda, way):\n        if way != 3 and not way == 2: return None\n"
    )
    assert text != ONE_LAYER
    report = check(text, "ComputeGradients", tmp_path)
    assert report.passed, report
    assert "no cost" not in " ".join(report.report.notes)
