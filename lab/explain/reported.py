"""What the reports saw of a setting: their presets that differ in nothing else, their searches, their tables."""

from collections.abc import Iterator

from lab.reproduce.tables import BEST_LAMBDAS, LOWEST_ACCURACY, SENSITIVITY
from lab.runs.saved import value_text
from presets.keys import settings
from presets.load import load, names
from presets.reports import REPORTS
from presets.schema import Preset

BESIDE = ("search.", "training.evaluate_every")  # differences that do not change what is reached
MOST = 4  # sentences


def reported(preset: Preset, key: str) -> list[str]:
    """Sentences: those of the preset's own report first."""
    own = preset.reference.report if preset.reference else ""
    presets = sorted((load(name) for name in names()), key=lambda each: _report(each) != own)
    by_report: dict[str, list[Preset]] = {}
    for each in presets:
        if each.reference:
            by_report.setdefault(each.reference.report, []).append(each)
    sentences = [text for report, family in by_report.items() for text in _of(report, family, key)]
    return sentences[:MOST]


def _report(preset: Preset) -> str:
    return preset.reference.report if preset.reference else ""


def _of(report: str, family: list[Preset], key: str) -> Iterator[str]:
    title = REPORTS[report].partition(" · ")[0]
    yield from (f"{title}: {text}" for text in (*_pairs(family, key), *_searches(family, key)))
    if report == "a3" and key in ("network.sigma", "network.batch_norm"):
        seen = "; ".join(f"{sigma} {how} {100 * accuracy:.1f} %" for how, sigma, accuracy, _ in SENSITIVITY)
        yield f"{title}: test accuracy by sigma, with and without batch normalisation: {seen}."


def _pairs(family: list[Preset], key: str) -> Iterator[str]:
    """Presets with a reported accuracy that differ in this setting alone. That of a search is its best trial's."""
    family = [each for each in family if _accuracy(each) and not each.search]
    told: set[str] = set()
    for one in family:
        if one.name in told:
            continue
        alike = [each for each in family if _differ_in(one, each) <= {key}]
        if len(alike) > 1:
            told |= {each.name for each in alike}
            parts = (f"{value_text(settings(each).get(key))} {_accuracy(each)} [{each.name}]" for each in alike)
            yield f"{key} = {', '.join(parts)}."


def _differ_in(one: Preset, other: Preset) -> set[str]:
    a, b = settings(one), settings(other)
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key) and not key.startswith(BESIDE)}


def _accuracy(preset: Preset) -> str | None:
    numbers = preset.reference.reported if preset.reference else {}
    part = next((part for part in ("test", "validation") if f"{part}.accuracy" in numbers), None)
    return f"reached {100 * numbers[f'{part}.accuracy']:.2f} % ({part})" if part else None


def _searches(family: list[Preset], key: str) -> Iterator[str]:
    for preset in family:
        for vary in preset.search.vary if preset.search else ():
            if vary.key != key:
                continue
            where = f"from {vary.low:g} to {vary.high:g}" if vary.low is not None else f"in {value_text(vary.values)}"
            text = f"{preset.name} searched {key} {where}"
            if best := BEST_LAMBDAS.get(preset.name) if key == "loss.lambda" else None:
                value, accuracy = best[0]
                text += f"; the best, {value:g}, reached {100 * accuracy:.2f} % (validation)"
                text += f", the worst trial {100 * LOWEST_ACCURACY[preset.name]:.2f} %"
            yield f"{text}."
