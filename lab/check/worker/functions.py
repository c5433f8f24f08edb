"""Code in calls: a forward, a cost, a function or method that gives gradients; parameters in arguments or objects."""

import copy
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import reference
from .binding import Binder
from .code import Code
from .costs import TAKEN, held_cost, settle_cost, squares
from .counts import is_rate
from .dice import Dice
from .errors import CodeError, NothingToCheckError
from .inputs import settings_of
from .live import Nothing
from .matching import Leaf, Match, Slot, fit, leaves, match, pieces
from .outputs import Outputs, left_in
from .recipes import Recipe
from .roles import Role, key_letter, role, tensor
from .source import numbers, read, returned, signature, stored, text
from .state import Holding, State, last_name
from .values import Function, number, stacked
from .variants import drawn, variants
from .world import VECTOR, World

ALONE = r"if +\w+ *== *0(\.0*)? *:\s*continue"  # in a loop over what the layer above hands back
CLIPS = r"clip|norm\w* *>"  # in code that may cut large gradients
SMALLER = (0.3, 0.1, 0.03)  # what the parameters are multiplied by where it does
SHRINKS = 12  # times that the weights are made smaller, at most, until the cost is finite


@dataclass(frozen=True)
class Family:
    """Functions, or methods of one object, that belong together. flags: what the file reads beside the parameters;
    course: does the course's own network stand in for a forward that the file lacks? priced: has the file a cost that
    may go with it, whether it runs or not?"""

    gradient: Function
    forward: Function | None = None
    cost: Function | None = None
    flags: tuple[str, ...] = ()
    course: bool = False
    priced: bool = False

    def outputs(self, binder: Binder, world: World, values: Mapping[str, Any]) -> Outputs | None:
        """What forward makes of these parameters; None if there is no forward."""
        if self.course:
            return Outputs(reference.outputs(world, values), None)
        if self.forward is None:
            return None
        made = binder.call(self.forward, world, values)
        outputs = Outputs(left_in(self.forward) if made is None else made, self.forward)
        outputs.inputs = values.get("x")
        return outputs


@dataclass(frozen=True)
class Found:
    """Where the gradients are: in what is returned (places of leaves), in the object (paths), or, of code that only
    moves its parameters, the step it takes."""

    returned: Match
    held: Mapping[str, str]
    stepped: tuple[str, ...] = ()

    @property
    def fits(self) -> dict[str, int]:
        """How well the shapes fit, see Match."""
        return {**dict.fromkeys([*self.held, *self.stepped], 3), **self.returned.fits}


