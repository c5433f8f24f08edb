"""The result of a search: the document in its result.json, which `gradlab search --json` prints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from lab.search.code import SearchCode
from lab.search.trial import Outcome, TrialState
from presets.keys import Values

Engine = Literal["processes", "dask"]  # what trials are worked at by


class TrialRow(TypedDict):
    """A trial that has ended."""

    trial: int
    values: Values  # its settings that vary
    accuracy: float | None  # on the part that ranks the trials; None if the trial did not finish
    train_accuracy: NotRequired[float | None]  # of a finished trial; earlier versions did not measure it
    state: TrialState
    run: str  # path of its run directory
    seconds: float
    reason: NotRequired[str]  # why it did not end well


class SearchResult(TypedDict):
    """A search with the trials that have ended, by number."""

    preset: str
    run: str  # path of the search directory
    data: str  # label, with the counts
    jobs: int
    engine: Engine
    seconds: float
    best: TrialRow | None
    trials: list[TrialRow]
    code: NotRequired[SearchCode]  # of a student's, that is trained in the place of the preset's own network


def trial_row(number: int, values: Values, maximise: str, folder: Path, outcome: Outcome) -> TrialRow:
    """The row of a trial; `maximise` is the part and measure, as in "validation.accuracy", that tells the better."""
    row: TrialRow = {
        "trial": number,
        "values": values,
        "accuracy": outcome.accuracies.get(maximise.removesuffix(".accuracy")),
        "train_accuracy": outcome.accuracies.get("train"),
        "state": outcome.state,
        "run": str(folder),
        "seconds": outcome.seconds,
    }
    if outcome.reason:
        row["reason"] = outcome.reason
    return row


def best_rows(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """The finished trials, best first; on ties the smaller number first."""
    ended = ((row["accuracy"], row) for row in rows if row["state"] == "done")
    ranked = [(-accuracy, row["trial"], row) for accuracy, row in ended if accuracy is not None]
    return [row for _, _, row in sorted(ranked, key=lambda each: each[:2])]
