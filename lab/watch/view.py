"""A log in the terminal: its curves, and a table of last and best values."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.drawing.axes import label
from lab.drawing.figure import Curve, Figure, Point, value
from lab.drawing.plots import SIDE_BY_SIDE, Plots
from lab.runs.view import figure
from lab.watch.document import notes
from lab.watch.like import Like
from lab.watch.series import Drawn, Series, X
from lab.watch.sources import Source

HEIGHT, LEAST = 14, 6  # lines of a plot; where less fits, it is cut off
STYLES = ("train", "validation", "test", "")  # by split, "" for none: the same in every plot
MANY = len(STYLES)  # of a preset's curves, the first style: those of the log come first
SHOWN = 12  # other columns that are named


def picture(console: Console, source: Source, drawn: Drawn, like: Like | None, live: bool) -> RenderableType:
    """Curves, table and notes. live: the plots are as high as leaves room for the rest."""
    below: list[RenderableType] = []
    if drawn.series:
        below.append(values_table(drawn, like))
    if drawn.others:
        names, more = ", ".join(drawn.others[:SHOWN]), len(drawn.others) - SHOWN
        rest = f" and {more} more" if more > 0 else ""
        below.append(Text(f"other columns: {names}{rest}; --column NAME draws one", style="dim"))
    if like:
        below.append(Text(against(like, drawn.x), style="dim"))
    below += [Text(note, style="yellow") for note in notes(source, drawn)]
    if source.lacking:
        below.append(Text(f"waiting for values in {source.name}: {source.lacking}", style="italic"))
    elif live:
        below.append(Text(f"{source.name}: {source.log.rows:,} rows; ctrl+c ends", style="dim"))
    plots = figures(drawn, like)
    if not any(len(series) > 1 for series in drawn.series):
        return Group(*below)
    return Group(Plots(plots, _height(console, len(plots), Group(*below)) if live else HEIGHT), *below)


def figures(drawn: Drawn, like: Like | None) -> list[Figure]:
    """One for the loss (the cost, if there is no loss), one for the accuracy, one for each column asked for."""
    measures = [series.measure for series in drawn.series]
    titles = ["loss" if "loss" in measures else "cost", "accuracy"]
    drawn_together = [[series for series in drawn.series if series.measure == title] for title in titles]
    plots = [_figure(t, each, drawn.x, like) for t, each in zip(titles, drawn_together, strict=True) if each]
    return plots + [_figure(s.column, [s], drawn.x, None) for s in drawn.series if s.measure is None]


def _figure(title: str, together: Sequence[Series], x: X, like: Like | None) -> Figure:
    of_none = "" if len(together) > 1 else STYLES[0]
    styles = [STYLES.index(series.split or of_none) for series in together]
    curves = [Curve(series.outline, style, series.label) for style, series in zip(styles, together, strict=True)]
    for k, series in enumerate(together if like else ()):
        assert like is not None
        assert series.measure is not None
        mean, band = like.curve(series.measure, series.split, x)
        if mean:
            name = f"{series.split or 'train'} of {like.preset.name}"
            curves.append(Curve(tuple(mean), MANY + k, name, band=tuple(band)))
    reported = {key: goal for key, goal in like.reported.items() if key.endswith(f".{title}")} if like else {}
    return Figure(
        title,
        tuple(curves),
        span=_span(together),
        references=tuple(reported.values()),
        reference_name=", ".join(f"reported: {key.split('.')[0]} {figure(title, reported[key])}" for key in reported),
        percent=title == "accuracy",
        x_title=x.name,
    )


def _span(together: Sequence[Series]) -> Point | None:
    """The x of the log: a preset that trains longer is drawn as far as that."""
    xs = [x for series in together for x, _ in series.outline]
    return (min(xs), max(xs)) if xs and min(xs) < max(xs) else None


def values_table(drawn: Drawn, like: Like | None) -> Table:
    """The last and the best value of each series, beside what a preset has reached there."""
    beside = like.preset.name if like and like.means else None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column")
    at = f"at {drawn.x.name}"
    for heading in ("last", at, "best", at, *([f"{beside} there"] if beside else [])):
        table.add_column(heading, justify="right")
    for series in drawn.series:
        cells = [*_at(series, series.last), *_at(series, series.best)]
        if like and beside:
            cells.append(_there(like, series, drawn.x))
        table.add_row(series.column, *cells)
    return table


def _at(series: Series, point: Point | None) -> tuple[str, str]:
    if point is None:
        return "-", "-"
    x, y = point
    return (_number(series, y) if y - y == 0 else str(y)), label(x)


def _number(series: Series, y: float) -> str:
    return figure(series.measure, y) if series.measure else f"{y:.5g}"


def _there(like: Like, series: Series, x: X) -> str:
    """What the preset has reached where the log stands; a dash beyond its end."""
    if series.measure is None or series.last is None:
        return "-"
    mean, _ = like.curve(series.measure, series.split, x)
    if not mean or not mean[0][0] <= series.last[0] <= mean[-1][0]:
        return "-"
    point = value(Curve(tuple(mean)), series.last[0])
    return _number(series, point[1]) if point else "-"


def against(like: Like, x: X) -> str:
    """What stands behind the curves, in words."""
    if like.means and x.kind == "row" and len(x.values):
        return f"{like.source}; not drawn, as the log counts no updates or epochs"
    return like.source


def _height(console: Console, many: int, below: RenderableType) -> int:
    """Lines of each plot, so that all of it fits on the screen."""
    rows = 1 if console.width >= SIDE_BY_SIDE else many
    room = console.height - len(console.render_lines(below, pad=False)) - 1
    return max(min(room // rows - 2, HEIGHT), LEAST)
