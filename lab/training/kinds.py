"""What a student's code computes where it is another network than the preset's, known by its first update.

Other activations, losses and penalties have right gradients, too. Code that has them is held against its own kind.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from core.layers import BatchNorm
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.optimisers import Optimiser
from core.types import Array, Labels
from lab.check.mistakes.activations import ACTIVATIONS, NONE, RELU, SELDOM
from lab.check.mistakes.evidence import Layers
from lab.check.mistakes.losses import BINARY_ENTROPY, CROSS_ENTROPY, LOSSES, Loss, sigmoid, softmax
from lab.check.mistakes.reference import Norm, Pass, ReferenceNetwork, gradients


@dataclass(frozen=True)
class Kind:
    """network: None for the preset's own; scale: J has this times its mean loss; penalty: and this times
    lambda sum W^2; fixed: because the code has a lambda of its own."""

    network: ReferenceNetwork | None = None
    scale: float = 1.0
    penalty: float = 1.0
    fixed: bool = False

    def words(self, like: str, lambda_: float) -> str:
        """How it differs from the preset `like` with its lambda, as the beginning of what is said of its updates."""
        factor = f"{self.penalty * lambda_:.4g}" if self.fixed else f"{self.penalty:.4g} lambda"
        penalty = f"penalty {factor} sum W^2" if self.penalty else "no penalty"
        if self.network is not None:
            activation = [] if self.network.activation is NONE else [self.network.activation.name]
            loss = self.network.loss.name if self.scale == 1 else f"{self.scale:.4g} times the {self.network.loss.name}"
            names = ", ".join([*activation, loss, *([] if self.penalty == 1 else [penalty])])
            return f"It is another network than {like}: {names}. For that one, "
        if self.penalty == 1:
            return ""
        if self.penalty and self.fixed:
            return f"It takes no lambda, and has the {penalty}. But for that, "
        if self.penalty:
            return f"It has the {penalty}, and {like} has lambda sum W^2. But for that, "
        return "It takes no lambda. But for the penalty, "


OURS = Kind()
NONE_AT_ALL = 1e-4  # of a penalty


class KindObjective(Objective):
    """Gradlab's own network as a kind has it."""

    def __init__(self, network: Network, lambda_: float, kind: Kind, loss: SoftmaxCrossEntropy | None = None) -> None:
        super().__init__(network, lambda_ * kind.penalty, loss)
        self.kind = kind

    def twin(self) -> "KindObjective":
        """The same, with parameters of its own."""
        return self.of(self.network.astype(np.float64), self.kind)

    def of(self, network: Network, kind: Kind) -> "KindObjective":
        """Another kind of it."""
        lambda_ = self.lambda_ / self.kind.penalty if self.kind.penalty else 0.0
        return KindObjective(network, lambda_, kind, copy.deepcopy(self.loss))

    def gradient(self, x: Array, y: Labels) -> complex:
        """See Objective.gradient."""
        own = self.kind.network
        if own is None:
            return super().gradient(x, y)
        traced = Pass(own, own.forward(x.reshape(len(x), -1), self._layers()), y, self.kind.scale)
        for index, layer in enumerate(gradients(traced), 1):
            for letter, gradient in layer.items():
                self.network.tensors[f"{letter}{index}"].grad[...] = gradient
        self.add_penalty_gradient()
        return np.float64(self.kind.scale * own.loss.value(traced.traces[-1].out, y))

    def _layers(self) -> Layers:
        values = {name: tensor.value for name, tensor in self.network.tensors.items()}
        depth = sum(name.startswith("W") for name in values)
        return tuple(
            {letter: values[f"{letter}{i}"] for letter in ("W", "b", "gamma", "beta") if f"{letter}{i}" in values}
            for i in range(1, depth + 1)
        )

    def unlike(self, x: Array, logits: Array) -> float | None:
        """The largest difference of a probability from logits or the logarithms of outputs; None where this network
        does not know how the code is evaluated."""
        own = self.kind.network
        if own is None:
            return float(np.abs(softmax(self.network.forward(x)) - softmax(logits)).max())
        if own.norm is not None:
            return None
        scores = own.forward(x.reshape(len(x), -1), self._layers())[-1].out
        ways = (np.abs(softmax(scores) - softmax(logits)), np.abs(sigmoid(scores) - np.exp(np.minimum(logits, 0))))
        least = min(float(way.max()) for way in ways)
        return least if least < 1e-3 else None  # outputs of other losses are not known


