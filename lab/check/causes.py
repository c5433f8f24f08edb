"""A student's code as lab/check/mistakes knows codes: rows as examples, the names and layouts of the course."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.gradcheck.check import GradientReport
from core.types import Array
from lab.check.code_target import StudentTarget
from lab.check.mistakes.diagnose import diagnose_network
from lab.check.mistakes.diagnose_layer import diagnose_layer
from lab.check.mistakes.evidence import Diagnosis, LayerEvidence, Layers, NetworkEvidence
from lab.check.process import StudentProblemError

NOTHING = Diagnosis("", ())
LAYERS = ("layer", "pair")
LOG_EPS = "log-eps"  # the cause that is no mistake: the gradient of log(p), where J takes log(p + eps)
AGAIN = ("every backward", "a second backward")  # how a check begins to say that two runs disagree


def diagnose(code: StudentTarget) -> Diagnosis:
    """What the code computes and why its gradients are wrong, as far as that is known; never raises."""
    if code.facts.get("kind") == "vector":
        return NOTHING  # which of its elements is a weight of which layer is not known
    try:
        return _layer(code) if code.facts.get("kind") in LAYERS else _network(code)
    except (StudentProblemError, KeyError, TypeError, ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        return NOTHING


def with_causes(report: GradientReport, found: Diagnosis, eps: float = 0.0) -> GradientReport:
    """The report with the causes in the words on the tensors they make wrong, and the network in the notes. eps: what
    the file adds in a logarithm; its small differences are no mistake."""
    if found.causes and all(cause.key == LOG_EPS for cause in found.causes) and not report.findings:
        off = max(t.absolute for t in report.tensors)
    else:
        off = np.inf
    if off <= 2e3 * eps:
        words = f"right to {off:.0e}: an eps in the log?"
        right = tuple(replace(t, passed=True, diagnosis="") for t in report.tensors)
        return replace(report, passed=True, tensors=right, notes=(*report.notes, words))
    tensors = []
    for t in report.tensors:
        if t.diagnosis.startswith(AGAIN):
            tensors.append(t)
            continue
        said = [cause.sentence for cause in found.causes if t.name in cause.tensors]
        tensors.append(replace(t, diagnosis="; or: ".join(said)) if said and not t.passed else t)
    notes = (*report.notes, f"it computes: {found.reference}") if found.reference else report.notes
    return replace(report, tensors=tuple(tensors), notes=notes)


# Networks


def _network(code: StudentTarget) -> Diagnosis:
    facts = code.facts
    slots = [slot for slot in facts["slots"] if slot["letter"] != "x"]
    if not slots or len(slots) != len(code.params):
        return NOTHING
    x = np.array(facts["x"], np.float64)
    turned = _turned(slots, code.params, x.shape[1])
    depth = 1 + max(int(slot["layer"]) for slot in slots)
    names: tuple[dict[str, str], ...] = tuple({} for _ in range(depth))
    for slot in slots:
        names[slot["layer"]][slot["letter"]] = slot["name"]

    def to_layers(tensors: Mapping[str, Array]) -> Layers:
        return tuple(
            {
                letter: tensors[name].T if letter == "W" and turned[name] else _vector(letter, tensors[name])
                for letter, name in layer.items()
                if name in tensors
            }
            for layer in names
        )

    def to_params(layers: Layers) -> dict[str, Array]:
        pairs = [
            (name, tensors[letter])
            for layer, tensors in zip(names, layers, strict=True)
            for letter, name in layer.items()
        ]
        return {
            name: np.ascontiguousarray(value.T if turned.get(name) else value).reshape(code.params[name].shape)
            for name, value in pairs
        }

    def cost(layers: Layers) -> float:
        return code.cost_at(to_params(layers))

    def gradients(layers: Layers) -> Layers:
        return to_layers(code.gradients(to_params(layers)))

    return diagnose_network(
        NetworkEvidence(
            x,
            np.array(facts["y"], int),
            float(facts["lambda"]),
            to_layers(code.params),
            names,
            cost if facts["has_cost"] else None,
            gradients,
            tuple(map(float, facts.get("eps") or ())),
        )
    )


def _vector(letter: str, value: Array) -> Array:
    return value if letter == "W" else value.reshape(-1)


def _turned(slots: list[dict[str, Any]], params: Mapping[str, Array], inputs: int) -> dict[str, bool]:
    """Which W are (outputs, inputs), told from the number of inputs of every layer."""
    turned = {}
    for slot in sorted((s for s in slots if s["letter"] == "W"), key=lambda s: int(s["layer"])):
        rows, columns = params[slot["name"]].shape
        if inputs not in (rows, columns):
            raise ValueError("weights that do not follow on each other")
        turned[slot["name"]] = columns == inputs and (rows != inputs or bool(slot["turned"]))
        inputs = rows if turned[slot["name"]] else columns
    return turned


# Layers


def _layer(code: StudentTarget) -> Diagnosis:
    names = {slot["letter"]: slot["name"] for slot in code.facts["slots"]}
    if code.out is None or code.cotangent is None or "x" not in names or len(names) != len(code.params):
        return NOTHING
    settings = {key: value for key, value in code.facts.get("settings", {}).items() if isinstance(value, int | float)}

    def params(inputs: Mapping[str, Any]) -> dict[str, Array]:
        return {name: inputs[letter] for letter, name in names.items()}

    return diagnose_layer(
        LayerEvidence(
            code.name.rpartition(":")[2].lower(),
            code.name,
            {**{letter: code.params[name] for letter, name in names.items()}, **settings},
            code.cotangent,
            code.out,
            lambda inputs: code.output(params(inputs)),
            lambda inputs: {k: g for k, n in names.items() if (g := code.gradients(params(inputs)).get(n)) is not None},
            names,
        )
    )
