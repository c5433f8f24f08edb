"""Makes the curves that lab/expected ships: python -m lab.reproduce.expect PRESET... --seeds N.

Trains each preset on the full data (GRADLAB_DATA says where they are) with seeds 1 to N, one after the other. After
each it writes mean and spread of every evaluation, and of the numbers at the end: a long one can be stopped.
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

from data.errors import DataError
from lab.errors import LabError
from lab.expected.curves import COLUMNS, FINAL_COLUMNS, FINALS, MEASURES, SHIPPED
from lab.machine import cores
from lab.runs.result import Result
from lab.runs.run import start
from presets.errors import PresetError
from presets.load import load
from presets.schema import Preset

Row = dict[str, float]  # of metrics.csv
MOST_ROWS = 60  # of a file: more than a plot can tell apart


def expect(name: str, seeds: int, every: int | None, threads: int, folder: Path = SHIPPED) -> str:
    """Train and write; returns what was made, in a line. every: updates between evaluations, None for the preset's.

    Raises DataError, LabError, PresetError.
    """
    more = [f"evaluate_every={every}"] if every else []
    ended: list[tuple[list[Row], Result]] = []
    with TemporaryDirectory() as runs:
        for k in range(1, seeds + 1):
            ended.append(_train(load(name, [*more, f"seed={k}"]), threads, Path(runs)))
            write(name, [rows for rows, _ in ended], [_finals(result) for _, result in ended], folder)
    seconds = fmean(result["seconds"] for _, result in ended)
    return f"{name}: {seeds} seeds, {seconds:.0f} s each"


def _train(preset: Preset, threads: int, runs: Path) -> tuple[list[Row], Result]:
    run = start(preset, "full", runs, threads)
    result = run.go(lambda snapshot: None)
    if run.state != "done":
        raise LabError(f"{preset.name} with seed {preset.seed}: {run.state}")
    return run.store.metrics(), result


def _finals(result: Result) -> dict[str, float]:
    """The losses and accuracies of every part at the end."""
    return {
        f"{part}.{measure}": value
        for part, measures in result["final"].items()
        for measure, value in measures.items()
        if measure != "cost" and value is not None
    }


def write(preset: str, curves: Sequence[list[Row]], finals: Sequence[dict[str, float]], folder: Path) -> None:
    """Replace the files of this preset: its curves and finals, one of each for every seed."""
    folder.mkdir(exist_ok=True)
    moments = list(zip(*curves, strict=True))
    every = -(-len(moments) // MOST_ROWS)
    shown = [rows for k, rows in enumerate(moments) if k % every == 0 or k == len(moments) - 1]
    _write(folder / f"{preset}.csv", COLUMNS, map(_row, shown))
    others = []
    if (path := folder / FINALS).exists():
        with path.open(newline="", encoding="utf-8") as file:
            others = [row for row in list(csv.reader(file))[1:] if row[0] != preset]
    own = [[preset, str(len(finals)), name, *_spread([each[name] for each in finals])] for name in finals[0]]
    _write(path, FINAL_COLUMNS, sorted([*others, *own]))


def _row(rows: Sequence[Row]) -> list[str]:
    """One evaluated update of all seeds."""
    measures = [cell for name in MEASURES for cell in _spread([row[name] for row in rows])]
    return [f"{rows[0]['update']:.0f}", f"{rows[0]['epoch']:.4g}", *measures]


def _spread(values: Sequence[float]) -> tuple[str, str]:
    return f"{fmean(values):.5g}", f"{stdev(values):.3g}" if len(values) > 1 else ""


def _write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([headings, *rows])


def main() -> None:
    """As a program."""
    parser = argparse.ArgumentParser(prog="python -m lab.reproduce.expect", description=__doc__)
    parser.add_argument("presets", nargs="+", help="names of presets")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--every", type=int, help="updates between evaluations (default: as the preset says)")
    parser.add_argument("--threads", type=int, default=cores(), help="for each run (default: all cores)")
    arguments = parser.parse_args()
    try:
        for preset in arguments.presets:
            print(expect(preset, arguments.seeds, arguments.every, arguments.threads), flush=True)
    except (DataError, LabError, PresetError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
