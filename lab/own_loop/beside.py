"""The last numbers of a whole training beside what the preset reaches over seeds."""

from collections.abc import Iterator, Mapping, Sequence

from data.dataset import Dataset
from lab.expected.curves import OverSeeds, expected
from lab.watch.columns import role
from presets.load import changed
from presets.schema import Preset

FAR = 5  # standard deviations, which are themselves known from few seeds
NEAR = 0.005  # of an accuracy: as expected, however small the deviation


def beside_expected(series: Mapping[str, Sequence[float]], preset: Preset, dataset: Dataset) -> list[str]:
    """One sentence for each measure that has a name and an expectation; why there are none, if there are none."""
    shipped = expected(preset.name)
    if shipped is None:
        return [f"No curves of {preset.name} come with Gradlab: only the updates are compared."]
    if dataset.variant != "full" or any(key != "seed" for key in changed(preset)):
        return [f"The curves of {preset.name} are those of the full data, unchanged: only the updates are compared."]
    return list(_sentences(series, shipped.moments[-1].measures))


def _sentences(series: Mapping[str, Sequence[float]], wanted: Mapping[str, OverSeeds]) -> Iterator[str]:
    for name, numbers in series.items():
        meant = role(name)
        usual = wanted.get(f"{meant.split or 'train'}_{meant.measure}") if meant is not None else None
        if meant is None or usual is None or usual.spread is None:
            continue
        last = numbers[-1] / 100 if meant.measure == "accuracy" and numbers[-1] > 1.5 else numbers[-1]
        near = max(FAR * usual.spread, NEAR if meant.measure == "accuracy" else 0.0)
        where = "as expected" if abs(last - usual.mean) <= near else "above" if last > usual.mean else "below"
        yield f"{name} ends at {last:.4g}; {usual.mean:.4g} ± {usual.spread:.2g} is to be expected: {where}."
