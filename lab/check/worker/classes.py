"""Classes: networks, losses and layers, whose parameters and gradients live in their objects."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from .binding import Binder
from .by_scores import ByScores, wrong_by_scores
from .construct import Making, makers, new
from .counts import BATCH_SIZE
from .effort import Budget
from .errors import CodeError, GuessError, NothingToCheckError, NoWayError
from .families import PARAMETERS, families, globals_read, gradient_of, loss_of, methods_of, roles_of, takes_inputs_alone
from .functions import Family, FunctionCode, agreement, is_by_the_scores, name_of
from .inputs import layer_inputs
from .one_output import of_one_output
from .outputs import Outputs
from .roles import Role, is_state, plain
from .scopes import closure, globals_of
from .search import (
    LARGE,
    Try,
    is_binary,
    measured,
    search,
    singly,
    sizes,
    squared,
    suited_worlds,
    token_worlds,
    too_large,
    with_probabilities,
    worlds,
)
from .source import looks_up, says_rows, signature, text
from .state import State
from .values import Function
from .world import LAYOUTS, World, index_world, layer_world, plain_world, state_worlds

FOUR = (LAYOUTS[0], LAYOUTS[1], LAYOUTS[3], LAYOUTS[5])  # columns or rows as examples, W either way
ENCODINGS = {"Y": "one-hot", "y": "ints"}
INTO_ARRAYS = r"self\.(inp|input|inputs|x|a|z)\.(g|grad)\s*="  # of fast.ai's layers
TOLD = (ENCODINGS, *({"Y": kind, "y": kind} for kind in ("one-hot", "column", "ints")))  # labels of a constructor


def find_class(namespace: Any, kind: type, n: int, rng: Any) -> FunctionCode:
    """The code of a class, in the most fitting world. Raises the error that came furthest."""
    seed = int(rng.integers(1 << 31))
    first: BaseException | None = None
    budget = Budget()
    for maker in makers(namespace, kind):
        try:
            code = search(
                lambda m=maker: _groups(namespace, m, kind, n, seed, budget),
                lambda size, group: group(size),
                budget,
                is_binary(namespace),
            )
            if (by_scores := loss_by_scores(namespace, code)) is not None:
                return by_scores
            code = of_one_output(code, rng)
            return singly(code, lambda: find_class(namespace, kind, 1, rng)) if n > 1 else code
        except NothingToCheckError:
            raise
        except Exception as error:
            first = first or error
    if n > 1 and (one := _of_one_example(namespace, kind, rng)) is not None:
        return one
    first = first or CodeError(f"there is no way to make a {kind.__name__}")
    raise first if isinstance(first, NoWayError | GuessError) else GuessError(None, first) from first


ONE = r"(flatten|ravel|outer|size|identity)\(|reshape\(\(?-1, *1\)|newaxis"  # in code for one example


def _of_one_example(namespace: Any, kind: type, rng: Any) -> FunctionCode | None:
    """The code of a class that takes no batch, with a single example; None if it does not run with one either, or if
    nothing is right then and nothing says that it takes one."""
    try:
        one = find_class(namespace, kind, 1, rng)
    except Exception:
        return None
    if 0 in one.found.fits.values() or not (agreement(one) or re.search(ONE, text(kind))):
        return None
    one.single = not _takes_several(one, rng)
    one.notes += ("it takes one example at a time" if one.single else "checked with a single example",)
    one.world = replace(one.world, fixed=True)
    return one


def _takes_several(one: FunctionCode, rng: Any) -> bool:
    """Does code that was read with one example run with two, with gradients of the right shapes?"""
    try:
        two = one.elsewhere(rng, 2)
        gradients = two.gradients(two.params)
    except Exception:
        return False
    return all(np.shape(gradients[name]) == np.shape(two.params[name]) for name in gradients)


def loss_by_scores(namespace: Any, code: FunctionCode) -> ByScores | None:
    """A loss of probabilities that gives P - Y, where the softmax of the file hands it on, if that is not the
    derivative by the scores; if it is there is nothing to check. None for any other code."""
    if [slot.letter for slot in code.slots] != ["x"] or code.layer or agreement(code):
        return None
    one_hot = _with_one_hot_labels(code)
    if one_hot is None or not is_by_the_scores(one_hot):
        return None
    softmaxes = [k for k in vars(namespace).values() if isinstance(k, type) and "softmax" in k.__name__.lower()]
    backwards = [f for k in softmaxes if (f := getattr(k, "backward", None)) is not None]
    if not backwards or not all(re.search(r"return +\w+\s*(#.*)?$", text(f)) for f in backwards):
        return None
    if (wrong := wrong_by_scores(one_hot)) is not None:
        return wrong
    raise NothingToCheckError("it is the derivative by the scores before the softmax, which hands it on")


def _with_one_hot_labels(code: FunctionCode) -> FunctionCode | None:
    """The loss, if need be with one-hot rows in place of integers that run as well; None if it does not take them."""
    other = code.moved_to(code.world)
    other.binder.encodings = {"Y": "one-hot", "y": "one-hot"}
    try:
        other.gradients(other.params)
    except Exception:
        return None
    return other


def find_made(namespace: Any, function: Function, n: int, rng: Any) -> FunctionCode:
    """The code of the object a function makes; see find_class."""
    seed, budget = int(rng.integers(1 << 31)), Budget()
    return search(lambda: _groups(namespace, function, None, n, seed, budget), lambda size, group: group(size), budget)


def find_globals(namespace: Any, gradient: Function, n: int, rng: Any) -> FunctionCode:
    """The code of a gradient function whose parameters are globals of the file."""
    seed = int(rng.integers(1 << 31))
    thing = globals_of(namespace, globals_read(namespace, gradient))
    binder = Binder(ENCODINGS, loss=loss_of(namespace))
    binder.network = lambda: thing

    def tries(size: int, group: list[Family]) -> Iterator[Try]:
        for layout in FOUR if size == 0 else ():
            state, world = State(thing), plain_world(layout, (5, 4, 3), n, np.random.default_rng(seed))
            for family in group:
                for own in _worlds_of_globals(world, state, family, n, seed):
                    yield Try(family, own, binder, state)

    return search(lambda: families(namespace, gradient, thing), tries, binary=is_binary(namespace))


def _worlds_of_globals(world: World, state: State, family: Family, n: int, seed: int) -> list[World]:
    functions = [f for f in (family.gradient, family.forward) if f is not None]
    arrays = [np.asarray(group[0].get()) for group in state.groups()]
    found = list(token_worlds(arrays, (), functions, n, np.random.default_rng(seed)))
    found = [replace(own, layout=world.layout) for own in found if own.x.ndim == 1 or world.layout is FOUR[1]]
    return found or [measured(world, state, n, np.random.default_rng(seed))]


def _groups(namespace: Any, maker: Function, kind: type | None, n: int, seed: int, budget: Budget) -> Iterator[Any]:
    """Groups of tries: with a cost of the file's before those with the course's."""
    for number in range(4):
        yield lambda size, number=number: _tries(namespace, maker, kind, n, seed, size, number, budget)


def _tries(
    namespace: Any, maker: Function, kind: type | None, n: int, seed: int, size: int, number: int, budget: Budget
) -> Iterator[Try]:
    tried, seen = False, set()
    layouts = sorted(FOUR, key=lambda layout: layout.columns) if says_rows(kind or maker) else FOUR
    told = TOLD if Role.LABELS in _data_of(maker) else TOLD[:1]
    for depth, square, encodings, listed, layout in product((3, 2, 1), (False, True), told, (False, True), layouts):
        shape = list(sizes(depth, n))[size]
        if too_large(shape, square):
            continue
        if square:
            shape = squared(shape) if depth > 1 else (shape[0], shape[0])
        rng = np.random.default_rng(seed)
        world = plain_world(layout, shape, n, rng)
        binder = Binder(encodings)
        try:
            thing = new(maker, world, binder, listed)
            if _data_of(maker):
                thing, world = _with_own_data(thing, maker, world, binder, listed, n)
        except Exception:
            last = layout is layouts[-1] and depth == 1 and listed and size == len(LARGE)
            if (last or budget.over) and not tried:
                raise
            continue
        thing = closure(thing)
        if kind is not None and type(thing) is not kind:
            return
        tried = True
        if kind is not None and re.search(INTO_ARRAYS, text(kind)):
            raise NothingToCheckError("it leaves its gradient in the array it was given: it is checked in a network")
        gradient = gradient_of(thing)
        if gradient is None:
            raise NoWayError(f"{type(thing).__name__} has no method that gives gradients")
        binder.loss = loss_of(namespace, thing)
        binder.network = lambda thing=thing: thing
        state = State(thing)
        shapes = (layout, *encodings.values(), tuple(np.shape(group[0].get()) for group in state.groups()))
        if shapes in seen:
            continue
        seen.add(shapes)
        state.making = Making(maker, world, binder, listed)
        if is_layer(thing, gradient):
            if number == 0 and (layout is layouts[0] or roles_of(maker) & PARAMETERS):
                making = Making(maker, replace(world, lambda_=0.0), binder, listed)
                yield from _layer_tries(making, n, rng)
            continue
        if roles_of(gradient) & PARAMETERS and not any(np.ndim(group[0].get()) for group in state.groups()):
            group = list(families(namespace, gradient, thing))[number]
            yield from (Try(family, world, binder) for family, world in worlds(group, n, size, seed))
            return  # methods that are given the parameters
        told_data = bool(_data_of(maker) & {Role.X})
        given = keeps_batch(thing) or told_data
        group = list(families(namespace, gradient, thing))[number]
        if not group:
            return
        functions = list(dict.fromkeys(f for family in group for f in (gradient, family.forward) if f is not None))
        own_sizes = world if told_data else measured(world, state, n, rng)
        suited = [replace(own_sizes, fixed=True)] if given else suited_worlds(world, state, functions, n, rng)
        for family, own in product(group, suited):
            yield Try(family, with_probabilities(own, family), binder, state)


def _with_own_data(
    thing: Any, maker: Function, world: World, binder: Binder, listed: bool, n: int
) -> tuple[Any, World]:
    """An object that was given data, and its world: made again where its weights show that it has other sizes, as one
    with a single output that the file writes into it. Raises CodeError if its weights are not for these data."""
    weights = [v.shape for group in State(thing).groups() if np.ndim(v := group[0].get()) == 2 and max(v.shape) > 1]
    weights = [shape for shape in weights if n not in shape]  # neither the data nor what is computed of them
    d, k = world.sizes[0], world.sizes[-1]
    if len(weights) < 2 or weights[0][0] == weights[0][1]:
        return thing, world
    if d not in weights[0]:
        raise CodeError(f"its weights have shape {weights[0]}, and X has {d} inputs")
    first, last = (0, 1) if weights[0][0] == d else (1, 0)
    outputs = [shape[last] for shape in weights if min(shape) > 1 or shape[first] == weights[0][last]]
    if outputs[-1] == k:
        return thing, world
    own = plain_world(world.layout, (*world.sizes[:-1], outputs[-1]), n, np.random.default_rng(3))
    return new(maker, own, binder, listed), own


def keeps_batch(thing: Any) -> bool:
    """Does an object know how many examples a batch has?"""
    return any(re.fullmatch(BATCH_SIZE, plain(name)) and isinstance(v, int) for name, v in vars(thing).items())


def _data_of(maker: Function) -> set[Role]:
    return {r for r in roles_of(maker) if r in (Role.X, Role.LABELS)}


def is_layer(thing: Any, gradient: Function) -> bool:
    """Is the method given what the layer above hands back, not labels?"""
    wanted = [p for p in signature(gradient) if p.default is p.empty]
    forward = next(iter(_forwards(thing)), None)
    stores_labels = forward is not None and Role.LABELS in roles_of(forward)
    untold = takes_inputs_alone(gradient) and any(re.search("loss|cost", plain(name)) for name in methods_of(thing))
    return bool(wanted) and Role.LABELS not in roles_of(gradient) and not stores_labels and not untold


def _forwards(thing: Any) -> list[Function]:
    return [f for name, f in methods_of(thing).items() if re.search("forward|^(fprop|fwd)$", name.lower())]


def _layer_tries(making: Making, n: int, rng: Any) -> Iterator[Try]:
    thing = making.new()
    state, gradient = State(thing), gradient_of(thing)
    state.making = making
    assert gradient is not None
    arrays = {str(i): v for i, group in enumerate(state.groups()) if np.ndim(v := group[0].get())}
    for forward in _forwards(thing):
        if looks_up(forward):
            rows = max((len(v) for v in arrays.values()), default=1)
            world = replace(index_world(rows, n, rng), lambda_=0.0)
            yield Try(Family(gradient, forward), world, Binder(ENCODINGS, layer=True), state, True)
            continue
        if states := [p.name for p in signature(forward)[1:] if is_state(p.name) and p.default is p.empty]:
            for world in state_worlds(list(arrays.values()), states, n, rng):
                yield Try(Family(gradient, forward), world, Binder(ENCODINGS, layer=True), state, True)
            continue
        for shape in layer_inputs(arrays, n):
            world = replace(layer_world(shape, n, rng), lambda_=0.0)
            binder = Binder(ENCODINGS, layer=True)
            if not arrays and (grown := _grown(making, forward, world, binder)) is not None:
                thing, world, own = grown
                state = State(thing)
                state.making = own
                family = Family(getattr(thing, name_of(gradient)), getattr(thing, name_of(forward)))
                yield Try(family, world, binder, state, True)
            else:
                yield Try(Family(gradient, forward), world, binder, state, True)


def _tell_shape(method: Function, shape: tuple[int, ...]) -> None:
    """Call a method that is told the shape of x, or the number of its features."""
    wanted = [p for p in signature(method) if p.default is p.empty]
    try:
        method(*(shape for _ in wanted))
    except TypeError:
        method(*(shape[-1] for _ in wanted))


def _grown(making: Making, forward: Function, world: World, binder: Binder) -> tuple[Any, World, Making] | None:
    """A layer that makes its parameters when it is told the shape of x, or sees the first x; its world, in which x may
    have its examples along the second axis; and how others are made. None if it is no such layer."""
    thing, at = making.new(), r"_?(init|build|setup|initiali[sz]e)_?(param|weight|layer|$)"
    told = [name for name in dir(thing) if re.match(at, name)]

    def grow(thing: Any) -> Any:
        for name in told:
            _tell_shape(getattr(thing, name), world.x.shape)
        return binder.call(getattr(thing, name_of(forward)), world, world.values)

    own = replace(making, grow=grow)
    try:
        out = Outputs(grow(thing), forward).array()
    except Exception:
        return None
    kept = [np.shape(group[0].get()) for group in State(thing).groups()]
    rows, columns = world.x.shape[0], world.x.shape[-1]
    if out.ndim == world.x.ndim == 2 and out.shape[1] == columns and rows not in out.shape:
        return (thing, replace(world, axis=1), own) if told or any(columns not in shape for shape in kept) else None
    return (thing, world, own) if told or any(rows not in shape for shape in kept) else None
