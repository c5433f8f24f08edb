"""What a training of a student's returned, as a table that `gradlab watch` reads."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from lab.disk import disk, write_whole


def keep(series: Mapping[str, Sequence[float]], at: Sequence[int], runs: Path, target: str) -> Path:
    """Write runs/FILE-NAME.csv, a column for each series, and one for the updates `at` that they belong to, if that is
    known. Raises LabError if the disk refuses."""
    file, _, name = target.rpartition(":")
    path = runs / f"{Path(file).stem}-{name}.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = {**({"update": at} if at else {}), **series}
    writer.writerow(columns)
    writer.writerows(zip_longest(*columns.values(), fillvalue=""))
    with disk(path):
        runs.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.getvalue())
    return path
