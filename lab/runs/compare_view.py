"""A comparison of runs in the terminal: curves over one another, then a column for each run."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.runs.compare import RunComparison
from lab.runs.curves import LETTERS, overlay
from lab.runs.saved import SavedRun, value_text
from lab.runs.view import figure, mini_note


def show_comparison(console: Console, compared: RunComparison, records: Sequence[SavedRun]) -> None:
    """Curves, settings that differ, and results beside the reported ones, from the result of compare()."""
    named = [run["label"] for run in compared["runs"]]
    series = {label: record.metrics for label, record in zip(named, records, strict=True)}
    console.print(overlay(series))
    console.print(table(compared, records, [Text(letter) for letter in LETTERS]))
    if not compared["settings"]:
        console.print("All settings are the same.")
    if compared["reported"] and any(record.variant == "mini" for record in records):
        console.print(mini_note("a run on 'mini'"), style="italic")


def table(compared: RunComparison, records: Sequence[SavedRun], marks: Sequence[Text]) -> Table:
    """The result of compare(): a column for each run, with its name and the mark of its curve."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for mark, run in zip(marks, compared["runs"], strict=False):
        table.add_column(Text(f"{run['label']}\n").append(mark), justify="right", overflow="fold")
    for row in comparison_rows(compared, records):
        table.add_row(*(row or [""]))
    return table


def comparison_rows(compared: RunComparison, records: Sequence[SavedRun]) -> list[list[str]]:
    """The rows under the runs' names, the first entry of each saying what it is; an empty row between the groups."""
    rows = [["data", *(record.data_short for record in records)]]
    if any(record.code for record in records):
        rows += [["code", *(record.code["file"] if record.code else "-" for record in records)]]
    rows += [["state", *(record.state for record in records)]]
    rows += [["updates", *(f"{record.updates:,}" for record in records)], []]
    if compared["settings"]:
        rows += [[key, *map(value_text, values)] for key, values in compared["settings"].items()]
        rows.append([])
    for key, values in compared["results"].items():
        split, _, measure = key.partition(".")
        rows.append([f"{split} {measure}", *(figure(measure, value) for value in values)])
        if reported := compared["reported"].get(key):
            rows.append(["  reported", *(figure(measure, value) for value in reported)])
    return rows
