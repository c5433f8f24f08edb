"""A student's code in its process, asked for what a training needs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.types import Array, Labels
from lab.check.process import StudentProblemError, Worker
from lab.check.student import NOTHING, load
from lab.check.worker.training_plan import TrainingPlan
from lab.errors import LabError
from lab.runs.code import Code

PATIENCE = 120.0  # seconds for one answer
EXAMPLES = 7  # that the code is read with, as in gradlab check
IMAGES = 2  # the same with convolutions, which take their time
ROWS, FEW = 2000, 200  # of an evaluation, in one question; of a network with convolutions
# glibc gives large arrays that are freed back to the system, and every new one costs a fault for each of its pages.
MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(1 << 30))
NO_ANSWER = "the file wrote over the answers of the lab"

Shapes = list[tuple[str, int, tuple[int, ...]]]  # letter, layer and shape of every tensor, in the order of theta


class TrainedCodeError(LabError):
    """A student's code failed. `frames`: the lines of theirs that led there."""

    def __init__(self, words: str, frames: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.frames = frames


def recognised_in(file: Path) -> list[str]:
    """The names of what was recognised in a file and might be trained. Raises TrainedCodeError."""
    with Worker(PATIENCE) as worker:
        try:
            return load(worker, file.resolve())[0]
        except StudentProblemError as error:
            raise TrainedCodeError(f"{file.name}: {error}", error.frames) from None


class TrainedCode:
    """NAME of a file, made for the sizes of a plan. Every question raises TrainedCodeError. end() ends the process.

    folder: holds x and y of the parts, theta, its gradient and the `kept` vectors of the optimiser as files that the
    process maps; shapes: of the tensors in the order of theta; batch: examples in a batch; alphabet: how many letters
    there are, where x holds their numbers. An empty name means the one thing in the file that can be trained.
    """

    def __init__(
        self,
        file: Path,
        name: str,
        plan: TrainingPlan,
        folder: Path,
        parts: Sequence[str],
        kept: Sequence[str],
        shapes: Shapes,
        batch: int,
        threads: int,
        alphabet: int = 0,
    ) -> None:
        self.file, self.name = file, name
        self._rows = FEW if plan.kernels else ROWS
        self.single = False  # does it compute with less than float64?
        self._worker = Worker(PATIENCE, environment={**MEMORY, "OPENBLAS_NUM_THREADS": str(threads)})
        try:
            found, notes = load(self._worker, file)
            self.name = name = name or self._only(found)
            reply, _ = self._worker.ask(
                "train",
                name=name,
                seed=plan.seed,
                examples=IMAGES if plan.kernels else EXAMPLES,
                plan=asdict(plan),
                tensors=shapes,
                batch=batch,
                folder=str(folder),
                parts=list(parts),
                kept=list(kept),
                alphabet=alphabet,
            )
            letters = [f"{letter}{layer + 1}" for letter, layer in reply["places"]]
            self.names: dict[str, str] = dict(zip(letters, map(str, reply["names"]), strict=True))
            self.turned = {name for name, turned in zip(letters, reply["turned"], strict=True) if turned}
            self.notes: list[str] = list(dict.fromkeys([*notes, *map(str, reply["notes"])]))
            self.ways = int(reply["ways"])
            self.takes_lambda = bool(reply["takes_lambda"])
            self.gives_scores = bool(reply["gives_scores"])
            self.files = [Path(path) for path in reply["files"]]
        except StudentProblemError as error:
            self.end()
            raise TrainedCodeError(f"{file.name}:{name}: {error}", error.frames) from None
        except (KeyError, TypeError, ValueError) as error:
            self.end()
            raise TrainedCodeError(f"{file.name}:{name}: {NO_ANSWER}: {error!r}") from None

    def _only(self, found: list[str]) -> str:
        """The one thing in the file that might be trained."""
        if len(found) == 1:
            return found[0]
        which = ", ".join(f"{self.file.name}:{each}" for each in found)
        raise StudentProblemError(f"which part of it? {which}" if found else NOTHING)

    def _ask(self, do: str, arrays: Mapping[str, Array] | None = None, **head: Any) -> tuple[dict[str, Any], Any]:
        try:
            return self._worker.ask_unwatched(do, arrays, **head)
        except StudentProblemError as error:
            raise TrainedCodeError(f"{self.file.name}:{self.name}: {error}", error.frames) from None

    def read(self, way: int) -> None:
        """From now on its tensors lie in the `way` of this number, of those that fit their shapes."""
        self._ask("read", way=way)

    def updates(self, rows: Labels, etas: Sequence[float], first: int) -> bool:
        """Make updates with the training examples rows (updates, batch) and these learning rates; the mapped `made`
        tells how many were made, and their losses. False: the next one would not be finite. first: its number, from
        1."""
        reply, _ = self._ask("updates", {"rows": rows}, etas=list(etas), first=first)
        try:
            self.single = bool(reply["single"])
            return bool(reply["finite"])
        except KeyError as error:
            raise TrainedCodeError(f"{self.file.name}:{self.name}: {NO_ANSWER}: {error!r}") from None

    def gradient(self, rows: Labels) -> float:
        """Leave the gradient of these training examples in the mapped vector; their mean loss."""
        reply, _ = self._ask("gradient", {"rows": rows})
        try:
            return float(reply["loss"])
        except (KeyError, TypeError, ValueError) as error:
            raise TrainedCodeError(f"{self.file.name}:{self.name}: {NO_ANSWER}: {error!r}") from None

    def logits(self, part: str, count: int) -> Array:
        """The logits (n, classes) of the first `count` examples of a part, evaluated."""
        pieces = []
        for start in range(0, count, self._rows):
            end = min(start + self._rows, count)
            _, found = self._ask("logits", part=part, start=start, end=end)
            if "logits" not in found or len(found["logits"]) != end - start:
                raise TrainedCodeError(f"{self.file.name}:{self.name}: {NO_ANSWER}: no logits of {part}")
            pieces.append(found["logits"])
        return np.concatenate(pieces)

    def state(self) -> dict[str, Array]:
        """What it keeps beside its parameters, as named arrays."""
        head, arrays = self._ask("kept")
        kept = json.dumps({"head": {key: head[key] for key in ("dice", "updates")}, "names": list(arrays)})
        return {"kept": np.array(kept), **{f"array{i}": array for i, array in enumerate(arrays.values())}}

    def restore(self, state: Mapping[str, Array], rows: Labels) -> None:
        """Take back a state(). rows: of any batch."""
        kept = json.loads(str(state["kept"]))
        arrays = {name: state[f"array{i}"] for i, name in enumerate(kept["names"])}
        self._ask("restore", {**arrays, "rows": rows}, **kept["head"])

    def source(self) -> Code:
        """Which code it is, for the directory of a run. Raises DiskError."""
        return Code.of(self.name, self.file, self.files)

    @property
    def prints(self) -> str:
        """What the code printed, the last of it."""
        return self._worker.prints()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._worker.pid

    @property
    def alive(self) -> bool:
        """Does it still answer?"""
        return self._worker.alive

    def end(self) -> None:
        """End the process."""
        self._worker.__exit__(None, None, None)
