"""Ways to fill arguments that no name tells from what forward returned."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, product
from typing import Any

from .outputs import Outputs
from .roles import plain

Recipe = Callable[[Outputs], Any]


def fillings(unknown: Sequence[str], outputs: Outputs | None, own: Collection[str] = ()) -> Iterator[dict[str, Recipe]]:
    """Ways to fill these arguments from what forward returned, likely ones first. own: what forward itself is given."""
    if not unknown:
        yield {}
        return
    if outputs is None:
        return
    again = {unknown[0]: lambda o: o.inputs.copy()} if outputs.inputs is not None and len(unknown) == 1 else None
    if again is not None and unknown[0] in own:  # of a loss: what it gives is no prediction
        yield again
    known = [i for i, name in enumerate(outputs.names) if name and name not in map(plain, unknown)]
    free = [i for i in range(len(outputs.parts)) if i not in known] or list(range(len(outputs.parts)))
    others = list(range(1, len(outputs.parts)))
    for places in (others, free, list(range(len(outputs.parts)))):
        if len(places) == len(unknown):
            yield {name: _at(i) for name, i in zip(unknown, places, strict=True)}
    if again is not None:
        yield again
    every: list[Recipe] = [Outputs.rest, lambda o: o.value, *(_at(i) for i in range(len(outputs.parts)))]
    every += [
        _inside(i, j)
        for i, part in enumerate(outputs.parts)
        if isinstance(part, list | tuple)
        for j in range(len(part))
    ]
    dicts = [(i, part) for i, part in enumerate(outputs.parts) if isinstance(part, dict)]
    every += [_keyed(i, key) for i, part in dicts for key in reversed(part)]  # what comes last is the output
    every += [_last(i) for i, part in enumerate(outputs.parts) if isinstance(part, list | tuple) and part]
    for recipes in islice(product(every, repeat=len(unknown)), 60):
        yield dict(zip(unknown, recipes, strict=True))


def _at(i: int) -> Recipe:
    return lambda outputs: outputs.parts[i]


def _inside(i: int, j: int) -> Recipe:
    return lambda outputs: outputs.parts[i][j]


def _keyed(i: int, key: Any) -> Recipe:
    return lambda outputs: outputs.parts[i][key]


def _last(i: int) -> Recipe:
    return lambda outputs: outputs.parts[i][-1]
