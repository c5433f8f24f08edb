"""The plan of an adapter: what was recognised in a student's file and how it is called, in plain values.

Every `value`, `place` and `function` is a piece of Python, as the adapter has it: self.X, student.ComputeCost. An empty
one was not recognised.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recognised:
    """A function or class of the file, with its arguments: ComputeCost(X, Y, W, b, lam); and what it is taken for."""

    part: str
    signature: str


@dataclass(frozen=True)
class Missing:
    """What was not recognised: an argument, a cost, ...; and where it is wanted."""

    what: str
    where: str


@dataclass(frozen=True)
class Argument:
    """An argument in a call. guess: nothing says that the value is right; computed: another value in every call, which
    something in the file makes of the parameters."""

    name: str
    value: str
    keyword: bool = False
    guess: bool = False
    computed: bool = False

    @property
    def sure(self) -> bool:
        """Is its value known?"""
        return bool(self.value) and not self.guess


@dataclass(frozen=True)
class Call:
    """A call of the student's: function is where it is reached, signature how it is written in the file; results: how
    many values are asked for, where the function must know (MATLAB)."""

    part: str
    function: str
    signature: str
    arguments: tuple[Argument, ...] = ()
    results: int = 0

    @property
    def sure(self) -> bool:
        """Are all its arguments known?"""
        return all(argument.sure for argument in self.arguments)


@dataclass(frozen=True)
class Named:
    """A name with its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Plan:
    """How one thing in the file is checked.

    form: "object" or "layer" if it has a form that can always be checked, otherwise "calls"; make: what makes the
    object; kept: what is set in it, as statements; data: what is given; params: what is moved; places: parameter ->
    places in the object, the first of which is written to if in_place; loss: J in terms of `out`, `J` and `made`;
    course: the course's cost, where the file has none; grads: parameter -> its gradient in terms of `made`;
    zeroed: statements that zero gradients which add up; again: is `made` to be turned into lists; primed: must the cost
    be asked before the gradients; random: are numbers drawn; returned: what the gradient function calls the parts that
    it returns; own: may one of them be the cost; others: functions or methods that the cost may be among.
    """

    name: str
    form: str
    make: Call | None = None
    forward: Call | None = None
    cost: Call | None = None
    gradient: Call | None = None
    kept: tuple[str, ...] = ()
    data: tuple[Named, ...] = ()
    params: tuple[Named, ...] = ()
    places: tuple[Named, ...] = ()
    in_place: bool = False
    loss: str = ""
    course: str = ""
    grads: tuple[Named, ...] = ()
    zeroed: tuple[str, ...] = ()
    again: str = ""
    primed: bool = False
    random: bool = False
    returned: tuple[str, ...] = ()
    own: bool = False
    others: tuple[str, ...] = ()

    def given(self) -> dict[str, str]:
        """Argument -> the call that wants it, of those that are the same in every call and not known."""
        found: dict[str, str] = {}
        for call in self.calls():
            for argument in call.arguments:
                if not argument.sure and not argument.computed:
                    found.setdefault(argument.name, call.signature)
        return found

    @property
    def uses_forward(self) -> bool:
        """Does something read what forward gives, or does it leave something in the object?"""
        if self.forward is None:
            return False
        arguments = [a for call in (self.cost, self.gradient) if call is not None for a in call.arguments]
        values = [*(a.value for a in arguments), self.loss, self.course]
        unknown = any(a.computed for a in arguments)
        return self.forward.function.startswith("self.net") or unknown or any(re.search(r"\bout\b", v) for v in values)

    def calls(self) -> Iterator[Call]:
        """What is called."""
        forward = self.forward if self.uses_forward else None
        yield from (call for call in (self.make, self.gradient, forward, self.cost) if call is not None)

    def recognised(self) -> tuple[Recognised, ...]:
        """What of the file the plan uses."""
        found = dict.fromkeys((call.part, call.signature) for call in self.calls() if call.signature)
        return tuple(Recognised(part, signature) for part, signature in found)

    def missing(self) -> tuple[Missing, ...]:
        """What the plan lacks."""
        if self.form != "calls":
            return ()
        found = [Missing(a.name, c.signature) for c in self.calls() for a in c.arguments if not a.sure]
        where = self.gradient.signature if self.gradient is not None else self.name
        found += [Missing(f"the shape of {d.name}", where) for d in self.data if not d.value]
        if not self.loss and self.cost is not None:
            found.append(Missing("which number is the cost", self.cost.signature))
        elif not self.loss:
            found.append(Missing("a cost", where))
        if not self.params:
            found.append(Missing("the parameters", where))
        elif not self.grads or not all(g.value for g in self.grads):
            found.append(Missing("the order of the gradients", where))
        return tuple(dict.fromkeys(found))


def written(call: Call, values: Sequence[str]) -> str:
    """A call with these values of its arguments, as Python."""
    given = [(f"{a.name}=" if a.keyword else "") + value for a, value in zip(call.arguments, values, strict=True)]
    given += [f"results={call.results}"] if call.results > 1 else []
    return f"{call.function}({', '.join(given)})"


def read_plan(plain: dict[str, Any]) -> Plan:
    """A plan from what dataclasses.asdict makes of one. Raises TypeError, KeyError or AttributeError if it is none."""
    calls = {part: read_call(plain[part]) for part in ("make", "forward", "cost", "gradient")}
    named = {k: tuple(Named(**each) for each in plain[k]) for k in ("data", "params", "places", "grads")}
    texts = {k: tuple(map(str, plain[k])) for k in ("kept", "zeroed", "returned", "others")}
    return Plan(**{**plain, **calls, **named, **texts})


def read_told(reply: dict[str, Any]) -> tuple[tuple[Recognised, ...], tuple[Missing, ...]]:
    """What was recognised and what is missing, from an answer that says why nothing was checked. Raises TypeError if it
    does not say it so."""
    known = tuple(Recognised(**each) for each in reply.get("recognised", ()))
    return known, tuple(Missing(**each) for each in reply.get("missing", ()))


def read_call(plain: dict[str, Any] | None) -> Call | None:
    """A call from what dataclasses.asdict makes of one."""
    if plain is None:
        return None
    return Call(**{**plain, "arguments": tuple(Argument(**each) for each in plain["arguments"])})


def sentence(recognised: tuple[Recognised, ...], missing: tuple[Missing, ...]) -> str:
    """What was recognised and what was not, in words."""
    names = [r.signature for r in recognised]
    said = [f"{listed(names)} {'was' if len(names) == 1 else 'were'} recognised" if names else "nothing was recognised"]
    said += [f"no cost was recognised that goes with {_called(m)}" for m in missing if m.what == "a cost"]
    places: dict[str, list[str]] = {}
    for m in missing:
        if m.what != "a cost":
            places.setdefault(m.what, []).append(_called(m))
    if places:
        said.append("what was not: " + listed([f"{what} of {listed(where)}" for what, where in places.items()]))
    return "; ".join(said)


def _called(missing: Missing) -> str:
    """f() of f(X, Y)."""
    name, bracket, _ = missing.where.partition("(")
    return name + ("()" if bracket else "")


def listed(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
