"""The same code elsewhere: at other points, with other inputs and settings, and with flags the other way."""

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .code import Code
from .construct import is_slope, slope_pairs
from .inputs import odd, other_settings
from .roles import Role, one_hot_first, plain, role
from .source import called, compared, is_called, read, role_in, signature
from .state import State
from .switches import drops, is_mask, is_neutral, is_norm, said, switches
from .values import Function
from .world import LAMBDA, World, draw

if TYPE_CHECKING:
    from .functions import FunctionCode

EVALUATES = "test|eval|pred|infer|val"  # in words for a mode that has no gradients
PENALTY = (  # what a layer calls the method that gives its penalty
    r"(get|compute|calc(ulate)?)?(l2|weights?)?(penalty|reg(ulari[sz](ation|er))?|decay|l2)(loss|term|cost|value)?"
)
OTHER_WORDS = 2  # the most that are tried for an argument


def variants(code: "FunctionCode", rng: Any) -> Iterator[tuple[str, Code]]:
    """The variants of a code that are worth a look, each with words for where: "with another batch"."""
    n = code.world.x.shape[code.world.axis or 0]
    if code.overwritten:
        twice = copy.copy(code)
        twice.times = 2
        yield f"over two calls of {getattr(code.family.gradient, '__name__', 'backward')}()", twice
    if code.world.fixed:
        yield "at another point", code.elsewhere(rng, n)
        yield from _switched(code)
        return
    yield "at another point, with another batch", code.elsewhere(rng, n)
    yield "with a batch of another size", code.elsewhere(rng, n + 4)
    yield from _switched(code)
    if code.layer and code.state is not None and (other := _other_stride(code, rng)) is not None:
        yield "with another stride or padding", other
    forward = code.family.forward
    if forward is None or not code.layer or code.world.x.ndim != 4 or 6 not in code.world.x.shape:
        return
    for others in other_settings([p.name for p in signature(forward)], getattr(forward, "__name__", "")):
        words = ", ".join(f"{key} {value}" for settings in others.values() for key, value in settings.items())
        yield f"with {words}", _other_settings(code, others, rng)


class Unbuilt(Code):
    """A variant that does not run. Its cost and its gradients raise the reason."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, {}

    def cost(self, params: Mapping[str, Any]) -> Any:
        """Raises what stood in the way."""
        raise self.error

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Raises what stood in the way."""
        raise self.error


def _switched(code: "FunctionCode") -> Iterator[tuple[str, Code]]:
    """With what is off by default switched on, and the other way round."""
    arguments = _shared(code)
    norms = sorted({p.name for p in arguments if is_norm(p.name)} | set(code.world.store.flags))
    if norms and (code.world.store.normed or code.state is not None):
        off = replace(code.world, store=replace(code.world.store, off=True))
        yield f"with {norms[0]}=False", _built(lambda: code.remade(off, code.binder.copy(), code.state))
    optional = [p for p in arguments if p.default is not p.empty]
    rates = [f"{p.name}={rate}" for p in optional if (rate := drops(_role(code, p.name), p.default))]
    masks = [f"a dropout {p.name}" for p in optional if is_mask(p.name) and p.default is None]
    if words := [*rates, *masks]:
        binder = code.binder.copy()
        binder.dropping = True
        yield f"with {words[0]}", _built(lambda: code.remade(code.world, binder, code.state))
    yield from _other_words(code)
    yield from _other_labels(code)
    yield from _off_neutral(code)
    making = code.state.making if code.state is not None else None
    if making is None or type(code.state.thing) is not making.made:  # type: ignore[union-attr]
        return
    yield from _penalised(code, making)
    for changes in (*switches(making.made, making.given()), *_other_activations(making.made)):
        yield f"with {said(changes)}", _built(lambda c=changes: _remade(code, replace(making, changes=c)))  # type: ignore[misc]


def _other_words(code: "FunctionCode") -> Iterator[tuple[str, Code]]:
    """With the other words that the gradients compare an argument with, mode="average", where all functions take it."""
    functions = [f for f in (code.family.gradient, code.family.forward, code.family.cost) if f is not None]
    taken = [{p.name for p in signature(f) if isinstance(p.default, str)} for f in functions]
    for p in signature(functions[0]):
        words = compared(functions[0], p.name) if p.name in set.intersection(*taken) else []
        for word in [word for word in words if word != p.default and not re.search(EVALUATES, word)][:OTHER_WORDS]:
            binder = code.binder.copy()
            binder.chosen = {p.name: word}
            yield f"with {p.name}={word!r}", _built(lambda b=binder: code.remade(code.world, b, code.state))  # type: ignore[misc]


def _off_neutral(code: "FunctionCode") -> Iterator[tuple[str, Code]]:
    """With other values for the numbers that are 0 or 1 where nothing is said, and that J reacts to: at these a summand
    or a factor shows nothing."""
    arguments = [p for p in _shared(code) if role(p.name) is not Role.LAMBDA and is_neutral(p.name, p.default)]
    taken = {p.name: _beside(p.default) for p in arguments}
    taken = {name: value for name, value in taken.items() if _reacts(_chosen(code, {name: value}), code)}
    kept = {name: value for name, value in _kept(code).items() if _reacts(_with_numbers(code, {name: value}), code)}
    if taken or kept:
        yield f"with {said({**taken, **kept})}", _with_numbers(_chosen(code, taken), kept)


