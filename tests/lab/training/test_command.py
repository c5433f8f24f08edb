"""`gradlab run FILE:NAME --like PRESET`: a run like any other, with the student's file in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lab.check import trained
from lab.check.process import Worker
from lab.runs.store import RunStore, all_runs
from lab.training.code_trainer import CodeTrainer
from tests.lab.conftest import SMALL
from tests.lab.training.test_planted import FUNCTIONS, NETWORK
from tui.training import saved

CHANGES = [word for change in [*SMALL, "updates=20"] for word in ("-s", change)]
DROPOUT = NETWORK.replace(
    "            self.hs.append(np.maximum(s, 0))", "            self.hs.append(self.drop(s))"
).replace(
    "    def cost(self",
    "    def drop(self, s):\n"
    "        if s.shape[1] != 50:\n"  # while the code is read
    "            return np.maximum(s, 0)\n"
    "        self.t = getattr(self, 't', 0) + 1\n"
    "        return np.maximum(s, 0) * (1 + 0.01 * self.t + 0.1 * np.random.rand(*s.shape))\n\n    def cost(self",
)


@pytest.fixture(autouse=True)
def _in_a_process(_in_this_process, monkeypatch, tmp_path):
    monkeypatch.setattr(trained, "Worker", Worker)
    monkeypatch.chdir(tmp_path)


def only_run() -> RunStore:
    (store,) = all_runs(Path("runs"))
    return store


def test_it_is_a_run_like_any_other(gradlab):
    Path("mine.py").write_text(FUNCTIONS)
    code, out, _ = gradlab("run", "mine.py:ComputeGradients", "--like", "a2-setting1", *CHANGES, "--json")
    result = json.loads(out)
    assert (code, result["state"], result["updates"]) == (0, "done", 20)
    code, out, _ = gradlab("run", "a2-setting1", *CHANGES, "--json")
    ours = json.loads(out)
    for part, measures in ours["final"].items():
        assert result["final"][part] == pytest.approx(measures, rel=1e-4), part
    assert result["confusion"] == ours["confusion"]
    assert result["code"]["tensors"] == {"W1": "W[0]", "b1": "b[0]", "W2": "W[1]", "b2": "b[1]"}
    assert result["code"]["agreement"]["sentence"].startswith("Updates 1 to 20 agree with Gradlab's own network.")
    assert "were made without data.set = mnist (and" in result["code"]["verdict"]
    names = {path.name for path in Path(result["run"]).iterdir()}
    assert names >= {"preset.toml", "metrics.csv", "checkpoint.npz", "result.json", "code.json"}
    code, out, _ = gradlab("compare", result["run"], ours["run"])
    assert code == 0
    assert re.search(r"code +mine\.py +-", out)
    assert saved(RunStore(Path(result["run"]))).data == "MNIST, embedded part · code: mine.py"  # as the app shows it
    code, out, _ = gradlab("runs", result["run"])
    assert "code: mine.py, ComputeGradients" in out


def stopped_at(update, text, gradlab, monkeypatch):
    """Run this code, interrupt it at `update`, and resume it to its end. Returns the store of the run."""
    Path("mine.py").write_text(text)
    make = CodeTrainer._make

    def and_stop(self, etas):
        finite = make(self, etas)
        if self.update >= update:
            self.stop()
        return finite

    with monkeypatch.context() as patch:
        patch.setattr(CodeTrainer, "_make", and_stop)
        code, _, err = gradlab("run", "mine.py:Network", "--like", "a2-setting1", *CHANGES, "--threads", "1")
    assert code == 130
    assert "resume with: gradlab run --resume" in err
    return only_run()


def test_resumed_it_ends_with_the_same_bits(gradlab, monkeypatch):
    """The code draws random numbers and keeps a count, and both go on where they stood."""
    store = stopped_at(9, DROPOUT, gradlab, monkeypatch)
    assert gradlab("run", "--resume", str(store.path), "--threads", "1")[0] == 0
    gradlab("run", "mine.py:Network", "--like", "a2-setting1", *CHANGES, "--threads", "1", "--runs-dir", "whole")
    (whole,) = all_runs(Path("whole"))
    assert (store.path / "metrics.csv").read_bytes() == (whole.path / "metrics.csv").read_bytes()
    np.testing.assert_array_equal(store.checkpoint()["network.theta"], whole.checkpoint()["network.theta"])


def test_what_is_resumed_needs_the_code_as_it_was(gradlab, monkeypatch):
    store = stopped_at(9, NETWORK, gradlab, monkeypatch)
    Path("mine.py").write_text(NETWORK + "\n")
    code, _, err = gradlab("run", "--resume", str(store.path))
    assert code == 2
    assert "has changed since" in err
    Path("mine.py").unlink()
    code, _, err = gradlab("run", "--resume", str(store.path))
    assert code == 2
    assert "which is not at" in err


@pytest.mark.parametrize("line", ["raise ValueError('seven')", "os._exit(3)"])
def test_code_that_fails_at_an_update(gradlab, line):
    raising = "import os\n" + NETWORK.replace(
        "        G = (self.forward(",
        "        self.t = getattr(self, 't', 0) + (X.shape[1] == 50)\n"
        f"        if self.t == 17:\n            {line}\n        G = (self.forward(",
    )
    Path("mine.py").write_text(raising)
    code, out, err = gradlab("run", "mine.py:Network", "--like", "a2-setting1", *CHANGES)
    assert (code, out) == (1, "")
    assert "at update 17: mine.py:Network: " in err
    assert "Traceback" not in err
    store = only_run()
    assert [row["update"] for row in store.metrics()] == [0, 7, 14]
    if "raise" in line:
        assert "ValueError: seven" in err
        assert re.search(r"\n  mine.py, line \d+, in backward: raise ValueError\('seven'\)\n", err)
        assert store.reached()[0] == 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run mine.py:Network", "mine.py:Network: --like PRESET says how to train it"),
        ("run a2-setting1 --like a2-setting1", "a2-setting1: --like trains code of yours: give it as FILE:NAME"),
        ("run nowhere.py:Network --like a2-setting1", "there is no file nowhere.py"),
        (
            "run mine.py:Network --like cifar-cnn",
            "none of its weights is a kernel with three or four axes, and cifar-cnn has convolutions",
        ),
        ("run mine.py:Nothing --like a2-setting1", "there is no Nothing in it"),
        ("run mine.py:Relu --like a2-setting1", "it is a single layer"),
        ("run mine.py --like a2-setting1", "which part of it? mine.py:Network, mine.py:Relu"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(refused, tmp_path, arguments, message):
    layer = "\nclass Relu:\n    def forward(self, x):\n        self.x = x\n        return np.maximum(x, 0)\n"
    layer += "    def backward(self, dy):\n        return dy * (self.x > 0)\n"
    (tmp_path / "mine.py").write_text(NETWORK + layer)
    refused(arguments, message)
    assert not list((tmp_path / "runs").glob("*"))


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_killed_half_way_it_is_resumed(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    slow = NETWORK.replace(
        "        G = (self.forward(",
        "        import time; time.sleep(0.05 * (X.shape[1] == 50))\n        G = (self.forward(",
    )
    Path("mine.py").write_text(slow)
    command = [sys.executable, "-m", "gradlab", "run"]
    run = subprocess.Popen([*command, "mine.py:Network", "--like", "a2-setting1", *CHANGES], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (all_runs(Path("runs")) and len(only_run().metrics()) > 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    store = only_run()
    resumed = subprocess.run([*command, "--resume", store.path], check=False, capture_output=True, text=True)
    assert (resumed.returncode, store.result()["state"]) == (0, "done"), resumed.stderr
