"""A recurrent layer and the mistakes in it: h_t = activation(x_t Wx + h_{t-1} Wh + b), one step or a sequence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import Activation
from lab.check.mistakes.layers import Answer, Inputs, LayerMistake, Made

Slope = Callable[[Array, Array], Array]  # from a and h


@dataclass(frozen=True)
class BackThroughTime:
    """How the gradient goes back through the steps; the defaults of the right way are None and 1."""

    slope: Slope | None = None
    carried: float = 1.0  # what of the gradient of the step behind is added
    given: float = 1.0  # what of dy is added to it, before the last step
    turned: bool = False  # Wh in the place of its transpose


@dataclass(frozen=True)
class Steps:
    """A forward pass; arrays are (T, n, ...)."""

    x: Array
    a: Array
    before: Array  # h_{t-1}
    h: Array


Parts = dict[str, Array]  # for each tensor, and for the scores a, what every step gives, (T, ...)


def recurrent(activation: Activation, time: int | None) -> Callable[[Inputs], Made]:
    """`time`: the axis of the steps in x and h; None: a single step. x is (n, d), (n, T, d) or (T, n, d)."""

    def forward_axis(value: Array) -> Array:
        return value[None] if time is None else np.moveaxis(value, time, 0)

    def back_axis(value: Array) -> Array:
        return value[0] if time is None else np.moveaxis(value, 0, time)

    def made(inputs: Inputs) -> Made:
        s = steps(forward_axis(inputs["x"]), inputs, activation)

        def answer(dy: Array) -> Answer:
            dh = forward_axis(dy)

            def gradients(parts: Parts, kept: slice = slice(None)) -> dict[str, Array]:
                summed = {role: parts[role][kept].sum(axis=0) for role in ("Wx", "Wh", "b")}
                summed["b"] = summed["b"].reshape(inputs["b"].shape)
                return {"x": back_axis(parts["x"]), "h": parts["h"][0], **summed}

            right = gradients(back(dh, s, inputs, activation, BackThroughTime()))
            return right, list(_mistakes(right, gradients, dh, s, inputs, activation))

        return Made(back_axis(s.h), answer)

    return made


def steps(x: Array, inputs: Inputs, activation: Activation) -> Steps:
    """The forward pass through x (T, n, d)."""
    h, scores, states = inputs["h"], [], [inputs["h"]]
    for x_t in x:
        scores.append(x_t @ inputs["Wx"] + h @ inputs["Wh"] + inputs["b"].reshape(-1))
        h = activation.value(scores[-1])
        states.append(h)
    return Steps(x, np.array(scores), np.array(states[:-1]), np.array(states[1:]))


def back(dh: Array, s: Steps, inputs: Inputs, activation: Activation, way: BackThroughTime) -> Parts:
    """What each step gives for every tensor, from the last step to the first."""
    slope = way.slope or (lambda a, h: activation.slope(a))
    T, behind = len(dh), np.zeros_like(s.h[0])
    found: dict[str, list[Array]] = {role: [] for role in ("a", "x", "h", "Wx", "Wh", "b")}
    Wh = inputs["Wh"] if way.turned else inputs["Wh"].T
    for t in reversed(range(T)):
        above = (dh[t] if t == T - 1 else way.given * dh[t]) + way.carried * behind
        da = above * slope(s.a[t], s.h[t])
        behind = da @ Wh
        for role, part in (
            ("a", da),
            ("x", da @ inputs["Wx"].T),
            ("h", behind),
            ("Wx", s.x[t].T @ da),
            ("Wh", s.before[t].T @ da),
            ("b", da.sum(axis=0)),
        ):
            found[role].insert(0, part)
    return {role: np.array(parts) for role, parts in found.items()}


def _mistakes(
    right: dict[str, Array],
    gradients: Callable[..., dict[str, Array]],
    dh: Array,
    s: Steps,
    inputs: Inputs,
    activation: Activation,
) -> Iterator[LayerMistake]:
    several = len(dh) > 1
    code = activation.code.format(H="h", S="a")
    ways: list[tuple[str, str, BackThroughTime]] = [
        (key, f"{what}: multiply the gradient of h by {code}.", BackThroughTime(slope))
        for key, what, slope in _slopes(activation)
    ]
    transposed = "Wh as it is on the way to the step before: take its transpose."
    ways.append(("through-transposed", transposed, BackThroughTime(turned=True)))
    if several:
        ways += [
            (
                "time-not-carried",
                "steps by themselves: add to dy of each step what comes back from the step behind it.",
                BackThroughTime(carried=0.0),
            ),
            (
                "time-only-carried",
                "the dy of the last step alone: add dy of every step on the way.",
                BackThroughTime(given=0.0),
            ),
        ]
    for key, sentence, way in ways:
        parts = back(dh, s, inputs, activation, way)
        for role, wrong in gradients(parts).items():
            yield LayerMistake(key, role, "{Tensors} {match} " + sentence, lambda wrong=wrong: wrong)  # type: ignore[misc]
    parts = back(dh, s, inputs, activation, BackThroughTime())
    state = "{Tensors} {match} h_t in the place of h_(t-1): Wh is multiplied by the state before the step."
    after = np.einsum("tni,tnj->ij", s.h, parts["a"])
    yield LayerMistake("state-shifted", "Wh", state, lambda: after)
    if not several:
        return
    kept = [
        ("one-step-only", "the first step alone: add the steps up (+=, not =).", slice(0, 1)),
        ("one-step-only", "the last step alone: add the steps up (+=, not =).", slice(-1, None)),
        ("step-left-out", "steps without the first: let the loop run down to it.", slice(1, None)),
        ("step-left-out", "steps without the last: let the loop start there.", slice(0, -1)),
    ]
    for key, sentence, steps_kept in kept:
        for role, wrong in gradients(parts, steps_kept).items():
            if role in ("Wx", "Wh", "b"):
                yield LayerMistake(key, role, "{Tensors} {match} " + sentence, lambda wrong=wrong: wrong)  # type: ignore[misc]


def _slopes(activation: Activation) -> list[tuple[str, str, Slope]]:
    name = activation.name
    return [
        ("activation-slope-missing", f"a gradient without the derivative of {name}", lambda a, h: np.ones_like(a)),
        ("activation-slope-wrong", "1 - h for the derivative", lambda a, h: 1 - h),
        ("activation-slope-wrong", "h * (1 - h) for the derivative", lambda a, h: h * (1 - h)),
        ("activation-slope-wrong", "1 - h**2 for the derivative", lambda a, h: 1 - h**2),
        ("activation-slope-of-scores", "1 - a**2 for the derivative", lambda a, h: 1 - a**2),
        ("activation-slope-of-output", f"the derivative of {name} taken at h", lambda a, h: activation.slope(h)),
        ("activation-values-for-slope", "the gradient times h", lambda a, h: h),
    ]
