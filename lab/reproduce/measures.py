"""How a value is measured: functions from the results of its jobs to a number or to yes or no."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from core.metrics import class_scores
from lab.names.model import of_run
from lab.reproduce.jobs import Job
from lab.reproduce.tables import FIGURE_9, TABLE_2
from lab.runs.result import Result
from lab.runs.store import RunStore

# Of a training its result.json; of a measurement its numbers, by the names of tensors or methods
JobResult = Mapping[str, Any]
Results = Mapping[Job, Sequence[JobResult]]  # one result of each job, or of a search one per trial, in order
Measure = Callable[[Results], float]
Condition = Callable[[Results], bool]

EXACT = 1e-9  # relative error of a correct gradient by the complex step


def at(job: Job, *keys: str | int, trial: int = 0) -> Measure:
    """The entry of a job's result with this path."""

    def measure(results: Results) -> float:
        value: Any = results[job][trial]
        for key in keys:
            value = value[key]
        return float(value)

    return measure


# Gradient checks


def largest(job: Job, tensors: Sequence[str], kind: int) -> Measure:
    """The largest error of these tensors: relative (kind 0) or absolute (kind 1)."""
    return lambda results: max(results[job][0][tensor][kind] for tensor in tensors)


def exact(job: Job) -> Condition:
    """Does the complex step, which neither cancels nor crosses kinks, call the gradient right?"""
    return lambda results: bool(results[job][0]["exact"] < EXACT)


# Trainings and searches


def all_right(job: Job) -> Condition:
    """Are all training examples classified correctly?"""
    return lambda results: _trained(results, job)[0]["final"]["train"]["accuracy"] == 1


def over_trials(job: Job, choose: Callable[[Iterable[float]], float]) -> Measure:
    """The validation accuracy that `choose` (max, min) picks from those of all trials."""
    return lambda results: choose(map(_validation, _trained(results, job)))


def best_lambda(job: Job) -> Measure:
    """The lambda of the trial with the best validation accuracy."""
    return lambda results: _lambda(max(_trained(results, job), key=_validation))


def as_good(job: Job, lambda_: float, tolerance: float) -> Condition:
    """Does the trial nearest to a lambda do as well as the best one, within a tolerance of the accuracy?"""

    def holds(results: Results) -> bool:
        trials = _trained(results, job)
        nearest = min(trials, key=lambda result: abs(_lambda(result) - lambda_))
        return _validation(nearest) >= max(map(_validation, trials)) - tolerance

    return holds


def _trained(results: Results, job: Job) -> Sequence[Result]:
    """The results of a job that trains."""
    return cast(Sequence[Result], results[job])


def _validation(result: Result) -> float:
    accuracy = result["final"]["validation"]["accuracy"]
    return float("nan") if accuracy is None else accuracy


def _lambda(result: Result) -> float:
    return RunStore(Path(result["run"])).preset().loss.lambda_


def parameters(job: Job, layer: int | None = None) -> Measure:
    """The number of parameters of a network, or of its n-th layer that has some, counted from 0."""

    def measure(results: Results) -> float:
        layers = _trained(results, job)[0]["layers"]
        counts = [layer["parameters"] for layer in layers if layer["parameters"]]
        return sum(counts) if layer is None else counts[layer]

    return measure


# Surnames


def share_of_two(job: Job) -> Measure:
    """The share of the guesses that fall on the two classes guessed most often."""

    def measure(results: Results) -> float:
        guesses = np.sort(np.array(_trained(results, job)[0]["confusion"]).sum(axis=0))
        return float(guesses[-2:].sum() / guesses.sum())

    return measure


def probability(job: Job, name: str, nationality: str) -> Measure:
    """The probability that the trained model gives a nationality for a surname."""
    return lambda results: _probabilities(_trained(results, job)[0], name)[nationality]


def most_likely(job: Job, name: str, nationality: str) -> Condition:
    """Is it the most likely nationality?"""

    def holds(results: Results) -> bool:
        probabilities = _probabilities(_trained(results, job)[0], name)
        return max(probabilities, key=probabilities.__getitem__) == nationality

    return holds


def _probabilities(result: Result, name: str) -> dict[str, float]:
    model = of_run(RunStore(Path(result["run"])))
    return dict(zip(model.classes, model.probabilities([name])[0].tolist(), strict=True))


# Figures and tables of a report beside each other


def diagonal_of_figure_9(_: Results) -> float:
    """How many examples figure 9 says are right."""
    return float(np.trace(FIGURE_9))


def of_figure_9(order: Sequence[int]) -> Measure:
    """How many numbers of table 2 are the precision or recall, in figure 9, of the class with this number."""
    scores = class_scores(FIGURE_9)
    theirs = np.array([scores.precision[list(order)], scores.recall[list(order)]])
    close = np.abs(theirs - np.array(TABLE_2)) < 1.5e-4  # some are cut off after four digits, not rounded
    return lambda _: float(close.sum())
