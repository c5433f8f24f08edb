"""Filling the arguments of a student's function from a world, by the roles of their names."""

import copy
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

from .arguments import as_matrix, averages, function_called, norms_on
from .counts import BATCH_SIZE, COUNTS, DIMENSIONS, OF_EXAMPLES, PASSES, is_rate
from .errors import CodeError
from .holders import LETTERS, own_holders
from .inputs import as_given, settings_of
from .meanings import Asked, Given, in_place_of_x, meaning
from .outputs import Outputs, left_in
from .recipes import Recipe
from .roles import Role, is_flag, is_state, one_hot_first, plain, role
from .source import compared, compared_number, is_octave, is_read, keys_read, likely, role_in, signature
from .state import arrays_in
from .switches import drops, is_mask, is_norm
from .values import Function
from .world import VECTOR, World

DROPOUT = (Role.KEEP, Role.DROP)
GIVEN_ALWAYS = (*LETTERS, Role.X, Role.LABELS, Role.NETWORK, Role.LAMBDA)


class UnfilledError(CodeError):
    """An argument nobody knows a value for."""

    def __init__(self, name: str, function: str) -> None:
        super().__init__(f"what is {name} of {function}()?")
        self.name, self.function = name, function


class Binder:
    """Arguments of functions in one world. encodings: kind of name ("Y" or "y") -> encoding of labels; cotangent: what
    the layer above hands back, if a layer is asked; loss: gives the data's part of a cost that takes it."""

    eta = 0.5  # where gradients are only seen as a step

    def __init__(self, encodings: Mapping[str, str], layer: bool = False, loss: Function | None = None) -> None:
        self.encodings, self.layer, self.loss = encodings, layer, loss
        self.cotangent: Any = None
        self.network: Callable[[], Any] | None = None  # gives what holds all parameters, if the file makes it itself
        self.settings: Mapping[str, dict[str, Any]] = {}  # other ones, by the name of the argument
        self.dropping = False  # is dropout that is off by default switched on?
        self.matrices = False  # are arrays given as np.matrix?
        self.made_with: Mapping[str, Any] = {}  # what the object was given that holds the parameters
        self.chosen: Mapping[str, Any] = {}  # values for arguments that would be left at their defaults
        self.words: dict[str, str] = {}  # of arguments that are compared with words: the one to be given
        self.usual: dict[str, float] = {}  # of arguments that have a number as their default somewhere

    def learn_arguments(self, functions: Iterable[Function | None]) -> None:
        """Take one word for every argument that some of these functions compare with words; know the number that an
        argument has as its default in one of them, where another must be given it."""
        for function in filter(None, functions):
            for p in signature(function):
                share = isinstance(p.default, int) and role_in(function, p.name) in DROPOUT
                if isinstance(p.default, float) or share:
                    self.usual.setdefault(p.name, p.default)
                found = compared(function, p.name)
                if found and not (self.words.get(p.name) and likely(self.words[p.name])):
                    self.words[p.name] = found[0]

    def own(self, value: Any) -> Any:
        """A parameter as a function is given it: one that it may write to, and nothing of ours changes."""
        return value.copy()

    def examples(self, world: World) -> Any:
        """X for a call, which may write to it."""
        return world.X.copy()

    def copy(self) -> "Binder":
        """The same for another world."""
        return copy.copy(self)

    def call(
        self,
        function: Function,
        world: World,
        values: Mapping[str, Any],
        outputs: Outputs | None = None,
        fill: Mapping[str, Recipe] | None = None,
    ) -> Any:
        """What the function returns. Raises UnfilledError, and whatever the function raises."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        places = _places(function)
        for p, value in self.given(function, world, values, outputs, fill or {}):
            if isinstance(value, UnfilledError):
                raise value
            value = as_matrix(value) if self.matrices else value
            if places[p.name] is None or len(positional) < places[p.name]:
                named[p.name] = value
            else:
                positional.append(value)
        return function(*positional, **named)

    def given(
        self,
        function: Function,
        world: World,
        values: Mapping[str, Any],
        outputs: Outputs | None,
        fill: Mapping[str, Recipe],
    ) -> Iterator[tuple[inspect.Parameter, Any]]:
        """The arguments that are not left at their defaults, with their values: an UnfilledError for one that nobody
        knows."""
        for p in signature(function):
            try:
                skip, value = self._argument(function, p, world, values, outputs, fill)
            except UnfilledError as error:
                skip, value = False, error
            if not skip:
                yield p, value

    def wants_loss(self, name: str) -> bool:
        """Is an argument of this name the data's part of a cost, which the file can give?"""
        named = re.fullmatch(r"(data)?(loss|cost|ce|crossentropy)(value|val)?", plain(name))
        return self.loss is not None and named is not None

    def unknown(self, function: Function, outputs: Outputs | None, world: World) -> list[str]:
        """Arguments that only forward's outputs can fill, and no name tells with which."""
        names = []
        for p in signature(function):
            try:
                self._argument(function, p, world, world.values, outputs, {})
            except UnfilledError as error:
                names.append(error.name)
        return names

    def _argument(
        self,
        function: Function,
        p: inspect.Parameter,
        world: World,
        values: Mapping[str, Any],
        outputs: Outputs | None,
        fill: Mapping[str, Recipe],
    ) -> Given:
        """The value of an argument. Raises UnfilledError."""
        asked = Asked(function, p, meaning(function, p, world, outputs), world, values, outputs, fill)
        looks = (self._by_name, self._of_forward, self._tensor, self._handed_back, self._of_world)
        for look in (*looks, self._switched, self._set, self._as_elsewhere, self._by_role, self._of_file):
            if (found := look(asked)) is not None:
                return found
        raise UnfilledError(p.name, getattr(function, "__name__", "it"))

    def _by_name(self, asked: Asked) -> Given | None:
        """A parameter, or a value that was chosen."""
        name = asked.p.name
        if name in asked.values and name != "x":
            return False, self.own(asked.values[name])
        return (False, self.chosen[name]) if name in self.chosen else None

    def _of_forward(self, asked: Asked) -> Given | None:
        """What forward has computed, or left in its object; the derivative of J by itself."""
        name, what, outputs = asked.p.name, asked.what, asked.outputs
        if outputs is None:
            handed = what is Role.GIVEN and name == in_place_of_x(asked.function)
            left = left_in(asked.function) if handed else None
            return None if left is None else (False, left.copy())  # loss.backward(loss.output, y)
        if outputs.is_loss and what is Role.GIVEN and not self.layer and not asked.optional:
            return False, 1.0
        if self.layer and what is Role.LABELS:  # ReLUBackward(grad_y, x, y): what forward gave
            return False, outputs.array().copy()
        if what in GIVEN_ALWAYS or (what in DROPOUT and role(name) is Role.P):  # p beside P
            return None
        if name in asked.fill:
            return False, asked.fill[name](outputs)
        return (False, outputs.named[plain(name)]) if plain(name) in outputs.named else None

    def _tensor(self, asked: Asked) -> Given | None:
        """Tensors of a letter, or the inputs."""
        what, world, outputs = asked.what, asked.world, asked.outputs
        if what in (Role.GAMMA, Role.BETA) and world.store.style == VECTOR:
            return False, 0.5  # the weight of a sparsity
        if (letter := LETTERS.get(what)) is not None:
            return self._tensors(asked.function, letter, asked.p, world, asked.values)
        if what is not Role.X:
            return None
        if outputs is not None and plain(asked.p.name) in outputs.new:
            return False, outputs.named[plain(asked.p.name)]  # Xs: the inputs of every layer
        return False, asked.values["x"].copy() if "x" in asked.values else self.examples(world)

    def _handed_back(self, asked: Asked) -> Given | None:
        """What the layer above hands back."""
        function, outputs = asked.function, asked.outputs
        if not self.layer or outputs is None:
            return None
        if several := outputs.handed(function):
            at = several.index(asked.p.name) if asked.p.name in several else None
            return None if at is None else (False, outputs.cut(self.cotangent, len(several))[at])
        return (False, self.cotangent.copy()) if asked.p.name == self._handed(function) else None

    def _of_world(self, asked: Asked) -> Given | None:
        """Labels, all parameters in one, lambda."""
        what, world = asked.what, asked.world
        if what is Role.LABELS:
            return False, self._labels(asked.function, asked.p, world)
        if what is Role.NETWORK and self.network is not None:
            return False, self.network()
        if what is Role.NETWORK:
            at = {(s.letter, s.layer): self.own(asked.values[s.name]) for s in world.slots}
            return False, world.store.container(at)
        return (False, world.lambda_) if what is Role.LAMBDA else None

    def _switched(self, asked: Asked) -> Given | None:
        """Batch normalisation, dropout, words that choose."""
        p, optional = asked.p, asked.optional
        if asked.what is Role.ON:
            return False, norms_on(asked.world) if is_norm(p.name) else True
        if optional and self.dropping and (rate := drops(asked.what, p.default)) is not None:
            return False, rate
        wanted = self.dropping if optional else asked.outputs is None or plain(p.name) in asked.outputs.given
        if wanted and not self.layer and is_mask(p.name) and (masks := asked.world.masks(p.name)) is not None:
            return False, masks
        words = p.name in self.words and not (optional and isinstance(p.default, str))
        return (False, self.words[p.name]) if words else None

    def _set(self, asked: Asked) -> Given | None:
        """Settings, and what is left at its default."""
        p, what, optional = asked.p, asked.what, asked.optional
        settings = settings_of(p.name, getattr(asked.function, "__name__", ""))
        if settings is not None and (not optional or p.name in self.settings):
            return False, as_given(p.name, self.settings.get(p.name, settings), asked.function)
        if what is Role.MODE:
            other = optional and isinstance(p.default, str) and not re.search("train|test|eval|pred|infer", p.default)
            return other, None if other else "train"
        if what is Role.SEED or re.fullmatch(PASSES, plain(p.name)):
            return False, 1
        if re.fullmatch(BATCH_SIZE, plain(p.name)):
            return False, len(asked.world.y)
        default = optional and not (what is Role.OFF and is_flag(p)) and not is_rate(p.name)
        return (True, None) if default else None

    def _as_elsewhere(self, asked: Asked) -> Given | None:
        """What another of the functions takes for it by default: keep_prob of backward, as forward has it."""
        usual = self.usual.get(asked.p.name)
        if usual is None or asked.what in (Role.ETA, Role.STEP):
            return None
        dropped = drops(asked.what, usual) if self.dropping else None
        return False, usual if dropped is None else dropped

    def _by_role(self, asked: Asked) -> Given | None:
        """What its role says, or the count that it is called."""
        name, what, world, outputs = asked.p.name, asked.what, asked.world, asked.outputs
        simple = {Role.OFF: False, Role.KEEP: 0.6, Role.DROP: 0.4, Role.ETA: self.eta, Role.STEP: 1e-8}
        if what in simple:
            return False, simple[what]
        if (of_file := function_called(asked.function, name)) is not None:
            return False, of_file
        if re.fullmatch(DIMENSIONS, plain(name)) and world.store.depth:
            return False, list(world.sizes)
        if (told := world.store.told(name, world.sizes[-1])) is not None:
            return False, told
        if what is Role.RNG:
            return False, np.random.default_rng(1)
        if what is Role.AVERAGE:
            return False, averages(name, world)
        if what is Role.P and outputs is not None and (found := outputs.probabilities(world)) is not None:
            return False, found
        if re.fullmatch(OF_EXAMPLES, plain(name)):
            return False, 0.4 + np.arange(len(world.y)) / len(world.y)
        count = next((count for pattern, count in COUNTS if re.fullmatch(pattern, plain(name))), None)
        return None if count is None else (False, count(world))

    def _of_file(self, asked: Asked) -> Given | None:
        """What the file or the object tells of it."""
        name, function = asked.p.name, asked.function
        if is_state(name):
            return False, self._start(asked.world)
        if self.loss is not None and self.wants_loss(name):
            return False, self.call(self.loss, asked.world, asked.values, asked.outputs, asked.fill)
        if name in self.made_with:
            return False, self.made_with[name]
        if (number := compared_number(function, name)) is not None:
            return False, number
        if not is_read(function, name):
            return False, None
        found = {key: self._strength(key, asked.world) for key in keys_read(function, name)}
        return (False, found) if found and None not in found.values() else None

    def _strength(self, key: str, world: World) -> float | None:
        """A number for a key of a dict of settings, weight_decay or learning_rate; None for another key."""
        parts = [role(part) for part in (key, *key.split("_"))]
        if Role.LAMBDA in parts or "regular" in plain(key):
            return world.lambda_
        return self.eta if is_rate(key) else None

    def _tensors(
        self, function: Function, letter: str, p: inspect.Parameter, world: World, values: Mapping[str, Any]
    ) -> tuple[bool, Any]:
        """The parameters of a letter that this argument holds: the world's, or those of the object, whose methods may
        be given them one by one."""
        arrays = [values[s.name] for s in world.slots if s.letter == letter]
        if not arrays and self.network is not None and p.default is p.empty:
            arrays = arrays_in(self.network(), letter)
        if not arrays:
            if p.default is not p.empty:
                return True, None
            if letter in ("gamma", "beta"):
                return False, None
            raise UnfilledError(p.name, getattr(function, "__name__", "it"))
        own = own_holders(function)[letter]
        if len(own) > 1:
            if own.index(p.name) >= len(arrays):
                raise UnfilledError(p.name, getattr(function, "__name__", "it"))
            return False, self.own(arrays[own.index(p.name)])
        if world.store.lists or len(arrays) > 1:
            return False, world.store.listed([self.own(a) for a in arrays])
        return False, self.own(arrays[0])

    def _labels(self, function: Function, p: inspect.Parameter, world: World) -> Any:
        """The labels as this argument wants them; classes are numbered from 1 in Octave."""
        encoding = self.encodings["Y" if one_hot_first(p.name) else "y"]
        return world.labels(encoding) + (is_octave(function) and encoding not in ("one-hot", "turned"))

    def _start(self, world: World) -> Any:
        """A state to start from: as wide as the square weights of the object, and in the shape of a bias as wide; or as
        the first layer."""
        arrays = arrays_in(self.network(), "") if self.network is not None else []
        wide = [w.shape[0] for w in arrays if w.ndim == 2 and w.shape[0] == w.shape[1] > 1] or [world.sizes[1]]
        shapes = [b.shape for b in arrays if b.size == wide[0]] or [world.layout.vector(wide[0])]
        return 0.3 * np.sin(1.0 + np.arange(wide[0])).reshape(shapes[0])

    def _handed(self, function: Function) -> str:
        """The argument of a layer's backward that is what the layer above hands back."""
        names = [p.name for p in signature(function)]
        given = [name for name in names if role(name) is Role.GIVEN]
        free = [name for name in names if role(name) not in (*LETTERS, Role.X, Role.LAMBDA, Role.ETA, Role.NETWORK)]
        return (given or free or names or [""])[0]


@cache
def _places(function: Function) -> dict[str, Any]:
    """Name of an argument -> its number, None if it is given by name only."""
    return {p.name: None if p.kind is p.KEYWORD_ONLY else i for i, p in enumerate(signature(function))}
