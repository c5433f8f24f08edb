"""The pictures in README.md and docs/: python -m tui.pictures docs [--only NAME]

Each is what a user sees who does as `SCENES` says, in an app without a terminal. A training is a real one, on the full
data where they are present (GRADLAB_DATA), and takes its time.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.pilot import Pilot

from tui.app import GradlabApp
from tui.screens.presets import PresetList

SIZE = (140, 40)
PATIENCE = 600.0  # seconds
ONE_NAME, OTHER_NAMES = "Malmberg", ("Karlsson", "Zhao", "Papadopoulos")


async def train(app: GradlabApp, pilot: Pilot[None]) -> None:
    """A run of a2-setting2 at its end."""
    await app.open_preset("train", "a2-setting2")
    await pilot.press("r")
    await _until(lambda: app.training is not None and app.training.ended)


async def presets(app: GradlabApp, pilot: Pilot[None]) -> None:
    """What is known of a2-setting2 before it is trained."""
    options = app.screen.query_one(PresetList)
    options.highlighted = options.get_option_index("a2-setting2")
    await _until(lambda: "about" in app.export_screenshot())  # how long it takes here, which is measured last


async def names(app: GradlabApp, pilot: Pilot[None]) -> None:
    """Three names in the table, and one in the field."""
    await pilot.press("5")
    await app.workers.wait_for_complete()  # which models there are
    for name in OTHER_NAMES:
        await pilot.press(*name, "enter")
    await pilot.press(*ONE_NAME)
    await app.workers.wait_for_complete()  # the training names


SCENES = {"presets": presets, "train": train, "names": names}


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.1)


async def picture(scene: Callable[[GradlabApp, Pilot[None]], Awaitable[None]]) -> str:
    """The app as a scene leaves it, as SVG."""
    with TemporaryDirectory() as runs:
        app = GradlabApp(Path(runs))
        async with app.run_test(size=SIZE) as pilot:
            await scene(app, pilot)
            await pilot.pause(1)  # what is drawn now and then is drawn
            return app.export_screenshot()


def main(arguments: Sequence[str] | None = None) -> None:
    """Make some of the pictures, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tui.pictures", description="Make the pictures in README and docs.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=SCENES, help="By default all are made.")
    given = parser.parse_args(arguments)
    for name in [given.only] if given.only else SCENES:
        (given.folder / f"app-{name}.svg").write_text(asyncio.run(picture(SCENES[name])), encoding="utf-8")


if __name__ == "__main__":
    main()
