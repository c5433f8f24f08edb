"""Parameters of a network with convolutions that functions are given: kernels, then weights of dense layers, each an
argument, or in lists, a dict or an object. What lies how is found out by calling forward."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from .binding import Binder
from .convolutions import IMAGES, LETTERS, Reading, Shape
from .errors import CodeError
from .functions import Family
from .roles import Role, is_kernel, plain, role
from .source import role_in, signature, text, words
from .values import Function
from .world import Layout, Store, World, build

CONVOLVES = r"conv|pool|im2col|kernel|filter|einsum\([^'\"]*['\"][^'\"]*[a-zA-Z]{3}"  # a sum over three axes or more
BIAS = r"b(ias(es)?)?(conv|c|f|k|fc|w|out|dense|h|o)?s?\d*|(conv|f|k|fc|dense|out)\d*b(ias)?\d*"
OF_KERNELS = r"b(ias(es)?)?(conv|c|f|k)s?\d*|(conv|f|k)\d*b(ias)?\d*"
WEIGHT = r"w(eights?|s)?(fc|dense|d|out|o|h|l)?s?\d*|(fc|dense|out)\d*w(eights?)?\d*"
UNKNOWN = 7  # places that are flattened for the first dense layer, until an error tells how many there are
ENCODINGS = ({"Y": "one-hot", "y": "ints"}, {"Y": "ints", "y": "one-hot"})
VECTORS = ("flat", "row", "column")  # how b lies, see Layout
CHANNELS = {"row": 3, "flat": 3, "column": 1}  # the axis of a bias of kernels that has four


@dataclass(frozen=True)
class Picture:
    """Which network it is. example: the shape of an example, (h, w, c) or (length, letters); kernels: as ours;
    sizes: of the inputs of the dense layers, 0 where that is not known, and of each of them."""

    example: Shape
    kernels: tuple[Shape, ...]
    sizes: tuple[int, ...]


def small_pictures() -> Iterator[Picture]:
    """Networks to check code with, whose images may shrink: code may pad for kernels of 3 or 5."""
    for k, filters, hidden in product((3, 5), ((4, 6), (4,), (4, 6, 7)), ((), (8,))):
        kernels = tuple((k, k, c, f) for c, f in zip((3, *filters), filters, strict=False))
        yield Picture((16, 16, 3), kernels, (0, *hidden, 10))


@dataclass(frozen=True)
class ConvStore(Store):
    """See Store. tensors: the letter, layer and name of each; shapes: theirs; image: the shape of an example in X."""

    tensors: tuple[tuple[str, int, str], ...] = ()
    shapes: tuple[Shape, ...] = ()
    image: Shape = ()

    def letters(self) -> Iterator[tuple[str, int]]:
        """See Store.letters."""
        yield from ((letter, layer) for letter, layer, _ in self.tensors)

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> Shape:
        """See Store.shape."""
        return next(s for t, s in zip(self.tensors, self.shapes, strict=True) if t[:2] == (letter, layer))

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """See Store.name."""
        return next(name for a, i, name in self.tensors if (a, i) == (letter, layer))

    def data_shape(self, n: int, sizes: tuple[int, ...]) -> tuple[Shape, int | None]:
        """See Store.data_shape."""
        return ((n, *self.image), 0) if len(self.image) > 1 else ((n, *self.image), None)

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """See Store.container."""
        found: dict[str, Any] = {}
        for letter, layer, name in self.tensors:
            key, listed, _ = name.partition("[")
            if listed:
                found.setdefault(key, []).append(values[letter, layer])
            else:
                found[key] = values[letter, layer]
        return SimpleNamespace(**found) if self.style == "attributes" else found


def conv_worlds(family: Family, pictures: Sequence[Picture], n: int, seed: int) -> list[World]:
    """The worlds in which functions with convolutions run; one of those that there are if they run in none, and none if
    these are no such functions."""
    functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
    if not any(re.search(CONVOLVES, text(f)) for f in functions):
        return []
    first: World | None = None
    for picture in pictures:
        for style, tensors in _named(functions, picture):
            for world in _lying(picture, style, tensors, n, seed):
                first = first or world
                if found := list(_running(family, world, picture)):
                    return found
    return [first] if first is not None else []


def _running(family: Family, world: World, picture: Picture) -> Iterator[World]:
    """The world, if forward runs in it, or the same with another number of inputs of the first dense layer, which the
    error tells."""
    error = _error(family, world)
    if error is None:
        yield world
    elif not picture.sizes[0]:
        filters = picture.kernels[-1][-1]
        for inputs in {int(number) for number in re.findall(r"\d+", str(error))}:
            if inputs % filters == 0 and inputs != UNKNOWN * filters:
                other = _with_inputs(world, UNKNOWN * filters, inputs)
                if _error(family, other) is None:
                    yield other
                    return


def _with_inputs(world: World, before: int, inputs: int) -> World:
    """The same where the first dense layer has `inputs` inputs."""
    assert isinstance(world.store, ConvStore)
    shapes = tuple(tuple(inputs if size == before and len(s) == 2 else size for size in s) for s in world.store.shapes)
    store = replace(world.store, shapes=shapes)
    return build(world.layout, store, world.sizes, {}, len(world.y), np.random.default_rng(1))


def _error(family: Family, world: World) -> Exception | None:
    """Why forward, or the gradients where there is none, does not run; None if it does."""
    error: Exception | None = None
    for encodings in ENCODINGS:
        binder = Binder(encodings)
        try:
            with np.errstate(all="ignore"):
                if family.forward is None:
                    binder.call(family.gradient, world, world.values)
                elif _mixes_examples(family, world, binder):
                    return CodeError("forward mixes the examples of a batch")
        except Exception as problem:
            error = problem
        else:
            return None
    return error


def _mixes_examples(family: Family, world: World, binder: Binder) -> bool:
    """Do the outputs of an example depend on others? A reshape runs with any X that has as many numbers."""
    x = world.x.copy()
    x[0] += 1.0
    before, after = (_outputs(family, each, binder) for each in (world, replace(world, x=x)))
    return before is not None and after is not None and not np.allclose(before[1:], after[1:])


def _outputs(family: Family, world: World, binder: Binder) -> Any:
    """What forward gives for each class and example, a row for every example; None if there is no such array."""
    outputs = family.outputs(binder, world, world.values)
    P = outputs.probabilities(world) if outputs is not None else None
    return P if P is None or len(P) == len(world.y) else P.T


def _lying(picture: Picture, style: str, tensors: Sequence[tuple[str, int, str]], n: int, seed: int) -> Iterator[World]:
    """The worlds with these tensors: how X, kernels, weights and biases may lie, the usual ways first."""
    letters = len(picture.example) == 2
    orders = LETTERS if letters else IMAGES
    for example, columns in _examples(picture.example):
        for order, outputs_first, bias, wide in product(orders, (columns, not columns), VECTORS, (False, True)):
            layout = Layout(columns, outputs_first, bias)
            shapes = tuple(_shape(picture, t, Reading(order), layout, wide) for t in tensors)
            if wide and (letters or not any(len(s) == 4 and t[0] == "b" for s, t in zip(shapes, tensors, strict=True))):
                continue
            depth = len(picture.kernels) + len(picture.sizes) - 1
            store = ConvStore(depth, style=style, tensors=tuple(tensors), shapes=shapes, image=example)
            sizes = (int(np.prod(picture.example)), picture.sizes[-1])
            yield build(layout, store, sizes, {}, n, np.random.default_rng(seed))


def _examples(example: Shape) -> Iterator[tuple[Shape, bool]]:
    """The shapes of an example in X, and whether examples are its columns."""
    flat = (int(np.prod(example)),)
    if len(example) == 3:
        h, w, c = example
        yield from (((c, h, w), False), ((h, w, c), False), (flat, True), (flat, False))
    else:
        yield from ((flat, True), (example, False), (flat, False))


def _shape(picture: Picture, tensor: tuple[str, int, str], reading: Reading, layout: Layout, wide: bool) -> Shape:
    """The shape of a tensor in a layout. wide: have biases of kernels four axes?"""
    letter, layer, _ = tensor
    kernels, dense = picture.kernels, picture.sizes
    if layer < len(kernels):
        ours = kernels[layer]
        if letter == "W":
            return reading.theirs(ours)
        if wide:
            return tuple(ours[-1] if axis == CHANNELS[layout.bias] else 1 for axis in range(4))
        return layout.vector(ours[-1])
    i = layer - len(kernels)
    inputs = dense[i] or UNKNOWN * kernels[-1][-1]
    return layout.weight(inputs, dense[i + 1]) if letter == "W" else layout.vector(dense[i + 1])


# Names


def _named(functions: Sequence[Function], picture: Picture) -> Iterator[tuple[str, list[tuple[str, int, str]]]]:
    """A style and the letter, layer and name of every tensor, where the names in the functions fit the network."""
    style, names, listed = _names(functions)
    kernels = _sorted(name for name in names if is_kernel(name))
    biases = _sorted(name for name in names if name not in kernels and re.fullmatch(BIAS, plain(name)))
    dense = _sorted(name for name in names if name not in (*kernels, *biases) and re.fullmatch(WEIGHT, plain(name)))
    c, m = len(picture.kernels), len(picture.sizes) - 1
    weights = [*_spread(kernels, c, listed), *_spread(dense, m, listed)] if kernels else _spread(dense, c + m, listed)
    if len(weights) != c + m:
        return
    tensors = [("W", i, name) for i, name in enumerate(weights)]
    of_kernels = [name for name in biases if re.fullmatch(OF_KERNELS, plain(name))]
    if of_kernels and len(of_kernels) < len(biases):
        rest = [name for name in biases if name not in of_kernels]
        places = [(c + m, [*_spread(of_kernels, c, listed), *_spread(rest, m, listed)], 0)]
    else:
        places = [(count, _spread(biases, count, listed), c + m - count) for count in dict.fromkeys((c + m, m))]
    for count, own, start in places:
        if biases and len(own) == count:
            yield style, [*tensors, *(("b", start + i, name) for i, name in enumerate(own))]
    if not biases:
        yield style, tensors


def _sorted(names: Any) -> list[str]:
    """By their numbers; one without a number comes last: W of F1, F2, W."""
    return sorted(names, key=lambda name: int((re.findall(r"\d+", name) or ["99"])[-1]))


def _spread(names: Sequence[str], count: int, listed: Mapping[str, str]) -> list[str]:
    """The names of `count` tensors: as they are, or those in a list, W[0], or W1 of f"W{i}"."""
    if len(names) == count and listed.get(names[0]) != "numbered":
        return [f"{name}[0]" if listed.get(name) == "list" else name for name in names]
    if len(names) != 1 or names[0] not in listed:
        return []
    numbered = listed[names[0]] == "numbered"
    return [f"{names[0]}{i + 1}" if numbered else f"{names[0]}[{i}]" for i in range(count)]


def _names(functions: Sequence[Function]) -> tuple[str, list[str], dict[str, str]]:
    """The style in which parameters are held ("" for arguments of their own), the names that may be tensors, and which
    of them are a "list" of several, or "numbered" by an f-string."""
    said = " ".join(map(text, functions))
    held = {p.name for f in functions for p in signature(f) if role_in(f, p.name) is Role.NETWORK}
    if not held:
        named = [p.name for f in functions for p in signature(f) if _may_be(p.name)]
        names = [name for name in dict.fromkeys(named) if role(name) not in (Role.X, Role.LABELS, Role.LAMBDA)]
        return "", names, {name: "list" for name in names if _is_listed(rf"\b{name}", said)}
    used = dict.fromkeys(word for f in functions for word in sorted(words(f)) if _may_be(word))
    holder = rf"(?<![.\w])({'|'.join(sorted(held))})"
    keyed = re.search(rf"{holder}\[f?['\"]", said) is not None
    names = [w for w in used if re.search(rf"{holder}(\[f?['\"]{w}(\{{\w+\}})?['\"]|\.{w}\b)", said)]
    listed = {w: "list" for w in names if _is_listed(rf"(\[['\"]{w}['\"]\]|\.{w}\b)", said)}
    listed |= {w: "numbered" for w in names if re.search(rf"f['\"]{w}\{{|['\"]{w}['\"] *\+ *str\(", said)}
    stems = {w for w in names if listed.get(w) == "numbered"}
    names = [w for w in names if w in stems or re.sub(r"\d+$", "", w) not in stems]  # W3 beside f"W{i}"
    return ("flat" if keyed else "attributes"), names, listed


def _may_be(name: str) -> bool:
    low = plain(name)
    return is_kernel(name) or bool(re.fullmatch(f"{BIAS}|{WEIGHT}", low))


def _is_listed(name: str, said: str) -> bool:
    """Does a text treat what is called so as a list?"""
    loop = rf"(in |enumerate\(|len\(|reversed\()\w*{name}(?!\w)"
    return bool(re.search(rf"{name}\[(\w+|-1)\]|{loop}|zip\([^)\n]*{name}(?!\w)", said))
