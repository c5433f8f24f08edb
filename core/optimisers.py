"""Optimisers: a few in-place operations on the whole parameter vector.

`update(theta, grad, eta)` changes theta and leaves grad unchanged, because others may read it. Each optimiser keeps its
own vectors in `state` and makes them at the first update. Weight decay is FMAN45's: each update also subtracts
eta * weight_decay times every parameter, biases included. It is not the L2 penalty of core.objective, which is part of
the cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from core.blas import add_scaled
from core.types import Array, WorkArrays


@dataclass
class Optimiser:
    """Base class: weight decay, and the state that a checkpoint saves."""

    kept: ClassVar[tuple[str, ...]] = ()  # the names in `state` after the first update
    weight_decay: float = 0.0
    state: dict[str, Array] = field(default_factory=dict, init=False)

    def update(self, theta: Array, grad: Array, eta: float) -> None:
        """Move theta one step against grad with learning rate eta, in place."""
        if self.weight_decay:
            theta *= 1 - eta * self.weight_decay
        self._step(theta, grad, eta)

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        raise NotImplementedError

    def restore(self, state: Mapping[str, Array]) -> None:
        """Restore a saved `state`. Raises ValueError if it comes from an optimiser of another kind."""
        if set(state) != set(self.kept):
            raise ValueError(f"{type(self).__name__} keeps {self.kept or 'nothing'}, not {tuple(state)}")
        self.state = {name: array.copy() for name, array in state.items()}

    def _vector(self, name: str, like: Array) -> Array:
        if name not in self.state:
            self.state[name] = np.zeros_like(like)
        return self.state[name]


@dataclass
class SGD(Optimiser):
    """theta -= eta g."""

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        add_scaled(theta, -eta, grad)


@dataclass
class Momentum(Optimiser):
    """Momentum as a trace: v = rho v + g; theta -= eta v (DD2424; optax.trace)."""

    kept = ("v",)
    rho: float = 0.9

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        add_scaled(theta, -eta, self._trace(grad))

    def _trace(self, grad: Array) -> Array:
        """v, with this gradient added."""
        v = self._vector("v", grad)
        v *= self.rho
        v += grad
        return v


@dataclass
class MovingAverage(Optimiser):
    """Momentum as a moving average: m = mu m + (1 - mu) g; theta -= eta m (FMAN45; optax.ema)."""

    kept = ("m",)
    mu: float = 0.9

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        m = self._vector("m", theta)
        m *= self.mu
        add_scaled(m, 1 - self.mu, grad)
        add_scaled(theta, -eta, m)


@dataclass
class Nesterov(Momentum):
    """Nesterov's momentum as a trace that looks ahead: v = rho v + g; theta -= eta (g + rho v) (Sutskever 2013)."""

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        v = self._trace(grad)
        add_scaled(theta, -eta, grad)
        add_scaled(theta, -eta * self.rho, v)


@dataclass
class AdaGrad(Optimiser):
    """s += g^2; theta -= eta g / (sqrt(s) + eps) (Duchi et al. 2011)."""

    kept = ("s",)
    eps: float = 1e-8

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        s = self._vector("s", theta)
        s += np.square(grad)
        add_scaled(theta, -eta, grad / (np.sqrt(s) + self.eps))


@dataclass
class Adam(Optimiser):
    """Bias-corrected averages of g and g^2; theta -= eta m / (sqrt(v) + eps) (Kingma & Ba 2015, arXiv:1412.6980)."""

    kept = ("m", "v", "t")
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    work: WorkArrays = field(default_factory=WorkArrays, init=False, repr=False, compare=False)

    def _step(self, theta: Array, grad: Array, eta: float) -> None:
        m, v = self._vector("m", theta), self._vector("v", theta)
        step = self.work("step", grad.shape, grad.dtype)
        t = self.state.setdefault("t", np.zeros((), np.int64))
        t += 1
        m *= self.beta1
        add_scaled(m, 1 - self.beta1, grad)
        v *= self.beta2
        np.square(grad, out=step)
        add_scaled(v, 1 - self.beta2, step)
        np.sqrt(v, out=step)
        step /= np.sqrt(1 - self.beta2 ** int(t))
        step += self.eps
        np.divide(m, step, out=step)
        add_scaled(theta, -eta / (1 - self.beta1 ** int(t)), step)
