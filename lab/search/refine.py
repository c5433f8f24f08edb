"""From a finished search to a finer one: the range of the values that did best."""

from collections.abc import Sequence

from lab.errors import LabError
from lab.search.result import SearchResult, TrialRow, best_rows
from presets.schema import Preset, Vary


def refined(preset: Preset, result: SearchResult) -> Preset:
    """The preset that searches where the best `search.top` trials of a finished search lie; its description says why.

    `result` is that search's. Raises LabError if there is nothing to narrow.
    """
    assert preset.search is not None, "only a search can be refined"
    if preset.search.all_grid:
        raise LabError(f"{preset.name} runs through a grid, and nothing else: there is no range to refine")
    rows = best_rows(result["trials"])
    best = rows[: preset.search.top]
    if len(best) < 2:
        raise LabError(f"{result['run']}: {len(best)} of its trials came to an end, and a range takes two")
    vary = [_narrowed(vary, best) for vary in preset.search.vary]
    ranges = ", ".join(f"{v.key} {_describe(v)}" for v in vary)
    accuracies = f"{best[-1]['accuracy']:.2%} to {best[0]['accuracy']:.2%}"
    why = f"{ranges}: where the best {len(best)} of {len(rows)} trials of {result['run']} lie ({accuracies})."
    return preset.model_copy(
        update={
            "name": f"{preset.name}-refined",
            "title": f"{preset.title}, refined",
            "description": why,
            "search": preset.search.model_copy(update={"vary": vary}),
            "reference": None,
        }
    )


def _narrowed(vary: Vary, best: Sequence[TrialRow]) -> Vary:
    values = [row["values"][vary.key] for row in best]
    if vary.values is not None:
        return vary.model_copy(update={"values": [value for value in vary.values if value in values]})
    low, high = float(min(values)), float(max(values))
    if low == high:  # whole numbers can agree
        return Vary(key=vary.key, distribution="choice", values=values[:1])
    return vary.model_copy(update={"low": low, "high": high})


def _describe(vary: Vary) -> str:
    if vary.values is not None:
        return f"in {vary.values}"
    return f"from {vary.low:.4g} to {vary.high:.4g}"
