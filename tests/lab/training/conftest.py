"""A student's file trained in this process, on a few images."""

import textwrap

import pytest

from lab.training import code_run
from presets.build import load_data
from presets.load import load
from tests.lab.training.in_process import WorkerInProcess, losses

TINY = ["set=mnist", "split=200/60/test", "batch=20", "evaluate_every=4"]


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADLAB_DATA", str(tmp_path / "no-data"))
    monkeypatch.setattr("lab.check.trained.Worker", WorkerInProcess)


@pytest.fixture(scope="session")
def data():
    """Data of a preset, loaded once."""
    known = {}

    def data(preset):
        return known.setdefault(preset.data.model_dump_json(), load_data(preset, "mini"))

    return data


@pytest.fixture
def trained(tmp_path, data):
    """trained(text, NAME, preset, changes): the preset, its data, and the trainer of that code at update 0."""

    def trained(text, name, preset, *changes):
        path = tmp_path / "mine.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        preset = load(preset, [*TINY, *changes])
        return preset, data(preset), code_run.trainer_of(path, name, preset, data(preset), 1)

    return trained


@pytest.fixture
def sentence(trained):
    """sentence(text, NAME, preset, changes): what is said of that code's updates and evaluation, trained to the end."""

    def sentence(*code):
        *_, trainer = trained(*code)
        losses(trainer)
        return trainer.agreement.document()["sentence"]

    return sentence
