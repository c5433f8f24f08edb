"""Why are the gradients of a layer, or of a loss, wrong? Which reference layer gives its outputs, and which mistake its
gradients."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import ACTIVATIONS, NONE, RELU, SELDOM, SIGMOID, TANH
from lab.check.mistakes.blocks import block
from lab.check.mistakes.evidence import Cause, Diagnosis, LayerEvidence, is_single, listed
from lab.check.mistakes.factors import same
from lab.check.mistakes.fitted import LEAST
from lab.check.mistakes.identify import EPS
from lab.check.mistakes.images import Windows, average_pool, convolution, max_pool
from lab.check.mistakes.layers import (
    Inputs,
    LayerMistake,
    Made,
    batch_norm,
    dense,
    dropout,
    elementwise,
    layer_norm,
    loss_layer,
    rms_norm,
    softmax_layer,
)
from lab.check.mistakes.layouts import AxisOrders, layouts
from lab.check.mistakes.losses import LOSSES
from lab.check.mistakes.recurrent import recurrent
from lab.check.mistakes.reference import Norm
from lab.check.mistakes.sentences import capital, grammar

EXACT, SINGLE = (1e-9, 1e-6), (1e-4, 1e-3)  # how closely outputs and gradients agree; the same in float32
ALONE = tuple(a for a in (*ACTIVATIONS, *SELDOM) if a is not NONE)  # the activations a layer may have
UNSURE = 1.2  # what a factor weighs that says nothing: a mistake that explains it is told first
Make = Callable[[Inputs], Made | None]


@dataclass(frozen=True)
class ReferenceLayer:
    """A reference layer: its kind, what it is called, and how it is run."""

    kind: str
    name: str
    make: Make


@dataclass(frozen=True)
class LayerRun:
    """The student's code at some inputs beside a reference layer, all as the reference lays it out."""

    made: Made
    right: dict[str, Array]
    mistakes: list[LayerMistake]
    theirs: dict[str, Array]
    dy: Array


def diagnose_layer(code: LayerEvidence) -> Diagnosis:
    """Which layer it is, and the mistakes that give its gradients; no causes where they are right.

    Raises whatever the student's code raises at other inputs.
    """
    asked = [code.inputs, moved(code.inputs)]
    outs = [code.out, np.asarray(code.forward(asked[1]))]
    theirs = [dict(code.gradients(inputs)) for inputs in asked]
    single = is_single(g for found in theirs for g in found.values())
    exact, rtol = SINGLE if single else EXACT
    for kind in kinds(code.kind, code.inputs):
        for layout in layouts(kind.kind, code.inputs):
            runs = [_run(kind, layout, *one, code, exact) for one in zip(asked, outs, theirs, strict=True)]
            known = [run for run in runs if run is not None]
            if len(known) == len(runs):
                return Diagnosis(kind.name, _causes(code, kind, known, rtol))
    return Diagnosis("", ())


