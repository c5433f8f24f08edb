"""All values of the reports, measured again: the trainings and measurements, and the verdicts.

They are saved in the runs directory in reproduce/: a run directory for each training, in seed-<seed>-<data>/, and a
file for each measurement, in checks/. An interrupted reproduction continues, and a complete one is only read. Values
measured with another version of Gradlab, NumPy or a preset are measured again.
"""

import re
import shutil
import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from data.catalogue import entries
from data.sources import SETS
from lab.disk import disk, exclusive, read_json, to_json, write_whole
from lab.errors import LabError
from lab.machine import versions
from lab.reproduce import experiments
from lab.reproduce.jobs import Job, MeasurementJob
from lab.reproduce.measures import JobResult, Results
from lab.reproduce.values import Value, jobs, values
from lab.reproduce.verdicts import EMBEDDED, FAILED, judge, tolerance
from lab.runs.store import RunStore
from lab.search import trial
from lab.search.shared_data import SharedData, data_key, shared
from lab.search.trial import STOP, Task
from lab.search.workers import Ended, ended, worker_pool
from presets.build import load_data
from presets.schema import Preset


@dataclass(frozen=True)
class Piece:
    """The task of a worker: one training, or one measurement (without a preset)."""

    job: Job
    seed: int
    folder: Path  # the run directory of a training; of a measurement its file, without the ending
    preset: Preset | None = None
    variant: str = ""
    number: int = 1  # among the trainings of a search

    def __hash__(self) -> int:
        return hash(self.folder)


class ValueRow(TypedDict):
    """A value and its verdict, as `gradlab reproduce --json` prints it."""

    id: str
    report: str
    what: str
    reported: float | None
    measured: float | None  # the mean over the seeds; None if it could not be measured
    tolerance: float | None
    verdict: str
    seconds: float
    reason: NotRequired[str]  # why it could not be measured
    spread: NotRequired[float]  # standard deviation over the seeds, of several


