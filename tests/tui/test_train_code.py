"""A student's code is trained from Train, where a file is chosen, and from Check, where it was checked."""

import pytest

from tests.lab.training.in_process import WorkerInProcess
from tests.lab.training.test_planted import FUNCTIONS
from tests.tui.conftest import text
from tui.screens.dialogues import AskScreen

RELU = """
class Relu:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dy):
        return dy * (self.x > 0)
"""
TWO = FUNCTIONS + RELU


@pytest.mark.parametrize("code", [FUNCTIONS, TWO], ids=["one", "two"])
async def test_a_file_is_chosen_and_trained_like_the_preset(lab, small, until, tmp_path, monkeypatch, starts_in, code):
    monkeypatch.setattr("lab.check.trained.Worker", WorkerInProcess)
    starts_in("train")
    path = tmp_path / "mine.py"
    path.write_text(code)
    app = lab(preset=small)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen.form.preset)
        app.screen._file_chosen(path)
        if code is TWO:
            await until(pilot, lambda: isinstance(app.screen, AskScreen))
            await pilot.press("enter")
        await until(pilot, lambda: app.training and app.training.ended)
        app.screen.tick()
        assert (app.training.phase, app.training.code) == ("done", "mine.py"), app.training.error
        assert app.training.command == f"gradlab run mine.py:ComputeGradients --like {small}"
        assert "code: mine.py" in text(app, "headline")
        if code is FUNCTIONS:
            first = app.training
            await app.open_preset("check", "mine.py:ComputeGradients")
            await pilot.press("t")
            await until(pilot, lambda: app.training is not first and app.training.ended)
            assert (app.current_mode, app.training.phase, app.training.code) == ("train", "done", "mine.py")
