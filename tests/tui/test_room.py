"""A wide terminal is filled: Presets and Train leave at most a third of it empty once they have something to show."""

import pytest

from tests.tui.conftest import wait_until
from tests.tui.recorded import some_runs
from tui.training import saved

SIZE = (160, 45)
TILE = (10, 3)  # cells: the share of tiles without any content is measured, as single cells lie between words, too
FRAME = set(" │─╭╮╰╯┃━┏┓┗┛▔▁▊▎")


def empty_share(app) -> float:
    """The share of tiles in which there is nothing but spaces and lines of frames."""
    lines = [strip.text.ljust(SIZE[0]) for strip in app.screen._compositor.render_strips()]
    (wide, high), (columns, rows) = TILE, SIZE
    tiles = [
        "".join(line[x : x + wide] for line in lines[y : y + high])
        for y in range(0, rows, high)
        for x in range(0, columns, wide)
    ]
    return sum(set(tile) <= FRAME for tile in tiles) / len(tiles)


@pytest.mark.parametrize("mode", ["presets", "train"])
async def test_no_more_than_a_third_is_empty(lab, starts_in, mode):
    starts_in(mode)
    app = lab()
    if mode == "train":
        app.training = saved(some_runs()[0])
    ready = {
        "presets": lambda: any(app.screen._plans.values()),
        "train": lambda: app.screen.query_one("#form").ready and app.screen.query_one("#plot-measure").figure.curves,
    }[mode]
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, ready)
        assert empty_share(app) <= 1 / 3