class Reproduction:
    """The values of one report or of all, for seeds 1 to `seeds`, on 'auto', 'mini' or 'full' data.

    run() makes the missing measurements. stop() can be called meanwhile, from any thread or a signal handler. `results`
    holds the result of every piece that is done; a failed piece has only a `reason`.
    """

    def __init__(self, runs: Path, report: str | None, variant: str, workers: int, seeds: int = 1) -> None:
        self.root = runs / "reproduce"
        self.values = values(report)
        self.seeds = seeds
        self.workers = workers
        self.pieces = [piece for job in jobs(self.values) for piece in self._pieces(job, variant)]
        self.results: dict[Piece, JobResult] = {}
        for piece in self.pieces:
            if (result := _kept(piece)) is not None:
                self.results[piece] = result
        self.taken_up = len(self.results)
        self._stopping = False
        self._loans: list[tuple[ExitStack, set[Future[Any]]]] = []  # shared data, and the trainings that need them

    @property
    def done(self) -> bool:
        """Has everything been tried?"""
        return len(self.results) == len(self.pieces)

    @property
    def embedded(self) -> bool:
        """Is something trained on an embedded part?"""
        return any(piece.variant == "mini" for piece in self.pieces)

    def stop(self) -> None:
        """Stop soon: running trainings stop after their current update and can be resumed."""
        self._stopping = True
        for folder in {piece.folder.parent for piece in self.pieces if piece.folder.parent.is_dir()}:
            (folder / STOP).touch()

    def run(self, watch: Callable[[Piece], None] = lambda piece: None) -> list[ValueRow]:
        """Measure; `watch` is given every piece that is done. Returns document(). Raises LabError, DataError."""
        with disk(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        with exclusive(self.root / "lock"):
            for stop in self.root.glob(f"*/{STOP}"):
                stop.unlink()
            if not self.done:
                self._work(watch)
            return self.document()

    # What there is to do

    def _pieces(self, job: Job, variant: str) -> Iterator[Piece]:
        slug = re.sub(r"[^\w.-]+", "-", job.name)
        if isinstance(job, MeasurementJob):
            yield Piece(job, 1, self.root / "checks" / slug)
            return
        for seed in range(1, self.seeds + 1):
            for number, preset in enumerate(job.presets(seed), 1):
                name = f"{slug}-{number:02d}" if job.trials else slug
                chosen = _chosen(preset, variant)
                yield Piece(job, seed, self.root / f"seed-{seed}-{chosen}" / name, preset, chosen, number)

    # Doing it

    def _work(self, watch: Callable[[Piece], None]) -> None:
        missing = [piece for piece in self.pieces if piece not in self.results]
        together = [piece for piece in missing if isinstance(piece.job, MeasurementJob) and not piece.job.alone]
        alone = [piece for piece in missing if isinstance(piece.job, MeasurementJob) and piece.job.alone]
        with worker_pool(self.workers) as (executor, _), ExitStack() as loans:
            try:
                at_work = {_measure(executor, piece): piece for piece in together}
                for preset, pieces in _by_data(missing):
                    self._collect(at_work, self.workers, watch)  # data are loaded when they are about to be needed
                    if self._stopping:
                        break
                    loan = loans.enter_context(ExitStack())
                    data = loan.enter_context(shared(partial(load_data, preset, pieces[0].variant)))
                    begun = {_train(executor, piece, data): piece for piece in pieces}
                    self._loans.append((loan, set(begun)))
                    at_work |= begun
                self._collect(at_work, 0, watch)
                for piece in alone:  # it measures time
                    if not self._stopping:
                        self._collect({_measure(executor, piece): piece}, 0, watch)
            except BaseException:
                self.stop()
                raise

    def _collect(self, at_work: dict[Future[Any], Piece], most: int, watch: Callable[[Piece], None]) -> None:
        """Take back what is done, until at most `most` pieces are at work; none of them, when all is to stop."""
        for call in ended(at_work, lambda: self._stopping, most):
            if (result := _received(call)) is not None:
                self.results[call.key] = result
                watch(call.key)
            for loan, futures in self._loans:
                if futures.isdisjoint(at_work):
                    loan.close()  # nobody needs these data any more

    # The values

    def document(self) -> list[ValueRow]:
        """What `--json` prints, of the values that have been measured for every seed."""
        return [self._row(value) for value in self.values if self._known(value)]

    def _known(self, value: Value) -> bool:
        return all(piece in self.results for piece in self.pieces if piece.job in value.jobs)

    def _row(self, value: Value) -> ValueRow:
        used = [piece for piece in self.pieces if piece.job in value.jobs]
        reasons = [self.results[piece]["reason"] for piece in used if "reason" in self.results[piece]]
        row: ValueRow = {
            "id": value.id,
            "report": value.report,
            "what": value.what,
            "reported": value.reported,
            "measured": None,
            "tolerance": tolerance(value),
            "verdict": FAILED,
            "seconds": round(sum(float(self.results[piece].get("seconds", 0.0)) for piece in used), 3),
        }
        if reasons:
            return {**row, "reason": reasons[0]}
        by_seed = [self._results(used, seed) for seed in range(1, self.seeds + 1)]
        numbers = [value.measure(results) for results in by_seed]
        row["measured"] = mean = statistics.fmean(numbers)
        row["verdict"] = judge(value, mean, value.holds is not None and all(map(value.holds, by_seed)))
        if value.rule != "equal" and any(piece.variant == "mini" for piece in used):
            row["verdict"] = EMBEDDED  # the reports' numbers are for the full data
        return {**row, "spread": statistics.stdev(numbers)} if self.seeds > 1 else row

    def _results(self, used: Sequence[Piece], seed: int) -> Results:
        """By job, the results with a seed; measurements have no seed."""
        results: dict[Job, list[JobResult]] = {}
        for piece in used:
            if piece.preset is None or piece.seed == seed:
                results.setdefault(piece.job, []).append(self.results[piece])
        return results


def _chosen(preset: Preset, variant: str) -> str:
    """'full' or 'mini': what 'auto' means for the data of a preset."""
    if SETS[preset.data.set].all_embedded:
        return "full"
    present = {entry.name for entry in entries() if entry.full == "present"}
    return variant if variant != "auto" else "full" if preset.data.set in present else "mini"


def _by_data(pieces: Sequence[Piece]) -> list[tuple[Preset, list[Piece]]]:
    """The trainings by the data they share, each set with a preset that asks for it."""
    sets: dict[str, tuple[Preset, list[Piece]]] = {}
    for piece in pieces:
        if piece.preset is not None:
            sets.setdefault(data_key(piece.preset), (piece.preset, []))[1].append(piece)
    return list(sets.values())


def _kept(piece: Piece) -> JobResult | None:
    """What was measured in an earlier session, if it was the same."""
    if piece.preset is None:
        result = read_json(piece.folder.with_suffix(".json"))
        return result if result and result.get("versions") == versions() else None
    store = RunStore(piece.folder)
    training = store.sound_result()
    if training is None or training["state"] != "done" or training.get("versions") != versions():
        return None
    return training if store.preset() == piece.preset else None


def _measure(executor: Executor, piece: Piece) -> Future[Any]:
    return executor.submit(experiments.timed, piece.job.name)


def _train(executor: Executor, piece: Piece, data: SharedData) -> Future[Any]:
    """Start a training, or resume it if its run directory has the same preset and is not finished."""
    assert piece.preset is not None, "a training has a preset"
    store = RunStore(piece.folder)
    with disk(piece.folder):
        begun = (piece.folder / "preset.toml").exists()
        result = store.sound_result()
        if begun and (store.preset() != piece.preset or (result and result["state"] != "interrupted")):
            shutil.rmtree(piece.folder)
        piece.folder.parent.mkdir(exist_ok=True)
    monitored = ("validation",) if piece.job.trials else ("train", "validation")  # type: ignore[union-attr]
    return executor.submit(trial.perform, Task(piece.number, piece.preset, piece.folder, data, monitored=monitored))


def _received(call: Ended[Piece, Any]) -> JobResult | None:
    """The result of a piece, kept on the disk; None if it was interrupted."""
    piece, outcome = call.key, call.value
    if outcome is None:
        return {"reason": call.failure} if call.failure else None
    if piece.preset is None:
        path = piece.folder.with_suffix(".json")
        with disk(path):
            path.parent.mkdir(exist_ok=True)
        write_whole(path, to_json(outcome) + "\n")
        return _kept(piece)
    if outcome.state == "interrupted" and outcome.reason:  # the disk: no other would get further
        raise LabError(f"{outcome.reason}; the same command continues")
    if outcome.state in ("failed", "diverged"):
        return {"reason": f"{outcome.state}: {outcome.reason}"}
    return _kept(piece) if outcome.state == "done" else None
