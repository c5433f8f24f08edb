"""Functions that give the parameters after an update, gradient_descent(X, y, theta, alpha, iterations): one step of
theirs is eta times the gradient."""

import copy
import inspect
import re
from functools import wraps
from typing import Any

import numpy as np

from .counts import is_rate
from .families import PARAMETERS, roles_of
from .roles import Role, plain
from .source import returned, role_in, signature
from .values import Function

UPDATE = (
    r"(batch|stochastic|mini|minibatch|full)*(gradientdescent|gd|sgd)\w*|(update|train|optimi[sz]e|descent|fit)\w*|step"
)


def is_update(name: str, function: Function) -> bool:
    """Is it given data, parameters and a learning rate, and does it return what it was given of the parameters?"""
    told = any(is_rate(p.name) or plain(p.name) == "alpha" for p in signature(function))
    roles = roles_of(function)
    known = {Role.X, Role.LABELS} <= roles and bool(roles & PARAMETERS)
    return told and known and bool(re.fullmatch(UPDATE, plain(name))) and bool(_moved(function))


def _moved(function: Function) -> list[str]:
    """The arguments with parameters that it returns under their own names."""
    own = [p.name for p in signature(function) if role_in(function, p.name) in PARAMETERS]
    return [name for name in own if name in returned(function)]


def gradient_of_update(function: Function) -> Function:
    """The gradients that one step of an update shows, in a dict, as a function of the same arguments."""

    @wraps(function)
    def gradient(*given: Any, **named: Any) -> dict[str, Any]:
        arguments = inspect.signature(function).bind(*given, **named).arguments
        before = {name: copy.deepcopy(arguments[name]) for name in _moved(function)}
        rate = next(v for name, v in arguments.items() if is_rate(name) or plain(name) == "alpha")
        made = function(*given, **named)
        names = returned(function)
        after = dict(zip(names, made if len(names) > 1 else (made,), strict=True))
        return {f"d{name}": _difference(before[name], after[name], rate) for name in before}

    return gradient


def _difference(before: Any, after: Any, rate: float) -> Any:
    """(before - after) / rate, of arrays in dicts and lists, too."""
    if isinstance(before, dict):
        return {key: _difference(value, after[key], rate) for key, value in before.items()}
    if isinstance(before, list | tuple):
        return [_difference(a, b, rate) for a, b in zip(before, after, strict=True)]
    return (np.asarray(before) - np.asarray(after)) / rate
