"""Pairs of functions: NAME_forward(x, *params) -> (out, cache) and NAME_backward(dout, cache) -> (dx, *dparams)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .code import Code
from .errors import CodeError
from .inputs import IMAGES, ROWS_AND_COLUMNS, argument, fitting, is_image
from .objects import moved
from .roles import slots_of
from .source import signature
from .values import Function, array, copied, described, own_copy


def pair(name: str, forward: Function, backward: Function, example: Function | None, n: int, rng: Any) -> "PairCode":
    """A pair of functions with arguments made from the names of forward's parameters."""
    wanted = [p for p in signature(forward) if p.default is p.empty and p.kind < 2]
    names = [p.name for p in wanted]
    if example is None:
        layouts = IMAGES if is_image(name) else ROWS_AND_COLUMNS
        candidates = [[argument(name, i, k, layout(n)) for i, k in enumerate(names)] for layout in layouts]
    else:
        candidates = []
    arguments = fitting(forward, example, candidates, rng)
    if len(arguments) < len(names):
        raise CodeError(f"{name}_example() returns {len(arguments)} arguments, {name}_forward() takes {len(names)}")
    return PairCode(name, forward, backward, arguments, names[: len(arguments)], n, rng)


class PairCode(Code):
    """A pair with its arguments; J = sum(cotangent * out)."""

    form = "pair"

    def __init__(
        self,
        name: str,
        forward: Function,
        backward: Function,
        arguments: Sequence[Any],
        names: Sequence[str],
        n: int | None,
        rng: Any,
    ) -> None:
        self.name, self._forward, self._backward, self.examples = name, forward, backward, n
        self.calls = {f"{name}_forward()": forward, f"{name}_backward()": backward}
        self._names, self._arguments = ["x", *names[1:]], arguments  # dx is the first that backward returns
        self.params = {
            k: a
            for k, a in zip(self._names, arguments, strict=True)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f"
        }
        self.out, _ = self._run(self.params)
        self.cotangent = rng.normal(size=self.out.shape)
        self.facts = {"kind": "pair", "slots": slots_of(self.params), "settings": self._settings()}

    def _settings(self) -> dict[str, Any]:
        every = [item for a in self._arguments if isinstance(a, dict) for item in a.items()]
        return {key: value for key, value in every if isinstance(value, int | float | str)}

    def _run(self, params: Mapping[str, Any]) -> tuple[Any, Any]:
        given = [
            params[k].copy() if k in params else own_copy(a) for k, a in zip(self._names, self._arguments, strict=True)
        ]
        made = self._forward(*given)
        if not isinstance(made, tuple) or len(made) != 2:
            raise CodeError(f"{self.name}_forward() returns {described(made)}, not (out, cache)")
        return array(made[0], f"out of {self.name}_forward()"), made[1]

    def output(self, params: Mapping[str, Any]) -> Any:
        """What the layer gives with these values."""
        return self._run(params)[0]

    def cost(self, params: Mapping[str, Any]) -> Any:
        """J."""
        out = self._run(params)[0]
        return np.sum(self.cotangent * out).astype(out.dtype)  # J is no more precise than the output

    def gradients(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The student's gradients."""
        out, cache = self._run(params)
        made = self._backward(self.cotangent.astype(out.dtype), cache)
        found = made if isinstance(made, tuple) else (made,)
        if len(found) < len(self.params):
            raise CodeError(
                f"{self.name}_backward() returns {described(made)}, not the gradients of {', '.join(self.params)}"
            )
        whats = zip(self.params, found, strict=False)
        return copied({k: array(g, f"the gradient of {k} from {self.name}_backward()") for k, g in whats})

    def variants(self, rng: Any) -> Iterator[tuple[str, Code]]:
        """Other values of everything."""
        arguments = [
            moved({"a": a}, rng)["a"] if k in self.params else a
            for k, a in zip(self._names, self._arguments, strict=True)
        ]
        yield (
            "with other numbers",
            PairCode(self.name, self._forward, self._backward, arguments, self._names, self.examples, rng),
        )
