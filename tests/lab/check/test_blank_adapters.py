"""Adapters for code of which no guess runs: one line is left to the student, and the rest is there."""

import re

import pytest

from lab.check.adapter import FILL_IN, _text
from lab.check.worker.blank import likely_gradient
from lab.check.worker.plan import read_plan
from lab.check.worker.session import Session
from tests.lab.check.in_process import check, imported, load
from tests.lab.check.test_through import LEFT_IN_A_DICT
from tests.lab.check.test_written_loops import ELEVEN_LINES
from tests.sizes import size

STRING = """
    def twice(q):
        return 2 * q

    def wobble(q, r, s, kappa):
        stretch = np.diff(q) - r
        value = 0.5 * kappa * np.sum(s * stretch**2)
        slope_r = -kappa * s * stretch
        slope_s = 0.5 * kappa * stretch**2
        return value, slope_r, slope_s
"""
CLASS = """
    class Blaster:
        def __init__(self, plan):
            self.mats = [np.random.randn(a, b) for a, b in zip(plan, plan[1:])]
            self.pulls = [None] * len(self.mats)

        def ripple(self, stuff):
            self.trail = [stuff]
            for m in self.mats[:-1]:
                stuff = np.tanh(stuff @ m)
                self.trail.append(stuff)
            return stuff @ self.mats[-1]

        def badness(self, stuff, wish):
            return 0.5 * np.sum((self.ripple(stuff) - wish) ** 2)

        def heave(self, stuff, wish):
            d = self.ripple(stuff) - wish
            for i in reversed(range(len(self.mats))):
                self.pulls[i] = self.trail[i].T @ d
                d = (d @ self.mats[i].T) * (1 - self.trail[i] ** 2)
"""
GLOBALS = """
    X, T = np.random.randn(9, 4), np.random.randn(9, 2)
    A, B = np.random.randn(4, 5), np.random.randn(5, 2)

    def through():
        global H, O
        H = np.tanh(X @ A)
        O = H @ B
        return O

    def misfit():
        return 0.5 * np.sum((through() - T) ** 2)

    def slopes():
        global dA, dB
        through()
        D = O - T
        dB = H.T @ D
        dA = X.T @ (D @ B.T * (1 - H**2))
"""
DICTS = """
    def run(x, noise, enc, dec):
        mu, logs = x @ enc["M"] + enc["m"], x @ enc["S"]
        z = mu + np.exp(0.5 * logs) * noise
        return mu, logs, z, z @ dec["R"] + dec["r"]

    def elbo(x, noise, enc, dec):
        mu, logs, z, r = run(x, noise, enc, dec)
        return 0.5 * np.sum((r - x) ** 2) - 0.5 * np.sum(1 + logs - mu**2 - np.exp(logs))

    def elbo_backward(x, noise, enc, dec):
        mu, logs, z, r = run(x, noise, enc, dec)
        dr = r - x
        gd = {"R": z.T @ dr, "r": dr.sum(0)}
        dz = dr @ dec["R"].T
        dl = dz * noise * 0.5 * np.exp(0.5 * logs) - 0.5 * (1 - np.exp(logs))
        dmu = dz + mu
        return {"M": x.T @ dmu, "m": dmu.sum(0), "S": x.T @ dl}, gd
"""
WORDS = """
    def forward(center, outside, negatives, E, O):
        v = E[center]
        pos, neg = 1 / (1 + np.exp(-O[outside] @ v)), 1 / (1 + np.exp(O[negatives] @ v))
        return -np.log(pos) - np.sum(np.log(neg)), (v, pos, neg)

    def backward(center, outside, negatives, E, O, cache):
        v, pos, neg = cache
        gE, gO = np.zeros_like(E), np.zeros_like(O)
        gE[center] = (pos - 1) * O[outside] + (1 - neg) @ O[negatives]
        gO[outside] += (pos - 1) * v
        for i, p in zip(negatives, neg):
            gO[i] += (1 - p) * v
        return gE, gO
"""
RANDOM = "r = np.random.default_rng(3); f = lambda *s: r.normal(size=s); "
FAMILIES = {  # text, what belongs in its line, the right part of a line and a mistake in its place
    "wobble": (STRING, "{'q': f(6), 'r': f(5), 's': r.random(5), 'kappa': 2.0}", "0.5 * kappa * stretch**2", "stretch"),
    "Blaster": (CLASS, "{'plan': [4, 5, 3], 'stuff': f(7, 4), 'wish': f(7, 3)}", "1 - self", "2 - self"),
    "slopes": (GLOBALS, "", "1 - H**2", "1 - H"),
    "elbo_backward": (
        DICTS,
        "{'x': f(7, 4), 'noise': f(7, 2), 'enc': {'M': f(4, 2), 'm': f(2), 'S': 0.1 * f(4, 2)},"
        " 'dec': {'R': f(2, 4), 'r': f(4)}}",
        "dz + mu",
        "dz",
    ),
    "backward": (
        WORDS,
        "{'center': 1, 'outside': 2, 'negatives': [0, 3, 4], 'E': f(6, 3), 'O': f(7, 3)}",
        "(1 - p) * v",
        "p * v",
    ),
}


