"""From the network of a preset to layers of the core. It does not load the schema, so that `gradlab names` starts
fast."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from core import initialisers
from core.convolution import Conv2D, MaxPool
from core.ensemble import Ensemble
from core.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU
from core.network import Network
from core.sequences import CharacterConv, Conv1D, Marks, MaxOverTime
from core.types import Shape
from presets.errors import PresetError

if TYPE_CHECKING:
    from presets import schema

activation = ReLU  # what follows every layer with weights but the last; He's initialiser is made for it


def build_network(
    spec: "schema.NetworkSection",
    input_shape: Shape,
    classes: int,
    dropout: np.random.Generator,
    symbols: int | None = None,
) -> Network:
    """Convolutions with the activation and pooling, then dense layers. Each hidden layer is followed by batch
    normalisation (if any), the activation and dropout (if any). Several members have their filters side by side, and
    share the last layer.

    The network is float32 and not yet initialised. `dropout` is the stream for dropout masks. `symbols`: the inputs are
    indices into an alphabet of this many characters; None for images. Raises PresetError if the inputs are too small
    for the convolutions.
    """
    initialiser = build_initialiser(spec)
    layers = _image_layers(spec, initialiser) if symbols is None else _name_layers(spec, initialiser, symbols)
    layers.append(Flatten())
    if spec.pool_over_time and spec.dropout:
        layers.append(Dropout(spec.dropout, dropout))
    for units in spec.hidden:
        layers.append(Dense(units, initialiser, spec.bias))
        if spec.batch_norm:
            layers.append(BatchNorm())
        layers.append(activation())
        if spec.dropout:
            layers.append(Dropout(spec.dropout, dropout))
    one = Dense(classes, initialiser, spec.bias)
    layers.append(one if spec.members == 1 else Ensemble(spec.members, classes, initialiser, spec.bias))
    try:
        return Network(layers, input_shape)
    except ValueError as error:
        raise PresetError(f"network.convolutions: {error}") from None


def _image_layers(spec: "schema.NetworkSection", initialiser: initialisers.Initialiser) -> list[Layer]:
    scaled = initialisers.Scaled(initialiser, spec.convolution_scale)
    if spec.pool_over_time:
        raise PresetError("network.pool_over_time is for surnames; images have a pool in each of network.convolutions")
    if spec.marks:
        raise PresetError("network.marks is for surnames; images have no beginning and no end")
    if spec.members > 1:
        raise PresetError("network.members is for surnames")
    layers: list[Layer] = []
    for convolution in spec.convolutions:
        size = _one_size(convolution)
        layers.append(Conv2D(convolution.filters, size, initialiser=scaled, bias=spec.bias))
        if convolution.pool > 1:  # before the activation: the same result (it never falls), and less work
            layers.append(MaxPool(convolution.pool))
        layers.append(activation())
    return layers


def _name_layers(spec: "schema.NetworkSection", initialiser: initialisers.Initialiser, symbols: int) -> list[Layer]:
    if not spec.convolutions:
        raise PresetError("network.convolutions: surnames need at least one convolution")
    if any(convolution.pool > 1 for convolution in spec.convolutions):
        raise PresetError("network.convolutions: pool is for images; surnames have network.pool_over_time")
    scaled = initialisers.Scaled(initialiser, spec.convolution_scale)
    padding: Literal["full", "valid"] = "full" if spec.pool_over_time else "valid"
    layers: list[Layer] = []
    if spec.marks:
        layers.append(Marks(symbols))
        symbols += Marks.MORE
    first, *others = spec.convolutions
    if spec.members > 1 and (others or spec.hidden or not spec.pool_over_time):
        raise PresetError(
            "network.members needs network.pool_over_time, one convolution and no hidden layers: others mix the members"
        )
    filters = first.filters * spec.members
    layers += [CharacterConv(filters, first.size, symbols, padding, scaled, spec.bias), activation()]
    for convolution in others:
        layers += [Conv1D(convolution.filters, _one_size(convolution), scaled, spec.bias), activation()]
    if spec.pool_over_time:  # before the last activation: faster, and the same maximum
        layers.insert(-1, MaxOverTime())
    return layers


def _one_size(convolution: "schema.Convolution") -> int:
    if isinstance(convolution.size, list):
        raise PresetError("network.convolutions: only the first convolution over characters can have several sizes")
    return convolution.size


def build_initialiser(spec: "schema.NetworkSection") -> initialisers.Initialiser:
    """The initialiser of the dense layers."""
    if spec.initialiser == "normal":
        assert spec.sigma is not None, "the schema requires it"
        return initialisers.Normal(spec.sigma)
    return initialisers.He() if spec.initialiser == "he" else initialisers.Xavier()
