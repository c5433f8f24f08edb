"""A run on the disk: preset.toml, metrics.csv, checkpoint.npz, pictures.npz, result.json and notes.json in its own
directory; code.json if a student's own code is trained.

Every file except metrics.csv is written under another name and renamed, so an existing file is complete. Nothing is
pickled.
"""

import csv
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import numpy as np

from core.objective import Evaluation
from core.types import Array
from lab.disk import disk, exclusive, held, opened, read_bytes, to_json, write_whole
from lab.errors import DamagedError, DiskError, LabError
from lab.runs.arrays import read_arrays
from lab.runs.code import CodeSource
from lab.runs.interventions import Intervention, unpacked
from lab.runs.notes import Notes

if TYPE_CHECKING:
    from core.trainer import Snapshot
    from data.sources import Variant
    from lab.runs.result import Result
    from presets.schema import Preset

SPLITS: "tuple[Literal['train', 'validation'], ...]" = ("train", "validation")
NOT_EVALUATED = Evaluation(*[float("nan")] * len(Evaluation._fields))
COLUMNS = ["update", "epoch", "eta", *(f"{split}_{measure}" for split in SPLITS for measure in Evaluation._fields)]
FIRST = ("checkpoint.npz", "metrics.csv")  # what a run writes after its preset.toml
DELETED = ".deleted-"  # in the name of a run that is being removed
MOST_CHECKPOINT, MOST_PICTURES = 4 << 30, 64 << 20  # bytes that their arrays may take


