"""Code with a training loop of its own, trained like a preset: first small and watched, then with all data."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NotRequired, TypedDict

from core.types import Array
from data.dataset import Dataset
from lab.check.code_target import Asked
from lab.check.process import StudentProblemError, Worker
from lab.check.student import load
from lab.errors import LabError
from lab.own_loop.beside import beside_expected
from lab.own_loop.finding import Difference, DifferenceDocument
from lab.own_loop.judge import judge
from lab.own_loop.plan import LoopPlan, one_batch, small, whole
from lab.own_loop.printed import printed_series
from lab.own_loop.trace import LoopTrace, Tensors, read
from lab.visible import visible
from presets.schema import Preset

WATCHED = 120.0  # seconds the small training may take
TRAINED = 7 * 86400.0  # and the whole one

Began = Callable[[Callable[[], object]], object]  # is given what ends the file's process at once


@dataclass(frozen=True)
class LoopEnd:
    """What a training ended with. theta: W1 (d, m), b1 (m,) ...; averages: running means and variances, by where the
    code keeps them; seconds: that it took."""

    theta: Tensors
    averages: Mapping[str, Array]
    seconds: float


@dataclass(frozen=True)
class FitReport:
    """target: FILE:NAME; updates: how many were compared; first: the update and tensor at which the training parts from
    the preset's, and by how much of the update; series: the numbers it returned or printed in the whole training; at:
    the update of each, () if their count does not tell; beside: what they are beside the preset's, in words; names: W1
    -> what the student calls it; end: what the whole training ended with, None if that was not to be seen."""

    target: str
    preset: str
    updates: int
    findings: tuple[Difference, ...]
    first: tuple[int, str, float] | None = None
    series: Mapping[str, list[float]] = field(default_factory=dict)
    at: tuple[int, ...] = ()
    beside: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    end: LoopEnd | None = None

    @property
    def verdict(self) -> str:
        """Where it parts from the preset, if it does."""
        if not self.updates:
            return f"{self.target}: nothing could be compared with {self.preset}"
        all_agree = f"{self.target}: all {self.updates} updates agree with {self.preset}"
        if self.agrees:
            return all_agree if self.first is None else f"{all_agree}, but for what is noted here"
        if self.first is None:
            return f"{self.target}: the updates agree with {self.preset}, and something else does not"
        update, tensor, difference = self.first
        return f"{self.target} parts from {self.preset} at update {update}, {tensor} (by {difference:.2g} of its size)"

    @property
    def agrees(self) -> bool:
        """Is no mistake found?"""
        return not any(finding.wrong for finding in self.findings)

    def as_dict(self) -> "FitDocument":
        """Plain values for a JSON document."""
        first: FirstDocument | None = None
        if self.first is not None:
            first = {"update": self.first[0], "tensor": self.first[1], "difference": self.first[2]}
        return {
            "target": self.target,
            "preset": self.preset,
            "agrees": self.agrees,
            "updates": self.updates,
            "first": first,
            "findings": [finding.as_dict() for finding in self.findings],
            "series": {name: list(numbers) for name, numbers in self.series.items()},
            "beside": list(self.beside),
        }


class FirstDocument(TypedDict):
    """Where a training parts from the preset's. difference: relative to the size of the update."""

    update: int
    tensor: str
    difference: float


class FitDocument(TypedDict):
    """What `gradlab run FILE --like PRESET --fit NAME --json` prints."""

    target: str
    preset: str
    agrees: bool
    updates: int
    first: FirstDocument | None
    findings: list[DifferenceDocument]
    series: dict[str, list[float]]
    beside: list[str]
    run: NotRequired[str | None]  # path of the run directory, None where none could be kept; the command adds it


