"""Gradlab's own network in float64: the gradient and the step that an update should have had."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from core.layers import BatchNorm
from core.network import Network
from core.objective import Objective
from core.optimisers import Optimiser
from core.types import Array, Labels
from lab.own_loop.plan import LoopPlan
from lab.own_loop.trace import Tensors
from presets.build import build_loss, build_optimiser
from presets.network import build_network


class Reference:
    """The network of a plan. `eps`: of batch normalisation, which courses write in several ways."""

    def __init__(self, plan: LoopPlan) -> None:
        self.plan = plan
        rng = np.random.default_rng(0)
        network = build_network(plan.preset.network, (plan.sizes[0],), plan.sizes[-1], rng)
        self.network: Network = network.astype(np.float64)
        _, y = plan.parts["train"]
        self.objective = Objective(self.network, loss=build_loss(plan.preset, y, plan.sizes[-1]))

    @property
    def norms(self) -> list[BatchNorm]:
        """The layers of batch normalisation."""
        return [layer for layer in self.network.layers if isinstance(layer, BatchNorm)]

    @contextmanager
    def eps(self, eps: float) -> Iterator[None]:
        """Another eps in batch normalisation."""
        before = [layer.eps for layer in self.norms]
        for layer in self.norms:
            layer.eps = eps
        yield
        for layer, own in zip(self.norms, before, strict=True):
            layer.eps = own

    def gradient(self, theta: Tensors, x: Array, y: Labels, back: Tensors | None = None) -> dict[str, Array]:
        """dL/dtheta of the mean loss, without a penalty. back: other parameters for the way back."""
        with np.errstate(all="ignore"):
            self._take(theta)
            self.objective.forward(x, y)
            if back is not None:
                self._take(back)
            self.objective.backward()
        return {name: tensor.grad.copy() for name, tensor in self.network.tensors.items() if name in theta}

    def logits(self, theta: Tensors, x: Array, train: bool = False) -> Array:
        """Of some examples; train: with the statistics of these examples."""
        self._take(theta)
        with np.errstate(all="ignore"):
            return self.network.forward(x, train).copy()

    def passes(self, theta: Tensors, x: Array, values: Array) -> bool:
        """Are values (n, units) what some layer gives for examples, on the way to the logits?"""
        self._take(theta)
        with np.errstate(all="ignore"):
            for layer in self.network.layers[:-1]:
                x = layer.forward(x, False)
                if x.shape == values.shape and np.allclose(x, values, rtol=1e-3, atol=1e-5):
                    return True
        return False

    def run_with(self, moments: list[tuple[Array, Array]]) -> None:
        """Take running means and variances."""
        for layer, (mean, var) in zip(self.norms, moments, strict=True):
            layer.state["running"][...] = np.stack([mean.reshape(-1), var.reshape(-1)])

    def optimiser(self) -> Optimiser:
        """The preset's."""
        return build_optimiser(self.plan.preset.optimiser)

    def _take(self, theta: Tensors) -> None:
        for name, tensor in self.network.tensors.items():
            tensor.value[...] = theta.get(name, tensor.value)


def stepped(optimiser: Optimiser, theta: Tensors, gradient: Mapping[str, Array], eta: float) -> dict[str, Array]:
    """theta after one update of the optimiser, which keeps its state."""
    names = list(gradient)
    flat = np.concatenate([theta[name].reshape(-1) for name in names])
    optimiser.update(flat, np.concatenate([gradient[name].reshape(-1) for name in names]), eta)
    ends = np.cumsum([theta[name].size for name in names])
    pieces = np.split(flat, ends[:-1])
    return {name: piece.reshape(theta[name].shape) for name, piece in zip(names, pieces, strict=True)}