class RunStore:
    """One run directory. Every method raises LabError, naming the file, if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._metrics: IO[str] | None = None

    @classmethod
    def create(cls, runs: Path, preset: "Preset") -> "RunStore":
        """A new directory <time>-<preset>-<id> below `runs`, holding the resolved preset."""
        return cls.create_at(runs / new_name(preset), preset)

    @classmethod
    def create_at(cls, path: Path, preset: "Preset") -> "RunStore":
        """A new directory at that path. Overwrites what a killed process left there."""
        from presets.toml import dump  # here and below: to load the schema takes longer than to read a run

        with disk(path):
            path.mkdir(parents=True, exist_ok=True)
        write_whole(path / "preset.toml", dump(preset))
        return cls(path)

    # Writing

    @contextmanager
    def recording(self, update: int, evaluate_every: int) -> Iterator[None]:
        """Inside the with-block append() adds to metrics.csv, of which the rows up to `update` are kept.

        The run is locked meanwhile: a second process that wants to write the same run gets a LabError, and so does
        who would continue a run whose earlier rows are lost. evaluate_every: updates from row to row.
        """
        path = self.path / "metrics.csv"
        with exclusive(self._lock), disk(path), opened(path, "a+", newline="", encoding="utf-8") as file:
            end = self._end_of_kept(update, evaluate_every)
            for name in ("result.json", "pictures.npz"):  # of an earlier session: no longer how it ended
                (self.path / name).unlink(missing_ok=True)
            file.truncate(end)  # rows that are kept are never written again: no kill can lose them
            self._metrics = file
            if not end:
                csv.writer(file).writerow(COLUMNS)
                file.flush()
            yield
        self._metrics = None

    def _end_of_kept(self, update: int, evaluate_every: int) -> int:
        """Where the rows up to `update` end in metrics.csv, in bytes. Raises DamagedError if some are missing."""
        if update == 0:
            return 0
        header, *lines = self._lines() or [b""]
        kept = [line for line in lines if self._row(line)["update"] <= update]
        rows = {self._row(line)["update"] for line in kept}
        if missing := [each for each in range(0, update + 1, evaluate_every) if each not in rows]:
            raise DamagedError(
                f"{self.path / 'metrics.csv'} cannot be used: checkpoint.npz is at update {update:,}, and there is no "
                f"row of update {missing[0]:,}"
            )
        return len(header) + sum(map(len, kept))

    def append(self, snapshot: "Snapshot") -> None:
        """A row of metrics.csv from a snapshot with evaluations, flushed."""
        assert self._metrics is not None, "append() works inside recording()"
        measures = (value for split in SPLITS for value in snapshot.evaluations.get(split, NOT_EVALUATED))
        with disk(self.path / "metrics.csv"):
            csv.writer(self._metrics).writerow([snapshot.update, snapshot.epoch, snapshot.eta, *measures])
            self._metrics.flush()

    def save_checkpoint(self, state: Mapping[str, Array]) -> None:
        """Replace checkpoint.npz by these named arrays; the rows of metrics.csv are on the disk before it."""
        if self._metrics is not None:
            with disk(self.path / "metrics.csv"):
                os.fsync(self._metrics.fileno())
        write_whole(self.path / "checkpoint.npz", lambda file: np.savez(file, **state))  # type: ignore[arg-type]

    def save_pictures(self, arrays: Mapping[str, Array]) -> None:
        """Replace pictures.npz by these named arrays."""
        write_whole(self.path / "pictures.npz", lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]

    def save_figure(self, name: str, write: Callable[[IO[bytes]], Any]) -> Path:
        """Replace the file of that name in the folder figures/ by what `write` writes; return its path."""
        folder = self.path / "figures"
        if folder.is_symlink():
            raise DiskError(f"{folder}: is a link, and links are not followed for writing")
        with disk(folder):
            folder.mkdir(exist_ok=True)
        write_whole(folder / name, write)
        return folder / name

    def save_result(self, result: "Result") -> None:
        """Replace result.json."""
        write_whole(self.path / "result.json", to_json(result) + "\n")

    def save_notes(self, notes: Notes) -> None:
        """Replace notes.json."""
        write_whole(self.path / "notes.json", to_json(notes) + "\n")

    def save_code(self, source: CodeSource) -> None:
        """Write code.json: this is a run of a student's own code."""
        write_whole(self.path / "code.json", to_json(source) + "\n")

    # Reading

    def code(self) -> CodeSource | None:
        """Which code of a student's is trained; None for a run of a preset's own network."""
        path = self.path / "code.json"
        if not path.exists():
            return None
        from lab.documents import read_document

        return read_document(path, CodeSource, ("name", "preset", "files"))

    @property
    def trains_code(self) -> bool:
        """Is a student's code trained?"""
        return (self.path / "code.json").exists()

    @property
    def code_name(self) -> str:
        """The name of the student's file that is trained; "" for a run of a preset's own network."""
        code = self.code()
        return Path(code["files"][0]["path"]).name if code and code["files"] else ""

    def preset(self) -> "Preset":
        """The preset as it was resolved when the run began."""
        return read_preset(self.path)

    def metrics(self) -> list[dict[str, float]]:
        """The rows of metrics.csv, oldest first, without an incomplete last line."""
        return [self._row(line) for line in self._lines()[1:]]

    def _lines(self) -> list[bytes]:
        """The whole lines of metrics.csv, the headings first."""
        path = self.path / "metrics.csv"
        if not path.exists():
            return []
        with disk(path):
            return [line for line in read_bytes(path).splitlines(keepends=True) if line.endswith(b"\n")]

    def _row(self, line: bytes) -> dict[str, float]:
        try:
            return _metrics(line.decode())
        except ValueError as error:
            raise DamagedError(f"{self.path / 'metrics.csv'} cannot be used: {error}") from None

    def reached(self) -> "tuple[int, Variant]":
        """How many updates the checkpoint holds, and the variant of the data they were made on."""
        arrays = read_arrays(self.path / "checkpoint.npz", 1 << 10, ("update", "run.variant"))
        try:
            return int(arrays["update"]), cast("Variant", str(arrays["run.variant"]))
        except (ValueError, TypeError) as error:
            raise DamagedError(f"{self.path / 'checkpoint.npz'} cannot be used: {error}") from None

    def interventions(self) -> "list[Intervention]":
        """What was changed while the run was going, up to its last checkpoint."""
        try:
            arrays = read_arrays(self.path / "checkpoint.npz", 1 << 20, ("run.interventions",))
        except DamagedError:  # an earlier version did not keep them; whether the file is sound, reached() says
            return []
        return unpacked(arrays["run.interventions"])

    @property
    def kept_nothing(self) -> bool:
        """Was it begun, and ended before its first checkpoint?"""
        return not (self.path / "checkpoint.npz").is_file()

    def checkpoint(self) -> dict[str, Array]:
        """The named arrays of checkpoint.npz."""
        return read_arrays(self.path / "checkpoint.npz", MOST_CHECKPOINT)

    def pictures(self) -> dict[str, Array]:
        """The named arrays of pictures.npz; empty if the run has no pictures."""
        path = self.path / "pictures.npz"
        return read_arrays(path, MOST_PICTURES) if path.exists() else {}

    def result(self) -> "Result | None":
        """The content of result.json; None if the run is not finished."""
        from lab.runs.result import read_result

        return read_result(self.path / "result.json")

    def notes(self) -> Notes:
        """What somebody has noted of the run, if anything."""
        path = self.path / "notes.json"
        if not path.exists():
            return {"note": "", "tags": []}
        from lab.documents import read_document

        return read_document(path, Notes, ("note", "tags")) or {"note": "", "tags": []}

    def sound_result(self) -> "Result | None":
        """result(), or None if the file is damaged: for whoever can make the run again."""
        try:
            return self.result()
        except DamagedError:
            return None

    def delete(self) -> None:
        """Remove the run and all its files for good. Raises LabError while a process writes it.

        It is renamed first: whoever is about to write into it has no place to write to any more, and what a kill leaves
        is in no list. The next one to be deleted takes that with it.
        """
        if self.running():
            raise LabError(f"{self.path} is in use by another process")
        if self.path.is_symlink():
            raise DiskError(f"{self.path}: is a link: delete the folder that it names")
        with disk(self.path):
            path = self.path.resolve()
            aside = path.with_name(f".{path.name}{DELETED}{secrets.token_hex(2)}")
            path.rename(aside)
            for left in path.parent.glob(f".*{DELETED}*"):
                shutil.rmtree(left, ignore_errors=left != aside)

    def running(self) -> bool:
        """Is a process writing this run now?"""
        return held(self._lock)

    @property
    def _lock(self) -> Path:
        """A file of its own: metrics.csv can be read while it is written, also where a lock forbids that."""
        return self.path / "lock"


