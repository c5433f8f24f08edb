"""The same code elsewhere: at other points, with other inputs and settings, and with flags the other way."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .code import Code
from .inputs import odd, other_settings
from .source import signature
from .state import State
from .world import World, draw

if TYPE_CHECKING:
    from .functions import FunctionCode


def variants(code: "FunctionCode", rng: Any) -> Iterator[tuple[str, Code]]:
    """The variants of a code that are worth a look, each with words for where: "with another batch"."""
    n = code.world.x.shape[code.world.axis or 0]
    if code.world.fixed:
        yield "at another point", code.elsewhere(rng, n)
        return
    yield "at another point, with another batch", code.elsewhere(rng, n)
    yield "with a batch of another size", code.elsewhere(rng, n + 4)
    if code.layer and code.state is not None and (other := _other_stride(code, rng)) is not None:
        yield "with another stride or padding", other
    forward = code.family.forward
    if forward is None or not code.layer or code.world.x.ndim != 4 or not set(code.world.x.shape) >= {6, 8}:
        return
    for others in other_settings([p.name for p in signature(forward)], getattr(forward, "__name__", "")):
        words = ", ".join(f"{key} {value}" for settings in others.values() for key, value in settings.items())
        yield f"with {words}", _other_settings(code, others, rng)


def drawn(state: State, rng: Any) -> dict[str, Any]:
    """Other values of the parameters in an object, in their dtype."""
    own = state.values
    return {name: value.astype(own[name].dtype) for name, value in draw(rng, state.slots).items()}


def _odd(code: "FunctionCode", rng: Any) -> World:
    """A world with images of odd sides."""
    x = rng.normal(size=odd(code.world.x.shape))
    slots = tuple(replace(s, shape=x.shape) if s.letter == "x" else s for s in code.world.slots)
    return replace(code.world, x=x, slots=slots, values={**code.world.values, "x": x})


def _other_stride(code: "FunctionCode", rng: Any) -> "FunctionCode | None":
    """The layer with another stride, so that windows overlap or leave gaps, and with padding if it has
    none, or without."""
    assert code.state is not None
    own = vars(code.state.thing)
    changes = {k: 1 if v > 1 else 2 for k, v in own.items() if "stride" in k.lower() and type(v) is int}
    changes |= {k: int(v == 0) for k, v in own.items() if re.search("pad|^p$", k.lower()) and type(v) is int}
    if not changes or code.world.x.ndim != 4:
        return None
    thing = copy.deepcopy(code.state.thing)
    vars(thing).update(changes)
    return code.remade(_odd(code, rng), code.binder.copy(), State(thing))


def _other_settings(code: "FunctionCode", others: Mapping[str, dict[str, Any]], rng: Any) -> "FunctionCode":
    other = code.moved_to(_odd(code, rng))
    other.binder.settings = others
    other.slots = other.world.slots
    other.params = {**code.params, "x": other.world.x}
    other.hand(rng)
    return other
