"""Which of the arrays that came back is the gradient of which parameter: by name, by position, by shape."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Any

import numpy as np

from .roles import key_letter, plain, stripped, tensor


@dataclass(frozen=True)
class Slot:
    """A parameter: its name in the student's words, its letter (W, b, gamma, beta; x), its layer from 0, its shape."""

    name: str
    letter: str
    layer: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Leaf:
    """An array inside what a function returned, and how it is reached from there."""

    path: str
    value: Any
    held: bool = False  # in an object, not in what a function returned


@dataclass(frozen=True)
class Match:
    """For every parameter that has one, the place of its gradient among the leaves; how well shapes fit: a number for
    every parameter, 3 the same, 2 the same without axes of length 1, 1 transposed, 0 another."""

    places: dict[str, int]
    fits: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """The higher, the better."""
        return sum(1 + fit for fit in self.fits.values())


def leaves(value: Any, names: Sequence[str] = (), path: str = "") -> list[Leaf]:
    """The arrays and numbers in what a function returned, in order. names: of the elements of a returned tuple."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return [Leaf(path or (names[0] if len(names) == 1 else ""), value)]
    if isinstance(value, dict):
        return list(chain.from_iterable(leaves(v, (), f"{path}[{k!r}]") for k, v in value.items()))
    if isinstance(value, list | tuple):
        named = names if len(names) == len(value) else [""] * len(value)
        steps = [name or f"{path}[{i}]" for i, name in enumerate(named)]
        return list(chain.from_iterable(leaves(v, (), step) for v, step in zip(value, steps, strict=True)))
    if isinstance(value, Iterator) or type(value).__name__ in ("dict_values", "map", "filter"):
        return leaves(list(value), (), path)
    if isinstance(value, np.ndarray):  # of objects
        return leaves(list(value), (), path)
    if isinstance(value, np.generic | int | float | complex) or value is None:
        return [Leaf(path or (names[0] if len(names) == 1 else ""), value)]
    inside = getattr(value, "__dict__", {})
    return list(chain.from_iterable(leaves(v, (), f"{path}.{k}") for k, v in inside.items())) if inside else []


def pieces(slots: Sequence[Slot], found: list[Leaf]) -> list[Leaf]:
    """The gradients of several tensors that stand one behind the other in one array, [dw; db], each by itself; what was
    found where it is something else."""
    sizes = [int(np.prod(slot.shape)) for slot in slots]
    one = found[0].value if len(found) == 1 < len(slots) else None
    if not isinstance(one, np.ndarray) or max(one.shape, default=0) != one.size or one.size != sum(sizes):
        return found
    parts = np.split(one.ravel(), np.cumsum(sizes)[:-1])
    return [Leaf(f"d{s.name}", part.reshape(s.shape)) for s, part in zip(slots, parts, strict=True)]


def fit(have: tuple[int, ...], want: tuple[int, ...]) -> int:
    """How well a gradient's shape fits a parameter's: see Match."""
    if have == want:
        return 3
    bare_have, bare_want = ([axis for axis in shape if axis != 1] for shape in (have, want))
    if bare_have == bare_want:
        return 2
    return 1 if bare_have[::-1] == bare_want else 0


IN_LIST = r"(\w|\])\[\d+\]$"  # grads[1], [0][1]: of a list among what is returned
ALIKE = 0.55  # how alike the names of a gradient and its parameter are at least


def by_likeness(values: Mapping[str, Any], found: Sequence[Leaf], first: int = 0) -> dict[str, int]:
    """Parameter -> the place of its gradient, by shape: the one that is called like it, or else the next. first: where
    the gradients begin."""
    places: dict[str, int] = {}
    order = [k for k, v in values.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    for place, leaf in list(enumerate(found))[first:]:
        names = [k for k in order if k not in places and values[k].shape == np.shape(leaf.value)]
        last = max((order.index(k) for k in places), default=-1)
        if names and leaf.value is not None:
            likeness = {k: max(alike(k, leaf.path), ALIKE) for k in names}
            places[max(names, key=lambda k: (likeness[k], order.index(k) > last, -order.index(k)))] = place
    return places


def alike(name: str, gradient: str) -> float:
    """How alike the names of a parameter and a gradient are, from 0 to 1, but for what says gradient. Of paths the last
    names count."""
    own, other = (plain((re.findall(r"[A-Za-z_]\w*", path) or [""])[-1]) for path in (name, gradient))
    return max(SequenceMatcher(None, own, one).ratio() for one in (other, *stripped(other)))


def match(slots: Sequence[Slot], found: Sequence[Leaf]) -> Match:
    """The most fitting reading."""
    places = _alike(slots, found) or _namesakes(slots, found)
    notes: list[str] = []
    groups: list[tuple[list[Slot], list[int]]] = []
    for letter in dict.fromkeys(slot.letter for slot in slots if slot.letter and slot.name not in places):
        wanted = [slot for slot in slots if slot.letter == letter and slot.name not in places]
        named = [
            i
            for i, leaf in enumerate(found)
            if tensor(leaf.path).letter == letter and leaf.value is not None and i not in places.values()
        ]
        if len(named) > len(wanted):  # net.W beside net.grad_W: what came in is handed back, too
            named = [i for i in named if not _is_parameter(found[i].path)] or named
        groups.append((wanted, _numbered(named, found)))
    reverse = _last_first([(wanted, named) for wanted, named in groups if len(wanted) == len(named) > 1], found)
    for wanted, named in groups:
        if len(wanted) != len(named):
            places |= _greedy(wanted, named, found)
            continue
        places |= {slot.name: i for slot, i in zip(wanted, named[::-1] if reverse else named, strict=True)}
        if reverse and len(wanted) > 1:
            notes.append(f"the gradients of {', '.join(slot.name for slot in wanted)} come with the last layer first")
    left = [slot for slot in slots if slot.name not in places]
    used = set(places.values())
    fitting = [i for i, leaf in enumerate(found) if _is_tensor(leaf) or _is_number_for(left, leaf)]
    free = [i for i in fitting if i not in used and not tensor(found[i].path).letter]
    if left and free:
        places |= _by_position(left, free, found)
    fits = {s.name: fit(np.shape(found[places[s.name]].value), s.shape) for s in slots if s.name in places}
    return Match(places, fits, tuple(notes))


def _alike(slots: Sequence[Slot], found: Sequence[Leaf]) -> dict[str, int]:
    """The gradients in a dict that has the names of all parameters as its keys: grads['U'] of U, as a recurrent network
    has them."""
    keys = {key[1]: i for i, leaf in enumerate(found) if (key := re.fullmatch(r"\['(\w+)'\]", leaf.path))}
    names = {slot.name for slot in slots}
    return {name: keys[name] for name in names} if names <= keys.keys() else {}


def _namesakes(slots: Sequence[Slot], found: Sequence[Leaf]) -> dict[str, int]:
    """The gradients that are called as the parameters are, but for what says gradient, and fit them: dWxh of Wxh,
    grads["W"][1] of W[1]; nothing unless every parameter has one, or every gradient in a dict is one."""
    called = {i: _tokens(leaf.path) for i, leaf in enumerate(found) if _is_tensor(leaf)}
    places: dict[str, int] = {}
    for slot in slots:
        own = [i for i, tokens in called.items() if _same(_tokens(slot.name), tokens) or _is_of_inputs(slot, tokens)]
        if len(own) == 1 and fit(np.shape(found[own[0]].value), slot.shape) >= 2:
            places[slot.name] = own[0]
    taken = set(places.values())
    keyed = bool(called) and all(found[i].path.startswith("[") for i in called) and taken == set(called)
    return places if len(taken) == len(places) and (len(places) == len(slots) or keyed) else {}


def _tokens(path: str) -> list[str]:
    """The last name in a path and the numbers behind it: W, 1 of net.grads["W"][1]."""
    words = [word for word in re.split(r"[\[\].'\"]+", path) if word]
    named = [i for i, word in enumerate(words) if not word.isdigit()]
    return [plain(word) for word in words[named[-1] :]] if named else []


def _same(parameter: list[str], gradient: list[str]) -> bool:
    """Do they differ by no more than what says gradient in the name?"""
    if not parameter or not gradient or parameter[1:] != gradient[1:]:
        return False
    return parameter[0] in (gradient[0], *stripped(gradient[0]))


def _is_of_inputs(slot: Slot, gradient: list[str]) -> bool:
    """Is it dxt or dX, of the inputs of a layer?"""
    return bool(gradient) and slot.letter == "x" and tensor(gradient[0]).letter == "x" and key_letter(gradient[0]) == ""


def _is_parameter(path: str) -> bool:
    """Is this what a parameter is called, not its gradient?"""
    return key_letter(re.findall(r"[A-Za-z_]\w*", path)[-1]) != ""


def _is_tensor(leaf: Leaf) -> bool:
    return leaf.value is not None and np.ndim(leaf.value) > 0


def _is_number_for(slots: Iterable[Slot], leaf: Leaf) -> bool:
    """Might it be the gradient of a number, or in a list that of an array with one element: is it a number that is not
    called a cost?"""
    if np.size(leaf.value) != 1 or leaf.value is None or re.search("(?i)cost|loss|^j$", leaf.path):
        return False
    return any(s.shape == () or (np.prod(s.shape) == 1 and re.search(IN_LIST, leaf.path)) for s in slots)


def _score(pairs: Iterable[tuple[Slot, int]], found: Sequence[Leaf]) -> int:
    return sum(fit(np.shape(found[i].value), slot.shape) for slot, i in pairs)


def _numbered(named: list[int], found: Sequence[Leaf]) -> list[int]:
    """Gradients that bear one letter: by number where they have one, in order otherwise."""
    numbers = [tensor(found[i].path).number for i in named]
    if len(set(numbers)) == len(numbers) and None not in numbers:
        return sorted(named, key=lambda i: tensor(found[i].path).number or 0)
    return named


def _last_first(groups: Iterable[tuple[list[Slot], list[int]]], found: Sequence[Leaf]) -> bool:
    """Do the lists of gradients, all of them, fit better with the last layer first? A list that alone is the other way
    round is a mistake."""
    straight = back = 0
    for wanted, named in groups:
        straight += _score(zip(wanted, named, strict=True), found)
        back += _score(zip(wanted, named[::-1], strict=True), found)
    return back > straight + 1


def _greedy(wanted: list[Slot], named: list[int], found: Sequence[Leaf]) -> dict[str, int]:
    """For every parameter the first gradient left that fits it best."""
    places: dict[str, int] = {}
    free = list(named)
    for slot in wanted:
        own = [i for i in free if _may_be_of(slot.name, found[i].path)]
        best = max(own, key=lambda i: fit(np.shape(found[i].value), slot.shape), default=None)
        if best is not None and fit(np.shape(found[best].value), slot.shape):
            places[slot.name] = best
            free.remove(best)
    return places


def _may_be_of(parameter: str, gradient: str) -> bool:
    """Do their numbers allow it: dW2 of W2, or of W[1], and dW of both?"""
    number, other = tensor(parameter).number, tensor(gradient).number
    from_0 = "[" in parameter and "[" not in gradient
    return number is None or other is None or other in (number, number + from_0)


def _by_position(left: list[Slot], free: list[int], found: Sequence[Leaf]) -> dict[str, int]:
    """Gradients without names: in one of the orders in which parameters are written."""
    best: tuple[int, dict[str, int]] = (0, {})
    for order in _orders(left):
        pairs = list(_aligned(order, free, found)) if len(free) != len(order) else list(zip(order, free, strict=True))
        score = _score(pairs, found)
        if score > best[0]:
            best = (score, {slot.name: i for slot, i in pairs})
    return best[1]


def _orders(slots: list[Slot]) -> Iterator[list[Slot]]:
    letters = {"x": -1, "W": 0, "b": 1, "gamma": 2, "beta": 3}
    yield slots  # as they are given
    yield sorted(slots, key=lambda s: (s.layer, letters.get(s.letter, 9)))
    yield sorted(slots, key=lambda s: (letters.get(s.letter, 9), s.layer))
    yield sorted(slots, key=lambda s: (-s.layer, letters.get(s.letter, 9)))
    yield sorted(slots, key=lambda s: (letters.get(s.letter, 9), -s.layer))
    yield sorted(slots, key=lambda s: (s.layer, -letters.get(s.letter, 9)))


def _aligned(order: list[Slot], free: list[int], found: Sequence[Leaf]) -> Iterator[tuple[Slot, int]]:
    """The same order with some left out on either side."""
    rest = list(free)
    for slot in order:
        fitting = [i for i in rest if fit(np.shape(found[i].value), slot.shape) >= 2]
        if fitting:
            yield slot, fitting[0]
            rest = [i for i in rest if i > fitting[0]]
