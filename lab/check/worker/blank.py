"""The plan of an adapter for code of which no guess ran: it calls the functions that most look as if they belonged
together, and leaves what they are given to one line that the student fills in."""

import re
from collections.abc import Mapping
from typing import Any

from .families import COST, FORWARD, GRADIENT, NUMERICAL, SLOPE, functions_of, methods_of, roles_of
from .functions import name_of
from .plan import Argument, Call, Plan
from .roles import Role, plain, role
from .source import called, returned, signature, text
from .values import Function

CACHE = r"(cache|var|ctx|context|memo|mem|tape|trace|kept|store|inter|tmp|aux|saved|fp|forward)\w*"
SAYS_GRADIENT = r"\bd[A-Z_]\w*|\bd[wb]\d?\b|\w*(grad|slope|nabla|delta|deriv)\w*|\bg[A-Z]\w*"
OF_NUMBERS = r"return (?!.*axis).*(\bsum\(|\bmean\(|\blog\(|\*\* *2)"
NO_COST = r"accura|acc$|plot|print|load|read|save|init"
MATRICES = r"@|\bdot\(|matmul|einsum|outer"


def blank_plan(namespace: Any, name: str) -> Plan:
    """The plan for a function or class of a file."""
    made = getattr(namespace, name)
    if isinstance(made, type):
        return _of_object(name, made)
    functions = {k: f for k, f in functions_of(namespace).items() if f is not made}
    return _plan(name, made, functions, f"student.{name}", {k: f"student.{k}" for k in functions})


def likely_gradient(functions: Mapping[str, Function]) -> str:
    """The name of the function that most looks as if it gave gradients; "" if none does."""
    marks = {name: _marks(name, f) for name, f in functions.items()}
    inner = {c for name, f in functions.items() if marks[name] for c in called(f)}
    best = max(marks, key=lambda name: (marks[name] - 2 * (name in inner), -len(marks)), default="")
    return best if best and marks[best] > 0 else ""


def _marks(name: str, function: Function) -> int:
    """How many marks of a gradient function it has."""
    low, said = plain(name), text(function)
    if re.search(NUMERICAL, low) and not re.search(GRADIENT, low):
        return 0
    gives = [n for n in returned(function) if re.fullmatch(SAYS_GRADIENT, n)]
    leaves = re.search(rf"\[['\"]({SAYS_GRADIENT})['\"]\] *\+?=|(self\.|global )({SAYS_GRADIENT})", said)
    back = re.search(r"\.T\b|transpose", said) and re.search(MATRICES, said)
    by_name = re.search(GRADIENT, low) or re.search(SLOPE, low)
    return 3 * bool(by_name) + 2 * bool(gives) + 2 * bool(leaves) + bool(back)


def _of_object(name: str, kind: type) -> Plan:
    methods = {k: f for k, f in methods_of(object.__new__(kind)).items() if not k.startswith("__")}
    make = Call("object", f"student.{name}", _signature(name, kind), _arguments(kind))
    chosen = likely_gradient(methods)
    if not chosen:
        return Plan(name, "calls", make, others=tuple(_signature(k, f) for k, f in methods.items()))
    others = {k: f for k, f in methods.items() if k != chosen}
    reached = {k: "self.net" if name_of(f) == "__call__" else f"self.net.{k}" for k, f in others.items()}
    return _plan(name, methods[chosen], others, f"self.net.{chosen}", reached, make)


def _plan(
    name: str,
    gradient: Function,
    others: Mapping[str, Function],
    reached: str,
    places: Mapping[str, str],
    make: Call | None = None,
) -> Plan:
    cost, forward = _cost(gradient, others), _forward(gradient, others, make is not None)
    if cost == "" and forward and _gives_number(others[forward]):
        cost = forward  # perhaps beside what it keeps
    before = others.get(forward)
    handed = not cost and Role.LABELS not in roles_of(gradient)
    given = tuple(_argument(p.name, p.kind is p.KEYWORD_ONLY, before, handed) for p in _wanted(gradient))
    through = next((a.value.removeprefix("self.handed(").rstrip(")") for a in given if "self.handed(" in a.value), "")
    calls = {
        part: Call(part, places[k], _signature(k, others[k]), _arguments(others[k])) if k else None
        for part, k in (("cost", cost), ("forward", forward))
    }
    return Plan(
        name,
        "calls",
        make,
        calls["forward"] if make is not None or any(a.value for a in given) else None,
        calls["cost"],
        Call("gradients", reached, _signature(name_of(gradient), gradient), given),
        loss=f"np.sum(self.handed({through}) * {through})" if through else "",
        returned=_parts(gradient),
        own=not cost and len(returned(gradient)) > 1 and not re.search(GRADIENT, plain(name_of(gradient))),
        others=tuple(_signature(k, f) for k, f in others.items() if f is not gradient)[:4],
        random=bool(re.search(r"random|rand\(|randn\(", text(gradient) + text(before))),
    )


