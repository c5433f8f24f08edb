"""A student's whole network trained from outside: some updates, what it says of a split, what it keeps.

The data, the parameters and what the optimiser keeps lie in files that both processes map: a question is small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import reference
from .construct import Making
from .conv_stores import ConvStore
from .convolutions import Way, by_axes, fitted, is_weight, lyings, misfit, ways
from .errors import CodeError
from .evaluation import Modes, TrainingBinder
from .families import roles_of
from .functions import FunctionCode, name_of
from .holders import holders
from .mapped_tensors import MappedTensor, Pieces
from .matching import Slot, leaves
from .outputs import Outputs
from .reach import Reach
from .roles import Role, role
from .scopes import closure
from .search import Holder
from .source import returned, signature
from .state import State, places
from .switches import is_norm
from .world import VECTOR, World, build, plain_world

TOGETHER = 20  # rows
TINY = np.finfo(np.float64).tiny
EVALUATED = 100  # images or names: in one piece, convolutions as students write them need much memory
OTHERWISE = "-s network.convolutions=[...] and -s hidden=... make another network of the preset"
LETTERS = {"W": "weights", "b": "biases", "gamma": "gammas", "beta": "betas"}


@dataclass(frozen=True)
class TrainingPlan:
    """What is to be trained. sizes: of the input and of every dense layer; example: the shape of an example where the
    network has convolutions, (h, w, c) or (length, letters), otherwise (d,); kernels: those of its convolutions, as
    ours; batch_norm: after each hidden layer; bias: is
    there a b; dropout: the share that is dropped; rule: of the updates, see rules.py, with its settings; like: what
    asks for all this, in words."""

    sizes: tuple[int, ...]
    example: tuple[int, ...]
    kernels: tuple[tuple[int, ...], ...]
    batch_norm: bool
    bias: bool
    dropout: float
    lambda_: float
    seed: int
    rule: str
    settings: Mapping[str, float]
    like: str

    @property
    def depth(self) -> int:
        """How many dense layers have weights."""
        return len(self.sizes) - 1

    def weights(self) -> list[tuple[int, ...]]:
        """The shapes of all weights, as ours."""
        return [*self.kernels, *zip(self.sizes, self.sizes[1:], strict=False)]


@dataclass(frozen=True)
class BatchWorld(World):
    """A world whose examples are a batch. X is a view: it is the student's own, for this one question."""

    @property
    def X(self) -> Any:  # noqa: N802
        """The inputs in the layout."""
        return self.x.T if self.layout.columns else self.x


class MappedFiles:
    """The mapped arrays: the parts of the data, theta, its gradient, what the optimiser keeps, and `made`: how many
    updates of the last question were made, and the loss of each."""

    def __init__(self, folder: Path, parts: Sequence[str], kept: Sequence[str], letters: int = 0) -> None:
        """letters: how many there are, where x holds their numbers."""
        self._letters = letters
        self.parts = {
            part: (_rows(np.load(folder / f"{part}-x.npy", mmap_mode="r")), np.load(folder / f"{part}-y.npy"))
            for part in parts
        }
        self.theta, self.grad, self.made, *others = (
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r+")) for name in ("theta", "grad", "made", *kept)
        )
        self.kept = dict(zip(kept, others, strict=True))

    def batch(self, part: str, rows: Any) -> tuple[Any, Any]:
        """x (n, d) float64 and y (n,) of these rows of a part: new arrays, which the code may keep."""
        x, y = self.parts[part]
        if self._letters:
            return _one_hot(x[rows], self._letters), y[rows].copy()
        if isinstance(rows, slice):
            return x[rows].astype(np.float64), y[rows].copy()
        gathered, some = np.empty((len(rows), x.shape[1])), np.empty((TOGETHER, x.shape[1]), x.dtype)
        for i in range(0, len(rows), TOGETHER):  # what is converted is still in the cache
            now = rows[i : i + TOGETHER]
            gathered[i : i + TOGETHER] = np.take(x, now, axis=0, out=some[: len(now)], mode="clip")
        return gathered, y[rows]

    def tensors(self, shapes: Sequence[tuple[str, int, tuple[int, ...]]]) -> dict[tuple[str, int], Pieces]:
        """(letter, layer) -> its values, its gradient and what the optimiser keeps of it, flat; shapes: of the tensors
        in their order."""
        found, start = {}, 0
        for letter, layer, shape in shapes:
            end = start + int(np.prod(shape))
            kept = {name: vector[start:end] for name, vector in self.kept.items()}
            found[letter, layer] = (self.theta[start:end], self.grad[start:end], kept)
            start = end
        return found


