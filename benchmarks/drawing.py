"""How long a drawing of a run takes, in turns with plotext's Braille: python -m benchmarks.drawing

The three plots of Train in a terminal of 160x45: loss with the band of its batches, accuracy, eta. Processor time of
this process, so that others on the machine do not count.
"""

import math
import random
import statistics
import time
from collections.abc import Callable

from plotext._figure import _figure_class

from lab.drawing.draw import draw
from lab.drawing.figure import Curve, Figure
from lab.drawing.look import MUTED_DARK, ON_DARK, Look

ROUNDS = 30
POINTS = 200
PLOTS = {"loss": (50, 23), "accuracy": (50, 23), "eta": (102, 7), "alone": (158, 41)}  # cells


def figure(name: str) -> Figure:
    """A run that has ended, with as many points as the app shows."""
    xs = [4800 * k / POINTS for k in range(POINTS + 1)]
    if name == "eta":
        return Figure("eta", (Curve(tuple((x, abs(x / 800 % 2 - 1)) for x in xs), 2, "eta"),), (0, 4800))
    train = [2.4 - 1.2 * (1 - math.exp(-x / 900)) + 0.1 * math.sin(x / 250) for x in xs]
    curves = (
        Curve(tuple(zip(xs, train, strict=True)), 0, "train"),
        Curve(tuple((x, y + 0.4) for x, y in zip(xs, train, strict=True)), 1, "validation"),
    )
    rng = random.Random(0)
    band = tuple((x, y - 0.3 * rng.random(), y + 0.6 * rng.random()) for x, y in zip(xs, train, strict=True))
    return Figure(name, curves, (0, 4800), (1.8,), band=() if name == "accuracy" else band)


def with_plotext(shown: Figure, width: int, height: int) -> None:
    """The same with plotext: a series for the band, for each horizontal line and for each curve."""
    plot = _figure_class()
    plot.clear_figure()
    plot.theme("clear")
    plot._set_size(width, height)
    if shown.band:
        band = [(x, y) for x, *ends in shown.band for y in ends]
        plot.plot([x for x, _ in band], [y for _, y in band], marker="braille", color=MUTED_DARK)
    for value in shown.references:
        plot.plot([0, 4800], [value, value], marker="braille", color=MUTED_DARK)
    for curve in shown.curves:
        xs, ys = zip(*curve.points, strict=True)
        plot.plot(xs, ys, marker="braille", color=ON_DARK[curve.style])
    str(plot.build())


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def main() -> None:
    """Measure and print."""
    for name, (width, height) in PLOTS.items():
        shown = figure(name)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(milliseconds(lambda: draw(shown, width, height, Look())))  # noqa: B023
            theirs.append(milliseconds(lambda: with_plotext(shown, width, height)))  # noqa: B023
        print(
            f"{name:<9} {width:>3} x {height:<3} ours {statistics.median(ours):5.1f} ms, worst {max(ours):5.1f} ms  "
            f"plotext {statistics.median(theirs):5.1f} ms"
        )


if __name__ == "__main__":
    main()