def _argument(name: str, by_name: bool, forward: Function | None, handed: bool) -> Argument:
    """An argument of the gradient function: a part of what forward returns, what the layer above hands back where there
    is no cost, or one that is not known."""
    parts = returned(forward) if forward is not None else []
    if handed and forward is not None and role(name) is Role.GIVEN:
        return Argument(name, f"self.handed(out{'[0]' * (len(parts) > 1)})", by_name)
    own = [p.name for p in _wanted(forward)] if forward is not None else []
    if name in own or forward is None:
        return Argument(name, "", by_name)
    if name in parts and len(parts) > 1:
        return Argument(name, f"out[{parts.index(name)}]", by_name)
    if name in parts or re.fullmatch(CACHE, plain(name)):
        return Argument(name, "out[-1]" if len(parts) > 1 else "out", by_name)
    return Argument(name, "", by_name)


def _cost(gradient: Function, others: Mapping[str, Function]) -> str:
    """The name of the function that looks most as if it gave the cost of a gradient; "" if none does."""
    own = {p.name for p in _wanted(gradient)}

    def marks(name: str) -> int:
        f, low = others[name], plain(name)
        inside = {p.name for p in _wanted(f)} <= own
        if re.search(rf"{GRADIENT}|{SLOPE}|{NO_COST}", low) or f is gradient or not (inside or own == set()):
            return 3 * bool(re.fullmatch(rf"(\w*_)?({COST})\w*", low) and not re.search(f"{GRADIENT}|{SLOPE}", low))
        number = len(returned(f)) < 2 and re.search(OF_NUMBERS, text(f))
        same = {p.name for p in _wanted(f)} == own
        named = 4 * bool(re.search(COST, low)) + 3 * (low in plain(name_of(gradient)))
        return named + 2 * bool(number) + same if named or number else 0

    best = max(others, key=marks, default="")
    return best if best and marks(best) > 0 else ""


def _gives_number(function: Function) -> bool:
    """Does it return a loss, alone or beside something else?"""
    if any(re.search(COST, plain(n)) for n in returned(function)):
        return True
    summed = OF_NUMBERS if len(returned(function)) < 2 else r"return (?!.*axis)[^,\n]*\b(sum|mean)\([^,\n]*,"
    return re.search(summed, text(function)) is not None


def _forward(gradient: Function, others: Mapping[str, Function], own: bool) -> str:
    """The name of the function that looks most as if it were to be called before; "" if none does."""
    low = plain(name_of(gradient))
    named = [k for k in others if re.search(FORWARD, plain(k))]
    named.sort(key=lambda k: (re.sub(FORWARD, "", plain(k)) != re.sub(GRADIENT, "", low), k not in text(gradient)))
    wanted = {p.name for p in _wanted(gradient)}
    giving = [k for k, f in others.items() if wanted & set(returned(f)) - {p.name for p in _wanted(f)}]
    return next(iter([*(named if own or not giving else []), *giving, *named]), "")


def _wanted(function: Any) -> list[Any]:
    return [p for p in signature(function) if p.default is p.empty or role(p.name) in (Role.X, Role.LABELS)]


def _arguments(function: Any) -> tuple[Argument, ...]:
    return tuple(Argument(p.name, "", p.kind is p.KEYWORD_ONLY) for p in _wanted(function))


def _parts(function: Function) -> tuple[str, ...]:
    names = tuple(returned(function))
    return names if all(names) and len(set(names)) == len(names) else ()


def _signature(name: str, function: Any) -> str:
    return f"{name}({', '.join(p.name for p in signature(function))})"
