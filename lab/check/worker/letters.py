"""Parameters of a ConvNet over the letters of names, as DD2424's: filters F1 (letters, width, filters), F2 (filters of
F1, width, filters) ... and one dense W over all places that are left. X holds a name in a column, letter by letter."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from .roles import Role, plain
from .source import role_in, signature, text, words
from .values import Function
from .world import Layout, Store

PLACES, WIDTHS = 9, (3, 2, 2)  # letters of a name; widths of the filters
FILTERS = r"(f|filter|conv|kernel)s?\d"
THREE_AXES = r"\w+, *\w+, *\w+ *= *[\w.]+\.shape"
LENGTH = r"(n|num|max|name|seq)?(len|length|places|chars)(\d?)"
SHARES = r"p|py|prior|priors|frequencies|freqs|classprobs?|classfreqs?|pclass|balance"


@dataclass(frozen=True)
class LetterStore(Store):
    """See Store. names: of the filters, in their order, and of W."""

    names: tuple[str, ...] = ()

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
        """The shape of a tensor; sizes: of the letters, of all filters, and of the classes."""
        if layer < self.depth - 1:
            return sizes[layer], WIDTHS[layer], sizes[layer + 1]
        return layout.weight(sizes[layer] * self.places(layer), sizes[layer + 1])

    def places(self, layer: int) -> int:
        """How many places are left before a layer."""
        return PLACES - sum(width - 1 for width in WIDTHS[:layer])

    def data_shape(self, n: int, sizes: tuple[int, ...]) -> tuple[tuple[int, ...], int | None]:
        """See Store."""
        return (n, sizes[0] * PLACES), None

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """What the student calls a tensor."""
        return self.names[layer]

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """All parameters in one object of this style."""
        found = {name: values["W", layer] for layer, name in enumerate(self.names)}
        return SimpleNamespace(**found) if self.style == "attributes" else found

    def told(self, name: str, classes: int) -> Any:
        """The number of places, or how frequent the classes are; None for another name."""
        if length := re.fullmatch(LENGTH, plain(name)):
            return self.places(int(length[3] or 0))
        return 0.1 + np.arange(classes) / classes if re.fullmatch(SHARES, plain(name)) else None


def letter_stores(functions: Sequence[Function]) -> Iterator[LetterStore]:
    """The stores for functions of such a ConvNet; none if they are of none."""
    modules = {sys.modules.get(getattr(f, "__module__", "")) for f in functions}
    lengths = [p.name for f in functions for p in signature(f) if re.fullmatch(LENGTH, plain(p.name))]
    if not lengths or not any(re.search(THREE_AXES, text(m)) for m in modules):
        return
    arguments = [p.name for p in signature(functions[0])]
    whole = any(role_in(functions[0], name) is Role.NETWORK for name in arguments)
    used = sorted(set().union(*map(words, functions))) if whole else arguments
    filters = [word for word in used if re.fullmatch(FILTERS, plain(word))]
    dense = [word for word in used if re.fullmatch(r"w\d?", plain(word))]
    if not 0 < len(filters) <= len(WIDTHS) or len(dense) != 1:
        return
    for style in ("attributes", "flat") if whole else ("",):
        yield LetterStore(len(filters) + 1, biases=False, style=style, names=(*filters, *dense))
