"""Values as a student's code makes them: arrays, dicts of arrays, numbers, or an error that says what they are."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .errors import CodeError
from .wire import NUMBERS


def array(value: Any, what: str) -> Any:
    """A NumPy array of numbers, or a CodeError that says what it is instead."""
    if isinstance(value, np.generic):  # what arithmetic makes of arrays without axes
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise CodeError(f"{what} is a {type(value).__name__}, not a NumPy array")
    if value.dtype.kind not in NUMBERS:
        raise CodeError(f"{what} holds {value.dtype}, not numbers")
    return value


def tensors(value: Any, what: str) -> dict[str, Any]:
    """A dict of arrays."""
    if not isinstance(value, dict):
        raise CodeError(f"{what} is a {type(value).__name__}, not a dict of arrays")
    for name in value:
        if not isinstance(name, str):
            raise CodeError(f"{what} has the key {name!r}: keys are names, as 'W1'")
    return {name: array(a, f"{what}[{name!r}]") for name, a in value.items()}


def floats(params: dict[str, Any], what: str) -> dict[str, Any]:
    """The same, if all of them are floating-point arrays with something in them."""
    for name, value in params.items():
        if value.dtype.kind != "f":
            raise CodeError(f"{what}[{name!r}] holds {value.dtype}: a parameter needs floating-point numbers")
        if value.size == 0:
            raise CodeError(f"{what}[{name!r}] has shape {value.shape}: there is nothing in it")
    return params


def number(value: Any, what: str) -> Any:
    """A loss as a NumPy scalar."""
    try:
        value = np.asarray(value)
    except ValueError:  # nested lists of unequal lengths
        raise CodeError(f"{what} returns a {type(value).__name__}, not a number") from None
    if value.dtype.kind not in "fciu" or value.size != 1:
        shown = f"an array of shape {value.shape}" if value.size != 1 else f"a {type(value.item()).__name__}"
        raise CodeError(f"{what} returns {shown}, not a number")
    return value.reshape(())[()]


def copied(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The same names with copies of the arrays."""
    return {name: a.copy() for name, a in arrays.items()}


def described(value: Any) -> str:
    """'a tuple of 3', 'a dict'."""
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"


def own_copy(value: Any) -> Any:
    """A copy as deep as lists, tuples and dicts go, with copies of the arrays: nothing of ours can be changed."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(own_copy(v) for v in value)
    return {k: own_copy(v) for k, v in value.items()} if type(value) is dict else value


def stacked(value: Any) -> Any:
    """One array of a list of arrays of the same shape, one for every example; anything else as it is."""
    if type(value) is list and len(value) > 1 and all(isinstance(v, np.ndarray) and v.ndim for v in value):
        return np.array(value) if len({v.shape for v in value}) == 1 else value
    return value


Function = Callable[..., Any]
