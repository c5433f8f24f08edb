"""The course's own network, for files that lack a part of it: k layers, ReLU, batch normalisation, softmax."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .world import World


def probabilities(world: World, values: Mapping[str, Any]) -> Any:
    """P (n, K) with rows as examples. Takes complex parameters."""
    at = {(slot.letter, slot.layer): values[slot.name] for slot in world.slots}
    h, last = world.x, world.store.depth - 1
    for layer in range(world.store.depth):
        W = at["W", layer]
        s = h @ (W.T if world.layout.outputs_first else W)
        if ("b", layer) in at:
            s = s + at["b", layer].ravel()
        if ("gamma", layer) in at:
            c = s - s.mean(0)
            s = c / np.sqrt((c * c).mean(0)) * at["gamma", layer].ravel() + at["beta", layer].ravel()
        h = s if layer == last else s * (s.real > 0)
    e = np.exp(h - h.real.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cost(world: World, P: Any, values: Mapping[str, Any], penalty: float) -> Any:
    """Mean cross entropy of P, one row or column an example, and penalty * sum W^2."""
    rows = P if np.shape(P) == (len(world.x), world.sizes[-1]) else np.asarray(P).T
    loss = -np.log(rows[np.arange(len(world.y)), world.y]).mean()
    return loss + penalty * sum((values[s.name] ** 2).sum() for s in world.slots if s.letter == "W")
