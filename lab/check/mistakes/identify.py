"""Which reference network is the student's? The one whose cost agrees with the student's at many parameters.

J = scale * mean loss + sum of coefficients * penalty: for a network and a loss, both are found by least squares, so
one try stands for every convention of the courses. The rest of the equations decides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import ACTIVATIONS, NONE, SELDOM
from lab.check.mistakes.evidence import Layers, NetworkEvidence
from lab.check.mistakes.losses import LOSSES, MISTAKEN, Loss
from lab.check.mistakes.reference import Norm, ReferenceNetwork, scores

EXACT = 1e-9  # how closely a cost agrees, relative to the largest
SINGLE = 1e-5  # the same for code that computes in float32
EPS = (1e-5, 1e-8, float(np.finfo(float).eps), 0.0, 1e-6, 1e-7, 1e-10, 1e-12, 1e-4, 1e-3, 1e-2)
Group = list[tuple[int, str]]  # tensors as layer and role
SPARE = 3  # equations left to decide after all the unknowns are found


@dataclass(frozen=True)
class Penalty:
    """A sum over tensors of coefficient * f(tensor), and how f is differentiated."""

    kind: str = "squares"
    coefficients: tuple[Mapping[str, float], ...] = ()  # per layer: "W" -> its coefficient

    def gradient(self, layer: int, role: str, value: Array) -> Array:
        """The penalty's part of the gradient of a tensor."""
        out: Array = self.coefficients[layer].get(role, 0.0) * PENALTIES[self.kind][1](value)
        return out


PENALTIES: dict[str, tuple[Callable[[Array], float], Callable[[Array], Array]]] = {
    "squares": (lambda W: float((W**2).sum()), lambda W: 2 * W),
    "norms": (lambda W: float(np.sqrt((W**2).sum())), lambda W: W / np.sqrt((W**2).sum())),
    "absolute values": (lambda W: float(np.abs(W).sum()), np.sign),
    "elements": (lambda W: float(W.sum()), np.ones_like),
}


@dataclass(frozen=True)
class Identity:
    """The network, and J = scale * mean loss + penalty."""

    network: ReferenceNetwork
    scale: float
    penalty: Penalty


@dataclass
class Points:
    """Parameters at which the student's code is asked, drawn as they are needed, and the answers kept.

    Biases and beta are not 0 there and gamma is not 1; weights are neither tiny nor huge, but in every other point
    those of normalised layers are small, so that eps counts.
    """

    code: NetworkEvidence

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(15)
        self._drawn: list[Layers] = []
        self._first: list[Array] = []
        self._costs: list[float] = []
        self._penalties: dict[tuple[str, int, str, int], float] = {}

    def layers(self, count: int) -> list[Layers]:
        """The first `count` points."""
        while len(self._drawn) < count:
            self._drawn.append(self._draw(len(self._drawn)))
        return self._drawn[:count]

    def costs(self, count: int) -> Array:
        """The student's cost at the first `count` points."""
        assert self.code.cost is not None
        for layers in self.layers(count)[len(self._costs) :]:
            self._costs.append(float(self.code.cost(copied(layers))))
        return np.array(self._costs[:count])

    @cached_property
    def normed(self) -> bool:
        """Is there a gamma or beta in any layer?"""
        return any("gamma" in tensors or "beta" in tensors for tensors in self.code.layers)

    def first(self, index: int) -> Array:
        """x W + b of the first layer at a point."""
        while len(self._first) <= index:
            self._first.append(scores(self.code.x, self.layers(len(self._first) + 1)[-1][0]))
        return self._first[index]

    def penalties(self, kind: str, group: Group, count: int) -> list[float]:
        """The penalty of a group of tensors at the first `count` points."""
        return [sum(self._penalty(kind, layer, role, point) for layer, role in group) for point in range(count)]

    def _penalty(self, kind: str, layer: int, role: str, point: int) -> float:
        place = (kind, layer, role, point)
        if place not in self._penalties:
            self._penalties[place] = PENALTIES[kind][0](self.layers(point + 1)[point][layer][role])
        return self._penalties[place]

    def _draw(self, index: int) -> Layers:
        size = float(np.sqrt((self.code.x**2).mean())) or 1.0
        drawn = []
        for k, tensors in enumerate(self.code.layers):
            inputs = tensors["W"].shape[0]
            small = 0.02 if index % 2 and self.normed and k < len(self.code.layers) - 1 else 1.0
            width = small * self._rng.uniform(0.7, 1.6) * np.sqrt(2 / inputs) / (size if k == 0 else 1.0)
            drawn.append({role: self._tensor(role, value.shape, width) for role, value in tensors.items()})
        return tuple(drawn)

    def _tensor(self, role: str, shape: tuple[int, ...], width: float) -> Array:
        if role == "gamma":
            return self._rng.uniform(0.5, 1.8, shape)
        return self._rng.normal(0.1, 0.4, shape) if role in ("b", "beta") else self._rng.normal(0, width, shape)


