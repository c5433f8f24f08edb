"""How a student's code is told whether it trains or is evaluated: by arguments, by methods, by flags it keeps."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .binding import GIVEN_ALWAYS, Binder, UnfilledError
from .outputs import Outputs
from .recipes import Recipe
from .roles import Role, plain, role
from .source import compared, may_be_none, signature
from .state import DEPTH, inside
from .switches import is_norm
from .values import Function
from .world import World

if TYPE_CHECKING:
    from .functions import FunctionCode
    from .training_plan import TrainingPlan

EVALUATES = (
    r"(is|in)?(test|testing|eval|evaluation|inference|predict)(ing)?(time|mode|flag|phase)?|"
    r"(use)?(av|avg|averages?|runningstats|running|ema|moving)"
)
TRAINS = r"(is|in)?train(ing)?(mode|flag|phase|time)?|istraining"
EVALUATION_WORD = r"test|eval|pred|infer|val"
MEANS, VARIANCES = r"(mu|mean)s?(list|batch)?", r"(v|var|variance)s?(list|batch)?"
PLAIN = (Role.X, Role.LABELS, Role.W, Role.B, Role.GAMMA, Role.BETA, Role.LAMBDA)  # the mode decides nothing of these
MOMENTUM = 0.9  # of running statistics that the code is given: as in our own networks


Way = Callable[[World, Mapping[str, Any], Any], Any]  # to the value of an argument, from what a call is about


class TrainingBinder(Binder):
    """Fills arguments as a training does: what is no tensor comes from the plan. `training`: is this an update?"""

    def __init__(self, like: Binder, plan: "TrainingPlan") -> None:
        super().__init__(like.encodings, like.layer, like.loss)
        self.network, self.words, self.settings = like.network, dict(like.words), like.settings
        self.matrices = like.matrices
        self.plan, self.training, self.labelled = plan, True, True
        self.updates = 0
        self.rng = np.random.default_rng(plan.seed)
        self._averages: dict[bool, list[Any]] = {}  # of variances? -> of every layer
        self._ways: dict[Any, list[tuple[Any, Way]]] = {}

    def next_update(self) -> None:
        """Another update: seeds that are arguments change."""
        self.updates += 1

    def own(self, value: Any) -> Any:
        """The parameter itself: every update makes it from theta, and what the code writes to it is the code's."""
        return value

    def examples(self, world: World) -> Any:
        """X itself: the batch is the code's, as in a loop of its own."""
        return world.X

    def given(
        self,
        function: Function,
        world: World,
        values: Mapping[str, Any],
        outputs: Outputs | None,
        fill: Mapping[str, Recipe],
    ) -> Iterator[tuple[Any, Any]]:
        """See Binder.given. Where the values of the first call stood, those of the next stand, too."""
        key = (function, outputs is None, self.training, self.labelled)
        if (known := self._ways.get(key)) is not None:
            with suppress(KeyError, TypeError):  # a forward that returns something else now
                return iter([(p, way(world, values, outputs)) for p, way in known])
        found = list(super().given(function, world, values, outputs, fill))
        if not any(isinstance(value, UnfilledError) for _, value in found):
            self._ways[key] = [(p, self._way(function, p, v, world, values, outputs, fill)) for p, v in found]
        return iter(found)

    def _way(
        self, function: Function, p: Any, value: Any, world: World, values: Any, outputs: Outputs | None, fill: Any
    ) -> "Way":
        """How the value of an argument is reached, told from where it stands now; by its role where that is new."""
        name, named = p.name, plain(p.name)
        if values.get(name) is value:
            return lambda world, values, outputs: values[name]
        if outputs is not None and outputs.named.get(named) is value is not None:
            return lambda world, values, outputs: outputs.named[named]
        if role(name) is Role.LABELS and self.labelled:
            return lambda world, values, outputs: self._labels(function, p, world)
        if role(name) is Role.X and isinstance(value, np.ndarray) and np.array_equal(value, world.X):
            return lambda world, values, outputs: world.X
        if role(name) is Role.LAMBDA and value is world.lambda_:
            return lambda world, values, outputs: world.lambda_
        if outputs is not None and isinstance(value, np.ndarray) and value is outputs.probabilities(world):
            return lambda world, values, outputs: outputs.probabilities(world)
        if outputs is not None and name in fill and role(name) not in GIVEN_ALWAYS and name not in self.chosen:
            return lambda world, values, outputs: fill[name](outputs)
        if type(value) is list and value:
            places = [key for each in value for key, one in values.items() if one is each]
            if len(places) == len(value):
                return lambda world, values, outputs: [values[place] for place in places]
        return lambda world, values, outputs: self._argument(function, p, world, values, outputs, fill)[1]

    def _argument(
        self,
        function: Function,
        p: Any,
        world: World,
        values: Any,
        outputs: Outputs | None,
        fill: Any,
    ) -> tuple[bool, Any]:
        name = plain(p.name)
        known = p.name in values or p.name in fill or (outputs is not None and name in outputs.named)
        if not known:
            what = role(p.name)
            if what is Role.LABELS and not self.labelled:
                return p.default is not p.empty, None
            if what not in PLAIN and (own := self._own(function, p, what, name)) is not None:
                return False, own[0]
        return super()._argument(function, p, world, values, outputs, fill)

    def _own(self, function: Function, p: Any, what: Role, name: str) -> tuple[Any] | None:
        """The value of an argument that the plan or the mode decides, in a tuple; None for others."""
        if is_norm(p.name):
            return (self.plan.batch_norm,)
        if what is Role.ON and re.fullmatch(TRAINS, name):
            return (self.training,)
        if what is Role.OFF and re.fullmatch(EVALUATES, name) and isinstance(p.default, bool | type(p.empty)):
            return (not self.training,)
        if what in (Role.KEEP, Role.DROP) and (self.plan.dropout or p.default is not None):
            dropped = self.plan.dropout if self.training else 0.0
            return (dropped if what is Role.DROP else 1 - dropped,)
        if what is Role.AVERAGE and self._averages:
            return ([a.copy() for a in self._averages[_is_variance(name)]],)
        if what is Role.RNG:
            return (self.rng,)
        if what is Role.SEED and p.default is p.empty:
            return (self.plan.seed + self.updates,)
        words = [word for word in compared(function, p.name) if re.search(EVALUATION_WORD, word)]
        if not self.training and (words or what is Role.MODE):
            return ((words or ["test"])[0],)
        return None

    # Running statistics that functions are given

    def start(self, code: "FunctionCode", world: World) -> None:
        """Begin the running statistics with mean 0 and variance 1, where functions are given some."""
        functions = [f for f in (code.family.forward, code.family.gradient, code.family.cost) if f is not None]
        if not self.plan.batch_norm or not any(role(p.name) is Role.AVERAGE for f in functions for p in signature(f)):
            return
        shapes = [world.layout.vector(m) for m in self.plan.sizes[1:-1]]
        self._averages = {False: [np.zeros(s) for s in shapes], True: [np.ones(s) for s in shapes]}

    def learn(self, outputs: Outputs | None) -> None:
        """Move the running statistics towards those of a batch, which forward has returned."""
        if outputs is None:
            return
        for variance, averages in self._averages.items():
            pattern = VARIANCES if variance else MEANS
            found = [v for k, v in outputs.named.items() if re.fullmatch(pattern, k) and isinstance(v, list)]
            for average, value in zip(averages, found[0] if found else [], strict=False):
                average *= MOMENTUM
                average += (1 - MOMENTUM) * np.reshape(value, average.shape)

    def kept(self) -> list[Any]:
        """The running statistics, for a checkpoint."""
        return [a for averages in self._averages.values() for a in averages]

    def take(self, arrays: list[Any]) -> None:
        """Take back what kept() gave."""
        for own, array in zip(self.kept(), arrays, strict=True):
            own[...] = array


