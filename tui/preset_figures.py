"""The figures of a preset before it is trained: what its runs should look like, and its learning rate."""

from lab.drawing.figure import Curve, Figure
from lab.expected.curves import Expected

SPLITS = ("train", "validation")
ETA_STYLE = 2  # as in the figures of a run


def expected_figure(expected: Expected, measure: str, reported: float | None = None) -> Figure:
    """Loss or accuracy: the mean over the seeds with a band of one standard deviation to each side.

    reported: the accuracy that the report gives, as a line.
    """
    curves = tuple(_curve(expected, f"{split}_{measure}", split, style) for style, split in enumerate(SPLITS))
    several = expected.seeds > 1
    return Figure(
        measure,
        curves,
        references=() if reported is None else (reported,),
        percent=measure == "accuracy",
        x_title="update" if several else "update, 1 seed",
        band_name=f"expected, {expected.seeds} seeds" if several else "",
        reference_name="" if reported is None else "report",
    )


def _curve(expected: Expected, name: str, label: str, style: int) -> Curve:
    mean, band = expected.curve(name)
    return Curve(tuple(mean), style, label, band=tuple(band))


def eta_figure(etas: tuple[tuple[float, float], ...], most: float) -> Figure:
    """The learning rate that the schedule plans, at some of the updates; most: of all updates."""
    varies = len({eta for _, eta in etas}) > 1
    title = f"planned eta{', at most' if varies else ''} {most:.3g}"
    return Figure(title, (Curve(etas, ETA_STYLE),), x_title="update")
