"""What every family of code forms makes of a student's code: a cost over named arrays, and gradients of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import CodeError
from .values import Function


class Code(ABC):
    """A student's code that can be asked.

    params: name -> array, the point the check stands at; calls: words -> what is called, the cost first, the gradients
    last; cotangent, out: set if the cost is sum(cotangent * out); conditions: notes on when its
    gradients are right; faults: what is wrong whatever the gradients say;
    live: where the parameters live in an object of the student's, None if they are given with every call; facts: what a
    diagnosis needs, as plain values.
    """

    form = ""
    params: Mapping[str, Any]
    calls: Mapping[str, Function | None]
    cotangent: Any = None
    out: Any = None
    examples: int | None = None
    notes: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    live: Any = None
    facts: Mapping[str, Any] = {}

    @abstractmethod
    def cost(self, params: Mapping[str, Any]) -> Any:
        """J with these parameters: a NumPy scalar."""

    @abstractmethod
    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients with these parameters, as copies."""

    def output(self, params: Mapping[str, Any]) -> Any:
        """What a layer gives with these values; CodeError for code that is none."""
        raise CodeError("it is no layer")

    def variants(self, rng: Any) -> Iterator[tuple[str, "Code"]]:
        """The same code at other points and with other inputs, each with words for where: "with another batch"."""
        yield from ()
