"""A run: preset, data, trainer and store tied together. Command line and app both drive it from here."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.losses import probabilities
from core.metrics import class_scores, confident_mistakes, confusion_matrix
from core.objective import Evaluation
from core.threads import threads
from core.trainer import DivergedError, Snapshot, Trainer
from core.types import Array
from data.dataset import Dataset, Part
from lab.errors import LabError
from lab.machine import versions
from lab.runs.pictures import pack, pictures
from lab.runs.store import RunStore
from presets.build import build, load_data
from presets.schema import Preset

CHECKPOINT_SECONDS = 10.0
MISCLASSIFIED = 12  # examples that a result lists


class Run:
    """A training run on its way to the disk.

    `trainer` takes requests (pause, stop, set_eta) from any thread while go() is at work; `state` is 'running',
    then 'done', 'interrupted' or 'diverged'.
    """

    def __init__(self, preset: Preset, dataset: Dataset, trainer: Trainer, store: RunStore, threads: int) -> None:
        self.preset = preset
        self.dataset = dataset
        self.trainer = trainer
        self.store = store
        self.threads = threads
        self.state = "running"
        self.diverged_at: int | None = None
        self._evaluated: Snapshot | None = None
        self._seconds = 0.0  # of earlier sessions of a resumed run
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time spent on the run in all its sessions."""
        return self._seconds + time.perf_counter() - self._started

    def go(self, watch: Callable[[Snapshot], None]) -> dict[str, Any]:
        """Train to the end, or until the trainer is stopped or diverges; `watch` sees every snapshot.

        Whatever ends it, an exception of `watch` included, the run is on the disk up to the last update. Returns
        the result, which is also written to result.json; its key "pictures" names the file, pictures.npz, that holds
        templates, kernels and misclassified images as arrays (see lab.runs.pictures), None where there are none. Raises
        LabError when the disk refuses.
        """
        self._started = time.perf_counter()
        with threads(self.threads), self.store.recording(self.trainer.update):
            self._save()
            try:
                self._train(watch)
            finally:
                self._save()
            result = self._result()
            if found := pictures(self.trainer.network, self.dataset, result["misclassified"]):
                self.store.save_pictures(pack(found))
                result["pictures"] = "pictures.npz"
            self.store.save_result(result)
            return result

    def _train(self, watch: Callable[[Snapshot], None]) -> None:
        self.state = "interrupted"
        saved = time.perf_counter()
        try:
            for snapshot in self.trainer.run():
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

    def _save(self) -> None:
        self.store.save_checkpoint(
            self.trainer.state()
            | {
                "run.seconds": np.array(self.seconds),
                "run.variant": np.array(self.dataset.variant),
                "run.fingerprints": np.array(sorted(self.dataset.fingerprints.values())),
            }
        )

    def restore(self, checkpoint: dict[str, Array]) -> None:
        """Go back to where a checkpoint of this preset was taken. Raises LabError if the data are not the same."""
        if list(checkpoint["run.fingerprints"]) != sorted(self.dataset.fingerprints.values()):
            raise LabError(f"{self.store.path} was trained on other data than {self.dataset.label}")
        self.trainer.restore(checkpoint)
        self._seconds = float(checkpoint["run.seconds"])

    def _final_evaluations(self, judge: str, logits: Array) -> dict[str, Evaluation]:
        """Of the parts that were monitored, and of the one that judges, whose logits are given; what the last
        snapshot knows is not computed again."""
        trainer, objective, last = self.trainer, self.trainer.objective, self._evaluated
        known = last.evaluations if last and last.update == trainer.update else {}

        def final(name: str, part: Part) -> Evaluation:
            return known.get(name) or objective.judge(logits if name == judge else objective.logits(part.x), part.y)

        parts = self.dataset.parts.items()
        return {name: final(name, part) for name, part in parts if name in trainer.monitored or name == judge}

    def _result(self) -> dict[str, Any]:
        """What result.json and --json hold."""
        seconds = self.seconds
        trainer, dataset, reference = self.trainer, self.dataset, self.preset.reference
        judge, part = dataset.judge
        with np.errstate(all="ignore"):  # of a diverged run
            logits = trainer.objective.logits(part.x)
            final = self._final_evaluations(judge, logits)
            p = probabilities(logits)
        confusion = confusion_matrix(part.y, logits.argmax(axis=1), len(dataset.classes))
        return {
            "preset": self.preset.name,
            "run": str(self.store.path),
            "state": self.state,
            "diverged_at": self.diverged_at,
            "data": dataset.label,
            "variant": dataset.variant,
            "seed": self.preset.seed,
            "updates": trainer.update,
            "updates_planned": trainer.updates,
            "seconds": round(seconds, 3),
            "updates_per_second": round(trainer.update / seconds, 1),
            "final": {name: evaluation._asdict() for name, evaluation in final.items()},
            "parameters": int(trainer.network.theta.size),
            "reference": reference.model_dump(exclude_none=True) if reference else None,
            "threads": self.threads,
            "classes": list(dataset.classes),
            "judge": judge,
            "notes": list(dataset.notes),
            "confusion": confusion.tolist(),
            "scores": {name: scores.tolist() for name, scores in class_scores(confusion)._asdict().items()},
            "misclassified": _misclassified(dataset, p),
            "layers": [asdict(layer) for layer in trainer.network.summary()],
            "pictures": None,
            "fingerprints": dataset.fingerprints,
            "versions": versions(),
        }


def _misclassified(dataset: Dataset, p: Array) -> list[dict[str, Any]]:
    """The examples guessed wrong with most confidence, the surest first: their index in the part the network is judged
    by, true and guessed class, the probability of the guess, and the example itself if it is a text."""
    (_, part), classes = dataset.judge, dataset.classes
    mistakes = confident_mistakes(p, part.y, MISCLASSIFIED)
    shown = [dataset.show(part.x[i]) for i in mistakes]
    return [
        {
            "index": int(i),
            "true": classes[part.y[i]],
            "predicted": classes[p[i].argmax()],
            "probability": float(p[i].max()),
            "text": example if isinstance(example, str) else None,
        }
        for i, example in zip(mistakes, shown, strict=True)
    ]


def start(preset: Preset, variant: str, runs: Path, threads: int) -> Run:
    """A new run of a preset on 'auto', 'mini' or 'full' data. Raises DataError, PresetError, LabError."""
    dataset = load_data(preset, variant)
    trainer = build(preset, dataset)  # what does not fit is said before a directory is made
    return Run(preset, dataset, trainer, RunStore.create(runs, preset), threads)


def resume(store: RunStore, threads: int) -> Run:
    """A run taken up where its checkpoint was written. Raises DataError, PresetError, LabError."""
    result = store.result()
    if result is not None and result["state"] == "diverged":
        raise LabError(f"{store.path} diverged at update {result['diverged_at']:,}: start anew with a smaller eta")
    preset, checkpoint = store.preset(), store.checkpoint()
    try:
        dataset = load_data(preset, str(checkpoint["run.variant"]))
        run = Run(preset, dataset, build(preset, dataset), store, threads)
        run.restore(checkpoint)
    except (KeyError, ValueError, TypeError) as error:
        raise LabError(f"{store.path / 'checkpoint.npz'} does not fit its preset.toml: {error}") from None
    return run
