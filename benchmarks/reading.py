"""How well are curves read? Trains sound runs and runs with planted faults, and counts what the reader says of them.

    nice python -m benchmarks.reading

Prints the table of docs/reading.md and every run that was read wrongly. All runs are short, on the embedded data. The
thresholds of lab/reading were chosen on the seeds 1 to 4 and 11 to 14; the seeds here are others.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

from lab.machine import cores, tune_blas

tune_blas()  # as the command line does, before NumPy is imported

import numpy as np  # noqa: E402

from core.blas import one_thread  # noqa: E402
from core.layers import Dense, ReLU  # noqa: E402
from core.trainer import DivergedError, Trainer  # noqa: E402
from data.dataset import Dataset, Part  # noqa: E402
from lab.reading.facts import Facts, facts_of  # noqa: E402
from lab.reading.read import read  # noqa: E402
from presets.build import build, load_data  # noqa: E402
from presets.load import load  # noqa: E402

FAULTY_SEEDS = (5, 6)
SOUND_SEEDS = (21, 22, 23, 24, 25)
IMAGES = ["split=2000/500/test"]
CYCLE = ["n_s=100", "cycles=1", "evaluate_every=10", *IMAGES]

# The nets: a preset, and what makes it short.
NETS: dict[str, tuple[str, list[str]]] = {
    "one layer": ("a1-test2", ["epochs=", "updates=400", "evaluate_every=20", *IMAGES]),
    "two layers": ("a2-setting1", CYCLE),
    "three layers": ("a3-3layer", CYCLE),
    "nine layers": ("a3-9layer", [*CYCLE, "n_s=200", "evaluate_every=20"]),
    "three layers, batch norm": ("a3-3layer-bn", CYCLE),
    "nine layers, batch norm": ("a3-9layer-bn", [*CYCLE, "n_s=200", "evaluate_every=20"]),
    "digits": ("mnist-cnn", ["split=1000/500/test", "updates=300", "evaluate_every=30"]),
    "surnames": ("names-best", ["updates=600", "evaluate_every=50"]),
}
DENSE = ["one layer", "two layers", "three layers"]


@dataclass(frozen=True)
class Case:
    """A run: `fault` is what was planted, "" for a sound one; `plant` what no setting can plant."""

    fault: str
    net: str
    changes: tuple[str, ...]
    seed: int
    plant: str = ""

    @property
    def settings(self) -> list[str]:
        """All changes to the preset of the net."""
        return [*NETS[self.net][1], *self.changes, f"seed={self.seed}"]


# Faults that settings cannot plant


def shuffle_train(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """The training labels no longer belong to their examples."""
    return replace(dataset, train=Part(dataset.train.x, rng.permutation(dataset.train.y)))


def shuffle_judges(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """The labels of validation and test no longer belong to their examples."""
    parts = {name: Part(part.x, rng.permutation(part.y)) for name, part in dataset.parts.items() if name != "train"}
    return replace(dataset, **parts)


def imbalance(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """Only a twentieth of the training examples of all classes but the first two is left."""
    kept = (dataset.train.y < 2) | (rng.random(len(dataset.train)) < 0.05)
    return replace(dataset, train=Part(dataset.train.x[kept], dataset.train.y[kept]))


def kill_units(trainer: Trainer) -> None:
    """The biases before the first ReLU are so negative that none of its units is ever active."""
    layers = trainer.network.layers
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, ReLU))
    before = next(layer for layer in reversed(layers[:first]) if "b" in layer.params or "beta" in layer.params)
    before.params["b" if "b" in before.params else "beta"][...] = -1e4 if not isinstance(before, Dense) else -100


DATA: dict[str, Callable[[Dataset, np.random.Generator], Dataset]] = {
    "shuffle train": shuffle_train,
    "shuffle judges": shuffle_judges,
    "imbalance": imbalance,
}


def faulty() -> Iterator[Case]:
    """All runs with a planted fault."""
    by_setting: list[tuple[str, list[str], dict[str, list[str]]]] = [
        (
            "diverged",
            ["two layers", "three layers", "surnames"],
            {"*": ["eta=1e4", "eta_min=1e3"], "surnames": ["eta=1e3"]},
        ),
        (
            "eta-too-large",
            [*DENSE, "three layers, batch norm", "digits", "surnames"],
            {
                "one layer": ["eta=0.1"],
                "two layers": ["eta=10"],
                "three layers": ["eta=10"],
                "three layers, batch norm": ["eta=10"],
                "digits": ["eta=0.1"],
                "surnames": ["eta=1"],
            },
        ),
        (
            "eta-too-small",
            [*DENSE, "three layers, batch norm", "digits", "surnames"],
            {
                "one layer": ["eta=1e-6"],
                "digits": ["eta=1e-6"],
                "surnames": ["eta=1e-6"],
                "*": ["eta=1e-4", "eta_min=1e-8"],
            },
        ),
        (
            "lambda-too-large",
            [*DENSE, "three layers, batch norm", "surnames"],
            {"*": ["lambda=1"], "surnames": ["lambda=10"], "one layer": ["lambda=10"]},
        ),
        ("vanishing-gradients", ["three layers", "nine layers"], {"*": ["initialiser=normal", "sigma=1e-4"]}),
        ("vanishing-gradients", ["nine layers"], {"*": ["initialiser=normal", "sigma=0.01"]}),
        ("underfitting", ["two layers", "three layers", "three layers, batch norm"], {"*": ["hidden=2"]}),
        (
            "overfitting",
            ["two layers", "three layers", "three layers, batch norm", "digits"],
            {"*": ["split=200/1000/test", "lambda=0"], "digits": ["split=50/500/test", "weight_decay=0"]},
        ),
        ("not-normalised", DENSE, {"*": ["normalise=none"]}),
        ("cycle", ["two layers", "three layers, batch norm"], {"*": ["cycles=", "updates=300"]}),
        ("too-few-evaluations", ["two layers", "three layers, batch norm"], {"*": ["evaluate_every=200"]}),
        ("plateau", ["one layer"], {"*": ["schedule.kind=step", "every=60", "factor=0.01", "eta=0.003"]}),
        ("class-imbalance", ["surnames"], {"*": ["sampling=plain"]}),
    ]
    for fault, nets, changes in by_setting:
        for net in nets:
            for seed in FAULTY_SEEDS:
                yield Case(fault, net, tuple(changes.get(net, changes.get("*", []))), seed)
    by_hand = [
        ("labels-shuffled", [*DENSE, "three layers, batch norm", "digits", "surnames"], "shuffle train"),
        ("labels-shuffled", ["two layers", "digits", "surnames"], "shuffle judges"),
        ("class-imbalance", ["two layers", "three layers, batch norm", "digits"], "imbalance"),
        ("dead-units", ["two layers", "three layers", "digits"], "dead"),
    ]
    for fault, nets, plant in by_hand:
        for net in nets:
            for seed in FAULTY_SEEDS:
                yield Case(fault, net, (), seed, plant)


def sound() -> Iterator[Case]:
    """Runs with sensible settings."""
    variants: dict[str, list[list[str]]] = {
        "one layer": [[], ["lambda=0.1"], ["eta=0.003"], ["batch=50"]],
        "two layers": [[], ["lambda=0.001"], ["hidden=100"], ["eta=0.05"], ["cycles=2", "lambda=0.05"]],
        "three layers": [[], ["lambda=0.001"], ["eta=0.05"], ["hidden=[100, 50]"]],
        "three layers, batch norm": [[], ["lambda=0.01"], ["eta=0.05"], ["eta=0.2"]],
        "nine layers, batch norm": [[], ["lambda=0.001"]],
        "digits": [[], ["dropout=0.2"], ["optimiser.kind=adam", "eta=0.001"]],
        "surnames": [[], ["eta=0.002"]],
    }
    for net, kinds in variants.items():
        for changes in kinds:
            for seed in SOUND_SEEDS:
                yield Case("", net, tuple(changes), seed)


# Training


@cache
def _data(net: str, settings: tuple[str, ...]) -> Dataset:
    return load_data(load(NETS[net][0], list(settings)), "mini")


def train(case: Case) -> Facts:
    """Train a case and keep what the reader is given."""
    preset = load(NETS[case.net][0], case.settings)
    data_settings = [s for s in case.settings if s.split("=")[0] in ("split", "normalise")]
    if case.net == "surnames":
        data_settings.append(f"seed={case.seed}")
    dataset = _data(case.net, tuple(data_settings))
    if case.plant in DATA:
        dataset = DATA[case.plant](dataset, np.random.default_rng(case.seed))
    trainer = build(preset, dataset)
    if case.plant == "dead":
        kill_units(trainer)
    metrics, diverged_at = [], None
    with one_thread():
        try:
            for snapshot in trainer.run():
                if snapshot.evaluations:
                    row = {"update": snapshot.update, "epoch": snapshot.epoch, "eta": snapshot.eta}
                    for split, evaluation in snapshot.evaluations.items():
                        row |= {f"{split}_{name}": value for name, value in evaluation._asdict().items()}
                    metrics.append(row)
        except DivergedError as error:
            diverged_at = error.update
        return facts_of(preset, dataset, trainer, metrics, diverged_at)


# Counting


def told(case: Case) -> tuple[Case, list[str]]:
    """The faults that the reader names in a case, the most important first."""
    return case, [finding["key"] for finding in read(train(case)) if finding["kind"] == "fault"]


def right(case: Case) -> set[str]:
    """The keys that name what was planted. A learning rate that is far too large may end in a loss that is not finite:
    then the finding says so, and that eta is the reason."""
    return {case.fault, "diverged"} if case.fault == "eta-too-large" else {case.fault}


def table(outcomes: list[tuple[Case, list[str]]]) -> str:
    """A row for every kind of fault, and one for the sound runs, in Markdown."""
    rows = ["| planted | nets | runs | detected | named first |", "| --- | --- | ---: | ---: | ---: |"]
    totals: Counter[str] = Counter()
    for fault in dict.fromkeys(case.fault for case, _ in outcomes if case.fault):
        of_fault = [(case, keys) for case, keys in outcomes if case.fault == fault]
        nets = "; ".join(dict.fromkeys(case.net for case, _ in of_fault))
        detected = sum(bool(right(case) & set(keys)) for case, keys in of_fault)
        first = sum(bool(right(case) & set(keys[:1])) for case, keys in of_fault)
        totals.update(runs=len(of_fault), detected=detected, first=first)
        rows.append(f"| `{fault}` | {nets} | {len(of_fault)} | {detected} | {first} |")
    rows.append(f"| **all** | | **{totals['runs']}** | **{totals['detected']}** | **{totals['first']}** |")
    alarms = [bool(keys) for case, keys in outcomes if not case.fault]
    return "\n".join([*rows, "", f"{len(alarms)} sound runs: {sum(alarms)} false alarms."])


def main() -> None:
    """Train everything and print the table."""
    begun = time.perf_counter()
    with ProcessPoolExecutor(cores()) as pool:
        outcomes = list(pool.map(told, [*faulty(), *sound()]))
    print(table(outcomes))
    for case, keys in outcomes:
        if (keys[:1] or [""])[0] not in right(case):
            print(f"read as {keys}: {case}")
    print(f"{time.perf_counter() - begun:.0f} s on {cores()} cores")


if __name__ == "__main__":
    main()
