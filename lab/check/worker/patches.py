"""Parameters of a network whose first layer has filters over patches, as DD2424's: MX (patches, numbers in a patch, n),
Fs (numbers in a patch, filters) or (f, f, channels, filters), perhaps with biases, then dense layers, the first of
which reads all filters at all patches."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace
from typing import Any

from .pictures import axes
from .roles import Role, plain, role
from .source import signature, text, words
from .values import Function
from .world import Layout, Store

PATCHES = 4
WINDOW = (2, 2, 3)  # of filters with four axes
FILTERS = r"f|fs|fsflat|filters?|kernels?|wconv|convw|w0|wc"
BIASES = r"b(ias(es)?)?(f|fs|filters?|conv|c|0)|(f|fs|conv|c)b(ias(es)?)?"


@dataclass(frozen=True)
class PatchStore(Store):
    """See Store. filters: the key of the filters; shifted: have they biases? shifts: the key of these; window:
    the first axes of filters that have four."""

    filters: str = "Fs"
    shifted: bool = False
    shifts: str = ""
    window: tuple[int, ...] = ()

    def letters(self) -> Iterator[tuple[str, int]]:
        """The filters are the W of layer 0, their biases its b."""
        yield from (each for each in super().letters() if self.shifted or each != ("b", 0))

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
        """The shape of a tensor; sizes: of a patch, of the filters and of every layer."""
        if letter == "W" and layer == 0:
            return (*self.window, sizes[1]) if self.window else sizes[:2]
        if letter == "W" and layer == 1:
            return layout.weight(PATCHES * sizes[1], sizes[2])
        return super().shape(letter, layer, sizes, layout)

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """What the student calls a tensor."""
        own, key = arguments.get(letter, []), dict(self.keys)[letter]
        if not self.style:
            return own[layer - (letter == "b" and not self.shifted)]
        if layer == 0:
            return self.filters if letter == "W" else self.shifts
        return f"{key}[{layer - 1}]" if self.style == "dict of lists" else f"{key}{layer - 1 + self.base}"

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """All parameters in one object of this style."""
        keys = dict(self.keys)
        found: dict[str, Any] = {}
        for letter, layer in self.letters():
            if layer and self.style == "dict of lists":
                found.setdefault(keys[letter], []).append(values[letter, layer])
            else:
                found[self.name(letter, layer, {})] = values[letter, layer]
        return SimpleNamespace(**found) if self.style == "attributes" else found

    def data_shape(self, n: int, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], int | None]:
        """The shape of X and the axis of its examples."""
        return (PATCHES, math.prod(self.window) if self.window else sizes[0], n), 2


def patch_stores(functions: Sequence[Function], held: Mapping[str, list[str]]) -> Iterator[PatchStore]:
    """The stores for functions that read X as patches; none if they do not."""
    if not any(axes(f) == 3 or _takes_patches(f) for f in functions):
        return
    weights, biases = held.get("W", []), held.get("b", [])
    if weights:
        if len(weights) > 1 and len(weights) - len(biases) in (0, 1):
            shifted = len(weights) == len(biases)
            yield from (PatchStore(len(weights), shifted=shifted, window=window) for window in ((), WINDOW))
        return
    used = sorted(set().union(*map(words, functions)))
    said = " ".join(map(text, functions))
    keys = [word for word in used if re.search(rf"\[['\"]{word}['\"]\]|\w\.{word}\b", said)]
    filters = next((word for word in keys if re.fullmatch(FILTERS, plain(word))), "")
    shifts = next((word for word in keys if re.fullmatch(BIASES, plain(word))), "")
    if not filters:
        return
    numbers = [int(word[-1]) for word in keys if re.fullmatch(r"W[1-9]", word)]
    depth = 1 + (max(numbers) - min(numbers) + 1 if numbers else 2)
    base = min(numbers, default=1)
    styles = ("flat", "dict of lists", "attributes") if numbers else ("dict of lists", "flat", "attributes")
    for style, window in product(styles, ((), WINDOW)):
        yield PatchStore(
            depth,
            style=style,
            base=base,
            filters=filters,
            shifted=bool(shifts),
            shifts=shifts,
            window=window,
        )


def _takes_patches(function: Function) -> bool:
    return any(role(p.name) is Role.X and plain(p.name).startswith("mx") for p in signature(function))