def _rows(x: Any) -> Any:
    """An example to a row."""
    return np.asarray(x).reshape(len(x), -1)


def _one_hot(x: Any, letters: int) -> Any:
    """A row for every letter, one after the other; 0 for the padding, whose number is `letters`."""
    rows = np.zeros((*x.shape, letters))
    texts, places = np.nonzero(x < letters)
    rows[texts, places, x[texts, places]] = 1
    return rows.reshape(len(x), -1)


def resized(code: FunctionCode, plan: TrainingPlan, x: Any, y: Any) -> FunctionCode:
    """The same code with the sizes of a plan and these examples. Raises CodeError where it cannot have them."""
    if code.layer:
        raise CodeError("it is a single layer: what is trained is a whole network, from X to its cost")
    if code.world.store.style == VECTOR or code.world.sizes[-1] == 1:
        raise CodeError(f"it has a single output, and {plan.like} has {plan.sizes[-1]} classes")
    if any("one example at a time" in note for note in code.notes):
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
        raise CodeError(f"{told}: {_listed(plan.weights())}; its own are {_listed(weights(own.new()))}. {OTHERWISE}")
    world = replace(world, x=lying.given(x), y=y, lambda_=plan.lambda_, axis=code.world.axis)
    return _made(code, _state(code, making), world, binder)


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
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


def paired(
    code: FunctionCode,
    at: Mapping[tuple[str, int], Pieces],
    shapes: Mapping[tuple[str, int], tuple[int, ...]],
    plan: TrainingPlan,
) -> tuple[list[MappedTensor], list[str]]:
    """The student's parameters with the mapped ones, whose shapes are ours, and notes. Raises CodeError where they do
    not go together."""
    slots = [*code.slots, *(s for s in code.world.slots if s.name in code.unused)]
    names = {letter: [s for s in slots if s.letter == letter] for letter in dict.fromkeys(s.letter for s in slots)}
    tensors, notes = [], []
    for letter in dict.fromkeys(letter for letter, _ in at):
        own = names.pop(letter, [])
        wanted = [(layer, shapes[other, layer], pair) for (other, layer), pair in at.items() if other == letter]
        if letter == "b" and len(own) < len(wanted) and plan.batch_norm:
            wanted = wanted[len(wanted) - len(own) :]  # those before batch normalisation change nothing
            notes.append("it has no biases before batch normalisation, where they change nothing")
        tensors += _in_order(letter, own, wanted, code, plan)
    for letter, own in names.items():
        if letter in ("gamma", "beta") and all(slot.name in code.unused for slot in own):
            continue
        if letter in ("gamma", "beta"):
            raise CodeError(f"it has batch normalisation, and {plan.like} has none: -s batch_norm=true")
        listed = ", ".join(slot.name for slot in own)
        raise CodeError(f"{listed}: {plan.like} has no such {LETTERS.get(letter, 'parameters')}")
    return tensors, notes


def ways_to_read(
    code: FunctionCode,
    at: Mapping[tuple[str, int], Pieces],
    shapes: Mapping[tuple[str, int], tuple[int, ...]],
    plan: TrainingPlan,
) -> list[Way]:
    """How the tensors of a network with convolutions may lie, the usual way first. Raises CodeError for none."""
    own: dict[tuple[str, int], Slot] = {}
    for letter in dict.fromkeys(slot.letter for slot in code.slots):
        slots = sorted((slot for slot in code.slots if slot.letter == letter), key=lambda slot: slot.layer)
        own |= {(letter, i): slot for i, slot in enumerate(by_axes(slots, lambda slot: len(slot.shape)))}
    for letter in dict.fromkeys(letter for letter, _ in (*own, *shapes)):
        theirs, ours = (sum(other == letter for other, _ in each) for each in (own, shapes))
        if theirs != ours:
            hint = f": -s bias={'false' if ours else 'true'}" if letter == "b" and not theirs * ours else ""
            what = LETTERS.get(letter, "parameters")
            raise CodeError(f"it has {theirs or 'no'} {what}, and {plan.like} has {ours or 'none'}{hint}")
    found = list(ways(own, code.world, plan.example, at, shapes))
    if not found:
        have = _listed([slot.shape for (letter, _), slot in own.items() if letter == "W"])
        raise CodeError(f"its weights are {have}, and {plan.like} has {_listed(plan.weights())}. {OTHERWISE}")
    return found


