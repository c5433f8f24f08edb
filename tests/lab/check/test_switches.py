"""What is off by default is checked switched on as well: batch normalisation, dropout, an activation by its name."""

import pytest

from lab.check.worker.families import _namesakes
from tests.lab.check.in_process import check

CLASS = """
class MLP:
    def __init__(self, n_in, n_hidden, n_out, dropout=0.0, activation="relu"):
        self.rng = np.random.default_rng(1)
        self.W1, self.b1 = self.rng.normal(0, 0.3, (n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = self.rng.normal(0, 0.3, (n_hidden, n_out)), np.zeros(n_out)
        self.dropout, self.activation = dropout, activation

    def forward(self, X):
        self.X, s = X, X @ self.W1 + self.b1
        self.slope = s > 0 if self.activation == "relu" else 1.0
        if self.activation == "tanh":
            s = np.tanh(s)
            self.slope = {slope}
        self.mask = (self.rng.random(s.shape) > self.dropout) / (1 - self.dropout)
        self.H = (np.maximum(s, 0) if self.activation == "relu" else s) * self.mask
        e = np.exp(self.H @ self.W2 + self.b2)
        self.P = e / e.sum(axis=1, keepdims=True)
        return self.P

    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()

    def backward(self, y):
        G = self.P.copy()
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        self.dW2, self.db2 = self.H.T @ G, G.sum(axis=0)
        G = G @ self.W2.T * {mask} * self.slope
        self.dW1, self.db1 = self.X.T @ G, G.sum(axis=0)
"""
RIGHT = {"{slope}": "1 - s ** 2", "{mask}": "self.mask"}


def with_parts(text, **other):
    for name, part in (RIGHT | {"{" + k + "}": v for k, v in other.items()}).items():
        text = text.replace(name, part)
    return text


@pytest.mark.parametrize(
    ("other", "where"),
    [({}, ""), ({"mask": "1"}, "only with dropout=0.4"), ({"slope": "1 - s"}, "only with activation='tanh'")],
)
def test_what_a_constructor_leaves_off_is_checked_switched_on(other, where, tmp_path):
    found = check(with_parts(CLASS, **other), "MLP", tmp_path)
    assert not found.problem
    assert found.passed == (not where)
    wrong = [t.diagnosis for t in found.report.tensors if not t.passed]
    assert all(said.startswith(where) for said in wrong)
    assert not [note for note in found.report.notes if note.startswith("not checked")]


NORMED = """
def forward(X, Ws, bs, gammas, betas, use_bn=True):
    H, norms = [X], []
    for W, b, gamma, beta in zip(Ws, bs, gammas, betas):
        s = W @ H[-1] + b
        if use_bn:
            v = s.var(axis=1, keepdims=True) + 1e-6
            norms.append(((s - s.mean(axis=1, keepdims=True)) / np.sqrt(v), v))
            s = gamma * norms[-1][0] + beta
        H.append(np.maximum(s, 0))
    s = Ws[-1] @ H[-1] + bs[-1]
    return np.exp(s) / np.exp(s).sum(axis=0), H, norms


def cost(X, Y, Ws, bs, gammas, betas, lam, use_bn=True):
    P = forward(X, Ws, bs, gammas, betas, use_bn)[0]
    return -np.log((Y * P).sum(axis=0)).mean() + lam * sum((W**2).sum() for W in Ws)


def gradients(X, Y, Ws, bs, gammas, betas, lam, use_bn=True):
    P, H, norms = forward(X, Ws, bs, gammas, betas, use_bn)
    n, k, G = X.shape[1], len(Ws), P - Y
    gW, gb, ggamma, gbeta = [0] * k, [0] * k, [0] * (k - 1), [0] * (k - 1)
    for i in reversed(range(k)):
        gW[i], gb[i] = G @ H[i].T / n + 2 * lam * Ws[i], G.mean(axis=1, keepdims=True)
        G = Ws[i].T @ G
        if i > 0:
            G = {mask}
        if i > 0 and use_bn:
            hat, v = norms[i - 1]
            ggamma[i - 1], gbeta[i - 1] = (G * hat).mean(axis=1, keepdims=True), G.mean(axis=1, keepdims=True)
            G = G * gammas[i - 1]
            G = (G - G.mean(axis=1, keepdims=True) - hat * (G * hat).mean(axis=1, keepdims=True)) / np.sqrt(v)
    return gW, gb, ggamma, gbeta
"""


