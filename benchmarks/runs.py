"""How long it takes to list many runs: the command, and the first screen of Runs in the app.

    python -m benchmarks.runs [N]

Writes N runs (2,000) as trainings leave them, then takes the least of three times each.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.runs import run as lab_run
from presets.load import load
from tui.app import GradlabApp
from tui.screens.runs import RunsScreen

SETTINGS = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=7", "n_s=10", "updates=20"]
REPEATS = 3


def make(folder: Path, n: int) -> None:
    """One run, and n - 1 copies of it under other names."""
    run = lab_run.start(load("a2-setting1", SETTINGS), "mini", folder, 1)
    run.go(lambda snapshot: None)
    for number in range(1, n):
        shutil.copytree(run.store.path, folder / f"20260101-{number:06d}-a2-setting1-{number % 65536:04x}")


def command(folder: Path) -> float:
    """Seconds that `gradlab runs` takes, with the start of Python."""
    begun = time.perf_counter()
    listed = subprocess.run(
        [sys.executable, "-m", "gradlab", "runs", "--runs-dir", str(folder)], capture_output=True, check=True
    )
    seconds = time.perf_counter() - begun
    assert listed.stdout.count(b"a2-setting1") >= len(list(folder.iterdir()))
    return seconds


async def screen(folder: Path) -> tuple[float, float]:
    """Seconds from the key to the first paint of Runs, and to the whole table."""
    app = GradlabApp(folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        begun = time.perf_counter()
        app.action_mode("runs")
        while not isinstance(app.screen, RunsScreen):
            await asyncio.sleep(0)
        painted = asyncio.Event()
        app.call_after_refresh(painted.set)
        await painted.wait()
        first = time.perf_counter() - begun
        table = app.screen.query_one("DataTable")
        while table.row_count < len(list(folder.iterdir())):  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        return first, time.perf_counter() - begun


def main(n: int = 2000) -> None:
    """Print the times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "runs"
        make(folder, n)
        print(f"{n:,} runs on {os.cpu_count()} cores, least of {REPEATS}")
        print(f"gradlab runs                     {min(command(folder) for _ in range(REPEATS)):.2f} s")
        times = [asyncio.run(screen(folder)) for _ in range(REPEATS)]
        print(f"Runs in the app, first paint     {min(first for first, _ in times):.2f} s")
        print(f"Runs in the app, whole table     {min(whole for _, whole in times):.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
