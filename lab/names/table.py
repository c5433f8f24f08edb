"""Guesses at surnames as a table for a report: Markdown or CSV, classes down and names across."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.names.view import headline


def markdown(document: Mapping[str, Any]) -> str:
    """Four decimals, the best of each name in bold; below, whose guesses they are."""
    lines = [["", *document["names"]], ["---", *["---:"] * len(document["names"])]]
    for nationality, row in _rows(document):
        cells = [f"{p:.4f}" for p in row]
        best = [nationality == name for name in document["best"]]
        lines.append([nationality, *(f"**{c}**" if b else c for c, b in zip(cells, best, strict=True))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{headline(document['model'])}\n"


def csv_text(document: Mapping[str, Any]) -> str:
    """A heading of names, a row for each class, six decimals."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["class", *document["names"]])
    writer.writerows([nationality, *(f"{p:.6f}" for p in row)] for nationality, row in _rows(document))
    return file.getvalue()


WRITERS = {".md": markdown, ".csv": csv_text}


def save(document: Mapping[str, Any], path: Path) -> None:
    """Write a new file, as its ending says. Raises LabError for another ending, a file that is there, a disk that
    refuses."""
    if path.suffix not in WRITERS:
        raise LabError(f"{path}: a table of names is written as {' or '.join(WRITERS)}")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(WRITERS[path.suffix](document))
    except FileExistsError:
        raise LabError(f"{path} exists already: give another name") from None
    except OSError as error:
        raise LabError(f"{path}: {error.strerror or error}") from None


def _rows(document: Mapping[str, Any]) -> list[tuple[str, tuple[float, ...]]]:
    """Classes with the probability of each name."""
    columns = zip(*document["probabilities"], strict=True)
    return list(zip(document["classes"], columns, strict=True))