class FunctionCode(Code):
    """A family in one world. Without a `state` the parameters are given with every call. layer: J is sum(c * out) with
    a random c, which the gradient function is handed, and x is a tensor like the parameters."""

    def __init__(
        self,
        family: Family,
        world: World,
        binder: Binder,
        fill: Mapping[str, Recipe],
        state: State | None = None,
        layer: bool = False,
    ) -> None:
        self.form = "layer" if layer else "functions" if state is None else "network"
        self.family, self.world, self.binder, self.fill = family, world, binder, fill
        self.state, self.layer = state, layer
        own = [state.thing.__dict__] if state is not None else []
        self.dice = Dice([getattr(family.gradient, "__globals__", {}), *own])
        self.examples = world.x.shape[world.axis or 0]
        self.single = False  # does it take one example at a time?
        self.penalty: float | None = None  # of the reference's cost, where the file has none
        self.loss = reference.CROSS_ENTROPY  # of that cost
        self.added = 0.0  # the penalty that the file's cost lacks, see costs.py
        self.cost_place = self.own_place = 0  # which of the numbers that are returned is J
        self.taken = ""  # what J is of a cost that is an array, see costs.TAKEN
        self.found = Found(Match({}, {}), {})
        self.slots: tuple[Slot, ...] = world.slots
        self.params = dict(world.values)
        self.unused: dict[str, Any] = {}  # parameters that are given and that nothing reads
        self.zeroed = False
        self.overwritten = False  # do some gradients add up over calls, and others that are zeroed with them do not?
        self.times = 1  # that backward is called before its gradients are read: J is the sum over the calls
        self.reads_kept = False  # do the gradients fail before the cost, without what it lets an object inside keep?
        self.rate = Binder.eta  # of the steps in which gradients are seen
        self.scale = 1.0  # of the parameters, or of what the layer above hands back: so small that nothing is clipped
        self._complete()
        self.calls, self.facts = self._calls(), self._facts()

    def _complete(self) -> None:
        """Find the parameters and their gradients; raises whatever the functions raise, CodeError if nothing fits."""
        rng = np.random.default_rng(11)
        if self.layer:
            out = self._out(self.params)
            self._refuse_bare_softmax(out, rng)
            self.cotangent = self.binder.cotangent = self._drawn(rng, out.shape)
            self.out = out
            if out.dtype.kind not in "fc":
                raise CodeError("forward gives no floating-point numbers")
        if self.state is not None:
            self._settle_start()
            self.state.discover(lambda: float(np.real(self.cost(self.params))), self._data())
            if not self.state.slots and not (self.world.slots and self._x_matters()):
                raise CodeError(f"{next(iter(self._calls()))} reacts to no array of the object")
            self.slots = (*self.slots, *self.state.slots)
            self.params = {**self.params, **drawn(self.state, rng)}
        self._settle_scale()
        found = self.leaves(self.params)
        self.found = self._locate(found)
        if self.found.stepped:
            self._refuse_other_steps(found, rng)
            self.rate = told_rate(self.family.gradient) or 1.0
        if self.state is not None:
            given = self._taken(found)  # 0 for a gamma that is switched off is no gradient
            silent = {k for k in self.state.silent if k not in self.found.fits or np.size(given.get(k, 0)) == 1}
            self.slots = tuple(slot for slot in self.slots if slot.name not in silent)
            self.params = {k: v for k, v in self.params.items() if k not in silent}
        self._drop_unseen()
        if self.layer and "x" in self.params and "x" not in self.found.fits and len(self.slots) > 1:
            self.slots = tuple(slot for slot in self.slots if slot.letter != "x")
            self.params = {k: v for k, v in self.params.items() if k != "x"}
            self.notes += (f"{name_of(self.family.gradient)}() gives no dx: only the parameters are checked",)
        if not self.found.fits:
            raise CodeError(f"{name_of(self.family.gradient)}() gives no gradient of a parameter")
        self.notes += self.found.returned.notes
        settle_cost(self, found, self.params)
        self._settle_sum()
        self._settle_rate()
        self._drop_silent()
        if self.layer:
            self.out = self._out(self.params)
        self._settle_sums()
        self._settle_clip()

    def _settle_start(self) -> None:
        """Which number is J, from a start of the object at which it is finite: drawn without a factor, weights are too
        large for an image."""
        assert self.state is not None
        for _ in range(SHRINKS):
            settle_cost(self, self.leaves({**self.params}), {**self.params})
            if self._is_finite():
                return
            self.state.shrink(SMALLER[0])

    def _settle_scale(self) -> None:
        """The scale of the parameters at which the cost is finite."""
        for _ in range(SHRINKS if not self.layer else 0):
            if self._is_finite():
                return
            self._take_scale(SMALLER[0], self.params, None)

    def _is_finite(self) -> bool:
        """Is all that the cost gives finite; without one, what the gradients come with, and the logarithm of P?"""
        if self.layer:
            return True
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            numbers = [np.asarray(value) for value in self._numbers() if value is not None]
        return all(np.isfinite(value).all() for value in numbers if value.dtype.kind in "fc")

    def _numbers(self) -> Iterator[Any]:
        """See _is_finite."""
        if self.family.cost is not None:
            yield from (leaf.value for leaf in leaves(held_cost(self, self.params)))
            return
        with self.holding(self.params):
            outputs = self.outputs(self.params)
            P = outputs.probabilities(self.world) if outputs is not None else None
            made = self._call_after_cost(self.params, outputs)
        yield from (leaf.value for leaf in leaves(made))
        if P is not None and reference.sums_to_one(self.world, P):
            yield np.log(np.real(P))

    def _settle_clip(self) -> None:
        """Of code that clips its gradients: the scale at which it cuts none, if more of them are right there."""
        if not re.search(CLIPS, text(self.family.gradient)):
            return
        own, params, cotangent = self.scale, self.params, self.binder.cotangent if self.layer else None
        right = {1.0: agreement(self)}

        def take(factor: float) -> None:
            self.scale = own
            self._take_scale(factor, params, cotangent)

        for factor in SMALLER if right[1.0] < len(self.slots) else ():
            take(factor)
            right[factor] = agreement(self)
        best = max(right, key=lambda factor: right[factor])
        take(best if best == 1 else best * SMALLER[0])  # room for other batches
        if best < 1:
            self.notes += (f"{name_of(self.family.gradient)}() clips: checked where the gradients are small",)

    def _take_scale(self, factor: float, params: Mapping[str, Any], cotangent: Any) -> None:
        """Make the scale smaller by a factor, and with it these parameters, or what the layer above hands back."""
        self.scale *= factor
        self.params = self._scaled(params, factor)
        if self.layer:
            self.cotangent = self.binder.cotangent = factor * cotangent

    def _scaled(self, params: Mapping[str, Any], factor: float) -> dict[str, Any]:
        """The parameters of a network times a factor; those of a layer as they are."""
        small = {slot.name for slot in self.slots if slot.letter != "x"} if not self.layer and factor < 1 else ()
        return {k: (factor * v).astype(v.dtype) if k in small else v for k, v in params.items()}

    def _refuse_other_steps(self, found: list[Leaf], rng: Any) -> None:
        """A step that does not depend on where it starts, or is as large everywhere, is not eta times a gradient."""
        assert self.state is not None
        name, moved = name_of(self.family.gradient), drawn(self.state, rng)
        once = {leaf.path: leaf.value for leaf in found}
        again = {leaf.path: leaf.value for leaf in self.leaves({**self.params, **moved})}
        steps = {slot: (once[f"step {slot}"], again.get(f"step {slot}", 0.0)) for slot in self.found.stepped}
        if any(np.allclose(a - b, (self.params[k] - moved[k]) / self.rate) for k, (a, b) in steps.items()):
            raise CodeError(f"{name}() starts from parameters of its own")
        if all(np.ptp(np.abs(step)) < 1e-3 * np.abs(step).max() for step, _ in steps.values()):
            raise CodeError(f"{name}() takes steps that are no multiple of the gradient")

    def _settle_sum(self) -> None:
        """What J is of a cost that is an array: its sum, or a mean, where the gradients are those of it."""
        agreeing: dict[int, str] = {}
        for taken in TAKEN if self.taken else ():
            self.taken = taken
            agreeing.setdefault(agreement(self), taken)
        self.taken = agreeing[max(agreeing)] if agreeing else ""

    def _settle_rate(self) -> None:
        """The learning rate of code that is told none: 1, or one that it writes down, if the steps fit that better."""
        if not self.found.stepped or told_rate(self.family.gradient) is not None:
            return
        rates: dict[int, float] = {}
        for rate in (1.0, *numbers(self.family.gradient)):
            self._take_rate(rate)
            rates.setdefault(agreement(self), rate)
        self._take_rate(rates[max(rates)])

    def _take_rate(self, rate: float) -> None:
        self.rate = rate
        if self.penalty is not None:
            settle_cost(self, self.leaves(self.params), self.params)

    def _drop_unseen(self) -> None:
        """A layer none of whose parameters has a gradient anywhere: only dx can be checked."""
        unseen = [slot for slot in self.slots if slot.letter != "x"]
        seen = any(slot.name in self.found.fits for slot in unseen) or "x" not in self.found.fits
        if not self.layer or self.state is None or not unseen or seen:
            return
        self.slots = tuple(slot for slot in self.slots if slot.letter == "x")
        self.params = {"x": self.params["x"]}
        first = min((slot.name for slot in unseen), key=len)
        self.notes += (f"only dx is checked: there are no params and grads, and no d{first} either",)

    def _drop_silent(self) -> None:
        """Parameters that are given and not used: a spare last beta, gamma without batch normalisation."""
        missing = [slot for slot in self.world.slots if not self.found.fits.get(slot.name) and slot.letter != "x"]
        given = self.world.store.depth or not self.layer
        if not given or not missing or not self.found.fits or self.penalty is not None:
            return
        start = self.cost(self.params)
        silent = {
            s.name for s in missing if self.cost({**self.params, s.name: 1.5 * self.params[s.name] + 0.1}) == start
        }
        self.slots = tuple(slot for slot in self.slots if slot.name not in silent)
        self.unused |= {name: self.params[name] for name in silent}
        self.params = {name: value for name, value in self.params.items() if name not in silent}

    def _refuse_bare_softmax(self, out: Any, rng: Any) -> None:
        """A softmax that hands back what it is given has its derivative in the loss: alone it has none to check."""
        if out.ndim == 2 and any(np.allclose(out.sum(axis=axis), 1) for axis in (0, 1)):
            self.binder.cotangent = c = rng.normal(size=out.shape)
            if any(not leaf.held and np.array_equal(leaf.value, c) for leaf in self.leaves(self.params)):
                raise NothingToCheckError("it hands back what it is given: its derivative is part of the loss")

    def _x_matters(self) -> bool:
        """Does the cost of a new object react to x?"""
        assert self.state is not None
        costs = []
        for x in (self.world.X, self.world.X + 0.1 * np.arange(self.world.X.size).reshape(self.world.X.shape) ** 0.5):
            self.state.reset()
            costs.append(float(np.real(self.cost({"x": x}))))
        self.state.reset()
        return costs[0] != costs[1]

    def _data(self) -> list[Any]:
        return [self.world.x, self.world.x.T, self.world.y, *(self.world.labels(e) for e in ("one-hot", "turned"))]

    # Calls

    def holding(self, values: Mapping[str, Any]) -> AbstractContextManager[Any]:
        if self.state is not None:
            return self.state.holding(values)
        return Nothing()

    def outputs(self, values: Mapping[str, Any]) -> Outputs | None:
        """What forward makes of these parameters; None if there is no forward."""
        self.dice.reset()
        return self.family.outputs(self.binder, self.world, {**self.unused, **values})

    def _out(self, values: Mapping[str, Any]) -> Any:
        with self.holding(values):
            outputs = self.outputs(values)
        return self._joined(outputs)

    def _joined(self, outputs: Outputs | None) -> Any:
        """What forward gives; as one array where backward is handed the gradients of several."""
        assert outputs is not None
        return outputs.array(len(outputs.handed(self.family.gradient)))

    def output(self, params: Mapping[str, Any]) -> Any:
        """What a layer gives with these values."""
        return self._out(params) if self.layer else super().output(params)

    def leaves(self, values: Mapping[str, Any]) -> list[Leaf]:
        """What the gradient function returns and leaves in the object; the steps it took with parameters."""
        held: list[Leaf] = []
        with self.holding(values) as holding:
            outputs = self.outputs(values)
            if self.zeroed:
                self.zero()
            if self.primed():
                self.call_cost(values)
            made = self._call_after_cost(values, outputs)
            for _ in range(self.times - 1):
                made = self._call_after_cost(values, self.outputs(values))
            made = stacked(made) if self.layer else made
            if self.state is not None and made is self.state.thing:
                made = None  # return self: what the object keeps is seen below
            given = pieces(self.slots, leaves(made, returned(self.family.gradient)))
            if self.state is not None:
                held = [Leaf(leaf.path, np.array(leaf.value), True) for leaf in self.state.leaves()]
            given = [replace(leaf, value=np.array(leaf.value) if leaf.value is not None else None) for leaf in given]
        if isinstance(holding, Holding):
            moved = {k: v for k, v in holding.after.items() if k in values and np.shape(v) == np.shape(values[k])}
            steps = [(k, (values[k] - v) / self.rate) for k, v in moved.items()]
            held += [Leaf(f"step {k}", step, True) for k, step in steps if np.any(step)]
        return [*given, *held]

    def _call_after_cost(self, values: Mapping[str, Any], outputs: Outputs | None) -> Any:
        """What the gradient function returns; called after the cost if it lacks what an object inside keeps then."""
        try:
            return self._call_gradient(values, outputs)
        except (AttributeError, TypeError, AssertionError):
            if self.state is None or self.layer or self.family.cost is None:
                raise
            self.reads_kept = True
            self.call_cost(values)
            return self._call_gradient(values, outputs)

    def primed(self) -> bool:
        """Must the cost be asked first, because only it is told the labels, or keeps what the gradients read?"""
        family = self.family
        others = [f for f in (family.gradient, family.forward) if f is not None]
        told = any(role(p.name) is Role.LABELS for f in others for p in signature(f))
        if family.cost is None or self.layer or self.state is None:
            return False
        if not told or (family.forward is None and left_in(family.cost) is not None):
            return True
        if self.reads_kept:
            return True
        kept = stored(family.cost) - stored(family.gradient) - (stored(family.forward) if family.forward else set())
        return bool(kept & read(family.gradient))

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        return self._taken(self.leaves(params))

    def _taken(self, found: list[Leaf]) -> dict[str, Any]:
        given = [leaf for leaf in found if not leaf.held]
        held = {leaf.path: leaf.value for leaf in found if leaf.held}
        result = {}
        for slot in self.slots:
            place = self.found.returned.places.get(slot.name)
            if slot.name in self.found.stepped:
                value = held.get(f"step {slot.name}", np.zeros(slot.shape))
            elif slot.name in self.found.held:
                value = held.get(self.found.held[slot.name])
            else:
                value = given[place].value if place is not None and place < len(given) else None
                value = self.times * value if self.times > 1 and value is not None else value
            if value is not None:
                result[slot.name] = value.reshape(slot.shape) if fit(value.shape, slot.shape) == 2 else value
        return result

    def _locate(self, found: list[Leaf]) -> Found:
        given = [leaf for leaf in found if not leaf.held]
        names = [slot.name for slot in self.slots]
        whole = match(self.slots, given)
        if set(whole.places) == set(names) and min(whole.fits.values()) >= 2:
            return Found(whole, {})
        state, held, stepped = self.state, {}, []
        for slot in self.slots:
            twins = _twins(state, slot, [f for f in found if f.held]) if state is not None else []
            if slot.letter == "x" and given and any(np.ndim(leaf.value) for leaf in given):
                twins = []  # it is returned
            if twins:
                held[slot.name] = max(twins, key=lambda f: fit(f.value.shape, slot.shape)).path
            elif any(f.held and f.path == f"step {slot.name}" for f in found):
                stepped.append(slot.name)
        rest = [slot for slot in self.slots if slot.name not in held and slot.name not in stepped]
        return Found(match(rest, given), held, tuple(stepped))

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J."""
        with self.holding(params):
            return self._cost(params) if self.times == 1 else self.times * self._cost(params)

    def _cost(self, params: Mapping[str, Any]) -> Any:
        if self.layer:
            out = self._joined(self.outputs(params))
            J = np.sum(self.cotangent * out).astype(out.dtype)  # J is no more precise than the output
            return (
                J if self.family.cost is None else J + number(self.call_cost(params), f"{name_of(self.family.cost)}()")
            )
        if self.family.cost is not None:
            return self.cost_in(self.call_cost(params), params)
        if self.penalty is None:
            outputs = self.outputs(params)
            made = self._call_gradient(params, outputs)
            return number(leaves(made)[self.own_place].value, f"{name_of(self.family.gradient)}()")
        J = reference.data_loss(self.loss, self.world, self._probabilities(params))
        return J + self.penalty * squares(self.slots, params) if self.penalty else J

    def cost_in(self, made: Any, params: Mapping[str, Any]) -> Any:
        """J, in what the cost function has returned."""
        parts = leaves(made)
        value = parts[self.cost_place].value if parts else made
        if self.taken:
            value = TAKEN[self.taken](value, len(self.world.y))
        J = number(value, f"{name_of(self.family.cost)}()")
        return J + self.added * squares(self.slots, params) if self.added else J

    def call_cost(self, params: Mapping[str, Any]) -> Any:
        assert self.family.cost is not None
        outputs = self.outputs(params)
        self.dice.reset()
        return self.binder.call(self.family.cost, self.world, {**self.unused, **params}, outputs, self.fill)

    def _call_gradient(self, params: Mapping[str, Any], outputs: Outputs | None) -> Any:
        self.dice.reset()
        return self.binder.call(self.family.gradient, self.world, {**self.unused, **params}, outputs, self.fill)

    def probabilities(self, params: Mapping[str, Any]) -> Any:
        """P of the student's forward, or of the course's network where there is none."""
        with self.holding(params):
            return self._probabilities(params)

    def _probabilities(self, params: Mapping[str, Any]) -> Any:
        outputs = self.outputs(params)
        found = outputs.probabilities(self.world) if outputs is not None else None
        if found is None and self.state is not None:
            raise CodeError("forward gives no probabilities, and there is no cost")
        return reference.probabilities(self.world, params) if found is None else found

    # Gradients that add up until they are zeroed

    def _settle_sums(self) -> None:
        """Measure from zero what adds up by design: the file zeroes it somewhere else than where it is made."""
        if self.state is None or not self.found.held:
            return
        once, again = self.gradients(self.params), self.gradients(self.params)
        held = [k for k in self.found.held if k in once and np.any(once[k])]
        if (
            held
            and any(not np.allclose(once[k], again[k]) for k in held)
            and self.state.zeroes(self.found.held.values())
        ):
            self.zeroed = True
            still = [k for k in held if np.array_equal(once[k], again[k])]
            self.overwritten = any(self.state.zeroes(["." + last_name(self.found.held[k])]) for k in still)
            self.notes += ("the gradients add up until they are zeroed: each is measured from zero",)

    def zero(self) -> None:
        """Set what adds up to 0, as the file does between updates."""
        assert self.state is not None
        self.state.zero(set(self.found.held.values()))

    # Facts and other places

    def _calls(self) -> Mapping[str, Function | None]:
        """What is called: the cost first, the gradients last."""
        gradient = {f"{name_of(self.family.gradient)}()": self.family.gradient}
        if self.layer:
            return {f"{name_of(self.family.forward)}()": self.family.forward, **gradient}
        if self.family.cost is not None:
            return {f"{name_of(self.family.cost)}()": self.family.cost, **gradient}
        if self.penalty is None:
            return {f"the cost of {name_of(self.family.gradient)}()": self.family.gradient, **gradient}
        return {"the course's cost": None, **gradient}

    def _facts(self) -> dict[str, Any]:
        """For a diagnosis: how to turn the student's tensors into the course's."""
        world = self.world
        return {
            "kind": "vector" if world.store.style == VECTOR else "tokens" if world.x.dtype.kind == "i" else self.form,
            "x": world.x.tolist(),
            "y": world.y.tolist(),
            "sizes": list(world.sizes),
            "lambda": world.lambda_,
            "columns": world.layout.columns,
            "settings": self._settings(),
            "own_cost": self.penalty is None,
            "has_cost": self.penalty is None or self.loss is not reference.CROSS_ENTROPY,
            "slots": [
                {"name": s.name, "letter": s.letter, "layer": s.layer, "turned": world.layout.outputs_first}
                for s in self.slots
            ],
        }

    def _settings(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for p in signature(self.family.forward) if self.family.forward is not None else []:
            found |= self.binder.settings.get(p.name) or settings_of(p.name, name_of(self.family.forward)) or {}
        return found

    def elsewhere(self, rng: Any, n: int) -> "FunctionCode":
        """With another batch of n examples and other parameters; the same object."""
        other = self.moved_to(self.world.elsewhere(rng, n))
        if self.state is not None:
            own = {k: v for k, v in drawn(self.state, rng).items() if k in self.params}
            other.params = {**other.params, **own}
        other.params = other._scaled(other.params, self.scale)
        other._settle_scale()
        if self.layer:
            other.hand(rng)
        other.facts = other._facts()
        return other

    def moved_to(self, world: World) -> "FunctionCode":
        """The same in another world; hand() is to follow if it is a layer."""
        other = copy.copy(self)
        drawn = {name: value for name, value in world.values.items() if name not in self.unused}
        other.world, other.binder, other.params = world, self.binder.copy(), {**self.params, **drawn}
        other.examples = world.x.shape[world.axis or 0]
        return other

    def remade(self, world: World, binder: Binder, state: State | None) -> "FunctionCode":
        """The same functions from the start: with the methods of another object, if the parameters are in one."""
        if state is None or self.state is None:
            return FunctionCode(self.family, world, binder, self.fill, None, self.layer)
        old, new = self.state.thing, state.thing
        methods = {}
        for part in ("gradient", "forward", "cost"):
            function = getattr(self.family, part)
            if function is not None and _belongs(function, old):
                methods[part] = getattr(new, name_of(function))
            elif function is not None and (kept := _keeper(function, old)):
                methods[part] = getattr(getattr(new, kept), name_of(function))
        family = replace(self.family, **methods)
        return FunctionCode(family, world, binder, self.fill, state, self.layer)

    def hand(self, rng: Any) -> None:
        """Draw what the layer above hands back."""
        self.out = self._out(self.params)
        self.cotangent = self.binder.cotangent = self._drawn(rng, self.out.shape)
        self.facts = self._facts()

    def _drawn(self, rng: Any, shape: tuple[int, ...]) -> Any:
        """What the layer above hands back: a single number that is not 0 to code that looks for one, as that of a loss
        of one example is."""
        c = self.scale * rng.normal(size=shape)
        return c * (np.arange(c.size) == 1).reshape(shape) if re.search(ALONE, text(self.family.gradient)) else c

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """At other points, with other inputs, settings and flags."""
        yield from variants(self, rng)


def _keeper(function: Function, thing: Any) -> str:
    """The attribute of an object that is the class this function is written in: cost of CrossEntropyCost.fn."""
    kept = getattr(thing, "__dict__", {}).items()
    return next((k for k, v in kept if isinstance(v, type) and getattr(v, name_of(function), None) is function), "")


def _twins(state: State, slot: Slot, held: list[Leaf]) -> list[Leaf]:
    """The arrays in the object that are called the gradient of the parameter, or of what it stands for."""
    return [f for f in held if _is_twin(state, slot, f)] or [f for f in held if state.namesake(slot, f)]


def _is_twin(state: State, slot: Slot, leaf: Leaf) -> bool:
    """Is this array in the object called the gradient of the parameter, or of the inputs?"""
    if slot.letter != "x":
        return state.twin(slot, leaf)
    return tensor(leaf.path).letter == "x" and key_letter(re.findall(r"\w+", leaf.path)[-1]) == ""


def _belongs(function: Function, thing: Any) -> bool:
    """Is it a method of an object, or a function in a scope?"""
    return getattr(function, "__self__", None) is thing or vars(thing).get(name_of(function)) is function


def told_rate(gradient: Function) -> float | None:
    """The learning rate that it is told, as an argument or in its object, whose constructor may call it otherwise; None
    if it is told none."""
    if any(is_rate(p.name) for p in signature(gradient)):
        return Binder.eta
    inside = getattr(getattr(gradient, "__self__", None), "__dict__", {})
    rates = [value for name, value in inside.items() if is_rate(name)]
    kept = [float(v) for v in rates if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
    return kept[0] if kept else Binder.eta if rates else None


def name_of(function: Function | None) -> str:
    """The name of a function."""
    return getattr(function, "__name__", "it")


def agreement(code: FunctionCode) -> int:
    """In how many tensors is the gradient the slope of the cost along a random direction?"""
    return len(right_slopes(code))


def right_slopes(code: Code) -> dict[str, float]:
    """The slopes of the cost along random directions, of every tensor whose gradient says the same."""
    rng, right = np.random.default_rng(5), dict[str, float]()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found, precise = code.gradients(code.params), np.asarray(code.cost(code.params)).dtype != np.float32
        for name, gradient in found.items():
            value = code.params[name]
            if np.shape(gradient) != value.shape:
                continue
            h, tolerance = (1e-5, 1e-4) if value.dtype == np.float64 and precise else (1e-2, 2e-2)
            v = rng.normal(size=value.shape)
            up, down = (float(np.real(code.cost({**code.params, name: value + s * h * v}))) for s in (1, -1))
            slope, expected = (up - down) / (2 * h), float(np.sum(gradient * v))
            if abs(slope - expected) <= tolerance * (abs(slope) + abs(expected)) + 1e-8:
                right[name] = slope
    return right


def is_by_the_scores(code: FunctionCode) -> bool:
    """Is it P - Y, perhaps divided, although the loss takes the logarithm of P?"""
    (g,), (P,) = code.gradients(code.params).values(), code.params.values()
    difference = P - code.world.labels("one-hot")
    scale = float(np.sum(g * difference) / np.sum(difference**2)) if g.shape == P.shape else 0.0
    return scale > 0 and np.allclose(g, scale * difference) and "log" in text(code.family.cost)
