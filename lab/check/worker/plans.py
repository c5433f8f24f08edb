"""Plans of adapters: from code that runs, from the guess that came furthest, or from a name alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .blank import blank_plan, likely_gradient
from .code import Code
from .dice import draws
from .errors import GuessError, NothingToCheckError
from .explain import unpacks
from .families import functions_of, methods_of
from .functions import FunctionCode
from .layers import LayerCode
from .loop_code import LoopCode
from .objects import ObjectCode
from .operations import EngineCode
from .pairs import PairCode
from .plan import Argument, Call, Named, Plan
from .roles import key_letter
from .search import Try, find
from .sketch import Sketch, as_written
from .source import signature
from .steps import pairs_of
from .written_values import drawn, value_of


def plan_of(namespace: Any, name: str, code: Code) -> Plan:
    """The plan of code that runs."""
    made = getattr(namespace, name, None)
    if isinstance(code, FunctionCode):
        one = Try(code.family, code.world, code.binder, code.state, code.layer)
        return Sketch(namespace, name, one, code.params, code.fill, code).plan()
    if isinstance(code, PairCode):
        return _pair(code)
    if isinstance(code, LoopCode):
        raise NothingToCheckError(f"{name} needs no adapter: its loop is checked as it is")
    if isinstance(code, EngineCode):
        raise NothingToCheckError(f"{name} needs no adapter: its operations are checked as they are")
    form = "layer" if isinstance(code, LayerCode) else "object" if isinstance(code, ObjectCode) else "calls"
    return Plan(name, form, Call("object", f"student.{name}", as_written(name, made)))


def plan_of_guess(namespace: Any, name: str, guess: GuessError) -> Plan:
    """The plan as far as what was recognised tells."""
    one = guess.furthest
    if one is None:
        return _plan_of_nothing(namespace, name)
    sketch = Sketch(namespace, name, one, dict(one.world.values), {})
    if not sketch.runs():
        return _plan_of_nothing(namespace, name)
    plan = sketch.plan()
    if not unpacks(guess.cause):
        return plan
    return replace(plan, data=tuple(replace(d, value="") if d.name == "X" else d for d in plan.data))


def _plan_of_nothing(namespace: Any, name: str) -> Plan:
    """The plan where no guess ran: of a pair that of its backward, under the name of the pair."""
    if hasattr(namespace, name):
        return blank_plan(namespace, name)
    pairs = {pair.stem: pair for pair in pairs_of(functions_of(namespace))}
    return replace(blank_plan(namespace, pairs[name].backward), name=name) if name in pairs else Plan(name, "calls")


def plan_of_name(namespace: Any, name: str, n: int, rng: Any) -> Plan:
    """The plan for a function or class that looks like no code with a gradient."""
    made = getattr(namespace, name)
    if isinstance(made, type):
        return blank_plan(namespace, name)
    try:
        return plan_of(namespace, name, find(namespace, made, n, rng))
    except GuessError as guess:
        return plan_of_guess(namespace, name, guess)
    except Exception:
        return blank_plan(namespace, name)


def likely_names(namespace: Any, own: Sequence[str]) -> list[str]:
    """The function or class of a file that most looks as if it gave the gradients, in a file where none was
    recognised; nothing if the file has neither."""
    functions = {name: f for name, f in functions_of(namespace).items() if name in own}
    kinds = {name: kind for name in own if isinstance(kind := getattr(namespace, name), type)}
    chosen = likely_gradient(functions)
    with_one = [k for k, kind in kinds.items() if likely_gradient(methods_of(object.__new__(kind)))]
    return [name for name in (chosen, *with_one, *kinds, *functions) if name][:1]


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
