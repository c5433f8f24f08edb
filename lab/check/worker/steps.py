"""Steps of a network as two functions: NAME_forward and NAME_backward, with any ending, arguments by their roles."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import isfunction
from itertools import product
from typing import Any

import numpy as np

from .binding import Binder
from .errors import CodeError, NothingToCheckError
from .families import roles_of
from .functions import Family, FunctionCode, agreement, name_of
from .holders import holders, own_holders
from .inputs import GROUPED, IMAGES, ROWS_AND_COLUMNS, Shapes, is_grouped, is_image, settings_of
from .matching import Slot
from .named import named_stores
from .roles import Role, is_state, plain, role, without_ending
from .search import Try, search
from .source import called, is_octave, looks_up, signature
from .values import Function
from .world import LAYOUTS, World, build, draw, index_world, layer_world, plain_world, with_states

BACKWARDS = ("backward", "backprop", "bwd", "bprop", "back")
FORWARD, BACKWARD = r"_?(forward|fwd|fprop)", rf"_?({'|'.join(BACKWARDS)})"
WHOLE = FORWARD + r"(_?pass|_?prop(agation)?)?"  # of a network: it shares no name of a step with its way back


@dataclass(frozen=True)
class Pair:
    """The names of two functions and what they share: conv_naive of conv_forward_naive, conv_backward_naive."""

    stem: str
    forward: str
    backward: str
    bare: bool = False  # is forward called by what they share alone: Affine beside AffineBackward?


def pairs_of(functions: Mapping[str, Function]) -> list[Pair]:
    """The pairs among functions. A backward may stand beside several forwards, and a forward beside several backwards:
    batchnorm_backward_alt goes with batchnorm_forward."""
    low = {name.lower(): name for name in functions}
    found = []
    for name in functions:
        if not re.search(FORWARD, name.lower()) or re.fullmatch(WHOLE, name.lower()):
            continue
        for word in BACKWARDS:
            other = low.get(re.sub(r"forward|fwd|fprop", word, name.lower(), count=1))
            if other is not None and _is_step(functions[other]) and not _is_network(functions[name], functions[other]):
                stem = re.sub(FORWARD, "", name, count=1, flags=re.I).strip("_") or name
                found.append(Pair(stem, name, other))
                break
    found += _other_ways(functions, found)
    found += _other_endings(functions, found)
    return [*found, *_bare_pairs(functions, found)]


def _other_ways(functions: Mapping[str, Function], pairs: list[Pair]) -> Iterator[Pair]:
    """The backwards that end in one word more than those of pairs do: other ways to compute the same."""
    taken = {pair.backward for pair in pairs}
    for name in functions:
        pair = next((p for p in pairs if re.fullmatch(rf"{p.backward}_?[a-z0-9]+", name, re.I)), None)
        if pair is not None and name not in taken and _is_step(functions[name]):
            yield Pair(re.sub(BACKWARD, "", name, count=1, flags=re.I).strip("_"), pair.forward, name)


def _other_endings(functions: Mapping[str, Function], pairs: list[Pair]) -> Iterator[Pair]:
    """A forward and a backward that differ in words such as _alt and _naive alone, where neither has a partner that is
    called like it."""
    taken = {name for pair in pairs for name in (pair.forward, pair.backward)}
    forwards = [name for name in functions if re.search(FORWARD, name.lower()) and name not in taken]
    forwards = [name for name in forwards if not re.fullmatch(WHOLE, name.lower())]
    for name, backward in functions.items():
        if name in taken or not re.search(r"_?backward", name.lower()) or not _is_step(backward):
            continue
        alike = [
            f for f in forwards if without_ending(f.lower().replace("forward", "backward")) == without_ending(name)
        ]
        if len(alike) == 1 and not _is_network(functions[alike[0]], backward):
            yield Pair(re.sub(BACKWARD, "", name, count=1, flags=re.I).strip("_"), alike[0], name)


def _bare_pairs(functions: Mapping[str, Function], pairs: list[Pair]) -> Iterator[Pair]:
    """A step and its way back that is called like it: Affine(x, w, b) and AffineBackward(grad_y, x, w)."""
    low = {name.lower(): name for name in functions}
    taken = {name for pair in pairs for name in (pair.forward, pair.backward)}
    for name, backward in functions.items():
        forward = low.get(re.sub(BACKWARD, "", name.lower()))
        first = next((role(p.name) for p in signature(backward)), None)
        if not re.search(BACKWARD + "$", name.lower()) or forward is None or taken & {name, forward}:
            continue
        known = roles_of(functions[forward]) <= {Role.X, Role.W, Role.B, Role.GAMMA, Role.BETA}
        if known and first is Role.GIVEN and _is_step(backward) and Role.LABELS not in roles_of(functions[forward]):
            yield Pair(forward, forward, name, bare=True)


def find_bare_pair(namespace: Any, pair: Pair, n: int, rng: Any) -> FunctionCode:
    """The code of a bare pair. Raises NothingToCheckError where it does not run, or where nothing says what backward is
    given: neither the names of its arguments nor a gradient that is right."""
    told = f"{pair.backward}() takes what nothing here tells: it is checked in what calls it"
    try:
        code = find_pair(namespace, pair, n, rng)
    except Exception as error:
        raise NothingToCheckError(told) from error
    if code.fill and not agreement(code):
        raise NothingToCheckError(told)
    return code


def _is_network(forward: Function, backward: Function) -> bool:
    """Is forward given all parameters of a network in one argument? A step of a recurrent layer may be, too:
    rnn_cell_forward(xt, a_prev, parameters)."""
    step = any(is_state(p.name) for p in signature(forward)) and Role.LABELS not in roles_of(backward)
    return Role.NETWORK in roles_of(forward) and not step


def _is_step(backward: Function) -> bool:
    """Is it given what the layer above hands back, or a loss's labels?"""
    roles = roles_of(backward)
    return Role.NETWORK not in roles and bool(roles & {Role.GIVEN, Role.LABELS, Role.OTHER})


