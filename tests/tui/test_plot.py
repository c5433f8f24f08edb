"""Plots: where the points lie, and what stands at the axes."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text as RichText
from textual.app import ComposeResult

from tui.screens.base import ModeScreen
from tui.widgets.plot import Curve, Figure, SeriesPlot, label, log_ticks, nice_ticks

EXPONENTIAL = tuple((float(x), 10.0**x) for x in range(1, 31))


class PlotScreen(ModeScreen):
    """A plot and nothing else."""

    mode = "runs"

    def compose_mode(self) -> ComposeResult:
        yield SeriesPlot(id="plot")


@pytest.fixture
def drawn(lab):
    """The lines of text a figure is drawn as; `times`: how often it is drawn."""

    async def drawn(figure, times=1, size=(80, 24)):
        app = lab()
        async with app.run_test(size=size) as pilot:
            await app.push_screen(PlotScreen())
            plot = app.screen.query_one("#plot", SeriesPlot)
            plot.show(figure)
            await pilot.pause()
            for _ in range(times):
                plot.redraw()
                strips = [plot.render_line(y) for y in range(plot.size.height)]
            return [strip.text for strip in strips]

    return drawn


@pytest.mark.parametrize("figure", [Figure("loss", (Curve(EXPONENTIAL, 0),), log=log) for log in (False, True)])
@pytest.mark.parametrize("size", [(80, 24), (40, 10), (12, 5), (3, 1)], ids=str)
async def test_any_size_can_be_drawn(drawn, figure, size):
    assert await drawn(figure, size=size)


@pytest.mark.parametrize("times", [1, 3])
async def test_what_grows_exponentially_is_a_straight_line_on_a_logarithmic_axis(drawn, times):
    lines = await drawn(Figure("loss", (Curve(EXPONENTIAL, 0),), log=True), times)
    places = [(line.index("•"), i) for i, line in enumerate(lines) if "•" in line]
    assert len(places) >= 15
    slopes = [(a[0] - b[0]) / (b[1] - a[1]) for a, b in pairwise(places)]
    assert max(slopes) - min(slopes) <= 3  # cells
    labels = [line.partition("┤")[0].strip() for line in lines if "┤" in line]
    assert labels == ["1e+30", "1e+25", "1e+20", "1e+15", "1e+10", "100,000"]


async def test_a_narrow_range_has_ticks_on_a_logarithmic_axis_too(drawn):
    lines = await drawn(Figure("loss", (Curve(((0.0, 2.4), (1.0, 1.3)), 0),), log=True))
    assert "2" in [line.partition("┤")[0].strip() for line in lines if "┤" in line]


async def test_cells_have_the_colours_that_plotext_gave_them(lab):
    app = lab()
    async with app.run_test(size=(60, 20)) as pilot:
        await app.push_screen(PlotScreen())
        plot = app.screen.query_one("#plot", SeriesPlot)
        plot.show(Figure("loss", (Curve(EXPONENTIAL, 0), Curve(EXPONENTIAL[::-1], 1))))
        await pilot.pause()
        decoded = RichText.from_ansi(str(plot.plt.build()))
        console = Console(width=60, color_system="truecolor")
        for y, line in enumerate(decoded.split()):
            ours = [(c, s.style) for s in plot.render_line(y) for c in s.text]
            theirs = [(c, segment.style) for segment in line.render(console) for c in segment.text]
            assert [(c, c == " " or s.color, s.bgcolor) for c, s in ours] == [
                (c, c == " " or s.color, s.bgcolor) for c, s in theirs
            ]


async def test_nothing_to_draw_is_an_empty_frame(drawn):
    lines = await drawn(Figure("loss", (Curve(((0.0, float("nan")), (1.0, float("inf"))), 0),)))
    assert "loss" in lines[0]
    assert not any("•" in line for line in lines)


def test_ticks_are_round_numbers_inside_and_not_too_many():
    assert nice_ticks(0.0, 1.0, 5) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert log_ticks(0.5, 2e4, 6) == [1, 10, 100, 1000, 10000]
    assert log_ticks(1e-3, 1e30, 4) == [1, 1e10, 1e20, 1e30]
    assert log_ticks(1.3, 2.4, 4) == pytest.approx([1.5, 2.0])


@given(st.floats(1e-30, 1e30), st.floats(1.0, 1e40), st.integers(1, 20))
@example(1.0, 1.0000000000000002, 3)
def test_ticks_of_a_logarithmic_axis_have_logarithms(low, factor, most):
    ticks = log_ticks(low, low * factor, most)
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)
    assert len(ticks) <= most + 1


def test_labels_stay_short():
    assert [label(v) for v in (0.25, 1000.0, 250_000.0, 5e20)] == ["0.25", "1,000", "250,000", "5e+20"]
    assert label(0.4588, percent=True) == "45.9%"
