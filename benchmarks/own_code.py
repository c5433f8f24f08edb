"""What the lab costs a student: their code trained by `gradlab run FILE:NAME --like a2-setting1`, beside their
own loop.

Both make the same updates on one core, and neither evaluates. They take turns. On a machine that others use, too, most
of the time goes into waiting for a core. So on Linux the processor time is told as well; for the lab, that of both its
processes.
Run it with: python -m benchmarks.own_code
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.turns import quartiles
from lab.training.code_run import trainer_of
from presets.build import load_data
from presets.load import load

UPDATES, TURNS = 64, 40
CODE = """
import numpy as np


def EvaluateClassifier(X, W, b):
    H = np.maximum(0, W[0] @ X + b[0])
    s = W[1] @ H + b[1]
    P = np.exp(s - s.max(axis=0))
    return P / P.sum(axis=0), H


def ComputeGradients(X, Y, P, H, W, b, lamda):
    n = X.shape[1]
    G = P - Y
    gW2 = G @ H.T / n + 2 * lamda * W[1]
    gb2 = G.sum(axis=1, keepdims=True) / n
    G = (W[1].T @ G) * (H > 0)
    return [G @ X.T / n + 2 * lamda * W[0], gW2], [G.sum(axis=1, keepdims=True) / n, gb2]


def ComputeCost(X, Y, W, b, lamda):
    P, _ = EvaluateClassifier(X, W, b)
    return -np.log(np.sum(Y * P, axis=0)).mean() + lamda * sum((w ** 2).sum() for w in W)
"""
LOOP = """
def train(X, Y, W, b, lamda, updates, rng):
    # as the assignment has it: columns of X in the order of a permutation
    n = X.shape[1]
    order = rng.permutation(n)
    for update in range(updates):
        i = update * 100 % n
        rows = order[i : i + 100]
        Xb, Yb = X[:, rows], Y[:, rows]
        P, H = EvaluateClassifier(Xb, W, b)
        gW, gb = ComputeGradients(Xb, Yb, P, H, W, b, lamda)
        eta = 1e-5 + update * 2e-4
        for k in range(2):
            W[k] -= eta * gW[k]
            b[k] -= eta * gb[k]


import sys, time
data = np.load(sys.argv[1])
X, Y = np.asfortranarray(data["X"]), data["Y"]  # the layout that is fastest for columns
rng = np.random.default_rng(1)
W = [rng.normal(size=(50, 3072)) * 0.02, rng.normal(size=(10, 50)) * 0.1]
b = [np.zeros((50, 1)), np.zeros((10, 1))]
for line in sys.stdin:
    began = time.perf_counter()
    train(X, Y, W, b, 0.01, int(line), rng)
    print(time.perf_counter() - began, flush=True)
"""


def measure() -> None:
    """Print seconds of both, and the ratio."""
    preset = load("a2-setting1", ["evaluate_every=100000", "cycles=20"])
    dataset = load_data(preset, "mini")
    with tempfile.TemporaryDirectory() as folder:
        mine, loop, data = (Path(folder) / name for name in ("mine.py", "loop.py", "data.npz"))
        mine.write_text(CODE)
        loop.write_text(CODE + LOOP)
        train = dataset.train
        np.savez(data, X=train.x.reshape(len(train), -1).T.astype(float), Y=np.eye(10)[train.y].T)
        trainer = trainer_of(mine, "ComputeGradients", preset, dataset, 1)
        trainer.agreement.leave_out()
        updates = trainer.run()
        next(updates)
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        own = subprocess.Popen([sys.executable, loop, data], env=alone, text=True, **pipes)
        turns: list[tuple[float, float, float, float]] = []  # seconds and processor time of the lab, then of the loop
        for turn in range(TURNS + 1):
            began, before = time.perf_counter(), _processor(os.getpid(), trainer.code.pid)
            for _ in range(UPDATES):
                next(updates)
            ours, used = time.perf_counter() - began, _processor(os.getpid(), trainer.code.pid) - before
            before = _processor(own.pid)
            own.stdin.write(f"{UPDATES}\n")  # type: ignore[union-attr]
            own.stdin.flush()  # type: ignore[union-attr]
            theirs = float(own.stdout.readline())  # type: ignore[union-attr]
            if turn:  # the first warms up
                turns.append((ours, used, theirs, _processor(own.pid) - before))
        own.kill()
        trainer.code.end()
    lab, lab_processor, loop, loop_processor = zip(*turns, strict=True)
    _told("on the clock", lab, loop)
    if all(loop_processor):
        _told("processor time", lab_processor, loop_processor)


def _processor(*processes: int) -> float:
    """Seconds of processor time that processes have used, without their children; 0 where the system does not tell."""
    files = [Path(f"/proc/{number}/schedstat") for number in processes]
    return sum(int(file.read_text().split()[0]) for file in files if file.exists()) / 1e9


def _told(what: str, lab: Sequence[float], loop: Sequence[float]) -> None:
    ours, theirs = (1000 * statistics.median(each) / UPDATES for each in (lab, loop))
    low, middle, high = quartiles(lab, loop)
    print(f"{what}: lab {ours:.2f} ms an update, own loop {theirs:.2f} ms")
    print(f"  ratio {middle:.3f}, half of the turns from {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    measure()