def _is_variance(name: str) -> bool:
    return "v" in name[:3]


class Modes:
    """The modes of a code: training but for the time of an evaluation."""

    def __init__(self, code: "FunctionCode") -> None:
        self.code = code

    @contextmanager
    def evaluation(self, binder: TrainingBinder) -> Iterator[None]:
        """A with-block in which the code is evaluated."""
        thing = self.code.state.thing if self.code.state is not None else None
        before = list(_switches(thing)) if thing is not None else []
        binder.training = False
        by_method = _call(thing, "eval")
        if not by_method:
            for owner, key, value in before:
                owner[key] = _other(value)
        try:
            yield
        finally:
            binder.training = True
            if by_method:
                _call(thing, "train")
            for owner, key, value in before:
                owner[key] = value

    def scores(self, binder: TrainingBinder, world: World, values: Any) -> Outputs | None:
        """What a loss gives without labels, as net.loss(X) does; None if it cannot be called so."""
        gradient = self.code.family.gradient
        labels = [p for p in signature(gradient) if role(p.name) is Role.LABELS]
        if not any(p.default is not p.empty or may_be_none(gradient, p.name) for p in labels):
            return None
        binder.labelled = False
        try:
            return Outputs(binder.call(gradient, world, values), gradient)
        finally:
            binder.labelled = True


def _call(thing: Any, name: str) -> bool:
    """Call thing.eval() or thing.train(), if it has both and they take nothing."""
    methods = [getattr(thing, method, None) for method in ("eval", "train")]
    if not all(callable(m) and not [p for p in signature(m) if p.default is p.empty] for m in methods):
        return False
    getattr(thing, name)()
    return True


def _switches(thing: Any, depth: int = 0, seen: set[int] | None = None) -> Iterator[tuple[Any, Any, Any]]:
    """The flags and words in an object that say that it trains: the dict they are in, the key, the value."""
    seen = set() if seen is None else seen
    if depth > DEPTH or id(thing) in seen:
        return
    seen.add(id(thing))
    for step, owner, key, value in inside(thing):
        if isinstance(value, bool | str) and isinstance(key, str):
            holder = owner.__dict__ if step.startswith(".") else owner
            if isinstance(holder, dict) and _says(plain(key), value):
                yield holder, key, value
        elif not isinstance(value, np.ndarray):
            yield from _switches(value, depth + 1, seen)


def _says(name: str, value: bool | str) -> bool:
    """Does a flag or a word of this name say that the network trains?"""
    if isinstance(value, str):
        return role(name) is Role.MODE and value.lower().startswith("train")
    return value is bool(re.fullmatch(TRAINS, name)) and bool(re.fullmatch(f"{TRAINS}|{EVALUATES}", name))


def _other(value: bool | str) -> bool | str:
    return "test" if isinstance(value, str) else not value
