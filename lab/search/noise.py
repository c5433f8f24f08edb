"""How far trials lie apart by their seeds alone: measured on trials and saved runs of one setting, never guessed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import variance
from typing import NamedTuple

from data.sources import Variant
from lab.runs.saved import finished
from lab.runs.store import all_runs, new_name
from lab.search.result import TrialRow
from presets.load import with_values
from presets.schema import Preset


class Noise(NamedTuple):
    """deviation: the standard deviation of one trial over seeds, pooled over the settings that have several; runs: how
    many trials and runs it was measured on."""

    deviation: float
    runs: int


def noise(preset: Preset, variant: Variant | None, rows: Sequence[TrialRow], runs: Path) -> Noise | None:
    """Of the accuracy that ranks the trials of a search. None where no setting has a second seed, neither among the
    trials nor among the saved runs."""
    done = [row for row in rows if row["state"] == "done" and row["accuracy"] is not None]
    presets = [with_values(preset, row["values"], preset.name) for row in done]
    accuracies: list[tuple[Preset, float]] = [
        (each, row["accuracy"]) for each, row in zip(presets, done, strict=True) if row["accuracy"] is not None
    ]
    accuracies += _of_runs(preset, variant, runs)
    settings: dict[str, dict[int, float]] = {}
    for each, accuracy in accuracies:
        settings.setdefault(_but_for_the_seed(each), {}).setdefault(each.seed, accuracy)
    ours = {_but_for_the_seed(each) for each in presets}
    return _pooled([by_seed for setting, by_seed in settings.items() if setting in ours and len(by_seed) > 1])


def _pooled(groups: Sequence[Mapping[int, float]]) -> Noise | None:
    if not groups:
        return None
    squares = sum((len(each) - 1) * variance(each.values()) for each in groups)
    return Noise((squares / sum(len(each) - 1 for each in groups)) ** 0.5, sum(map(len, groups)))


def _but_for_the_seed(preset: Preset) -> str:
    """What trains a preset, apart from its seed."""
    alone = {"seed": 0, "name": "", "title": "", "description": "", "search": None, "reference": None}
    return preset.model_copy(update=alone).model_dump_json()


def _of_runs(preset: Preset, variant: Variant | None, runs: Path) -> Iterator[tuple[Preset, float]]:
    """Finished runs by their presets, and what they reached on the part that ranks; only those whose names begin as the
    preset's are read: a trial that is trained again is called so."""
    assert preset.search is not None, "only a search has noise"
    part = preset.search.maximise.removesuffix(".accuracy")
    slug = new_name(preset)[16:-5]
    for record in finished(all_runs(runs), lambda store: store.path.name[16:].startswith(slug)):
        measured = {str(name): measures["accuracy"] for name, measures in record.final.items()}
        accuracy = measured.get(part)
        if record.variant == variant and accuracy is not None:
            yield record.preset, accuracy
