"""One try as a plan of an adapter: every call, place and number of it as Python."""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from .binding import UnfilledError
from .construct import Making, given
from .costs import held_cost
from .counts import BATCH_SIZE
from .dice import draws
from .families import is_gradient_name
from .functions import Family, FunctionCode, name_of
from .live import Nothing
from .matching import Slot, fit, leaves
from .outputs import Outputs
from .plan import Argument, Call, Named, Plan, written
from .recipes import Recipe
from .reference import CROSS_ENTROPY
from .roles import Role, plain, role, tensor
from .search import Holder, Try
from .source import returned, signature, text
from .state import State
from .values import Function
from .written_values import drawn, value_of, walk

ENCODED = {"one-hot": "self.Y", "turned": "self.Y.T", "ints": "self.y", "row": "self.y[None, :]"}
ENCODED |= {"column": "self.y[:, None]"}


class Sketch:
    """One try as a plan. code: if it runs; made: is there an object, if the try is one of a class?"""

    def __init__(
        self,
        namespace: Any,
        name: str,
        one: Try | None,
        params: Mapping[str, Any],
        fill: Mapping[str, Recipe],
        code: FunctionCode | None = None,
        made: bool = True,
    ) -> None:
        self.namespace, self.name, self.code, self.fill, self.made = namespace, name, code, fill, made
        self.params = dict(params)
        self.known: list[tuple[Any, str]] = []
        if one is None:
            return
        self.one, self.family, self.world, self.binder, self.state = one, one.family, one.world, one.binder, one.state
        if self.state is not None and code is None and made:
            self._settle(self.state)
        self.outputs = self._outputs()
        self.known = self._known()

    @staticmethod
    def _settle(state: State) -> None:
        """Take the arrays that are called W, b, gamma or beta for the parameters, or all there are."""
        state.reset()
        paths = [group[0].path for group in state.groups()]
        called = [p for p in paths if tensor(p).letter in ("W", "b", "gamma", "beta")]
        state._settle(called or paths)

    def runs(self) -> bool:
        """Does forward run with what it is given, or, where there is none, the cost?"""
        if self.family.forward is not None:
            return self.outputs is not None
        if self.family.cost is None or not self.made:
            return False
        try:
            with self._holding():
                self.binder.call(self.family.cost, self.world, self.params, None, self.fill)
        except Exception:
            return False
        return True

    def _holding(self) -> AbstractContextManager[Any]:
        if self.code is not None:
            return self.code.holding(self.params)
        if self.state is None or not self.made:
            return Nothing()
        return self.state.holding(self.state.values)

    def _outputs(self) -> Outputs | None:
        """What forward returns, if it runs."""
        forward = self.family.forward
        if forward is None or not self.made:
            return None
        try:
            with self._holding():
                return Outputs(self.binder.call(forward, self.world, self.params, None, self.fill), forward)
        except Exception:
            return None

    def _known(self) -> list[tuple[Any, str]]:
        known = [(value, f"self.params[{name!r}]") for name, value in self.params.items()]
        known.append((self.world.X, "self.X"))
        known += [(self.world.labels(encoding), value) for encoding, value in ENCODED.items()]
        if self.binder.cotangent is not None and self.outputs is not None:
            known.append((self.binder.cotangent, f"self.handed({self._out()})"))
            known.append((self.outputs.array(), self._out()))
        return known

    def _out(self) -> str:
        """The array that a layer gives."""
        if self.outputs is None:
            return "out"
        array = next((p for p in self.outputs.parts if isinstance(p, np.ndarray)), None)
        array = self.outputs.array() if array is None and isinstance(self.outputs.value, dict) else array
        return next((value for part, value in walk(self.outputs.value, "out") if part is array), "out")

    # Values and calls

    def value(self, value: Any, name: str, outputs: Outputs | None) -> str:
        """A value of an argument as Python; "" if it cannot be told."""
        if isinstance(value, UnfilledError):
            return ""
        if role(name) is Role.LAMBDA and isinstance(value, float):
            return "self.lam"
        if self.state is not None and value is not None:
            held = self.state.thing.network if isinstance(self.state.thing, Holder) else self.state.thing
            if value is held:
                return "self.net"
        return value_of(value, self.known, outputs)

    def call(self, part: str, function: Function, with_outputs: bool = True) -> Call:
        """A call with the arguments that the try gives it."""
        outputs = self.outputs if with_outputs else None
        parameters = signature(function)
        arguments: list[Argument] = []
        layer = self.one.layer and part == "gradients" and self.outputs is None
        for p, value in self.binder.given(function, self.world, self.params, outputs, self.fill):
            said = self.value(value, p.name, outputs)
            if layer and p.name == self.binder._handed(function):
                said = "self.handed(out)"
            elif self.binder.loss is not None and self.binder.wants_loss(p.name):
                said = _one_line(self.call("loss", self.binder.loss))
            blind = self._blind(function, p.name)
            said = "" if blind else said
            keyword = p.kind is p.KEYWORD_ONLY or len(arguments) < parameters.index(p)
            guess = self.code is None and role(p.name) is Role.NETWORK and said != "self.net"
            computed = not said and (blind or self._is_of_forward(part, p.name))
            arguments.append(Argument(p.name, said, keyword, guess, computed))
        results = getattr(function, "nargout", 0)
        return Call(part, self.reached(function), as_written(name_of(function), function), tuple(arguments), results)

    def _blind(self, function: Function, name: str) -> bool:
        """Would this be what forward gives, which did not run?"""
        blind = self.code is None and self.outputs is None and self.family.forward is not None
        return blind and function is not self.family.forward and self._is_of_forward("gradients", name)

    def _is_of_forward(self, part: str, name: str) -> bool:
        """May forward make what the gradient function, and no other, is given under this name?"""
        forward, cost = self.family.forward, self.family.cost
        others = [p.name for f in (forward, cost) if f is not None for p in signature(f)]
        made = role(name) is Role.P or (role(name) in (Role.OTHER, Role.GIVEN) and name not in others)
        return part == "gradients" and forward is not None and made

    def reached(self, function: Function) -> str:
        """Where a function is: in the file, or in the object."""
        owner = getattr(function, "__self__", None)
        if owner is not None and self.state is not None:
            return f"self.net.{name_of(function)}"
        names = [k for k, v in vars(self.namespace).items() if v is function]
        return f"student.{names[0] if names else name_of(function)}"

    def constructor(self, making: Making, guess: bool = False) -> Call:
        """The call that makes the object."""
        parameters = signature(making.made)
        known = [(making.world.X, "self.X")]
        known += [(making.world.labels(encoding), value) for encoding, value in ENCODED.items()]
        arguments: list[Argument] = []
        for name, value in given(making.made, making.world, making.binder, making.listed).items():
            p = next(p for p in parameters if p.name == name)
            said = "self.lam" if role(name) is Role.LAMBDA and value == making.world.lambda_ else value_of(value, known)
            keyword = p.kind is p.KEYWORD_ONLY or len(arguments) < parameters.index(p)
            arguments.append(Argument(name, said, keyword, guess))
        made = making.made
        results = getattr(made, "nargout", 0)
        return Call("object", self.reached(made), as_written(made.__name__, made), tuple(arguments), results)

    # The plan

    def plan(self) -> Plan:
        """The whole of it."""
        family, state = self.family, self.state
        make = self.constructor(state.making, not self.made) if state is not None and state.making is not None else None
        forward = self.call("forward", family.forward, False) if family.forward is not None else None
        cost = self.call("cost", family.cost) if family.cost is not None and not self.one.layer else None
        gradient = self.call("gradients", family.gradient)
        loss, course = self._loss(cost)
        grads, again = self._grads()
        named = {slot.name: slot for slot in self._slots()}
        params = tuple(Named(k, drawn(v, named[k].letter)) for k, v in self._values().items())
        code = self.code
        return Plan(
            self.name,
            "calls",
            make,
            forward,
            cost,
            gradient,
            kept=self._kept(),
            data=self._data(),
            params=params,
            places=tuple(self._places()),
            in_place=state is not None and state.in_place,
            loss=loss,
            course=course,
            grads=grads,
            zeroed=self._zeroed(),
            again=again,
            primed=code is not None and code.primed(),
            random=draws(code) if code is not None else _may_draw(family),
            returned=_parts(family.gradient),
            own=code is None and family.cost is None and not is_gradient_name(name_of(family.gradient)),
        )

    def _slots(self) -> tuple[Slot, ...]:
        if self.code is not None:
            return tuple(slot for slot in self.code.slots if slot.name in self.params)
        return (*self.world.slots, *(self.state.slots if self.state is not None and self.made else ()))

    def _values(self) -> dict[str, Any]:
        held = self.state.values if self.state is not None and self.made else {}
        return {slot.name: held.get(slot.name, self.params.get(slot.name)) for slot in self._slots()}

    def _data(self) -> tuple[Named, ...]:
        world = self.world
        k, n = world.sizes[-1], len(world.y)
        columns = world.layout.columns
        return (
            Named("X", f"rng.normal(size={world.X.shape})"),
            Named("y", f"rng.integers(0, {k}, {n})"),
            Named("Y", f"np.eye({k})[:, self.y]" if columns else f"np.eye({k})[self.y]"),
            Named("lam", repr(world.lambda_)),
        )

    def _places(self) -> Iterator[Named]:
        if self.state is None or not self.made:
            return
        prefix = ".network" if isinstance(self.state.thing, Holder) else ""
        for name, group in self.state.where().items():
            for place in group[:1] if self.state.in_place else group:
                if not isinstance(place.owner, tuple):
                    yield Named(name, f"self.net{place.path.removeprefix(prefix)}")

    def _kept(self) -> tuple[str, ...]:
        if self.state is None or not self.made:
            return ()
        inside = vars(self.state.thing)
        found = [k for k, v in inside.items() if re.fullmatch(BATCH_SIZE, plain(k)) and type(v) is int]
        return tuple(f"self.net.{k} = {len(self.world.x)}" for k in found)

    def _zeroed(self) -> tuple[str, ...]:
        if self.code is None or not self.code.zeroed:
            return ()
        paths = self.code.found.held
        return tuple(f"self.net{path} = np.zeros_like(self.params[{name!r}])" for name, path in paths.items())

    def _loss(self, cost: Call | None) -> tuple[str, str]:
        """J, and the course's cost where the file has none."""
        if self.one.layer:
            out = self._out()
            return f"np.sum(self.handed({out}) * {out})", ""
        if cost is not None:
            return self._number(), ""
        own = self._own_number()
        return (own, "") if own else ("", self._course())

    def _number(self) -> str:
        """Which number of what the cost returns is J."""
        if self.code is not None:
            found = leaves(held_cost(self.code, self.params), (), "J")
            path = found[self.code.cost_place].path
            summed = {"sum": f"np.sum({path})", "mean over examples": f"np.sum({path}) / {len(self.world.y)}"}
            return summed.get(self.code.taken, f"np.mean({path})" if self.code.taken else path)
        assert self.family.cost is not None
        names = returned(self.family.cost)
        places = [i for i, n in enumerate(names) if re.fullmatch("j|.*cost.*", plain(n))]
        if len(names) > 1:
            return f"J[{places[0]}]" if places else ""
        return "J"

    def _own_number(self) -> str:
        """J, where the gradient function gives it beside the gradients."""
        if self.code is not None:
            if self.code.penalty is not None:
                return ""
            return leaves(self._gradients(), (), "made")[self.code.own_place].path
        names = returned(self.family.gradient)
        places = [i for i, n in enumerate(names) if re.fullmatch("j|.*(cost|loss).*", plain(n))]
        return f"made[{places[0]}]" if places and len(names) > 1 else ""

    def _course(self) -> str:
        """The loss that stands in for the file's, with a penalty, from what forward gives."""
        outputs = self.outputs
        found = outputs.probabilities(self.world) if outputs is not None else None
        if outputs is None or found is None:
            return ""
        P = next(value for part, value in walk(outputs.value, "out") if part is found)
        n, k = len(self.world.y), self.world.sizes[-1]
        P, rows = (f"{P}.reshape({n}, {k})", True) if found.ndim == 1 else (P, found.shape == (n, k))
        Y = f"np.eye({k})[self.y]" if k > 1 else "(self.y[:, None] == 0)"
        loss = self.code.loss if self.code is not None else CROSS_ENTROPY
        meant = {"P": P, "Y": Y if rows else f"{Y}.T", "n": str(n), "axis": "axis=1" if rows else "axis=0"}
        written = re.sub(r"\b(P|Y|n|axis)\b(?:=axis)?", lambda word: meant[word[1]], loss.written)
        weights = [slot.name for slot in self._slots() if slot.letter == "W"]
        penalty = self.code.penalty if self.code is not None else self.world.lambda_
        if not penalty:
            return written
        factor = "self.lam" if penalty == self.world.lambda_ else f"{penalty / self.world.lambda_:g} * self.lam"
        return f"{written} + {factor} * sum(np.sum(self.params[k] ** 2) for k in {weights})"

    def _gradients(self) -> Any:
        """What the gradient function returns."""
        code = self.code
        assert code is not None
        with code.holding(code.params):
            outputs = code.outputs(code.params)
            return code.binder.call(code.family.gradient, code.world, code.params, outputs, code.fill)

    def _grads(self) -> tuple[tuple[Named, ...], str]:
        """Parameter -> its gradient; and the statement that turns iterators into lists."""
        if self.code is None:
            return tuple(self._named_grads()), ""
        if hasattr(self.family.gradient, "__wrapped__") and not returned(self.family.gradient):
            return (), ""  # it leaves them in what it is given
        code, made = self.code, self._gradients()
        again = ""
        if _is_iterator(made):
            again = "made = list(made)"
        elif isinstance(made, tuple | list) and any(map(_is_iterator, made)):
            again = "made = [list(part) for part in made]"
        given_back = leaves(made, (), "made")
        places = code.found.returned.places
        where = code.state.where() if code.state is not None else {}
        shapes = self._held_shapes()
        turned = {path for name, path in code.found.held.items() if fit(shapes[path], np.shape(self.params[name])) == 2}
        found = []
        for slot in code.slots:
            if slot.name in code.found.held:
                value = f"self.net{code.found.held[slot.name]}"
                if code.found.held[slot.name] in turned:
                    value += f".reshape({slot.shape})"
            elif slot.name in code.found.stepped:
                value = f"(self.params[{slot.name!r}] - self.net{where[slot.name][0].path}) / {code.rate}"
            elif slot.name in places and places[slot.name] < len(given_back):
                leaf = given_back[places[slot.name]]
                same = np.shape(leaf.value) == slot.shape
                bent = not same and fit(np.shape(leaf.value), slot.shape) == 2
                value = f"{leaf.path}.reshape({slot.shape})" if bent else leaf.path
            else:
                continue
            found.append(Named(slot.name, value))
        return tuple(found), again

    def _held_shapes(self) -> dict[str, tuple[int, ...]]:
        """Path of an array in the object -> its shape after the gradients were made."""
        code = self.code
        assert code is not None
        return {leaf.path: np.shape(leaf.value) for leaf in code.leaves(code.params) if leaf.held}

    def _named_grads(self) -> Iterator[Named]:
        """As the names of what is returned have it; an empty value where they do not say."""
        names, slots = returned(self.family.gradient), self._slots()
        for slot in slots:
            same = [s for s in slots if s.letter == slot.letter]
            fitting = [i for i, n in enumerate(names) if tensor(n).letter == slot.letter]
            listed = self.world.store.lists or "[" in slot.name
            if len(fitting) == len(same) and not listed:
                at = fitting[same.index(slot)]
                yield Named(slot.name, f"made[{at}]" if len(names) > 1 else "made")
            elif len(fitting) == 1 and listed and self.state is None:
                base = f"made[{fitting[0]}]" if len(names) > 1 else "made"
                yield Named(slot.name, f"{base}[{slot.layer}]")
            else:
                yield Named(slot.name, "")


def _parts(function: Function) -> tuple[str, ...]:
    """What a function calls the parts that it returns, if each has a name of its own."""
    names = tuple(returned(function))
    return names if all(names) and len(set(names)) == len(names) else ()


def _one_line(call: Call) -> str:
    """A call as Python; "" if an argument is not known."""
    if not all(a.value for a in call.arguments):
        return ""
    return written(call, [a.value for a in call.arguments])


def _is_iterator(value: Any) -> bool:
    return isinstance(value, Iterator) or type(value).__name__ in ("dict_values", "map", "filter", "reversed")


def _may_draw(family: Family) -> bool:
    """Do functions mention random numbers?"""
    functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
    return any(re.search(r"random|rand\(|randn\(|dropout", text(f)) for f in functions)


def as_written(name: str, function: Function | None) -> str:
    """A function as it is written: f(X, Y)."""
    return f"{name}({', '.join(p.name for p in signature(function))})" if function is not None else name
