"""Values for arguments beside data and parameters: flags, running averages, functions of the file, matrices."""

import re
from typing import Any

import numpy as np

from .roles import plain
from .values import Function
from .world import World


def as_matrix(value: Any) -> Any:
    """An array with two axes as np.matrix, and those in a list or dict; anything else as it is."""
    if isinstance(value, np.ndarray):
        return np.asmatrix(value) if value.ndim == 2 else value
    if type(value) is list:
        return [as_matrix(v) for v in value]
    return {k: as_matrix(v) for k, v in value.items()} if type(value) is dict else value


def norms_on(world: World) -> bool:
    """Is batch normalisation to be on? In an object it is, whatever it holds."""
    return world.store.normed or (world.store.depth == 0 and not world.store.off)


def function_called(function: Function, name: str) -> Function | None:
    """The function of the file that an argument such as forward_prop_func asks for."""
    asked = re.fullmatch(r"(.+?)(func|fn|function|f)", plain(name))
    own = getattr(function, "__globals__", {})
    return next((v for k, v in own.items() if asked and plain(k) == asked[1] and callable(v)), None)


def averages(name: str, world: World) -> Any:
    """Running means or variances of every layer that is normalised, as they are before any update."""
    ones = "v" in plain(name)[:3]
    return [
        np.ones(world.layout.vector(m)) if ones else np.zeros(world.layout.vector(m))
        for m in world.sizes[1 : 1 + world.store.norms]
    ]