def find_pair(namespace: Any, pair: Pair, n: int, rng: Any) -> FunctionCode:
    """The code of a pair. Raises the error that came furthest."""
    forward, backward = getattr(namespace, pair.forward), getattr(namespace, pair.backward)
    seed = int(rng.integers(1 << 31))

    def tries(size: int, images: bool) -> Iterator[Try]:
        if size == 0:
            for world in _worlds(pair.stem, forward, backward, n, seed):
                layer = Role.LABELS not in roles_of(forward)
                if images and world.x.ndim < 4:
                    continue
                yield Try(
                    Family(backward, forward, None if layer else forward), world, Binder(ENCODINGS, layer), None, layer
                )

    if Role.GIVEN not in roles_of(backward) and Role.LABELS not in roles_of(forward) and not signature(backward):
        raise CodeError(f"{pair.backward}() takes no argument")
    if not is_image(pair.stem.lower()):
        return search(lambda: [False], tries)
    with suppress(CodeError):  # in Octave a matrix is an image with one channel in a batch of one, and shows less
        if agreement(code := search(lambda: [True], tries)):
            return code
    return search(lambda: [False], tries)


ENCODINGS = {"Y": "one-hot", "y": "ints"}


def _worlds(stem: str, forward: Function, backward: Function, n: int, seed: int) -> Iterator[World]:
    if Role.LABELS in roles_of(forward):
        for layout in LAYOUTS[:2]:
            yield plain_world(layout, (4, 4), n, np.random.default_rng(seed), moves_x=True)
        return
    if looks_up(forward):
        yield _world({"w": (6, 4), "b": (4,), "gamma": (4,)}, forward, backward, n, np.random.default_rng(seed))
        return
    if Role.NETWORK in roles_of(forward):
        yield from _keyed_worlds(forward, backward, n, seed)
        return
    if any(is_state(p.name) for p in signature(forward)[1:]):
        for shapes in RECURRENT:
            yield _world(shapes(n), forward, backward, n, np.random.default_rng(seed))
        return
    images = is_image(stem.lower())
    first = MORE[2:4] if images and is_octave(forward) else ()  # MATLAB's images have the examples last
    both = (IMAGES, ROWS_AND_COLUMNS) if images else (ROWS_AND_COLUMNS, IMAGES)
    first = GROUPED if is_grouped(stem) else first
    for shapes in (*first, *both[0], *both[1], *MORE):
        rng = np.random.default_rng(seed)
        yield _world(shapes(n), forward, backward, n, rng)


def _keyed_worlds(forward: Function, backward: Function, n: int, seed: int) -> Iterator[World]:
    """The worlds for a step, or for all steps, of a recurrent layer whose parameters are in a dict."""
    states, (d, m, k) = [p.name for p in signature(forward) if is_state(p.name)], (5, 4, 3)
    for store, layout in product(named_stores(_with_steps(forward, backward)), (LAYOUTS[0], LAYOUTS[1], LAYOUTS[4])):
        rng = np.random.default_rng(seed)
        own = build(layout, store, (d, m, k), {}, n, rng)
        for shape in ((d, n), (d, n, 3)) if layout.columns else ((n, d), (n, 3, d)):
            world = with_states(layer_world(shape, n, rng), states, (m, n) if layout.columns else (n, m), rng)
            slots, values = (*world.slots, *own.slots), {**world.values, **own.values}
            yield replace(world, layout=layout, store=store, sizes=own.sizes, slots=slots, values=values)


def _with_steps(*functions: Function) -> list[Function]:
    """Functions, and those of the file that they call: of all steps, the one step that names the parameters."""
    own = [getattr(f, "__globals__", {}).get(name) for f in functions for name in sorted(called(f))]
    return [*functions, *(f for f in own if isfunction(f) and f not in functions)]


