"""What in a file can be checked, and the code behind each name."""

from dataclasses import dataclass
from typing import Any

from .code import Code
from .errors import CodeError
from .families import functions_of, is_gradient_name, takes_all
from .layers import LayerCode
from .objects import ObjectCode
from .pairs import pair
from .search import find
from .source import signature
from .values import Function


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
        if callable(v) and not k.startswith("_") and getattr(v, "__module__", None) == namespace.__name__
    ]


def recognised(namespace: Any) -> list[Found]:
    """Everything in the file that looks like code with a gradient."""
    own = own_names(namespace)
    found = [
        Found(stem, "pair", f"{stem}_forward and {stem}_backward")
        for name in own
        if name.endswith("_forward") and f"{(stem := name.removesuffix('_forward'))}_backward" in vars(namespace)
    ]
    found += [
        Found(name, "gradients", f"{name}() with what it needs")
        for name, function in functions_of(namespace).items()
        if name in own and is_gradient_name(name) and takes_all(function)
    ]
    found += [
        Found(name, "class", f"{name}")
        for name in own
        if isinstance(value := getattr(namespace, name), type) and _has_gradients(value)
    ]
    return found


def _has_gradients(kind: type) -> bool:
    return any(callable(getattr(kind, part, None)) for part in ("backward", "grads"))


def code_of(namespace: Any, name: str, n: int, rng: Any) -> Code:
    """The code to be checked. Raises CodeError, and whatever it raises itself."""
    example = getattr(namespace, f"{name}_example", None)
    forward, backward = (getattr(namespace, f"{name}_{part}", None) for part in ("forward", "backward"))
    if forward is not None and backward is not None:
        return pair(name, forward, backward, example, n, rng)
    made = getattr(namespace, name, None)
    if made is None:
        raise CodeError(f"there is no {name} in it, nor {name}_forward and {name}_backward: it has {_names(namespace)}")
    if not isinstance(made, type) and is_gradient_name(name) and callable(made) and takes_all(made):
        return find(namespace, made, n, rng)
    thing = build(name, made) if callable(made) else made
    if all(callable(getattr(thing, part, None)) for part in ("forward", "backward")):
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
