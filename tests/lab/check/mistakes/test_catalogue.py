"""Every entry of the catalogues, planted into a network of random shape wherever it fits, is named."""

from itertools import islice

import numpy as np
import pytest

from lab.check.mistakes.activation_mistakes import activation_mistakes
from lab.check.mistakes.activations import GELU_TANH, SIGMOID, TANH, leaky
from lab.check.mistakes.diagnose import diagnose_network
from lab.check.mistakes.evidence import NetworkEvidence
from lab.check.mistakes.flow import Flow
from lab.check.mistakes.losses import HINGE, LOSSES
from lab.check.mistakes.norm_mistakes import normalisation_mistakes
from lab.check.mistakes.output_mistakes import output_mistakes
from lab.check.mistakes.penalty_mistakes import penalty_mistakes
from lab.check.mistakes.reference import (
    GRADIENTS,
    Norm,
    Pass,
    ReferenceNetwork,
    activation,
    normalisation,
    output,
    through,
)
from lab.check.mistakes.tensor_mistakes import tensor_mistakes
from lab.check.mistakes.through_mistakes import through_mistakes
from tests.sizes import size

LAMBDA = 0.03
DEPTH = 4
# what cannot be told apart where eps is very small
ALIKE = {"norm-eps-other": "norm-eps-missing", "norm-running-statistics": "norm-only-gamma"}


class Planted:
    """A network whose backward pass takes `mistake` instead of one step or line, in one layer."""

    def __init__(self, network, sizes, step="", layer=-1, mistake=None, seed=0):
        rng = np.random.default_rng(seed)
        self.network, self.step, self.layer, self.mistake = network, step, layer, mistake
        self.x, self.y = rng.normal(size=(7, sizes[0])), rng.integers(0, sizes[-1], 7)
        layers = []
        for k in range(len(sizes) - 1):
            m = sizes[k + 1]
            normed = network.norm is not None and k < len(sizes) - 2
            tensors = {"W": rng.normal(size=(sizes[k], m)), "b": np.zeros(m)}
            layers.append(tensors | ({"gamma": np.ones(m), "beta": np.zeros(m)} if normed else {}))
        self.layers = tuple(layers)

    def cost(self, layers):
        scores = self.network.forward(self.x, layers)[-1].out
        return self.network.loss.value(scores, self.y) + LAMBDA * sum((t["W"] ** 2).sum() for t in layers)

    def taken(self, step, layer, right, flow, t, p):
        """What a step gives, the mistaken one in its place; ValueError where it does not fit."""
        if (step, layer) != (self.step, self.layer):
            return right
        wrong = self.mistake.step(flow, t, p)
        if wrong is None:
            raise ValueError
        return wrong

    def gradients(self, layers):
        p = Pass(self.network, self.network.forward(self.x, layers), self.y)
        last = len(layers) - 1
        G = output(p)
        G = self.taken("output", last, G, Flow(G, G, G), p.traces[-1], p)
        found = []
        for t in reversed(p.traces):
            above = G
            flow = Flow(above, above, above)
            at_u = above if t.last else self.taken("activation", t.index, activation(above, t, p), flow, t, p)
            flow = Flow(above, at_u, at_u)
            at_s = normalisation(at_u, t, p)
            at_s = self.taken("normalisation", t.index, at_s, flow, t, p) if t.normed else at_s
            flow = Flow(above, at_u, at_s)
            found.append({role: self.gradient(role, flow, t, p, layers) for role in t.tensors})
            if t.index:
                G = self.taken("through", t.index - 1, through(at_s, t, p), flow, t, p)
        return tuple(reversed(found))

    def gradient(self, role, flow, t, p, layers):
        here = self.layer == t.index
        if (self.step, here) == (role, True):
            data = self.mistake.line(flow, t, p)
            if data is None:
                raise ValueError
        else:
            data = GRADIENTS[role](flow.at_u if role in ("gamma", "beta") else flow.at_s, t)
        if role != "W":
            return data
        penalty = 2 * LAMBDA * t.tensors["W"]
        if (self.step, here) == ("penalty", True):
            unit = self.mistake.unit(layers, t.index, "W")
            if unit is None or unit.shape != data.shape:
                raise ValueError
            penalty = 2 * LAMBDA * unit
        return data + penalty

    def code(self):
        names = tuple({role: f"{role}{k + 1}" for role in t} for k, t in enumerate(self.layers))
        return NetworkEvidence(self.x, self.y, LAMBDA, self.layers, names, self.cost, self.gradients)


def networks():
    yield ReferenceNetwork(), (5, 5, 5, 5, 5)
    yield ReferenceNetwork(), (6, 5, 4, 7, 3)
    yield ReferenceNetwork(norm=Norm(1e-5)), (6, 5, 5, 6, 4)
    yield ReferenceNetwork(norm=Norm(1e-6, ddof=1)), (5, 5, 5, 5, 5)
    yield ReferenceNetwork(SIGMOID, Norm(1e-5)), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(TANH), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(leaky(0.01)), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(GELU_TANH), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(loss=HINGE), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(loss=LOSSES[2]), (5, 6, 6, 5, 4)
    yield ReferenceNetwork(loss=LOSSES[-1]), (5, 6, 6, 5, 4)


def entries(network, rng):
    """Every entry: the step whose place it takes, a layer, the mistake."""

    def hidden():
        return int(rng.integers(DEPTH - 1))

    yield from (("output", DEPTH - 1, m) for m in output_mistakes(network))
    yield from (("activation", hidden(), m) for m in activation_mistakes(network, DEPTH))
    yield from (("through", hidden(), m) for m in through_mistakes(DEPTH))
    yield from ((role, int(rng.integers(DEPTH)), m) for role in ("W", "b") for m in tensor_mistakes(role, DEPTH))
    yield from (("penalty", hidden(), m) for m in penalty_mistakes(DEPTH) if not m.key.startswith("cost"))
    if network.norm:
        yield from (("normalisation", hidden(), m) for m in normalisation_mistakes(network))
        yield from ((role, hidden(), m) for role in ("gamma", "beta") for m in tensor_mistakes(role, DEPTH))


@pytest.mark.parametrize(("number", "network", "sizes"), [(i, *each) for i, each in enumerate(networks())])
def test_every_mistake_is_named_where_it_fits(number, network, sizes):
    """A share of the mistakes in a network, another in the next: each is tried in that share of the networks."""
    shares, fitting, unnamed = size(6, 1), 0, []
    for step, layer, mistake in islice(entries(network, np.random.default_rng(0)), number % shares, None, shares):
        planted, right = Planted(network, sizes, step, layer, mistake), Planted(network, sizes)
        code = planted.code()
        try:
            wrong, true = code.gradients(points(code)), right.gradients(points(code))
        except ValueError:
            continue
        if all(np.allclose(a[r], b[r], 1e-5, 1e-9) for a, b in zip(wrong, true, strict=True) for r in a):
            continue  # the same thing here, as a mask of one's own layer
        fitting += 1
        causes = diagnose_network(code).causes
        if not {mistake.key, ALIKE.get(mistake.key)} & {cause.key for cause in causes}:
            unnamed.append((step, layer, mistake.key, mistake.sentence, causes))
    assert fitting >= size(6, 45)
    assert not unnamed


def points(code):
    """Parameters that are nothing special."""
    rng = np.random.default_rng(9)
    return tuple({role: value + 0.3 * rng.normal(size=value.shape) for role, value in t.items()} for t in code.layers)
