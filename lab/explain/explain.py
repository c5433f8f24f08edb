"""The explanation of a setting: what it is, what it does, what the reports saw, what other values do."""

from typing import TypedDict

from lab.drawing.figure import Curve, Figure
from lab.explain.effects import MEASURES, recorded
from lab.explain.experiments import EXPERIMENTS
from lab.explain.reported import reported
from lab.explain.texts import TEXTS
from lab.runs.saved import value_text
from presets.keys import known_keys, resolve, settings
from presets.load import load

DATA = "3,500 images of the embedded part of CIFAR-10"
RISEN = 2.0  # x the highest loss at the start: what is above is left out of the figure


class CurveDocument(TypedDict):
    """A recorded run."""

    value: str
    update: list[float]
    train_loss: list[float]
    validation_accuracy: list[float]
    diverged: bool


class ExplainDocument(TypedDict):
    """What `gradlab explain PRESET KEY --json` prints."""

    preset: str
    key: str
    title: str
    unit: str
    value: str  # in the preset; "-" where it does not apply
    help: str  # the line of the schema
    text: str  # what it does; "" where the line says all
    reported: list[str]
    recorded_with: str  # in words; "" where nothing was recorded
    curves: list[CurveDocument]


def explain(preset: str, key: str) -> ExplainDocument:
    """The explanation of a setting, by its name or the end of it. Raises PresetError."""
    loaded, name = load(preset), resolve(key)
    known = known_keys()[name]
    return {
        "preset": loaded.name,
        "key": name,
        "title": known.title,
        "unit": known.unit,
        "value": value_text(settings(loaded).get(name)),
        "help": known.help,
        "text": TEXTS.get(name, ""),
        "reported": reported(loaded, name),
        "recorded_with": f"{EXPERIMENTS[name].preset}, {DATA}, seed 1" if name in EXPERIMENTS else "",
        "curves": _curves(name),
    }


def _curves(key: str) -> list[CurveDocument]:
    seen = recorded(key)
    if not seen:
        return []
    last = max(x for curve in seen["train_loss"].values() for x, _ in curve)
    return [
        {
            "value": value,
            "update": [x for x, _ in losses],
            "train_loss": [y for _, y in losses],
            "validation_accuracy": [y for _, y in seen["validation_accuracy"][value]],
            "diverged": losses[-1][0] < last,
        }
        for value, losses in seen["train_loss"].items()
    ]


def outcomes(document: ExplainDocument) -> list[str]:
    """What each recorded value ended with, a sentence each."""
    name = document["key"].rpartition(".")[2]
    return [
        f"{name} = {curve['value']}: diverged after update {curve['update'][-1]:,.0f}."
        if curve["diverged"]
        else f"{name} = {curve['value']}: training loss {curve['train_loss'][-1]:.3f}, validation accuracy "
        f"{curve['validation_accuracy'][-1]:.1%}."
        for curve in document["curves"]
    ]


def effect_figures(document: ExplainDocument) -> list[Figure]:
    """Training loss and validation accuracy of the recorded values; [] where nothing was recorded."""
    curves = document["curves"]
    if not curves:
        return []
    highest = RISEN * max(curve["train_loss"][0] for curve in curves)
    losses = tuple(_drawn(curve, k, curve["train_loss"], highest) for k, curve in enumerate(curves))
    accuracies = tuple(_drawn(curve, k, curve["validation_accuracy"], 1.0) for k, curve in enumerate(curves))
    titles = [measure.replace("_", " ") for measure in MEASURES]
    return [
        Figure(titles[0], losses, x_title="update"),
        Figure(titles[1], accuracies, percent=True, x_title="update"),
    ]


def _drawn(curve: CurveDocument, style: int, values: list[float], highest: float) -> Curve:
    points = zip(curve["update"], values, strict=True)
    return Curve(tuple((x, y) for x, y in points if y <= highest), style, curve["value"])
