"""Mistakes in the step through batch normalisation: from dJ/du to dJ/ds."""

from collections.abc import Callable

import numpy as np

from core.types import Array
from lab.check.mistakes.flow import Flow, FlowMistake
from lab.check.mistakes.reference import LayerTrace, Norm, Pass, ReferenceNetwork, normalisation, normalisation_with


def normalisation_mistakes(network: ReferenceNetwork) -> list[FlowMistake]:
    """In the place of the way back through batch normalisation."""
    norm = network.norm or Norm(0.0)
    return [*whole_step(), *paths(norm), *gamma(), *deviation(norm)]


def altered(
    key: str, sentence: str, change: Callable[[LayerTrace, Pass], dict[str, Array | float]], weight: float = 1.0
) -> FlowMistake:
    """The right step with the parts of normalisation_with() that `change` gives."""
    return FlowMistake(
        key,
        "{Tensors} {match} " + sentence,
        lambda flow, t, p: normalisation_with(flow.at_u, t, p, **change(t, p)),  # type: ignore[arg-type]
        weight,
    )


CONSTANT: dict[str, Array | float] = {"mean_path": 0.0, "variance_path": 0.0}
EPS_OF = {e: f"{e:.3g}" for e in (1e-5, 1e-8, 2.220446049250313e-16, 1e-6, 1e-7, 1e-10, 1e-4, 1e-3, 1e-2)}


def whole_step() -> list[FlowMistake]:
    """Left out, in part left out, along another axis, or in another order."""
    return [
        FlowMistake(
            "norm-left-out",
            "{Tensors} {match} a gradient that goes past the batch normalisation of {layer}: take G back through it, "
            "gamma, mean and variance included.",
            lambda flow, t, p: flow.at_u,
        ),
        FlowMistake(
            "norm-only-gamma",
            "{Tensors} {match} G * gamma in {layer}: divide by sqrt(var + eps), and add the parts through the mean and "
            "the variance.",
            lambda flow, t, p: flow.at_u * t.tensors["gamma"] if "gamma" in t.tensors else None,
        ),
        FlowMistake(
            "norm-scale-missing",
            "{Tensors} {match} a batch normalisation of {layer} without the factor 1 / sqrt(var + eps): divide by the "
            "standard deviation on the way back, as forward does.",
            lambda flow, t, p: None if t.z is None else normalisation(flow.at_u, t, p) / t.inverse,
        ),
        FlowMistake(
            "norm-axis",
            "{Tensors} {match} a batch normalisation that sums over the units on the way back, in {layer}: sum over "
            "the examples of the batch.",
            over_units,
        ),
        FlowMistake(
            "norm-before-mask",
            "{Tensors} {match} a batch normalisation of {layer} that comes before its activation on the way back: "
            "multiply G by {slope} first, then go back through the normalisation.",
            lambda flow, t, p: normalisation(flow.above, t, p) * p.network.activation.slope(t.u),
        ),
    ]


def paths(norm: Norm) -> list[FlowMistake]:
    """In the parts through mean and variance."""
    return [
        altered(
            "norm-statistics-constant",
            "a batch normalisation whose mean and variance are constants, in {layer}: both depend on every example; "
            "add the parts of the gradient through them.",
            lambda t, p: CONSTANT,
        ),
        altered(
            "norm-mean-path-missing",
            "a batch normalisation whose mean is a constant, in {layer}: subtract the mean of the gradient over the "
            "batch, too.",
            lambda t, p: {"mean_path": 0.0},
        ),
        altered(
            "norm-variance-path-missing",
            "a batch normalisation whose variance is a constant, in {layer}: the part of the gradient through the "
            "variance is missing.",
            lambda t, p: {"variance_path": 0.0},
        ),
        altered(
            "norm-mean-not-divided",
            "the sum of the gradient over the batch instead of its mean, in {layer}: divide the part through the "
            "mean by n.",
            lambda t, p: {"mean_path": float(p.n)},
        ),
        altered(
            "norm-variance-not-divided",
            "a part through the variance that is not divided by n, in {layer}.",
            lambda t, p: {"variance_path": float(p.n - norm.ddof)},
        ),
        altered(
            "norm-not-divided",
            "parts through mean and variance that are not divided by n, in {layer}.",
            lambda t, p: {"mean_path": float(p.n), "variance_path": float(p.n - norm.ddof)},
        ),
        altered(
            "norm-mean-sign",
            "a part through the mean with the wrong sign, in {layer}: subtract it.",
            lambda t, p: {"mean_path": -1.0},
        ),
        altered(
            "norm-variance-sign",
            "a part through the variance with the wrong sign, in {layer}: subtract it.",
            lambda t, p: {"variance_path": -1.0},
        ),
        altered(
            "norm-sign",
            "parts through mean and variance with the wrong sign, in {layer}: subtract them.",
            lambda t, p: {"mean_path": -1.0, "variance_path": -1.0},
        ),
        altered(
            "norm-variance-factor",
            "a part through the variance that is twice too large, in {layer}: is the factor -0.5 missing, or 2 too "
            "many?",
            lambda t, p: {"variance_path": 2.0},
        ),
        altered(
            "norm-variance-factor",
            "a part through the variance that is half as large as it should be, in {layer}: the factor 2 of the square "
            "is missing.",
            lambda t, p: {"variance_path": 0.5},
        ),
        *(
            altered(
                "norm-variance-power",
                "a part through the variance with the wrong power, in {layer}: it takes (var + eps) ** -1.5.",
                lambda t, p, power=power: {"variance_path": t.inverse**power},  # type: ignore[misc]
            )
            for power in (-2, -1, 1, 2, -3)
        ),
    ]