@pytest.mark.parametrize(
    ("mask", "where"), [("G * (H[i] > 0)", ""), ("G * (H[i] > 0) if use_bn else G", "only with use_bn=False")]
)
def test_batch_normalisation_is_checked_both_ways(mask, where, tmp_path):
    found = check(NORMED.replace("{mask}", mask), "gradients", tmp_path)
    assert not found.problem
    assert found.passed == (not where)
    assert all(where in t.diagnosis for t in found.report.tensors if not t.passed)


DEAF = """
class MLP:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = 0.3 * np.random.randn(n_hidden, n_in), np.zeros((n_hidden, 1))
        self.W2, self.b2 = 0.3 * np.random.randn(n_out, n_hidden), np.zeros((n_out, 1))

    def forward(self, X, dropout=None):
        H = np.maximum(self.W1 @ X + self.b1, 0)
        if dropout is not None:
            H = H * (np.random.rand(*H.shape) > dropout)
        s = np.exp(self.W2 @ H + self.b2)
        return s / s.sum(axis=0), H

    def cost(self, X, Y):
        P, _ = self.forward(X)
        return -np.log((Y * P).sum(axis=0)).mean()

    def gradients(self, X, Y, P, H):
        G = (P - Y) / X.shape[1]
        S = self.W2.T @ G * (H > 0)
        return S @ X.T, G @ H.T, S.sum(axis=1, keepdims=True), G.sum(axis=1, keepdims=True)
"""


HEARING = DEAF.replace("cost(self, X, Y):\n        P, _ = self.forward(X)", "cost(self, X, Y, P):").replace(
    "(self, X, Y, P, H):", "(self, X, Y):\n        P, H = self.forward(X)"
)


@pytest.mark.parametrize("text", [DEAF, HEARING])
def test_a_flag_that_only_one_of_cost_and_gradients_hears_is_left_as_it_is(text, tmp_path):
    found = check(text, "MLP", tmp_path)
    assert found.passed, f"{found.problem} {found.report.as_dict()}"


FLAGGED = """
class MLP:
    def __init__(self, n_in, n_hidden, n_out, batch_norm=True):
        self.on = batch_norm
        self.W1, self.gamma1 = 0.3 * np.random.randn(n_hidden, n_in), np.ones((n_hidden, 1))
        self.W2 = 0.3 * np.random.randn(n_out, n_hidden)

    def forward(self, X, batch_norm=True):
        s = self.W1 @ X
        v = s.var(axis=1, keepdims=True) + 1e-6
        hat = (s - s.mean(axis=1, keepdims=True)) / np.sqrt(v)
        H = np.maximum(self.gamma1 * hat if batch_norm else s, 0)
        p = np.exp(self.W2 @ H)
        return p / p.sum(axis=0), H, hat, v

    def cost(self, X, Y):
        return -np.log((Y * self.forward(X, self.on)[0]).sum(axis=0)).mean()

    def gradients(self, X, Y, batch_norm=True):
        P, H, hat, v = self.forward(X, batch_norm)
        G = (P - Y) / X.shape[1]
        grads = {"W2": G @ H.T}
        G = self.W2.T @ G * (H > 0)
        if batch_norm:
            grads["gamma1"] = (G * hat).sum(axis=1, keepdims=True)
            G = G * self.gamma1
            G = (G - G.mean(axis=1, keepdims=True) - hat * (G * hat).mean(axis=1, keepdims=True)) / np.sqrt(v)
        return {**grads, "W1": G @ X.T}
"""


