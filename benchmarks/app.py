"""The app in a real terminal beside the command line: python -m benchmarks.app

Updates/s with the curves visible, in turns with `gradlab run` of the same preset; how long a key press takes to show
while it trains; how long a letter takes to change the bars in Names; how long until the first screen; how memory grows
over 100,000 updates. The data are the full ones if they are there.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.terminal import Terminal
from benchmarks.turns import median_ratio
from lab.library.own_presets import save
from lab.runs.store import all_runs
from presets.load import load

PATIENCE = 600.0
GRADLAB = [sys.executable, "-c", "from lab.cli import main; main()"]
NAMES = ("malmberg", "baltatzis", "karlsson", "zhao", "selmer", "vandersloot")
PROBABILITY = re.compile(rb"\.[0-9][0-9]|%")
CLEAR, INTERRUPT = b"\x15", b"\x03"  # ctrl+u, ctrl+c
SMALL = ["set=mnist", "split=300/100/test", "hidden=8", "batch=50", "evaluate_every=1000", "schedule.kind=constant"]


def app(folder: Path, size: tuple[int, int], *arguments: str) -> Terminal:
    """The app, its runs in that folder."""
    surroundings = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "XDG_CONFIG_HOME": str(folder),
        "GRADLAB_RUNS": str(folder / "runs"),
    }
    return Terminal([*GRADLAB, *arguments], folder, surroundings, size)


def training(folder: Path, size: tuple[int, int], name: str, changes: Sequence[str]) -> Terminal:
    """The app training a changed preset, its curves visible."""
    path = folder / f"{name}-{time.monotonic_ns()}.toml"
    save(load(name, changes), path)
    terminal = app(folder, size, "--preset", str(path))
    terminal.wait_for(lambda: b"Start" in terminal.output, PATIENCE)
    terminal.press(b"r")
    return terminal


def answer(terminal: Terminal, key: bytes, shown: re.Pattern[bytes]) -> float:
    """Seconds from a key until what it should show is on the terminal."""
    terminal.output = b""
    began = time.perf_counter()
    terminal.press(key)
    terminal.wait_for(lambda: shown.search(terminal.output), PATIENCE, pause=0.001)
    return time.perf_counter() - began


def leave(terminal: Terminal, key: bytes = b"q") -> None:
    """Let the app end, and what it keeps be kept."""
    terminal.press(key)
    terminal.wait_for(lambda: terminal.ended, PATIENCE)
    terminal.end()


def speed_in_app(folder: Path, size: tuple[int, int], name: str, changes: Sequence[str]) -> float:
    """Updates/s of a whole run in the app."""
    before = len(all_runs(folder / "runs"))
    terminal = training(folder, size, name, changes)

    def done() -> bool:
        stores = all_runs(folder / "runs")
        return len(stores) > before and stores[-1].result() is not None

    terminal.wait_for(done, PATIENCE, pause=0.2)
    leave(terminal)
    result = all_runs(folder / "runs")[-1].result()
    assert result is not None
    return float(result["updates_per_second"])


def speed_headless(folder: Path, name: str, changes: Sequence[str]) -> float:
    """Updates/s of a whole run of the command."""
    settings = [word for change in changes for word in ("-s", change)]
    command = [*GRADLAB, "run", name, *settings, "--json", "--runs-dir", str(folder / "headless")]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[1])
    return float(json.loads(done.stdout)["updates_per_second"])


def key_delays(folder: Path, size: tuple[int, int], name: str, presses: int) -> list[float]:
    """Seconds from the key that changes the measure of the left plot until the plot's new title is on the terminal."""
    terminal = training(folder, size, name, ["training.updates=100000000"])
    terminal.wait_for(lambda: any(len(s.metrics()) > 3 for s in all_runs(folder / "runs")), PATIENCE)
    random.seed(0)
    delays = []
    for k in range(presses):
        terminal.rest(random.uniform(0.1, 0.4))  # as keys come: not in step with what the app draws
        title = (b"cost", b"eta", b"loss")[k % 3]
        delays.append(answer(terminal, b"c", re.compile(re.escape(title))))
    leave(terminal)
    return delays


