"""Runs and gradient checks as they were recorded once: nothing in a screen depends on how fast or when a test runs."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.gradcheck.check import GradientReport, TensorReport
from lab.check.student import FileReport, StudentReport
from lab.runs.store import COLUMNS, RunStore
from lab.search.search import trials_of, with_trials
from lab.search.store import SearchStore
from presets.load import load
from presets.toml import dump

CLASSES = 10


def record(
    name: str,
    *changes: str,
    runs: Path = Path("runs"),
    state: str = "done",
    updates: int = 1000,
    accuracy: float = 0.46,
    variant: str = "full",
    every: int | None = None,
) -> RunStore:
    """A saved run of the preset that `name` (as in 20260102-030405-a2-setting1-00aa) mentions; state "killed" has no
    result. every: updates between evaluations; None for 20 of them."""
    preset = load(name[16:-5], changes)
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "preset.toml").write_text(dump(preset))
    np.savez(folder / "checkpoint.npz", update=updates, **{"run.variant": variant})
    rows = [_row(update, updates, accuracy) for update in range(0, updates + 1, every or max(1, updates // 20))]
    if state == "diverged" and len(rows) > 1:
        rows[-1] |= {column: math.inf for column in COLUMNS if column.endswith(("loss", "cost"))}
    with (folder / "metrics.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *([row[column] for column in COLUMNS] for row in rows)])
    store = RunStore(folder)
    if state != "killed":
        (folder / "result.json").write_text(json.dumps(_result(store, rows[-1], state, updates, accuracy, variant)))
    return store


def _row(update: int, updates: int, accuracy: float) -> dict[str, float]:
    grown = 1 - math.exp(-5 * update / updates)
    row = {"update": update, "epoch": update / 100, "eta": 1e-5 + 0.1 * (1 - abs(1 - 2 * update / updates))}
    for split, better in (("train", 0.08), ("validation", 0.0)):
        loss = 2.4 - (3 * accuracy - 0.5 + better) * grown
        measures = {"loss": loss, "cost": loss + 0.3, "accuracy": 0.1 + (accuracy - 0.1 + better) * grown}
        row |= {f"{split}_{measure}": round(value, 6) for measure, value in measures.items()}
    return row


def _result(store, last, state, updates, accuracy, variant):
    final = {
        split: {m: last[f"{split}_{m}"] for m in ("loss", "cost", "accuracy")} for split in ("train", "validation")
    }
    seen = {"loss": 1.5, "cost": 1.8, "accuracy": accuracy}
    final["test"] = dict.fromkeys(seen) if state == "diverged" else seen
    finite = {
        split: {m: v if v is not None and math.isfinite(v) else None for m, v in each.items()}
        for split, each in final.items()
    }
    reference = store.preset().reference
    return {
        "preset": store.preset().name, "run": str(store.path), "state": state, "updates": updates,
        "diverged_at": updates if state == "diverged" else None, "updates_planned": 1000, "variant": variant,
        "data": f"CIFAR-10, {'full' if variant == 'full' else 'embedded part'}: 10 train / 10 validation / 10 test",
        "judge": "test", "notes": [], "interventions": [],
        "seed": 1, "seconds": 3.0, "updates_per_second": 300.0, "final": finite,
        "parameters": 154160, "reference": reference.model_dump() if reference else None, "threads": 1,
        "classes": [str(i) for i in range(CLASSES)], "confusion": np.eye(CLASSES, dtype=int).tolist(),
        "scores": {name: [1.0] * CLASSES for name in ("precision", "recall", "f1")},
        "fingerprints": {}, "versions": {"gradlab": "0.1.0"},
    }  # fmt: skip


def some_runs() -> list[RunStore]:
    """One of every state, the oldest first: done, done with changes, interrupted, killed, diverged."""
    return [
        record("20260102-030405-a2-setting1-00aa", accuracy=0.4657),
        record("20260102-040506-a2-setting1-00bb", "lambda=0.05", "hidden=100,50", accuracy=0.41, variant="mini"),
        record("20260103-050607-a3-3layer-bn-00cc", state="interrupted", updates=600, accuracy=0.5),
        record("20260103-060708-a2-final-00dd", state="killed", updates=400, accuracy=0.43),
        record("20260104-070809-a1-test1-00ee", "eta=100000", state="diverged", updates=40, accuracy=0.1),
    ]


def tensor(name: str, shape: tuple[int, ...], worst: float, passed: bool = True) -> TensorReport:
    """What was found in a tensor; errors spread evenly on a logarithmic scale up to the worst."""
    errors = worst * np.logspace(-6, 0, 40)
    return TensorReport(
        name, shape, passed, "" if passed else "the penalty, or its factor 2?", checked=40, worst=worst,
        median=float(np.median(errors)), direction=worst / 10, tolerance=1e-9, errors=errors,
        places=np.linspace(0, np.prod(shape) - 1, 40).astype(int),
        worst_at=(0,) * len(shape), analytic=0.1, numeric=0.1 * (1 + 2 * worst),
    )  # fmt: skip


RIGHT = (tensor("W1", (3072, 50), 8e-15), tensor("b1", (50,), 2e-15), tensor("W2", (50, 10), 1e-14))
WRONG = (tensor("W1", (3072, 50), 0.3, passed=False), *RIGHT[1:])


def report(tensors: tuple[TensorReport, ...], target: str = "a2-setting1") -> GradientReport:
    """A check of these tensors."""
    passed = all(each.passed for each in tensors)
    return GradientReport(target, "complex", passed, tensors, 0.5, ("20 examples of CIFAR-10, embedded part",))


def file_report() -> FileReport:
    """The check of a whole file: a right layer, a wrong network, and something that could not be checked."""
    layer = (tensor("x", (7, 5), 3e-15), tensor("W", (5, 4), 2e-15), tensor("b", (4,), 1e-15))
    unfinished = replace(report((), "mine.py:conv"), passed=False)
    return FileReport(
        "mine.py",
        (
            StudentReport(report(layer, "mine.py:affine")),
            StudentReport(report(WRONG, "mine.py:ComputeGradients")),
            StudentReport(unfinished, "conv_backward() returns None: it is not written yet"),
        ),
        notes=("seaborn is not installed: what uses it was left out",),
    )


def searched(name: str, diverged: int | None = None, runs: Path = Path("runs")) -> SearchStore:
    """A finished search of the preset that `name` mentions; one trial may have diverged."""
    preset = with_trials(load(name[16:-5]), None)
    store = SearchStore(runs / name)
    store.path.mkdir(parents=True, exist_ok=True)
    values, _ = trials_of(preset)
    rows = []
    for number, drawn in enumerate(values, 1):
        bad = number == diverged
        wave = 0.02 * math.sin(number)
        row = {"trial": number, "values": drawn, "accuracy": None if bad else 0.5 + wave, "run": "", "seconds": 1.0}
        row["state"] = "diverged" if bad else "done"
        rows.append(row | ({"reason": "the loss was not finite at update 7"} if bad else {}))
    store.save_preset(preset)
    store.save_state({"variant": "full", "seconds": 20.0, "rungs": {}})
    store.save_result({"data": "CIFAR-10, full: 45,000 train", "trials": rows})
    return store
