"""Mistakes with an unknown number in them, which is solved for: the step of an update, other means and variances."""

from collections.abc import Sequence

import numpy as np

from core.types import Array
from lab.check.mistakes.flow import Flow
from lab.check.mistakes.reference import GRADIENTS, LayerTrace, Pass, activation, through

LARGEST = 1e3  # step of an update
LEAST = 5  # equations for each unit, three of which are used up


def updated_weights(
    flows: Sequence[Flow],
    passes: Sequence[Pass],
    layer: int,
    role: str,
    theirs: Sequence[Array],
    penalty: Sequence[Array],
    update: Sequence[Array],
    rtol: float,
) -> tuple[float, list[Flow]] | None:
    """eta, and the flows into a layer, if G came through W - eta * update of the layer behind it; infinity if it came
    through the update alone.

    It is solved for in the gradient `theirs` of the tensor `role` of `layer`, whose part from the penalty is known.
    """
    ways, columns = [], []
    for flow, p, change in zip(flows, passes, update, strict=True):
        t, behind = p.traces[layer], p.traces[layer + 1]
        ways.append((through(flow.at_s, behind, p), flow.at_s @ change.T))
        at_u = [activation(G, t, p) for G in ways[-1]]
        columns.append(np.stack([GRADIENTS[role](G, t).reshape(-1) for G in at_u], axis=1))
    A = np.concatenate(columns)
    wanted = np.concatenate([(g - c).reshape(-1) for g, c in zip(theirs, penalty, strict=True)])
    (f, moved), *_ = np.linalg.lstsq(A, wanted, rcond=None)
    size = float(np.abs(wanted).max())
    off = float(np.abs(A @ (f, moved) - wanted).max())
    if off > rtol * size or np.abs(A[:, 1] * moved).max() <= 10 * rtol * size:
        return None
    alone = np.abs(A[:, 0] * f).max() <= 10 * rtol * size
    eta = np.inf if alone else -moved / f
    if not alone and abs(eta) > LARGEST:
        return None
    found = []
    for (right, through_update), p in zip(ways, passes, strict=True):
        above = through_update if alone else right - eta * through_update
        G = activation(above, p.traces[layer], p)
        found.append(Flow(above, G, G))
    return float(eta), found


def other_statistics(flow: Flow, t: LayerTrace, data: Array, rtol: float) -> tuple[bool, Flow] | None:
    """Are G at the scores, unit by unit, some multiples of G at u, of 1 and of s, as with any mean and variance?

    `data` is the student's gradient of W without its penalty. Gives whether mean and variance are constants, and the
    flow; None if it is not so, or if there are too few inputs to tell.
    """
    if t.h.shape[1] < LEAST or t.z is None:
        return None
    at_s, constant, size = np.zeros_like(flow.at_s), True, float(np.abs(data).max())
    for j in range(data.shape[1]):
        parts = np.stack([flow.at_u[:, j], np.ones(len(t.s)), t.s[:, j]], axis=1)
        A = t.h.T @ parts
        widths = np.maximum(np.abs(A).max(axis=0), 1e-300)
        coefficients = np.linalg.lstsq(A / widths, data[:, j], rcond=1e-12)[0] / widths
        if np.abs(A @ coefficients - data[:, j]).max() > rtol * size:
            return None
        constant &= bool(np.abs(A[:, 1:] * coefficients[1:]).max() <= 10 * rtol * size)
        at_s[:, j] = parts @ coefficients
    return constant, Flow(flow.above, flow.at_u, at_s)
