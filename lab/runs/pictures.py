"""Pictures of a trained network: plain arrays with captions, for the terminal, files and the app alike."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.convolution import Conv2D
from core.layers import Dense
from core.network import Network
from core.types import Array
from data.dataset import Dataset
from lab.errors import DamagedError

if TYPE_CHECKING:
    from lab.runs.result import Mistake


class Picture(NamedTuple):
    """Pixels (h, w, 3), uint8, and what they show in one or two lines."""

    caption: str
    pixels: Array


def pictures(network: Network, dataset: Dataset, misclassified: "Sequence[Mistake]") -> dict[str, list[Picture]]:
    """What there is to see, by name: "templates" or "kernels" (see weight_pictures), "misclassified" (the examples that
    the result lists under that name, if they are images). A name is left out where there is nothing to see."""
    named = weight_pictures(network, dataset.classes) | {"misclassified": _examples(dataset, misclassified)}
    return {name: group for name, group in named.items() if group}


def weight_pictures(network: Network, classes: Sequence[str]) -> dict[str, list[Picture]]:
    """The weights that meet an image's pixels, each picture stretched to 0..255 by itself.

    "kernels": those of a first layer that convolves. "templates": of a network of one dense layer, the weights of each
    class, in the shape of the image. {} for other networks, and for inputs that are neither grey nor coloured images.
    """
    if len(network.input_shape) != 3 or network.input_shape[2] not in (1, 3):
        return {}
    first, *others = network.decayed()
    if isinstance(first.layer, Conv2D):
        kernels = np.moveaxis(first.value, 3, 0)
        return {"kernels": _stretched([f"kernel {i}" for i in range(1, len(kernels) + 1)], kernels)}
    if isinstance(first.layer, Dense) and not others:
        return {"templates": _stretched(classes, first.value.T.reshape(-1, *network.input_shape))}
    return {}


def _stretched(captions: Sequence[str], images: Array) -> list[Picture]:
    """Weights (n, h, w, c) as pictures, the smallest of each black, the largest white; not those of a network that
    diverged, which are no numbers."""
    return [
        Picture(caption, _coloured(_stretch(image.astype(np.float64))))
        for caption, image in zip(captions, images, strict=True)
        if np.isfinite(image).all()
    ]


def _stretch(image: Array) -> Array:
    image = image - image.min()
    return np.rint(255 * (image / (image.max() or 1))).astype(np.uint8)


def _coloured(image: Array) -> Array:
    """A grey image (h, w, 1), or a coloured one, as (h, w, 3)."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def _examples(dataset: Dataset, misclassified: "Sequence[Mistake]") -> list[Picture]:
    _, part = dataset.judge
    shown = [(each, dataset.show(part.x[each["index"]])) for each in misclassified]
    return [
        Picture(f"true {each['true']}\nguessed {each['predicted']}, {each['probability']:.1%}", _coloured(image))
        for each, image in shown
        if not isinstance(image, str)
    ]


def pack(named: Mapping[str, Sequence[Picture]]) -> dict[str, Array]:
    """Pictures as arrays that can be saved without pickle: under each name the pixels (n, h, w, 3), uint8, and under
    <name>.captions the n captions."""
    arrays = {}
    for name, group in named.items():
        arrays[name] = np.stack([picture.pixels for picture in group])
        arrays[f"{name}.captions"] = np.array([picture.caption for picture in group])
    return arrays


KINDS = ("templates", "kernels", "misclassified")


def unpack(arrays: Mapping[str, Array]) -> dict[str, list[Picture]]:
    """The pictures that `pack` has packed. What has another name is passed over: names become names of files. Raises
    DamagedError if the arrays are no pictures."""
    return {name: _unpacked(name, arrays) for name in KINDS if name in arrays}


def _unpacked(name: str, arrays: Mapping[str, Array]) -> list[Picture]:
    pixels, captions = arrays[name], arrays.get(f"{name}.captions", np.zeros(0))
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not pixels.size:
        raise DamagedError(f"pictures.npz cannot be used: {name} holds no pictures")
    if captions.dtype.kind != "U" or captions.shape != pixels.shape[:1]:
        raise DamagedError(f"pictures.npz cannot be used: {name}.captions do not fit {name}")
    return [Picture(*each) for each in zip(captions.tolist(), pixels, strict=True)]