def written(text, folder):
    """The adapter of the file, whichever function it is for."""
    session = Session()
    session.namespace = load(text, folder)
    reply, _ = session.adapter({"name": "", "examples": 7, "seed": 0}, {})
    plan = read_plan(reply["plan"])
    imported(folder / f"{session.namespace.__name__}.py")  # as it was before it was called
    return plan.name, _text(folder / f"{session.namespace.__name__}.py", session.namespace.__name__, [plan])


def filled(text, values):
    return re.sub(rf"raise ValueError\(.*{FILL_IN}.*", f"{RANDOM}self.given = {values}", text)


def left(text):
    return [line for line in text.splitlines() if line.startswith("    ") and FILL_IN in line]


@pytest.mark.parametrize("name", list(FAMILIES)[size(1, 0) :: size(2, 1)])
def test_one_line_is_left_and_the_rest_runs(name, tmp_path):
    text, values, right, mistake = FAMILIES[name]
    assert right in text
    for source, passes in ((text, True), (text.replace(right, mistake), False)):
        chosen, made = written(source, tmp_path)
        assert chosen == name
        assert len(left(made)) == bool(values)
        report = check(filled(made, values), name, tmp_path)
        assert not report.problem
        assert report.passed is passes


@pytest.mark.parametrize("name", ["NNBackward", "ReLU"])
def test_an_adapter_of_what_is_handed_the_derivative_passes_as_it_is(name, tmp_path):
    session = Session()
    session.namespace = load(LEFT_IN_A_DICT, tmp_path)
    plan = read_plan(session.adapter({"name": name, "examples": 7, "seed": 0}, {})[0]["plan"])
    made = _text(tmp_path / f"{session.namespace.__name__}.py", session.namespace.__name__, [plan])
    assert left(made) == []
    assert check(made, name, tmp_path).passed


def test_code_that_does_not_end_has_an_adapter_of_its_text_alone(tmp_path):
    session = Session()
    session.namespace = load(
        "def loss_and_slopes(u, v):\n    while True:\n        pass\n    return u @ v, v, u\n", tmp_path
    )
    plan = read_plan(session.adapter({"name": "", "examples": 7, "seed": 0, "quick": True}, {})[0]["plan"])
    assert plan.given() == {"u": "loss_and_slopes(u, v)", "v": "loss_and_slopes(u, v)"}


def test_a_loop_needs_no_adapter(tmp_path):
    session = Session()
    session.namespace = load(ELEVEN_LINES, tmp_path)
    told, _ = session.adapter({"name": "training_loop", "examples": 7, "seed": 0}, {})
    assert told == {"error": "training_loop needs no adapter: its loop is checked as it is", "nothing": True}


def test_an_adapter_that_is_not_filled_in_says_what_belongs_there(tmp_path):
    name, made = written(DICTS, tmp_path)
    assert "self.given = {'x': ..., 'noise': ..., 'enc': ..., 'dec': ...}" in left(made)[0]
    assert "elbo_backward(x, noise, enc, dec)" in left(made)[0]
    assert "is to be filled in" in check(made, name, tmp_path).problem


@pytest.mark.parametrize("name", ["to_grayscale", "central_difference", "accuracy"])
def test_no_adapter_is_about_a_function_that_gives_no_gradient(name, tmp_path):
    module = load(
        f"def {name}(z):\n    return z\n\ndef pull_back(z, up):\n    dz = up @ z.T\n    return dz\n", tmp_path
    )
    assert likely_gradient({k: getattr(module, k) for k in (name, "pull_back")}) == "pull_back"
