"""Inputs for layers and pairs of functions: which shapes do they take?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import CodeError
from .roles import plain
from .source import text
from .values import Function, array


def fitting(forward: Function, example: Function | None, candidates: Sequence[Any], rng: Any) -> list[Any]:
    """Arguments that forward takes: the student's own example, or the first of these shapes that it accepts."""
    if example is not None:
        made = example()
        return [
            array(a, "the example") if i == 0 else a for i, a in enumerate(made if isinstance(made, tuple) else [made])
        ]
    first: BaseException | None = None
    for shapes in candidates:
        arguments = [rng.normal(size=s) if isinstance(s, tuple) else s for s in shapes]
        try:
            forward(*[a.copy() if isinstance(a, np.ndarray) else a for a in arguments])
        except Exception as error:
            first = first or error
        else:
            return arguments
    assert first is not None
    raise first


def layer_inputs(weights: Mapping[str, Any], n: int) -> list[Any]:
    """Shapes of x that may fit these parameters, rows as examples before columns."""
    shapes: list[Any] = []
    sequences: list[Any] = []
    for value in sorted(weights.values(), key=lambda v: -v.ndim):
        s = value.shape
        if len(s) == 4:
            shapes += [(n, s[1], 6, 8), (n, 6, 8, s[2]), (n, s[1], 6, 6), (n, 6, 6, s[2])]
        if len(s) == 3:
            shapes += [(n, s[1], 8), (n, 8, s[1]), (n, s[0], 6, 8)]
        if len(s) == 2 and 1 not in s:
            shapes += [(n, s[0]), (s[1], n), (n, s[1]), (s[0], n)]
            sequences.append((n, 3, s[0]))
        if len(s) == 1 or 1 in s:
            shapes += [(n, value.size), (value.size, n)]
    if n == 1:  # a vector
        shapes += [(size,) for value in weights.values() for size in value.shape[::-1] if size > 1]
    shapes += [s for s in sequences if s not in shapes]
    return shapes or [(n, 5), (5, n), (n, 4, 6, 8), (n, 6, 8, 4), (n, 6, 8), (n, 4, 12)]


SETTINGS: dict[str, dict[str, Any]] = {
    "conv": {"stride": 1, "pad": 1},
    "pool": {"pool_height": 2, "pool_width": 2, "stride": 2, "f": 2},
    "bn": {"mode": "train"},
    "gn": {"eps": 1e-5},
    "dropout": {"mode": "train", "p": 0.6, "seed": 1},
}
Shapes = Callable[[int], dict[str, tuple[int, ...]]]
ROWS_AND_COLUMNS: tuple[Shapes, ...] = (
    lambda n: {"x": (n, 5), "w": (5, 4), "b": (4,), "gamma": (5,)},
    lambda n: {"x": (5, n), "w": (4, 5), "b": (4, 1), "gamma": (5, 1)},
    lambda n: {"x": (n, 5), "w": (5, 4), "b": (1, 4), "gamma": (1, 5)},
    lambda n: {"x": (n, 5), "w": (4, 5), "b": (4,), "gamma": (5,)},
)
IMAGES: tuple[Shapes, ...] = (
    lambda n: {"x": (n, 3, 6, 8), "w": (2, 3, 3, 3), "b": (2,), "gamma": (3,)},
    lambda n: {"x": (n, 6, 8, 3), "w": (3, 3, 3, 2), "b": (2,), "gamma": (3,)},
    lambda n: {"x": (n, 3, 6, 8), "w": (2, 3, 3, 3), "b": (2, 1), "gamma": (3,)},
    lambda n: {"x": (n, 6, 8, 3), "w": (3, 3, 3, 2), "b": (1, 1, 1, 2), "gamma": (3,)},
    lambda n: {"x": (n, 3, 6, 6), "w": (2, 3, 3, 3), "b": (2,), "gamma": (3,)},  # for code that takes squares only
    lambda n: {"x": (n, 6, 6, 3), "w": (3, 3, 3, 2), "b": (1, 1, 1, 2), "gamma": (3,)},
)
GROUPED: tuple[Shapes, ...] = tuple(  # four channels in two groups
    lambda n, gamma=gamma: {"x": (n, 4, 6, 8), "gamma": gamma, "w": (2, 4, 3, 3), "b": (2,)}  # type: ignore[misc]
    for gamma in ((1, 4, 1, 1), (4,), (4, 1, 1))
)
GROUPS = r"g|(n|num|numberof)?groups?|groupsize"  # what an argument is called that tells how many they are