def test_a_flag_of_the_constructor_is_told_to_the_methods_that_take_one(tmp_path):
    found = check(FLAGGED, "MLP", tmp_path)
    assert found.passed, f"{found.problem} {found.report.as_dict()}"


DROPPED = """
def forward_propagation(X, parameters, {rate}):
    np.random.seed(1)
    Z1 = parameters["W1"] @ X + parameters["b1"]
    D1 = np.random.rand(*Z1.shape) < {kept}
    A1 = np.maximum(0, Z1) * D1 / {kept}
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, (Z1, D1, A1, A2)

def compute_cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]

def backward_propagation(X, Y, cache, parameters, {name}):
    Z1, D1, A1, A2 = cache
    m = X.shape[1]
    dZ2 = A2 - Y
    dA1 = parameters["W2"].T @ dZ2 * D1{scaled}
    dZ1 = dA1 * (Z1 > 0)
    return {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
            "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m}
"""


@pytest.mark.parametrize(
    ("rate", "kept"),
    [("keep_prob=0.5", "keep_prob"), ("keep_prob=1", "keep_prob"), ("drop_rate=0.25", "(1 - drop_rate)")],
)
@pytest.mark.parametrize("right", [True, False])
def test_a_rate_that_forward_has_by_default_is_what_backward_is_given(rate, kept, right, tmp_path):
    parts = {"rate": rate, "kept": kept, "name": rate.split("=")[0], "scaled": f" / {kept}" if right else ""}
    found = check(with_parts(DROPPED, **parts), "backward_propagation", tmp_path)
    assert not found.problem
    assert found.passed == right


COSTS = """
class CrossEntropyCost:
    @staticmethod
    def fn(a, y):
        return np.sum(-y * np.log(a) - (1 - y) * np.log(1 - a)) / y.shape[1]

    @staticmethod
    def delta(a, y):
        return {ce}

class QuadraticCost:
    @staticmethod
    def fn(a, y):
        return 0.5 * np.sum((a - y) ** 2) / y.shape[1]

    @staticmethod
    def delta(a, y):
        return {quadratic}

class Net:
    def __init__(self, sizes, cost=CrossEntropyCost):
        self.cost = cost
        self.W = [np.random.normal(0, n ** -0.5, (m, n)) for n, m in zip(sizes, sizes[1:])]

    def forward(self, x):
        acts = [x]
        for W in self.W:
            acts.append(1 / (1 + np.exp(-W @ acts[-1])))
        return acts

    def gradients(self, x, y):
        acts = self.forward(x)
        d, gW = self.cost.delta(acts[-1], y), []
        for l in reversed(range(len(self.W))):
            gW.insert(0, d @ acts[l].T / y.shape[1])
            d = self.W[l].T @ d * acts[l] * (1 - acts[l])
        return gW
"""


@pytest.mark.parametrize(
    ("ce", "quadratic", "where"),
    [
        ("a - y", "(a - y) * a * (1 - a)", None),
        ("a - y", "a - y", "only with cost=QuadraticCost"),
        ("(a - y) * a * (1 - a)", "(a - y) * a * (1 - a)", ""),
    ],
)
def test_the_other_costs_of_a_file_are_tried_in_the_place_of_the_first(ce, quadratic, where, tmp_path):
    found = check(COSTS.replace("{ce}", ce).replace("{quadratic}", quadratic), "Net", tmp_path)
    assert not found.problem
    assert found.passed == (where is None)
    assert all(t.diagnosis.startswith(where or "") for t in found.report.tensors if not t.passed)


