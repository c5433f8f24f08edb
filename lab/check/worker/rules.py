"""The update rules of the presets: core/optimisers.py, which the process of a student's file cannot import."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Step(NamedTuple):
    """An update of one tensor. theta, g: it and its gradient, of one shape; kept: what the rule keeps of it, of that
    shape, by name; t: the number of the update, from 1; settings: of the rule, as the preset has them."""

    theta: Any
    g: Any
    eta: float
    t: int
    kept: Mapping[str, Any]
    settings: Mapping[str, float]


def sgd(s: Step) -> None:
    """theta -= eta g."""
    theta = s.theta
    theta -= s.eta * s.g


def momentum(s: Step) -> None:
    """v = rho v + g; theta -= eta v."""
    theta, v = s.theta, s.kept["v"]
    v *= s.settings["rho"]
    v += s.g
    theta -= s.eta * v


def moving_average(s: Step) -> None:
    """m = mu m + (1 - mu) g; theta -= eta m."""
    theta, m, mu = s.theta, s.kept["m"], s.settings["mu"]
    m *= mu
    m += (1 - mu) * s.g
    theta -= s.eta * m


def nesterov(s: Step) -> None:
    """v = rho v + g; theta -= eta (g + rho v)."""
    theta, v, rho = s.theta, s.kept["v"], s.settings["rho"]
    v *= rho
    v += s.g
    theta -= s.eta * (s.g + rho * v)


def adagrad(s: Step) -> None:
    """s += g^2; theta -= eta g / (sqrt(s) + eps)."""
    theta, squares = s.theta, s.kept["s"]
    squares += np.square(s.g)
    theta -= s.eta * s.g / (np.sqrt(squares) + s.settings["eps"])


def adam(s: Step) -> None:
    """Bias-corrected averages of g and g^2; theta -= eta m / (sqrt(v) + eps)."""
    theta, m, v = s.theta, s.kept["m"], s.kept["v"]
    beta1, beta2 = s.settings["beta1"], s.settings["beta2"]
    m *= beta1
    m += (1 - beta1) * s.g
    v *= beta2
    v += (1 - beta2) * np.square(s.g)
    theta -= s.eta / (1 - beta1**s.t) * m / (np.sqrt(v / (1 - beta2**s.t)) + s.settings["eps"])


RULES: Mapping[str, Callable[[Step], None]] = {
    "sgd": sgd,
    "momentum": momentum,
    "moving-average": moving_average,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "adam": adam,
}


def make(kind: str, s: Step) -> None:
    """One update of one tensor, in place, with weight decay."""
    theta = s.theta
    if decay := s.settings["weight_decay"]:
        theta *= 1 - s.eta * decay
    RULES[kind](s)
