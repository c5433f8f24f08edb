"""Files of students, run in a process of their own: what is wrong with them is told by name and line."""

import io
import json
import re
import sys
import textwrap
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from lab.check.student import check_file
from lab.check.template import template
from lab.check.view import box_plots, render
from lab.check.worker.explain import explain
from lab.check.worker.objects import ObjectCode
from lab.check.worker.session import Session
from lab.check.worker.wire import receive, send
from lab.errors import LabError
from tests.lab.training.in_process import WorkerInProcess
from tests.processes import left

RIGHT = """
    import numpy as np

    class Model:
        def __init__(self):
            self.x = np.arange(12.0).reshape(4, 3) / 7
            self.params = {"W": np.ones((3, 2)) / 3, "b": np.zeros(2)}

        def loss(self):
            return np.sum((self.x @ self.params["W"] + self.params["b"]) ** 2)

        def grads(self):
            y = self.x @ self.params["W"] + self.params["b"]
            return {"W": 2 * self.x.T @ y, "b": 2 * y.sum(0)}
"""


@pytest.fixture
def check(alone, monkeypatch):
    """Checks a text as a file, here: where the process is not the subject, it only takes time."""
    monkeypatch.setattr("lab.check.student.Worker", WorkerInProcess)
    return alone


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Checks a text as a file, in a process of its own."""
    monkeypatch.chdir(tmp_path)

    def check(text, name="Model", replace=None, **options):
        text = textwrap.dedent(text)
        for old, new in (replace or {}).items():
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "mine.py"
        file.write_text(text)
        return check_file(file, name, **options)

    return check


def line(report, tmp_path, words):
    """The number of the line of the file that holds these words."""
    lines = (tmp_path / "mine.py").read_text().splitlines()
    return next(i + 1 for i, text in enumerate(lines) if words in text)


@pytest.mark.parametrize("method", ["complex", "central", "directional"])
def test_a_right_file_passes(check, method):
    report = check(RIGHT, method=method)
    assert report.passed, report.problem
    assert [t.name for t in report.report.tensors] == ["W", "b"]
    assert report.problem == report.prints == ""


@pytest.mark.parametrize(
    ("replace", "words"),
    [
        ({"2 * self.x.T @ y": "self.x.T @ y"}, "half of what it should be"),
        ({"2 * y.sum(0)": "2 * y"}, "it is not summed over the examples"),
        ({"2 * self.x.T @ y": "(2 * self.x.T @ y).T"}, "it is transposed"),
        ({', "b": 2 * y.sum(0)}': "}"}, "there is no gradient for b"),
        ({"2 * y.sum(0)": "np.zeros(2)"}, "never computed"),
        pytest.param(
            {"2 * y.sum(0)": "y.sum(0) / np.zeros(2)"},
            "is not finite, though J is near there (line",
            marks=pytest.mark.filterwarnings("ignore:divide by zero"),
        ),
    ],
)
def test_a_wrong_gradient_fails_and_says_why(check, replace, words):
    report = check(RIGHT, replace=replace)
    assert not report.passed
    assert words in " ".join(t.verdict for t in report.report.tensors)


def test_a_gradient_of_the_wrong_shape_names_the_line_of_the_function(alone, tmp_path):
    report = alone(RIGHT, replace={"2 * y.sum(0)": "2 * y"})
    assert f"(grads(), line {line(report, tmp_path, 'def grads')})" in report.report.tensors[1].verdict


BAD = {
    # what: (change, words of the message, words on the line it names)
    "exception": ({"y = self": "raise KeyError('no')\n        y = self"}, "KeyError: 'no'", "raise KeyError"),
    "exit": ({"y = self": "import sys; sys.exit(1)\n        y = self"}, "ends the program", "sys.exit"),
    "syntax": ({"def grads(self):": "def grads(self:"}, "this is not Python", "def grads"),
    "list": ({"2 * y.sum(0)": "[1.0, 2.0]"}, "grads()['b'] is a list, not a NumPy array", None),
    "params": ({'self.params = {"W": np.ones((3, 2)) / 3, "b": np.zeros(2)}': "self.params = [1]"}, "is a list", None),
    "no params": ({'{"W": np.ones((3, 2)) / 3, "b": np.zeros(2)}': "{}"}, "params is empty", None),
    "numbered params": ({'{"W": np.ones((3, 2)) / 3,': '{0: np.ones((3, 2)) / 3,'}, "params has the key 0", None),
    "integers": ({"np.zeros(2)": "np.zeros(2, int)"}, "params['b'] holds int64", None),
    "vector loss": ({"** 2)": "** 2, axis=1)"}, "loss() returns an array of shape (4,), not a number", None),
    "nan loss": ({"np.sum((": "np.log(-1.0) + np.sum(("}, "loss() gives nan", "np.log(-1.0)"),
    "random": ({"np.sum((": "np.random.rand() + np.sum(("}, "another value every time", "np.random.rand"),
    "mutation": (
        {"y = self.x": "self.params['W'] *= 0.9\n        y = self.x"}, "grads() changes params['W']", "*= 0.9"
    ),
    "new array": (
        {"y = self": "self.params['W'] = 2 * self.params['W']\n        y = self"}, "grads() changes params['W']", None
    ),
    "our core": ({"y = self": "import core; core.size + 1\n        y = self"}, "core is not installed", "core.size"),
    "no such name": ({"class Model": "class Other"}, "there is no Model in it", None),
    "no form": ({"def grads": "def slopes"}, "it needs params, loss() and grads()", None),
    "hard exit": ({"y = self": "import posix; posix._exit(3)\n        y = self"}, "the process (exit code 3)", None),
    "crash": ({"y = self": "import ctypes; ctypes.string_at(0)\n        y = self"}, "ended by SIGSEGV", "string_at"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_a_file_does_wrong_is_told_by_name_and_line(alone, tmp_path, what):
    replace, words, place = BAD[what]
    report = alone(RIGHT, replace=replace)
    assert not report.passed
    assert words in report.problem
    if place is not None:
        assert f"line {line(report, tmp_path, place)}" in report.problem


def test_an_endless_loop_ends_at_the_time_limit_and_names_its_line(alone, tmp_path):
    begun = time.monotonic()
    report = alone(RIGHT, replace={"y = self": "while True: pass\n        y = self"}, timeout=1)
    assert time.monotonic() - begun < 5
    assert "no answer within 1 s" in report.problem
    assert f"line {line(report, tmp_path, 'while True')}" in report.problem


def test_prints_are_kept_apart_and_survive_a_crash(alone):
    report = alone(RIGHT, replace={"import numpy as np": "import numpy as np\nprint('hello')"})
    assert report.passed
    assert report.prints == "hello\n"
    report = alone(RIGHT, replace={"import numpy as np": "import posix\nprint('hello', flush=True)\nposix._exit(1)"})
    assert report.prints == "hello\n"


def test_much_printing_is_cut(alone):
    report = alone(RIGHT, replace={"def loss(self):": "def loss(self):\n        print('x' * 1000)"})
    assert report.passed
    assert 1000 < len(report.prints) < 5000


def test_printing_without_end_fills_nothing(alone):
    report = alone(RIGHT, replace={"y = self": "while True: print('x' * 10000)\n        y = self"}, timeout=1)
    assert "no answer within 1 s" in report.problem
    assert 1000 < len(report.prints) < 5000


def beginning(process):
    """A change that lets the first loss() begin a process, and print its number."""
    text = f"""def loss(self):
        if not hasattr(self, "child"):
            import subprocess
            self.child = subprocess.Popen({process})
            print(self.child.pid)"""
    return {"def loss(self):": text}


def test_a_check_ends_with_all_that_the_file_has_begun(alone, tmp_path):
    report = alone(RIGHT, replace=beginning("['sh', '-c', 'while :; do echo >> beats; sleep 0.05; done']"))
    assert report.passed, report.problem
    beats = (tmp_path / "beats").stat().st_size
    time.sleep(0.5)
    assert (tmp_path / "beats").stat().st_size == beats


ESCAPES = {
    "another session": "p = subprocess.Popen(['sleep', '300'], start_new_session=True); print(p.pid)",
    "another environment": "p = subprocess.Popen(['/bin/sleep', '300'], start_new_session=True, env={}); print(p.pid)",
    "a parent that has ended": "subprocess.run(['sh', '-c', 'setsid sleep 300 > /dev/null 2>&1 & echo $!'])",
    "both": "subprocess.run(['sh', '-c', 'env -i setsid sleep 300 > /dev/null 2>&1 & echo $!'])",
    "a fork of its own": "p = os.fork() or (os.setsid(), os.fork() and os._exit(0), time.sleep(300)); print(p)",
    "its own end": "p = subprocess.Popen(['sleep', '300'], start_new_session=True); print(p.pid); os._exit(0)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes that leave their group cannot be found")
def test_no_process_survives_its_check_whatever_it_does(alone):
    """Also one that keeps the pipe of the prints, or that begins others."""
    begun = time.monotonic()
    for how, escape in ESCAPES.items():
        text = f"""def loss(self):
        if not hasattr(self, "child"):
            import os, subprocess, time
            self.child = True
            {escape}"""
        report = alone(RIGHT, replace={"def loss(self):": text})
        numbers = [int(line) for line in report.prints.split() if line.isdigit()]
        assert numbers, (how, report)
        assert report.passed == (how != "its own end"), (how, report.problem)
        assert not left(numbers), how
    assert time.monotonic() - begun < 60


def test_a_check_is_ended_from_another_thread(alone):
    def end(kill):
        threading.Timer(0.5, kill).start()

    begun = time.monotonic()
    report = alone(RIGHT, replace={"y = self": "while True: pass\n        y = self"}, began=end)
    assert "the process of the file was ended by SIGKILL: was it killed, or the memory too small?" in report.problem
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("raised", "problem"),
    [
        ("KeyboardInterrupt", "KeyboardInterrupt"),
        ("GeneratorExit('so')", "GeneratorExit: so"),
        ("type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", "Mute"),
    ],
)
def test_whatever_a_file_raises_is_said(alone, raised, problem):
    report = alone(RIGHT, replace={"y = self": f"raise {raised}\n        y = self"})
    assert report.problem.endswith(problem)
    assert report.prints == ""


def test_a_line_and_what_was_raised_there_stand_in_one_sentence(monkeypatch):
    monkeypatch.setattr("lab.check.worker.explain.Home.loaded", None)
    with pytest.raises(TypeError) as ended:
        for _ in 3:
            pass
    assert re.fullmatch(r"line \d+: for _ in 3: TypeError: 'int' object is not iterable", explain(ended.value))
    with pytest.raises(ValueError, match="shapes") as ended:
        np.zeros(2) + np.zeros(3)
    assert explain(ended.value).endswith("with shapes (2,) (3,)")


def test_a_parameter_may_be_a_single_number_without_axes(check):
    scalar = {'"b": np.zeros(2)}': '"b": np.array(0.5)}', '"b": 2 * y.sum(0)}': '"b": 2 * y.sum()}'}
    report = check(RIGHT, replace=scalar)
    assert report.passed, report.problem
    wrong = check(RIGHT, replace=scalar | {'"b": 2 * y.sum(0)}': '"b": 3 * y.sum()}'})
    assert [t.name for t in wrong.report.tensors if not t.passed] == ["b"]


def test_a_parameter_with_nothing_in_it_is_named(check):
    report = check(RIGHT, replace={'"b": np.zeros(2)}': '"b": np.zeros(2), "e": np.zeros((0, 3))}'})
    assert "['e'] has shape (0, 3): there is nothing in it" in report.problem


def test_the_students_own_packages_win(alone, tmp_path):
    for name in ("core", "data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"mine = '{name}'\n")
    (tmp_path / "layers.py").write_text("third = 1 / 3\n")
    imports = "import numpy as np, core, data\nfrom layers import third\nassert core.mine + data.mine == 'coredata'"
    report = alone(RIGHT, replace={"import numpy as np": imports, "np.ones((3, 2)) / 3": "np.ones((3, 2)) * third"})
    assert report.passed, report.problem


def test_parameters_are_left_as_the_student_made_them():
    """The loss is asked for at many places; between two questions the first values are there."""
    model = SimpleNamespace(params={"W": np.ones((2, 2))}, loss=lambda: model.params["W"].sum() ** 2)
    model.grads = lambda: {"W": 2 * model.params["W"].sum() * np.ones((2, 2))}
    session = Session()
    session.take(ObjectCode("model", model))
    session.cost({"name": "W", "index": 0}, {"step": np.array(0.5), "params/W": np.zeros((2, 2))})
    session.gradients({}, {"W": np.zeros((2, 2))})
    session.variants({"seed": 1}, {})
    session.variant({"code": 1}, {})
    np.testing.assert_array_equal(model.params["W"], 1)


PAIR = """
    import numpy as np

    def affine_forward(x, w, b):
        return x @ w + b, (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.sum(0)
"""
STATISTICS = """
    import numpy as np

    def batchnorm_forward(x, gamma, beta, bn_param):
        std = np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-5)
        z = (x - x.mean(0)) / std
        return gamma * z + beta, (z, gamma, std)

    def batchnorm_backward(dout, cache):
        z, gamma, std = cache
        return dout * gamma / std, (dout * z).sum(0), dout.sum(0)
