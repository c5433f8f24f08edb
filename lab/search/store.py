"""A search on the disk, in its own directory in the runs directory:

    preset.toml      the resolved preset with its [search] section
    search.json      the variant of the data, the seconds spent, and the state of successive halving
    code.json        which code of a student's is trained, if one is; as in a run
    trials.csv       the table, one row per ended trial, without clock times (same seed, same file)
    result.json      the document of `gradlab search --json`; written when every trial has ended
    trial-001/ ...   the run directory of every trial: `gradlab runs PATH` shows one

`gradlab runs` lists only the runs of `gradlab run`: a search has no checkpoint of its own, so it is skipped.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import TypedDict

from data.sources import Variant
from lab.disk import disk, exclusive, held, to_json, write_whole
from lab.documents import read_document
from lab.errors import LabError
from lab.runs.code import Code
from lab.runs.store import RunStore, new_name, read_preset
from lab.search.result import SearchResult, TrialRow
from lab.search.trial import STOP
from presets.schema import Preset
from presets.toml import dump

CHOOSING_SECONDS = 10.0  # until somebody else has chosen
STATE = ("variant", "seconds", "rungs")  # what is needed of search.json
RESULT = ("data", "trials")  # and of result.json


class SearchState(TypedDict):
    """What search.json holds."""

    variant: Variant
    seconds: float  # of all sessions
    rungs: dict[str, dict[str, float]]  # accuracies by trial, at every rung of halving that all trials have come to


class SearchStore:
    """One search directory. Every method raises LabError, naming the file, if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, runs: Path, preset: Preset, variant: Variant, code: Code | None = None) -> "SearchStore":
        """A new directory <time>-<preset>-<id> below `runs`, for a search on the 'mini' or the 'full' data."""
        store = cls(runs / new_name(preset))
        with disk(store.path):
            store.path.mkdir(parents=True)
        store.save_preset(preset)
        if code is not None:
            RunStore(store.path).save_code(code.document(preset.name, store.path))
        store.save_state({"variant": variant, "seconds": 0.0, "rungs": {}})
        return store

    def trial(self, number: int) -> Path:
        """The run directory of a trial."""
        return self.path / f"trial-{number:03d}"

    def preset(self) -> Preset:
        """The preset as it was resolved when the search began."""
        return read_preset(self.path)

    def save_preset(self, preset: Preset) -> None:
        """Replace preset.toml."""
        write_whole(self.path / "preset.toml", dump(preset))

    def code(self) -> Code | None:
        """Which code of a student's the trials train; None for a preset's own network."""
        source = RunStore(self.path).code()
        return None if source is None else Code.saved(source, self.path)

    def state(self) -> SearchState:
        """What search.json holds."""
        state = read_document(self.path / "search.json", SearchState, STATE)
        if state is None:
            raise LabError(f"{self.path} is not a search directory: it has no search.json")
        return state

    def save_state(self, state: SearchState) -> None:
        """Replace search.json."""
        write_whole(self.path / "search.json", to_json(state) + "\n")

    def result(self) -> SearchResult | None:
        """What result.json holds; None if not all trials have ended."""
        return read_document(self.path / "result.json", SearchResult, RESULT)

    def save_result(self, result: SearchResult) -> None:
        """Replace result.json."""
        write_whole(self.path / "result.json", to_json(result) + "\n")

    def save_table(self, keys: Sequence[str], rows: Sequence[TrialRow]) -> None:
        """Replace trials.csv. Numbers are written exactly, to the last bit."""
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(["trial", *keys, "accuracy", "state", "reason"])
        for row in rows:
            values = [json.dumps(row["values"][key]) for key in keys]
            table.writerow([row["trial"], *values, row["accuracy"], row["state"], row.get("reason", "")])
        write_whole(self.path / "trials.csv", text.getvalue())

    # One search at a time, and how it is asked to stop

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside the with-block the search is this process's; LabError if it is another's."""
        with exclusive(self.path / "lock"):
            self.withdraw_stop()
            yield

    def running(self) -> bool:
        """Is a process at work on this search?"""
        return held(self.path / "lock")

    def ask_to_stop(self) -> None:
        """Ask the running trials to stop after their current update."""
        with disk(self.path / STOP):
            (self.path / STOP).touch()

    def withdraw_stop(self) -> None:
        """Take back ask_to_stop()."""
        with disk(self.path / STOP):
            (self.path / STOP).unlink(missing_ok=True)


@contextmanager
def choosing(runs: Path) -> Iterator[None]:
    """Inside the with-block no other process decides which search in `runs` it continues, or begins one."""
    with disk(runs):
        runs.mkdir(parents=True, exist_ok=True)
    with exclusive(runs / ".lock", CHOOSING_SECONDS):
        yield


def all_searches(runs: Path) -> list[SearchStore]:
    """Every search below `runs`, oldest first."""
    return [SearchStore(path.parent) for path in sorted(runs.glob("[!.]*/search.json"))]
