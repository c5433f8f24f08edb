"""The estimated training time of a preset, measured on this machine."""

import time

from core.blas import one_thread
from data.catalogue import entries
from data.dataset import Dataset
from data.sources import IMAGE_SETS
from data.splits import spans
from presets.build import build, count_updates, load_data
from presets.schema import Preset

WARM_UP, TIMED = 2, 5  # updates
EVALUATED = 500  # examples


def seconds(preset: Preset) -> float:
    """The estimated seconds of a run of the preset on the data of this machine, from timing a few updates and a small
    evaluation on embedded data, by one process. Raises DataError, PresetError."""
    dataset = load_data(preset, "mini")
    trainer = build(preset, dataset)
    trainer.evaluate_every = trainer.updates
    with one_thread():
        run = trainer.run()
        for _ in range(1 + WARM_UP):
            next(run, None)
        began = time.perf_counter()
        made = sum(1 for _, _ in zip(range(TIMED), run, strict=False))
        update = (time.perf_counter() - began) / max(made, 1)
        began = time.perf_counter()
        trainer.evaluate({"train": (dataset.train.x[:EVALUATED], dataset.train.y[:EVALUATED])})
        example = (time.perf_counter() - began) / min(EVALUATED, len(dataset.train))
    train, validation = _examples(preset, dataset)
    updates = count_updates(preset, train // preset.training.batch)
    evaluations = updates // preset.training.evaluate_every + 2
    return updates * update + evaluations * (train + validation) * example


def _examples(preset: Preset, embedded: Dataset) -> tuple[int, int]:
    """How many examples a run trains and validates on: of the full set, if it is there."""
    there = any(entry.name == preset.data.set and entry.full == "present" for entry in entries())
    if not there or preset.data.set not in IMAGE_SETS:
        return len(embedded.train), len(embedded.validation)
    source = IMAGE_SETS[preset.data.set]
    (first, last), (start, end) = spans(preset.data.split, source, source.pool_rows)
    return last - first, end - start