def _metrics(line: str) -> dict[str, float]:
    numbers = zip(COLUMNS, line.strip().split(","), strict=True)
    return {name: int(text) if name == "update" else float(text) for name, text in numbers}


def find(runs: Path, run: str) -> RunStore:
    """The run at that path, or with that name, or with a name that ends in it, below `runs`. Raises LabError."""
    with disk(runs):
        candidates = [path for path in (Path(run), runs / run) if run and path.is_dir()]
        candidates = candidates[:1] or [path for path in sorted(runs.glob(f"*{escape(run)}")) if _shown(path)]
    if not candidates or not run:
        raise LabError(f"there is no run {run} in {runs} (gradlab runs lists them)")
    if len(candidates) > 1:
        raise LabError(f"{run} can mean {', '.join(path.name for path in candidates)}: give more of the name")
    with disk(candidates[0]):
        missing = [name for name in ("preset.toml", "checkpoint.npz") if not (candidates[0] / name).is_file()]
        begun = is_run(candidates[0])
    if not begun:
        raise LabError(f"{candidates[0]} is not a run directory: it has no {' and no '.join(missing)}")
    return RunStore(candidates[0])


def _shown(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def all_runs(runs: Path) -> list[RunStore]:
    """Every run in `runs`, oldest first. Skips other directories."""
    return [RunStore(path.parent) for path in sorted(runs.glob("[!.]*/preset.toml")) if is_run(path.parent)]


def is_run(folder: Path) -> bool:
    """Has a run been begun there? One that was killed before its first checkpoint has only its metrics.csv."""
    return (folder / "preset.toml").exists() and any((folder / name).is_file() for name in FIRST)


def new_name(preset: "Preset") -> str:
    """<time>-<preset>-<id>, for a directory that is not there yet. The time is UTC: by their names runs stand in the
    order in which they began, whatever the clocks of the place do."""
    slug = re.sub(r"[^\w.-]+", "-", preset.name)
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug}-{secrets.token_hex(2)}"


def read_preset(folder: Path) -> "Preset":
    """The preset.toml in the folder of a run or a search. Raises PresetError."""
    from presets.load import parse, read

    path = folder / "preset.toml"
    if path.is_fifo():
        raise DamagedError(f"{path}: is a pipe: whoever reads it waits for ever")
    return parse(read(path), folder.name, origin=str(path))