"""
KERNEL = """
    import numpy as np

    def conv_forward(x, w, b):
        p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        v = np.lib.stride_tricks.sliding_window_view(p, (3, 3), (2, 3))
        return np.einsum("nchwij,fcij->nfhw", v, w) + b[:, None, None], (w, v)

    def conv_backward(dout, cache):
        w, v = cache
        p = np.pad(dout, ((0, 0), (0, 0), (1, 1), (1, 1)))
        d = np.lib.stride_tricks.sliding_window_view(p, (3, 3), (2, 3))
        dx = np.einsum("nfhwij,fcij->nchw", d, w[:, :, ::-1, ::-1])
        return dx, np.einsum("nfhw,nchwij->fcij", dout, v), dout.sum((0, 2, 3))
"""
POOL = """
    import numpy as np

    def pool_forward(x):
        n, c, h, w = x.shape
        cells = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = cells.max((3, 5))
        return y, (cells, y)

    def pool_backward(dout, cache):
        cells, y = cache
        d = (cells == y[:, :, :, None, :, None]) * dout[:, :, :, None, :, None]
        n, c, h, _, w, _ = d.shape
        return d.reshape(n, c, 2 * h, 2 * w)
"""
PAIRS = {
    "right": (PAIR, "affine", {}, ""),
    "bias of one example": (PAIR, "affine", {"dout.sum(0)": "dout[0]"}, "b matches the first example alone"),
    "bias a mean": (PAIR, "affine", {"dout.sum(0)": "dout.mean(0)"}, "b is divided by the number of examples"),
    "statistics": (STATISTICS, "batchnorm", {}, "x matches a batch normalisation whose mean and vari"),
    "conv right": (KERNEL, "conv", {}, ""),
    "kernel flipped": (KERNEL, "conv", {"w[:, :, ::-1, ::-1]": "w"}, "a kernel the wrong way round"),
    "kernel gradient flipped": (KERNEL, "conv", {"dout, v)": "dout, v)[:, :, ::-1, ::-1]"}, "flipped in both axes"),
    "pool, right but where pixels are equal": (POOL, "pool", {}, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", PAIRS)
def test_pairs_of_functions(check, what):
    text, name, replace, words = PAIRS[what]
    report = check(text, name, replace)
    assert report.problem == ""
    assert report.passed == (not words)
    assert words in " ".join([*(t.verdict for t in report.report.tensors), *report.report.notes])


STALE = """
    import numpy as np

    class Dense:
        def __init__(self):
            self.params = {"W": np.eye(4)[:, :3], "b": np.zeros(3)}
            self.grads = {"W": np.zeros((4, 3)), "b": np.zeros(3)}

        def forward(self, x):
            self.x = x
            return x @ self.params["W"] + self.params["b"]

        def backward(self, dy):
            self.grads["W"] += self.x.T @ dy
            self.grads["b"] = dy.sum(0)
            return dy @ self.params["W"].T
