"""The efficiency experiment of the names report: updates with DD2424's matrices and with Gradlab's layers.

The assignment writes a convolution as a matrix product, in two ways. The matrix MF is built from the kernel F, and the
output for an example x is MF x. The matrix MX is built from an example, and its output is MX vec(F); the gradient of F
is the sum of g^T MX over the examples. MX is large and almost all zeros. The report stored the MX of its one-hot inputs
as sparse matrices. The MX of the second layer change with every update and stayed dense.

Here everything is computed in float64 on one thread, with the same batches and the same initial weights.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypedDict

import numpy as np
from scipy.sparse import csr_array, eye_array, kron

from core.blas import one_thread
from core.losses import softmax
from core.network import Network
from core.objective import Objective
from core.trainer import Trainer
from core.types import Array, Labels
from lab.machine import versions
from presets.build import build, load_data
from presets.schema import Preset

PRESET = "names-imbalanced"  # batches of 100 of all names: no name repeats in 100 updates
UPDATES = 100
TOLERANCE = 1e-10  # of a gradient's largest element

Watch = Callable[[str, int], None]  # gets the current method and its number of updates done


@dataclass
class Way:
    """A method of computing gradients: how it prepares the inputs of a batch, and the gradient from these."""

    title: str
    prepare: Callable[[Array], Any]
    gradient: Callable[[Any, Labels], object]  # leaves it in the network


@dataclass
class Times:
    """Seconds spent on preparing inputs and on updates, and the gradients of the first and the last update."""

    preparing: float
    updating: float
    gradients: Array  # (2, size of theta)

    @property
    def seconds(self) -> float:
        """All of them."""
        return self.preparing + self.updating


class MethodTimes(TypedDict):
    """A method of computing gradients, and how long it took."""

    name: str
    description: str
    seconds: float
    times_gradlab: float  # its seconds, relative to Gradlab's
    reported_seconds: float | None
    largest_difference: float  # of its gradients from Gradlab's, relative to the largest element


class Efficiency(TypedDict):
    """What `gradlab bench --experiment surnames --json` prints."""

    experiment: Literal["surnames"]
    preset: str
    data: str  # label, with the counts
    updates: int
    batch: int
    methods: list[MethodTimes]
    tolerance: float
    same_gradient: bool  # do the first and the last gradient of all methods agree to the tolerance?
    versions: dict[str, str]


def experiment(preset: Preset, updates: int, watch: Watch) -> Efficiency:
    """Make `updates` updates of a surnames preset, with two convolutions without biases, with every method."""
    dataset = load_data(preset, "auto")
    symbols = dataset.symbols
    assert symbols is not None

    def times(way: Callable[[Network], Way]) -> Times:
        trainer = build(preset, dataset)
        network = trainer.network.astype(np.float64)
        return _descend(trainer, network, way(network), updates, watch)

    with one_thread():
        dense = times(lambda network: _dense(network, symbols))
        sparse = times(lambda network: _sparse(network, symbols))
        layers = times(_layers)

    def method(name: str, description: str, seconds: float, reported: float | None, way: Times) -> MethodTimes:
        return {
            "name": name,
            "description": description,
            "seconds": seconds,
            "times_gradlab": seconds / layers.seconds,
            "reported_seconds": reported,
            "largest_difference": _difference(way.gradients, layers.gradients),
        }

    methods = [
        method("dense", "dense MX of every example", dense.seconds, 50.5, dense),
        method("sparse", "sparse MX, made on the way", sparse.seconds, 48.0, sparse),
        method("precomputed", "sparse MX, making not counted", sparse.updating, 17.0, sparse),
        method("gradlab", "Gradlab: indices, no matrices", layers.seconds, None, layers),
    ]
    return {
        "experiment": "surnames",
        "preset": preset.name,
        "data": dataset.label,
        "updates": updates,
        "batch": preset.training.batch,
        "methods": methods,
        "tolerance": TOLERANCE,
        "same_gradient": all(method["largest_difference"] <= TOLERANCE for method in methods),
        "versions": versions(),
    }


def _descend(trainer: Trainer, network: Network, way: Way, updates: int, watch: Watch) -> Times:
    """Make updates with the trainer's batches and optimiser. Copying gradients does not count as time."""
    preparing = updating = 0.0
    gradients = []
    for update in range(updates):
        watch(way.title, update)
        x, y = next(trainer.batches)
        started = time.perf_counter()
        inputs = way.prepare(x)
        prepared = time.perf_counter()
        way.gradient(inputs, y)
        updating += time.perf_counter() - prepared
        preparing += prepared - started
        if update in (0, updates - 1):
            gradients.append(network.grad.copy())
        started = time.perf_counter()
        trainer.optimiser.update(network.theta, network.grad, trainer.schedule(update))
        updating += time.perf_counter() - started
    watch(way.title, updates)
    return Times(preparing, updating, np.array(gradients))


