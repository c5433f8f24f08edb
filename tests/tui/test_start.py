"""How the app starts: what it loads for its first screen, and what it leaves to threads. Each in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tui

BESIDE = """
import threading
import tui.app

def run(self):
    from threadpoolctl import threadpool_info
    from core.blas import one_thread

    def check():
        with one_thread():
            entered.set()
            may_end.wait(10)

    def train():
        with one_thread():
            may_end.set()
            checking.join()
            print({library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"})

    entered, may_end = threading.Event(), threading.Event()
    checking, training = threading.Thread(target=check), threading.Thread(target=train)
    checking.start()
    entered.wait(10)
    training.start()
    training.join()

tui.app.GradlabApp.run = run
tui.app.main()
"""


SEARCH = """
import asyncio
import sys
from pathlib import Path

from lab.library.own_presets import save
from presets.load import load
from tests.tui.conftest import SMALL, wait_until
from tui.app import GradlabApp

async def search(folder):
    GradlabApp.DEFAULT_MODE = "search"
    save(load("a2-coarse", [*SMALL, "search.trials=2"]), folder / "tiny.toml")
    app = GradlabApp(runs=folder / "runs")
    async with app.run_test() as pilot:
        await app.screen.open_preset(str(folder / "tiny.toml"))
        await pilot.press("r")
        await wait_until(pilot, lambda: app.searching.ended)
    print([row["state"] for row in app.searching.rows], file=sys.__stdout__)

if __name__ == "__main__":
    asyncio.run(search(Path(FOLDER)))
"""


@pytest.fixture
def python(tmp_path):
    def python(program):
        environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
        folder = Path(tui.__file__).parents[1]
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return python


def test_the_first_screen_needs_neither_numpy_nor_plots(python):
    program = "import sys, tui.app, tui.screens.presets; print({'numpy', 'scipy', 'plotext'} & set(sys.modules))"
    assert python(program) == "set()"


def test_every_blas_works_on_one_thread_whoever_else_computes(python):
    """Only one thread at a time sets a limit: a check that ends must not lift it for a training that goes on."""
    assert python(BESIDE) == "{1}"


def test_the_processes_of_a_search_begin_though_the_app_has_taken_the_outputs(python, tmp_path):
    assert python(f"FOLDER = {str(tmp_path)!r}\n{SEARCH}") == "['done', 'done']"
