"""The layers of dense networks: forward(x, train) and backward(dy), written as in the courses.

Rows are examples. A layer keeps its work arrays and what backward needs. The arrays that forward and backward return
are valid until the next call. Every layer works in float32, float64 and complex128 (for the complex-step check), so
comparisons use real parts and nothing takes an absolute value.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.blas import column_sums
from core.initialisers import Constant, He, Initialiser
from core.types import Array, Shape, WorkArrays


@dataclass(frozen=True)
class Parameter:
    """What a layer asks of the network for one tensor."""

    shape: Shape
    initialiser: Initialiser
    fan_in: int = 1
    decay: bool = False  # does the L2 penalty include it?


class Layer:
    """One step of a network. Subclasses override forward, backward and, if they learn, build.

    The network puts views of its flat vectors into `params` and `grads`. backward overwrites `grads` and never adds to
    them. `state` holds arrays that are learnt without a gradient.
    """

    needs_input_gradient = True  # the network's first layer never computes dX

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self.state: dict[str, Array] = {}
        self.work = WorkArrays()

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        """From the shape of one input example to the shape of one output and the parameters needed.

        Raises ValueError if the layer cannot take such an input.
        """
        return shape, {}

    def forward(self, x: Array, train: bool) -> Array:
        """The layer's output for a batch x of shape (n, ...)."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array | None:
        """From dJ/dy to dJ/dx, with dJ/dparams left in `grads`; None if dX is not needed."""
        raise NotImplementedError

    def kinks(self) -> Array | None:
        """The side of each kink in the last forward (active units, argmax); None if the layer has no kinks."""
        return None


class Flatten(Layer):
    """(n, ...) -> (n, d)."""

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        return (int(np.prod(shape)),), {}

    def forward(self, x: Array, train: bool) -> Array:
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self._shape)


class Dense(Layer):
    """y = x W + b, with x (n, d), W (d, units), b (units,)."""

    def __init__(self, units: int, initialiser: Initialiser | None = None, bias: bool = True) -> None:
        super().__init__()
        self.units = units
        self.initialiser = initialiser or He()
        self.bias = bias

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        if len(shape) != 1:
            raise ValueError(f"a dense layer takes rows of numbers, not examples of shape {shape}: flatten them first")
        (d,) = shape
        weights = Parameter((d, self.units), self.initialiser, fan_in=d, decay=True)
        bias = {"b": Parameter((self.units,), Constant(0.0))} if self.bias else {}
        return (self.units,), {"W": weights, **bias}

    def forward(self, x: Array, train: bool) -> Array:
        self._x, W = x, self.params["W"]
        y = np.matmul(x, W, out=self.work("y", (len(x), self.units), W.dtype))
        if self.bias:
            y += self.params["b"]
        return y

    def backward(self, dy: Array) -> Array | None:
        np.matmul(self._x.T, dy, out=self.grads["W"])
        if self.bias:
            column_sums(dy, out=self.grads["b"])
        if not self.needs_input_gradient:
            return None
        return np.matmul(dy, self.params["W"].T, out=self.work("dx", self._x.shape, dy.dtype))


class ReLU(Layer):
    """y = max(x, 0). Complex input is compared by its real part. The derivative at 0 is defined as 0."""

    def forward(self, x: Array, train: bool) -> Array:
        self._slope = slope = self.work("slope", x.shape, x.real.dtype)  # 1 or 0: a product with bools is slower
        np.greater(x.real, 0, out=slope)
        return np.multiply(x, slope, out=self.work("y", x.shape, x.dtype))

    def backward(self, dy: Array) -> Array:
        return np.multiply(dy, self._slope, out=self.work("dx", dy.shape, dy.dtype))

    def kinks(self) -> Array:
        return self._slope > 0


class BatchNorm(Layer):
    """y = gamma (x - mean) / sqrt(var + eps) + beta, over the batch (Ioffe & Szegedy 2015, arXiv:1502.03167).

    Training uses the mean and the (biased) variance of the batch and updates the running ones:
    running = momentum running + (1 - momentum) batch. Evaluation uses the running ones.
    x is (n, d); gamma and beta are (d,).
    """

    def __init__(self, momentum: float = 0.9, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.eps = eps

    def build(self, shape: Shape) -> tuple[Shape, Mapping[str, Parameter]]:
        self.state = {"running": np.stack([np.zeros(shape), np.ones(shape)])}  # mean and variance
        return shape, {"gamma": Parameter(shape, Constant(1.0)), "beta": Parameter(shape, Constant(0.0))}

    def forward(self, x: Array, train: bool) -> Array:
        n, d = x.shape
        y = self.work("y", x.shape, x.dtype)
        if train:
            mean, var = self._moments = self.work("moments", (2, d), x.dtype)
            centred = self._centred = self.work("centred", x.shape, x.dtype)
            column_sums(x, out=mean)
            mean /= n
            np.subtract(x, mean, out=centred)
            column_sums(np.square(centred, out=y), out=var)
            var /= n
            self._inverse = 1 / np.sqrt(var + self.eps)
            scale = self._scale = self.params["gamma"] * self._inverse
        else:
            mean, var = self.state["running"].astype(x.dtype)
            centred = np.subtract(x, mean, out=y)
            scale = self.params["gamma"] / np.sqrt(var + self.eps)
        np.multiply(centred, scale, out=y)
        y += self.params["beta"]
        return y

    def backward(self, dy: Array) -> Array:
        # With z = (x - mean) / sqrt(var + eps): dgamma = sum dy z and dbeta = sum dy. The mean and the variance depend
        # on every x of a column, so dx = gamma / sqrt(var + eps) * (dy - dbeta / n - z dgamma / n).
        centred, n = self._centred, len(dy)
        dgamma, dbeta = self.grads["gamma"], self.grads["beta"]
        dx = self.work("dx", dy.shape, dy.dtype)
        column_sums(np.multiply(dy, centred, out=dx), out=dgamma)
        dgamma *= self._inverse
        column_sums(dy, out=dbeta)
        np.multiply(centred, dgamma * self._inverse / -n, out=dx)
        dx += dy
        dx -= dbeta / n
        dx *= self._scale
        running = self.state["running"]  # changed here, so that a forward without an update leaves them as they were
        running *= self.momentum
        running += (1 - self.momentum) * self._moments.real
        return dx


class Dropout(Layer):
    """Inverted dropout: in training, each element is 0 with probability `rate`; the others are divided by 1 - rate.

    The masks are drawn from the stream `rng`, which the trainer saves and restores.
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"a dropout rate must be at least 0 and below 1, not {rate}")
        self.rate = rate
        self.rng = rng

    def forward(self, x: Array, train: bool) -> Array:
        if not train:
            return x
        keep = 1 - self.rate
        kept = self.rng.random(x.shape, dtype=np.float32) < keep
        self._mask: Array = kept.astype(x.real.dtype) / x.real.dtype.type(keep)
        y: Array = x * self._mask
        return y

    def backward(self, dy: Array) -> Array:
        dx: Array = dy * self._mask
        return dx
