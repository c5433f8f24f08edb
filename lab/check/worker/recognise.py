"""What in a file can be checked, and the code behind each name."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .binding import UnfilledError
from .classes import find_class, find_globals, find_made, is_layer
from .code import Code
from .contexts import NAMES as CONTEXTS
from .contexts import takes_context, without_context
from .conv_stores import Picture
from .errors import CodeError, GuessError, NothingToCheckError, NoWayError
from .families import (
    COST,
    FORWARD,
    PARAMETERS,
    functions_of,
    gives_loss_and_gradient,
    globals_read,
    is_derivative,
    is_gradient_name,
    leaves_gradients,
    needs_no_targets,
    roles_of,
    takes_all,
    takes_cache,
    takes_kept,
    takes_labels,
    trains,
)
from .functions import name_of
from .inputs import is_image
from .layers import LayerCode
from .loop_code import find_loop
from .objects import ObjectCode
from .operations import EngineCode, is_engine
from .pairs import pair
from .roles import plain, without_ending
from .scopes import inner_functions
from .search import PICTURES, find
from .slopes import activation_pairs, find_activation, find_loss_pair, loss_pairs
from .solved import cost_beside, gives_gradients_beside, is_told_sizes, solve, solve_beside, solve_pair, solve_surely
from .source import called, is_octave, only_raises, signature, text
from .steps import Pair, find_bare_pair, find_pair, pairs_of
from .territory import own as is_own
from .through import find_through, forwards_of
from .updates import gradient_of_update, is_update
from .values import Function
from .written_loops import written_loops


@dataclass(frozen=True)
class Found:
    """Something that can be checked: its NAME, what kind of code it is, and that in a sentence."""

    name: str
    kind: str
    says: str


def own_names(namespace: Any) -> list[str]:
    """Functions and classes of the file itself, in its order."""
    return [
        k
        for k, v in vars(namespace).items()
        if callable(v) and not k.startswith("__") and getattr(v, "__module__", None) == namespace.__name__
    ]


def recognised(namespace: Any) -> list[Found]:
    """Everything in the file that looks like code with a gradient."""
    own = own_names(namespace)
    functions = {k: f for k, f in functions_of(namespace).items() if k in own}
    pairs = [p for p in pairs_of(functions_of(namespace)) if p.forward in own or p.backward in own]
    found = [Found(p.stem, "pair", f"{p.forward} and {p.backward}") for p in pairs]
    paired = {name for p in pairs for name in (p.forward, p.backward)}
    losses = [p for p in loss_pairs(functions) if p.backward not in paired]
    found += [Found(p.stem, "loss", f"{p.forward}() and its derivative {p.backward}()") for p in losses]
    paired |= {name for p in losses for name in (p.forward, p.backward)}
    for name, function in functions.items():
        if name not in paired and _is_gradient(namespace, name, function):
            found.append(Found(name, "gradients", f"{name}() with what it needs"))
        elif name not in paired and gives_loss_and_gradient(name, function):
            found.append(Found(name, "loss", f"{name}(), a loss with its gradient"))
        elif (
            name not in paired
            and is_gradient_name(name)
            and takes_labels(function)
            and globals_read(namespace, function)
        ):
            found.append(Found(name, "globals", f"{name}() on the parameters of the file"))
        elif name not in paired and gives_gradients_beside(name, function):
            found.append(Found(name, "loss", f"{name}(), a loss with its gradients"))
        elif _makes_object(function, namespace):
            found.append(Found(name, "object", f"what {name}() makes"))
    kinds = {name: v for name in own if isinstance(v := getattr(namespace, name), type)}
    engines = [name for name, kind in kinds.items() if is_engine(kind)]
    found += [Found(name, "engine", f"the operations of {name}") for name in engines]
    found += [
        Found(name, "class", f"objects of {name}")
        for name, kind in kinds.items()
        if name not in engines and _gradients(kind, kinds)
    ]
    if not any(f.kind in ("pair", "gradients", "globals", "class", "object") for f in found):
        taken = _kinds_of_other_files(namespace)
        found += [Found(name, "class", f"objects of {name}") for name, kind in taken.items() if _gradients(kind, taken)]
    if not any(f.kind in ("gradients", "loss", "globals", "class", "object") for f in found):
        updates = [name for name, f in functions.items() if is_update(name, f)]
        found += [Found(name, "update", f"{name}(), whose step is seen") for name in updates]
    if not found:
        found = [Found(p.stem, "activation", f"{p.forward}() and {p.backward}()") for p in activation_pairs(functions)]
    if not found:
        loops = written_loops(namespace).values()
        found = [Found(loop.name, "loop", f"one update of the loop in line {loop.line}") for loop in loops]
    return sorted(found, key=lambda f: own.index(f.name) if f.name in own else -1)


def target_named(namespace: Any, name: str) -> str:
    """The one of the targets of a file that a NAME means: it is called so, or is a half of a pair or a method of a
    class, as it is written or without case, underscores and endings such as _naive. The name itself if none is meant,
    or several may be."""
    functions = functions_of(namespace)
    targets = [found.name for found in recognised(namespace)]
    meant = {target: target for target in targets}
    for two in _every_pair(functions):
        if two.stem in targets:
            meant.setdefault(two.forward, two.stem)
            meant.setdefault(two.backward, two.stem)
    if hasattr(namespace, name):
        return meant.get(name, name)
    for read in (str, plain, without_ending):
        alike = {target for known, target in meant.items() if read(known) == read(name.partition(".")[0])}
        if len(alike) == 1:
            return alike.pop()
    return name


def overlooked(namespace: Any, found: Sequence[Found]) -> list[str]:
    """The functions of the file with names of gradients that nothing of what was recognised is or calls."""
    own = own_names(namespace)
    functions = {k: f for k, f in functions_of(namespace).items() if k in own}
    pairs = _every_pair(functions)
    named = {f.name for f in found}
    taken = named | {name for pair in pairs if pair.stem in named for name in (pair.forward, pair.backward)}
    kinds = [getattr(namespace, f.name) for f in found if isinstance(getattr(namespace, f.name, None), type)]
    callers = [f for k, f in functions.items() if k in taken] + [f for kind in kinds for f in vars(kind).values()]
    covered = set[str]().union(*(called(f) for f in callers if callable(f)))
    left = [k for k, f in functions.items() if is_gradient_name(k) and signature(f) and k not in taken | covered]
    return left if found else []


def _every_pair(functions: dict[str, Function]) -> list[Pair]:
    """The functions that go together in twos: a step, a loss or an activation, and its way back."""
    return [*pairs_of(functions), *loss_pairs(functions), *activation_pairs(functions)]


def _kinds_of_other_files(namespace: Any) -> dict[str, type]:
    """The classes that the file takes from the student's other files: what it puts together and trains."""
    taken = {k: v for k, v in vars(namespace).items() if isinstance(v, type) and v.__module__ != namespace.__name__}
    files = {k: getattr(sys.modules.get(v.__module__), "__file__", None) for k, v in taken.items()}
    return {k: v for k, v in taken.items() if files[k] is not None and is_own(str(files[k]))}