def letter_delays(folder: Path, size: tuple[int, int], names: Sequence[str]) -> list[float]:
    """Seconds from a letter typed in Names until the probabilities it changes are on the terminal."""
    terminal = app(folder, size)
    terminal.wait_for(lambda: b"a1-test1" in terminal.output, PATIENCE)
    terminal.press(b"5")
    terminal.wait_for(lambda: b"shipped" in terminal.output, PATIENCE)  # the model is there
    random.seed(0)
    delays = []
    for name in names:
        for letter in name:
            terminal.rest(random.uniform(0.1, 0.4))
            delays.append(answer(terminal, letter.encode(), PROBABILITY))
        terminal.press(CLEAR)
        terminal.rest(0.3)
    leave(terminal, INTERRUPT)
    return delays


def first_paint(folder: Path, size: tuple[int, int]) -> float:
    """Seconds from the start of the process until the list of presets is on the terminal."""
    terminal = app(folder, size)
    terminal.wait_for(lambda: b"a1-test1" in terminal.output, PATIENCE, pause=0.002)
    seconds = time.perf_counter() - terminal.started
    leave(terminal)
    return seconds


def memory(folder: Path, size: tuple[int, int]) -> tuple[float, float]:
    """MB held after 10,000 and after 110,000 updates of a small network."""
    terminal = training(folder, size, "a2-setting1", [*SMALL, "training.updates=10000000"])
    held = []
    for updates in (10_000, 110_000):

        def reached(updates: int = updates) -> bool:
            stores = all_runs(folder / "runs")
            metrics = stores[-1].metrics() if stores else []
            return bool(metrics) and metrics[-1]["update"] >= updates

        terminal.wait_for(reached, PATIENCE, pause=0.5)
        status = Path(f"/proc/{terminal.process.pid}/status").read_text()
        held.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
    leave(terminal)
    return held[0], held[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", nargs="?", default="a2-setting1")
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--size", default="160x45", help="of the terminal")
    arguments = parser.parse_args()
    columns, rows = map(int, arguments.size.split("x"))
    size, changes = (columns, rows), [f"training.updates={arguments.updates}"]
    print(f"{arguments.preset}, terminal of {arguments.size}")
    with tempfile.TemporaryDirectory() as name:
        ours, headless = [], []
        for k in range(arguments.rounds):
            headless.append(speed_headless(Path(name), arguments.preset, changes))
            ours.append(speed_in_app(_folder(name, f"speed{k}"), size, arguments.preset, changes))
        print(f"updates/s  app {statistics.median(ours):,.0f}  headless {statistics.median(headless):,.0f}  ", end="")
        print(f"ratio {median_ratio(ours, headless):.2f} (median of {arguments.rounds} turns)")
        _tell("key press", key_delays(_folder(name, "keys"), size, arguments.preset, arguments.presses))
        _tell("letter to bars", letter_delays(_folder(name, "letters"), size, NAMES))
        paints = [first_paint(_folder(name, f"paint{k}"), size) for k in range(arguments.rounds)]
        print(f"first paint  {statistics.median(paints):.2f} s (median of {arguments.rounds})")
        early, late = memory(_folder(name, "memory"), size)
        print(f"memory  {early:.1f} MB after 10,000 updates, {late:.1f} MB after 110,000")


def _tell(what: str, seconds: list[float]) -> None:
    delays = sorted(1000 * delay for delay in seconds)
    print(f"{what}  median {statistics.median(delays):.0f} ms  ", end="")
    print(f"95th percentile {delays[int(0.95 * len(delays))]:.0f} ms  worst {delays[-1]:.0f} ms")


def _folder(parent: str, name: str) -> Path:
    path = Path(parent) / name
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
