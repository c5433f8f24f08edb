"""Differences that are no mistakes: an eps in the logarithm, a division by the batch in a layer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.gradcheck.check import GradientReport, TensorReport
from core.types import Array
from lab.check.code_target import StudentTarget
from lab.check.process import StudentProblemError

MOST = 1e-4  # of the largest gradient: what an eps may explain at most


def forgive(report: GradientReport, code: StudentTarget, form: str) -> GradientReport:
    """The report with what is no mistake passed, and a note that says what it is."""
    if report.passed or not any(t.checked or t.direction is not None for t in report.tensors if not t.passed):
        return report
    gradients = code.gradients(code.params)
    tensors, notes = _right_but_for_eps(report, code.facts, gradients)
    if form == "layer" and not code.facts.get("loss_divides"):
        tensors, more = _divided(tensors, code, gradients)
        notes += more
    passed = all(t.passed for t in tensors) and not report.findings
    return replace(report, passed=passed, tensors=tensors, notes=(*report.notes, *notes))


def _right_but_for_eps(
    report: GradientReport, facts: Mapping[str, Any], gradients: Mapping[str, Array]
) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    eps = float(facts.get("log_eps", 0.0))
    largest = max((float(np.abs(g).max(initial=0)) for g in gradients.values()), default=0.0)
    most = min(100 * eps, MOST) * largest
    off = [t for t in report.tensors if not t.passed]
    if not eps or any(t.absolute > most or not t.checked for t in off):
        return report.tensors, ()
    words = f"right to {max(t.absolute for t in off):.0e}: an eps in the log?"
    return tuple(replace(t, passed=True, diagnosis="") if not t.passed else t for t in report.tensors), (words,)


def _divided(
    tensors: tuple[TensorReport, ...], code: StudentTarget, gradients: Mapping[str, Array]
) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    """Parameters whose gradients are the mean over the batch, where dx is right."""
    off = [t for t in tensors if not t.passed]
    n = code.examples or 1
    x = next((t for t in tensors if t.name == "x"), None)
    whole = len(off) == len(tensors) - 1  # a bias that alone is a mean is a mistake
    if n == 1 or x is None or not x.passed or not whole or not all(_is_mean(t.name, code, gradients, n) for t in off):
        return tensors, ()
    names = " and ".join(t.name for t in off)
    words = f"the layer divides the gradients of {names} by the batch itself ({n}): right if its loss does not"
    return tuple(replace(t, passed=True, diagnosis="") if not t.passed else t for t in tensors), (words,)


def _is_mean(name: str, code: StudentTarget, gradients: Mapping[str, Array], n: int) -> bool:
    if name not in gradients or gradients[name].shape != code.params[name].shape:
        return False
    v = np.random.default_rng(3).normal(size=gradients[name].size)
    try:
        up, down = (code.cost(name, slice(0, v.size), s * 1e-5 * v).cost.real for s in (1, -1))
    except StudentProblemError:
        return False
    slope, expected = (up - down) / 2e-5, n * float(gradients[name].reshape(-1) @ v)
    return abs(slope - expected) <= 1e-4 * (abs(slope) + abs(expected))
