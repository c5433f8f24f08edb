"""The pictures of the documentation."""

import re
from pathlib import Path

from tui.pictures import SCENES, picture

ROOT = Path(__file__).parents[2]


def test_every_picture_in_the_documentation_has_its_scene():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"app-(\w+)\.svg", page.read_text(encoding="utf-8"))}
    assert shown == set(SCENES) == {path.stem.removeprefix("app-") for path in (ROOT / "docs").glob("*.svg")}


async def test_a_picture_is_what_the_app_shows_after_a_scene():
    async def find_dropout(app, pilot):
        await pilot.press("slash", *"dropout")

    drawn = await picture(find_dropout)
    assert drawn.startswith("<svg")
    assert "names-plus" in drawn
    assert "a2-setting1" not in drawn
