"""A run: preset, data, trainer and store together. The command line and the app both use it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from core.blas import one_thread
from core.helper.process import helped
from core.objective import Evaluation
from core.trainer import DivergedError, Snapshot, Trainer
from core.types import Array
from data.dataset import Dataset
from lab import command_lines
from lab.errors import LabError
from lab.runs.interventions import Intervention, packed, unpacked
from lab.runs.pictures import pack, pictures
from lab.runs.result import Ended, Result, result_of
from lab.runs.store import RunStore
from presets.build import build, load_data
from presets.schema import Preset

CHECKPOINT_SECONDS = 10.0


class Run:
    """A training run and its directory.

    `trainer` takes requests (pause, stop, set_eta) from any thread while go() runs. Afterwards `state` says how the run
    ended.
    """

    def __init__(self, preset: Preset, dataset: Dataset, trainer: Trainer, store: RunStore, threads: int) -> None:
        self.preset = preset
        self.dataset = dataset
        self.trainer = trainer
        self.store = store
        self.threads = threads
        self.state: Ended = "interrupted"
        self.diverged_at: int | None = None
        self.interventions: list[Intervention] = []
        self._evaluated: Snapshot | None = None
        self._seconds = 0.0  # of earlier sessions of a resumed run
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time spent on the run in all its sessions."""
        return self._seconds + time.perf_counter() - self._started

    def go(self, watch: Callable[[Snapshot], None]) -> Result:
        """Train to the end, or until the trainer is stopped or diverges; `watch` sees every snapshot.

        However it ends, even by an exception in `watch`, the run is saved up to the last update. Returns the result,
        which is also written to result.json. Its key "pictures" names the file with templates, kernels and
        misclassified images (pictures.npz, see lab.runs.pictures), or is None. Raises LabError if the disk refuses.
        """
        self._started = time.perf_counter()
        recording = self.store.recording(self.trainer.update, self.trainer.evaluate_every)
        with one_thread(), helped(self.trainer, self.threads), recording:
            self._save()
            try:
                self._train(watch)
            finally:
                self._save()
            last = self._evaluated  # what it knows is not computed again
            result = self.result(last.evaluations if last and last.update == self.trainer.update else {})
            if named := pictures(self.trainer.network, self.dataset, result["misclassified"]):
                self.store.save_pictures(pack(named))
                result["pictures"] = "pictures.npz"
            self.store.save_result(result)
            return result

    def end(self) -> None:
        """Give up what the run holds beside its memory: nothing, but for a student's code."""

    def result(self, known: Mapping[str, Evaluation]) -> Result:
        """The result as the run stands; see result_of."""
        return result_of(self, known)

    def _train(self, watch: Callable[[Snapshot], None]) -> None:
        saved = time.perf_counter()
        try:
            for snapshot in self.trainer.run():
                self._note_eta(snapshot)
                if snapshot.evaluations:
                    self.store.append(snapshot)
                    self._evaluated = snapshot
                if time.perf_counter() - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.perf_counter()
                watch(snapshot)
        except DivergedError as error:
            self.state, self.diverged_at = "diverged", error.update
        else:
            if self.trainer.done:
                self.state = "done"

    def _note_eta(self, snapshot: Snapshot) -> None:
        """Keep that the learning rate is no longer what the schedule says, or is so again."""
        if snapshot.update == 0:
            return
        eta = None if snapshot.eta == self.trainer.schedule(snapshot.update - 1) else snapshot.eta
        if eta != (self.interventions[-1]["eta"] if self.interventions else None):
            self.interventions.append({"update": snapshot.update, "eta": eta})

    def _save(self) -> None:
        self.store.save_checkpoint(
            self.trainer.state()
            | {
                "run.rounding": np.array(self.trainer.objective.rounding),
                "run.seconds": np.array(self.seconds),
                "run.interventions": packed(self.interventions),
                "run.variant": np.array(self.dataset.variant),
                "run.fingerprints": np.array(sorted(self.dataset.fingerprints.values())),
            }
        )

    def continues(self, checkpoint: Mapping[str, Array]) -> bool:
        """Would this run, restored from the checkpoint, end with the bits of one that was never interrupted?"""
        return int(checkpoint.get("run.rounding", 1)) == self.trainer.objective.rounding

    def restore(self, checkpoint: dict[str, Array]) -> None:
        """Go back to where a checkpoint of this preset was taken. Raises LabError if the data are not the same."""
        if list(checkpoint["run.fingerprints"]) != sorted(self.dataset.fingerprints.values()):
            raise LabError(f"{self.store.path} was trained on other data, not on {self.dataset.label}")
        self.trainer.restore(checkpoint)
        self._seconds = float(checkpoint["run.seconds"])
        if "run.interventions" in checkpoint:  # an earlier version did not keep them
            self.interventions = unpacked(checkpoint["run.interventions"])


def start(preset: Preset, variant: str, runs: Path, threads: int) -> Run:
    """A new run of a preset on 'auto', 'mini' or 'full' data. Raises DataError, PresetError, LabError."""
    dataset = load_data(preset, variant)
    trainer = build(preset, dataset)  # report errors before making a directory
    return Run(preset, dataset, trainer, RunStore.create(runs, preset), threads)


def of_preset(preset: Preset, dataset: Dataset, store: RunStore, threads: int) -> Run:
    """A run of a preset's own network, at update 0. Raises PresetError, and LabError for a run of a student's code."""
    if (code := store.code()) is not None and not code.get("loop"):
        raise LabError(f"{store.path} trains code of yours, {code['name']}: only gradlab run --resume continues it")
    return Run(preset, dataset, build(preset, dataset), store, threads)


Make = Callable[[Preset, Dataset, RunStore, int], Run]


def resume(store: RunStore, threads: int, make: Make = of_preset) -> Run:
    """A run resumed from its checkpoint. make: gives it at update 0. Raises DataError, PresetError, LabError."""
    if store.kept_nothing:
        again = command_lines.run(store.path / "preset.toml")
        raise LabError(f"{store.path} began and kept nothing: delete it, and start again with: {again}")
    result = store.result()
    if result is not None and result["state"] == "done":
        raise LabError(f"{store.path} is done: there is nothing left to train")
    if result is not None and result["state"] == "diverged":
        raise LabError(f"{store.path} diverged at update {result['diverged_at']:,}: start again with a smaller eta")
    run = restored(store, threads, make)
    if not run.continues(store.checkpoint()):
        again = command_lines.run(store.path / "preset.toml")
        raise LabError(
            f"{store.path} was begun by an earlier version, whose sums round differently: start again with: {again}"
        )
    return run


def restored(store: RunStore, threads: int, make: Make = of_preset) -> Run:
    """A run as its last checkpoint has it, however it ended. Raises DataError, PresetError, LabError."""
    preset, checkpoint = store.preset(), store.checkpoint()
    try:
        dataset = load_data(preset, str(checkpoint["run.variant"]))
        run = make(preset, dataset, store, threads)
        try:
            run.restore(checkpoint)
        except BaseException:
            run.end()
            raise
    except (KeyError, ValueError, TypeError) as error:
        raise LabError(f"{store.path / 'checkpoint.npz'} does not fit its preset.toml: {error}") from None
    return run
