"""A log that another program writes, opened over Runs."""

import pytest
from textual.widgets import Input, Select, SelectionList, Static

from tests.tui.conftest import wait_until
from tests.tui.recorded import record
from tui.screens.log import LogScreen, OpenLogScreen
from tui.screens.runs import RunsScreen
from tui.widgets.plot import SeriesPlot

LINES = [f"Epoch {e}/9 loss: {3 - e / 4} - val_acc: {10 * e}% - lr: {1 / e}\n" for e in range(1, 6)]


def curves(app):
    """Points by the title of the figure and the label of the curve."""
    return {
        (plot.figure.title, curve.label): curve.points
        for plot in app.screen.query(SeriesPlot)
        for curve in plot.figure.curves
    }


@pytest.mark.parametrize("like", ["nothing", "a2-setting1"])
async def test_a_log_is_opened_followed_and_left(lab, starts_in, tmp_path, like):
    starts_in("runs")
    record("20260102-030405-a2-setting1-00aa")
    log = tmp_path / "train.log"
    log.write_text("".join(LINES[:-1]))
    app = lab()
    async with app.run_test(size=(120, 35)) as pilot:
        await wait_until(pilot, lambda: app.screen.has_class("-some"))
        await pilot.press("o")
        dialogue = app.screen
        assert isinstance(dialogue, OpenLogScreen)
        await pilot.press("minus", "enter")
        assert "give a file" in str(dialogue.query_one(".wrong", Static).render())
        dialogue.query_one(Input).value = "train.log"
        dialogue.query_one(Select).value = like
        await pilot.press("enter")
        await wait_until(pilot, lambda: ("loss", "loss") in curves(app))
        loss = tuple((e, 3 - e / 4) for e in range(1, 6))
        assert curves(app)["loss", "loss"] == loss[:-1]
        with log.open("a") as file:
            file.write(LINES[-1])
        await wait_until(pilot, lambda: curves(app)["loss", "loss"] == loss)
        assert curves(app)["accuracy", "validation"] == tuple((e, pytest.approx(e / 10)) for e in range(1, 6))
        assert (("loss", "train of a2-setting1") in curves(app)) == (like != "nothing")
        await pilot.press("c", "space")
        assert app.screen.query_one(SelectionList).selected == ["lr"]
        await wait_until(pilot, lambda: ("lr", "lr") in curves(app))
        await pilot.press("escape", "y")
        assert {plot.figure.title for plot in app.screen.query(SeriesPlot) if plot.figure.log} == {"loss", "lr"}
        assert isinstance(app.screen, LogScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)