def fit(
    file: Path,
    name: str,
    preset: Preset,
    dataset: Dataset,
    python: Path | None = None,
    began: Began | None = None,
    says: Callable[[str], object] = lambda words: None,
) -> FitReport:
    """Compare the loop NAME of a file with a preset, then let it train with all data. began: is given what ends the
    file's process; says: is told what is done next. Raises LabError."""
    if not file.is_file():
        raise LabError(f"there is no file {file}")
    plan = small(preset, dataset)
    with Worker(WATCHED, python) as worker:
        if began is not None:
            began(worker.kill)
        try:
            load(worker, file.resolve())
            says(f"comparing {plan.updates} updates with {preset.name}")
            trace = watched(worker, name, plan)
            if file.suffix == ".m" and len(trace.snapshots) < 2:
                plan = one_batch(preset, dataset)
                trace = watched(worker, name, plan, calls=True)
            report = reported(f"{file}:{trace.name}", plan, trace, dataset)
            if not report.updates and trace.watched:
                return report
            says(f"training with all {len(dataset.train.y):,} examples")
            worker.timeout = TRAINED
            plan = whole(preset, dataset)
            series, end = trained(worker, trace, plan)
            beside = tuple(beside_expected(series, preset, dataset))
            return replace(report, series=series, at=counted(series, plan), beside=beside, end=end)
        except StudentProblemError as error:
            raise LabError(f"{file}:{name}: {error}") from None


def watched(asked: Asked, name: str, plan: LoopPlan, calls: bool = False) -> LoopTrace:
    """Let the loop train with a plan and watch it; calls: only by what it returns. Raises StudentProblemError."""
    facts, arrays = asked.ask("fit", plan.arrays(), **_question(name, plan, watched=True, way=-1, calls=calls))
    try:
        return read(facts, arrays, plan.sizes)
    except (KeyError, TypeError, ValueError) as error:
        raise StudentProblemError(f"the file wrote over the answers: {visible(repr(error))}") from None


def _question(name: str, plan: LoopPlan, *, watched: bool, way: int, calls: bool = False) -> dict[str, object]:
    head = {"name": name, "sizes": list(plan.sizes), "settings": dict(plan.settings)}
    return {**head, "watched": watched, "way": way, "calls": calls}


def reported(target: str, plan: LoopPlan, trace: LoopTrace, dataset: Dataset) -> FitReport:
    """What a watched training shows."""
    compared, findings = judge(plan, trace, dataset.variant == "mini")
    first = None
    if compared.first is not None:
        step, tensor = compared.first
        first = (step.number, trace.said(tensor), step.off[tensor])
    return FitReport(target, plan.preset.name, len(compared.steps), tuple(findings), first, names=trace.names)


def trained(asked: Asked, trace: LoopTrace, plan: LoopPlan) -> tuple[dict[str, list[float]], LoopEnd | None]:
    """The series of a training that is called as the watched one was, and its end. Raises StudentProblemError."""
    began = time.perf_counter()
    facts, arrays = asked.ask("fit", plan.arrays(), **_question(trace.name, plan, watched=False, way=trace.way))
    seconds = time.perf_counter() - began
    try:
        seen = read(facts, arrays, plan.sizes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudentProblemError(f"the file wrote over the answers: {visible(repr(error))}") from None
    returned = {visible(name): numbers for name, numbers in seen.series.items()}
    end = None
    if seen.final >= 0 and seen.snapshots[-1].keys() == plan.start.keys():
        end = LoopEnd(seen.snapshots[-1], seen.averages[-1] if seen.averages else {}, seconds)
    return returned or printed_series(seen.prints), end


def counted(series: Mapping[str, list[float]], plan: LoopPlan) -> tuple[int, ...]:
    """The updates that the numbers of series of one length belong to: one for each update or each epoch, or one before
    the first epoch, too; () for another count."""
    epochs = tuple(range(plan.per_epoch, plan.updates + 1, plan.per_epoch))
    ways = (tuple(range(1, plan.updates + 1)), epochs, (0, *epochs))
    lengths = {len(numbers) for numbers in series.values()}
    return next((way for way in ways if {len(way)} == lengths), ())
