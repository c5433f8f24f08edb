"""Measurements without training: the gradient checks of the reports and the efficiency experiment."""

import time
from collections.abc import Mapping, Sequence

from core.gradcheck.check import GradientReport, Settings
from lab.bench.efficiency import PRESET, UPDATES, experiment
from lab.check.as_reported import check_like
from lab.check.preset import check_preset
from lab.errors import LabError
from lab.machine import versions
from lab.reproduce.measures import JobResult
from presets.load import load

Errors = tuple[float, float]  # of a tensor: the largest relative one, and the largest absolute one


def timed(name: str) -> JobResult:
    """The numbers of a measurement, with the seconds they took and the versions they depend on."""
    began = time.perf_counter()
    numbers = _efficiency() if name == "efficiency" else _check(name)
    return {**numbers, "seconds": round(time.perf_counter() - began, 3), "versions": versions()}


def _efficiency() -> dict[str, float]:
    """Seconds of 100 updates by each method. Raises LabError if the gradients of the methods differ."""
    document = experiment(load(PRESET), UPDATES, watch=lambda way, update: None)
    if not document["same_gradient"]:
        raise LabError("the gradients of the methods differ, so their times cannot be compared")
    return {method["name"]: method["seconds"] for method in document["methods"]}


def _check(name: str) -> Mapping[str, float | Errors | Mapping[str, Errors]]:
    """By tensor (of names, by row of table 1 first) the largest relative and the largest absolute error; `exact`: the
    largest relative error of the complex step."""
    if name == "check a1-test3":
        printed, exact = (
            check_preset(load("a1-test3"), settings)
            for settings in (Settings("central", h=1e-5, eps=1e-6, samples=1000), Settings("complex"))
        )
        return {**_errors(printed), "exact": _worst([exact])}
    reports = check_like(name.removeprefix("check "))
    exact_ones = [report for report in reports if report.method == "complex"]
    printed_ones = [report for report in reports if report.method == "central"]
    if name == "check names":
        rows = {report.target.partition(", ")[2]: _errors(report) for report in printed_ones}
        return {**rows, "exact": _worst(exact_ones)}
    return {**_errors(printed_ones[0]), "exact": _worst(exact_ones)}  # the first is made with the eps that is printed


def _errors(report: GradientReport) -> dict[str, Errors]:
    return {tensor.name: (tensor.worst, tensor.absolute) for tensor in report.tensors}


def _worst(reports: Sequence[GradientReport]) -> float:
    return max(tensor.worst for report in reports for tensor in report.tensors)
