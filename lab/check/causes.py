"""A student's code as lab/check/mistakes knows codes: rows as examples, the names and layouts of the course."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.gradcheck.check import GradientReport
from core.types import Array
from lab.check.code_target import StudentTarget
from lab.check.forgive import passed_for_eps
from lab.check.mended import is_told
from lab.check.mistakes.convnets import diagnose_convnet
from lab.check.mistakes.diagnose import diagnose_network
from lab.check.mistakes.diagnose_layer import diagnose_layer
from lab.check.mistakes.evidence import Cause, Diagnosis, LayerEvidence, Layers, NetworkEvidence
from lab.check.mistakes.operations import OperationSlope, causes_of
from lab.check.mistakes.sequences import diagnose_sequence
from lab.check.mistakes.unrolled import Unrolled, diagnose_unrolled
from lab.check.mistakes.vectors import VectorPoint, factor_of_vector, penalty_of_vector
from lab.check.process import StudentProblemError
from lab.visible import visible

NOTHING = Diagnosis("", ())
LAYERS = ("layer", "pair")
LONG = 200  # elements of a vector of parameters whose slopes are asked for one by one
LARGEST_EPS = 1e-4  # of a logarithm that is no mistake
LOG_EPS = "log-eps"  # the cause that is no mistake: the gradient of log(p), where J takes log(p + eps)


def diagnose(code: StudentTarget) -> Diagnosis:
    """What the code computes and why its gradients are wrong, as far as that is known; never raises."""
    if endless := code.facts.get("not_finite"):
        return Diagnosis("", tuple(_endless(str(name), str(where)) for name, where in endless.items()))
    try:
        if code.facts.get("kind") == "vector":
            return _in_one_vector(code)
        if code.facts.get("kind") == "engine":
            return _engine(code)
        for look in (_sequence, _convnet):
            if (found := look(code)).reference:
                return found
        if code.facts.get("kind") == "tokens":
            return _looked_up(code)
        if code.facts.get("kind") in LAYERS:
            return _layer(code)
        return _loss(code) if [slot["letter"] for slot in code.facts["slots"]] == ["x"] else _network(code)
    except (StudentProblemError, KeyError, TypeError, ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        return NOTHING


def _endless(name: str, where: str) -> Cause:
    return Cause(
        "not-finite", (name,), f"The gradient of {name} is not finite, though J is near there{visible(where)}."
    )


def without_eps(causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """The same without the eps of a logarithm, where there is a mistake beside it."""
    return tuple(cause for cause in causes if cause.key != LOG_EPS) or causes


def right_but_for_eps(report: GradientReport, found: Diagnosis, eps: float) -> GradientReport:
    """The report in which those tensors pass of which nothing but the eps in a logarithm is to be said. eps: what the
    file adds there."""
    keys = {t.name: {cause.key for cause in found.causes if t.name in cause.tensors} for t in report.tensors}
    near = [t for t in report.tensors if not t.passed and keys[t.name] == {LOG_EPS}]
    if not near or not 0 < eps <= LARGEST_EPS:
        return report
    tensors, note = passed_for_eps(report.tensors, near)
    passed = not report.findings and all(t.passed for t in tensors)
    return replace(report, passed=passed, tensors=tensors, notes=(*report.notes, note))


def with_causes(report: GradientReport, found: Diagnosis) -> GradientReport:
    """The report with the causes in the words on the tensors they make wrong, and the network in the notes."""
    tensors = []
    for t in report.tensors:
        about = [cause for cause in without_eps(found.causes) if t.name in cause.tensors]
        said = [cause.sentence for cause in about]
        if said and t.diagnosis and (not t.checked or not is_told(about)):  # what is known of it comes first
            said = [f"{t.diagnosis}. {said[0]}", *said[1:]]
        tensors.append(replace(t, diagnosis="; or: ".join(said)) if said and t.repeats and not t.passed else t)
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
            bool(facts["own_cost"]),
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
    for names in _roles(code):
        found = _layer_with(code, names)
        if found.reference:
            return found
    return NOTHING


def _roles(code: StudentTarget) -> Iterator[dict[str, str]]:
    """What the tensors of a layer may be: role -> the student's name. Several ways where letters do not tell."""
    slots = code.facts["slots"]
    letters = [slot["letter"] for slot in slots]
    if "x" not in letters or len(slots) != len(code.params):
        return
    if len(set(letters)) == len(letters) and "" not in letters:
        yield {slot["letter"]: slot["name"] for slot in slots}
        return
    x = next(slot["name"] for slot in slots if slot["letter"] == "x")
    others = [slot["name"] for slot in slots if slot["letter"] != "x"]
    if len(others) == 2 and all(max(code.params[n].shape) == code.params[n].size for n in others):
        yield from ({"x": x, "gamma": gamma, "beta": beta} for gamma, beta in (others, others[::-1]))
    numbered = {f"{slot['letter']}{int(slot['layer']) + 1}": slot["name"] for slot in slots if slot["letter"] != "x"}
    if set(numbered) == {"W1", "b1", "W2", "b2"}:
        yield {"x": x, **numbered}
    if letters.count("W") == 2 and len(others) == 4:
        yield from _recurrent(slots, x, code.params)


def _recurrent(slots: list[dict[str, Any]], x: str, params: Mapping[str, Array]) -> Iterator[dict[str, str]]:
    """x, the state before, both weights and the bias: which W is which is told by the sizes, or else both are tried."""
    state = [slot["name"] for slot in slots if slot["letter"] == ""]
    weights = [slot["name"] for slot in slots if slot["letter"] == "W"]
    bias = [slot["name"] for slot in slots if slot["letter"] == "b"]
    if not (len(state) == len(bias) == 1):
        return
    sizes = params[x].shape[-1], params[state[0]].shape[-1]
    for Wx, Wh in (weights, weights[::-1]):
        if params[Wx].shape == sizes and params[Wh].shape == (sizes[1], sizes[1]):
            yield {"x": x, "h": state[0], "Wx": Wx, "Wh": Wh, "b": bias[0]}


