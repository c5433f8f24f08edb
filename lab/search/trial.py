"""One trial of a search: the work of a worker process. It trains on one thread and writes a run directory."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from core.blas import one_thread
from core.trainer import Snapshot
from data.errors import DataError
from lab.disk import disk
from lab.errors import DamagedError, DiskError, LabError
from lab.runs.code import Code, CodeChangedError
from lab.runs.result import Result
from lab.runs.run import Run, of_preset
from lab.runs.store import RunStore
from lab.search.shared_data import SharedData
from lab.training.code_run import of_code
from presets.errors import PresetError
from presets.schema import Preset

STOP = "stop"  # a file with this name in the directory of the search asks its trials to stop
LOOK_SECONDS = 0.2
LOCK_SECONDS = 10.0  # a worker whose search was killed needs a moment to find out

_one_at_a_time = threading.Lock()  # a Dask worker may have several threads; the number of BLAS threads is one for all


@dataclass(frozen=True)
class Task:
    """A trial, as it is sent to a worker."""

    number: int
    preset: Preset
    folder: Path  # its run directory
    data: SharedData
    until: int | None = None  # stop after this update, to be resumed later; None: train to the end
    monitored: tuple[str, ...] = ("validation",)  # what is evaluated besides the test part, at its end
    code: Code | None = None  # a student's, in the place of the preset's own network


# 'failed': its training could not be made; 'stopped': halving ended it; 'interrupted': it can be resumed
TrialState = Literal["done", "diverged", "failed", "stopped", "interrupted"]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    state: TrialState
    reason: str = ""
    accuracies: dict[str, float] = field(default_factory=dict)  # by part
    updates: int = 0
    seconds: float = 0.0  # in all its sessions
    files: dict[str, bytes] = field(default_factory=dict)  # the run directory, if it is on another machine

    @classmethod
    def of(cls, result: Result) -> "Outcome":
        """What a run's result.json says."""
        if result["state"] == "diverged":
            reason = f"the loss was not finite at update {result['diverged_at']:,}"
            return cls("diverged", reason, {}, result["updates"], result["seconds"])
        measured = ((part, measures["accuracy"]) for part, measures in result["final"].items())
        accuracies = {str(part): accuracy for part, accuracy in measured if accuracy is not None}
        return cls(result["state"], "", accuracies, result["updates"], result["seconds"])


def ready() -> None:
    """Nothing; a worker that has done it has everything imported, SciPy's BLAS included."""
    with one_thread():
        pass


def perform(task: Task) -> Outcome:
    """Train a trial, or resume it. An error becomes the outcome of this trial and does not affect others."""
    try:
        with _one_at_a_time:
            return _here(task) if task.folder.parent.is_dir() else _elsewhere(task)
    except (DiskError, CodeChangedError) as error:  # no trial could go on, so this is not what came of this one
        return Outcome("interrupted", str(error))
    except (LabError, PresetError, DataError) as error:
        return Outcome("failed", str(error))
    except Exception as error:
        return Outcome("failed", f"{type(error).__name__}: {error}")


def _here(task: Task) -> Outcome:
    run = _run(task)
    return Outcome.of(run.go(_watch(run, task)))


def _elsewhere(task: Task) -> Outcome:
    """On a machine that does not see the directory of the search: the files go back with the outcome."""
    with TemporaryDirectory(prefix="gradlab-") as folder:
        outcome = _here(replace(task, folder=Path(folder) / task.folder.name))
        made = (path for path in (Path(folder) / task.folder.name).iterdir() if path.name != "lock")
        files = {path.name: path.read_bytes() for path in made}
        return replace(outcome, files=files)


def unpack(task: Task, outcome: Outcome) -> None:
    """Put the files of a trial that was trained on another machine where the search expects them. Raises LabError."""
    if outcome.files:
        with disk(task.folder):
            task.folder.mkdir(exist_ok=True)
            for name in outcome.files.keys() - {"result.json"}:
                (task.folder / name).write_bytes(outcome.files[name])
        result: Result = json.loads(outcome.files["result.json"])
        result["run"] = str(task.folder)
        RunStore(task.folder).save_result(result)


def _run(task: Task) -> Run:
    """The run of a trial, resumed if possible. If it is new, damaged or of an earlier version, it starts from the
    beginning, which gives the same result."""
    store = RunStore(task.folder)
    if (task.folder / "checkpoint.npz").is_file():
        _wait_for_lock(store)
        run = _new(task, store)
        try:
            checkpoint = store.checkpoint()
            if run.continues(checkpoint):
                run.restore(checkpoint)
                store.metrics()
                return run
        except DamagedError:
            pass
        run.end()
        shutil.rmtree(task.folder)
    RunStore.create_at(task.folder, task.preset)
    if task.code is not None:
        store.save_code(task.code.document(task.preset.name, task.folder))
    return _new(task, store)


def _new(task: Task, store: RunStore) -> Run:
    dataset = task.data.open(task.preset)
    make = of_preset if task.code is None else partial(of_code, task.code)
    run = make(task.preset, dataset, store, 1)
    run.trainer.monitored = {split: run.trainer.monitored[split] for split in task.monitored}
    run.trainer.one_by_one = task.until is not None  # it ends at that update, and not at one of the next
    return run


def _wait_for_lock(store: RunStore) -> None:
    waited = time.monotonic()
    while store.running() and time.monotonic() - waited < LOCK_SECONDS:
        time.sleep(LOOK_SECONDS / 4)


def _watch(run: Run, task: Task) -> Callable[[Snapshot], None]:
    """A subscriber that ends the run when it is far enough, or when the search asks for it."""
    stop = task.folder.parent / STOP
    looked = 0.0

    def watch(snapshot: Snapshot) -> None:
        nonlocal looked
        if task.until is not None and snapshot.update >= task.until:
            run.trainer.stop()
        if (now := time.monotonic()) - looked > LOOK_SECONDS:
            looked = now
            if stop.exists():
                run.trainer.stop()

    return watch
