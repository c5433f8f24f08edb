"""Plots in the app: their frame, and how values are read and the axis is zoomed."""

import pytest

from lab.drawing.figure import Curve, Figure
from tui.screens.base import ModeScreen
from tui.widgets.plot import SeriesPlot
from tui.widgets.reading import Reading

FIGURE = Figure("loss", (Curve(tuple((float(x), 2.0 - x / 100) for x in range(0, 101, 10)), 0, "train"),), (0, 100))


class PlotScreen(ModeScreen):
    """A plot and nothing else."""

    mode = "runs"

    def compose_mode(self):
        yield SeriesPlot(id="plot")

    def on_series_plot_pointed(self, event):
        self.at = event.x

    def on_series_plot_zoomed(self, event):
        self.zoomed = (event.factor, event.x)


async def test_a_plot_is_read_with_the_mouse_and_with_the_arrows_and_zoomed_with_both(lab):
    app = lab()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PlotScreen())
        screen, plot = app.screen, app.screen.query_one(SeriesPlot)
        plot.show(FIGURE)
        plot.focus()
        await pilot.pause()
        assert "train" in plot.border_title
        await pilot.press("left")
        assert screen.at == 100
        await pilot.press("home")
        assert screen.at == 0
        await pilot.press("plus")
        assert screen.zoomed == (0.5, None)
        await pilot.press("minus")
        assert screen.zoomed == (2.0, None)
        await pilot.hover("#plot", offset=(40, 10))
        assert 30 < screen.at < 70
        screen.zoomed = None
        await pilot.click("#plot", offset=(40, 10))
        assert screen.zoomed is None
        ends = []
        for column, event in ((60, "mouse_down"), (30, "mouse_up")):  # also from right to left
            await pilot.hover("#plot", offset=(column, 10))
            ends.append(screen.at)
            await getattr(pilot, event)("#plot", offset=(column, 10))
        whole = screen.query_one(SeriesPlot).figure.span
        assert Reading().zoomed(whole, *screen.zoomed).window == pytest.approx((ends[1], ends[0]))
        assert plot.region.height == 22  # between the bar and the keys


def test_zooming_keeps_what_is_read_in_its_place_and_ends_at_the_whole():
    whole = (0.0, 1000.0)
    near = Reading().zoomed(whole, 0.5, 200.0)
    assert near.window == (100.0, 600.0)
    assert near.zoomed(whole, 2.0, 200.0).window is None
    deepest = near
    for _ in range(20):
        deepest = deepest.zoomed(whole, 0.5, 200.0)
    low, high = deepest.window
    assert low < 200 < high
    assert high - low >= 1000 / 64


@pytest.mark.parametrize("x", [0.0, 1000.0, None])
def test_zooming_out_never_leaves_the_axis(x):
    assert Reading(window=(0.0, 500.0)).zoomed((0.0, 1000.0), 4.0, x).window is None or x == 1000.0
