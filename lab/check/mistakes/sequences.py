"""A recurrent network over one sequence and the mistakes in it.

h_t = tanh(Wx x_t + Wh h_{t-1} + b), p_t = softmax(Wy h_t + c), J = sum or mean of -log p_t[y_t].
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.evidence import Cause, Diagnosis, listed
from lab.check.mistakes.losses import one_hot, softmax

Tensors = Mapping[str, Array]
RTOL = 1e-6
ROLES = ("Wx", "Wh", "Wy", "b", "c")


@dataclass(frozen=True)
class Sequence:
    """Which tensor is which, and how they lie. names: role -> the student's name; turned: are W (inputs, outputs)?"""

    x: Array  # (T, d)
    y: Labels  # (T,)
    names: Mapping[str, str]
    turned: bool
    start: Array  # (h,)
    mean: bool

    def right_way_up(self, tensors: Tensors) -> dict[str, Array]:
        """The tensors by their roles, W as (outputs, inputs), biases flat."""
        found = {role: tensors[name] for role, name in self.names.items() if name in tensors}
        return {
            role: (value.T if self.turned else value) if role in ("Wx", "Wh", "Wy") else value.reshape(-1)
            for role, value in found.items()
        }


@dataclass(frozen=True)
class WayBack:
    """How the gradient goes back; the defaults are right."""

    says: str = ""
    key: str = ""
    carried: float = 1.0
    turned: bool = False
    slope: Callable[[Array], Array] = lambda h: 1 - h**2  # of h
    slope_before: bool = False  # is the slope taken at the state before?
    carried_behind: bool = False  # is what is carried added behind the slope?
    carried_before: bool = False  # is what is carried taken before the slope?
    own_state: bool = False  # h_t in the place of h_{t-1} for Wh
    state_before: bool = False  # h_{t-1} in the place of h_t for Wy
    left: tuple[int, int] = (0, 0)  # steps that do not count, at the start and at the end
    overwritten: bool = False
    labels: float = 1.0
    factor: float = 1.0


WAYS = (
    WayBack("nothing is carried back from the step behind: add dh_next", "through-time-missing", carried=0.0),
    WayBack("Wh stands in the place of its transpose on the way back through time", "through-transposed", turned=True),
    WayBack("the derivative of tanh is missing: multiply by 1 - h**2", "activation-slope-missing", slope=np.ones_like),
    WayBack("the derivative of tanh is taken as 1 - h: it is 1 - h**2", "activation-slope", slope=lambda h: 1 - h),
    WayBack("tanh' is taken as (1 - h)**2: it is 1 - h**2", "activation-slope", slope=lambda h: (1 - h) ** 2),
    WayBack("tanh' is taken as 1 + h**2: it is 1 - h**2", "activation-slope", slope=lambda h: 1 + h**2),
    WayBack("tanh' is taken at the state before: take h of the step itself", "activation-slope", slope_before=True),
    WayBack(
        "the derivative is that of tanh(h), not at h: use 1 - h**2",
        "activation-slope-place",
        slope=lambda h: 1 - np.tanh(h) ** 2,
    ),
    WayBack("what is carried back is added behind tanh', not before", "through-time-place", carried_behind=True),
    WayBack(
        "what is carried back is taken before tanh': go through tanh' first, then through Wh",
        "through-time-place",
        carried_before=True,
    ),
    WayBack("Wh's takes the state of the step itself: it is the state before", "state-shifted", own_state=True),
    WayBack("Wy's takes the state before: it is that of the step itself", "state-shifted", state_before=True),
    WayBack("the first step is left out", "step-left-out", left=(1, 0)),
    WayBack("the last step is left out", "step-left-out", left=(0, 1)),
    WayBack("only the first step counts: add up with +=", "overwritten", overwritten=True),
    WayBack("the labels are not subtracted from p", "labels-missing", labels=0.0),
    WayBack("the sign is wrong", "sign", factor=-1.0),
    WayBack("a factor 2 too much", "factor-two", factor=2.0),
    WayBack("a factor 2 is missing", "factor-two", factor=0.5),
)


def diagnose_sequence(
    x: Array,
    y: Labels,
    params: Tensors,
    letters: Mapping[str, str],
    cost: Callable[[Tensors], float],
    gradients: Callable[[Tensors], Tensors],
) -> Diagnosis:
    """Which recurrent network it is, and the mistakes that give its gradients. x: (T, d), or (T,) numbers of rows."""
    other = {name: 0.7 * value + 0.05 for name, value in params.items()}
    costs = [cost(params), cost(other)]
    for one in _readings(x, y, params, letters):
        if not np.allclose([_cost(one, params), _cost(one, other)], costs, rtol=1e-8):
            continue
        points = [(one.right_way_up(p), one.right_way_up(gradients(p))) for p in (params, other)]
        reference = (
            f"a recurrent network, tanh, {'mean' if one.mean else 'sum'} of softmax cross entropy over the steps"
        )
        return Diagnosis(reference, _causes(one, points))
    return Diagnosis("", ())