TWO_COSTS = """
def compute_loss(y, tx, w):
    return 0.5 * np.mean((y - tx @ w) ** 2)

def compute_gradient(y, tx, w):
    return -tx.T @ (y - tx @ w) / len(y)

def {cost}(y, tx, w):
    return np.mean(np.abs(y - tx @ w))

def {gradient}(y, tx, w):
    e = y - tx @ w
    return -tx.T @ {slope} / len(y)
"""


@pytest.mark.parametrize(
    ("cost", "gradient"),
    [("compute_loss_mae", "compute_subgradient_mae"), ("MAELoss", "grad_mae"), ("cost2", "gradient2")],
)
@pytest.mark.parametrize(("slope", "right"), [("np.sign(e)", True), ("e", False)])
def test_gradients_are_not_held_against_the_cost_of_others(cost, gradient, slope, right, tmp_path):
    text = TWO_COSTS.replace("{cost}", cost).replace("{gradient}", gradient).replace("{slope}", slope)
    found = check(text, gradient, tmp_path)
    assert not found.problem
    assert found.passed == right


@pytest.mark.parametrize(
    ("gradient", "kept"),
    [
        ("backward_propagation_with_dropout", ["compute_cost", "compute_cost_with_regularization"]),
        ("backward_propagation_with_regularization", ["compute_cost_with_regularization"]),
        ("compute_gradient_mse", ["compute_cost", "compute_cost_with_regularization"]),
    ],
)
def test_only_words_that_tell_losses_apart_decide_on_a_cost(gradient, kept):
    def named(name):
        def function(X, Y):
            return 0.0

        function.__name__ = name
        return function

    costs = [named("compute_cost"), named("compute_cost_with_regularization")]
    assert [f.__name__ for f in _namesakes(costs, named(gradient))] == kept


SHARED = """
def evaluate(X, Ws, bs, {how}seed=1):
    rng, masks, H = np.random.default_rng(seed), [], [X]
    for W, b in zip(Ws[:-1], bs[:-1]):
        h = np.maximum(W @ H[-1] + b, 0)
        masks.append({mask})
        H.append(h * masks[-1])
    P = np.exp(Ws[-1] @ H[-1] + bs[-1])
    return P / P.sum(axis=0), H, masks


def compute_cost(X, Y, Ws, bs, lam, {how}seed=1):
    P, _, _ = evaluate(X, Ws, bs, {given}seed)
    return -np.mean(np.log(np.sum(Y * P, axis=0))) + lam * sum((W**2).sum() for W in Ws)


def compute_gradients(X, Y, Ws, bs, lam, {how}seed=1):
    P, H, masks = evaluate(X, Ws, bs, {given}seed)
    grads_W, grads_b, G = [], [], (P - Y) / X.shape[1]
    for i in reversed(range(len(Ws))):
        grads_W.insert(0, G @ H[i].T + 2 * lam * Ws[i])
        grads_b.insert(0, G.sum(axis=1, keepdims=True))
        if i:
            G = Ws[i].T @ G * (H[i] > 0){again}
    return grads_W, grads_b
"""
SHARES = {
    "kept, 1": ("p=1.0, ", "p, ", "(rng.random(h.shape) < p) / p", "p=0.6"),
    "kept, told": ("p, ", "p, ", "(rng.random(h.shape) < p) / p", ""),
    "dropped, 0": ("p=0, ", "p, ", "(rng.random(h.shape) > p) / (1 - p)", "p=0.4"),
    "dropped, told": ("p, ", "p, ", "(rng.random(h.shape) >= p) / (1 - p)", ""),
}


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("again", [" * masks[i - 1]", ""], ids=["right", "wrong"])
def test_p_is_what_dropout_keeps_or_drops_where_a_forward_asks_for_it(share, again, tmp_path):
    how, given, mask, off = SHARES[share]
    parts = {"{how}": how, "{given}": given, "{mask}": mask, "{again}": again}
    text = SHARED
    for place, part in parts.items():
        text = text.replace(place, part)
    found = check(text, "compute_gradients", tmp_path)
    assert not found.problem
    assert found.passed == bool(again), found.report.as_dict()
    assert all(f"only with {off}" in t.diagnosis for t in found.report.tensors if not t.passed and off)