def _gradients(kind: type, kinds: dict[str, type]) -> bool:
    """Has a class a method that gives gradients, and is it no mere base of others?"""
    methods = {name: f for base in kind.__mro__[-2::-1] for name, f in vars(base).items() if callable(f)}
    named = [f for name, f in methods.items() if is_derivative(name, f)]
    named += [f for name, f in methods.items() if is_gradient_name(name) or plain(name) in ("grads", "gradients")]
    named += [f for name, f in methods.items() if gives_loss_and_gradient(name, f)]
    named += [f for name, f in methods.items() if leaves_gradients(name, f)]
    derived = any(kind in other.__mro__[1:] for other in kinds.values())
    if derived and (any(map(only_raises, methods.values())) or _lacks_a_method(kind)):
        return False
    if kind.__name__.lower() in CONTEXTS:
        return False
    if derived and not any(re.search(f"{FORWARD}|{COST}|^call", plain(name)) for name in methods):
        return False
    if all(isinstance(f, staticmethod) for f in methods.values()) and not any(
        re.search(f"{FORWARD}|{COST}", plain(name)) for name in methods
    ):  # only a place for functions, such as an activation and its derivative, which others call
        return False
    named = named or [f for name, f in methods.items() if trains(name, f) and not derived]
    if not named or all(re.search(r"NotImplemented|:\s*pass\s*$|abstract", text(f)) for f in named):
        return False
    return not (derived and any(p.default is p.empty for p in signature(kind)))


def _lacks_a_method(kind: type) -> bool:
    """Does a class call a method of its own that it leaves to the classes derived from it?"""
    said = text(kind)
    called, kept = (set(re.findall(pattern, said)) for pattern in (r"self\.(\w+)\(", r"self\.(\w+) *="))
    return any(not hasattr(kind, name) for name in called - kept)


