"""A training of a student's own loop, kept as a run, with the parameters that it ended with.

What it returned of losses and accuracies are the rows of metrics.csv; Gradlab evaluates the end.
"""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from pathlib import Path

import numpy as np

from core.layers import BatchNorm
from core.network import Network
from core.objective import Evaluation
from core.trainer import Snapshot, Trainer
from data.dataset import Dataset
from lab.own_loop.evaluations import moments
from lab.own_loop.fit import FitReport, LoopEnd
from lab.runs.code import Code, CodeDocument
from lab.runs.result import Result
from lab.runs.run import Run
from lab.runs.store import NOT_EVALUATED, SPLITS, RunStore
from lab.watch.columns import role
from presets.build import build
from presets.schema import Preset

ENOUGH = 5  # rows with a training loss


class LoopRun(Run):
    """A run that was made elsewhere; go() writes it down."""

    def __init__(
        self, report: FitReport, end: LoopEnd, preset: Preset, dataset: Dataset, trainer: Trainer, store: RunStore
    ) -> None:
        """trainer: the preset's, whose network is as the code's ended."""
        super().__init__(preset, dataset, trainer, store, threads=1)
        self._report, self._end = report, end
        self._seconds = end.seconds

    def _train(self, watch: Callable[[Snapshot], None]) -> None:
        self.trainer.update = self.trainer.updates
        for snapshot in self._rows():
            self.store.append(snapshot)
        self.state = "done"

    def _rows(self) -> Iterator[Snapshot]:
        """What the code returned, at the updates that it belongs to; at the last one also what Gradlab evaluates."""
        told = {update: dict[str, Evaluation]() for update in (*self._report.at, self.trainer.updates)}
        for name, numbers in self._report.series.items():
            if (meant := role(name)) is None or (split := meant.split or "train") not in SPLITS:
                continue
            scale = 0.01 if meant.measure == "accuracy" and max(numbers) > 1.5 else 1.0
            for update, number in zip(self._report.at, numbers, strict=False):
                known = told[update].get(split, NOT_EVALUATED)
                told[update][split] = known._replace(**{meant.measure: scale * number})
        last = told[self.trainer.updates]
        for part, (x, y) in self.trainer.monitored.items():
            last[part] = _filled(last.get(part, NOT_EVALUATED), self.trainer.objective.evaluate(x, y))
        for update, evaluations in sorted(told.items()):
            eta = self.trainer.schedule(max(update - 1, 0))
            yield Snapshot(update, update / self.trainer.batches.per_epoch, eta, float("nan"), evaluations)

    def result(self, known: Mapping[str, Evaluation]) -> Result:
        """The result, and what was found about the code."""
        result, report = super().result(known), self._report
        path, _, name = report.target.rpartition(":")
        wrong = [finding for finding in report.findings if finding.wrong]
        code: CodeDocument = {
            "file": Path(path).name,
            "name": name,
            "tensors": {**dict.fromkeys(self._end.theta, ""), **report.names},
            "notes": [finding.sentence for finding in report.findings if not finding.wrong],
            "agreement": {
                "updates": report.updates,
                "parts_at": report.first[0] if report.first is not None and wrong else None,
                "tensors": [report.first[1]] if report.first is not None and wrong else [],
                "difference": report.first[2] if report.first is not None else 0.0,
                "factor": None,
                "evaluation": None,
                "sentence": " ".join([f"{report.verdict}.", *(finding.sentence for finding in wrong)]),
            },
            "verdict": " ".join(report.beside),
            "loop": True,
        }
        result["code"] = code
        losses = [row for row in self.store.metrics() if isfinite(row["train_loss"])]
        if len(losses) < ENOUGH:  # the code told little: there are no curves to read
            result["findings"] = []
        # the verdict says the same, and says it of every run
        result["findings"] = [each for each in result["findings"] if each["key"] != "beside-expected"]
        return result


def _filled(told: Evaluation, measured: Evaluation) -> Evaluation:
    """What the code told, and what was measured where it told nothing."""
    return Evaluation(*(b if a != a else a for a, b in zip(told, measured, strict=True)))


def keep_run(report: FitReport, preset: Preset, dataset: Dataset, runs: Path) -> Result | None:
    """A training as a run in `runs`; None where what it ended with was not to be seen. Raises LabError if the disk
    refuses."""
    trainer = build(preset, dataset)
    if report.end is None or not _ended(trainer.network, report.end):
        return None
    store = RunStore.create(runs, preset)
    path, _, name = report.target.rpartition(":")
    code = Code.of(name, Path(path).resolve(), loop=True)
    store.save_code(code.document(preset.name, store.path))
    return LoopRun(report, report.end, preset, dataset, trainer, store).go(lambda snapshot: None)


def _ended(network: Network, end: LoopEnd) -> bool:
    """Let a network be as the code's ended; False if its running statistics are not known."""
    for name, value in end.theta.items():
        network.tensors[name].value[...] = value
    norms = [layer for layer in network.layers if isinstance(layer, BatchNorm)]
    found = moments(end.averages, [layer.state["running"].shape[1] for layer in norms])
    for layer, moment in zip(norms, found or (), strict=False):
        layer.state["running"][...] = np.stack(moment)
    return found is not None
