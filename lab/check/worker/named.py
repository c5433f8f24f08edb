"""Parameters whose names say their shapes, in a dict, an object or a tuple that is unpacked: recurrent networks with U,
W, V, b, c or with gates, and networks over letters that begin with an embedding."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .roles import Role, plain, role
from .source import indexes_with, is_octave, role_in, signature, text, tree, words
from .values import Function
from .world import Layout, Store

CONTEXT, WIDTH = 3, 2  # letters side by side, and numbers for each

# What a name stands for: outputs x inputs, or a vector; d inputs, m states, k outputs, j states and inputs in one.
Table = tuple[tuple[str, str], ...]
VECTORS: Table = (
    (r"b|bh|bhh?|ba|b1|bf|bi|bc|bg|bo|bz|br|bn|bu", "m"),
    (r"c|by|bout|b2|bv", "k"),
)
STEP: Table = (
    (r"u|wxh?|wax|wih|wxa|win|w1", "md"),
    (r"w|whh?|waa|wha|wrec|wr", "mm"),
    (r"v|why|wy|wya|wah|who|wout|w2", "km"),
    *VECTORS,
)
JOINED: Table = ((r"w[figcozrhnua]", "mj"), (r"v|why|wy|wya|wout", "km"), *VECTORS)
GATES: Table = (
    (r"w[figcozrhnu]|wx[figcozrhnu]|w[figcozrhnu]x", "md"),
    (r"u[figcozrhnu]|wh[figcozrhnu]|w[figcozrhnu]h", "mm"),
    (r"v|why|wy|wya|wout", "km"),
    *VECTORS,
)
LETTERS: Table = (
    (r"c|e|emb|embeddings?|wte|lookup", "de"),
    (r"w1|wh", "mt"),
    (r"w2|wy|wo", "km"),
    (r"b2|by|bo", "k"),
    (r"b1|bh|\w*gain|\w*bias|gamma\w*|beta\w*", "m"),
)


@dataclass(frozen=True)
class NamedStore(Store):
    """See Store. shapes: the parameters in the student's order, each with what VECTORS and the like say of it."""

    shapes: Table = ()

    @property
    def tokens(self) -> bool:
        """Are the inputs numbers of rows?"""
        return any(of == "de" for _, of in self.shapes)

    def letters(self) -> Iterator[tuple[str, int]]:
        """They have no letters that all networks share."""
        yield from (("", i) for i in range(len(self.shapes)))

    def shape(self, letter: str, layer: int, sizes: tuple[int, ...], layout: Layout) -> tuple[int, ...]:
        """The shape of a tensor."""
        d, m, k = sizes
        size = {"d": d, "m": m, "k": k, "j": m + d, "e": WIDTH, "t": CONTEXT * WIDTH}
        of = self.shapes[layer][1]
        if of == "de":
            return d, WIDTH
        return layout.vector(size[of]) if len(of) == 1 else layout.weight(size[of[1]], size[of[0]])

    def name(self, letter: str, layer: int, arguments: Mapping[str, list[str]]) -> str:
        """What the student calls a tensor."""
        return self.shapes[layer][0]

    def container(self, values: Mapping[tuple[str, int], Any]) -> Any:
        """All parameters in one object of this style."""
        found = {name: values["", i] for i, (name, _) in enumerate(self.shapes)}
        if self.style == "tuple":
            return list(found.values())
        return SimpleNamespace(**found) if self.style == "attributes" else found

    def draw_x(self, rng: Any, n: int, sizes: tuple[int, ...]) -> Any:
        """Numbers of rows, where these are the inputs."""
        return rng.integers(sizes[0], size=(n, CONTEXT)) if self.tokens else super().draw_x(rng, n, sizes)


def named_stores(functions: Sequence[Function]) -> Iterator[NamedStore]:
    """The stores for functions that are given such parameters in one argument; none if they are not."""
    names, style = _names(functions)
    looked_up = any(indexes_with(f, p.name) for f in functions for p in signature(f) if role(p.name) is Role.X)
    for table in (LETTERS,) if looked_up else (STEP, JOINED, GATES):
        shapes = tuple((name, of) for name in names for of in _shapes(name, table)[:1])
        recurrent = table is LETTERS or any(of in ("mm", "mj") for _, of in shapes)
        if names and len(shapes) == len(names) > 2 and recurrent:
            yield NamedStore(2, style=style, shapes=shapes)


def _shapes(name: str, table: Table) -> list[str]:
    return [of for pattern, of in table if re.fullmatch(pattern, plain(name))]


def _names(functions: Sequence[Function]) -> tuple[list[str], str]:
    """The names of what the functions take out of the argument that holds all parameters, and how it holds them."""
    for f in functions:
        for p in signature(f):
            if role_in(f, p.name) is not Role.NETWORK:
                continue
            if found := _unpacked(f, p.name):
                return found, "tuple"
            said = text(f)
            found = re.findall(rf"(?<![\w.]){p.name}\[['\"](\w+)['\"]\]", said)
            keyed = any(re.search(rf"(?<![\w.]){p.name}\[['\"]", text(g)) for g in functions)
            style = "flat" if keyed else "attributes"
            found = found or re.findall(rf"(?<![\w.]){p.name}\.([A-Za-z]\w*)\b(?! *\()", said)
            every = [name for name in dict.fromkeys(found) if _known(name)]
            for g in functions:  # what another one takes out of it
                every += [w for w in sorted(words(g)) if w not in every and _known(w) and _takes(g, p.name, w)]
            return every, "flat" if is_octave(f) else style
    return [], ""


def _known(name: str) -> bool:
    return any(_shapes(name, table) for table in (STEP, JOINED, GATES, LETTERS))


def _takes(function: Function, argument: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){argument}(\.{name}\b|\[['\"]{name}['\"]\])", text(function)) is not None


def _unpacked(function: Function, argument: str) -> list[str]:
    """C, W1, b1 of C, W1, b1 = params."""
    for node in ast.walk(tree(function) or ast.Module([], [])):
        if isinstance(node, ast.Assign) and getattr(node.value, "id", "") == argument:
            elements = getattr(node.targets[0], "elts", ())
            return [e.id for e in elements if isinstance(e, ast.Name)]
    return []
