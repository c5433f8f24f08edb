"""The app shows control characters and obeys none."""

import pytest

from tests.tui.conftest import wait_until
from tui.app import GradlabApp


@pytest.mark.parametrize("size", [(80, 24), (120, 35)])
async def test_what_comes_from_outside_is_shown_and_a_line_keeps_its_width(tmp_path, size):
    app = GradlabApp(tmp_path)
    async with app.run_test(size=size, notifications=True) as pilot:
        app.notify("a\x1b[2J\x9bb\u202e\x07c", markup=False)

        def lines() -> list[str]:
            return [strip.text for strip in app.screen._compositor.render_strips()]

        await wait_until(pilot, lambda: any("a␛[2J�b�" in line for line in lines()))
        assert {len(line) for line in lines()} == {size[0]}
        assert "\x1b" not in "".join(lines())