PENALISED_LAYER = """
class Dense:
    def __init__(self, n_in, n_out, {lam}):
        self.w, self.b, self.lam = np.random.randn(n_out, n_in), np.zeros((n_out, 1)), {name}

    def forward(self, x):
        self.x = x
        return self.w @ x + self.b

    def backward(self, g):
        self.grad_w = g @ self.x.T{penalty}
        self.grad_b = g.sum(axis=1, keepdims=True)
        return self.w.T @ g

    def {method}(self):
        return self.lam * (self.w ** 2).sum()
"""


@pytest.mark.parametrize(
    ("penalty", "right"), [(" + 2 * self.lam * self.w", True), (" + self.lam * self.w", False), ("", True)]
)
@pytest.mark.parametrize("method", ["penalty", "reg_loss", "l2_loss", "get_regularization_loss"])
@pytest.mark.parametrize("lam", ["lam=0.0", "lambda_"])
def test_a_layer_with_a_penalty_of_its_own_is_checked_with_it(lam, method, penalty, right, tmp_path):
    text = PENALISED_LAYER.replace("{lam}", lam).replace("{name}", lam.partition("=")[0])
    found = check(text.replace("{method}", method).replace("{penalty}", penalty), "Dense", tmp_path)
    assert not found.problem
    assert found.passed == right


MASKED = """
def EvaluateClassifier(X, W1, b1, W2, b2, p):
    H = np.maximum(W1 @ X + b1, 0)
    U = (np.random.rand(*H.shape) < p) / p
    P = np.exp(W2 @ (H * U) + b2)
    return P / P.sum(axis=0), H * U, U


def ComputeCost(P, Y, W1, W2, lam):
    return -np.mean(np.log(np.sum(Y * P, axis=0))) + lam * (np.sum(W1**2) + np.sum(W2**2))


def ComputeGradients(X, Y, P, H, U, W1, b1, W2, b2, lam):
    G = (P - Y) / X.shape[1]
    gW2, gb2 = G @ H.T + 2 * lam * W2, G.sum(axis=1, keepdims=True)
    G = W2.T @ G * (H > 0){again}
    return G @ X.T + 2 * lam * W1, G.sum(axis=1, keepdims=True), gW2, gb2
"""


@pytest.mark.parametrize("again", [" * U", " * (U > 0)", ""])
def test_a_mask_that_is_called_as_weights_are_is_what_forward_gave(again, tmp_path):
    found = check(MASKED.replace("{again}", again), "ComputeGradients", tmp_path)
    assert not found.problem
    assert found.passed == (again == " * U"), found.report.as_dict()


CROSSED = """
def forward(X, W, b):
    return 1 / (1 + np.exp(-(W @ X + b)))


def compute_cost(X, Y, W, b):
    p = forward(X, W, b)
    return -np.mean(np.sum(Y * np.log(p) + (1 - Y) * np.log(1 - p), axis=0))


def compute_gradients(X, Y, {p}, W, b):
    mask = {p} > 0
    G = mask * ({p} - Y) / {p} / (1 - {p}) * {p} * {slope} / X.shape[1]
    return G @ X.T, G.sum(axis=1, keepdims=True)
"""


@pytest.mark.parametrize("p", ["p", "P"])
@pytest.mark.parametrize("slope", ["(1 - {p})", "(1 + {p})"], ids=["right", "wrong"])
def test_p_of_1_minus_p_is_a_probability_where_nothing_is_drawn(p, slope, tmp_path):
    found = check(CROSSED.replace("{slope}", slope).replace("{p}", p), "compute_gradients", tmp_path)
    assert not found.problem
    assert found.passed == ("-" in slope), found.report.as_dict()
