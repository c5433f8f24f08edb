"""Presets and Train as they were accepted, in every state, from recorded runs."""

import math
import re

import numpy as np
import pytest
from textual.widgets._toast import Toast

from core.health import LayerHealth
from core.trainer import Snapshot
from lab.reading.facts import Facts
from lab.reading.read import read
from tests.tui.conftest import text, wait_until
from tests.tui.recorded import record
from tui.training import ShownRun, saved
from tui.widgets.form import PresetForm

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NAME = "20260102-030405-a2-setting1-00aa"


def run(phase: str, state: str = "interrupted", updates: int = 600) -> ShownRun:
    """A run of a2-setting1 as it was recorded, in some phase of its life."""
    shown = saved(record(NAME, state=state, updates=updates, variant="full"))
    shown.phase, shown.updates, shown.per_epoch = phase, 1000, 100
    for update in range(1, updates + 1):
        wave = 0.25 * math.sin(update * 1.7) * math.exp(-update / 900)
        shown.losses.add(update, 1.4 + math.exp(-update / 150) + wave)
    if phase in ("running", "paused"):
        shown.snapshot = Snapshot(updates, updates / 100, 0.0801, 1.47, {})
        shown.rate, shown.result = 312.0, None
    if not shown.ended:
        shown.findings = read(Facts(shown.preset, shown.points, progress=updates / 1000))
    return shown


def confusion() -> np.ndarray:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 60, (10, 10))
    counts[np.diag_indices(10)] += 400
    counts[3, 7] = 0
    return counts


@pytest.fixture
def train(lab):
    """An app in which a run is shown in Train."""

    def train(shown: ShownRun | None, **options):
        app = lab(preset="a2-setting1", **options)
        app.training = shown
        return app

    return train


@pytest.mark.parametrize("phase", ["loading", "running", "paused", "finishing", "interrupted"])
def test_a_run_looks_as_accepted(train, snap_compare, phase):
    assert snap_compare(train(run(phase)), terminal_size=(80, 24))


@pytest.mark.parametrize("theme", ["gradlab-dark", "gradlab-light"])
def test_a_run_that_is_done_looks_as_accepted(train, snap_compare, theme):
    app = train(run("done", state="done", updates=1000))
    app.theme = theme
    assert snap_compare(app, terminal_size=(160, 45))


def test_no_run_looks_as_accepted(train, snap_compare):
    assert snap_compare(train(None))


def test_a_run_that_failed_looks_as_accepted(train, snap_compare):
    shown = run("failed")
    shown.error = OSError("No space left on device")

    async def said(pilot):
        await wait_until(pilot, lambda: pilot.app.screen.query(Toast))

    assert snap_compare(train(shown), run_before=said)


def test_a_run_that_diverged_looks_as_accepted(train, snap_compare):
    assert snap_compare(train(run("diverged", state="diverged", updates=40)))


def test_a_tiny_terminal_looks_as_accepted(train, snap_compare):
    assert snap_compare(train(run("running")), terminal_size=(40, 12))


@pytest.mark.parametrize("markers", ["unicode", "ascii"])
def test_without_colour_a_run_looks_as_accepted(train, snap_compare, monkeypatch, markers):
    monkeypatch.setenv("NO_COLOR", "1")
    app = train(run("running"))
    app.settings.markers = markers
    assert snap_compare(app)


def test_the_switches_of_the_curves_look_as_accepted(train, snap_compare):
    assert snap_compare(train(run("running")), press=["y", "m", "z", "x", "c"])


@pytest.mark.parametrize(("tab", "presses"), [("confusion", 1), ("classes", 2), ("layers", 4), ("log", 5)])
def test_a_tab_looks_as_accepted(train, snap_compare, tab, presses):
    shown = run("running")
    shown.confusion = ("validation part, update 600", CLASSES, confusion())
    shown.health = [
        LayerHealth("Flatten", (3072,), 0, None, None, None, None),
        LayerHealth("Dense", (50,), 153_650, 0.026, 3.1e-3, 9.7e-4, None),
        LayerHealth("ReLU", (50,), 0, None, None, None, 0.14),
        LayerHealth("Dense", (10,), 510, 0.21, 1.2e-2, 1.1e-3, None),
    ]
    shown.log = ["CIFAR-10, full: 10,000 train / 10,000 validation / 10,000 test", "update    100  epoch   1.00"]
    assert snap_compare(train(shown), press=["right_square_bracket"] * presses)


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_tables_of_a_run_and_why_there_are_none_fit_the_width(train, until, size):
    shown = run("done", state="done", updates=1000)
    shown.confusion = ("test part, update 1,000", CLASSES, confusion())
    shown.looked = f"This cannot be computed: {'the data are not here, ' * 7}as it seems."
    app = train(shown)
    async with app.run_test(size=size) as pilot:
        for presses, tab, said in ((1, "confusion", "truck"), (3, "layers", shown.looked)):
            await pilot.press(*["right_square_bracket"] * presses)
            pane = app.screen.query_one(f"#{tab}")
            await until(pilot, lambda tab=tab, said=said: said in " ".join(text(app, tab).split()))
            await pilot.pause()
            assert pane.region.right <= pane.parent.content_region.right


async def test_what_pictures_there_would_be_is_said_in_full(train, until):
    app = train(run("running"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        pane = app.screen.query_one("#pictures")
        await until(pilot, lambda: pane.region.height > 1)
        assert pane.region.right <= 80


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=["80x24", "40x12"])
def test_the_form_looks_as_accepted(train, snap_compare, size):
    assert snap_compare(train(None), press=["f"], terminal_size=size)


def test_a_wrong_value_looks_as_accepted(train, snap_compare):
    async def type_it(pilot):
        await wait_until(pilot, lambda: pilot.app.screen.query_one(PresetForm).ready)
        field = pilot.app.screen.query_one("#optimiser-eta")
        field.focus()
        field.value = "-1"

    assert snap_compare(train(None), run_before=type_it, terminal_size=(160, 45))


@pytest.mark.parametrize(
    ("size", "theme"),
    [((80, 24), "gradlab-dark"), ((120, 35), "gradlab-dark"), ((160, 45), "gradlab-light"), ((40, 12), "gradlab-dark")],
    ids=["80x24", "120x35", "160x45", "40x12"],
)
def test_presets_look_as_accepted(lab, snap_compare, until, size, theme):
    record("20260102-030405-a2-setting1-00bb", accuracy=0.4657)
    app = lab()
    app.theme = theme

    async def wait(pilot):
        await until(pilot, lambda: app.screen._best and any(app.screen._plans.values()))

    assert snap_compare(app, run_before=wait, terminal_size=size)


async def test_shrinking_and_growing_again_leaves_everything_in_place(train):
    app = train(run("running"))
    async with app.run_test(size=(160, 45)) as pilot:
        before = await settled(pilot)
        for size in ((80, 24), (40, 12), (20, 6), (160, 45)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        app.screen.tick()
        assert await settled(pilot) == before


async def settled(pilot) -> list[str]:
    """The text of the screen, as soon as it changes no more."""
    await wait_until(pilot, lambda: pilot.app.screen.query_one(PresetForm).ready)
    seen: list[list[str]] = []
    while len(seen) < 3 or not seen[-1] == seen[-2] == seen[-3]:
        await pilot.pause(0.2)
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", pilot.app.export_screenshot())
        seen.append([text.strip() for text in texts])
    return seen[-1]
