"""The gradient checks of the reports, repeated with their settings and judged by the complex step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from core.blas import one_thread
from core.gradcheck.check import GradientReport, Progress, Settings, check
from core.network import Network
from core.objective import Objective
from core.streams import stream
from lab.check.preset import embedded
from lab.errors import LabError
from presets.build import build
from presets.load import load
from presets.network import build_network
from presets.schema import Preset


def check_like(name: str, progress: Progress | None = None) -> list[GradientReport]:
    """The check of a report, one of REPORTS: by central differences as it was made, and by the complex step.

    `progress` is called with every tensor's report. Raises LabError for any other name.
    """
    if name not in REPORTS:
        raise LabError(f"--like {name}: there are {', '.join(REPORTS)}")
    with one_thread():
        return list(REPORTS[name](name, progress))


def passed(reports: list[GradientReport]) -> bool:
    """Are the gradients right? The complex step decides. Central differences show what the report could see."""
    return all(report.passed for report in reports if report.method == "complex")


# a2, figures 1 and 2


@dataclass(frozen=True)
class BoxPlots:
    """The settings of a check in report a2: n = 20 examples, the first `inputs` features, hidden 50, h = 1e-5.

    With eps = 0.1, as printed, errors much smaller than 0.1 do not show. With eps = 1e-6, as meant, the rounding errors
    of a cost of 10 (lambda = 0.1) can exceed the tolerance. The complex step has neither problem.
    """

    where: str
    inputs: int
    lambda_: float

    def __call__(self, name: str, progress: Progress | None) -> Iterator[GradientReport]:
        preset = load("a2-setting1")
        part = embedded(preset).train
        x, y = part.x.reshape(len(part), -1)[:20, : self.inputs], part.y[:20]
        objective = Objective(_drawn(preset, self.inputs), self.lambda_)
        note = f"{self.where}: n = 20, d = {self.inputs}, lambda = {self.lambda_:g}; the embedded part of CIFAR-10"
        for how, settings in {
            "eps = 0.1, as printed": Settings("central", h=1e-5, eps=0.1, tolerance=1e-6),
            "eps = 1e-06, as meant": Settings("central", h=1e-5, eps=1e-6, tolerance=1e-6),
            "exact": Settings("complex"),
        }.items():
            settings = replace(settings, samples=SAMPLES, seed=preset.seed)
            report = check(objective, x, y, settings, progress, f"{name}, {how}")
            yield replace(report, notes=(note, *report.notes))


SAMPLES = 1000


def _drawn(preset: Preset, inputs: int) -> Network:
    network = build_network(preset.network, (inputs,), 10, np.random.default_rng())
    network.initialise(stream(preset.seed, "init"))
    return network


# names, table 1

# The largest relative errors the report found of F1, F2 and W, which are W1, W2 and W3 here.
TABLE_1 = {
    "first example": (1.20e-8, 1.36e-7, 7.73e-7),
    "first five": (9.46e-7, 5.19e-7, 1.42e-6),
    "all examples": (4.14e-4, 7.48e-6, 3.84e-4),
}
EXAMPLES = {"first example": 1, "first five": 5, "all examples": None}
NAMES_SAMPLES = 60  # of the tensors' 1,930 elements: a cost over all names takes its time


def _names(name: str, progress: Progress | None) -> Iterator[GradientReport]:
    """n1 = k1 = n2 = k2 = 5, h = 1e-6, eps = 1e-9.

    The sum over all examples hides nothing, but its rounding errors, divided by h, are as large as some elements are.
    The complex step, which subtracts nothing, shows that it was no bug.
    """
    preset = load("names-balanced", ["network.convolutions=[{filters=5, size=5}, {filters=5, size=5}]"])
    dataset = embedded(preset)
    objective, part = build(preset, dataset).objective, dataset.train
    for which, reported in TABLE_1.items():
        rows = slice(EXAMPLES[which])
        for settings in (Settings("central", h=1e-6, eps=1e-9, tolerance=1e-6), Settings("complex")):
            settings = replace(settings, samples=NAMES_SAMPLES, seed=preset.seed)
            report = check(objective, part.x[rows], part.y[rows], settings, progress, f"{name}, {which}")
            found = (tensor.worst for tensor in report.tensors)
            beside = "; ".join(
                f"{kernel} {theirs:.2e} there, {ours:.2e} here"
                for kernel, theirs, ours in zip(("F1 = W1", "F2 = W2", "W = W3"), reported, found, strict=True)
            )
            note = f"report names, table 1, {which}, largest relative errors: {beside}"
            yield replace(report, notes=(note, *report.notes))


REPORTS: dict[str, Callable[[str, Progress | None], Iterator[GradientReport]]] = {
    "a2-setting1": BoxPlots("report a2, figure 1", 20, 0.0),
    "a2-setting2": BoxPlots("report a2, figure 2", 3072, 0.1),
    "names": _names,
}
