"""How a run of a student's code ended, beside what the preset's own network reaches."""

from lab.expected.curves import Expected, OverSeeds, expected
from lab.runs.result import Result
from presets.load import changed
from presets.schema import Preset

FAR = 5  # standard deviations over seeds, which are themselves known from few seeds
CLOSE = 0.005  # accuracy: nearer than this is as expected, however small the spread


def verdict(preset: Preset, result: Result) -> str:
    """The validation accuracy and the training loss beside the shipped curves, or why there is nothing beside them."""
    if result["state"] != "done":
        return f"The run is not done ({result['state']}): nothing is compared with the curves of {preset.name}."
    shipped = expected(preset.name)
    settings = [f"{key} = {value}" for key, value in changed(preset).items() if key != "seed"]
    if shipped is None:
        return f"No curves of {preset.name} come with Gradlab: only the updates are compared."
    if settings:
        others = f" (and {len(settings) - 1} more)" if len(settings) > 1 else ""
        return f"The curves of {preset.name} were made without {settings[0]}{others}: only the updates are compared."
    if result["variant"] != "full":
        return f"The curves of {preset.name} were made on the full data: only the updates are compared."
    if shipped.seeds < 2:
        return f"The curves of {preset.name} are of one seed, which does not tell how far others lie."
    return _beside(shipped, result)


def _beside(shipped: Expected, result: Result) -> str:
    """One sentence for a measure."""
    measures = shipped.moments[-1].measures
    final = result["final"]
    parts = [_accuracy(final["validation"]["accuracy"], measures["validation_accuracy"])]
    parts.append(_loss(final["train"]["loss"], measures["train_loss"]))
    return " ".join(part for part in parts if part)


def _accuracy(here: float | None, usual: OverSeeds) -> str:
    if here is None or usual.spread is None:
        return ""
    off = here - usual.mean
    where = "as expected" if abs(off) <= max(FAR * usual.spread, CLOSE) else "above" if off > 0 else "below"
    usually = f"{100 * usual.mean:.1f} ± {100 * usual.spread:.1f}"
    return f"Validation accuracy {100 * here:.1f} %; {usually} is to be expected: {where}."


def _loss(here: float | None, usual: OverSeeds) -> str:
    if here is None or usual.spread is None:
        return ""
    off = here - usual.mean
    where = "as expected" if abs(off) <= FAR * usual.spread else "above" if off > 0 else "below"
    return f"Training loss {here:.3f}; {usual.mean:.3f} ± {usual.spread:.3f} is to be expected: {where}."
