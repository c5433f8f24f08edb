"""Every update beside the one that the preset's optimiser makes of Gradlab's gradient, from the same parameters and the
same batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.types import Array, Labels
from lab.own_loop.plan import LoopPlan
from lab.own_loop.reference import Reference, stepped
from lab.own_loop.trace import LoopTrace, Tensors, Update

TOLERANCE = 1e-6  # of the size of an update
NOTHING = 1e-9  # of the whole gradient: a tensor with less has none (a bias in front of batch normalisation)
EPSILONS = (1e-5, 1e-8, 1e-7, 1e-10, 1e-12, 1e-6, 1e-4, 1e-3, 1e-16, float(np.finfo(float).eps), 0.0)


@dataclass(frozen=True)
class Step:
    """One update. x, y: its batch; gradient: dL/dtheta by Gradlab, without the penalty; off: tensor -> how far its step
    is from the preset's, relative to its size; allowed: tensor -> how far it may be."""

    update: Update
    x: Array
    y: Labels
    gradient: Mapping[str, Array]
    off: Mapping[str, float]
    allowed: Mapping[str, float]

    @property
    def number(self) -> int:
        """From 1."""
        return self.update.number

    @property
    def wrong(self) -> list[str]:
        """The tensors that part from the preset."""
        return [name for name, off in self.off.items() if not off <= self.allowed[name]]

    def moved(self, name: str) -> Array:
        """What the student's update added to a tensor."""
        moved: Array = self.update.after[name] - self.update.before[name]
        return moved


@dataclass(frozen=True)
class Yardstick:
    """What the preset wants of this code. etas: of every update, and past the end; lambda_: of the penalty."""

    etas: Callable[[int], float]
    lambda_: float


@dataclass
class Compared:
    """All updates. reference keeps the eps of batch normalisation that fits."""

    plan: LoopPlan
    trace: LoopTrace
    reference: Reference
    expected: Yardstick
    steps: list[Step] = field(default_factory=list)

    @property
    def first(self) -> tuple[Step, str] | None:
        """The first update and tensor at which the training parts from the preset."""
        return next(((step, step.wrong[0]) for step in self.steps if step.wrong), None)

    def still(self, step: Step) -> list[str]:
        """Tensors that have no gradient worth the name in an update."""
        return [name for name in step.update.before if name not in step.off]


def compare(plan: LoopPlan, trace: LoopTrace, updates: Sequence[Update], expected: Yardstick) -> Compared:
    """Follow the student's parameters, and judge each update from where they are."""
    compared = Compared(plan, trace, Reference(plan), expected)
    batches = [batch_of(plan, update) for update in updates]
    if compared.reference.norms and updates:
        _fit_eps(compared, updates[0], *batches[0])
    optimiser = compared.reference.optimiser()
    for update, (x, y) in zip(updates, batches, strict=True):
        gradient = compared.reference.gradient(update.before, x, y)
        whole = with_penalty(gradient, update.before, expected.lambda_)
        after = stepped(optimiser, update.before, whole, expected.etas(update.number - 1))
        off, allowed = _off(update, whole, after, trace.dtype)
        compared.steps.append(Step(update, x, y, gradient, off, allowed))
    return compared


def batch_of(plan: LoopPlan, update: Update) -> tuple[Array, Labels]:
    """The examples of an update as the code has them, with their true labels."""
    usage = update.usage
    if usage is None:
        x, y = plan.parts["train"]
        return x, y
    x, y = plan.parts[usage.part]
    return (x[usage.index] if usage.values is None else usage.values), y[usage.index]


def with_penalty(gradient: Mapping[str, Array], theta: Tensors, lambda_: float) -> dict[str, Array]:
    """dJ/dtheta: 2 lambda W added to the gradients of the weights."""
    return {k: g + 2 * lambda_ * theta[k] if k.startswith("W") else g for k, g in gradient.items()}


def _off(
    update: Update, gradient: Mapping[str, Array], after: Tensors, dtype: "np.dtype[np.floating]"
) -> tuple[dict[str, float], dict[str, float]]:
    most = max(float(np.linalg.norm(g)) for g in gradient.values())
    off, allowed = {}, {}
    for name, g in gradient.items():
        if np.linalg.norm(g) <= NOTHING * most:
            continue
        want, have = after[name] - update.before[name], update.after[name] - update.before[name]
        size = float(np.linalg.norm(want))
        off[name] = float(np.linalg.norm(have - want)) / (size + 1e-300)
        eps = float(np.finfo(dtype).eps)
        rounding = 4 * eps * float(np.linalg.norm(update.before[name])) / (size + 1e-300)
        allowed[name] = max(TOLERANCE, rounding) + (2000 * eps if dtype.itemsize < 8 else 0.0)
    return off, allowed


def _fit_eps(compared: Compared, update: Update, x: Array, y: Labels) -> None:
    """Take the eps with which the first update fits best: no two courses have the same."""
    moved = {name: update.after[name] - update.before[name] for name in update.before}

    def misfit(eps: float) -> float:
        with compared.reference.eps(eps):
            gradient = compared.reference.gradient(update.before, x, y)
        left = [
            fit(moved[k], [g, update.before[k]])[1] for k, g in gradient.items() if not k.startswith("b") or "beta" in k
        ]
        return sum(min(one, 1e-3) for one in left)  # what is wrong for another reason does not count

    best = min(EPSILONS, key=misfit)
    for layer in compared.reference.norms:
        layer.eps = best


def fit(step: Array, directions: Sequence[Array]) -> tuple[list[float], float]:
    """The factors with which these directions add up to a step, and what is left, relative to its size."""
    size = float(np.linalg.norm(step))
    if size == 0:
        return [0.0] * len(directions), 0.0
    norms = [float(np.linalg.norm(d)) for d in directions]
    columns = np.stack([d.reshape(-1) / (norm or 1.0) for d, norm in zip(directions, norms, strict=True)], axis=1)
    if not (np.isfinite(columns).all() and np.isfinite(step).all()):
        return [float("nan")] * len(directions), float("inf")
    found = np.linalg.lstsq(columns, step.reshape(-1), rcond=1e-14)[0]
    left = float(np.linalg.norm(step.reshape(-1) - columns @ found)) / size
    return [float(f / norm) if norm else 0.0 for f, norm in zip(found, norms, strict=True)], left