"""


def test_gradients_that_are_never_reset(check):
    report = check(STALE, "Dense")
    assert [t.name for t in report.report.tensors if not t.passed] == ["W"]
    assert "it is never reset" in report.report.tensors[1].verdict
    assert check(STALE, "Dense", {"+= self": "= self"}).passed


LAYER = """
    import numpy as np

    class Dense:
        def __init__(self):
            self.W = np.arange(15.0).reshape(5, 3) / 7

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, dy):
            self.dW = self.x.T @ dy
            return dy @ self.W.T
"""


def test_a_layer_without_params_has_them_beside_its_gradients(check):
    assert [t.name for t in check(LAYER, "Dense").report.tensors] == ["x", "W"]
    wrong = check(LAYER, "Dense", {"self.x.T @ dy": "np.zeros_like(self.W)"})
    assert [t.name for t in wrong.report.tensors if not t.passed] == ["W"]
    unseen = check(LAYER, "Dense", {"self.dW": "self.gradient"})
    assert unseen.passed
    assert "only dx is checked: there are no params and grads, and no dW" in unseen.report.notes[0]


def test_a_loss_that_does_not_read_its_params_is_told_so(check):
    report = check(
        RIGHT, replace={"self.x = np": "self.W = np.ones((3, 2)) / 3; self.x = np", '@ self.params["W"]': "@ self.W"}
    )
    assert [t.name for t in report.report.tensors if not t.passed] == ["W"]
    assert "J does not react to W at all" in report.report.tensors[0].verdict


def test_arguments_of_unknown_meaning_are_asked_for_and_taken_from_an_example(check):
    text = PAIR.replace("x, w, b):", "x, w, q):").replace("+ b", "+ q['shift']")
    assert "what is q of affine_forward()? Write affine_example()" in check(text, "affine").problem
    example = "    def affine_example():\n        return np.ones((4, 3)), np.eye(3)[:, :2], {'shift': np.zeros(2)}\n"
    report = check(text + "\n" + example, "affine")
    assert report.passed, report.problem
    assert [(t.name, t.shape) for t in report.report.tensors] == [("x", (4, 3)), ("w", (3, 2))]


COLUMN = (
    LAYER.replace("reshape(5, 3)", "reshape(15, 1)")
    .replace("x @ self.W", "x @ self.W + self.b")
    .replace("self.W =", "self.b = np.zeros((1, 1)); self.W =", 1)
    .replace("self.dW =", "self.db = dy.sum(0, keepdims=True); self.dW =")
)


@pytest.mark.parametrize(
    ("text", "name", "kind", "replace", "wrong"),
    [
        (PAIR, "affine", "dense", {}, []),
        (PAIR, "affine", "dense", {"x @ w + b": "x @ w - b", "dout.sum(0)": "-dout.sum(0)"}, ["output", "b"]),
        (PAIR, "affine", "dense", {"x, w, b": "X, w, b", "return x @": "x = X; return x @"}, []),
        (STATISTICS, "batchnorm", "batchnorm", {}, ["x"]),
        (KERNEL, "conv", "conv2d", {}, []),
        (KERNEL, "conv", "conv2d", {"w[:, :, ::-1, ::-1]": "w"}, ["x"]),
        (POOL, "pool", "maxpool", {}, []),
        (STATISTICS, "batchnorm", "batchnorm", {"1e-5": "1e-1"}, ["output", "x", "gamma"]),
        (COLUMN, "Dense", "dense", {}, []),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)
def test_a_layer_beside_gradlabs_own(check, text, name, kind, replace, wrong):
    report = check(text, name, replace, against=kind)
    assert [row.name for row in report.against if not row.passed] == wrong
    assert len(report.against) == 1 + len(report.report.tensors)


SOFTMAX = """
    import numpy as np

    class Softmax:
        def forward(self, x):
            e = np.exp(x)
            self.p = e / e.sum(AXIS, keepdims=True)
            return self.p

        def backward(self, dy):
            return self.p * (dy - (dy * self.p).sum(AXIS, keepdims=True))
