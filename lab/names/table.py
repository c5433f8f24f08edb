"""Guesses at surnames as a table for a report: Markdown or CSV, classes down and names across."""

import csv
import io
from pathlib import Path

from lab.errors import LabError
from lab.names.answer import Guesses
from lab.names.view import headline


def markdown(answer: Guesses) -> str:
    """Four decimals, the best of each name in bold, and the model below the table."""
    lines = [["", *(guess.name for guess in answer.guesses)], ["---", *["---:"] * len(answer.guesses)]]
    for k, nationality in enumerate(answer.classes):
        cells = [f"{guess.probabilities[k]:.4f}" for guess in answer.guesses]
        best = [guess.best == nationality for guess in answer.guesses]
        lines.append([nationality, *(f"**{c}**" if b else c for c, b in zip(cells, best, strict=True))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{headline(answer.origin)}\n"


def csv_text(answer: Guesses) -> str:
    """A heading of names, a row for each class, six decimals."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["class", *(guess.name for guess in answer.guesses)])
    for k, nationality in enumerate(answer.classes):
        writer.writerow([nationality, *(f"{guess.probabilities[k]:.6f}" for guess in answer.guesses)])
    return file.getvalue()


WRITERS = {".md": markdown, ".csv": csv_text}


def save(answer: Guesses, path: Path) -> None:
    """Write a new file in the format of its ending. Raises LabError for another ending, or if the file exists or cannot
    be written."""
    if path.suffix not in WRITERS:
        raise LabError(f"{path}: a table of names is written as {' or '.join(WRITERS)}")
    try:
        # a spreadsheet knows UTF-8 by the mark at its start
        with path.open("x", encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8", newline="") as file:
            file.write(WRITERS[path.suffix](answer))
    except FileExistsError:
        raise LabError(f"{path} exists already: give another name") from None
    except OSError as error:
        raise LabError(f"{path}: {error.strerror or error}") from None
