"""Kills: at every line of the store, and at random while a run, a search and the app are at work."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from lab.runs.store import RunStore, all_runs
from tests.sizes import WHOLE, size

ROOT = Path(__file__).parents[2]
GRADLAB = [sys.executable, "-m", "gradlab"]
PATIENCE = 120
RUN = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=50", "n_s=10", "updates=2000"]
SEARCH = [*RUN[:-1], "cycles=30", "search.trials=4"]
SHARES = size(1, 4)  # of the long tests at full size: none of them keeps a core to itself at the end
KILLS = size(2, 80)


@pytest.fixture
def disk():
    """A folder in memory, where there is one: a kill does not depend on the speed of a disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "GRADLAB_DATA": str(folder / "no-data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "TMPDIR": str(folder),
        "GRADLAB_RUNS": "runs",
    }


def changes(settings: list[str]) -> list[str]:
    return [word for each in settings for word in ("-s", each)]


@pytest.mark.parametrize("share", range(SHARES))
def test_a_kill_at_any_line_of_the_store_loses_nothing(share, disk):
    told = subprocess.run(
        [sys.executable, "-m", "tests.torture.kill_points", str(disk), str(size(53, SHARES)), str(share)],
        cwd=ROOT,
        env=environment(disk),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    for results in json.loads(told.stdout).values():
        assert results["failures"] == []
        assert results["killed"] >= size(3, results["lines"] // SHARES)


def killed(command: list[str], folder: Path, seconds: float) -> bool:
    """Begin a command and kill it after that time. Did it live so long?"""
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def finished(command: list[str], folder: Path) -> None:
    ended = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stderr


def next_command(folder: Path) -> list[str]:
    """What continues the run that is there, or begins one."""
    stores = all_runs(folder / "runs")
    kept = [store for store in stores if not store.kept_nothing]
    for store in stores:
        if store.kept_nothing:
            store.delete()
    begin = ["run", "a2-setting1", "--data", "mini", *changes(RUN)]
    return [*GRADLAB, *(["run", "--resume", str(kept[0].path)] if kept else begin)]


def same_run(one: RunStore, other: RunStore) -> None:
    assert (one.path / "metrics.csv").read_bytes() == (other.path / "metrics.csv").read_bytes()
    ours, theirs = one.checkpoint(), other.checkpoint()
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in theirs if name != "run.seconds")


def length(command: list[str], folder: Path) -> float:
    """How long a command takes that nobody disturbs."""
    begun = time.perf_counter()
    finished(command, folder)
    return time.perf_counter() - begun


@pytest.mark.parametrize("share", range(SHARES))
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(share, disk):
    rng, kills = random.Random(f"run {share}"), 0
    (disk / "whole").mkdir()
    seconds = length(next_command(disk / "whole"), disk / "whole")
    (expected,) = all_runs(disk / "whole" / "runs")
    round_ = 0
    while kills < KILLS // SHARES:
        folder = disk / f"run-{(round_ := round_ + 1)}"
        folder.mkdir()
        for _ in range(size(2, 4)):
            kills += killed(next_command(folder), folder, rng.uniform(0.2, 1.1) * seconds)
        store = next(iter(all_runs(folder / "runs")), None)
        if store is None or store.sound_result() is None or store.sound_result()["state"] != "done":
            finished(next_command(folder), folder)
        (store,) = all_runs(folder / "runs")
        same_run(store, expected)
        shutil.rmtree(folder)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_search_that_is_killed_again_and_again_ends_as_one_that_was_not(share, disk):
    if not WHOLE:
        pytest.skip("tests/lab/search/test_search.py kills one twice; here it is killed at random")
    command = [*GRADLAB, "search", "a2-coarse", "--data", "mini", "--jobs", "2", *changes(SEARCH)]
    rng, kills = random.Random(f"search {share}"), 0
    (disk / "whole").mkdir()
    seconds = length(command, disk / "whole")
    (expected,) = (disk / "whole" / "runs").glob("*/trials.csv")
    round_ = 0
    while kills < KILLS // SHARES:
        folder = disk / f"search-{(round_ := round_ + 1)}"
        folder.mkdir()
        for _ in range(4):
            kills += killed(command, folder, rng.uniform(0.3, 0.9) * seconds)
            if list(folder.glob("runs/*/result.json")):
                break
        if not list(folder.glob("runs/*/result.json")):
            finished(command, folder)
        tables = [path.read_bytes() for path in folder.glob("runs/*/trials.csv")]
        assert tables == [expected.read_bytes()]
        shutil.rmtree(folder)
    assert not list(disk.glob("gradlab-*/data-*/lock")) or len(list(disk.glob("gradlab-*/data-*/lock"))) <= 1


@pytest.mark.parametrize("share", range(SHARES))
def test_an_app_that_is_killed_while_it_trains_leaves_a_run_that_ends_as_any_other(share, disk):
    if not WHOLE:
        pytest.skip("tests/tui/test_leaving.py ends the app in a few ways; here it is killed at random")
    rng = random.Random(f"app {share}")
    (disk / "whole").mkdir()
    finished(next_command(disk / "whole"), disk / "whole")
    (expected,) = all_runs(disk / "whole" / "runs")
    for kill in range(KILLS // 2 // SHARES):
        folder = disk / f"app-{kill}"
        folder.mkdir()
        preset = folder / "mine.toml"
        preset.write_bytes((expected.path / "preset.toml").read_bytes())
        terminal = Terminal([*GRADLAB, "--preset", str(preset)], folder, environment(folder))
        try:
            terminal.wait_for(lambda terminal=terminal: b"Start" in terminal.output, PATIENCE)
            terminal.press(b"r")
            terminal.rest(rng.uniform(0.0, 2.5))
        finally:
            terminal.end()
        stores = all_runs(folder / "runs")
        if stores and not stores[0].kept_nothing and (stores[0].sound_result() or {}).get("state") != "done":
            finished([*GRADLAB, "run", "--resume", str(stores[0].path)], folder)
            same_run(stores[0], expected)
        shutil.rmtree(folder)
