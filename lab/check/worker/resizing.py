"""The same code with the sizes of a training plan, and a batch for its examples."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .construct import Making
from .conv_stores import ConvStore
from .convolutions import by_axes, fitted, is_weight, lyings, misfit
from .errors import CodeError
from .evaluation import TrainingBinder
from .families import roles_of
from .functions import FunctionCode, name_of
from .holders import holders
from .roles import Role, role
from .scopes import closure
from .search import Holder
from .source import signature
from .state import State
from .switches import is_norm
from .training_plan import TrainingPlan
from .world import VECTOR, World, build, plain_world

OTHERWISE = "-s network.convolutions=[...] and -s hidden=... make another network of the preset"


def resized(code: FunctionCode, plan: TrainingPlan, x: Any, y: Any) -> FunctionCode:
    """The same code with the sizes of a plan and these examples. Raises CodeError where it cannot have them."""
    if code.layer:
        raise CodeError("it is a single layer: what is trained is a whole network, from X to its cost")
    if code.world.store.style == VECTOR or code.world.sizes[-1] == 1:
        raise CodeError(f"it has a single output, and {plan.like} has {plan.sizes[-1]} classes")
    if code.single:
        raise CodeError("it takes one example at a time, and a batch has several")
    if not code.world.store.depth and code.state is None:
        raise CodeError("it has no parameters: what is trained is a whole network, from X to its cost")
    binder = TrainingBinder(code.binder, plan)
    if plan.kernels:
        return _convolutional(code, plan, binder, x, y)
    if code.world.store.depth:
        return FunctionCode(code.family, _world(code, plan, x, y), binder, code.fill)
    return _remade(code, plan, binder, x, y)


def _world(code: FunctionCode, plan: TrainingPlan, x: Any, y: Any) -> World:
    """The world of functions that are given their parameters."""
    family, own = code.family, code.world.store
    named = holders([f for f in (family.gradient, family.forward, family.cost) if f is not None])
    fixed = len(named.get("W", [])) > 1 or own.style == "single" or not (own.lists or own.style)
    if fixed and own.depth != plan.depth:
        raise CodeError(_other_depth(code, own.depth, plan))
    norms = (plan.depth if own.norms == own.depth else plan.depth - 1) if own.norms else 0
    if plan.batch_norm and not norms:
        raise CodeError(f"it has no batch normalisation, and {plan.like} has: -s batch_norm=false")
    store = replace(own, depth=plan.depth, norms=norms, off=not plan.batch_norm)
    world = build(code.world.layout, store, plan.sizes, named, len(x), np.random.default_rng(plan.seed))
    return replace(world, x=x, y=y, lambda_=plan.lambda_)


def _other_depth(code: FunctionCode, depth: int, plan: TrainingPlan) -> str:
    layers = "1 layer" if depth == 1 else f"{depth} layers"
    return f"{name_of(code.family.gradient)}() has {layers} with weights, and {plan.like} has {plan.depth}"


def _remade(code: FunctionCode, plan: TrainingPlan, binder: "TrainingBinder", x: Any, y: Any) -> FunctionCode:
    """The code of an object made with the sizes of the plan."""
    assert code.state is not None
    world = plain_world(code.world.layout, plan.sizes, len(x), np.random.default_rng(plan.seed))
    world = replace(world, x=x, y=y, lambda_=plan.lambda_)
    making, state = code.state.making, None
    if making is None:  # the parameters are globals of the file
        state = State(code.state.thing)
        return _made(code, state, world, binder)
    if roles_of(making.made) & {Role.X, Role.LABELS}:
        raise CodeError(f"{name_of(making.made)}() is given the data when it is made: a batch cannot be handed to it")
    told: Exception | None = None
    for listed in (making.listed, not making.listed):
        try:
            state = _state(code, replace(making, world=world, listed=listed, changes=_changes(making, plan)))
        except Exception as error:
            told = told or error
            continue
        if _shapes(state) >= set(_weights(plan)):
            return _made(code, state, world, binder)
    if state is None:
        assert told is not None
        raise told
    shapes = ", ".join(str(s) for s in _all_shapes(state))
    raise CodeError(
        f"{name_of(making.made)}() makes arrays of shapes {shapes}, and {plan.like} has layers of "
        f"{', '.join(map(str, plan.sizes))} units"
    )


def _convolutional(code: FunctionCode, plan: TrainingPlan, binder: "TrainingBinder", x: Any, y: Any) -> FunctionCode:
    """The code of an object with convolutions, made with the sizes of the plan; of functions, which are given them."""
    if code.state is None and isinstance(code.world.store, ConvStore):
        (usual, *_) = lyings(code.world, plan.example)
        world = replace(code.world, x=usual.given(x), y=y, lambda_=plan.lambda_)
        return FunctionCode(code.family, world, binder, code.fill)
    if code.state is None or code.state.making is None:
        raise CodeError(f"{plan.like} has convolutions: the parameters have to be in an object, which a class makes")
    known = {group[0].path for group in code.state.where().values()}

    def weights(thing: Any) -> list[tuple[int, ...]]:
        groups = [group for group in _wrapped(code, thing).groups() if group[0].path in known]
        return by_axes([shape for group in groups if is_weight(shape := np.shape(group[0].get()))])

    world = plain_world(code.world.layout, plan.sizes, len(x), np.random.default_rng(plan.seed))
    making = own = replace(code.state.making, world=replace(world, lambda_=plan.lambda_))
    if all(len(shape) == 2 for shape in weights(own.new())):
        raise CodeError(f"none of its weights is a kernel with three or four axes, and {plan.like} has convolutions")
    making = fitted(replace(making, changes=_changes(making, plan)), plan.weights(), plan.example, weights)
    have, lying = weights(making.new()), next(iter(lyings(code.world, plan.example)), None)
    if lying is None or misfit(have, plan.weights()) > 0:
        told = f"no arguments of {name_of(own.made)}() give it the weights of {plan.like}"
        raise CodeError(
            f"{told}: {listed_shapes(plan.weights())}; its own are {listed_shapes(weights(own.new()))}. {OTHERWISE}"
        )
    world = replace(world, x=lying.given(x), y=y, lambda_=plan.lambda_, axis=code.world.axis)
    return _made(code, _state(code, making), world, binder)


def listed_shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    """Shapes in words: 5x4, 4x3."""
    return ", ".join("x".join(map(str, shape)) for shape in shapes)


def _state(code: FunctionCode, making: Making) -> State:
    """The object that is made, as the check has it."""
    state = _wrapped(code, making.new())
    state.making = making
    return state


def _wrapped(code: FunctionCode, made: Any) -> State:
    """The state of what was made."""
    assert code.state is not None
    thing = closure(made)
    return State(Holder(thing) if isinstance(code.state.thing, Holder) else thing)


def _made(code: FunctionCode, state: State, world: World, binder: "TrainingBinder") -> FunctionCode:
    thing = state.thing
    binder.network = lambda: thing.network if isinstance(thing, Holder) else thing
    return code.remade(world, binder, state)


def _changes(making: Making, plan: TrainingPlan) -> dict[str, Any]:
    """What the plan says of arguments of a constructor beside the sizes."""
    changes: dict[str, Any] = dict(making.changes)
    for p in signature(making.made):
        what = role(p.name)
        if is_norm(p.name):
            changes[p.name] = plan.batch_norm
        elif what in (Role.DROP, Role.KEEP) and (plan.dropout or p.default is not None):
            changes[p.name] = plan.dropout if what is Role.DROP else 1 - plan.dropout
    return changes


def _weights(plan: TrainingPlan) -> list[frozenset[int]]:
    return [frozenset(pair) for pair in zip(plan.sizes, plan.sizes[1:], strict=False)]


def _all_shapes(state: State) -> list[tuple[int, ...]]:
    return [np.shape(group[0].get()) for group in state.groups()]


def _shapes(state: State) -> set[frozenset[int]]:
    return {frozenset(shape) for shape in _all_shapes(state) if len(shape) == 2}
