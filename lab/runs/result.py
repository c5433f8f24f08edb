"""The result of a run: the document in result.json, which `gradlab run` and `gradlab runs RUN` print as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, get_args

import numpy as np
from typing_extensions import TypedDict

from core.metrics import class_scores, confident_mistakes, confusion_matrix, probabilities
from core.network import Network
from core.objective import Evaluation
from core.types import Array
from data.dataset import Dataset, Part
from data.sources import Judge, PartName, Variant
from lab.documents import read_document
from lab.errors import DamagedError
from lab.machine import versions
from lab.reading.finding import Finding
from lab.runs.code import CodeDocument
from lab.runs.interventions import Intervention

if TYPE_CHECKING:
    from lab.runs.run import Run
    from presets.schema import ReferenceSection

MISCLASSIFIED = 12  # examples that a result lists

Ended = Literal["done", "interrupted", "diverged"]  # how a run came to its end
Measure = Literal["loss", "cost", "accuracy"]
Measures = dict[Measure, float | None]  # None for what was not finite


class ReferenceDocument(TypedDict):
    """The section [reference] of a preset. Numbers are keyed by part and measure, as in "test.accuracy"."""

    report: str
    where: str
    reported: dict[str, float]
    independent: dict[str, float]
    tolerance: float
    note: NotRequired[str | None]  # earlier versions wrote null


class ScoresDocument(TypedDict):
    """A number for every class."""

    precision: list[float]
    recall: list[float]
    f1: list[float]


class Mistake(TypedDict):
    """An example of the part that judges, guessed wrong."""

    index: int  # in that part
    true: str
    predicted: str
    probability: float  # of the guess
    text: str | None  # the example itself, if it is a text


class LayerDocument(TypedDict):
    """A layer and the shape of its output for one example."""

    layer: str
    output: list[int]
    parameters: int


class Result(TypedDict):
    """How a run ended, and how good its network is. Confusion, scores and mistakes are of the part that judges."""

    preset: str
    run: str  # path of the run directory
    state: Ended
    diverged_at: int | None  # update
    data: str  # label, with the counts
    variant: Variant
    seed: int
    updates: int
    updates_planned: int
    seconds: float
    updates_per_second: float
    final: dict[PartName, Measures]
    parameters: int
    reference: ReferenceDocument | None
    threads: int
    classes: list[str]
    judge: Judge
    notes: list[str]
    interventions: list[Intervention]  # what was changed while it ran
    confusion: list[list[int]]  # a row for each true class, a column for each guess
    scores: ScoresDocument
    misclassified: list[Mistake]
    layers: list[LayerDocument]
    findings: list[Finding]  # what the curves show, the most important first
    pictures: str | None  # a file in the run directory
    code: NotRequired[CodeDocument]  # if a student's own code was trained
    fingerprints: dict[str, str]
    versions: dict[str, str]


NEEDED = ("state", "data", "variant", "judge", "updates", "final")  # what lists and comparisons need


def read_result(path: Path) -> Result | None:
    """The result in a file; None if there is none. See read_document."""
    result = read_document(path, Result, NEEDED)
    for part, measures in result["final"].items() if result else ():
        if missing := set(get_args(Measure)) - measures.keys():
            raise DamagedError(f"{path} cannot be used: final.{part} has no {', '.join(sorted(missing))}")
    return _without_accuracies(result) if result and result["state"] == "diverged" else result


def _without_accuracies(result: Result) -> Result:
    """The result of a run that diverged: what its network guesses is no result."""
    none: Measures = {"accuracy": None}
    return {**result, "final": {part: measures | none for part, measures in result["final"].items()}}


def result_of(run: "Run", known: Mapping[str, Evaluation]) -> Result:
    """The result of a run as it stands. `known`: evaluations of its network that were made already, by part."""
    seconds = run.seconds
    trainer, dataset, reference = run.trainer, run.dataset, run.preset.reference
    judge, part = dataset.judge
    from lab.reading.facts import facts_of  # here: it loads the trainer, and reading a result needs none
    from lab.reading.read import read

    with np.errstate(all="ignore"):  # of a diverged run
        logits = trainer.objective.logits(part.x)
        final = _final(run, logits, known)
        p = probabilities(logits)
    confusion = confusion_matrix(part.y, logits.argmax(axis=1), len(dataset.classes))
    result: Result = {
        "preset": run.preset.name,
        "run": str(run.store.path),
        "state": run.state,
        "diverged_at": run.diverged_at,
        "data": dataset.label,
        "variant": dataset.variant,
        "seed": run.preset.seed,
        "updates": trainer.update,
        "updates_planned": trainer.updates,
        "seconds": round(seconds, 3),
        "updates_per_second": round(trainer.update / seconds, 1),
        "final": final,
        "parameters": int(trainer.network.theta.size),
        "reference": reference_document(reference) if reference else None,
        "threads": run.threads,
        "classes": list(dataset.classes),
        "judge": judge,
        "notes": list(dataset.notes),
        "interventions": list(run.interventions),
        "confusion": confusion.tolist(),
        "scores": _scores(confusion),
        "misclassified": _misclassified(dataset, p),
        "layers": _layers(trainer.network),
        "findings": read(facts_of(run.preset, dataset, trainer, run.store.metrics(), run.diverged_at, confusion)),
        "pictures": None,
        "fingerprints": dataset.fingerprints,
        "versions": versions(),
    }
    return _without_accuracies(result) if run.state == "diverged" else result


def reference_document(reference: "ReferenceSection") -> ReferenceDocument:
    """The section [reference] of a preset as a document."""
    document: ReferenceDocument = {
        "report": reference.report,
        "where": reference.where,
        "reported": dict(reference.reported),
        "independent": dict(reference.independent),
        "tolerance": reference.tolerance,
    }
    if reference.note is not None:
        document["note"] = reference.note
    return document


def _final(run: "Run", logits: Array, known: Mapping[str, Evaluation]) -> dict[PartName, Measures]:
    """Measures of the parts that were monitored, of the one that judges, whose logits are given, and, once it is done,
    of the training part."""
    objective, (judge, _) = run.trainer.objective, run.dataset.judge

    def measures(name: PartName, part: Part) -> Measures:
        measured = known.get(name) or objective.judge(logits if name == judge else objective.logits(part.x), part.y)
        return {"loss": measured.loss, "cost": measured.cost, "accuracy": measured.accuracy}

    wanted = {*run.trainer.monitored, judge, *(("train",) if run.state == "done" else ())}
    return {name: measures(name, part) for name, part in run.dataset.parts.items() if name in wanted}


def _scores(confusion: Array) -> ScoresDocument:
    scores = class_scores(confusion)
    return {"precision": scores.precision.tolist(), "recall": scores.recall.tolist(), "f1": scores.f1.tolist()}


def _misclassified(dataset: Dataset, p: Array) -> list[Mistake]:
    """The most confident mistakes, the most confident first."""
    (_, part), classes = dataset.judge, dataset.classes
    mistakes = confident_mistakes(p, part.y, MISCLASSIFIED)
    shown = [dataset.show(part.x[i]) for i in mistakes]
    return [
        {
            "index": int(i),
            "true": classes[part.y[i]],
            "predicted": classes[p[i].argmax()],
            "probability": float(p[i].max()),
            "text": example if isinstance(example, str) else None,
        }
        for i, example in zip(mistakes, shown, strict=True)
    ]


def _layers(network: Network) -> list[LayerDocument]:
    return [
        {"layer": each.layer, "output": list(each.output), "parameters": each.parameters} for each in network.summary()
    ]