def _layer_with(code: StudentTarget, names: dict[str, str]) -> Diagnosis:
    """The diagnosis with these roles."""
    if code.out is None or code.cotangent is None:
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


# Recurrent networks over one sequence


def _sequence(code: StudentTarget) -> Diagnosis:
    facts = code.facts
    if "y" not in facts or not facts.get("has_cost") or len(facts["slots"]) > 5 or len(facts["slots"]) < 3:
        return NOTHING
    x, letters = np.array(facts["x"]), {slot["name"]: slot["letter"] or "W" for slot in facts["slots"]}
    if "x" in letters.values() or x.ndim > 2 or letters.keys() != code.params.keys():
        return NOTHING
    params = {name: np.asarray(value, np.float64) for name, value in code.params.items()}
    return diagnose_sequence(x, np.array(facts["y"], int), params, letters, code.cost_at, code.gradients)


def _looked_up(code: StudentTarget) -> Diagnosis:
    """A layer that looks up rows: does a row that is looked up twice keep the gradient of one place only?"""
    if code.cotangent is None or len(code.params) != 1:
        return NOTHING
    ((name, W),) = code.params.items()
    last = np.zeros(W.shape)
    last[np.array(code.facts["x"], int)] = code.cotangent
    if not np.allclose(code.gradients(code.params)[name], last):
        return NOTHING
    sentence = f"{name}: a row that is looked up twice keeps the gradient of one place only: add with np.add.at."
    return Diagnosis("a lookup of rows", (Cause("overwritten", (name,), sentence),))


# Networks with a convolution


def _convnet(code: StudentTarget) -> Diagnosis:
    facts = code.facts
    x = np.array(facts.get("x", ()), np.float64)
    letters = {slot["name"]: slot["letter"] for slot in facts["slots"]}
    if x.ndim < 3 or not facts.get("has_cost") or letters.keys() != code.params.keys():
        return NOTHING
    params = {name: np.asarray(value, np.float64) for name, value in code.params.items()}
    lambda_ = float(facts["lambda"])
    return diagnose_convnet(x, np.array(facts["y"], int), lambda_, params, letters, code.cost_at, code.gradients)


# Classes of values with operations


def _engine(code: StudentTarget) -> Diagnosis:
    operations: dict[str, str] = code.facts["operations"]
    theirs, wrong, right = code.gradients(code.params), {}, set(operations.values())
    for name, says in operations.items():
        value, g = code.params[name], theirs[name]
        if g.shape != value.shape:
            right.discard(says)
            continue
        true = np.array([code.slope(name, unit) for unit in np.eye(value.size)]).reshape(value.shape)
        if not np.allclose(g, true, rtol=1e-6, atol=1e-8):
            others = tuple(code.params[k] for k, other in operations.items() if other == says and k != name)
            wrong[name] = OperationSlope(name, says, value, others, g, true)
            right.discard(says)
    return Diagnosis("", causes_of(wrong, right))


# Parameters in one vector: which of its elements is a weight of which layer is not known


def _in_one_vector(code: StudentTarget) -> Diagnosis:
    """What is wrong with the penalty, or by what factor some of it is off."""
    ((name, theta),) = code.params.items()
    if theta.size > LONG:
        return NOTHING
    other = (0.5 * theta + np.random.default_rng(15).normal(0, 0.5, theta.shape)).astype(theta.dtype)
    points = []
    for value in (theta, other):
        at = code.at({name: value})
        true = np.array([at.slope(name, unit) for unit in np.eye(theta.size)])
        points.append(VectorPoint(value.ravel(), code.gradients({name: value})[name].ravel(), true))
    lambda_ = float(code.facts["lambda"])
    layered = _unrolled(code, name, theta, lambda_) if len(code.facts["sizes"]) > 2 else NOTHING
    if layered.causes:
        return layered
    found = (of(name, points, lambda_, code.batch) for of in (penalty_of_vector, factor_of_vector))
    return Diagnosis("", next(filter(None, found), ()))


def _unrolled(code: StudentTarget, name: str, theta: Array, lambda_: float) -> Diagnosis:
    """The same, where it is the parameters of several layers."""
    facts = code.facts
    return diagnose_unrolled(
        Unrolled(
            name,
            theta,
            np.array(facts["x"], np.float64),
            np.array(facts["y"], int),
            lambda_,
            tuple(map(int, facts["sizes"])),
            lambda value: code.cost_at({name: value}),
            lambda value: code.gradients({name: value})[name],
        )
    )


# Losses


def _loss(code: StudentTarget) -> Diagnosis:
    """A loss of scores x and labels, without parameters."""
    (slot,) = code.facts["slots"]
    name = slot["name"]

    def turned(value: Array) -> Array:
        return value.T if slot["turned"] else value

    def cost(inputs: Mapping[str, Any]) -> Array:
        return np.array(code.cost_at({name: turned(inputs["x"])}))

    def gradients(inputs: Mapping[str, Any]) -> dict[str, Array]:
        return {"x": turned(code.gradients({name: turned(inputs["x"])})[name])}

    inputs = {"x": turned(code.params[name]), "y": np.array(code.facts["y"], int)}
    return diagnose_layer(LayerEvidence("loss", code.name, inputs, None, cost(inputs), cost, gradients, {"x": name}))
