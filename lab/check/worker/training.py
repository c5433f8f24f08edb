"""A student's whole network trained from outside: some updates, what it says of a split, what it keeps.

The data, the parameters and what the optimiser keeps lie in files that both processes map: a question is small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import reference
from .convolutions import Way
from .errors import CodeError
from .evaluation import Modes, TrainingBinder
from .families import roles_of
from .functions import FunctionCode, name_of
from .mapped_files import MappedFiles
from .mapped_tensors import MappedTensor
from .matching import Slot, leaves
from .outputs import Outputs
from .pairing import paired, ways_to_read
from .reach import Reach
from .resizing import resized
from .roles import Role, role
from .source import returned
from .state import places
from .training_plan import TrainingPlan
from .world import World

TINY = np.finfo(np.float64).tiny
EVALUATED = 100  # images or names: in one piece, convolutions as students write them need much memory


@dataclass(frozen=True)
class BatchWorld(World):
    """A world whose examples are a batch. X is a view: it is the student's own, for this one question."""

    @property
    def X(self) -> Any:  # noqa: N802
        """The inputs in the layout."""
        return self.x.T if self.layout.columns else self.x


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
        """P or scores; of dense layers that give none, those of the course's network."""
        if (P := self._given(world, values)) is not None:
            return P
        at = {(tensor.slot.letter, tensor.layer): tensor.ours for tensor in self.tensors}
        return reference.layers(world.x, at, outputs_first=False)[-1]

    def _given(self, world: World, values: Mapping[str, Any]) -> Any:
        """P or scores that forward gives, or a loss without labels; None if nothing does."""
        for ask in (self.code.family.outputs, self.modes.scores):
            outputs = ask(self.binder, world, values)
            if outputs is not None and (P := outputs.probabilities(world)) is not None:
                return P
        return None

    @property
    def gives_scores(self) -> bool:
        """Does the code say what it makes of a batch, and not only its loss?"""
        with self.modes.evaluation(self.binder):
            return self._given(self.world, self._values()) is not None

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