def _on_globals(namespace: Any, name: str) -> bool:
    """Does a function give gradients of parameters that are globals?"""
    made = getattr(namespace, name)
    gradient = not isinstance(made, type) and callable(made) and is_gradient_name(name) and takes_labels(made)
    return gradient and bool(globals_read(namespace, made))


def _makes_object(function: Function, namespace: Any) -> bool:
    if any(is_gradient_name(name) for name in inner_functions(function)):
        return True
    if any(p.default is p.empty for p in signature(function)):
        return False
    made = re.findall(r"return (\w+)\(", text(function))
    kinds = [getattr(namespace, name, None) for name in made]
    return any(isinstance(k, type) and all(hasattr(k, part) for part in ("loss", "grads")) for k in kinds)


def code_of(namespace: Any, name: str, n: int, rng: Any, pictures: Sequence[Picture] = PICTURES) -> Code:
    """The code to be checked. pictures: the networks with convolutions that functions may be. Raises CodeError, and
    whatever it raises itself."""
    told: Exception | None = None
    for way in _ways(namespace, name, n, rng, pictures):
        try:
            code: Code = way()
        except NothingToCheckError:
            raise
        except GuessError as error:
            if isinstance(told, CodeError) and getattr(namespace, name, None) is None:
                error.words = str(told)  # a pair: they name what the student can write
            told = error
        except Exception as error:
            told = told if told is not None and isinstance(error, NoWayError | UnfilledError) else error
        else:
            return code
    assert told is not None
    if _gives_no_gradient(namespace, name) and not isinstance(told, GuessError):
        others = ", ".join(found.name for found in recognised(namespace)) or "nothing"
        raise CodeError(
            f"no gradient was recognised in what {name}() gives. Recognised in this file: {others}"
        ) from told
    raise told


def _gives_no_gradient(namespace: Any, name: str) -> bool:
    """Is it a function of the file that is no target and no maker of one? What it raises says nothing then: it was
    called with sizes, to see if it makes a network."""
    made = getattr(namespace, name, None)
    if made is None or isinstance(made, type) or not callable(made):
        return False
    return name not in [f.name for f in recognised(namespace)] and any(p.default is p.empty for p in signature(made))


def _ways(namespace: Any, name: str, n: int, rng: Any, pictures: Sequence[Picture]) -> Iterator[Any]:
    """What to try, one after the other: the forms of the template first."""
    loop = written_loops(namespace).get(name)
    if loop is not None and any((f.name, f.kind) == (name, "loop") for f in recognised(namespace)):
        yield lambda: find_loop(namespace, loop, rng)
        return
    example = getattr(namespace, f"{name}_example", None)
    forward, backward = (getattr(namespace, f"{name}_{part}", None) for part in ("forward", "backward"))
    pairs = {p.stem: p for p in pairs_of(functions_of(namespace))}
    if name in pairs and pairs[name].bare:
        yield lambda: find_bare_pair(namespace, pairs[name], n, rng)
        return
    if name in pairs and example is None and is_image(name):  # is asked with another stride, too
        yield lambda: find_pair(namespace, pairs[name], n, rng)
    if forward is not None and backward is not None:
        yield lambda: pair(name, forward, backward, example, n, rng)
    if name in pairs:
        yield lambda: find_pair(namespace, pairs[name], n, rng)
    if (forward is not None and backward is not None) or name in pairs:
        pair_of = [getattr(namespace, f) for f in (pairs[name].forward, pairs[name].backward)] if name in pairs else []
        functions: list[Any] = pair_of or [forward, backward]
        if not any(takes_labels(f) for f in functions) and example is None and not is_octave(functions[0]):
            yield lambda: solve_pair(functions[0], functions[1], rng)
        return
    losses = {p.stem: p for p in loss_pairs(functions_of(namespace))}
    if name in losses:
        yield lambda: find_loss_pair(namespace, losses[name], n, rng)
        return
    activations = {p.stem: p for p in activation_pairs(functions_of(namespace))}
    if name in activations:
        yield lambda: find_activation(namespace, activations[name], n, rng)
        return
    made = getattr(namespace, name, None)
    if made is None:
        raise CodeError(f"there is no {name} in it, nor {name}_forward and {name}_backward: it has {_names(namespace)}")
    if (
        not isinstance(made, type)
        and callable(made)
        and (_is_gradient(namespace, name, made) or gives_loss_and_gradient(name, made))
    ):
        if not roles_of(made) & PARAMETERS and globals_read(namespace, made):
            yield lambda: find_globals(namespace, made, n, rng)
        if forwards_of(namespace, made):
            yield lambda: find_through(namespace, made, n, rng)
            return
        ways = [lambda: find(namespace, made, n, rng, pictures), lambda: _solved(made, namespace, rng)]
        yield from ways[::-1] if is_told_sizes(made) else ways
        return
    if not isinstance(made, type) and callable(made) and gives_gradients_beside(name, made):
        yield lambda: solve(made, rng)
        return
    if not isinstance(made, type) and callable(made) and is_update(name, made):
        yield lambda: find(namespace, gradient_of_update(made), n, rng)
    if _on_globals(namespace, name):
        yield lambda: find_globals(namespace, made, n, rng)
        return
    if isinstance(made, type) and is_engine(made):
        yield lambda: EngineCode(made, rng)
        return
    if takes_context(made):
        yield lambda: solve_pair(*without_context(made), rng, ordered=True)
        return
    yield lambda: _template_form(name, made, example, n, rng)
    if _is_template_object(made):
        return
    if isinstance(made, type):
        yield lambda: find_class(namespace, made, n, rng)
    elif callable(made):
        yield lambda: find_made(namespace, made, n, rng)


