"""The course's own network, for files that lack a part of it: k layers, ReLU, batch normalisation, softmax."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .world import World


def probabilities(world: World, values: Mapping[str, Any]) -> Any:
    """P (n, K) with rows as examples. Takes complex parameters."""
    return _layers(world, values)[-1]


def outputs(world: World, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a forward would give, as X lies: P; H, H1, X1 ... of the hidden layers."""
    *hidden, P = (h.T if world.layout.columns else h for h in _layers(world, values))
    found = {"P": np.ascontiguousarray(P)}
    if len(hidden) == 1:
        found["H"] = hidden[0]
    return found | {f"{letter}{i}": h for i, h in enumerate(hidden, 1) for letter in "HXA"}


def _layers(world: World, values: Mapping[str, Any]) -> list[Any]:
    at = {(slot.letter, slot.layer): values[slot.name] for slot in world.slots}
    return layers(world.x, at, world.layout.outputs_first)


def layers(x: Any, at: Mapping[tuple[str, int], Any], outputs_first: bool) -> list[Any]:
    """The hidden layers and P, each (n, units), for x (n, d). at: (letter, layer) -> tensor."""
    h = s = x
    found = []
    for layer in range(sum(letter == "W" for letter, _ in at)):
        W = at["W", layer]
        s = h @ (W.T if outputs_first else W)
        if ("b", layer) in at:
            s = s + at["b", layer].ravel()
        if ("gamma", layer) in at:
            c = s - s.mean(0)
            s = c / np.sqrt((c * c).mean(0)) * at["gamma", layer].ravel() + at["beta", layer].ravel()
        h = s * (s.real > 0)
        found.append(h)
    e = np.exp(s - s.real.max(axis=1, keepdims=True))
    return [*found[:-1], e / e.sum(axis=1, keepdims=True)]


def cost(world: World, P: Any, values: Mapping[str, Any], penalty: float) -> Any:
    """Mean cross entropy of P, one row or column an example, and penalty * sum W^2."""
    rows = P if np.shape(P) == (len(world.x), world.sizes[-1]) else np.asarray(P).T
    loss = -np.log(rows[np.arange(len(world.y)), world.y]).mean()
    return loss + penalty * sum((values[s.name] ** 2).sum() for s in world.slots if s.letter == "W")