def _difference(gradients: Array, others: Array) -> float:
    """The largest difference of any element, relative to the largest element of its gradient."""
    return float(np.max(np.abs(gradients - others).max(axis=1) / np.abs(others).max(axis=1)))


def _layers(network: Network) -> Way:
    objective = Objective(network)
    return Way("Gradlab", lambda x: x, objective.gradient)


def _dense(network: Network, symbols: int) -> Way:
    size, _, filters = network.tensors["W1"].value.shape

    def prepare(x: Array) -> tuple[Array, Iterable[Array]]:
        inputs = one_hot(x, symbols)
        # Each is made when it is needed: a batch of these matrices is too large for memory.
        return inputs, (input_matrix(example, size, filters) for example in inputs)

    return Way("dense matrices", prepare, partial(by_matrices, network))


def _sparse(network: Network, symbols: int) -> Way:
    size, _, filters = network.tensors["W1"].value.shape

    def prepare(x: Array) -> tuple[Array, Iterable[csr_array]]:
        inputs = one_hot(x, symbols)
        return inputs, [sparse_input_matrix(example, size, filters) for example in inputs]

    return Way("sparse matrices", prepare, partial(by_matrices, network))


def by_matrices(network: Network, inputs: tuple[Array, Iterable[Array | csr_array]], y: Labels) -> None:
    """Leave the gradient of the mean loss in `network`, which has two convolutions and a dense layer without biases.

    inputs: x (n, length, symbols), one-hot, and the input_matrix() of every example for the first kernel.
    """
    x, MX1 = inputs
    F1, F2, W = (tensor.value for tensor in network.tensors.values())
    dF1, dF2, dW = (tensor.grad for tensor in network.tensors.values())
    n = len(x)
    MF1 = kernel_matrix(F1, x.shape[1])
    x1 = np.maximum(x.reshape(n, -1) @ MF1.T, 0)
    h1 = x1.reshape(n, -1, F1.shape[2])
    MF2 = kernel_matrix(F2, h1.shape[1])
    x2 = np.maximum(x1 @ MF2.T, 0)
    g = softmax(x2 @ W)
    g[np.arange(n), y] -= 1
    g /= n
    dW[...] = x2.T @ g
    g = g @ W.T * (x2 > 0)
    MX2 = (input_matrix(example, len(F2), F2.shape[2]) for example in h1)
    dF2[...] = sum(g_j @ M for g_j, M in zip(g, MX2, strict=True)).reshape(F2.shape)
    g = g @ MF2 * (x1 > 0)
    dF1[...] = sum(g_j @ M for g_j, M in zip(g, MX1, strict=True)).reshape(F1.shape)


def one_hot(x: Array, symbols: int) -> Array:
    """Texts x (n, length) of indices as one-hot (n, length, symbols), with zeros after the end of a text."""
    return np.eye(symbols + 1)[x][..., :symbols]


def kernel_matrix(F: Array, length: int) -> Array:
    """MF of a kernel F (size, c, filters): the windows of x (length, c) are MF vec(x), window by window."""
    size, c, filters = F.shape
    windows = length - size + 1
    MF = np.zeros((windows, filters, length, c))
    for t in range(windows):
        MF[t, :, t : t + size] = F.transpose(2, 0, 1)
    return MF.reshape(windows * filters, length * c)


def input_matrix(x: Array, size: int, filters: int) -> Array:
    """MX of an example x (length, c): its windows under any kernel F (size, c, filters) are MX vec(F)."""
    windows = _windows(x, size)
    each = np.arange(filters)
    MX = np.zeros((len(windows), filters, windows.shape[1], filters))
    MX[:, each, :, each] = windows
    return MX.reshape(len(windows) * filters, -1)


def sparse_input_matrix(x: Array, size: int, filters: int) -> csr_array:
    """The same without its zeros: the Kronecker product of the windows and the identity."""
    return kron(csr_array(_windows(x, size)), eye_array(filters), format="csr")


def _windows(x: Array, size: int) -> Array:
    return np.array([x[t : t + size].reshape(-1) for t in range(len(x) - size + 1)])
