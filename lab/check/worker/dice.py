"""Random numbers of a student's code: every call is to draw the same ones."""

import random
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .code import Code

DEEP = 3  # how far objects are looked through for generators of their own


class Dice:
    """The generators that code draws from: NumPy's and Python's that all share, and those kept in these values."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._kept = {id(g): (g, _state(g)) for value in values for g in generators(value)}

    def reset(self) -> None:
        """Let all of them draw again what they drew before."""
        seed()
        for generator, state in self._kept.values():
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = state
            else:
                generator.set_state(state)

    def begin(self, number: int) -> None:
        """Let all of them draw what this seed gives."""
        np.random.seed(number % 2**32)  # noqa: NPY002 (what students use)
        random.seed(number)
        for generator, state in self._kept.values():
            if isinstance(generator, np.random.Generator):
                if isinstance(generator.bit_generator, np.random.PCG64):
                    generator.bit_generator.state = np.random.PCG64(number).state
            else:
                generator.set_state(state)

    def standing(self) -> dict[str, Any]:
        """Where all of them stand, as plain values."""
        return {
            "numpy": _plain(np.random.get_state()),  # noqa: NPY002 (what students use)
            "python": _plain(random.getstate()),
            "kept": [_plain(_state(generator)) for generator, _ in self._kept.values()],
        }

    def go_to(self, standing: Mapping[str, Any]) -> None:
        """Let all of them stand where standing() says."""
        np.random.set_state(tuple(standing["numpy"]))  # noqa: NPY002 (what students use)
        version, words, gauss = standing["python"]
        random.setstate((version, tuple(words), gauss))
        for (generator, _), state in zip(self._kept.values(), standing["kept"], strict=True):
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = state
            else:
                generator.set_state(tuple(state))


def _plain(state: Any) -> Any:
    """The state of a generator as lists, dicts and numbers."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [_plain(value) for value in state]
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state


def seed() -> None:
    """Let the generators that all code shares draw the same numbers again."""
    np.random.seed(1)  # noqa: NPY002 (what students use)
    random.seed(1)


def generators(value: Any, depth: int = 0) -> list[Any]:
    """The generators in an object, a list or a dict."""
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return [value]
    if isinstance(value, dict):
        inside = list(value.values())
    else:
        inside = list(value) if isinstance(value, list | tuple) else list(getattr(value, "__dict__", {}).values())
    if depth == DEEP or callable(value) or len(inside) > 300:
        return []
    return [g for part in inside for g in generators(part, depth + 1)]


def _state(generator: Any) -> Any:
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()


def draws(code: "Code") -> bool:
    """Does code that runs draw random numbers?"""
    for ask in (code.cost, code.gradients):
        seed()
        before = _standing()
        ask(code.params)
        if before != _standing():
            return True
    return False


def _standing() -> tuple[Any, ...]:
    """Where the generators of NumPy and Python that all code shares stand."""
    state: Any = np.random.get_state()  # noqa: NPY002 (what students use)
    return state[1].tobytes(), state[2], random.getstate()
