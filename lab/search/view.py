"""A search in the terminal: its trials as points, the best as a table, and how it is getting on."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from math import log10
from pathlib import Path
from typing import Any, cast

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lab.command_lines import run, run_code
from lab.drawing.figure import Curve, Figure, Point, reach
from lab.drawing.plots import Plots
from lab.errors import LabError
from lab.runs.store import RunStore
from lab.runs.view import figure, mini_note
from lab.search.noise import Noise, noise
from lab.search.result import SearchResult, TrialRow, best_rows
from lab.search.search import Search
from presets.load import as_changes
from presets.schema import SearchSection, Vary

HEIGHT = 12
WIDEST = 100
LOG_RATIO = 100  # values with at least this ratio of largest to smallest are drawn on a logarithmic axis


class SearchProgress:
    """Watches a search: on a terminal points and table, inside `with progress.live`; elsewhere a line for every trial
    that has ended."""

    def __init__(self, console: Console, search: Search) -> None:
        self._console = console
        self._search = search
        self._began = time.perf_counter()
        live = Live(console=console, transient=True, refresh_per_second=2, get_renderable=self._picture)
        self.live: AbstractContextManager[object] = live if console.is_terminal else nullcontext()

    def __call__(self, row: TrialRow) -> None:
        """A trial has ended."""
        if not self._console.is_terminal:
            values = "  ".join(f"{key} {_number(value)}" for key, value in row["values"].items())
            end = (
                figure("accuracy", row["accuracy"])
                if row["state"] == "done"
                else f"{row['state']}: {row.get('reason', '')}"
            )
            count = f"{len(self._search.rows)} of {self._search.trials}"
            self._console.print(f"{count}  trial {row['trial']}  {values}  {end}", highlight=False, soft_wrap=True)

    def _picture(self) -> Group:
        search = self._search
        rows = list(search.rows.values())
        ended = len(rows) - search.taken_up
        spent = time.perf_counter() - self._began
        left = f"about {spent / ended * (search.trials - len(rows)):.0f} s left" if ended else f"{spent:.0f} s"
        progress = Text(f"{search.preset.name}: {len(rows)} of {search.trials} trials, {search.jobs} at a time, {left}")
        return Group(points(search.settings, rows), best_table(search.settings, rows), progress)


def show_search(console: Console, search: Search, result: SearchResult) -> None:
    """The end of a search: points, the best trials, the range, failed trials, and what to do next."""
    rows, settings, reference = result["trials"], search.settings, search.preset.reference
    measured = noise(search.preset, search.variant, rows, search.store.path.parent)
    console.print(points(settings, rows, measured))
    console.print(f"{result['preset']} · {result['data']}", style="bold", highlight=False, soft_wrap=True)
    if search.code is not None:
        console.print(f"code: {search.code.target}", style="bold", highlight=False, soft_wrap=True)
    console.print(best_table(settings, rows))
    console.print(_summary(search, rows), highlight=False, soft_wrap=True)
    for row in rows:
        if row["state"] not in ("done", "stopped"):
            console.print(f"trial {row['trial']} {how_it_ended(row)}", style="yellow", soft_wrap=True)
    if said := "code" in result and result["code"]["agreement"]:
        console.print(said, highlight=False, soft_wrap=True)
    if search.preset.description and search.preset.reference is None:
        console.print(search.preset.description, highlight=False, soft_wrap=True)
    if reference and search.variant == "mini":
        console.print(mini_note(), style="italic")
    if reference and reference.note:
        console.print(reference.note, style="italic", highlight=False)
    time_spent = f"{len(rows)} trials in {result['seconds']:.1f} s"
    console.print(
        f"{time_spent}, {result['jobs']} at a time ({result['engine']}) · seed {search.preset.seed}",
        highlight=False,
    )
    console.print(f"{result['run']}  (trials.csv, trial-001, ...)", style="bold", soft_wrap=True, highlight=False)
    if result["best"]:
        how = " longer" if settings.longer else ""
        console.print(f"train the best{how}: {train_best(search, result['best'])}", highlight=False, soft_wrap=True)


def how_it_ended(row: TrialRow) -> str:
    """How and why a trial did not finish."""
    return f"{row['state']}: {row.get('reason', '')}"


def train_best(search: Search, best: TrialRow) -> str:
    """The command that trains with the best values: longer if the preset says how, otherwise like the trial."""
    like, changes = f"{best['run']}/preset.toml", list[str]()
    if search.settings.longer is not None:
        like, changes = search.settings.longer, as_changes(best["values"])
    return run(like, changes) if search.code is None else run_code(search.code.target, like, changes)


def _summary(search: Search, rows: Sequence[TrialRow]) -> str:
    done = best_rows(rows)
    if not done:
        return "no trial finished"
    measure = search.settings.maximise.replace(".", " ")
    text = f"{measure} from {done[-1]['accuracy']:.2%} to {done[0]['accuracy']:.2%} over {len(done)} trials"
    spared, planned = search.saved
    return f"{text}; successive halving saved {spared:,} of {planned:,} updates" if planned else text


def best_table(settings: SearchSection, rows: Sequence[TrialRow]) -> Table:
    """The best trials, as the tables of the reports."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    headings, ranked = ranking(settings, rows)
    for k, heading in enumerate(headings):
        table.add_column(heading, justify="right" if k else "left")
    for cells in ranked[: settings.top]:
        table.add_row(*cells)
    return table