def without_dropout(objective: KindObjective, keep: float, x: Array, logits: Array) -> float:
    """The least difference of a probability from a network without dropout, whatever its activation. Its hidden units
    stay as they are, or `keep` of each where the training did not divide by that."""
    network, found = objective.network.astype(np.float64), list[float]()
    for kept in (1.0, keep):
        for name, tensor in network.tensors.items():
            if name.startswith("W") and name != "W1":
                tensor.value[...] = kept * objective.network.tensors[name].value
        for kind in (OURS, *(Kind(ReferenceNetwork(activation)) for activation in (*ACTIVATIONS, *SELDOM))):
            unlike = objective.of(network, kind).unlike(x, logits)
            found += [] if unlike is None else [unlike]
    return min(found)


def kind_of(
    objective: KindObjective,
    optimiser: Optimiser,
    batch: tuple[Array, Labels],
    eta: float,
    step: Array,
    agree: Callable[[Array, Array], bool],
    takes_lambda: bool,
) -> KindObjective | None:
    """The kind of network whose first update from here is `step`; None if none is. objective and optimiser: the
    preset's, before that update."""
    network, n = objective.network.astype(np.float64), len(batch[1])
    penalties = (1.0, 0.5, 1 / n, 0.5 / n) if objective.lambda_ else (1.0,)
    for base in (OURS, *_others(network, _plain(objective.loss))):
        objective.of(network, replace(base, penalty=0.0)).gradient(*batch)
        data = network.grad.copy()

        def made(kind: KindObjective, data: Array = data) -> Array:
            """The update."""
            network.grad[...] = data
            kind.add_penalty_gradient()
            theta = network.theta.copy()
            copy.deepcopy(optimiser).update(theta, network.grad, eta)
            return theta - network.theta

        kinds = [replace(base, penalty=penalty) for penalty in penalties]
        if objective.lambda_ and not takes_lambda:
            none, one = (made(objective.of(network, replace(base, penalty=c))) for c in (0.0, 1.0))
            own = float((step - none) @ (one - none)) / float((one - none) @ (one - none))
            kinds += [replace(base, penalty=0.0 if abs(own) < NONE_AT_ALL else float(f"{own:.6g}"), fixed=True)]
        for kind in kinds:
            if agree(made(objective.of(network, kind)), step):
                return objective.of(network, kind)
    return None


def _plain(loss: SoftmaxCrossEntropy) -> bool:
    """Is it the mean of -log p_y?"""
    return not loss.label_smoothing and loss.shares is None


def _others(network: Network, plain: bool) -> Iterator[Kind]:
    """Other networks with the same parameters, the usual ones first; none with convolutions. plain: has the preset the
    plain loss?"""
    if any(tensor.value.ndim > 2 for tensor in network.tensors.values()):
        return
    eps = next((float(layer.eps) for layer in network.layers if isinstance(layer, BatchNorm)), None)
    norm = None if eps is None else Norm(eps)
    classes = network.summary()[-1].output[-1]
    activations = (*ACTIVATIONS, *SELDOM) if "W2" in network.tensors else (NONE,)
    for loss, activation in product(LOSSES, activations):
        ours = loss is CROSS_ENTROPY and (activation is RELU or len(activations) == 1)
        if not (plain and ours):
            for scale in _scales(loss, classes):
                yield Kind(ReferenceNetwork(activation, norm, loss), scale)


def _scales(loss: Loss, classes: int) -> tuple[float, ...]:
    """What courses multiply a mean loss with: where it is a sum over the classes it may be their mean, and a square has
    a half."""
    if loss is BINARY_ENTROPY:
        return (1.0, 1 / classes)
    return (1.0, 0.5, 1 / classes, 0.5 / classes) if loss.name.startswith("squared error") else (1.0,)