def _kept(code: "FunctionCode") -> dict[str, float]:
    """The numbers that the object keeps and that are 0 or 1, with others in their place."""
    if code.state is None:
        return {}
    own = {name for name, places in code.state.where().items() for place in places if place.path == f".{name}"}
    inside = vars(code.state.thing).items()
    return {name: _beside(value) for name, value in inside if is_neutral(name, value) and name not in own}


def _beside(value: float) -> float:
    return value + 0.3


def _chosen(code: "FunctionCode", values: Mapping[str, float]) -> "FunctionCode":
    other = code.moved_to(code.world)
    other.params, other.binder.chosen = code.params, {**code.binder.chosen, **values}
    return other


def _with_numbers(code: "FunctionCode", values: Mapping[str, float]) -> "FunctionCode":
    other = copy.copy(code)
    if other.state is not None:
        other.state = other.state.copy()
        other.state.numbers = values
    return other


def _reacts(other: "FunctionCode", code: "FunctionCode") -> bool:
    """Does J react to what is other, and is it finite?"""
    try:
        J = other.cost(code.params)
    except Exception:
        return False
    return bool(np.isfinite(J) and code.cost(code.params) != J)


OTHER_LABELS = {"one-hot": "ints", "turned": "ints", "ints": "one-hot", "row": "one-hot", "column": "one-hot"}


def _other_labels(code: "FunctionCode") -> Iterator[tuple[str, Code]]:
    """With one-hot labels for integers, or the other way round, where the cost takes both as the same and the gradients
    run with both: each may have a branch of its own."""
    asked = code.family.cost or code.family.gradient
    if code.layer or code.penalty is not None or code.world.sizes[-1] == 1:
        return
    for kind in {"Y" if one_hot_first(p.name) else "y" for p in signature(asked) if role(p.name) is Role.LABELS}:
        other = code.moved_to(code.world)
        now = OTHER_LABELS[code.binder.encodings[kind]]
        other.binder.encodings = {**code.binder.encodings, kind: now}
        shifted = other.moved_to(replace(code.world, y=(code.world.y + 1) % code.world.sizes[-1]))
        try:
            J = code.cost(code.params)
            if abs(other.cost(code.params) - J) <= 1e-9 * abs(J) < abs(shifted.cost(code.params) - J):
                other.gradients(code.params)
                yield f"with {'one-hot' if now == 'one-hot' else 'integer'} labels", other
        except Exception:  # it takes one form only
            continue


def _other_activations(made: Function) -> Iterator[dict[str, Any]]:
    """For a constructor that is given an activation and its derivative: the others of the file."""
    names = [p.name for p in signature(made) if p.default is p.empty and is_called(made, p.name)]
    if len(names) != 2 or not is_slope(names[1]):
        return
    for pair in list(slope_pairs(made))[1 : 1 + OTHER_WORDS]:
        yield dict(zip(names, pair, strict=True))


def _shared(code: "FunctionCode") -> list[inspect.Parameter]:
    """The arguments that change both J and the gradients. What calls forward itself is not changed by an argument of
    forward's: it says with which flag."""
    family = code.family

    def reached(function: Function) -> list[inspect.Parameter]:
        forward = family.forward
        calls = forward is None or getattr(forward, "__name__", "") in called(function)
        return [*signature(function), *(() if calls else signature(forward))]

    both = [{p.name for p in reached(f)} for f in (family.gradient, family.cost or family.gradient)]
    return [p for p in reached(family.gradient) if p.name in both[0] & both[1]]


def _role(code: "FunctionCode", name: str) -> Role:
    """What an argument stands for in the first of the functions that takes it."""
    functions = [f for f in (code.family.gradient, code.family.forward) if f is not None]
    return next(role_in(f, name) for f in functions if name in [p.name for p in signature(f)])


def _built(build: Callable[[], Code]) -> Code:
    try:
        return build()
    except Exception as error:
        return Unbuilt(error)


def _penalised(code: "FunctionCode", making: Any) -> Iterator[tuple[str, Code]]:
    """Of a layer that has a method for its penalty, and a backward that reads the same lambda: with lambda not 0, and
    the penalty in J."""
    assert code.state is not None
    kind, strengths = type(code.state.thing), [p.name for p in signature(making.made) if role(p.name) is Role.LAMBDA]
    for name in dir(kind) if code.layer and strengths else ():
        method = getattr(kind, name)
        if not re.fullmatch(PENALTY, plain(name)) or [p for p in signature(method)[1:] if p.default is p.empty]:
            continue
        if any(role(attribute) is Role.LAMBDA for attribute in read(method) & read(code.family.gradient)):
            changes = {strengths[0]: LAMBDA}
            built = _built(lambda n=name, c=changes: _with_penalty(_remade(code, replace(making, changes=c)), n))  # type: ignore[misc]
            yield f"with {said(changes)} and {name}() in J", built


def _with_penalty(code: "FunctionCode", name: str) -> "FunctionCode":
    """A layer whose J holds what this method of its object gives."""
    assert code.state is not None
    code.family = replace(code.family, cost=getattr(code.state.thing, name))
    return code


def _remade(code: "FunctionCode", making: Any) -> "FunctionCode":
    """The code of an object made with other settings."""
    state, binder = State(making.new()), code.binder.copy()
    state.making = making
    binder.network = lambda: state.thing
    norms = [bool(value) for name, value in making.changes.items() if is_norm(name)]
    world = replace(code.world, store=replace(code.world.store, off=not all(norms))) if norms else code.world
    return code.remade(world, binder, state)


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
    if not changes or code.world.x.ndim not in (3, 4):
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
