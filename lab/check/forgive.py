"""Differences that are no mistakes: an eps in the logarithm, equal pixels in a max pooling, a division by the batch or
the penalty in a layer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.gradcheck.check import TIES, GradientReport, TensorReport
from core.types import Array
from lab.check.code_target import StudentTarget
from lab.check.mistakes.evidence import listed
from lab.check.process import StudentProblemError

LAYERS = ("layer", "pair")
MOST = 1e-4  # of the largest gradient: what an eps may explain at most
INVERSE_P = 1e4  # one over the smallest probability that an eps of the log is thought to meet
MOST_OF_LOSS, INVERSE_P_OF_LOSS = 2e-2, 1e3  # of a loss that stands alone: no small gradient of a bias can hide there


def forgive(report: GradientReport, code: StudentTarget, form: str) -> GradientReport:
    """The report with what is no mistake passed, and a note that says what it is."""
    if report.passed or not any(t.checked or t.direction is not None for t in report.tensors if not t.passed):
        return report
    gradients = code.gradients(code.params)
    tensors, notes = _right_but_for_eps(report, code.facts, gradients)
    tensors, more = _right_but_at_ties(tensors)
    notes += more
    if form in LAYERS:
        tensors, more = _shared(tensors, code, gradients)
        notes += more
    elif code.facts.get("layers_divide") and [t.name for t in tensors] == ["x"]:
        tensors, more = _left_to_layers(tensors, code, gradients)
        notes += more
    passed = all(t.passed for t in tensors) and not report.findings
    return replace(report, passed=passed, tensors=tensors, notes=(*report.notes, *notes))


def _right_but_for_eps(
    report: GradientReport, facts: Mapping[str, Any], gradients: Mapping[str, Array]
) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    eps = float(facts.get("log_eps", 0.0))
    largest = max((float(np.abs(g).max(initial=0)) for g in gradients.values()), default=0.0)
    most = min(INVERSE_P * eps, MOST)
    if [t.name for t in report.tensors] == ["x"]:
        most = max(most, min(INVERSE_P_OF_LOSS * eps, MOST_OF_LOSS))
    near = [t for t in report.tensors if not t.passed and t.checked and t.absolute <= most * largest]
    if not eps or not near:
        return report.tensors, ()
    right, words = passed_for_eps(report.tensors, near)
    whole = len(near) == len([t for t in report.tensors if not t.passed])
    names = "" if whole else f"{listed([t.name for t in near])}: "
    return right, (names + words,)


def passed_for_eps(tensors: tuple[TensorReport, ...], near: list[TensorReport]) -> tuple[tuple[TensorReport, ...], str]:
    """The tensors, of which those that are `near` pass in spite of an eps in the logarithm, and the words for that."""
    right = tuple(replace(t, passed=True, diagnosis="") if t in near else t for t in tensors)
    return right, f"right to {max(t.absolute for t in near):.0e}: an eps in the log?"


def _right_but_at_ties(tensors: tuple[TensorReport, ...]) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    """A max pooling that gives dy to every pixel that is as large as the maximum: right wherever there is one."""
    if not any(t.diagnosis == TIES for t in tensors):
        return tensors, ()
    right = tuple(replace(t, passed=True, diagnosis="") if t.diagnosis == TIES else t for t in tensors)
    return right, (
        "right where the largest pixel of a window is alone: where several are equal, as behind a ReLU, each gets all "
        "of dy, and one of them should",
    )


def _shared(
    tensors: tuple[TensorReport, ...], code: StudentTarget, gradients: Mapping[str, Array]
) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    """Parameters whose gradients are the mean over the batch or hold the penalty, where dx is right."""
    off = [t.name for t in tensors if not t.passed]
    n = code.examples or 1
    x = next((t for t in tensors if t.name == "x"), None)
    if x is None or not x.passed:
        return tensors, ()
    found = {name: _mixture(name, code, gradients) for name in off}
    parts = {part for part, _ in found.values()}
    whole = len(off) == len(tensors) - 1  # a bias that alone is a mean is a mistake
    mean = n > 1 and whole and not code.facts.get("loss_divides") and parts == {1 / n}
    weights = {slot["name"] for slot in code.facts["slots"] if slot["letter"] == "W"}
    penalised = [name for name, (_, c) in found.items() if c]
    if not (mean or parts == {1.0}) or any(name not in weights or found[name][1] < 0 for name in penalised):
        return tensors, ()
    words = [f"the layer adds the penalty to the gradient of {k} itself: {found[k][1]:.3g} W" for k in penalised]
    if mean:
        names = " and ".join(off)
        words.insert(
            0, f"the layer divides the gradients of {names} by the batch itself ({n}): right if its loss does not"
        )
    return _passed(tensors), tuple(words)


def _passed(tensors: tuple[TensorReport, ...]) -> tuple[TensorReport, ...]:
    return tuple(t if t.passed else replace(t, passed=True, diagnosis="") for t in tensors)


def _left_to_layers(
    tensors: tuple[TensorReport, ...], code: StudentTarget, gradients: Mapping[str, Array]
) -> tuple[tuple[TensorReport, ...], tuple[str, ...]]:
    """The gradient of a mean loss that leaves the division by the batch to the layers of the file."""
    n = len(code.facts["y"])
    if n == 1 or _mixture("x", code, gradients) != (n, 0.0):
        return tensors, ()
    return _passed(tensors), (f"the loss leaves the division by the batch ({n}) to the layers of the file",)


def _mixture(name: str, code: StudentTarget, gradients: Mapping[str, Array]) -> tuple[float, float]:
    """(s, c), if the gradient of a tensor is s times the right one and c times the tensor; (0, 0) if it is not."""
    value = code.params[name].reshape(-1)
    if name not in gradients or gradients[name].shape != code.params[name].shape:
        return 0.0, 0.0
    gradient, rng = gradients[name].reshape(-1), np.random.default_rng(3)
    rows, given = [], []
    for _ in range(4):
        v = rng.normal(size=value.size)
        try:
            rows.append([code.slope(name, v), float(value @ v)])
        except StudentProblemError:
            return 0.0, 0.0
        given.append(float(gradient @ v))
    found = np.linalg.lstsq(np.array(rows), np.array(given), rcond=None)[0]
    if np.abs(np.array(rows) @ found - given).max() > 1e-4 * np.abs(given).max():
        return 0.0, 0.0
    n = code.batch
    part = next((part for part in (1.0, 1 / n, float(n)) if abs(found[0] - part) < 1e-4 * part), 0.0)
    return part, float(found[1]) if abs(found[1]) > 1e-4 * abs(found[0]) else 0.0
