"""Deliberately wrong layers, losses and penalties: every one must be caught, the common mistakes by name.

A row spoils what the right implementation does. `alone` rows are checked as a layer by itself and inside a network.
"""

import numpy as np
import pytest

from core.gradcheck.check import Settings, check, check_layer
from core.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from core.losses import SoftmaxCrossEntropy
from core.network import Network
from core.objective import Objective
from core.streams import stream
from tests.core.slow_layers import SlowConv, SlowMaxPool


def spoilt(kind, spoil):
    """A layer class whose backward is followed by spoil(layer, dy, dx), which changes `grads` or returns another dx."""

    def backward(self, dy):
        dy = dy.copy()
        dx = kind.backward(self, dy)
        other = spoil(self, dy, dx)
        return dx if other is None else other

    return type(kind.__name__, (kind,), {"backward": backward})


def grads(change):
    """A spoiler that puts change(layer, dy) into `grads`: {"W": array}."""

    def spoil(layer, dy, dx):
        for name, value in change(layer, dy).items():
            layer.grads[name][...] = value

    return spoil


def dx(change):
    """A spoiler that makes another dx of change(layer, dy, dx), if there is a dx."""
    return lambda layer, dy, dx: None if dx is None else change(layer, dy, dx)


def one_wrong(a, index, value):
    a = a.copy()
    a[index] = value
    return a


class Accumulating(Dense):
    def backward(self, dy):
        old = self.grads["W"].copy()
        dx = super().backward(dy)
        self.grads["W"] += old
        return dx


class NewMask(Dropout):
    def backward(self, dy):
        return dy * np.random.default_rng(0).permutation(self._mask)


def along_z(layer, dy):
    z = layer._centred * layer._inverse
    return layer._scale * z * (dy * z).mean(0)


def kernel(change):
    return grads(lambda layer, dy: {"W": change(layer.grads["W"]).copy()})


def inner(x):
    return np.pad(x[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1), (0, 0)))


def shift(x, axis):
    return np.roll(x, 1, axis)


def unflipped(layer, dy, dx):
    W = layer.params["W"]
    layer.params["W"] = W[::-1, ::-1]
    out = SlowConv.backward(layer, dy)
    layer.params["W"] = W
    SlowConv.backward(layer, dy)
    return out


def first_of_cell(layer, dy, dx):
    return layer.hand_out(np.eye(4)[0] * dy[..., None])


def to_every_tie(layer, dy, dx):
    return layer.hand_out((layer._cells(layer.x) == layer.y[..., None]) * dy[..., None])