def moved(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Other inputs of the same shapes: nothing is at a special value."""
    rng = np.random.default_rng(15)
    return {
        name: _moved(name, value, rng) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in inputs.items()
    }


def _moved(name: str, value: Array, rng: np.random.Generator) -> Array:
    size = float(np.sqrt((value**2).mean())) or 1.0
    shift = rng.uniform(0.5, 1.5, value.shape) if name == "gamma" else rng.normal(0, size, value.shape)
    return (0.3 * value + shift).astype(value.dtype)


# Which layers it may be


def kinds(hint: str, inputs: Mapping[str, Any]) -> Iterator[ReferenceLayer]:
    """The reference layers that may be meant, those of the hint first."""
    every = list(_all_kinds(inputs))
    words = {"relu": "elementwise", "sigmoid": "elementwise", "tanh": "elementwise", "leaky": "elementwise"}
    words |= {"conv2d": "conv", "pool": "max_pool", "maxpool": "max_pool", "avgpool": "average_pool"}
    words |= {"softmax_loss": "loss", "svm_loss": "loss", "affine": "dense"}
    hinted = words.get(hint, hint)
    yield from sorted(every, key=lambda kind: kind.kind != hinted)


def _all_kinds(inputs: Mapping[str, Any]) -> Iterator[ReferenceLayer]:
    x = inputs["x"]
    if "y" in inputs:
        yield from (ReferenceLayer("loss", loss.name, loss_layer(loss)) for loss in LOSSES)
        return
    if "Wh" in inputs:
        for a in (TANH, RELU, SIGMOID):
            for time, name in ((None, "recurrent step"), (1, "recurrent layer"), (0, "recurrent layer, time first")):
                if (np.ndim(x) == 2) == (time is None):
                    yield ReferenceLayer("recurrent", f"{name} with {a.name}", recurrent(a, time))
        return
    if "W2" in inputs:
        for a in (RELU, *(a for a in ALONE if a is not RELU), NONE):
            for skip, turned in product((False, True), (False, True)):
                name = f"2 dense layers with {a.name} between them{', added to x' if skip else ''}"
                yield ReferenceLayer("block", name, block(a, skip, turned))
        return
    if "W" in inputs:
        yield ReferenceLayer("dense", "dense", dense())
        if np.ndim(x) == 4:
            yield from _convolutions(inputs)
        else:
            yield from (ReferenceLayer("dense", f"dense with {a.name}", dense(a)) for a in ALONE)
        return
    if "gamma" in inputs or "beta" in inputs:
        for ddof in (0, 1):
            for eps in EPS:
                name = f"batch normalisation (eps {eps:.3g}{', variance of n - 1' if ddof else ''})"
                yield ReferenceLayer("batchnorm", name, batch_norm(Norm(eps, ddof)))
        if "gamma" in inputs and "beta" in inputs:
            yield from (
                ReferenceLayer("layernorm", f"layer normalisation (eps {eps:.3g})", layer_norm(eps)) for eps in EPS
            )
        elif "gamma" in inputs:
            yield from (ReferenceLayer("rmsnorm", f"RMS normalisation (eps {eps:.3g})", rms_norm(eps)) for eps in EPS)
        return
    yield from (ReferenceLayer("elementwise", a.name, elementwise(a)) for a in ALONE)
    yield ReferenceLayer("softmax", "softmax", softmax_layer)
    yield ReferenceLayer("dropout", "dropout", dropout)
    for eps in EPS:
        yield ReferenceLayer("batchnorm", f"batch normalisation (eps {eps:.3g})", batch_norm(Norm(eps, plain=True)))
    if np.ndim(x) == 4:
        for size in ((2, 2), (3, 3), (2, 3), (3, 2), (4, 4), (1, 1)):
            for stride in (2, 1, 3, 4):
                name = f"{size[0]} x {size[1]}, stride {stride}"
                windows = Windows(size, stride, 0, 0)
                yield ReferenceLayer("max_pool", f"max pooling ({name})", max_pool(windows))
                yield ReferenceLayer("average_pool", f"average pooling ({name})", average_pool(windows))


def _convolutions(inputs: Mapping[str, Any]) -> Iterator[ReferenceLayer]:
    """Every stride and padding; the size of the kernel is filled in once W's layout is known."""
    for stride in (1, 2, 3):
        for before in (0, 1, 2, 3):
            for after in (before, before + 1):
                for turned in (False, True):
                    name = f"convolution (stride {stride}, padding {before}{', kernel turned' if turned else ''})"
                    yield ReferenceLayer("conv", name, _convolution(stride, before, after, turned))


def _convolution(stride: int, before: int, after: int, turned: bool) -> Make:
    def make(inputs: Inputs) -> Made | None:
        x, W, out = inputs["x"], inputs["W"], inputs["out"]
        windows = Windows(W.shape[:2], stride, before, after)
        if windows.count(x) != out.shape[1:3] or W.shape[2] != x.shape[3] or W.shape[3] != out.shape[3]:
            return None
        return convolution(windows, turned)(inputs)

    return make


def _run(
    kind: ReferenceLayer,
    layout: AxisOrders,
    inputs: Mapping[str, Any],
    out: Array,
    theirs: dict[str, Array],
    code: LayerEvidence,
    exact: float,
) -> LayerRun | None:
    """The reference at these inputs; None where its output is another, or does not fit."""
    loss = code.cotangent is None
    arrays = {name: value for name, value in inputs.items() if isinstance(value, np.ndarray)}
    given: dict[str, Any] = {
        role: layout.of(role, np.asarray(value, float)) if role != "y" else np.asarray(value, int).reshape(-1)
        for role, value in arrays.items()
    }
    wanted = np.asarray(out, float) if loss else layout.of_x(np.asarray(out, float))
    try:
        made = kind.make({**given, "out": wanted})
    except (ValueError, IndexError):
        return None
    if made is None or made.out.shape != wanted.shape:
        return None
    if not np.abs(made.out - wanted).max() <= exact * max(float(np.abs(wanted).max()), 1e-300):
        return None
    dy = np.ones(()) if code.cotangent is None else layout.of_x(np.asarray(code.cotangent, float))
    right, mistakes = made.answer(dy)
    fitting = {
        role: layout.of(role, np.asarray(g, float).reshape(np.shape(inputs[role])))
        for role, g in theirs.items()
        if role in right and np.size(g) == np.size(inputs[role])
    }
    return LayerRun(made, right, mistakes, fitting, dy)


# What is wrong


@dataclass(frozen=True)
class Reason:
    """What explains the gradient of one tensor."""

    key: str
    sentence: str
    role: str
    weight: float


def _causes(code: LayerEvidence, kind: ReferenceLayer, runs: list[LayerRun], rtol: float) -> tuple[Cause, ...]:
    roles = [role for role in runs[0].theirs if all(role in run.theirs for run in runs)]
    matches: list[Reason] = []
    unexplained: list[str] = []
    right: list[str] = []
    for role in roles:
        if _factor(runs, role, [run.right[role] for run in runs], rtol) == 1:
            right.append(role)
            continue
        found = _matches(code, kind, runs, role, rtol)
        matches += found
        if not found:
            unexplained.append(role)
    causes = _told(matches, code, kind, examples(runs))
    if unexplained and right:
        names = [_name(code, role) for role in unexplained]
        are = ("is", "are")[len(right) > 1]
        text = (
            f"{listed([_name(code, role) for role in right])} {are} right and {listed(names)} "
            f"{('is', 'are')[len(names) > 1]} not: look at the line that computes {listed(names)}."
        )
        causes = (*causes, Cause("first-wrong-step", tuple(names), text))
    return causes


def _matches(code: LayerEvidence, kind: ReferenceLayer, runs: list[LayerRun], role: str, rtol: float) -> list[Reason]:
    """The lightest explanations of a wrong gradient."""
    f = _factor(runs, role, [run.right[role] for run in runs], rtol)
    found = [] if f is None else [_of_factor(f, role, kind, runs)]
    for k, mistake in enumerate(runs[0].mistakes):
        if mistake.role != role:
            continue
        data = [run.mistakes[k].gradient() for run in runs]
        known = [one for one in data if one is not None]
        f = _factor(runs, role, known, rtol) if len(known) == len(data) else None
        if f is not None and f != 0:
            found.append(Reason(mistake.key, mistake.sentence, role, mistake.weight + (not same(f, 1)) * 1.0))
    if not found and kind.kind == "dropout" and _other_mask(runs):
        sentence = (
            "{Tensors} {match} a dropout with another mask than forward's: keep the mask of forward for the way back."
        )
        found.append(Reason("dropout-other-mask", sentence, role, 1.0))
    if not found and kind.name == "dense" and role == "x" and (step := _updated(runs, rtol)):
        sentence = (
            f"{{Tensors}} {{match}} a dy that went back through {{W}} after its update (with a step of {step:.4g}): "
            "compute dx first, then update."
        )
        found.append(Reason("updated-weights", sentence, role, 1.0))
    if not found and kind.kind == "batchnorm" and role == "x" and all(_other_statistics(run, rtol) for run in runs):
        sentence = (
            "{Tensors} {match} a batch normalisation with another mean or variance than the batch's: are the running "
            "ones used on the way back? Take those that forward took."
        )
        found.append(Reason("norm-running-statistics", sentence, role, 1.0))
    lightest = min((match.weight for match in found), default=0.0)
    return [match for match in found if match.weight <= lightest]


def _factor(runs: list[LayerRun], role: str, data: list[Array], rtol: float) -> float | None:
    """f, if the student's gradient is f times these data; 1 where it is right up to the tolerance."""
    scaled = []
    for run, one in zip(runs, data, strict=True):
        g = run.theirs[role]
        if g.shape != one.shape or not np.all(np.isfinite(g)) or not np.all(np.isfinite(one)):
            return None
        # what cancels, as in a bias before a mean is taken, is rounding
        size = max(float(np.abs(g).max()), 1e-9 * float(np.abs(run.dy).max()), 1e-300)
        scaled.append((g.reshape(-1) / size, one.reshape(-1) / size))
    g, d = (np.concatenate(parts) for parts in zip(*scaled, strict=True))
    reach = float(np.abs(d).max())
    if np.abs(g - d).max() <= rtol * max(1.0, min(reach, 10.0)):
        return 1.0
    f = float(g @ d) / max(float(d @ d), 1e-300)
    if len(g) < 4 or np.abs(g - f * d).max() > rtol:
        return None
    return 0.0 if abs(f) * reach <= rtol else f


def _other_mask(runs: list[LayerRun]) -> bool:
    """Is dx dy times something that is 0 or a constant, another one than the mask?"""
    for run in runs:
        mask = run.theirs["x"] / np.where(run.dy != 0, run.dy, 1)
        kept = mask[np.abs(mask) > 1e-12]
        if not kept.size or not np.allclose(kept, kept[0]) or kept.size == mask.size:
            return False
    return True


def _updated(runs: list[LayerRun], rtol: float) -> float:
    """The step after which W gives the student's dx; 0 if there is none."""
    steps = []
    for run in runs:
        off, unit = run.theirs["x"] - run.right["x"], run.dy @ run.right["W"].T if "W" in run.right else np.zeros(())
        if unit.shape != off.shape:
            return 0.0
        step = -float((off * unit).sum() / max(float((unit * unit).sum()), 1e-300))
        if np.abs(off + step * unit).max() > rtol * np.abs(run.theirs["x"]).max():
            return 0.0
        steps.append(step)
    return steps[0] if all(same(step, steps[0]) for step in steps) else 0.0


def _other_statistics(run: LayerRun, rtol: float) -> bool:
    """Is dx, unit by unit, some multiples of dy, of 1 and of x, as with any mean and variance?"""
    dx, x = run.theirs["x"], run.made.x
    if x is None or len(x) < LEAST:
        return False
    for j in range(x.shape[1]):
        A = np.stack([run.dy[:, j], np.ones(len(x)), x[:, j]], axis=1)
        off = A @ np.linalg.lstsq(A, dx[:, j], rcond=None)[0] - dx[:, j]
        if np.abs(off).max() > rtol * np.abs(dx).max():
            return False
    return True


def examples(runs: list[LayerRun]) -> int:
    """The number of examples."""
    return len(runs[0].right["x"])


def _of_factor(f: float, role: str, kind: ReferenceLayer, runs: list[LayerRun]) -> Reason:
    """A gradient that is right but for a factor."""
    n = examples(runs)
    if f == 0:
        return Reason("gradient-zero", "{Tensors} {are} 0 everywhere: {this} gradient is never computed.", role, 1.0)
    if kind.kind == "dropout" and f > 0:
        return Reason(
            "dropout-scale",
            f"{{Tensors}} {{are}} {f:.4g} times what {{they}} should be: scale dy on the way back as forward scales x.",
            role,
            UNSURE,
        )
    if same(f, -1):
        return Reason("sign", "{Tensors} {have} the wrong sign.", role, 1.0)
    if same(f, 1 / n) and kind.kind != "loss" and role != "x":
        return Reason(
            "divided-by-batch",
            f"{{Tensors}} {{are}} divided by the number of examples (n = {n}) in the layer: a convention, right only "
            "if the loss does not divide by n, too.",
            role,
            1.0,
        )
    if same(f, n) and kind.kind == "loss":
        return Reason("not-divided-by-n", f"{{Tensors}} {{are}} {n} times too large: divide by n = {n}.", role, 1.0)
    classes = runs[0].right["x"].shape[-1] if kind.kind == "loss" else n
    if classes != n and (same(f, n / classes) or same(f, 1 / classes)):
        sentence = (
            f"{{Tensors}} {{are}} {f:.4g} times what {{they}} should be: divide by the number of examples ({n}), not "
            f"by that of classes ({classes})."
        )
        return Reason("divided-by-other-number", sentence, role, 1.0)
    if kind.kind == "average_pool":
        sentence = f"{{Tensors}} {{are}} {f:.4g} times what {{they}} should be: divide dy by all pixels of the window."
        return Reason("pool-divided", sentence, role, UNSURE)
    summed = runs[0].dy.size // max(runs[0].dy.shape[-1:] or (1,))
    if role != "x" and summed > n and same(f, 1 / summed):
        sentence = "{Tensors} {are} a mean over examples and places: take the sum, the loss divides by n already."
        return Reason("mean-for-sum", sentence, role, 1.0)
    if same(f, 1 / n):
        return Reason(
            "divided-twice",
            f"{{Tensors}} {{are}} {n} times too small: {{they}} {{are}} divided by n = {n} once too often.",
            role,
            1.0,
        )
    places = summed // n
    if role != "x" and places > 1 and same(f, 1 / places):
        sentence = "{Tensors} {are} a mean over the places of an image: take the sum over rows and columns."
        return Reason("mean-for-sum", sentence, role, 1.0)
    pixels = runs[0].right["x"].size / runs[0].dy.size if kind.kind == "max_pool" else 1.0
    if pixels > 1 and same(f, 1 / pixels):
        sentence = "{Tensors} {are} divided by the number of pixels of a window: the largest one gets the whole dy."
        return Reason("pool-divided", sentence, role, 1.0)
    x = runs[0].right.get("x")
    if x is not None and role != "x" and x.ndim == 2 and same(f, 1 / x.shape[1]):
        return Reason(
            "divided-by-other-number",
            f"{{Tensors}} {{are}} divided by the number of features ({x.shape[1]}) in the layer: if anything, divide "
            f"by the number of examples (n = {n}).",
            role,
            1.0,
        )
    if same(f, 2) or same(f, 0.5):
        how = "twice" if f > 1 else "half of"
        return Reason("factor-two", f"{{Tensors}} {{are}} {how} what {{they}} should be: a factor 2.", role, 1.0)
    return Reason("wrong-factor", f"{{Tensors}} {{are}} {f:.4g} times what {{they}} should be.", role, UNSURE)


# What is said


def _name(code: LayerEvidence, role: str) -> str:
    """The gradient's name as a student has it: dx, dW, dgamma."""
    return code.names.get(role, f"d{role}")


def _told(matches: list[Reason], code: LayerEvidence, kind: ReferenceLayer, n: int) -> tuple[Cause, ...]:
    """The same mistake in several tensors once; of several that explain the same tensors, the others with "Or"."""
    several: dict[tuple[str, str], list[str]] = {}
    for match in matches:
        roles = several.setdefault((match.key, match.sentence), [])
        roles += [match.role] if match.role not in roles else []
    causes: list[Cause] = []
    explained: set[str] = set()
    for (key, sentence), roles in sorted(several.items(), key=lambda item: -len(item[1])):
        names = tuple(_name(code, role) for role in roles)
        other = "Or: " if set(roles) <= explained else ""
        explained |= set(roles)
        causes.append(Cause(key, names, other + _sentence(sentence, names, n, kind)))
    return tuple(causes)


def _sentence(sentence: str, names: tuple[str, ...], n: int, kind: ReferenceLayer) -> str:
    slope = next((a.code for a in ALONE if kind.name in (a.name, f"dense with {a.name}")), "").format(H="out", S="x")
    text = sentence.format(
        **grammar(len(names)),
        tensors=listed(names),
        Tensors=capital(listed(names)),
        layer="the layer",
        W="W",
        V="W",
        H="out",
        S="x",
        slope=slope,
        letter="W",
        kind="",
        own="",
        sign="",
        n=n,
    )
    return text if kind.kind == "loss" else re.sub(r"\bG\b", "dy", text)