def _in_order(
    letter: str,
    own: list[Slot],
    wanted: list[tuple[int, tuple[int, ...], Pieces]],
    code: FunctionCode,
    plan: TrainingPlan,
) -> list[MappedTensor]:
    """The tensors of a letter, the first layer first."""
    own = sorted(own, key=lambda slot: slot.layer)
    if letter in ("gamma", "beta"):
        own = [slot for slot in own if slot.name not in code.unused] if len(own) > len(wanted) else own
    for order in (own, own[::-1]):
        fitting = [_fits(slot, shape, code) for slot, (_, shape, _) in zip(order, wanted, strict=False)]
        if len(order) == len(wanted) and None not in fitting:
            return [
                MappedTensor(slot, layer, *pieces, bool(turned))
                for slot, turned, (layer, _, pieces) in zip(order, fitting, wanted, strict=True)
            ]
    have = ", ".join(f"{slot.name} {slot.shape}" for slot in own) or "none"
    needs = ", ".join(str(shape) for _, shape, _ in wanted)
    raise CodeError(f"its {LETTERS[letter]}: {have}; {plan.like} has {needs}")


def _fits(slot: Slot, shape: tuple[int, ...], code: FunctionCode) -> bool | None:
    """Is a parameter turned against one of ours? None if it is another."""
    if len(shape) == 1:
        return False if int(np.prod(slot.shape)) == shape[0] else None
    if slot.shape == shape[::-1] and (slot.shape != shape or code.world.layout.outputs_first):
        return True
    return False if slot.shape == shape else None