MASK = (0.4, stream(1, "dropout"))
LAYERS = {
    # what is wrong: (the right layer, its arguments, the mistake, words of the diagnosis)
    "dense: sign of dW": (Dense, 6, grads(lambda L, dy: {"W": -L.grads["W"]}), "sign"),
    "dense: sign of db": (Dense, 6, grads(lambda L, dy: {"b": -L.grads["b"]}), "sign"),
    "dense: sign of dx": (Dense, 6, dx(lambda L, dy, dx: -dx), "sign"),
    "dense: dW divided by n": (Dense, 6, grads(lambda L, dy: {"W": L.grads["W"] / len(dy)}), "too small"),
    "dense: db is a mean": (Dense, 6, grads(lambda L, dy: {"b": dy.mean(0)}), "a mean over them, not a sum"),
    "dense: dW times n": (Dense, 6, grads(lambda L, dy: {"W": L.grads["W"] * len(dy)}), "division by the number"),
    "dense: dx twice": (Dense, 6, dx(lambda L, dy, dx: 2 * dx), "twice what it should be"),
    "dense: db of the first example": (Dense, 6, grads(lambda L, dy: {"b": dy[0]}), "not summed"),
    "dense: db of the last example": (Dense, 6, grads(lambda L, dy: {"b": dy[-1]}), "not summed"),
    "dense: db over half the batch": (Dense, 6, grads(lambda L, dy: {"b": dy[: len(dy) // 2].sum(0)}), ""),
    "dense: db along the wrong axis": (Dense, 9, grads(lambda L, dy: {"b": dy.sum(1)}), ""),
    "dense: dW transposed": (Dense, 6, grads(lambda L, dy: {"W": L.grads["W"].T.copy()}), "transposed"),
    "dense: dx through W, not W.T": (Dense, 6, dx(lambda L, dy, dx: dy @ L.params["W"]), "wrong way round"),
    "dense: dW shifted by a row": (Dense, 6, grads(lambda L, dy: {"W": shift(L.grads["W"], 0)}), ""),
    "dense: dW without its last row": (Dense, 6, grads(lambda L, dy: {"W": one_wrong(L.grads["W"], -1, 0)}), ""),
    "dense: one element of dW": (Dense, 6, grads(lambda L, dy: {"W": one_wrong(L.grads["W"], (3, 2), 9)}), "this one"),
    "dense: dW never written": (Dense, 6, grads(lambda L, dy: {"W": 0}), "never computed"),
    "dense: dW accumulates": (Accumulating, 6, None, "never reset"),
    "dense: dW 0.1 % too large": (Dense, 6, grads(lambda L, dy: {"W": 1.001 * L.grads["W"]}), "1.001 times"),
    "dense: dW without signs": (Dense, 6, grads(lambda L, dy: {"W": np.abs(L.grads["W"])}), ""),
    "dense: dW in half precision": (Dense, 6, grads(lambda L, dy: {"W": L.grads["W"].astype(np.float16)}), ""),
    "dense: nan in dW": (Dense, 6, grads(lambda L, dy: {"W": one_wrong(L.grads["W"], (3, 2), np.nan)}), "nan at [3,2]"),
    "dense: dx of the example before": (Dense, 6, dx(lambda L, dy, dx: shift(dx, 0)), ""),
    "relu: no mask": (ReLU, None, dx(lambda L, dy, dx: dy), "mask is missing"),
    "relu: mask of dy": (ReLU, None, dx(lambda L, dy, dx: dy * (dy > 0)), ""),
    "relu: mask inverted": (ReLU, None, dx(lambda L, dy, dx: dy * (1 - L._slope)), "wrong way round"),
    "relu: leaky on the way back": (ReLU, None, dx(lambda L, dy, dx: dx + 0.01 * (dy - dx)), "mask is missing"),
    "relu: the first example's mask": (ReLU, None, dx(lambda L, dy, dx: dy * L._slope[0]), ""),
    "relu: step at another place": (ReLU, None, dx(lambda L, dy, dx: dy * (L.work("y", dy.shape, dy.dtype) > 0.5)), ""),
    "bn: statistics constant": (BatchNorm, None, dx(lambda L, dy, dx: dy * L._scale), "mean and variance are treated"),
    "bn: mean constant": (BatchNorm, None, dx(lambda L, dy, dx: dx + dy.mean(0) * L._scale), "mean is treated"),
    "bn: variance constant": (BatchNorm, None, dx(lambda L, dy, dx: dx + along_z(L, dy)), "variance is treated"),
    "bn: n - 1 in the variance": (BatchNorm, None, dx(lambda L, dy, dx: dx - along_z(L, dy) / (len(dy) - 1)), ""),
    "bn: gamma left out of dx": (BatchNorm, None, dx(lambda L, dy, dx: dx / L.params["gamma"]), ""),
    "bn: eps left out": (BatchNorm, None, dx(lambda L, dy, dx: dx / np.sqrt(L._moments[1]) / L._inverse), ""),
    "bn: dgamma of x, not z": (BatchNorm, None, grads(lambda L, dy: {"gamma": (dy * L._centred).sum(0)}), ""),
    "bn: dgamma a mean": (BatchNorm, None, grads(lambda L, dy: {"gamma": L.grads["gamma"] / len(dy)}), "a mean over"),
    "bn: dbeta of one example": (BatchNorm, None, grads(lambda L, dy: {"beta": dy[2]}), "not summed"),
    "bn: sums over the features": (BatchNorm, None, dx(lambda L, dy, dx: L._scale * (dy - dy.mean(1)[:, None])), ""),
    "dropout: no mask": (Dropout, MASK, dx(lambda L, dy, dx: dy), ""),
    "dropout: not rescaled": (Dropout, MASK, dx(lambda L, dy, dx: dy * (L._mask > 0)), "0.6 times"),
    "dropout: another mask": (NewMask, MASK, None, ""),
    "conv: dW flipped": (SlowConv, 2, kernel(lambda dW: dW[::-1, ::-1]), "flipped along axes 0 and 1"),
    "conv: dW transposed": (SlowConv, 2, kernel(lambda dW: dW.swapaxes(0, 1)), "transposed (axes 0 and 1)"),
    "conv: dx through the unflipped kernel": (SlowConv, 2, unflipped, "dx is right for W flipped"),
    "conv: padding off by one": (SlowConv, 2, dx(lambda L, dy, dx: shift(dx, 1)), ""),
    "conv: no gradient at the border": (SlowConv, 2, dx(lambda L, dy, dx: inner(dx)), ""),
    "conv: db a mean over pixels": (SlowConv, 2, grads(lambda L, dy: {"b": dy.mean((0, 1, 2))}), "times too small"),
    "conv: db of one example": (SlowConv, 2, grads(lambda L, dy: {"b": dy[0].sum((0, 1))}), ""),
    "pool: to every tie": (SlowMaxPool, None, to_every_tie, "every tie"),
    "pool: to the first of the cell": (SlowMaxPool, None, first_of_cell, ""),
    "pool: spread evenly": (SlowMaxPool, None, dx(lambda L, dy, dx: L.hand_out(np.ones(4) / 4 * dy[..., None])), ""),
}  # fmt: skip


def make(kind, arguments, mistake):
    kind = kind if mistake is None else spoilt(kind, mistake)
    if arguments is None:
        return kind()
    return kind(*arguments) if isinstance(arguments, tuple) else kind(arguments)


def inputs(kind, n=9):
    shape = (4, 6, 3) if issubclass(kind, SlowConv | SlowMaxPool) else (6,)
    return np.random.default_rng(3).normal(size=(n, *shape))


def told(report):
    return " | ".join([t.verdict for t in report.tensors if not t.passed] + list(report.findings))


@pytest.mark.parametrize("method", ["complex", "central", "directional"])
@pytest.mark.parametrize("what", LAYERS)
def test_a_wrong_layer_is_caught_alone_and_the_cause_is_named(what, method):
    kind, arguments, mistake, words = LAYERS[what]
    report = check_layer(make(kind, arguments, mistake), inputs(kind), Settings(method=method))
    assert not report.passed
    if method != "directional":
        assert words in told(report)


@pytest.mark.parametrize(
    "what", [what for what in LAYERS if LAYERS[what][3] and "tie" not in what and "dx" not in what]
)
def test_a_wrong_layer_is_found_inside_a_network(what):
    kind, arguments, mistake, words = LAYERS[what]
    wrong = make(kind, arguments, mistake)
    image = issubclass(kind, SlowConv | SlowMaxPool)
    layers = [SlowConv(2) if image else Dense(6), wrong, Flatten(), Dense(4)]
    network = Network(layers, (4, 6, 3) if image else (6,), np.float32)
    network.initialise(stream(2, "init"))
    report = check(Objective(network), inputs(kind), np.arange(9) % 4)
    assert not report.passed
    assert f"layer 2 ({kind.__name__})" in " ".join(report.findings)
    assert words in told(report)


def loss(spoil):
    """An objective whose loss has another gradient: spoil(p - onehot over n, p, labels)."""

    class Spoilt(SoftmaxCrossEntropy):
        def backward(self):
            p = self._p.copy()
            labels = self._picked - np.arange(0, p.size, p.shape[1])
            return spoil(super().backward().copy(), p, labels)

    def change(objective):
        objective.loss = Spoilt()

    return change


def penalty(spoil):
    """An objective whose backward is followed by spoil(tensor, lambda) for every tensor."""

    class Spoilt(Objective):
        def backward(self):
            super().backward()
            for tensor in self.network.tensors.values():
                spoil(tensor, self.lambda_)

    def change(objective):
        objective.__class__ = Spoilt

    return change


def add(part, decayed=True):
    def spoil(tensor, lambda_):
        if tensor.parameter.decay == decayed:
            tensor.grad[...] += part * 2 * lambda_ * tensor.value

    return penalty(spoil)


OBJECTIVES = {
    "loss: not divided by n": (loss(lambda d, p, y: d * len(d)), "division by the number of examples (12) is missing"),
    "loss: divided by n twice": (loss(lambda d, p, y: d / len(d)), "divided by it twice"),
    "loss: sign": (loss(lambda d, p, y: -d), "sign is wrong: the gradient of the loss"),
    "loss: labels not subtracted": (loss(lambda d, p, y: p / len(p)), ""),
    "loss: labels off by one": (loss(lambda d, p, y: (p - np.eye(4)[(y + 1) % 4]) / len(p)), ""),
    "loss: one example left out": (loss(lambda d, p, y: one_wrong(d, -1, 0)), ""),
    "loss: divided by the classes": (loss(lambda d, p, y: d * len(d) / 4), "3 times too large"),
    "loss: softmax differentiated twice": (loss(lambda d, p, y: d * p * (1 - p)), ""),
    "penalty: missing": (add(-1), "the penalty is missing"),
    "penalty: factor 2 missing": (add(-1 / 2), "factor 2 is missing"),
    "penalty: twice": (add(1), "counted twice"),
    "penalty: sign": (add(-2), "wrong sign"),
    "penalty: divided by n": (add(1 / 12 - 1), "the penalty is divided by the number of examples"),
    "penalty: times n": (add(11), "once for each of the 12 examples"),
    "penalty: three times": (add(2), "3 times what it should be"),
    "penalty: on the biases": (add(1, decayed=False), "a penalty on b1 that J does not have"),
    "penalty: of the sign of W": (penalty(lambda t, L: t.grad.__iadd__(L * np.sign(t.value))), ""),
}  # fmt: skip


def objective(hidden=5, d=7, lambda_=0.05):
    network = Network([Dense(hidden), ReLU(), Dense(4)], (d,), np.float32)
    network.initialise(stream(2, "init"))
    network.theta += stream(3, "init").normal(0, 0.1, network.theta.size).astype(np.float32)
    return Objective(network, lambda_)


@pytest.mark.parametrize("method", ["complex", "central", "directional"])
@pytest.mark.parametrize("what", OBJECTIVES)
def test_a_wrong_loss_or_penalty_is_caught_and_the_cause_is_named(what, method):
    change, words = OBJECTIVES[what]
    wrong = objective()
    change(wrong)
    rng = np.random.default_rng(0)
    report = check(wrong, rng.normal(size=(12, 7)), rng.integers(0, 4, 12), Settings(method=method))
    assert not report.passed
    if method != "directional":
        assert words in told(report)


@pytest.mark.parametrize("method", ["complex", "directional"])
def test_one_wrong_element_among_150_000_is_found(method):
    place = (2071, 13)
    wrong = objective(50, 3072, lambda_=0)
    kind = spoilt(
        Dense, grads(lambda L, dy: {"W": one_wrong(L.grads["W"], place, 0)} if len(L.grads["W"]) > 50 else {})
    )
    wrong.network.layers[0].__class__ = kind
    rng = np.random.default_rng(0)
    report = check(wrong, rng.normal(size=(10, 3072)), rng.integers(0, 4, 10), Settings(method=method))
    W1 = report.tensors[0]
    assert [t.passed for t in report.tensors] == [False, True, True, True]
    assert W1.shape == (3072, 50)
    assert W1.worst_at == place
    assert W1.analytic == 0 != W1.numeric


def test_the_table_is_long_enough():
    assert len(LAYERS) + len(OBJECTIVES) >= 40
