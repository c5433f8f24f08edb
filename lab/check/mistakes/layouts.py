"""How a student lays out what goes into a layer: all ways to read it as rows, or as images (n, h, w, channels)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from core.types import Array

Order = tuple[int, ...]  # of axes, as for transpose()


@dataclass(frozen=True)
class AxisOrders:
    """The orders of axes that turn the student's x, output and W into the reference's."""

    x: Order
    W: Order = ()
    flat: bool = False  # each example is one row, whatever its shape
    spatial: bool = False  # each pixel is one row: batch normalisation of images
    kept: bool = False  # everything stays as it is

    def of_x(self, value: Array) -> Array:
        """x, dx, the output or dy."""
        if self.kept:
            return value
        if self.flat:
            return value.reshape(len(value), -1)
        turned = value.transpose(self.x) if value.ndim == len(self.x) else value
        return turned.reshape(-1, turned.shape[-1]) if self.spatial else turned

    def of(self, role: str, value: Array) -> Array:
        """A tensor, or its gradient, as the reference has it."""
        if role == "x" or self.kept:
            return self.of_x(value)
        if role == "W":
            return value.transpose(self.W) if value.ndim == len(self.W) else value
        return value.reshape(-1)


MATRICES: list[Order] = [(0, 1), (1, 0)]
PICTURES: list[Order] = [(0, 2, 3, 1), (0, 1, 2, 3), (3, 0, 1, 2)]  # channels first, last; examples last (MATLAB)
KERNELS: list[Order] = [(2, 3, 1, 0), (0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1)]


def layouts(kind: str, inputs: Mapping[str, Any]) -> Iterator[AxisOrders]:
    """All that may be, for a layer of this kind and an x of this shape."""
    ndim = np.ndim(inputs["x"])
    if kind in ("recurrent", "block"):
        yield AxisOrders((), kept=True)
    elif kind in ("conv", "max_pool", "average_pool"):
        if ndim == 4:
            yield from (AxisOrders(x, W) for x in PICTURES for W in (KERNELS if kind == "conv" else [()]))
    elif kind == "dense":
        if ndim == 2:
            yield from (AxisOrders(x, W) for x, W in product(MATRICES, MATRICES))
        else:
            yield from (AxisOrders((), W, flat=True) for W in MATRICES)
    elif kind == "batchnorm" and ndim == 4:
        yield from (AxisOrders(x, spatial=True) for x in PICTURES)
    elif ndim == 2:
        yield from (AxisOrders(x) for x in MATRICES)
    elif ndim > 2:
        yield AxisOrders((), flat=True)
