"""What an argument stands for, where its place and the store tell more than its name."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .holders import LETTERS
from .outputs import Outputs, left_in
from .recipes import Recipe
from .roles import Role, role
from .source import role_in, signature
from .values import Function
from .world import World

Given = tuple[bool, Any]  # (leave it at its default, its value)


@dataclass(frozen=True)
class Asked:
    """An argument that is asked for, and what is known around it. what: its role there."""

    function: Function
    p: inspect.Parameter
    what: Role
    world: World
    values: Mapping[str, Any]
    outputs: Outputs | None
    fill: Mapping[str, Recipe]

    @property
    def optional(self) -> bool:
        """Has it a default?"""
        return self.p.default is not self.p.empty


def meaning(function: Function, p: inspect.Parameter, world: World, outputs: Outputs | None) -> Role:
    """What an argument stands for, where its place and the store tell more than its name."""
    what = role_in(function, p.name)
    forward = outputs.function if outputs is not None else None
    if what is Role.P and forward is not None and p.name in [q.name for q in signature(forward)]:
        what = role_in(forward, p.name)  # what forward asks for itself is not what it gives
    if what is Role.X and p.name != first_x(function):
        return Role.OTHER  # data, beside X: what forward kept
    if outputs is None and p.name == in_place_of_x(function):
        return what if what is Role.GIVEN and left_in(function) is not None else Role.X
    return Role.NETWORK if what is Role.W and world.store.style and _holds_all(function) else what


def _holds_all(function: Function) -> bool:
    """Has it a single argument for parameters, and that is called weights?"""
    found = [p.name for p in signature(function) if role_in(function, p.name) in (*LETTERS, Role.NETWORK)]
    return len(found) == 1 and role(found[0]) is Role.W


@cache
def in_place_of_x(function: Function) -> str:
    """The first argument but for labels, if none is called X: z of forward(z, y); "" if there is no such."""
    names = [q.name for q in signature(function)]
    labels = [name for name in names[:1] if role(name) is Role.LABELS]  # mse(y_true, y_pred)
    names = names[len(labels) :]
    free = [name for name in names if role(name) in (Role.OTHER, Role.P, Role.GIVEN)]
    return names[0] if free[:1] == names[:1] and free and not any(role(name) is Role.X for name in names) else ""


@cache
def first_x(function: Function) -> str:
    """The argument that stands for the inputs: the first of those that might."""
    return next((p.name for p in signature(function) if role(p.name) is Role.X), "")
