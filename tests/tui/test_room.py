"""A wide terminal is filled: no mode leaves more than a third of it empty once it has something to show. In a small one
what counts is in sight."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import TabbedContent

from core.health import LayerHealth
from data.sources import SETS
from lab.names.neighbours import Neighbour
from tests.tui.conftest import wait_until
from tests.tui.recorded import RIGHT, record, report, some_runs
from tui.training import SEEN, saved
from tui.widgets.plot import SeriesPlot
from tui.widgets.text import Text

SIZE = (160, 45)
MOST = 1 / 3
TILE = (10, 3)  # cells: the share of tiles without any content is measured, as single cells lie between words, too
KEYS = [("2", "train"), ("3", "check"), ("4", "search"), ("6", "runs"), ("5", "names")]
SEARCHES = Path(__file__).parent / "searches"  # as gradlab search left them, without checkpoints and pictures
FRAME = set(" │─╭╮╰╯┃━┏┓┗┛▔▁▊▎")


class AlikeNames:
    """Takes the place of the training names, which take a second to read."""

    def nearest(self, name, count):
        return [Neighbour("carlson", "English", 0.9 - k / 100) for k in range(count)]


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


def drawn(screen, plot: str) -> bool:
    return bool(screen.query_one(plot, SeriesPlot).figure.curves)


async def presets(pilot, screen):
    await wait_until(pilot, lambda: any(screen._plans.values()))


async def train(pilot, screen):
    await wait_until(pilot, lambda: screen.query_one("#form").ready and drawn(screen, "#plot-measure"))


async def check(pilot, screen):
    await pilot.press("r")
    await wait_until(pilot, lambda: screen._checking.ended and drawn(screen, "#errors"))


async def search(pilot, screen):
    await wait_until(pilot, lambda: drawn(screen, "#points"))
    reported = screen.query_one("#points", SeriesPlot).figure.reference_name
    assert reported == "reported 52.58% (full data)", "beside trials on the embedded data"


async def names(pilot, screen):
    await wait_until(pilot, lambda: screen._model)
    await pilot.press(*"Malmberg", "enter", *"Karlsson")
    await wait_until(pilot, lambda: screen._near)


async def runs(pilot, screen):
    await wait_until(pilot, lambda: screen._rows)
    assert screen.current["state"] == "diverged"
    assert len(screen.query_one("#overlay-measure", SeriesPlot).figure.curves[0].points) == 1
    assert empty_share(pilot.app) <= MOST
    await pilot.press("ctrl+end", "space", "up", "space")
    await wait_until(pilot, lambda: len(screen._marked) == 2)
    assert empty_share(pilot.app) <= MOST
    await pilot.press("right_square_bracket")


@pytest.mark.parametrize("show", [presets, train, check, search, names, runs], ids=lambda show: show.__name__)
async def test_no_more_than_a_third_is_empty(lab, starts_in, monkeypatch, show):
    monkeypatch.setattr("tui.screens.check.check", lambda *args, **options: report(RIGHT))
    monkeypatch.setattr("tui.screens.names.neighbours", lambda origin: AlikeNames())
    kept = some_runs()
    record("20260105-030405-a2-setting1-00ff", state="diverged", updates=14, every=50)
    shutil.copytree(SEARCHES, Path("runs"), dirs_exist_ok=True)
    starts_in(show.__name__)
    app = lab()
    if show is train:
        app.training = saved(kept[0])
    async with app.run_test(size=SIZE) as pilot:
        await show(pilot, app.screen)
        await pilot.pause()
        assert empty_share(app) <= MOST


TEN, EIGHTEEN = SETS["cifar10"].classes, SETS["surnames"].classes


def mixed_up(classes) -> np.ndarray:
    """Guesses of a network that is right half of the time, and wrong by a few habits."""
    counts = np.diag([50] * len(classes))
    for step, habit in ((1, 25), (2, 15), (4, 10)):
        counts += habit * np.roll(np.eye(len(classes), dtype=int), step, axis=1)
    return counts


def health(depth: int, trains: bool) -> list[LayerHealth]:
    """Of a network of dense layers, its gradients smaller with depth; without updates if it trains no more."""
    dense = [
        LayerHealth("Dense", (50,), 2550, 0.2 * 0.8**k, 0.01 * 2.0**-k, 1e-3 * 1.5**k if trains else None, None)
        for k in range(depth)
    ]
    relu = LayerHealth("ReLU", (50,), 0, None, None, None, 0.1)
    return [each for row in dense for each in (row, relu)][:-1]


@pytest.mark.parametrize(
    ("classes", "depth", "trains"), [(TEN, 2, False), (TEN, 9, True), (EIGHTEEN, 2, True), (EIGHTEEN, 9, False)]
)
async def test_no_more_than_a_third_of_what_is_known_of_a_run_is_empty(lab, starts_in, classes, depth, trains):
    starts_in("train")
    app = lab()
    app.training = shown = saved(some_runs()[0])
    shown.confusion, shown.health, shown.looked = ("test part", classes, mixed_up(classes)), health(depth, trains), SEEN
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, lambda: app.screen.query_one("#form").ready)
        for tab in ("confusion", "classes", "layers"):
            app.screen.query_one("#tabs", TabbedContent).active = f"{tab}-tab"
            await wait_until(pilot, lambda tab=tab: app.screen.query_one(f"#{tab}").region.height > 5)
            await wait_until(pilot, lambda: empty_share(app) <= MOST)


async def test_before_anything_was_done_a_large_terminal_is_filled_and_a_small_one_cuts_nothing(lab, starts_in):
    starts_in("train")
    app = lab()
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, lambda: app.screen.query_one("#form").ready)
        for key, mode in KEYS:
            await pilot.press(key)
            assert app.current_mode == mode
            await wait_until(pilot, lambda: empty_share(app) <= MOST)
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")  # out of the field of Names, which takes digits
        for key, mode in KEYS:
            await pilot.press(key)
            assert app.current_mode == mode
            await pilot.pause()
            for example in app.screen.query(".empty-example").results(Text):
                shown = str(example.render()).splitlines() if example.region else []
                assert all(len(line) <= example.content_size.width for line in shown), app.current_mode


async def test_facts_and_bars_of_every_preset_are_in_sight_in_a_small_terminal(lab):
    app = lab()
    async with app.run_test(size=(80, 24)) as pilot:
        options = app.screen.query_one("#list")
        bottom = app.screen.query_one("#details").region.bottom
        for offer in app.screen._offers:
            options.highlighted = options.get_option_index(offer.source)
            await pilot.pause()
            bars, facts = app.screen.query_one("#bars").region, app.screen.query_one("#facts").region
            assert bars.height >= 4, offer.source
            assert bars.bottom <= bottom, offer.source
            assert facts.height >= 10, offer.source
