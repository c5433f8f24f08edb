"""Networks with one convolution, over images or patches, and the mistakes in them: filters, ReLU, perhaps a max-pool,
dense layers with ReLU between them, softmax cross entropy, a penalty of all weights."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from core.types import Array, Labels
from lab.check.mistakes.evidence import Cause, Diagnosis, listed
from lab.check.mistakes.losses import one_hot, softmax

Tensors = Mapping[str, Array]
RTOL = 1e-6


@dataclass(frozen=True)
class ConvNet:
    """Which tensor is which, and how they lie. patches: (P, d, n), sides: how the P lie in the image; filters_first: of
    what is flattened for the first dense layer; penalty: c of c sum W^2."""

    patches: Array
    sides: tuple[int, int]
    y: Labels
    filters: str
    filters_bias: str
    dense: tuple[tuple[str, str], ...]  # names of W and b, "" if there is none
    to_filters: Callable[[Array], Array]  # the student's to (d, f)
    flipped: Callable[[Array], Array]  # (d, f) with every filter turned by 180 degrees
    filters_first: bool
    pool: int
    mean: bool = True
    penalty: float = 0.0

    def right_way_up(self, tensors: Tensors, like: Tensors) -> dict[str, Array]:
        """Filters as (d, f), W as (outputs, inputs), biases flat."""
        found = {self.filters: self.to_filters(tensors[self.filters])}
        inputs = self.inputs(found[self.filters].shape[1])
        for W, _ in self.dense:
            turned = like[W].shape[0] == inputs and like[W].shape[1] != inputs
            found[W] = tensors[W].T if turned else tensors[W]
            inputs = found[W].shape[0]
        for b in (self.filters_bias, *(b for _, b in self.dense)):
            if b:
                found[b] = tensors[b].reshape(-1)
        return found

    def inputs(self, count: int) -> int:
        """Of the first dense layer, with this number of filters."""
        rows, columns = (side // self.pool for side in self.sides)
        return rows * columns * count


@dataclass(frozen=True)
class ConvMistake:
    """A mistake on the way back; the defaults are none. unmasked: 0 behind the filters, then the dense layers."""

    says: str = ""
    key: str = ""
    unmasked: int = -1
    other_order: bool = False
    everywhere: bool = False  # does every pixel of a pool get the gradient?
    place: int | None = None  # is the bias of the filters summed over a single place?
    flipped: bool = False


@dataclass
class ConvTrace:
    """A forward pass."""

    maps: Array  # scores of the filters (P, f, n)
    hidden: list[Array] = field(default_factory=list)  # inputs of the dense layers (d, n)
    P: Array = field(default_factory=lambda: np.zeros(0))


def diagnose_convnet(
    x: Array,
    y: Labels,
    lambda_: float,
    params: Tensors,
    letters: Mapping[str, str],
    cost: Callable[[Tensors], float],
    gradients: Callable[[Tensors], Tensors],
) -> Diagnosis:
    """Which network with a convolution it is, and the mistakes that give its gradients; nothing of another one."""
    points = [params, {name: 0.8 * value + 0.02 for name, value in params.items()}]
    costs = [cost(point) for point in points]
    for net in _readings(x, y, params, letters):
        upright = [net.right_way_up(point, params) for point in points]
        for c in (0.0, lambda_, 0.5 * lambda_):
            if not np.allclose([_cost(net, at, c) for at in upright], costs, rtol=1e-7):
                continue
            theirs = [net.right_way_up(gradients(point), params) for point in points]
            return Diagnosis(_described(net, c), _causes(net, c, upright, theirs))
    return Diagnosis("", ())


def _described(net: ConvNet, c: float) -> str:
    pool = f", max-pool {net.pool}x{net.pool}" if net.pool > 1 else ""
    penalty = f", {c:g} sum W^2" if c else ""
    return f"filters, ReLU{pool}, {len(net.dense)} dense layers, softmax cross entropy{penalty}"


def _readings(x: Array, y: Labels, params: Tensors, letters: Mapping[str, str]) -> Iterator[ConvNet]:
    weights = [name for name in params if letters[name] == "W"]
    biases = [name for name in params if letters[name] == "b"]
    if x.ndim not in (3, 4) or not 2 <= len(weights) <= 3 or len(weights) + len(biases) != len(params):
        return
    filters, *dense = sorted(weights, key=lambda name: params[name].ndim != 4)
    spare = len(biases) - len(dense)
    if spare not in (0, 1):
        return
    own = next((b for b in biases if spare and params[b].size in params[filters].shape), "")
    others = [b for b in biases if b != own]
    for patches, sides, to_filters, flipped, first in _patches(x, params[filters]):
        count = to_filters(params[filters]).shape[1]
        for pool in (1, 2) if sides[0] > 1 else (1,):
            net = ConvNet(
                patches,
                sides,
                y,
                filters,
                own,
                tuple(zip(dense, others, strict=True)),
                to_filters,
                flipped,
                first,
                pool,
            )
            if net.inputs(count) in params[dense[0]].shape:
                yield net


Patches = tuple[Array, tuple[int, int], Callable[[Array], Array], Callable[[Array], Array], bool]


def _patches(x: Array, K: Array) -> Iterator[Patches]:
    """How the filters may read x: patches as they are, images (n, c, h, w) or (n, h, w, c), with padding or without."""
    if x.ndim == 3 and K.ndim == 2 and K.shape[0] == x.shape[1]:
        yield x, (len(x), 1), lambda F: F, lambda F: F, False
        return
    if x.ndim == 3 and K.ndim == 4 and math.prod(K.shape[:3]) == x.shape[1]:
        yield x, (len(x), 1), lambda F: F.reshape(-1, F.shape[-1]), lambda F: F, False
        return
    if x.ndim != 4 or K.ndim != 4:
        return
    channels_first = K.shape[1] == x.shape[1]
    k = K.shape[2] if channels_first else K.shape[0]
    for pad in dict.fromkeys((0, (k - 1) // 2)):
        if channels_first:
            wide = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
            w = np.lib.stride_tricks.sliding_window_view(wide, (k, k), axis=(2, 3))  # n, c, oh, ow, k, k
            n, c, oh, ow = w.shape[:4]
            M = w.transpose(2, 3, 1, 4, 5, 0).reshape(oh * ow, c * k * k, n)
            yield M, (oh, ow), lambda F: F.reshape(len(F), -1).T, _turn_round((c, k, k)), True
        elif K.shape[2] == x.shape[3]:
            wide = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
            w = np.lib.stride_tricks.sliding_window_view(wide, (k, k), axis=(1, 2))  # n, oh, ow, c, k, k
            n, oh, ow, c = w.shape[:4]
            M = w.transpose(1, 2, 4, 5, 3, 0).reshape(oh * ow, k * k * c, n)
            yield M, (oh, ow), lambda F: F.reshape(-1, F.shape[-1]), _turn_round((k, k, c)), False


def _turn_round(shape: tuple[int, int, int]) -> Callable[[Array], Array]:
    """(d, f) with every filter turned by 180 degrees."""
    axes = (1, 2) if shape[1] == shape[2] else (0, 1)
    return lambda F: np.flip(F.reshape(*shape, -1), axes).reshape(F.shape)


def _forward(net: ConvNet, at: Tensors) -> ConvTrace:
    bias = at[net.filters_bias] if net.filters_bias else np.zeros(at[net.filters].shape[1])
    trace = ConvTrace(np.einsum("pdn,df->pfn", net.patches, at[net.filters]) + bias[:, None])
    h = _flat(_pooled(np.maximum(trace.maps, 0), net)[0], net.filters_first)
    for i, (W, b) in enumerate(net.dense):
        trace.hidden.append(h)
        s = at[W] @ h + (at[b][:, None] if b else 0.0)
        h = s if i == len(net.dense) - 1 else np.maximum(s, 0)
    trace.P = softmax(h.T).T
    return trace


def _flat(maps: Array, filters_first: bool) -> Array:
    turned: Array = maps.transpose(1, 0, 2) if filters_first else maps
    return turned.reshape(-1, maps.shape[2])


def _pooled(maps: Array, net: ConvNet) -> tuple[Array, Array]:
    """The maximum of every window, and 1 where a pixel is it, (windows, pixels in one, f, n)."""
    s, (rows, columns) = net.pool, net.sides
    of_windows = maps.reshape(rows, columns, *maps.shape[1:])[: rows // s * s, : columns // s * s]
    w = of_windows.reshape(rows // s, s, columns // s, s, *maps.shape[1:]).transpose(0, 2, 1, 3, 4, 5)
    w = w.reshape(-1, s * s, *maps.shape[1:])
    return w.max(axis=1), (w == w.max(axis=1, keepdims=True)).astype(float)


def _unpooled(G: Array, chosen: Array, net: ConvNet, everywhere: bool) -> Array:
    s, (rows, columns) = net.pool, net.sides
    g = np.ones_like(chosen) * G[:, None] if everywhere else chosen * G[:, None]
    g = g.reshape(rows // s, columns // s, s, s, *G.shape[1:]).transpose(0, 2, 1, 3, 4, 5)
    out = np.zeros((rows, columns, *G.shape[1:]))
    out[: rows // s * s, : columns // s * s] = g.reshape(rows // s * s, columns // s * s, *G.shape[1:])
    return out.reshape(-1, *G.shape[1:])


def _cost(net: ConvNet, at: Tensors, c: float) -> float:
    P = _forward(net, at).P
    squares = sum(float((at[name] ** 2).sum()) for name in (net.filters, *(W for W, _ in net.dense)))
    return float(-np.log(P[net.y, np.arange(len(net.y))]).mean()) + c * squares


def _back(net: ConvNet, at: Tensors, mistake: ConvMistake) -> dict[str, Array]:
    """The gradients without a penalty."""
    trace, found = _forward(net, at), {}
    G = (trace.P - one_hot(net.y, len(trace.P)).T) / len(net.y)
    for i in reversed(range(len(net.dense))):
        W, b = net.dense[i]
        found[W] = G @ trace.hidden[i].T
        if b:
            found[b] = G.sum(axis=1)
        G = at[W].T @ G
        if i and mistake.unmasked != i:
            G = G * (trace.hidden[i] > 0)
    pooled, chosen = _pooled(np.maximum(trace.maps, 0), net)
    shape = pooled.shape
    if mistake.other_order:
        G = G * (trace.hidden[0] > 0)
    if net.filters_first != mistake.other_order:
        G = G.reshape(shape[1], shape[0], shape[2]).transpose(1, 0, 2)
    else:
        G = G.reshape(shape)
    G = _unpooled(G, chosen, net, mistake.everywhere)
    G = G if mistake.unmasked == 0 or mistake.other_order else G * (trace.maps > 0)
    dF = np.einsum("pdn,pfn->df", net.patches, G)
    found[net.filters] = net.flipped(dF) if mistake.flipped else dF
    if net.filters_bias:
        found[net.filters_bias] = (G if mistake.place is None else G[[mistake.place]]).sum(axis=(0, 2))
    return found


def _mistakes(net: ConvNet) -> Iterator[ConvMistake]:
    yield ConvMistake("the ReLU mask behind the filters is missing", "relu-mask-missing", unmasked=0)
    for i in range(1, len(net.dense)):
        yield ConvMistake(f"the ReLU mask of dense layer {i} is missing", "relu-mask-missing", unmasked=i)
    yield ConvMistake("what was flattened is not put back in the same order", "conv-order", other_order=True)
    if net.pool > 1:
        yield ConvMistake(
            "every pixel of a window gets the gradient, not only the largest", "pool-window", everywhere=True
        )
    for place, words in ((0, "first"), (-1, "last")) if net.filters_bias else ():
        yield ConvMistake(f"only the {words} place counts: sum over all of them", "conv-bias", place=place)
    if net.sides[1] > 1:
        yield ConvMistake("the gradient of the filters is turned by 180 degrees", "conv-flipped", flipped=True)


def _causes(
    net: ConvNet, c: float, points: list[dict[str, Array]], theirs: list[dict[str, Array]]
) -> tuple[Cause, ...]:
    weights = {net.filters, *(W for W, _ in net.dense)}

    def gives(made: list[dict[str, Array]], name: str, times: float = 1.0, penalty: float = 1.0) -> bool:
        c_of = 2 * c * penalty if name in weights else 0.0
        return all(
            _close(t[name], times * m[name] + c_of * p[name]) for m, t, p in zip(made, theirs, points, strict=True)
        )

    right = [_back(net, at, ConvMistake()) for at in points]
    left = [name for name in right[0] if not gives(right, name)]
    found: dict[tuple[str, str], list[str]] = {}
    for mistake in _mistakes(net):
        made = [_back(net, at, mistake) for at in points]
        own = [name for name in left if gives(made, name)]
        if own:
            found[mistake.key, mistake.says] = own
            left = [name for name in left if name not in own]
    for name in left:
        told = _of_one(net, partial(gives, right, name))
        if told is not None:
            found.setdefault(told, []).append(name)
    return tuple(Cause(key, tuple(names), f"{listed(names)}: {words}.") for (key, words), names in found.items())


def _of_one(net: ConvNet, gives: Callable[[float, float], bool]) -> tuple[str, str] | None:
    """What is wrong with a single tensor: a factor, or its penalty. gives: is it a multiple, with a multiple of it?"""
    n, P = len(net.y), len(net.patches)
    factors = {
        float(n): ("not-divided-by-n", f"it is not divided by n = {n}"),
        1 / n: ("divided-twice", f"it is divided by n = {n} twice"),
        2.0: ("factor-two", "a factor 2 too much"),
        0.5: ("factor-two", "a factor 2 is missing"),
        -1.0: ("sign", "the sign is wrong"),
        1 / P: ("mean-for-sum", f"a mean over the {P} places where a sum is meant"),
    }
    penalties = {
        0.0: "the penalty is missing",
        0.5: "the penalty lacks a factor 2",
        2.0: "the penalty is twice as large",
    }
    for times, told in factors.items():
        if gives(times, 1.0) or gives(times, times):
            return told
    return next((("penalty-factor", words) for times, words in penalties.items() if gives(1.0, times)), None)


def _close(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=RTOL, atol=1e-7 * (1e-3 + np.abs(b).max())))
