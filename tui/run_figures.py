"""The figures of one run in Train: loss or cost, accuracy, eta."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import TYPE_CHECKING

from core.health import LayerHealth
from lab.drawing.figure import Curve, Event, Figure
from lab.runs.curves import usual
from lab.runs.store import SPLITS
from presets.schema import TriangularSchedule
from tui.series import smooth
from tui.widgets.reading import UNREAD, Reading

if TYPE_CHECKING:
    from tui.training import ShownRun

MEASURES = ("loss", "cost", "eta")
SIZES = {"weight": "weight", "gradient": "gradient", "update/weight": "update_ratio"}  # of layers: titles and fields
ETA_STYLE = 2  # of its curve: another colour than those of the parts of the data
Span = tuple[float, float]


@dataclass(frozen=True)
class CurvesView:
    """What the user has switched on."""

    measure: str = "loss"
    log: bool = False
    smooth: bool = False
    zoom: bool = False
    epochs: bool = False
    reading: Reading = UNREAD


def whole_span(record: "ShownRun", view: CurvesView) -> Span:
    """The ends of the x axis, in its unit: the whole run, or its last cycle (without cycles, its last quarter). A run
    that diverged ends there."""
    start, end = 0, max(record.update + 1 if record.phase == "diverged" else record.updates, 1)
    if view.zoom:
        schedule = record.preset.schedule
        length = 2 * schedule.n_s if isinstance(schedule, TriangularSchedule) else max(record.updates // 4, 1)
        start = max(record.update - 1, 0) // length * length
        end = start + length
    scale = _scale(record, view)
    return start / scale, end / scale


def measure_figure(record: "ShownRun", view: CurvesView) -> Figure:
    """Loss or cost, as the view says, with the loss of the batches behind it; or eta."""
    if view.measure == "eta":
        return eta_figure(record, view)
    scale = _scale(record, view)
    band = [(x / scale, low, high) for x, low, high in record.losses.ranges()] if view.measure == "loss" else []
    log = view.log != (record.phase == "diverged")  # what diverged can be seen on a logarithmic axis only
    return _figure(
        record, view, view.measure, _splits(record, view, view.measure), log=log, band=tuple(band),
        events=_events(record, view), band_name="batches" if band else "",
    )  # fmt: skip


def accuracy_figure(record: "ShownRun", view: CurvesView) -> Figure:
    """Accuracy, with the one the report gives."""
    curves, reported = _splits(record, view, "accuracy"), _reported(record)
    if reported is None:
        return _figure(record, view, "accuracy", curves, percent=True, events=_events(record, view))
    part = f"{reported[0]}, full data" if record.variant == "mini" else reported[0]
    return _figure(
        record, view, "accuracy", curves, percent=True, references=(reported[1],), events=_events(record, view),
        reference_name=f"reported {reported[1]:.2%} ({part})",
    )  # fmt: skip


def eta_figure(record: "ShownRun", view: CurvesView) -> Figure:
    """The learning rate."""
    scale = _scale(record, view)
    points = record.etas.means()
    if record.snapshot and points:  # the last mean is of several updates
        points[-1] = (record.snapshot.update, record.snapshot.eta)
    curve = Curve(tuple((x / scale, y) for x, y in points), ETA_STYLE, "eta")
    return _figure(record, view, "eta", [curve], log=view.log, events=_happened(record, view))


def size_figure(health: Sequence[LayerHealth], name: str, cursor: float | None) -> Figure:
    """One of SIZES of the layers that have parameters, by their depth; no curve if it is not known."""
    learning = [row for row in health if row.parameters]
    sizes = [(k, getattr(row, SIZES[name])) for k, row in enumerate(learning, 1)]
    points = tuple((float(k), size) for k, size in sizes if size)
    curves = (Curve(points, [*SIZES].index(name), name),) if points else ()
    return Figure(name, curves, (1, max(len(learning), 2)), log=True, x_title="layer", cursor=cursor, whole=True)


def _splits(record: "ShownRun", view: CurvesView, measure: str) -> list[Curve]:
    scale = _scale(record, view)
    series = {split: [(row["update"] / scale, row[f"{split}_{measure}"]) for row in record.points] for split in SPLITS}
    if view.smooth:
        series = {split: smooth([p for p in points if isfinite(p[1])], keep=0.6) for split, points in series.items()}
    own = [Curve(tuple(points), style, split) for style, (split, points) in enumerate(series.items())]
    behind = usual(record.expected, measure) if measure != "cost" else ()
    return [*own, *(_scaled(curve, scale) for curve in behind)]


def _scaled(curve: Curve, scale: float) -> Curve:
    """A curve over updates on the x axis of a view."""
    points = tuple((x / scale, y) for x, y in curve.points)
    return replace(curve, points=points, band=tuple((x / scale, low, high) for x, low, high in curve.band))


def _figure(record: "ShownRun", view: CurvesView, title: str, curves: Sequence[Curve], **options: object) -> Figure:
    span = view.reading.window or whole_span(record, view)
    axis = "epoch" if view.epochs else "update"
    return Figure(title, tuple(curves), span, x_title=axis, cursor=view.reading.cursor, **options)  # type: ignore[arg-type]


def _events(record: "ShownRun", view: CurvesView) -> tuple[Event, ...]:
    """What happened to the run, and where its validation accuracy was best if it did not stay so."""
    happened = _happened(record, view)
    if record.ended and len(record.points) > 2:
        best = max(record.points, key=lambda row: _finite(row["validation_accuracy"]))
        if best is not record.points[-1]:
            x = best["update"] / _scale(record, view)
            return (*happened, Event(x, f"best {best['validation_accuracy']:.1%}"))
    return happened


def _happened(record: "ShownRun", view: CurvesView) -> tuple[Event, ...]:
    """What happened to the run."""
    return tuple(Event(event.x / _scale(record, view), event.text) for event in record.events)


def _finite(number: float) -> float:
    return number if isfinite(number) else -inf


def _scale(record: "ShownRun", view: CurvesView) -> float:
    """Updates to a unit of the x axis."""
    return record.per_epoch if view.epochs else 1


def _reported(record: "ShownRun") -> tuple[str, float] | None:
    """The accuracy the report gives, and of which part: of the one that judges, or, without that, of validation."""
    given = record.preset.reference.reported if record.preset.reference else {}
    for part in (record.preset.data.judge, "validation"):
        if f"{part}.accuracy" in given:
            return part, given[f"{part}.accuracy"]
    return None
