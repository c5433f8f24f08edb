"""A range test in the terminal: the loss against log10 eta, the bounds, and the command that trains with them."""

from collections.abc import Sequence
from math import log10

from rich.console import Console

from lab.command_lines import run, run_code
from lab.drawing.figure import Curve, Event, Figure, Point
from lab.drawing.plots import Plots
from lab.search.lr_range import HIGH, LOW, RISEN, RULE, SOURCE, LrRange, train_with

HEIGHT, WIDEST = 14, 100


def range_figure(test: LrRange) -> Figure:
    """The loss of the batches and the smoothed loss against log10 eta, and the bounds. What is far above the start is
    left out: it would press the rest flat."""
    highest = RISEN * test.smoothed[0] if test.smoothed else 0.0
    curves = tuple(
        Curve(_below(highest, test.etas, losses), style, name, joined=name == "smoothed")
        for style, (name, losses) in enumerate([("batches", test.losses), ("smoothed", test.smoothed)])
    )
    found = zip(("eta_min", "eta_max"), test.bounds or (), strict=False)
    events = tuple(Event(log10(eta), f"{name} {eta:g}") for name, eta in found)
    return Figure("loss / log10 eta", curves, (log10(LOW), log10(HIGH)), events=events, x_title="log10 eta")


def _below(highest: float, etas: Sequence[float], losses: Sequence[float]) -> tuple[Point, ...]:
    return tuple((log10(eta), loss) for eta, loss in zip(etas, losses, strict=False) if loss <= highest)


def in_words(test: LrRange) -> str:
    """What the test found."""
    if test.bounds is None:
        return f"The loss did not fall between eta = {LOW:g} and {HIGH:g}: there is nothing to suggest."
    low, high = test.bounds
    now = f"the preset has {test.preset.optimiser.eta:g}"
    return f"eta_min = {low:g}, eta_max = {high:g} for a cyclical schedule ({now})."


def show_range(console: Console, test: LrRange, source: str, changes: Sequence[str], target: str | None = None) -> None:
    """All of it. source: the preset, as it was named; target: FILE:NAME, if that was trained like it."""
    console.print(Plots([range_figure(test)], HEIGHT, WIDEST))
    console.print(f"{test.preset.name} · {test.dataset.label}", style="bold", highlight=False, soft_wrap=True)
    if target is not None:
        console.print(f"code: {target}", style="bold", highlight=False, soft_wrap=True)
    console.print(in_words(test), style="bold", highlight=False)
    console.print(f"{RULE}.\nThe test is that of {SOURCE}.", highlight=False)
    ended = f"the loss was not finite at update {test.diverged_at}" if test.diverged_at else ""
    console.print(
        f"{len(test.etas)} of {test.updates} updates, eta from {LOW:g} to {HIGH:g}, in {test.seconds:.1f} s "
        f"· seed {test.preset.seed}{' · ' if ended else ''}{ended}",
        highlight=False,
    )
    if test.bounds:
        wanted = [*changes, *train_with(test.preset, *test.bounds)]
        command = run(source, wanted) if target is None else run_code(target, source, wanted)
        console.print(f"train with them: {command}", highlight=False, soft_wrap=True)
