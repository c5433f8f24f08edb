"""Code with a training loop of its own: what in a file trains, and how it is called."""

import contextlib
import inspect
import io
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from types import FunctionType
from typing import Any

import numpy as np

from .bare_loops import NAME as BARE
from .bare_loops import bare_loop
from .binding import Binder
from .construct import makers, network_makers, new
from .course import NORMS, Course, Filler, Style, hyperparameters, part_of
from .dice import seed
from .errors import CodeError
from .families import functions_of, stores
from .functions import Family
from .holders import LETTERS
from .roles import Role, plain, role
from .source import is_octave, signature, text
from .territory import own as is_own
from .values import Function
from .world import LAYOUTS, Store, World, plain_world

TRAINS = (
    r"(mini)?(batch)?(stochastic)?(sgd|gd|gradientdescent)\w*|\w*(minibatch|gradientdescent)\w*|"
    r"(run|do|start|my)?(train|fit|learn|optimi[sz]e)\w*|\w*(train|training|fit|gd)"
)
NO_TRAINING = (
    r"\w*(step|plot|test|data|load|batchof|\w*batches|onebatch|getbatch|split|accuracy|search|grid|coarse|fine)\w*"
)
FOUR = (LAYOUTS[0], LAYOUTS[1], LAYOUTS[3], LAYOUTS[2], LAYOUTS[5], LAYOUTS[8], LAYOUTS[4])

ENCODINGS = (  # of what is called Y and y
    ("one-hot", "ints"),
    ("ints", "one-hot"),
    ("one-hot", "one-hot"),
    ("row", "row"),
    ("turned", "column"),
)


@dataclass(frozen=True)
class Loop:
    """A training function. owner: the class whose method it is, None for a function."""

    name: str
    function: Any
    owner: type | None = None


def loops(namespace: Any) -> list[Loop]:
    """All in a file that looks like it trains, those with most settings first."""
    found = [Loop(k, f) for k, f in functions_of(namespace).items() if _trains(k, f) and _theirs(namespace, f)]
    for kind in _classes(namespace):
        for name, f in vars(kind).items():
            if isinstance(f, FunctionType) and re.fullmatch(TRAINS, plain(name)) and _trains(name, f, kind):
                found.append(Loop(f"{kind.__name__}.{name}", f, kind))
    found.sort(key=lambda loop: -len(list(hyperparameters(loop.function))))
    bare = bare_loop(namespace, text(namespace))
    return found if bare is None else [*found, Loop(BARE, bare)]


def loop_called(namespace: Any, name: str) -> Loop:
    """The training function NAME, Class.NAME, the one of a class NAME, or the loop at the top level. Raises
    CodeError."""
    kind, _, method = name.rpartition(".")
    for owner in _classes(namespace):
        own = {k: f for k, f in vars(owner).items() if isinstance(f, FunctionType)}
        if (kind == owner.__name__ or not kind) and method in own:
            return Loop(f"{owner.__name__}.{method}", own[method], owner)
        if name == owner.__name__:
            methods = [k for k, f in own.items() if re.fullmatch(TRAINS, plain(k)) and _trains(k, f, owner)]
            if methods:
                return Loop(f"{name}.{methods[0]}", own[methods[0]], owner)
    function = getattr(namespace, name, None)
    if isinstance(function, FunctionType) or is_octave(function):
        return Loop(name, function)
    if name == BARE and (bare := bare_loop(namespace, text(namespace))) is not None:
        return Loop(BARE, bare)
    names = ", ".join(loop.name for loop in loops(namespace)) or "nothing that looks like a training loop"
    raise CodeError(f"there is no function {name} in it that trains: it has {names}")


def _classes(namespace: Any) -> list[type]:
    return [v for v in vars(namespace).values() if isinstance(v, type) and _theirs(namespace, v)]


def _theirs(namespace: Any, value: Any) -> bool:
    """Does a function or class stand in the file, or in one of the student's that it imports?"""
    file = getattr(sys.modules.get(value.__module__), "__file__", None)
    return value.__module__ == namespace.__name__ or (bool(file) and is_own(str(file)))


def _text(namespace: Any, loop: Loop) -> str:
    """The text of the file, and of that in which the loop stands."""
    module = sys.modules.get(loop.function.__module__, namespace)
    return text(namespace) if module is namespace else f"{text(namespace)}\n{text(module)}"


def _trains(name: str, function: Function, owner: type | None = None) -> bool:
    low = plain(name)
    if not re.fullmatch(TRAINS, low) or re.fullmatch(NO_TRAINING, low) or inspect.isgeneratorfunction(function):
        return False
    parts = [part_of(p.name)[1] for p in signature(function)]
    if owner is not None:
        parts += [part_of(p.name)[1] for p in signature(owner)]
    data = Role.X in map(role, filter(None, parts)) or "data" in map(plain, parts)
    return data and bool(re.search(r"\b(for|while)\b", text(function)) or owner is not None)


@dataclass(frozen=True)
class Ran:
    """One training. value: what it returned; thing: the object whose method it is; prints: what it printed; given:
    setting -> the argument that was given it; columns: are columns of X examples? world: that of the parameters."""

    value: Any
    thing: Any
    prints: str
    given: dict[str, str]
    columns: bool
    world: World