def _gates(joined: int, outputs: int) -> tuple[Shapes, Shapes]:
    """Shapes for weights of h and x joined, rows and columns."""
    return (
        lambda n: {"x": (n, 5), "w": (joined, outputs), "state": (n, 4), "b": (outputs,), "gamma": (4,)},
        lambda n: {"x": (5, n), "w": (outputs, joined), "state": (4, n), "b": (outputs, 1), "gamma": (4,)},
    )


RECURRENT: tuple[Shapes, ...] = (  # a step; all steps, time along the second axis; steps with four gates
    lambda n: {"x": (n, 5), "w": (5, 4), "hidden": (4, 4), "state": (n, 4), "b": (4,), "gamma": (4,)},
    lambda n: {"x": (n, 3, 5), "w": (5, 4), "hidden": (4, 4), "state": (n, 4), "b": (4,), "gamma": (4,)},
    lambda n: {"x": (n, 3, 5), "w": (5, 16), "hidden": (4, 16), "state": (n, 4), "b": (16,), "gamma": (4,)},
    lambda n: {"x": (5, n), "w": (4, 5), "hidden": (4, 4), "state": (4, n), "b": (4, 1), "gamma": (4,)},
    lambda n: {"x": (n, 5), "w": (5, 16), "hidden": (4, 16), "state": (n, 4), "b": (16,), "gamma": (4,)},
    lambda n: {"x": (5, n), "w": (16, 5), "hidden": (16, 4), "state": (4, n), "b": (16, 1), "gamma": (4,)},
    *_gates(9, 16),  # of h and x in one, all gates in one W
    *_gates(9, 4),  # and a W for each gate
)
MORE: tuple[Shapes, ...] = (
    lambda n: {"x": (n, 3, 5), "w": (5, 4), "b": (4,), "gamma": (5,)},
    lambda n: {"x": (5, n), "w": (5, 4), "b": (4, 1), "gamma": (5, 1)},
    lambda n: {"x": (6, 8, 3, n), "w": (3, 3, 3, 2), "b": (2,), "gamma": (3,)},
    lambda n: {"x": (6, 8, 3, n), "w": (3, 3, 3, 2), "b": (2, 1), "gamma": (3,)},
    lambda n: {"x": (5, n), "w": (4, 5), "b": (4,), "gamma": (5,)},
    lambda n: {"x": (n, 5), "w": (4, 5), "b": (1, 4), "gamma": (5,)},
    lambda n: {"x": (2, 3, n), "w": (4, 6), "b": (4, 1), "gamma": (5,)},
    lambda n: {"x": (n, 5), "w": (5, 5), "b": (5,), "gamma": (5,)},  # a head of attention, a W not transposed
    lambda n: {"x": (5, n), "w": (5, 5), "b": (5, 1), "gamma": (5, 1)},
    lambda n: {"x": (n, 5), "w": (5, 5), "b": (1, 5), "gamma": (1, 5)},
    lambda n: {"x": (n, 3, 5), "w": (5, 5), "b": (5,), "gamma": (5,)},
)


def _world(shapes: dict[str, tuple[int, ...]], forward: Function, backward: Function, n: int, rng: Any) -> World:
    world = layer_world(shapes["x"], n, rng) if "x" in shapes else index_world(shapes["w"][0], n, rng)
    slots, name = list(world.slots), name_of(forward)
    own, order = own_holders(forward) or own_holders(backward), [p.name for p in signature(forward)]
    for letter in holders([forward, backward]):
        key = {"W": "w", "b": "b", "gamma": "gamma", "beta": "gamma"}[letter]
        names = own.get(letter, [])
        slots += [
            Slot(k, letter, i, _weight(k, shapes, order) if key == "w" else shapes[key]) for i, k in enumerate(names)
        ]
    for p in signature(forward)[1:]:  # A of fully_connected_forward(X, A, b)
        weights = role(p.name) is Role.OTHER and p.default is p.empty and settings_of(p.name, name) is None
        if weights and is_state(p.name):
            slots.append(Slot(p.name, "", 0, shapes["state"]))
        elif weights and ("W" not in own or "state" in shapes):
            slots.append(Slot(p.name, "W", 0, _weight(p.name, shapes, order)))
    slots.sort(key=lambda s: order.index(s.name) if s.name in order else -1)
    return replace(world, slots=tuple(slots), values=draw(rng, tuple(slots)) | world.values)


def _weight(name: str, shapes: dict[str, tuple[int, ...]], names: list[str]) -> tuple[int, ...]:
    """The shape of weights; of a recurrent layer those of the state, Wh or Whh, have one of their own: U, where there
    are W and U."""
    ours, theirs = r"u[figcozrnh]?", r"w(hh?|aa?|rec|hidden)|(w?h|w?r)[figcozrn]"
    both = any(re.fullmatch(ours, plain(other)) for other in names)
    of_state = re.fullmatch(ours if both else theirs, plain(name))
    return shapes["hidden"] if of_state and "hidden" in shapes else shapes["w"]
