"""The activations students use, with their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import Array
from lab.check.mistakes.losses import sigmoid


@dataclass(frozen=True)
class Activation:
    """A function of every element, and its derivative."""

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # at u
    code: str  # the slope as a student writes it, of the activation's output {H} or of the scores {S}


def normal_density(u: Array) -> Array:
    """The density of the standard normal distribution."""
    phi: Array = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    return phi


def normal_probability(u: Array) -> Array:
    """The probability that a standard normal number is at most u: the large Phi of GELU."""
    from scipy.special import ndtr  # imported here because it takes 0.2 s, and few networks have a GELU

    probability: Array = ndtr(u)
    return probability


def leaky(slope: float) -> Activation:
    """u where it is positive, slope u elsewhere."""
    return Activation(
        f"leaky ReLU ({slope:g})",
        lambda u: np.where(u > 0, u, slope * u),
        lambda u: np.where(u > 0, 1.0, slope),
        f"where({{H}} > 0, 1, {slope:g})",
    )


RELU = Activation("ReLU", lambda u: np.maximum(u, 0), lambda u: (u > 0).astype(float), "({H} > 0)")
TANH = Activation("tanh", np.tanh, lambda u: 1 - np.tanh(u) ** 2, "(1 - {H}**2)")
SIGMOID = Activation("sigmoid", sigmoid, lambda u: sigmoid(u) * (1 - sigmoid(u)), "{H} * (1 - {H})")
SOFTPLUS = Activation("softplus", lambda u: np.logaddexp(0, u), sigmoid, "(1 - exp(-{H}))")
SWISH = Activation(
    "SiLU",
    lambda u: u * sigmoid(u),
    lambda u: sigmoid(u) * (1 + u * (1 - sigmoid(u))),
    "sigmoid({S}) * (1 + {S} * (1 - sigmoid({S})))",
)
ELU = Activation(
    "ELU",
    lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))),
    lambda u: np.where(u > 0, 1.0, np.exp(np.minimum(u, 0))),
    "where({H} > 0, 1, {H} + 1)",
)
GELU = Activation(
    "GELU",
    lambda u: u * normal_probability(u),
    lambda u: normal_probability(u) + u * normal_density(u),
    "(Phi({S}) + {S} * phi({S}))",
)


def gelu_tanh(u: Array) -> Array:
    """The tanh in the usual approximation of GELU."""
    t: Array = np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))
    return t


def gelu_tanh_slope(u: Array) -> Array:
    """Its derivative."""
    slope: Array = (1 - gelu_tanh(u) ** 2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * u**2)
    return slope


GELU_TANH = Activation(
    "GELU (with tanh)",
    lambda u: 0.5 * u * (1 + gelu_tanh(u)),
    lambda u: 0.5 * (1 + gelu_tanh(u)) + 0.5 * u * gelu_tanh_slope(u),
    "(0.5 * (1 + t) + 0.5 * {S} * dt/d{S})",
)
NONE = Activation("no activation", lambda u: u, np.ones_like, "1")
ACTIVATIONS = (RELU, SIGMOID, TANH, leaky(0.01), leaky(0.1), leaky(0.2), leaky(0.05), NONE)
SELDOM = (ELU, SOFTPLUS, GELU_TANH, GELU, SWISH)  # activations that are tried last
