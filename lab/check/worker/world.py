"""A small world for functions that are given everything: data, labels, parameters, in the layouts students use."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from types import SimpleNamespace
from typing import Any

import numpy as np

from .matching import Slot
from .octave_values import Cell

LAMBDA = 0.1
KEPT = 0.6  # of what dropout is given
STYLES = (
    "flat",
    "dict of lists",
    "list of dicts",
    "pairs",
    "two lists",
    "flat list",
    "single",
    "attributes",
    "lists in attributes",
)
VECTOR = "vector"  # all parameters in one vector


@dataclass(frozen=True)
class Layout:
    """How arrays lie: examples as columns of X or rows; W (outputs, inputs) or not; b (m, 1), (m,), (1, m)."""

    columns: bool
    outputs_first: bool
    bias: str  # "column", "flat", "row"; "number" of a single output, whose W is (inputs,); "numbers" if W is one, too

    def weight(self, inputs: int, outputs: int) -> tuple[int, ...]:
        """The shape of W."""
        if self.bias == "number":
            return (inputs,)
        if self.bias == "numbers":
            return ()
        return (outputs, inputs) if self.outputs_first else (inputs, outputs)

    def vector(self, m: int) -> tuple[int, ...]:
        """The shape of b, gamma and beta."""
        return {"column": (m, 1), "flat": (m,), "row": (1, m)}.get(self.bias, ())


LAYOUTS = (
    Layout(True, True, "column"),
    Layout(False, False, "flat"),
    Layout(False, False, "row"),
    Layout(False, True, "row"),
    Layout(False, True, "flat"),
    Layout(True, False, "column"),
    Layout(False, True, "column"),
    Layout(False, False, "column"),
    Layout(True, True, "flat"),
    Layout(True, False, "flat"),
    Layout(True, True, "row"),
    Layout(True, False, "row"),
)
SINGLE, LINE = Layout(False, False, "number"), Layout(False, False, "numbers")


@dataclass(frozen=True)
class Store:
    """How the parameters are kept. depth: layers with a W; norms: layers with gamma and beta, the first ones; biases:
    is there a b; style: of an argument that holds all of them; keys: letter -> its key there; base: of its numbers;
    lists: do arguments W and b hold lists; column: are lists in Octave cells with one column; flags: keys beside the
    parameters that switch batch normalisation on."""

    depth: int
    norms: int = 0
    biases: bool = True
    style: str = ""
    keys: tuple[tuple[str, str], ...] = (("W", "W"), ("b", "b"), ("gamma", "gamma"), ("beta", "beta"))
    base: int = 1
    lists: bool = False
    column: bool = False
    flags: tuple[str, ...] = ()
    classes: bool = False  # has a vector of one layer weights for every class, and not for a single output?
    off: bool = False  # is batch normalisation switched off, although there are gamma and beta?
    ones: int = 0  # rows of each W for the biases: 1 where the code puts a 1 before or behind its inputs

    @property
    def normed(self) -> bool:
        """Is batch normalisation switched on?"""
        return self.norms > 0 and not self.off

    def letters(self) -> Iterator[tuple[str, int]]:
        """Every tensor: its letter and its layer."""
        if self.style == VECTOR:
            yield "W", 0
            return
        for layer in range(self.depth):
            yield "W", layer
            if self.biases:
                yield "b", layer
            if layer < self.norms:
                yield "gamma", layer
                yield "beta", layer

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
        """The shape of a tensor; sizes: of the input and of every layer."""
        if self.style == VECTOR:
            return layout.vector(self.length(sizes))
        if letter == "W":
            return layout.weight(sizes[layer] + self.ones, sizes[layer + 1])
        return layout.vector(sizes[layer + 1])

    def data_shape(self, n: int, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], int | None]:
        """The shape of X, rows as examples, or with the axis of its examples if it has more axes than two."""
        return (n, sizes[0]), None

    def draw_x(self, rng: Any, n: int, sizes: tuple[int, ...]) -> Any:
        """The inputs, see data_shape."""
        return rng.normal(size=self.data_shape(n, sizes)[0])

    def told(self, name: str, classes: int) -> Any:
        """What an argument of this name is told beside the parameters; None if nothing is known of it."""
        return None

    def length(self, sizes: tuple[int, ...]) -> int:
        """Of a vector with all parameters: a weight for every input, and every class, or all of the layers."""
        if self.depth == 1:
            return (sizes[0] + self.ones) * (sizes[1] if self.classes else 1)
        return sum((d + 1) * m for d, m in pairwise(sizes))

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """What the student calls a tensor. arguments: letter -> names of the arguments that hold it."""
        own = arguments.get(letter, [])
        if len(own) == self.depth > 1 or (len(own) == 1 and not self.lists and self.depth == 1):
            return own[layer]
        if len(own) == self.norms > 1 and letter in ("gamma", "beta"):
            return own[layer]
        if self.style == VECTOR:
            return dict(self.keys)["W"]
        if own:
            return f"{own[0]}[{layer}]"
        key = dict(self.keys)[letter]
        if self.style == "single":
            return key
        if not self.style and not own and not self.lists:  # of a gradient that has no argument beside it
            return key if self.depth == 1 else f"{key}{layer + self.base}"
        if self.style in ("flat", "attributes"):
            return f"{key}{layer + self.base}"
        return f"{key}[{layer}]"

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """All parameters in one object of this style."""
        if self.style == VECTOR:
            return values["W", 0]
        keys = dict(self.keys)
        by_letter: dict[str, list[Any]] = {}
        for letter, layer in self.letters():
            by_letter.setdefault(letter, []).append(values[letter, layer])
        layers = [
            {letter: values[letter, layer] for letter, at in self.letters() if at == layer}
            for layer in range(self.depth)
        ]
        flat = {f"{keys[letter]}{layer + self.base}": values[letter, layer] for letter, layer in self.letters()}
        lists = {keys[letter]: self.listed(column) for letter, column in by_letter.items()}
        flags = dict.fromkeys(self.flags, self.normed)
        made: dict[str, Any] = {
            "flat": flat | flags,
            "dict of lists": lists | flags,
            "list of dicts": [{keys[letter]: value for letter, value in layer.items()} for layer in layers],
            "pairs": [tuple(layer.values()) for layer in layers],
            "two lists": tuple(by_letter.values()),
            "flat list": self._cell([value for layer in layers for value in layer.values()]),
            "single": {keys[letter]: column[0] for letter, column in by_letter.items()},
            "attributes": SimpleNamespace(**flat, **flags),
            "lists in attributes": SimpleNamespace(**lists, **flags),
        }
        return made[self.style]

    def listed(self, values: list[Any]) -> list[Any]:
        """A list of these, which Octave sees as a cell with one row or one column."""
        if not self.column:
            return values
        cell = Cell(values)
        cell.shape = (len(values), 1)
        return cell

    def _cell(self, flat: list[Any]) -> Cell:
        """A flat list that Octave sees as theta{1, layer} and theta{2, layer}, too."""
        cell = Cell(flat)
        cell.shape = (len(flat) // self.depth, self.depth)
        return cell


@dataclass(frozen=True)
class World:
    """Sizes, data and a point. x is (n, d) with rows as examples whatever the layout; y (n,) holds the classes."""

    layout: Layout
    store: Store
    sizes: tuple[int, ...]
    x: Any
    y: Any
    lambda_: float
    slots: tuple[Slot, ...]
    values: dict[str, Any]  # slot name -> array
    axis: int | None = None  # of a layer's x: the axis of the examples; x is then given as it is
    shares: bool = False  # is x between 0 and 1, because a loss takes the logarithm of it?
    fixed: bool = False  # the data were given to the object when it was made
    signs: bool = False  # are the labels of a single output 1 and -1, as a hinge wants them, not 1 and 0?

    @property
    def X(self) -> Any:  # noqa: N802
        """The inputs in the layout."""
        if self.layout.bias == "numbers":
            return self.x[:, 0].copy()
        turned = self.layout.columns and self.axis is None and self.x.ndim == 2
        return np.ascontiguousarray(self.x.T if turned else self.x)

    def labels(self, encoding: str) -> Any:
        """The labels: "one-hot" as X lies, "turned" the other way, "ints" (n,), "row" (1, n), "column" (n, 1). Of a
        network with a single output they are 1 for the first class and 0 for the other."""
        rows = (np.arange(self.sizes[-1]) == self.y[:, None]).astype(float)
        if self.signs and self.sizes[-1] == 1:
            rows = 2 * rows - 1
        if encoding in ("one-hot", "turned"):
            return np.ascontiguousarray(rows.T) if self.layout.columns == (encoding == "one-hot") else rows
        y = rows[:, 0] if self.sizes[-1] == 1 else self.y
        return {"ints": y, "row": y[None, :], "column": y[:, None]}[encoding].copy()

    def masks(self, name: str) -> Any:
        """What dropout keeps, drawn and scaled: of the hidden layer whose number is in the name, None if there is none;
        of all of them in a list if the name is a plural."""
        rng, shapes = np.random.default_rng(9), [(len(self.y), m) for m in self.sizes[1:-1]]
        rows = [(rng.random(shape) < KEPT) / KEPT for shape in shapes]
        masks = [np.ascontiguousarray(mask.T) if self.layout.columns else mask for mask in rows]
        if name.endswith("s"):
            return masks
        number = re.search(r"\d+$", name)
        layer = int(number[0]) - 1 if number else 0
        return masks[layer] if 0 <= layer < len(masks) else None

    def elsewhere(self, rng: Any, n: int) -> "World":
        """Another batch of n examples and other parameters."""
        if self.fixed:
            return replace(self, values=draw(rng, self.slots))
        y = draw_labels(rng, n, self.sizes[-1])
        shape = [n if i == (self.axis or 0) else size for i, size in enumerate(self.x.shape)]
        whole = self.x.dtype.kind == "i"
        other = replace(self, x=rng.choice(self.x.reshape(-1), shape) if whole else rng.normal(size=shape), y=y)
        slots = tuple(self._resized(s, other.X.shape, n) for s in self.slots)
        moved = replace(other, slots=slots, values=draw(rng, slots))
        return moved.shared() if self.shares else moved

    def shared(self) -> "World":
        """With an x between 0 and 1, as probabilities are."""
        values = {k: between(v) if k == "x" else v for k, v in self.values.items()}
        return replace(self, x=between(self.x), values=values, shares=True)

    def _resized(self, slot: Slot, shape: tuple[int, ...], n: int) -> Slot:
        """A slot for a batch of n examples: x, and a state, which has a row or column for every example."""
        if slot.letter == "x":
            return replace(slot, shape=shape)
        if slot.letter:
            return slot
        own = self.x.shape[self.axis or 0]
        return replace(slot, shape=tuple(n if size == own else size for size in slot.shape))


def between(x: Any) -> Any:
    """Numbers between 0 and 1, not close to either."""
    return 0.05 + 0.9 / (1 + np.exp(-x))


def draw_data(rng: Any, n: int, d: int, classes: int) -> tuple[Any, Any]:
    """x (n, d) and y (n,), in which neighbouring examples have different classes."""
    y = draw_labels(rng, n, classes)
    return rng.normal(size=(n, d)), y


def draw_labels(rng: Any, n: int, classes: int) -> Any:
    """y (n,), in which neighbouring examples have different classes, two of them if there is a single output."""
    classes = max(classes, 2)
    return (np.arange(n) * 2 + np.arange(n) // classes + int(rng.integers(classes))) % classes


def draw(rng: Any, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """A point at which nothing is special: b and beta not 0, gamma not 1, about half of the units active."""
    values = {}
    for slot in slots:
        if slot.letter == "W":
            values[slot.name] = np.asarray(
                rng.normal(size=slot.shape) * (1.5 / min(max(slot.shape, default=1), 30) ** 0.5)
            )
        elif slot.letter == "x":
            values[slot.name] = rng.normal(size=slot.shape)
        elif slot.letter == "gamma":
            values[slot.name] = rng.uniform(0.6, 1.6, slot.shape)
        else:
            values[slot.name] = np.asarray(0.3 * rng.normal(size=slot.shape))  # of a number, too
    return values


def build(
    layout: Layout,
    store: Store,
    sizes: tuple[int, ...],
    arguments: Mapping[str, list[str]],
    n: int,
    rng: Any,
) -> World:
    """A world with parameters drawn."""
    slots = tuple(
        Slot(store.name(letter, layer, arguments), letter, layer, store.shape(letter, layer, sizes, layout))
        for letter, layer in store.letters()
    )
    _, axis = store.data_shape(n, sizes)
    y = draw_labels(rng, n, sizes[-1])
    return World(layout, store, sizes, store.draw_x(rng, n, sizes), y, LAMBDA, slots, draw(rng, slots), axis)


def plain_world(layout: Layout, sizes: tuple[int, ...], n: int, rng: Any, moves_x: bool = False) -> World:
    """A world without parameters: they are in an object, or there is only x."""
    x, y = draw_data(rng, n, sizes[0], sizes[-1])
    world = World(layout, Store(0), sizes, x, y, LAMBDA, (), {})
    if moves_x:
        slots = (Slot("x", "x", -1, world.X.shape),)
        return replace(world, slots=slots, values={"x": world.X})
    return world


def layer_world(shape: tuple[int, ...], n: int, rng: Any) -> World:
    """A world for a layer alone: x of this shape, one axis of which holds n examples."""
    x = rng.normal(size=shape)
    axis = shape.index(n) if n in shape else 0
    slots = (Slot("x", "x", -1, shape),)
    return World(LAYOUTS[1], Store(0), (4, 4), x, draw_labels(rng, n, 4), LAMBDA, slots, {"x": x}, axis)


def state_worlds(arrays: Sequence[Any], states: Sequence[str], n: int, rng: Any) -> Iterator[World]:
    """The worlds for a step of a recurrent layer with these weights, which is given x and states from the step before:
    rows as examples, or columns; weights may take the state and x in one."""
    widths = sorted({size for a in arrays for size in np.shape(a) if size > 1})
    for h, joined in product(widths, (False, True)):
        for d in [w - h for w in widths if w > h] if joined else widths:
            for shape, state in (((n, d), (n, h)), ((d, n), (h, n)), ((d,), (h,))):
                yield with_states(layer_world(shape, n, rng), states, state, rng)


def with_states(world: World, states: Sequence[str], shape: tuple[int, ...], rng: Any) -> World:
    """The world of a layer with states from the step before."""
    slots = tuple(Slot(name, "", -1, shape) for name in states)
    return replace(world, lambda_=0.0, slots=(*world.slots, *slots), values={**world.values, **draw(rng, slots)})


def token_world(shape: tuple[int, ...], rows: int, classes: int, rng: Any) -> World:
    """A world for a network whose inputs are numbers of rows, of letters or words: x of this shape, some twice."""
    x, y = rng.integers(rows, size=shape), draw_labels(rng, shape[0], classes)
    return World(LAYOUTS[1], Store(0), (rows, classes), x, y, LAMBDA, (), {})


def index_world(rows: int, n: int, rng: Any) -> World:
    """A world for a layer that looks up rows, as an embedding does: x (n, 3) holds their numbers, some of them twice.
    It has no derivative by x."""
    x = rng.integers(rows, size=(n, 3))
    return World(LAYOUTS[1], Store(0), (4, 4), x, draw_labels(rng, n, 4), LAMBDA, (), {}, 0)
