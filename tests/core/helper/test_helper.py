"""A second process for the second part: the same bits with it, without it, when it is late and when it is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import core
from core.batches import Batches
from core.halves import HalvedObjective
from core.helper.process import Helper, helped
from core.helper.worker import work
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.optimisers import Momentum
from core.schedules import Constant
from core.shards import ShardedObjective
from core.streams import stream
from core.trainer import Trainer
from tests.processes import left

PATIENCE = 60  # seconds until a test that waits for another process fails
UPDATES = 60
ROWS = 9  # 70 rows are evaluated in pieces of 9


def shards(rng):
    network = Network([Dense(9), ReLU(), Dropout(0.2, rng), Dense(3)], (12,))
    return ShardedObjective(network, 0.01, SoftmaxCrossEntropy(0.1)), network


def halves(rng):
    network = Network([Flatten(), Dense(40), BatchNorm(), ReLU(), Dropout(0.2, rng), Dense(3)], (8, 8, 3))
    return HalvedObjective(network, 0.01, SoftmaxCrossEntropy(0.1)), network


TASKS = {shards: 1, halves: 2}  # that a helper does for an update


def build(kind=shards, updates=UPDATES):
    dropout, rng = stream(0, "dropout"), np.random.default_rng(0)
    objective, network = kind(dropout)
    network.initialise(stream(0, "init"))
    x, y = rng.normal(size=(70, *network.input_shape)).astype(np.float32), rng.integers(0, 3, 70)
    batches, monitored = Batches(x, y, 20, stream(0, "order")), {"training": (x, y)}
    return Trainer(objective, batches, Momentum(), Constant(0.1), updates, 25, monitored, {"dropout": dropout})


def bits(trainer):
    return {name: array.tobytes() for name, array in trainer.state().items()}


def end(trainer):
    return repr(list(trainer.run())), bits(trainer)


@pytest.fixture(scope="module", params=[shards, halves], ids=lambda kind: kind.__name__)
def kind(request):
    with patch("core.objective.EVALUATION_BYTES", build(request.param).network.widest * 4 * ROWS):
        yield request.param


@pytest.fixture(scope="module")
def alone(kind):
    return end(build(kind))


@pytest.fixture(autouse=True)
def _always_at_work():
    """Whether it pays or not: that depends on the machine."""
    with patch(
        "core.helper.shifts.Shifts.working", property(lambda shifts: True, lambda shifts, value: None), create=True
    ):
        yield


@pytest.fixture
def in_a_thread():
    """The working side as a thread: it keeps to the same board and pipe, and costs no process."""

    def start(helper):
        reads, writes = os.pipe()
        thread = threading.Thread(target=work, args=(helper._board, reads), daemon=True)
        thread.start()
        started.append((thread, writes))
        helper._write = lambda message: os.write(writes, message)
        helper._process = StandIn()

    class StandIn:
        """Nothing to end here."""

        stdin = open(os.devnull, "wb")  # noqa: SIM115, PTH123
        poll = staticmethod(lambda: None)
        wait = staticmethod(lambda seconds=None: None)

    started = []
    with patch.object(Helper, "start", start):
        yield
    for thread, writes in started:
        os.close(writes)
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it ends when the pipe does"


@pytest.mark.usefixtures("in_a_thread")
@pytest.mark.parametrize("patience", [10.0, 0.0], ids=["waited for", "always late"])
def test_the_helper_changes_no_bit(kind, alone, patience):
    trainer = build(kind)
    waiting = patch.multiple("core.helper.process", PATIENCE=0, WAKING=patience)
    with waiting, helped(trainer, 2, at_once=True):
        helper, answers, evaluated = trainer.objective.helper, [], []
        answer, logits, in_time = helper.answer, helper.logits, helper._in_time

        def late_by_force():  # it may be done before it is asked; on a busy machine it would never have its turn
            time.sleep(0.001)
            return in_time() and patience > 0

        helper._in_time = late_by_force
        helper.answer = lambda: answers.append(answer()) or answers[-1]
        helper.logits = lambda: evaluated.append(given := logits()) or given
        assert end(trainer) == alone
    assert len(answers) > 0
    assert all(given is not None for given in answers) == (patience > 0)
    assert patience == 0 or (len(answers), len(evaluated)) == (TASKS[kind] * UPDATES, 4 * 4)


@pytest.mark.usefixtures("in_a_thread")
def test_a_run_is_resumed_with_a_helper_or_without_and_ends_with_the_same_bits(kind, alone):
    first = build(kind, 30)
    with helped(first, 2, at_once=True):
        list(first.run())
    second = build(kind)
    second.restore(first.state())
    with helped(second, 2, at_once=True):
        list(second.run())
    assert bits(second) == alone[1]


@pytest.mark.parametrize("cores", [1, 2])
def test_a_short_training_and_one_core_start_no_process(cores):
    trainer = build()
    with patch("subprocess.Popen", side_effect=AssertionError), helped(trainer, cores):
        list(trainer.run())
    assert trainer.objective.helper is None


def test_a_helper_that_is_killed_is_done_without(kind, alone, monkeypatch):
    trainer, snapshots = build(kind), []
    monkeypatch.setattr("core.helper.process.WAKING", PATIENCE)  # however slow the machine is
    with helped(trainer, 2, at_once=True):
        helper = trainer.objective.helper
        until = time.monotonic() + PATIENCE
        while not helper.ready and time.monotonic() < until:
            time.sleep(0.01)
        for snapshot in trainer.run():
            snapshots.append(snapshot)
            if snapshot.update == 20:
                assert helper._job == 4 + 20 * TASKS[kind], "half of the pieces of an evaluation, and every update"
                os.kill(helper._process.pid, signal.SIGKILL)
                helper._process.wait(PATIENCE)
                monkeypatch.setattr("core.helper.process.WAKING", 0.0)
    assert helper._job == 4 + 20 * TASKS[kind] + 1, "it is asked no more"
    assert (repr(snapshots), bits(trainer)) == alone


def test_a_helper_ends_when_who_asks_is_killed():
    program = """
import time
from core.halves import HalvedObjective
from core.helper.process import helped
from tests.core.helper.test_helper import build
trainer = build(updates=10**9)
with helped(trainer, 2, at_once=True):
    print(trainer.objective.helper._process.pid, flush=True)
    for _ in trainer.run():
        pass
"""
    root = Path(core.__file__).parents[1]
    asking = subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True)
    helper = int(asking.stdout.readline())
    asking.kill()
    asking.communicate()
    assert not left([helper], PATIENCE)
