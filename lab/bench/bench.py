"""Updates per second on this machine."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypedDict

from core.blas import one_thread
from core.helper.process import helped
from core.trainer import Snapshot
from lab.machine import cores, versions
from presets.build import build, load_data
from presets.load import load
from presets.schema import Preset

PRESETS = ("a1-test2", "a2-setting1", "a3-3layer-bn", "mnist-cnn", "names-best")
ROUNDS = 5
SECONDS = 0.2  # of a turn
FOREVER = 10**9  # updates


class PresetRates(TypedDict):
    """How fast a preset trains."""

    preset: str
    batch: int
    parameters: int
    updates_per_second: dict[str, float]  # by the number of threads, which is a text in JSON


class Rates(TypedDict):
    """What `gradlab bench --json` prints."""

    cores: int
    presets: list[PresetRates]
    versions: dict[str, str]


def endless(name: str, *changes: str) -> Preset:
    """The preset without an end and without evaluations."""
    return load(name, [*changes, f"updates={FOREVER}", f"evaluate_every={FOREVER}"])


def measure(names: Sequence[str], seconds: float, watch: Callable[[str], None]) -> Rates:
    """Updates per second of presets on one thread and on all cores, on embedded data and without evaluations.

    `seconds` is the length of a turn. The numbers of threads take several turns each. `watch` gets the name of each
    preset before it is measured.
    """
    documents = []
    for name in names:
        watch(name)
        documents.append(_preset(endless(name), seconds))
    return {"cores": cores(), "presets": documents, "versions": versions()}


def _preset(preset: Preset, seconds: float) -> PresetRates:
    counts = sorted({1, cores()})
    trainers = {n: build(preset, load_data(preset, "mini")) for n in counts}
    rates: dict[int, list[float]] = {n: [] for n in counts}
    with ExitStack() as helpers:
        for n, trainer in trainers.items():
            trainer.update = 1  # past the evaluation of update 0
            helpers.enter_context(helped(trainer, n, at_once=True))
        runs = {n: trainer.run() for n, trainer in trainers.items()}
        for turn in range(ROUNDS + 1):
            for n, snapshots in runs.items():  # in turns, so that other load on the machine affects all alike
                rate = _rate(snapshots, seconds)
                if turn:  # the first warms up
                    rates[n].append(rate)
    return {
        "preset": preset.name,
        "batch": preset.training.batch,
        "parameters": int(trainer.network.theta.size),
        "updates_per_second": {str(n): round(statistics.median(rate), 1) for n, rate in rates.items()},
    }


def _rate(snapshots: Iterator[Snapshot], seconds: float) -> float:
    with one_thread():
        updates, started = 0, time.perf_counter()
        while (spent := time.perf_counter() - started) < seconds:
            next(snapshots)
            updates += 1
    return updates / spent