def gamma() -> list[FlowMistake]:
    """In the factor gamma."""
    return [
        altered(
            "norm-gamma-missing",
            "a batch normalisation without gamma, in {layer}: multiply G by gamma before it goes back through mean and "
            "variance.",
            lambda t, p: {"gamma": 1.0},
        ),
        altered(
            "norm-gamma-missing",
            "a batch normalisation without gamma and with constant mean and variance, in {layer}: multiply G by gamma, "
            "and add the parts through mean and variance.",
            lambda t, p: {"gamma": 1.0, **CONSTANT},
            1.3,
        ),
        altered(
            "norm-gamma-twice",
            "a batch normalisation that multiplies by gamma twice, in {layer}: once is right.",
            lambda t, p: {"gamma": np.asarray(t.tensors.get("gamma", 1.0)) ** 2},
        ),
    ]


def deviation(norm: Norm) -> list[FlowMistake]:
    """In s - mean and 1 / sqrt(var + eps)."""
    return [
        altered(
            "norm-ddof",
            "a batch normalisation whose variance is divided by another number on the way back, in {layer}: take "
            f"{'n - 1' if norm.ddof else 'n'} there, as forward does.",
            lambda t, p: {"divisor": p.n - 1 + norm.ddof},
        ),
        altered(
            "norm-ddof",
            "a batch normalisation that takes another variance on the way back, in {layer}: divide by "
            f"{'n - 1 (ddof=1)' if norm.ddof else 'n (ddof=0)'}, as forward does.",
            lambda t, p: {"inverse": other_ddof(t, p)},
        ),
        altered(
            "norm-ddof",
            "a batch normalisation that takes another variance on the way back, in {layer}: divide by "
            f"{'n - 1 (ddof=1)' if norm.ddof else 'n (ddof=0)'}, as forward does.",
            lambda t, p: {"inverse": other_ddof(t, p), "divisor": p.n - 1 + norm.ddof},
            1.1,
        ),
        altered(
            "norm-eps-place",
            "1 / (sqrt(var) + eps) on the way back through {layer}: put eps under the root, 1 / sqrt(var + eps), as "
            "forward does.",
            lambda t, p: {"inverse": 1 / (np.sqrt(t.var) + norm.eps)},
        ),
        altered(
            "norm-eps-missing",
            "1 / sqrt(var) on the way back through {layer}: add eps under the root, as forward does.",
            lambda t, p: {"inverse": 1 / np.sqrt(np.maximum(t.var, 1e-300))},
        ),
        *(
            altered(
                "norm-eps-other",
                f"eps = {text} on the way back through {{layer}}: forward takes {norm.eps:.3g}.",
                lambda t, p, e=e: {"inverse": 1 / np.sqrt(t.var + e)},  # type: ignore[misc]
                1.2,
            )
            for e, text in EPS_OF.items()
            if e != norm.eps
        ),
        altered(
            "norm-root-missing",
            "1 / (var + eps) on the way back through {layer}: the root is missing, 1 / sqrt(var + eps).",
            lambda t, p: {"inverse": t.inverse**2},
        ),
        altered(
            "norm-root-missing",
            "1 / (var + eps) instead of 1 / sqrt(var + eps) in {layer}.",
            lambda t, p: {"inverse": t.inverse**2, "centred": t.centred / t.inverse},
        ),
        altered(
            "norm-not-centred",
            "a batch normalisation that takes s for s - mean on the way back, in {layer}: subtract the mean.",
            lambda t, p: {"centred": t.s},
        ),
        altered(
            "norm-running-statistics",
            "a batch normalisation with the running mean and variance as they start (0 and 1), in {layer}: backward "
            "takes the batch's own.",
            lambda t, p: {"centred": t.s, "inverse": np.full_like(t.var, 1 / np.sqrt(1 + norm.eps))},
        ),
        altered(
            "norm-running-statistics",
            "a batch normalisation with the running variance as it starts (1), in {layer}: backward takes the batch's "
            "own mean and variance, and the parts through them.",
            lambda t, p: {"inverse": np.full_like(t.var, 1 / np.sqrt(1 + norm.eps)), **CONSTANT},
        ),
    ]


def other_ddof(t: LayerTrace, p: Pass) -> Array:
    """1 / sqrt(var + eps) with the variance divided by n - 1 where forward takes n, and the other way round."""
    norm = p.network.norm or Norm(0.0)
    var = t.var * (p.n - norm.ddof) / (p.n - 1 + norm.ddof)
    out: Array = 1 / np.sqrt(var + norm.eps)
    return out


def over_units(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
    """Means over axis 1 instead of axis 0."""
    if t.z is None:
        return None
    g = flow.at_u * t.tensors.get("gamma", 1.0)
    back: Array = t.inverse * (
        g - g.mean(axis=1, keepdims=True) - t.z * (g * t.z).sum(axis=1, keepdims=True) / g.shape[1]
    )
    return back
