"""Kills a run at every line of the store, and looks at what is left. A program, as it forks:

    python -m tests.torture.kill_points FOLDER STEP SHARE

For every line of the store that writing a run executes, the first time, the last time and once between: a process that
is killed there, and one that continues what is left. In a run that begins and in one that is resumed. With a STEP above
1 only for every STEP-th of these points, the first of them SHARE. Prints how many there were, and what went wrong, as
JSON.
"""

import json
import os
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from lab.errors import LabError
from lab.runs import run as lab_run
from lab.runs.catalogue import list_runs
from lab.runs.store import RunStore, all_runs
from presets.load import load

SETTINGS = ["set=mnist", "split=60/20/test", "hidden=4", "batch=10", "evaluate_every=3", "n_s=10", "updates=12"]
WATCHED = tuple(f"{os.sep}{name}" for name in ("lab/runs/store.py", "lab/disk.py"))
HALF = 6


class Countdown:
    """Kills this process when it has executed n lines of the store; with n = 0 it only keeps which they were."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.lines: list[tuple[str, int]] = []

    def __enter__(self) -> "Countdown":
        sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.endswith(WATCHED) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.lines) == self.n:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line

    def points(self) -> list[int]:
        """The first time, one in the middle and the last time of every line."""
        times: dict[tuple[str, int], list[int]] = defaultdict(list)
        for n, line in enumerate(self.lines, 1):
            times[line].append(n)
        return sorted({n for each in times.values() for n in (each[0], each[len(each) // 2], each[-1])})


def in_a_fork(action: Callable[[], object]) -> int:
    """The exit status of a process that does this: 0, or 1 after an exception, or what killed it."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def train(runs: Path, stop_at: int | None = None) -> None:
    """Begin a run."""
    run = lab_run.start(PRESET, "mini", runs, 1)
    run.go(lambda snapshot: run.trainer.stop() if snapshot.update == stop_at else None)


def proceed(runs: Path) -> None:
    """Resume the run that is there, or begin one if nothing was kept of it."""
    stores = all_runs(runs)
    if not stores or stores[0].kept_nothing:
        for store in stores:
            store.delete()
        train(runs)
    elif (result := stores[0].result()) is None or result["state"] == "interrupted":
        lab_run.resume(stores[0], 1).go(lambda snapshot: None)


def wrong(runs: Path, expected: RunStore) -> str:
    """What is wrong with the run that was continued; "" if nothing is."""
    (row,) = list_runs(runs)
    store = RunStore(Path(row["run"]))
    if row["state"] != "done":
        return f"is {row['state']}"
    if (store.path / "metrics.csv").read_bytes() != (expected.path / "metrics.csv").read_bytes():
        return "has other rows"
    ours, theirs = store.checkpoint(), expected.checkpoint()
    differ = [name for name in theirs if name != "run.seconds" and ours[name].tobytes() != theirs[name].tobytes()]
    return f"differs in {', '.join(differ)}" if differ else ""


def listed(runs: Path) -> str:
    """What is wrong with the list of what a kill has left; "" if nothing is."""
    damaged = [row["state"] for row in list_runs(runs) if row["state"].startswith("damaged")]
    return "".join(damaged)


def points(folder: Path, name: str, chosen: slice, expected: RunStore, before: Path | None) -> dict[str, Any]:
    """Kill at the chosen points. before: a runs folder with a run that was stopped half-way; None: none began."""

    def act(runs: Path, n: int) -> Countdown:
        with Countdown(n) as countdown:
            train(runs) if before is None else proceed(runs)
        return countdown

    def fresh() -> Path:
        runs = folder / name
        shutil.rmtree(runs, ignore_errors=True)
        shutil.copytree(before, runs) if before else runs.mkdir(parents=True)
        return runs

    countdown = act(fresh(), 0)
    tried = countdown.points()[chosen]
    failures = []
    for n in tried:
        runs = fresh()
        if in_a_fork(lambda runs=runs, n=n: act(runs, n)) != -signal.SIGKILL:
            failures.append(f"{name}, line {n}: was not killed")
            continue
        try:
            said = listed(runs)
            if not said:
                status = in_a_fork(lambda runs=runs: proceed(runs))
                said = f"cannot be continued ({status})" if status else wrong(runs, expected)
        except (LabError, ValueError) as error:
            said = str(error)
        if said:
            failures.append(f"{name}, line {n}: {said}")
    return {"lines": len(set(countdown.lines)), "killed": len(tried), "failures": failures}


def main(folder: Path, chosen: slice) -> None:
    """Print the results for runs that begin and runs that are resumed."""
    lab_run.CHECKPOINT_SECONDS = 0.0  # after every update
    train(folder / "whole")
    train(folder / "half", stop_at=HALF)
    expected = all_runs(folder / "whole")[0]
    print(
        json.dumps(
            {
                "begun": points(folder, "begun", chosen, expected, None),
                "resumed": points(folder, "resumed", chosen, expected, folder / "half"),
            }
        )
    )


if __name__ == "__main__":
    PRESET = load("a2-setting1", SETTINGS)
    folder, step, share = sys.argv[1:]
    main(Path(folder), slice(int(share), None, int(step)))
