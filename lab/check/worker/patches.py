"""Parameters of a network whose first layer has filters over patches, as DD2424's: MX (patches, numbers in a patch, n),
Fs (numbers in a patch, filters), then dense layers, the first of which reads all filters at all patches."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .pictures import axes
from .roles import Role, plain, role
from .source import signature, text, words
from .values import Function
from .world import Layout, Store

PATCHES = 4
FILTERS = r"f|fs|fsflat|filters?|kernels?|wconv|convw|w0|wc"


@dataclass(frozen=True)
class PatchStore(Store):
    """See Store. filters: the key of the filters."""

    filters: str = "Fs"

    def letters(self) -> Iterator[tuple[str, int]]:
        """The filters are the W of layer 0, which has no b."""
        yield from (each for each in super().letters() if each != ("b", 0))

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
        """The shape of a tensor; sizes: of a patch, of the filters and of every layer."""
        if letter == "W" and layer == 0:
            return sizes[0], sizes[1]
        if letter == "W" and layer == 1:
            return layout.weight(PATCHES * sizes[1], sizes[2])
        return super().shape(letter, layer, sizes, layout)

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """What the student calls a tensor."""
        own, key = arguments.get(letter, []), dict(self.keys)[letter]
        if not self.style:
            return own[layer - (letter == "b")]
        if layer == 0:
            return self.filters
        return f"{key}[{layer - 1}]" if self.style == "dict of lists" else f"{key}{layer - 1 + self.base}"

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """All parameters in one object of this style."""
        keys = dict(self.keys)
        found: dict[str, Any] = {self.filters: values["W", 0]}
        for letter, layer in self.letters():
            if layer and self.style == "dict of lists":
                found.setdefault(keys[letter], []).append(values[letter, layer])
            elif layer:
                found[self.name(letter, layer, {})] = values[letter, layer]
        return SimpleNamespace(**found) if self.style == "attributes" else found

    def data_shape(self, n: int, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], int | None]:
        """The shape of X and the axis of its examples."""
        return (PATCHES, sizes[0], n), 2


def patch_stores(functions: Sequence[Function], held: Mapping[str, list[str]]) -> Iterator[PatchStore]:
    """The stores for functions that read X as patches; none if they do not."""
    if not any(axes(f) == 3 or _takes_patches(f) for f in functions):
        return
    weights, biases = held.get("W", []), held.get("b", [])
    if weights:
        if len(weights) == len(biases) + 1 > 1:
            yield PatchStore(len(weights))
        return
    used = sorted(set().union(*map(words, functions)))
    said = " ".join(map(text, functions))
    keys = [word for word in used if re.search(rf"\[['\"]{word}['\"]\]|\w\.{word}\b", said)]
    filters = next((word for word in keys if re.fullmatch(FILTERS, plain(word))), "")
    if not filters:
        return
    numbers = [int(word[-1]) for word in used if re.fullmatch(r"W\d", word)]
    depth = 1 + (max(numbers) - min(numbers) + 1 if numbers else 2)
    base = min(numbers, default=1)
    for style in ("flat", "dict of lists", "attributes") if numbers else ("dict of lists", "flat", "attributes"):
        yield PatchStore(depth, style=style, base=base, filters=filters)


def _takes_patches(function: Function) -> bool:
    return any(role(p.name) is Role.X and plain(p.name).startswith("mx") for p in signature(function))
