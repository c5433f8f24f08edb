"""Makes the curves that lab/explain ships: python -m lab.explain.record [KEY...].

Trains the runs of EXPERIMENTS on the embedded data, with seed 1, one after the other: a few minutes.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

from core.blas import one_thread
from core.trainer import DivergedError
from lab.explain.effects import COLUMNS, SHIPPED
from lab.explain.experiments import EXPERIMENTS, SHORT, Experiment
from presets.build import build, load_data
from presets.load import load


def record(key: str, folder: Path = SHIPPED) -> Path:
    """Train the runs that show a setting, and write their curves. Raises PresetError, DataError."""
    experiment = EXPERIMENTS[key]
    path = folder / f"{key}.csv"
    folder.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for value in experiment.values:
            table.writerows([value, *row] for row in _train(experiment, value))
    return path


def _train(experiment: Experiment, value: str) -> Iterator[tuple[str, str, str]]:
    preset = load(experiment.preset, [*SHORT, *experiment.changes, *experiment.values[value], "seed=1"])
    trainer = build(preset, load_data(preset, "mini"))
    try:
        for snapshot in trainer.run():
            if seen := snapshot.evaluations:
                loss, accuracy = seen["train"].loss, seen["validation"].accuracy
                yield f"{snapshot.update}", f"{loss:.4g}", f"{accuracy:.4g}"
    except DivergedError:
        return


def main() -> None:
    """As a program."""
    parser = argparse.ArgumentParser(prog="python -m lab.explain.record", description=__doc__)
    parser.add_argument("keys", nargs="*", choices=[*EXPERIMENTS, []], help="settings (default: all)")
    with one_thread():
        for key in parser.parse_args().keys or EXPERIMENTS:
            print(record(key), flush=True)


if __name__ == "__main__":
    main()
