"""The gradient check of a preset's network, and the checks the reports made."""

from dataclasses import dataclass, replace

import numpy as np

from core.gradcheck import GradientReport, Progress, Settings, check
from core.network import Network
from core.objective import Objective
from core.streams import stream
from core.threads import threads
from data.dataset import Dataset
from lab.errors import LabError
from presets.build import build, build_network, load_data
from presets.load import load
from presets.schema import Preset

EXAMPLES = 20  # of a batch that is checked, if nobody says otherwise


def check_preset(
    preset: Preset, settings: Settings, examples: int = EXAMPLES, updates: int = 0, progress: Progress | None = None
) -> GradientReport:
    """Check a preset's network on the first training examples of the embedded data, penalty included.

    `updates`: train that many first, as a network at its start can hide what is wrong. Raises DataError, PresetError,
    and LabError if there are not so many examples.
    """
    dataset = _embedded(preset)
    part = dataset.train
    if examples > len(part):
        raise LabError(f"--examples {examples}: there are {len(part):,} training examples in {dataset.label}")
    trainer = build(preset, dataset)
    with threads(1):
        trainer.update = 1  # past the evaluation of update 0, which is of no interest here
        for _, _ in zip(range(updates), trainer.run(), strict=False):
            pass
        x, y = part.x[:examples], part.y[:examples]
        report = check(trainer.objective, x, y, settings, progress, preset.name)
    when = f"after {updates:,} updates" if updates else "at initialisation"
    return replace(report, notes=(f"{examples} examples of {dataset.label}, {when}", *report.notes))


def _embedded(preset: Preset) -> Dataset:
    """The embedded part: a check asks for a few examples, and reading all data takes longer than the check."""
    return load_data(preset, "mini")


@dataclass(frozen=True)
class Like:
    """The settings of a gradient check in a report."""

    preset: str
    where: str
    inputs: int
    lambda_: float
    printed_eps: float
    meant_eps: float


REPORTS = {
    "a2-setting1": Like("a2-setting1", "report a2, figure 1", 20, 0.0, 0.1, 1e-6),
    "a2-setting2": Like("a2-setting1", "report a2, figure 2", 3072, 0.1, 0.1, 1e-6),
}
LIKE_EXAMPLES, LIKE_H, LIKE_TOLERANCE, LIKE_SAMPLES = 20, 1e-5, 1e-6, 1000


def check_like(name: str, progress: Progress | None = None) -> list[GradientReport]:
    """The check of a report: with the eps it printed, with the one that was meant, and by the complex step.

    n = 20 examples, the first `inputs` features, hidden 50, central differences with h = 1e-5. With eps = 0.1 an error
    much smaller than 0.1 cannot be seen. With eps = 1e-6 the rounding errors of a cost of 10 (lambda = 0.1) can be
    larger than the tolerance allows. The complex step has neither trouble: the last report is the judge.
    """
    if name not in REPORTS:
        raise LabError(f"--like {name}: there are {', '.join(REPORTS)}")
    like = REPORTS[name]
    preset = load(like.preset)
    part = _embedded(preset).train
    x, y = part.x.reshape(len(part), -1)[:LIKE_EXAMPLES, : like.inputs], part.y[:LIKE_EXAMPLES]
    objective = Objective(_drawn(preset, like.inputs), like.lambda_)
    note = f"{like.where}: n = 20, d = {like.inputs}, lambda = {like.lambda_:g}; the embedded part of CIFAR-10"
    ways = {
        f"eps = {like.printed_eps:g}, as printed": Settings("central", LIKE_H, like.printed_eps, LIKE_TOLERANCE),
        f"eps = {like.meant_eps:g}, as meant": Settings("central", LIKE_H, like.meant_eps, LIKE_TOLERANCE),
        "exact": Settings("complex"),
    }
    reports = []
    with threads(1):
        for how, settings in ways.items():
            settings = replace(settings, samples=LIKE_SAMPLES, seed=preset.seed)
            report = check(objective, x, y, settings, progress, f"{name}, {how}")
            reports.append(replace(report, notes=(note, *report.notes)))
    return reports


def _drawn(preset: Preset, inputs: int) -> Network:
    network = build_network(preset.network, (inputs,), 10, np.random.default_rng())
    network.initialise(stream(preset.seed, "init"))
    return network
