"""What an update is made of: so much of the gradient, so much of the weights, so much of the update before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.own_loop.steps import Compared, Step, fit
from lab.own_loop.trace import Tensors

Gradients = Callable[[Compared, int], Mapping[str, Array] | None]  # of the update at a place, from 0
Base = Callable[[Compared, int], Tensors]


@dataclass(frozen=True)
class Factors:
    """step = -eta gradient - decay theta + rho (step before). left: what these do not explain, relative to its size."""

    eta: float
    decay: float
    rho: float
    left: float

    def explains(self, allowed: float) -> bool:
        """Is nothing left?"""
        return self.left <= 2 * allowed


def own_gradient(compared: Compared, t: int) -> Mapping[str, Array]:
    """Gradlab's gradient of the batch."""
    return compared.steps[t].gradient


def where_it_stands(compared: Compared, t: int) -> Tensors:
    """The parameters before the update."""
    return compared.steps[t].update.before


def factors(
    compared: Compared, gradients: Gradients = own_gradient, base: Base = where_it_stands, keeps: bool = True
) -> list[dict[str, Factors]]:
    """Of every update and tensor that has a gradient; of a tensor that does not move eta is 0. keeps: may a step hold
    some of the one before it?"""
    steps = compared.steps
    given = [gradients(compared, t) for t in range(len(steps))]
    bases = [base(compared, t) for t in range(len(steps))]
    found: list[dict[str, Factors]] = [{} for _ in steps]
    for name in dict.fromkeys(name for step in steps for name in step.off):
        places = [t for t, step in enumerate(steps) if name in step.off and given[t] is not None]
        made = [
            Directions(given[t][name], bases[t][name], steps[t - 1].moved(name) if t else None)  # type: ignore[index]
            for t in places
        ]
        for t, factor in zip(places, _of_tensor([steps[t] for t in places], name, made, keeps), strict=True):
            found[t][name] = factor
    return found


@dataclass(frozen=True)
class Directions:
    """What a step may be made of. before: the step before it, None for the first."""

    gradient: Array
    theta: Array
    before: Array | None


def _of_tensor(steps: Sequence[Step], name: str, directions: Sequence[Directions], keeps: bool) -> list[Factors]:
    """With the fewest directions that explain all steps; if none do, with all of them."""
    made: list[Factors] = []
    for decays, kept in ((False, False), (True, False), (False, True), (True, True))[: 4 if keeps else 2]:
        made = [_of_step(s.moved(name), d, decays, kept) for s, d in zip(steps, directions, strict=True)]
        if all(f.explains(s.allowed[name]) for f, s in zip(made, steps, strict=True)):
            break
    return made


def _of_step(moved: Array, directions: Directions, decays: bool, kept: bool) -> Factors:
    chosen = {"eta": directions.gradient}
    if decays and np.any(directions.theta):
        chosen["decay"] = directions.theta
    if kept and directions.before is not None and np.any(directions.before):
        chosen["rho"] = directions.before
    found, left = fit(moved, list(chosen.values()))
    values = dict(zip(chosen, found, strict=True))
    return Factors(-values["eta"], -values.get("decay", 0.0), values.get("rho", 0.0), left)


def explained(compared: Compared, found: Sequence[Mapping[str, Factors]]) -> float:
    """The share of updates and tensors that are explained."""
    every = [
        f.explains(step.allowed[name]) for step, of in zip(compared.steps, found, strict=True) for name, f in of.items()
    ]
    return sum(every) / len(every) if every else 0.0
