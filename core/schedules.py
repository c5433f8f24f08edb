"""Learning-rate schedules: pure functions of the update step t = 0, 1, 2, ...

Build a schedule once and call it as `schedule(t)`. It returns the learning rate of the update from theta_t to
theta_{t+1}.
"""

from dataclasses import dataclass
from math import cos, pi


@dataclass(frozen=True)
class Constant:
    """eta at every step."""

    eta: float

    def __call__(self, t: int) -> float:
        return self.eta


@dataclass(frozen=True)
class StepDecay:
    """eta, multiplied by `factor` after every `every` updates."""

    eta: float
    factor: float
    every: int

    def __call__(self, t: int) -> float:
        return self.eta * self.factor ** (t // self.every)


@dataclass(frozen=True)
class Triangular:
    """Cyclical: from eta_min up to eta_max in n_s updates and back down in n_s (Smith 2015, arXiv:1506.01186)."""

    eta_min: float
    eta_max: float
    n_s: int

    def __call__(self, t: int) -> float:
        distance = abs(t % (2 * self.n_s) - self.n_s) / self.n_s  # 1 at the ends of a cycle, 0 at its peak
        return self.eta_min + (1 - distance) * (self.eta_max - self.eta_min)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from eta down to eta_min over `updates`, then eta_min (Loshchilov & Hutter 2017)."""

    eta: float
    eta_min: float
    updates: int

    def __call__(self, t: int) -> float:
        share = min(t / self.updates, 1.0)
        return self.eta_min + (self.eta - self.eta_min) * (1 + cos(pi * share)) / 2


@dataclass(frozen=True)
class Linear:
    """A straight line from eta to eta_min over `updates`, then eta_min."""

    eta: float
    eta_min: float
    updates: int

    def __call__(self, t: int) -> float:
        share = min(t / self.updates, 1.0)
        return self.eta + (self.eta_min - self.eta) * share
