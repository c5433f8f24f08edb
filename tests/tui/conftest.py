"""The app with everything pinned that a screen could depend on: paths, settings, data, environment, cursors."""

import os
from collections.abc import Callable

import pytest

from tui.app import GradlabApp


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch, tmp_path):
    """No data, runs, settings or colours of whoever runs the tests."""
    for name in [*os.environ]:
        ours = name.startswith("TEXTUAL") and not name.startswith("TEXTUAL_SNAPSHOT")  # that is the fixture's own
        if ours or name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "GRADLAB_RUNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "no-data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lab(tmp_path) -> Callable[..., GradlabApp]:
    """An app on runs of its own: lab(preset="a2-setting1")."""

    def lab(**options) -> GradlabApp:
        app = GradlabApp(**{"runs": tmp_path / "runs", "threads": 1, **options})
        app.cursor_blink = False
        app.animation_level = "none"
        return app

    return lab