def copied(layers: Layers) -> Layers:
    """The student's code may change what it is given."""
    return tuple({role: value.copy() for role, value in tensors.items()} for tensors in layers)


def networks(code: NetworkEvidence, points: Points) -> Iterator[ReferenceNetwork]:
    """Every kind of network without its loss, the usual ones first."""
    activations = (*ACTIVATIONS, *SELDOM) if len(code.layers) > 1 else (NONE,)
    if points.normed:
        every = dict.fromkeys((*code.eps, *EPS))
        norms: list[Norm | None] = [Norm(eps, ddof) for ddof in (0, 1) for eps in every]
    else:
        norms = [None, *(Norm(eps, plain=True) for eps in EPS if len(code.layers) > 1)]
    yield from (ReferenceNetwork(activation, norm) for activation in activations[:3] for norm in norms)
    yield from (ReferenceNetwork(activation, norm) for activation in activations[3:] for norm in norms[:3])


def identify(code: NetworkEvidence, points: Points, exact: float = EXACT) -> Identity | None:
    """The reference network whose cost is the student's to `exact`, or None."""
    tried = [Candidate(network, code, points) for network in networks(code, points)]
    together, apart = _groups(code, apart=False), _groups(code, apart=True)
    plans = [(loss, "squares", together) for loss in LOSSES]
    plans += [(loss, "squares", apart) for loss in LOSSES[:2] if len(code.layers) > 1]
    plans += [(loss, "squares", together) for loss in MISTAKEN]
    plans += [(loss, kind, together) for loss in LOSSES[:2] for kind in PENALTIES]
    plans = [plan for plan in plans if plan[0].outputs <= code.layers[-1]["W"].shape[1]]
    solutions = (one.solved(*plan, exact) for plan in plans for one in tried)
    return next((identity for identity in solutions if identity), None)


def _groups(code: NetworkEvidence, apart: bool) -> list[Group]:
    """The tensors that share a coefficient in the penalty: all weights or each apart, all biases, all of the rest."""
    every = [(k, role) for k, tensors in enumerate(code.layers) for role in tensors]
    weights = [place for place in every if place[1] == "W"]
    others = [[p for p in every if p[1] == "b"], [p for p in every if p[1] in ("gamma", "beta")]]
    return [*([[place] for place in weights] if apart else [weights]), *(group for group in others if group)]


class Candidate:
    """One network beside the student's cost; its scores are computed once for all losses."""

    def __init__(self, network: ReferenceNetwork, code: NetworkEvidence, points: Points) -> None:
        self._network, self._code, self._points = network, code, points
        self._scores: list[Array] = []

    def solved(self, loss: Loss, kind: str, groups: list[Group], exact: float) -> Identity | None:
        """The student's J as scale * loss + penalty, if it is that to `exact`."""
        count = 1 + len(groups) + SPARE
        columns = [[loss.value(scores, self._code.y) for scores in self._scores_at(count)]]
        columns += [self._points.penalties(kind, group, count) for group in groups]
        solution = solve(np.array(columns).T, self._points.costs(count), exact)
        if solution is None or not solution[0]:
            return None
        coefficients: tuple[dict[str, float], ...] = tuple({} for _ in self._code.layers)
        for group, coefficient in zip(groups, solution[1:], strict=True):
            for layer, role in group:
                coefficients[layer][role] = coefficient
        return Identity(replace(self._network, loss=loss), solution[0], Penalty(kind, coefficients))

    def _scores_at(self, count: int) -> list[Array]:
        for k, layers in list(enumerate(self._points.layers(count)))[len(self._scores) :]:
            self._scores.append(self._network.forward(self._code.x, layers, self._points.first(k))[-1].out)
        return self._scores[:count]


def solve(columns: Array, costs: Array, exact: float) -> list[float] | None:
    """The coefficients with which the columns add up to the costs, each of them to `exact`; None if they do not."""
    if not np.all(np.isfinite(columns)) or not np.all(np.isfinite(costs)):
        return None
    size = np.maximum(np.abs(costs), 1e-3 * np.abs(costs).max())
    A = columns / size[:, None]
    widths = np.maximum(np.abs(A).max(axis=0), 1e-300)
    found = np.linalg.lstsq(A / widths, costs / size, rcond=1e-13)[0]
    found[np.abs(found) < exact] = 0.0
    if np.abs(A / widths @ found - costs / size).max() > exact:
        return None
    digits = 8 if exact <= EXACT else 4
    return [float(f"{value:.{digits}g}") for value in found / widths]
