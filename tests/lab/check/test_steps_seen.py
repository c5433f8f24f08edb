"""Classes that only make steps, with names of any language: their gradients are seen as what a step has moved."""

import pytest

from tests.lab.check.in_process import check

NET = """
class Net:
    def __init__(self, n_in, n_hid, n_out, {rate}):
        self.wih = np.random.normal(0, n_in ** -0.5, (n_hid, n_in))
        self.who = np.random.normal(0, n_hid ** -0.5, (n_out, n_hid))
        self.lr = {rate}

    def {train}(self, {inputs}, {targets}):
        x, t = np.array({inputs}, ndmin=2).T, np.array({targets}, ndmin=2).T
        h = 1 / (1 + np.exp(-self.wih @ x))
        o = 1 / (1 + np.exp(-self.who @ h))
        e = (t - o) * o * (1 - o)
        eh = self.who.T @ e * {slope}
        self.who += self.lr * e @ h.T
        self.wih += self.lr * eh @ x.T

    def {query}(self, {inputs}):
        h = 1 / (1 + np.exp(-self.wih @ np.array({inputs}, ndmin=2).T))
        return 1 / (1 + np.exp(-self.who @ h))
"""
NAMES = {
    "English": "learning_rate train inputs_list targets_list query",
    "German": "lernrate trainieren eingabe_liste ziel_liste abfragen",
    "Spanish": "tasa_aprendizaje entrenar entradas objetivos consultar",
    "an unknown rate": "tempo train inputs_list targets_list query",
}


@pytest.mark.parametrize("tongue", NAMES)
@pytest.mark.parametrize(("slope", "wrong"), [("h * (1 - h)", []), ("h", ["wih"])])
def test_a_network_that_only_trains_is_checked_in_any_language(tongue, slope, wrong, tmp_path):
    text = NET.replace("{slope}", slope)
    for key, word in zip(("rate", "train", "inputs", "targets", "query"), NAMES[tongue].split(), strict=True):
        text = text.replace("{" + key + "}", word)
    found = check(text, "Net", tmp_path)
    assert not found.problem
    assert [t.name for t in found.report.tensors if not t.passed] == wrong


LOGISTIC = """
class LogisticRegression:
    def __init__(self, lr=0.1, n_iter=1000):
        self.lr, self.n_iter = lr, n_iter

    def {init}(self, n_features):
        self.w, self.b = np.zeros(n_features), 0.0

    def predict_proba(self, X):
        return 1 / (1 + np.exp(-(X @ self.w + self.b)))

    def cost(self, X, y):
        p = self.predict_proba(X)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    def step(self, X, y):
        error = {error}
        self.w -= self.lr * (X.T @ error / len(y))
        self.b -= self.lr * error.mean()

    def fit(self, X, y):
        self.{init}(X.shape[1])
        for _ in range(self.n_iter):
            self.step(X, y)
"""


@pytest.mark.parametrize("init", ["init_weights", "_initialize", "inicializar"])
@pytest.mark.parametrize(
    ("error", "right"), [("self.predict_proba(X) - y", True), ("y - self.predict_proba(X)", False)]
)
def test_parameters_that_fit_lets_another_method_make(init, error, right, tmp_path):
    found = check(LOGISTIC.replace("{init}", init).replace("{error}", error), "LogisticRegression", tmp_path)
    assert not found.problem
    assert found.passed == right