Watch = Callable[[Any, bool], contextlib.AbstractContextManager[Any]]


def ways(namespace: Any, loop: Loop, course: Course) -> Iterator[Callable[[Watch], Ran]]:
    """Ways to call it, likely ones first. Each raises whatever the code raises."""
    for style in _styles(namespace, loop, course):
        yield partial(_run, namespace, loop, course, style)


def _run(namespace: Any, loop: Loop, course: Course, style: Style, watch: Watch) -> Ran:
    seed()
    if is_octave(loop.function):
        filler = Filler(course, style, source_of(namespace), first=1)
        given = filler.arguments(loop.function).values()
        with watch(loop.function, style.layout.columns):
            value, prints = loop.function.told(*given)
        return Ran(value, None, prints, filler.given, style.layout.columns, filler.world)
    filler = Filler(course, style, _text(namespace, loop))
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()) as printed:
        warnings.simplefilter("ignore")
        thing, function = None, loop.function
        if loop.owner is not None:
            thing = _made(namespace, loop.owner, filler)
            function = getattr(thing, loop.name.rpartition(".")[2])
        arguments = filler.arguments(function)
        with watch(loop.function.__code__, style.layout.columns):
            value = function(**arguments)
    return Ran(value, thing, printed.getvalue(), filler.given, style.layout.columns, filler.world)


def source_of(namespace: Any) -> str:
    """The text of the functions of a MATLAB file."""
    return "\n".join(text(f) for f in functions_of(namespace).values())


def _made(namespace: Any, kind: type, filler: Filler) -> Any:
    """An object of a class; of one that is given a network, with one of the file's."""
    course = filler.course
    binder = Binder({"Y": filler.style.one_hot, "y": filler.style.ints})
    binder.eta = course.settings["eta"]
    world = plain_world(filler.style.layout, course.sizes, course.settings["batch"], np.random.default_rng(0))
    world = replace(world, lambda_=course.settings.get("lambda") or 0.0)
    changes = filler.known(kind) | filler.keywords(vars(kind).get("__init__", kind))
    for p in signature(kind):
        if role(p.name) is Role.NETWORK and plain(p.name) != "layers" and p.default is p.empty:
            changes[p.name] = _network(namespace, kind, filler)
    others = changes.keys() - {p.name for p in signature(kind)}  # of **kwargs
    if others:
        return kind(**changes)
    first: Exception | None = None
    every: list[Function] = [kind, *(m for m in makers(namespace, kind) if m is not kind)]
    for maker in every:
        for listed in (False, True):
            try:
                return new(maker, world, binder, listed, changes if maker is kind else filler.known(maker))
            except Exception as error:
                first = first or error
    assert first is not None
    raise first


def _network(namespace: Any, but: type, filler: Filler) -> Any:
    """An object of a class of the file that could be a network."""
    kinds = [k for k in _classes(namespace) if k is not but]
    kinds.sort(key=lambda k: not re.search("net|model|mlp|classifier|nn", plain(k.__name__)))
    first: BaseException | None = None
    for kind in kinds:
        if not any(hasattr(kind, part) for part in ("loss", "forward", "backward", "params", "predict")):
            continue
        try:
            return _made(namespace, kind, filler)
        except Exception as error:
            first = first or error
    raise first or CodeError("there is no class of a network in it")


def _styles(namespace: Any, loop: Loop, course: Course) -> Iterator[Style]:
    """Layouts, stores and encodings to try."""
    roles = {role(p.name) for p in signature(loop.function)}
    depth = len(course.sizes) - 1
    norms = depth - 1 if course.batch_norm else 0
    given = roles & set(LETTERS) - (set() if course.batch_norm else set(NORMS))
    found: list[tuple[Store, Any]] = [(Store(depth, norms, lists=depth > 1), None)]
    if given:
        own = [p.name for p in signature(loop.function) if role(p.name) is Role.W]
        listed = Store(depth, norms, lists=True)
        single = Store(depth, norms)
        found = [(listed, None)] if depth > 1 and len(own) == 1 else [(single, None), (listed, None)]
    elif Role.NETWORK in roles:
        found = [(Store(depth, norms), maker) for maker in network_makers(namespace)]
        functions = [f for f in functions_of(namespace).values() if isinstance(f, FunctionType) or is_octave(f)]
        kept = [
            s for f in functions for s in stores(Family(f)) if Role.NETWORK in map(role, (p.name for p in signature(f)))
        ]
        alike = [s for s in dict.fromkeys(kept) if s.depth == depth and s.style and s.norms == norms]
        found = [*[(s, None) for s in alike[:12]], *found]
    for (one_hot, ints), (store, maker), layout in product(ENCODINGS, found, FOUR):
        style = Style(layout, store, one_hot, ints)
        yield style if maker is None else replace(style, network=_maker(namespace, maker, course, style))


def _maker(namespace: Any, maker: Function, course: Course, style: Style) -> Callable[[], Any]:
    def made() -> Any:
        filler = Filler(course, replace(style, network=None), text(namespace))
        if isinstance(maker, type):
            return _made(namespace, maker, filler)
        world = plain_world(style.layout, course.sizes, course.settings["batch"], np.random.default_rng(0))
        try:
            return new(maker, world, Binder({}), False)
        except Exception:
            return new(maker, world, Binder({}), True)

    return made
