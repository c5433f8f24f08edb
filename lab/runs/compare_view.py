"""A comparison of runs in the terminal: curves over one another, then a column for each run."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.runs.compare import RunComparison
from lab.runs.curves import LETTERS, overlay
from lab.runs.interventions import in_words
from lab.runs.saved import SavedRun, value_text
from lab.runs.view import figure, mini_note


def show_comparison(console: Console, compared: RunComparison, records: Sequence[SavedRun]) -> None:
    """Curves, settings that differ, and results beside the reported ones, from the result of compare()."""
    named = [run["label"] for run in compared["runs"]]
    series = {label: record.metrics for label, record in zip(named, records, strict=True)}
    console.print(overlay(series))
    heads = [Text(f"{name}\n{letter}") for name, letter in zip(named, LETTERS, strict=False)]
    console.print(table(compared, records, heads))
    if not compared["settings"]:
        console.print("All settings are the same.")
    if compared["reported"] and any(record.variant == "mini" for record in records):
        console.print(mini_note("a run on 'mini'"), style="italic")


def table(compared: RunComparison, records: Sequence[SavedRun], heads: Sequence[Text]) -> Table:
    """The result of compare(): a column for each run, below what its head says."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
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
    if any(record.interventions for record in records):
        rows += [["while it ran", *(in_words(record.interventions) or "-" for record in records)], []]
    for key, values in compared["results"].items():
        split, _, measure = key.partition(".")
        rows.append([f"{split} {measure}", *(figure(measure, value) for value in values)])
        if reported := compared["reported"].get(key):
            rows.append(["  reported", *(figure(measure, value) for value in reported)])
    return rows