def ranking(settings: SearchSection, rows: Sequence[TrialRow]) -> tuple[list[str], list[list[str]]]:
    """Headings, and the cells of the finished trials, best first."""
    headings = [""]
    for vary in settings.vary:
        headings += [vary.key, "log10"] if vary.distribution == "log-uniform" else [vary.key]
    ranked = []
    for rank, row in enumerate(best_rows(rows), 1):
        cells = [cell for vary in settings.vary for cell in _cells(vary, row["values"][vary.key])]
        ranked.append([str(rank), *cells, figure("accuracy", row["accuracy"]), str(row["trial"])])
    return [*headings, settings.maximise.replace(".", " "), "trial"], ranked


def _cells(vary: Vary, value: Any) -> list[str]:
    return [_number(value), f"{log10(value):.3f}"] if vary.distribution == "log-uniform" else [_number(value)]


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def points(settings: SearchSection, rows: Sequence[TrialRow], spread: Noise | None = None) -> Plots:
    """The points of scatter(), drawn in characters; the best is ringed."""
    return Plots([points_figure(settings, rows, spread)] if scatter(settings, rows)[1] else [], HEIGHT, WIDEST)


def points_figure(settings: SearchSection, rows: Sequence[TrialRow], spread: Noise | None = None) -> Figure:
    """Accuracy against the setting that is searched; the best is ringed, and the range of what seeds alone do is a band
    around it. Where there is one series, the training accuracies stand beside it."""
    x_title, series = scatter(settings, rows)
    curves = tuple(Curve(tuple(pairs), k, name, joined=False) for k, (name, pairs) in enumerate(series.items()))
    if len(series) == 1:
        trained = [{**row, "accuracy": row.get("train_accuracy")} for row in rows]
        _, training = scatter(settings, cast("list[TrialRow]", trained))
        judged = settings.maximise.partition(".")[0]
        curves = (replace(curves[0], style=1, label=judged),)
        curves += tuple(Curve(tuple(pairs), 0, "train", joined=False) for pairs in training.values())
    best = max((pair for pairs in series.values() for pair in pairs), key=lambda pair: pair[1], default=None)
    title = f"{settings.maximise.replace('.', ' ')} / {x_title}"
    span = _span(settings.vary, x_title)
    figure = Figure(title, curves, span, percent=True, rings=(best,) if best else ())
    if spread is None or best is None:
        return figure
    end = (span or reach(curves))[1]
    band = ((end, best[1] - spread.deviation, best[1] + spread.deviation),)
    return replace(figure, band=band, band_name=f"±{100 * spread.deviation:.2f} by seed, {spread.runs} runs")


def validation_curve(folder: Path) -> list[Point]:
    """The validation accuracy of a trial at every evaluation so far; none where nothing can be read."""
    try:
        metrics = RunStore(folder).metrics()
    except LabError:
        return []
    return [(row["update"], row["validation_accuracy"]) for row in metrics]


def scatter(settings: SearchSection, rows: Sequence[TrialRow]) -> tuple[str, dict[str, list[tuple[float, float]]]]:
    """Accuracy against the first setting whose values are numbers, or its logarithm: what x is, and the points of a
    series for every value of the settings that are not numbers. Without such a setting or such trials: no series."""
    keys = {vary.key: vary.distribution for vary in settings.vary}
    ended = [(row["values"], row["accuracy"]) for row in rows if row["accuracy"] is not None]
    numeric = [key for key in keys if all(_is_number(values[key]) for values, _ in ended)]
    if not ended or not numeric:
        return "", {}
    xs = [values[numeric[0]] for values, _ in ended]
    logarithmic = keys[numeric[0]] == "log-uniform" or (min(xs) > 0 and max(xs) >= LOG_RATIO * min(xs))
    series: dict[str, list[tuple[float, float]]] = {}
    for x, (values, accuracy) in zip(xs, ended, strict=True):
        others = [f"{key} {_number(values[key])}" for key in keys if key not in numeric]
        series.setdefault(", ".join(others), []).append((log10(x) if logarithmic else x, accuracy))
    return f"log10 {numeric[0]}" if logarithmic else numeric[0], series


def _span(varied: list[Vary], x_title: str) -> tuple[float, float] | None:
    """The whole range of the setting along x, so that the axis stays while points come in."""
    for vary in varied:
        if vary.low and vary.high:
            if x_title == f"log10 {vary.key}":
                return log10(vary.low), log10(vary.high)
            if x_title == vary.key:
                return vary.low, vary.high
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