class Training:
    """One code in training."""

    def __init__(self, small: FunctionCode, plan: TrainingPlan, files: MappedFiles, shapes: Any, batch: int) -> None:
        x, y = files.batch("train", slice(0, batch))
        self.files, self.plan = files, plan
        self.code = code = resized(small, plan, x, y)
        at, sizes = files.tensors(shapes), {(a, i): shape for a, i, shape in shapes}
        if plan.kernels:
            self.ways, self.notes = ways_to_read(code, at, sizes, plan), code.notes
        else:
            tensors, notes = paired(code, at, sizes, plan)
            self.ways, self.notes = [Way(None, tensors)], (*code.notes, *notes)
        self.read(0)
        assert isinstance(code.binder, TrainingBinder)
        self.binder = code.binder
        self.modes = Modes(code)
        w = code.world
        self.world = BatchWorld(w.layout, w.store, w.sizes, w.x, y, w.lambda_, w.slots, w.values, w.axis)
        self.primed = code.primed()
        self.own = {t.slot.name: np.empty(t.slot.shape, self._dtype(t.slot)) for t in self.tensors}
        self.views: dict[str, Any] | None = self._views()
        self.held = {name: Reach(path) for name, path in code.found.held.items()}
        self.single = False
        if code.state is not None:
            code.state.reset()
            code.state.rebind()
        code.dice.begin(plan.seed)
        self.binder.start(code, self.world)

    def read(self, way: int) -> None:
        """From now on the tensors lie as one of the ways has them."""
        self.lying, self.tensors = self.ways[way]

    def _batch(self, part: str, rows: Any) -> tuple[Any, Any]:
        """x as the code is given it, and y."""
        x, y = self.files.batch(part, rows)
        return (x if self.lying is None else self.lying.given(x)), y

    def _dtype(self, slot: Slot) -> Any:
        """The type of a parameter in the student's object; what is given with every call is float64."""
        return np.float64 if self.code.state is None else self.code.params.get(slot.name, np.empty(0)).dtype

    # The parameters

    def _views(self) -> dict[str, Any] | None:
        """The mapped parameters themselves for functions that do not write to what they are given: no update copies
        them. None for other code."""
        if self.code.state is not None or self.plan.kernels:  # theirs do not lie as ours
            return None
        views = {t.slot.name: t.value.reshape(t.slot.shape) for t in self.tensors}
        fixed = {name: value.copy() for name, value in self.code.params.items()}
        for value in (*views.values(), *fixed.values()):
            value.flags.writeable = False
        try:
            self.code.gradients(fixed)
        except Exception:
            return None
        return views

    def _values(self) -> dict[str, Any]:
        """The parameters as they are now, by the student's names; those of an object are put there."""
        if self.views is not None:
            return {**self.code.unused, **self.views}
        for tensor in self.tensors:
            tensor.copy_to(self.own[tensor.slot.name])
        if self.code.state is None:
            return {**self.code.unused, **self.own}
        for name, group in self.code.state.where().items():
            if name not in self.own:
                continue
            if self.code.state.in_place and isinstance(group[0].get(), np.ndarray):
                group[0].get()[...] = self.own[name]
                continue
            for place in group:
                place.put(self.own[name])
        return dict(self.own)

    @property
    def takes_lambda(self) -> bool:
        """Does any of its functions take a lambda, or its object hold one?"""
        family, state = self.code.family, self.code.state
        functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
        if state is not None and state.making is not None:
            functions.append(state.making.made)
        if any(Role.LAMBDA in roles_of(f) for f in functions):
            return True
        return state is not None and any(role(str(place.key)) is Role.LAMBDA for place in places(state.thing))

    # Questions

    def updates(self, batches: Any, etas: Sequence[float], first: int) -> bool:
        """Make updates, one for each batch of rows and eta; `made` tells how many and their losses. False: the next
        was not made, as its loss or gradient is not finite. first: the number of the first one, from 1."""
        made = self.files.made
        gradients: list[tuple[MappedTensor, Any]] = []
        for i, (rows, eta) in enumerate(zip(batches, etas, strict=True)):
            loss, gradients = self._gradient(rows)
            if not np.isfinite(loss) or not all(np.isfinite(np.vdot(g, g)) for _, g in gradients):
                return False
            for tensor, g in gradients:
                tensor.step(g, eta, first + i, self.plan.rule, self.plan.settings)
            made[1 + i] = loss
            made[0] = 1 + i
        self._leave(gradients)
        return True

    def gradient(self, rows: Any) -> float:
        """Leave the gradient of a batch in the mapped vector; its mean loss."""
        loss, gradients = self._gradient(rows)
        self._leave(gradients)
        return loss

    def _leave(self, gradients: list[tuple[MappedTensor, Any]]) -> None:
        for tensor, g in gradients:
            tensor.leave(g)

    def _gradient(self, rows: Any) -> tuple[float, list[tuple[MappedTensor, Any]]]:
        """The mean loss of a batch, and the gradient of every tensor."""
        try:
            return self._made(rows)
        except ValueError as error:
            if self.views is None or "read-only" not in str(error):
                raise
        self.views = None  # it writes to its parameters after all
        return self._made(rows)

    def _made(self, rows: Any) -> tuple[float, list[tuple[MappedTensor, Any]]]:
        x, y = self._batch("train", rows)
        code, binder, world = self.code, self.binder, replace(self.world, x=x, y=y)
        values = self._values()
        binder.next_update()
        outputs = code.family.outputs(binder, world, values)
        if code.zeroed:
            code.zero()
        kept = OneBatch(code, world, values, outputs)
        P = outputs.probabilities(world) if outputs is not None else None
        loss = _mean_loss(self._rows(P), y) if P is not None else None  # before the code writes to P
        J = kept.cost() if self.primed else None
        made = kept.gradient()
        given = leaves(made, returned(code.family.gradient))
        gradients = self._collect([leaf.value for leaf in given])
        binder.learn(outputs)
        if loss is None:
            own = J if J is not None else kept.cost_of(given)
            loss = float(np.real(own)) - self.plan.lambda_ * self._squares()
        return loss, gradients

    def _squares(self) -> float:
        return sum(float(np.sum(np.square(t.value))) for t in self.tensors if t.slot.letter == "W")

    def _collect(self, given: list[Any]) -> list[tuple[MappedTensor, Any]]:
        """The gradients, wherever the code leaves them."""
        found, state, gradients = self.code.found, self.code.state, []
        for tensor in self.tensors:
            name = tensor.slot.name
            if name in found.stepped and state is not None:
                after = np.asarray(state.where()[name][0].get())
                gradient = (self._before(tensor) - after) / self.code.rate
            elif name in self.held:
                assert state is not None
                gradient = self.held[name].get(state.thing)
            elif name in found.returned.places:
                gradient = given[found.returned.places[name]]
            else:
                gradient = np.zeros(tensor.slot.shape)  # nothing reads it: a bias before batch normalisation
            if gradient is None:
                raise CodeError(f"{name_of(self.code.family.gradient)}() gives no gradient of {name}")
            self.single = self.single or np.asarray(gradient).dtype == np.float32
            gradients.append((tensor, tensor.fitting(gradient)))
        return gradients

    def _before(self, tensor: MappedTensor) -> Any:
        before = np.empty_like(self.own[tensor.slot.name])
        tensor.copy_to(before)
        return before

    def logits(self, part: str, rows: slice) -> Any:
        """log P (n, classes) of some examples of a part, or the scores where the code gives scores. The network is in
        its evaluation mode."""
        if not self.plan.kernels:
            return self._logits(part, rows)
        starts = range(rows.start, rows.stop, EVALUATED)
        return np.concatenate([self._logits(part, slice(i, min(i + EVALUATED, rows.stop))) for i in starts])

    def _logits(self, part: str, rows: slice) -> Any:
        x, y = self._batch(part, rows)
        world = replace(self.world, x=x, y=y)
        values = self._values()
        with self.modes.evaluation(self.binder):
            P = self._evaluated(world, values)
        P = self._rows(np.asarray(P))
        if np.any(P < 0) or np.any(P > 1 + 1e-6):
            return P
        return np.log(np.maximum(P, TINY))

    def _evaluated(self, world: World, values: Mapping[str, Any]) -> Any:
        """P or scores: of forward, of a loss that is given no labels, or, failing these, of the course's network."""
        for ask in (self.code.family.outputs, self.modes.scores):
            outputs = ask(self.binder, world, values)
            if outputs is not None and (P := outputs.probabilities(world)) is not None:
                return P
        if self.plan.kernels:
            raise CodeError("nothing in it gives the probabilities or the scores of a batch: write a forward that does")
        at = {(tensor.slot.letter, tensor.layer): tensor.ours for tensor in self.tensors}
        return reference.layers(world.x, at, outputs_first=False)[-1]

    def _rows(self, P: Any) -> Any:
        """P with rows as examples."""
        k = self.plan.sizes[-1]
        turned = P.shape[0] == k and (P.shape[1] != k or self.code.world.layout.columns)
        return P.T if turned else P

    # What the code keeps beside its parameters

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Where its random generators stand, as plain values, and the arrays and numbers it keeps."""
        arrays = {f"average/{i}": a for i, a in enumerate(self.binder.kept())}
        if self.code.state is not None:
            own = {place.path for group in self.code.state.where().values() for place in group}
            for place in places(self.code.state.thing):
                value = place.get()
                if place.path not in own and value is not None and np.asarray(value).dtype.kind in "fciub":
                    arrays[f"kept/{place.path}"] = np.array(value)
        return {"dice": self.code.dice.standing(), "updates": self.binder.updates}, arrays

    def restore(self, head: Mapping[str, Any], arrays: Mapping[str, Any], rows: Any) -> None:
        """Go back to a state(). rows: of any batch, with which the code makes all the arrays it keeps."""
        self._gradient(rows)
        if self.code.state is not None:
            for place in places(self.code.state.thing):
                value = arrays.get(f"kept/{place.path}")
                if value is not None:
                    now = place.get()
                    place.put(value if isinstance(now, np.ndarray) or value.ndim else value.item())
        self.binder.take([a for name, a in arrays.items() if name.startswith("average/")])
        self.binder.updates = int(head["updates"])
        self.code.dice.go_to(head["dice"])


def _mean_loss(P: Any, y: Any) -> float:
    """The mean cross entropy of P (n, classes)."""
    picked = np.asarray(P)[np.arange(len(y)), y]
    return -float(np.log(np.maximum(picked, TINY)).sum()) / len(y)


@dataclass(frozen=True)
class OneBatch:
    """One batch: what the functions are called with."""

    code: FunctionCode
    world: World
    values: Mapping[str, Any]
    outputs: Outputs | None

    def gradient(self) -> Any:
        """What the gradient function returns."""
        code = self.code
        return code.binder.call(code.family.gradient, self.world, self.values, self.outputs, code.fill)

    def cost(self) -> Any:
        """What the cost function returns, as J."""
        code = self.code
        assert code.family.cost is not None
        made = code.binder.call(code.family.cost, self.world, self.values, self.outputs, code.fill)
        return code.cost_in(made, self.values)

    def cost_of(self, given: Sequence[Any]) -> Any:
        """J where forward gives no probabilities: of the cost function, or beside the gradients."""
        if self.code.family.cost is not None:
            return self.cost()
        return given[self.code.own_place].value