def _readings(x: Array, y: Labels, params: Tensors, letters: Mapping[str, str]) -> Iterator[Sequence]:
    weights = [name for name in params if letters[name] == "W" and min(params[name].shape) > 1]
    biases = [name for name in params if name not in weights]
    square = [name for name in weights if params[name].shape[0] == params[name].shape[1]]
    if len(weights) != 3 or not square or len(biases) > 2:
        return
    for Wh in square:
        for Wx, Wy in permutations([name for name in weights if name != Wh]):
            for turned in (False, True):
                yield from _lying({"Wx": Wx, "Wh": Wh, "Wy": Wy}, biases, turned, x, y, params)


def _lying(
    weights: Mapping[str, str], biases: list[str], turned: bool, x: Array, y: Labels, params: Tensors
) -> Iterator[Sequence]:
    """The readings in which these are the weights and lie so."""
    shapes = [params[weights[role]].shape for role in ("Wx", "Wh", "Wy")]
    (h, d), _, (k, of_h) = [shape[::-1] for shape in shapes] if turned else shapes
    rows = one_hot(x.astype(int), d) if x.ndim == 1 else x
    if not h == of_h == shapes[1][0] or rows.shape[1] != d:
        return
    sizes = {"b": h, "c": k}
    for named in permutations(biases):
        names = {**weights, **dict(zip(sizes, named, strict=False))}
        if all(params[names[role]].size == size for role, size in sizes.items() if role in names):
            for start in (np.zeros(h), 0.3 * np.sin(1.0 + np.arange(h))):
                yield from (Sequence(rows, y, names, turned, start, mean) for mean in (False, True))


def _forward(one: Sequence, at: Tensors) -> tuple[Array, Array]:
    """States (T + 1, h) with the start first, and P (T, k)."""
    states, scores = [one.start], []
    for x_t in one.x:
        states.append(np.tanh(at["Wx"] @ x_t + at["Wh"] @ states[-1] + at.get("b", 0.0)))
        scores.append(at["Wy"] @ states[-1] + at.get("c", 0.0))
    return np.array(states), softmax(np.array(scores))


def _cost(one: Sequence, params: Tensors) -> float:
    _, P = _forward(one, one.right_way_up(params))
    losses = -np.log(P[np.arange(len(one.y)), one.y])
    return float(losses.mean() if one.mean else losses.sum())


def _back(one: Sequence, at: Tensors, way: WayBack) -> dict[str, Array]:
    """The gradients by roles."""
    states, P = _forward(one, at)
    G = (P - way.labels * one_hot(one.y, P.shape[1])) * (way.factor / (len(one.y) if one.mean else 1))
    parts: dict[str, list[Array]] = {role: [] for role in ROLES}
    behind = np.zeros_like(one.start)
    for t in reversed(range(len(one.y))):
        h, before = states[t + 1], states[t]
        slope = way.slope(before if way.slope_before else h)
        dh = at["Wy"].T @ G[t]
        da = dh * slope + behind if way.carried_behind else (dh + behind) * slope
        back = dh + behind if way.carried_before else da
        behind = way.carried * ((at["Wh"] if way.turned else at["Wh"].T) @ back)
        parts["Wy"].append(np.outer(G[t], before if way.state_before else h))
        parts["c"].append(G[t])
        parts["Wh"].append(np.outer(da, h if way.own_state else before))
        parts["Wx"].append(np.outer(da, one.x[t]))
        parts["b"].append(da)
    kept = {role: part[way.left[1] : len(part) - way.left[0]][::-1] for role, part in parts.items()}
    return {role: part[0] if way.overwritten else np.sum(part, axis=0) for role, part in kept.items()}


def _causes(one: Sequence, points: list[tuple[dict[str, Array], dict[str, Array]]]) -> tuple[Cause, ...]:
    """For every wrong tensor the mistakes that give it at all points; those that give most of them first."""
    rights = [_back(one, at, WayBack()) for at, _ in points]
    wrong = [role for role in one.names if not _gives(rights, points, role)]
    if not wrong:
        return ()
    given = {}
    for way in WAYS:
        made = [_back(one, at, way) for at, _ in points]
        given[way] = [role for role in wrong if _gives(made, points, role)]
    best = max(given.values(), key=len)
    if not best:
        return ()
    told = [way for way, roles in given.items() if roles == best]
    names = tuple(one.names[role] for role in best)
    return tuple(Cause(way.key, names, f"{listed(names)}: {_said(way, one)}.") for way in told[:2])


def _said(way: WayBack, one: Sequence) -> str:
    """With the student's names of the weights."""
    return way.says.replace("Wh", one.names["Wh"]).replace("Wy", one.names["Wy"])


def _gives(made: list[dict[str, Array]], points: list[tuple[dict[str, Array], dict[str, Array]]], role: str) -> bool:
    return all(
        role in theirs
        and theirs[role].shape == mine[role].shape
        and bool(np.allclose(theirs[role], mine[role], rtol=RTOL, atol=1e-8 * (1 + np.abs(mine[role]).max())))
        for mine, (_, theirs) in zip(made, points, strict=True)
    )
