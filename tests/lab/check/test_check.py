"""`gradlab check` of presets and of the reports' own settings."""

import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import lab.check.as_reported
from core.blas import one_thread
from core.gradcheck.check import Settings, check
from core.layers import Dense
from core.sequences import CharacterConv
from lab.check.as_reported import TABLE_1, check_like, passed
from lab.check.preset import check_preset
from lab.errors import LabError
from presets.build import build, load_data
from presets.load import load, names
from tests.sizes import size

RIGHT = """
import numpy as np

def square_forward(x):
    return x * x, x

def square_backward(dout, x):
    return 2 * x * dout
"""
WRONG = RIGHT.replace("2 * x", "3 * x")


@pytest.fixture
def students(tmp_path):
    """Write a student's file: students(text) -> its path."""

    def students(text: str, name: str = "mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return students


@pytest.fixture
def few_samples(monkeypatch):
    """Look at fewer coordinates than a person would."""
    monkeypatch.setattr(lab.check.as_reported, "SAMPLES", 40)
    monkeypatch.setattr(lab.check.as_reported, "NAMES_SAMPLES", 8)
    monkeypatch.setitem(lab.check.as_reported.EXAMPLES, "all examples", 2000)


@pytest.mark.parametrize(
    ("name", "method", "limit"),
    [(name, "complex", 1e-9) for name in names()[:: size(3, 1)]]
    + [(name, "central", 1e-5) for name in ("a1-test1", "a3-3layer-bn", "mnist-cnn", "names-best")],
)
def test_the_network_of_every_preset_passes(name, method, limit):
    report = check_preset(load(name), Settings(method=method, samples=25), examples=8)
    assert report.passed, report
    assert max(tensor.worst for tensor in report.tensors) < limit
    assert {tensor.name for tensor in report.tensors} >= {"W1", "b1"} - (
        {"b1"} if not load(name).network.bias else set()
    )


def test_a_network_is_checked_after_so_many_updates(monkeypatch):
    preset = load("a3-3layer-bn")
    trainer = build(preset, load_data(preset, "mini"))
    with one_thread():
        for snapshot in trainer.run():
            if snapshot.update == 5:
                break
    checked = []
    monkeypatch.setattr(
        "lab.check.preset.check", lambda objective, *rest: checked.append(objective) or check(objective, *rest)
    )
    report = check_preset(preset, Settings(samples=25), examples=8, updates=5)
    assert report.passed
    assert "after 5 updates" in report.notes[0]
    np.testing.assert_array_equal(checked[0].network.theta, trainer.network.theta)


@pytest.mark.parametrize("name", ["a2-setting1", "a3-3layer-bn"])
def test_a_mistake_in_a_layer_of_ours_is_found(monkeypatch, name):
    right = Dense.backward

    def wrong(self, dy):
        dx = right(self, dy)
        self.grads["b"] *= 2
        return dx

    monkeypatch.setattr(Dense, "backward", wrong)
    report = check_preset(load(name), Settings(samples=25), examples=8)
    failed = {tensor.name for tensor in report.tensors if not tensor.passed}
    assert failed == ({"b1", "b2"} if name == "a2-setting1" else {"b3"})  # before batch norm the true gradient is 0
    assert any("Dense" in finding for finding in report.findings)


def test_more_examples_than_there_are_is_refused():
    with pytest.raises(LabError, match="--examples 5000: there are 2,000 training examples"):
        check_preset(load("a2-setting1"), Settings(), examples=5000)


@pytest.mark.parametrize(("name", "inputs"), [("a2-setting1", 20), ("a2-setting2", 3072)])
def test_the_reports_checks_are_made_as_printed_as_meant_and_exactly(few_samples, name, inputs):
    printed, meant, exact = check_like(name)
    assert printed.passed
    assert exact.passed
    assert all(tensor.worst < 1e-6 for tensor in printed.tensors)  # as the report's box plots
    assert all(np.median(tensor.errors) < 1e-8 for tensor in meant.tensors)
    assert meant.tensors[0].shape == (inputs, 50)
    assert (printed.tensors[0].eps, meant.tensors[0].eps) == (0.1, 1e-6)


def test_the_eps_that_was_printed_passes_gradients_that_are_wrong(few_samples, monkeypatch):
    """Why the lab shows both."""
    right = Dense.backward

    def wrong(self, dy):
        dx = right(self, dy)
        self.grads["W"] += 5e-8
        return dx

    monkeypatch.setattr(Dense, "backward", wrong)
    reports = check_like("a2-setting1")
    assert [report.passed for report in reports] == [True, False, False]
    assert not passed(reports)


def test_the_names_report_is_checked_on_one_on_five_and_on_all_examples(few_samples):
    reports = check_like("names")
    assert [report.method for report in reports] == ["central", "complex"] * 3
    assert passed(reports)
    assert max(tensor.worst for report in reports[1::2] for tensor in report.tensors) < 1e-12
    for central, reported in zip(reports[::2], TABLE_1.values(), strict=True):
        assert [tensor.shape for tensor in central.tensors] == [(5, 29, 5), (5, 5, 5), (12 * 5, 18)]
        note = central.notes[0]
        assert all(
            f"{number:.2e} there, {t.worst:.2e} here" in note
            for number, t in zip(reported, central.tensors, strict=True)
        )
    one, _, many = (max(t.worst for t in report.tensors) for report in reports[::2])
    assert one < 1e-6
    assert many > 10 * one, "rounding errors grow with the number of examples, as in the report"


def test_a_wrong_gradient_of_characters_does_not_pass(few_samples, monkeypatch):
    right = CharacterConv.backward

    def wrong(self, dy):
        right(self, dy)
        self.grads["W"] *= 1.001

    monkeypatch.setattr(CharacterConv, "backward", wrong)
    assert not passed(check_like("names"))


def test_a_preset_is_checked_at_the_command_line(gradlab):
    code, out, err = gradlab("check", "a2-setting1")
    assert (code, err) == (0, "")
    for word in ("W1", "3072x50", "passes", "PASSES: a2-setting1, complex", "20 examples of CIFAR-10, embedded part"):
        assert word in out
    assert re.search(r"^W2 +\|-*\[", out, re.M)  # a box plot for every tensor


def test_settings_of_a_preset_can_be_changed_for_a_check(gradlab):
    document = json.loads(gradlab("check", "a2-setting1", "-s", "hidden=7,5", "--examples", "4", "--json")[1])
    assert [tensor["shape"] for tensor in document["tensors"][:4]] == [[3072, 7], [7], [7, 5], [5]]


def test_json_holds_what_the_contract_names(gradlab):
    code, out, _ = gradlab("check", "a1-test3", "--method", "directional", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["target"], document["method"], document["passed"]) == ("a1-test3", "directional", True)
    assert document["seconds"] < 2
    for tensor in document["tensors"]:
        assert set(tensor) >= {"name", "shape", "checked", "crossed", "worst", "median", "passed", "diagnosis"}


def test_a_report_is_checked_like_it_was(few_samples, gradlab):
    code, out, _ = gradlab("check", "--like", "a2-setting1")
    assert code == 0
    assert "eps = 0.1" in out
    assert "eps = 1e-06" in out
    assert len(json.loads(gradlab("check", "--like", "a2-setting1", "--json")[1])) == 3


def test_a_students_file_that_passes_exits_0_and_one_that_fails_1(gradlab, students):
    code, out, _ = gradlab("check", f"{students(RIGHT)}:square")
    assert code == 0
    assert "PASSES: mine.py:square" in out
    code, out, _ = gradlab("check", f"{students(WRONG)}:square")
    assert code == 1
    assert "FAILS: mine.py:square" in out
    assert "ratio 0.67" in out


def test_the_template_passes_its_own_check(gradlab, students):
    code, text, _ = gradlab("check", "--template")
    assert code == 0
    path = students(text)
    for name in re.findall(r"gradlab check FILE.py:(\w+)", text):
        assert gradlab("check", f"{path}:{name}")[0] == 0, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("check", "check what?"),
        ("check a2-setting1 --like a2-setting1", "check what?"),
        ("check a2-seting1", "did you mean a2-setting1?"),
        ("check --like a9", "--like a9: there are a2-setting1, a2-setting2, names"),
        ("check --like a2-setting1 --method complex", "it takes no --method"),
        ("check --like names --against dense", "it takes no --method, --examples, --against or --watch"),
        ("check a2-setting1 --watch", "--watch looks at a file: there is none called a2-setting1"),
        ("check pyproject.toml --watch --json", "--json prints one document"),
        ("check a1-test2 -s updates=20 --updates 21", "--updates 21: a1-test2 trains for 20"),
        (
            "check a2-setting1 -s eta_min=1e5 -s eta=1e6 --updates 30",
            "--updates 30: the loss was not finite at update 5",
        ),
        ("check none.py:f", "there is no file none.py"),
        ("check none.py", "there is no file none.py"),
        ("check none.ipynb:", "there is no file none.ipynb"),
        ("check none.py --against dense", "--against compares one layer: give it as none.py:NAME"),
        ("check none.py:f -s eta=1", "-s and --updates are for presets"),
        ("check a2-setting1 --against dense", "--against compares code of yours"),
        ("check a2-setting1 --method exact", "--method"),
        ("check a2-setting1 --examples 0", "--examples"),
        ("check a2-setting1 --examples 90000", "--examples 90000: there are"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_2(refused, arguments, message):
    refused(arguments, message)


def test_a_watched_file_is_checked_again_when_it_is_saved(students, tmp_path):
    path = students(RIGHT)
    code = "from lab.cli import main; main()"
    log = tmp_path / "log"

    def save():  # as editors do; again, should the first come before the watch has begun
        path.with_suffix(".new").write_text(WRONG)
        path.with_suffix(".new").replace(path)

    with log.open("w") as out:
        command = [sys.executable, "-c", code, "check", f"{path}:square", "--watch"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for("watching", log)
            wait_for("FAILS", log, meanwhile=save)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=60)
            finally:
                process.kill()
                process.wait()
    assert process.returncode == 130
    assert log.read_text().index("PASSES") < log.read_text().index("FAILS")


def wait_for(word, log, meanwhile=lambda: None):
    for _ in range(60):
        meanwhile()
        for _ in range(20):
            if word in log.read_text():
                return
            time.sleep(0.05)
    raise AssertionError(f"{word} never came: {log.read_text()}")


def test_checking_changes_nothing_random():
    once, again = (check_preset(load("a2-setting1"), Settings(samples=20), examples=4) for _ in range(2))
    assert [np.array_equal(a.errors, b.errors) for a, b in zip(once.tensors, again.tensors, strict=True)]


def test_a_cause_that_several_tensors_share_is_said_once(capsys):
    from rich.console import Console

    from lab.check.view import render
    from tests.tui.recorded import report, tensor

    wrong = [tensor(name, (5, 4), 0.3, passed=False) for name in ("W1", "b1")]
    render(report((*wrong, tensor("W2", (4, 3), 1e-15))), Console(width=100))
    out = capsys.readouterr().out
    assert out.count("the penalty, or its factor 2?") == 1
    assert out.count("fails: ") == 2


@pytest.mark.parametrize("width", range(26, 100))
def test_a_table_of_any_width_shows_every_tensor_and_its_verdict_in_full(width):
    from rich.console import Console

    from lab.check.view import table
    from tests.tui.recorded import tensor

    console = Console(width=width)
    rows = [tensor("W1", (3072, 50), 1e-9), tensor("b1", (50,), 0.3, passed=False)]
    with console.capture() as captured:
        console.print(table(rows, width))
    heading, _, first, second = (line.split() for line in captured.get().splitlines() if line.strip())
    assert heading[0] == "tensor"
    assert [first[0], first[-1], second[0], second[-1]] == ["W1", "passes", "b1", "FAILS"]
    assert not any("…" in cell for cell in (*heading, *first, *second))
    assert "worst" in heading
    assert width < 80 or heading == ["tensor", "shape", "checked", "crossed", "zero", "median", "worst", "direction"]


BATCHNORM = """
import numpy as np

def batchnorm_forward(x, gamma, beta, bn_param):
    momentum = bn_param.get("momentum", 0.9)
    running = bn_param.get("running_mean", np.zeros(x.shape[1]))
    mean, std = x.mean(0), np.sqrt(x.var(0) + bn_param.get("eps", 1e-5))
    xhat = (x - mean) / std
    bn_param["running_mean"] = momentum * running + (1 - momentum) * mean
    bn_param["seen"] = {len(x)}
    bn_param["count"] = np.float32(1)
    return gamma * xhat + beta, (xhat, std, gamma)

def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    g = dout * gamma
    dx = (g - g.mean(0) - xhat * (g * xhat).mean(0)) / std
    return dx, (dout * xhat).sum(0), dout.sum(0)
"""


def test_code_that_keeps_arrays_among_its_settings_is_checked(gradlab, tmp_path, monkeypatch):
    """CS231n's batch normalisation puts its running means into the settings that it was given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bn.py").write_text(BATCHNORM)
    assert gradlab("check", "bn.py:batchnorm")[0] == 0
    (tmp_path / "bn.py").write_text(BATCHNORM.replace("g - g.mean(0) - ", "g - "))
    assert gradlab("check", "bn.py:batchnorm")[0] == 1