NUMBERS = {  # arguments that are one setting: its keys
    r"strides?|stepsize": ("stride",),
    r"pad(ding|s)?(size|width)?": ("pad",),
    r"pool(ing)?(size|height|width|h|w|dim)?|(kernel|filter|window)(size|height|width|dim)": (
        "pool_height",
        "pool_width",
    ),
}


def settings_of(parameter: str, function: str = "") -> dict[str, Any] | None:
    """The settings an argument of a function holds: all of conv_param, the stride alone if that is an argument; None if
    it is no such argument."""
    return _settings(SETTINGS, parameter, function)


def _settings(among: dict[str, dict[str, Any]], parameter: str, function: str) -> dict[str, Any] | None:
    if re.fullmatch(ANY_SETTINGS, plain(parameter)):
        return next((v for k, v in among.items() if k in function.lower()), None)
    if is_dict(parameter):
        return next((v for k, v in among.items() if parameter.lower().startswith(k)), None)
    if is_grouped(function) and re.fullmatch(GROUPS, plain(parameter)):
        return {"groups": 2}
    keys = next((keys for pattern, keys in NUMBERS.items() if re.fullmatch(pattern, plain(parameter))), ())
    if not keys or not is_image(function.lower()):
        return None
    every = among.get("pool" if "pool" in function.lower() else "conv")
    if every is None:
        return None
    return {key: every.get(key, 3 if key.startswith("pool") else 0) for key in keys}


def is_dict(parameter: str) -> bool:
    """Does an argument of this name hold several settings?"""
    any_settings = re.fullmatch(ANY_SETTINGS, plain(parameter)) is not None
    return any_settings or parameter.lower().endswith(("param", "params", "config"))


def as_given(parameter: str, settings: dict[str, Any], function: Function) -> Any:
    """Settings as the argument of a function wants them: a dict, a number, or one for each side if it takes the first
    of them."""
    if is_dict(parameter):
        return dict(settings)
    value = next(iter(settings.values()))
    return np.array([value, value]) if re.search(rf"\b{parameter}[(\[] *[01] *[)\]]", text(function)) else value


ANY_SETTINGS = r"(h|hyper)param(eter)?s?|hps?"  # deeplearning.ai's: what they hold depends on the function
OTHERS: tuple[dict[str, dict[str, Any]], ...] = (
    {"conv": {"stride": 2, "pad": 1}, "pool": {"pool_height": 3, "pool_width": 3, "stride": 2, "f": 3}},
    {"conv": {"stride": 2, "pad": 0}},  # at which dx[pad:-pad] is empty
)


def other_settings(parameters: Sequence[str], function: str) -> Iterator[dict[str, dict[str, Any]]]:
    """Other settings for arguments such as conv_param: a stride of 2, no padding, pools that overlap. Of a convolution
    with a pool behind it only the pool's."""
    for others in OTHERS:
        found = {name: other for name in parameters if (other := _settings(others, name, function)) is not None}
        pools = {name: other for name, other in found.items() if name.lower().startswith("pool")}
        if found:
            yield pools if pools and any(map(is_dict, found)) else found
        if pools:
            return


def odd(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an image with odd sides, which windows of 3 with a stride of 2 cover."""
    return tuple({6: 5, 8: 7}.get(axis, axis) for axis in shape)


def is_image(name: str) -> bool:
    """Does a layer of this name take images?"""
    return re.search("conv|pool|spatial|group", name) is not None


def is_grouped(name: str) -> bool:
    """Does a layer of this name normalise groups of channels?"""
    return "group" in name.lower()


def argument(name: str, position: int, parameter: str, shapes: Mapping[str, tuple[int, ...]]) -> Any:
    """The shape of an argument of NAME_forward, or a dict of settings. Raises CodeError."""
    low = parameter.lower()
    if position == 0:
        return shapes["x"]
    if is_dict(parameter):
        return dict(settings_of(parameter, name) or {})
    for key, starts in (("gamma", ("gamma", "beta", "scale", "shift")), ("w", ("w", "k", "f")), ("b", ("b",))):
        if low.startswith(starts):
            return shapes[key]
    raise CodeError(
        f"what is {parameter} of {name}_forward()? Write {name}_example(), which returns a tuple of all arguments"
    )
