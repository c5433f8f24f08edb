"""From a finished search to a finer one, in the range of the best values."""

from collections.abc import Sequence

from lab.errors import LabError
from lab.search.result import SearchResult, TrialRow, best_rows
from presets.schema import Preset, SearchSection, Vary


def refined(preset: Preset, result: SearchResult) -> Preset:
    """The preset that searches the range of the best `search.top` trials of a finished search. Its description says
    why.

    `result` is that search's. Raises LabError if there is nothing to narrow.
    """
    assert preset.search is not None, "only a search can be refined"
    rows = best_rows(result["trials"])
    try:
        vary = narrowed(preset.search, result["trials"])
    except ValueError as error:
        raise LabError(f"{preset.name}, {result['run']}: {error}") from None
    best = rows[: preset.search.top]
    ranges = in_words(vary)
    accuracies = f"{best[-1]['accuracy']:.2%} to {best[0]['accuracy']:.2%}"
    why = f"{ranges}: the range of the best {len(best)} of {len(rows)} trials of {result['run']} ({accuracies})."
    return preset.model_copy(
        update={
            "name": f"{preset.name}-refined",
            "title": f"{preset.title}, refined",
            "description": why,
            "search": preset.search.model_copy(update={"vary": vary}),
            "reference": None,
        }
    )


def narrowed(search: SearchSection, rows: Sequence[TrialRow]) -> list[Vary]:
    """The range of each setting among the best `search.top` trials. Raises ValueError, with the reason, for none."""
    if search.all_grid:
        raise ValueError("it searches a grid: there is no range to refine")
    best = best_rows(rows)[: search.top]
    if len(best) < 2:
        raise ValueError(f"{len(best)} of its trials finished, and a range needs two")
    return [_narrowed(vary, best) for vary in search.vary]


def in_words(varied: Sequence[Vary]) -> str:
    """As in "loss.lambda from 0.0001 to 0.002"."""
    return ", ".join(f"{vary.key} {_describe(vary)}" for vary in varied)


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