"""


@pytest.mark.parametrize("axis", ["0", "1"])
def test_softmax_along_rows_and_along_columns(check, axis):
    report = check(SOFTMAX, "Softmax", {"AXIS": axis}, against="softmax")
    assert report.passed, report.problem
    assert [row.name for row in report.against] == ["output", "x"]


def test_code_for_real_numbers_only_is_checked_by_central_differences_and_the_report_says_so(check):
    report = check(RIGHT, replace={"return np.sum((": "return np.sum(np.abs("})
    assert report.passed
    assert report.report.method == "central"
    assert "central differences" in report.report.notes[0]
    assert not check(RIGHT, replace={"return np.sum((": "return np.sum(np.abs(", "2 * y.sum(0)": "y.sum(0)"}).passed


def test_what_cannot_be_compared_is_bad_input(check, tmp_path):
    with pytest.raises(LabError, match="there is no layer conv9"):
        check(PAIR, "affine", against="conv9")
    with pytest.raises(LabError, match="does not fit"):
        check(PAIR, "affine", against="batchnorm")
    with pytest.raises(LabError, match="a layer of kind dense does not fit"):
        check(template(), "relu", against="dense")
    with pytest.raises(LabError, match="only a layer"):
        check(RIGHT, against="dense")
    with pytest.raises(LabError, match="no file"):
        check_file(tmp_path / "other.py", "Model")


@pytest.mark.parametrize(("name", "kind"), [("my_network", None), ("Dense", "dense"), ("relu", "relu")])
def test_everything_in_the_template_passes(check, name, kind):
    report = check(template(), name, against=kind)
    assert report.passed, report.problem


def printed(report, width=80):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    render(report, console)
    return console.file.getvalue()


def test_a_report_in_the_terminal_fits_80_columns_and_says_what_failed(alone):
    report = alone(RIGHT, replace={"2 * self.x.T @ y": "self.x.T @ y", "import numpy": "print('hi')\nimport numpy"})
    text = printed(report)
    assert "  hi" in text
    assert "FAILS: mine.py:Model" in text
    assert "W fails: W[" in text
    assert "passes" in text
    assert all(len(row) <= 80 for row in text.splitlines() if "fails:" not in row)


def test_a_problem_in_the_terminal(check):
    text = printed(check(RIGHT, replace={"y = self": "raise KeyError('no')\n        y = self"}))
    assert "KeyError: 'no'" in text
    assert "NOT CHECKED" in text


def test_a_box_plot_shows_where_errors_lie(check):
    tensor = replace(check(RIGHT).report.tensors[0], errors=np.array([1e-14, 1e-12, 1e-11, 1e-10, 1e-8]))
    row, axis, _ = box_plots([tensor], 80)
    assert [row[axis.index(f"1e-{n}")] for n in (14, 12, 11, 10, 9, 8)] == ["|", "[", ":", "]", "T", "|"]


def test_the_report_is_json(check):
    report = check(PAIR, "affine", against="dense")
    document = json.loads(json.dumps(report.as_dict()))
    assert document["passed"] is True
    assert document["target"] == "mine.py:affine"
    assert [t["name"] for t in document["tensors"]] == ["x", "w", "b"]
    assert document["against"][0]["name"] == "output"


def test_frames_carry_numbers_and_no_objects():
    stream = io.BytesIO()
    send(stream, {"do": "x"}, {"a": np.arange(6.0).reshape(2, 3)[:, ::2], "scalar": np.array(1j)})
    stream.seek(0)
    head, arrays = receive(stream)
    assert head == {"do": "x"}
    np.testing.assert_array_equal(arrays["a"], [[0, 2], [3, 5]])
    assert arrays["scalar"].shape == ()
    hostile = io.BytesIO()
    text = json.dumps({"arrays": [["a", "|O", [1]]]}).encode()
    hostile.write(len(text).to_bytes(8, "little") + text + b"\0" * 8)
    hostile.seek(0)
    with pytest.raises(ValueError, match="holds object"):
        receive(hostile)
