"""Plans of adapters: from code that runs, from the guess that came furthest, or from a name alone."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .binding import Binder
from .classes import is_layer
from .code import Code
from .construct import Making
from .dice import draws
from .errors import CodeError, GuessError
from .explain import unpacks
from .families import (
    families,
    functions_of,
    gives_loss_and_gradient,
    gradient_of,
    is_gradient_name,
    loss_of,
    roles_of,
    stores,
)
from .functions import Family, FunctionCode, name_of
from .layers import LayerCode
from .objects import ObjectCode
from .operations import EngineCode
from .pairs import PairCode
from .plan import Argument, Call, Named, Plan
from .roles import Role, key_letter
from .search import Try, find, sizes
from .sketch import Sketch, as_written
from .source import returned, signature
from .state import State
from .values import Function
from .world import LAYOUTS, World, build, plain_world
from .written_values import drawn, value_of


def plan_of(namespace: Any, name: str, code: Code) -> Plan:
    """The plan of code that runs."""
    made = getattr(namespace, name, None)
    if isinstance(code, FunctionCode):
        one = Try(code.family, code.world, code.binder, code.state, code.layer)
        return Sketch(namespace, name, one, code.params, code.fill, code).plan()
    if isinstance(code, PairCode):
        return _pair(code)
    if isinstance(code, EngineCode):
        raise CodeError(f"{name} needs no adapter: its operations are checked as they are")
    form = "layer" if isinstance(code, LayerCode) else "object" if isinstance(code, ObjectCode) else "calls"
    return Plan(name, form, Call("object", f"student.{name}", as_written(name, made)))


def plan_of_guess(namespace: Any, name: str, guess: GuessError) -> Plan:
    """The plan as far as what was recognised tells."""
    made, one = getattr(namespace, name, None), guess.furthest
    if one is None and isinstance(made, type):
        return _unmade(namespace, name, made)
    if one is None:
        return Plan(name, "calls")
    plan = Sketch(namespace, name, one, dict(one.world.values), {}).plan()
    if not unpacks(guess.cause):
        return plan
    return replace(plan, data=tuple(replace(d, value="") if d.name == "X" else d for d in plan.data))


def plan_of_name(namespace: Any, name: str, n: int, rng: Any) -> Plan:
    """The plan for a function or class that looks like no code with a gradient."""
    made = getattr(namespace, name)
    if isinstance(made, type):
        return _unmade(namespace, name, made)
    try:
        return plan_of(namespace, name, find(namespace, made, n, rng))
    except GuessError as guess:
        return plan_of_guess(namespace, name, guess)
    except Exception:
        return _untried(namespace, name, made)


def _untried(namespace: Any, name: str, made: Function) -> Plan:
    family = next(iter(next(families(namespace, made))), Family(made))
    world = _first_world(family)
    one = Try(family, world, Binder({"Y": "one-hot", "y": "ints"}, loss=loss_of(namespace)))
    return Sketch(namespace, name, one, dict(world.values), {}).plan()


def likely_names(namespace: Any, own: Sequence[str]) -> list[str]:
    """The function or class of a file that most looks as if it gave the gradients, in a file where none was
    recognised; nothing if the file has neither."""
    kinds = [name for name in own if isinstance(getattr(namespace, name), type)]
    functions = {name: f for name, f in functions_of(namespace).items() if name in own}

    def rank(name: str) -> tuple[bool, bool, bool]:
        f = functions[name]
        names = returned(f)
        gives = any(re.search("^d[A-Zbw]|grad", n) for n in names)
        return is_gradient_name(name), Role.LABELS in roles_of(f), gives

    best = max(functions, key=rank, default=None)
    if kinds and (best is None or not rank(best)[0]):
        return kinds[:1]
    return [best] if best is not None else []


def _first_world(family: Family) -> World:
    from .binding import holders

    functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
    store, rng = stores(family)[0], np.random.default_rng(0)
    return build(LAYOUTS[0], store, next(sizes(store.depth, 7)), holders(functions), 7, rng)


def _unmade(namespace: Any, name: str, kind: type) -> Plan:
    """The plan for a class of which no object could be made."""
    thing: Any = object.__new__(kind)
    gradient = gradient_of(thing) or _method(thing)
    world = plain_world(LAYOUTS[1], next(sizes(2, 7)), 7, np.random.default_rng(0))
    making = Making(kind, world, Binder({"Y": "one-hot", "y": "ints"}))
    if gradient is None:
        return Plan(name, "calls", Sketch(namespace, name, None, {}, {}).constructor(making, guess=True))
    layer = is_layer(thing, gradient)
    family = Family(gradient) if layer else next(iter(next(families(namespace, gradient, thing))), Family(gradient))
    if layer and (forward := getattr(thing, "forward", None)) is not None:
        family = Family(gradient, forward)
    state = State(thing)
    state.making = making
    return Sketch(namespace, name, Try(family, world, making.binder, state, layer), {}, {}, made=False).plan()


def _method(thing: Any) -> Function | None:
    """A method that may give gradients or a loss."""
    found = [f for k in vars(type(thing)) if not k.startswith("_") and callable(f := getattr(thing, k, None))]
    return next((f for f in found if gives_loss_and_gradient(name_of(f), f, True) or roles_of(f) & {Role.GIVEN}), None)


def _pair(code: PairCode) -> Plan:
    known = [(value, f"self.params[{k!r}]") for k, value in code.params.items()]
    arguments = zip(signature(code._forward), code._arguments, strict=False)
    every = tuple(Argument(p.name, value_of(_settings(a), known)) for p, a in arguments)
    forward, backward = (f"{code.name}_{part}" for part in ("forward", "backward"))
    names = [p.name for p in signature(code._backward)]
    given_back = zip(names, ("self.handed(out[0])", "out[1]"), strict=False)
    single = len(code.params) == 1 and not isinstance(code._backward(code.cotangent, code._run(code.params)[1]), tuple)
    return Plan(
        code.name,
        "calls",
        forward=Call("forward", f"student.{forward}", as_written(forward, code._forward), every),
        gradient=Call(
            "gradients",
            f"student.{backward}",
            as_written(backward, code._backward),
            tuple(Argument(*each) for each in given_back),
        ),
        params=tuple(Named(k, drawn(v, key_letter(k))) for k, v in code.params.items()),
        loss="np.sum(self.handed(out[0]) * out[0])",
        grads=tuple(Named(k, "made" if single else f"made[{i}]") for i, k in enumerate(code.params)),
        random=draws(code),
    )


def _settings(argument: Any) -> Any:
    """A dict of settings without what the code has put into it."""
    if not isinstance(argument, dict):
        return argument
    return {k: v for k, v in argument.items() if not isinstance(v, np.ndarray)}