def _solved(made: Function, namespace: Any, rng: Any) -> Code:
    """The code of a function whose arguments no name tells: beside its cost, or with a loss of its own. Raises
    NoWayError."""
    name = name_of(made)
    try:
        if gives_gradients_beside(name, made):
            return solve(made, rng)
        if gives_loss_and_gradient(name, made):
            return solve_surely(made, rng)
        if not is_octave(made) and (cost := cost_beside(functions_of(namespace), made)) is not None:
            return solve_beside(cost, made, rng)
    except Exception as error:  # what is told is what another way has asked for
        raise NoWayError(f"no arguments are known with which {name}() runs") from error
    raise NoWayError(f"there is no cost beside {name}()")


def _is_gradient(namespace: Any, name: str, function: Function) -> bool:
    return (is_gradient_name(name) or is_derivative(name, function)) and (
        takes_all(function)
        or cost_beside(functions_of(namespace), function) is not None
        or takes_cache(namespace, function)
        or takes_kept(namespace, function)
        or bool(forwards_of(namespace, function))
        or needs_no_targets(namespace, function)
    )


def unknown_form(namespace: Any, name: str) -> list[dict[str, str]]:
    """What is missing, in plain values, of a NAME that has none of the forms that can be checked; nothing of one that
    has, or that is not there."""
    made = getattr(namespace, name, None)
    known = made is None or _is_template_object(made) or name in written_loops(namespace)
    return [] if known else [{"what": "gradients", "where": name}]


def _is_template_object(made: Any) -> bool:
    """Is it a class with params, loss() and grads() as the template has them? Then what is wrong with it is said in the
    template's words."""
    parts = [getattr(made, part, None) for part in ("loss", "grads")]
    return isinstance(made, type) and all(
        callable(part) and not [p for p in signature(part)[1:] if p.default is p.empty] for part in parts
    )


def _template_form(name: str, made: Any, example: Function | None, n: int, rng: Any) -> Code:
    """An object with params, loss() and grads(), or a layer with params and grads."""
    thing = build(name, made) if callable(made) else made
    layer = all(callable(getattr(thing, part, None)) for part in ("forward", "backward"))
    whole = layer and hasattr(thing, "params") and hasattr(thing, "grads") and is_layer(thing, thing.backward)
    if layer and (example is not None or whole):
        return LayerCode(name, thing, example, n, rng)
    if all(hasattr(thing, part) for part in ("params", "loss", "grads")):
        return ObjectCode(name, thing)
    raise CodeError(
        f"{name} makes a {type(thing).__name__}: it needs params, loss() and grads(), or forward(x) and backward(dy)"
    )


def _names(namespace: Any) -> str:
    return ", ".join(own_names(namespace)) or "no functions or classes"


def build(name: str, made: Function) -> Any:
    """Call a class or function without arguments, or with sizes if it wants some."""
    wanted = [p for p in signature(made) if p.default is p.empty and p.kind < 2]
    sizes: dict[int, tuple[int, ...]] = {0: (), 1: (5,), 2: (5, 4), 3: (3, 2, 3)}
    if len(wanted) not in sizes:
        names = ", ".join(p.name for p in wanted)
        raise CodeError(f"{name}({names}) takes {len(wanted)} arguments: write a function without arguments around it")
    return made(*sizes[len(wanted)])
