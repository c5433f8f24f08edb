"""A student's code in its process as something a gradient check can be made of."""

import copy
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from core.gradcheck.check import SINGLE
from core.gradcheck.targets import Answer
from core.types import Array
from lab.check.process import StudentProblemError
from lab.visible import visible

ASKING = 3e-4  # seconds for a question and its answer, roughly
PATIENCE = 1.2  # seconds the costs of one check may take before fewer coordinates are looked at


class Asked(Protocol):
    """What answers questions about a student's code: the process, see Worker.ask."""

    def ask(
        self, do: str, arrays: Mapping[str, Array] | None = None, **head: Any
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """One question, one answer."""


class StudentTarget:
    """A student's code, or a variant of it (`code`, from 1), as a Target."""

    lambda_ = None

    def __init__(
        self,
        worker: Asked,
        target: str,
        facts: Mapping[str, Any],
        arrays: Mapping[str, Array],
        seed: int = 0,
        code: int = 0,
    ) -> None:
        """facts and arrays: what the worker answered when asked to check the code. Raises StudentProblemError."""
        self.name, self._worker, self._code = target, worker, code
        try:
            self._read(facts, arrays)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise StudentProblemError(f"the file wrote over the answers of the check: {visible(repr(error))}") from None
        if not self.params and not self.faults:
            raise StudentProblemError("no parameter of it was recognised, so there is no gradient to compare")
        self._changes: Mapping[str, Array] = {}
        self._rng = np.random.default_rng(seed)
        self.takes_complex = bool(facts["replace"]) and self._complex_agrees()
        single = any(v.dtype == np.float32 for v in self.gradients(self.params).values())
        if single and not self.takes_complex:
            self.precision = SINGLE  # whatever type the loss is returned in
        fitting = ("float32: judged with tolerances that fit it",) if single or self.precision >= SINGLE else ()
        self.notes = (*self._told, *self.conditions, *fitting)

    def _read(self, facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        self.params: Mapping[str, Array] = {
            k.removeprefix("params/"): v for k, v in arrays.items() if k.startswith("params/")
        }
        self.cotangent: Array | None = arrays.get("cotangent")
        self.out: Array | None = arrays.get("out")
        self.places: dict[str, str] = dict(facts["places"])
        self.examples: int | None = facts["examples"]
        self.scale = float(facts["scale"])
        self.seconds = float(facts["seconds"])
        self.precision = float(np.finfo(np.dtype(facts["cost_dtype"])).eps) if facts["cost_dtype"][1] == "f" else 2e-16
        self._told: tuple[str, ...] = tuple(visible(str(note)) for note in facts["notes"])
        self.conditions: tuple[str, ...] = tuple(visible(str(note)) for note in facts["conditions"])
        self.faults: tuple[str, ...] = tuple(visible(str(fault)) for fault in facts["faults"])
        self.facts: dict[str, Any] = dict(facts["facts"])

    def _complex_agrees(self) -> bool:
        """Does a complex step along a random direction say what central differences say? Not if the code takes real
        parts or absolute values, or cannot hold complex numbers at all."""
        for name, value in self.params.items():
            for _ in range(3):  # a kink may lie in the way of one
                v = self._rng.normal(size=value.size) / value.size**0.5
                try:
                    slope = self.cost(name, slice(0, value.size), 1e-30j * v).cost.imag / 1e-30
                except StudentProblemError:
                    return False
                h = 1e-6 if self.precision < 1e-10 else 1e-2
                noise = 8 * self.precision * self.scale / h
                if abs(slope - self.slope(name, v, h)) <= 1e-4 * abs(slope) + noise:
                    break
            else:
                return False
        return True

    def gradients(self, params: Mapping[str, Array]) -> Mapping[str, Array]:
        """The gradients the code gives with these parameters."""
        return self._worker.ask("gradients", params, code=self._code)[1]

    def cost(self, name: str, index: int | slice, step: Any) -> Answer:
        """J after a step, see Target."""
        where = index if isinstance(index, int) else [index.start, index.stop]
        arrays = {**self._changes, "step": np.asarray(step)}
        reply, _ = self._worker.ask("cost", arrays, name=name, index=where, code=self._code)
        try:
            real, imaginary = map(float, reply["cost"])
        except (KeyError, TypeError, ValueError) as error:
            raise StudentProblemError(f"the file wrote over the answers of the check: {error!r}") from None
        return Answer(complex(real, imaginary), None)

    def slope(self, name: str, v: Array, h: float = 1e-5) -> float:
        """The slope of J along v (all elements of a tensor, flat), by central differences. Raises
        StudentProblemError."""
        up, down = (self.cost(name, slice(0, v.size), sign * h * v).cost.real for sign in (1, -1))
        return (up - down) / (2 * h)

    @property
    def batch(self) -> int:
        """The number of examples; 1 where it is not known."""
        return self.examples or len(self.facts.get("y", ())) or 1

    def output(self, params: Mapping[str, Array]) -> Array:
        """What a layer gives with these values of its tensors."""
        return self._worker.ask("output", params, code=self._code)[1]["out"]

    def cost_at(self, params: Mapping[str, Array]) -> float:
        """J with other values of all these tensors."""
        name = next(iter(params))
        return self.at(params).cost(name, 0, 0.0).cost.real

    def mended(self) -> dict[str, Any]:
        """Changes of the file that make its gradients right, here and at other points ("mended"), and the "lines" of
        those that none makes right; see worker/mend.py. Raises StudentProblemError."""
        return self._worker.ask("mend")[0]

    def at(self, params: Mapping[str, Array]) -> Self:
        """The same with other values for some of the tensors."""
        other = copy.copy(self)
        other._changes = {**self._changes, **{f"params/{name}": value for name, value in params.items()}}
        other.params = {**self.params, **params}
        return other

    def affordable_samples(self, patience: float = PATIENCE) -> int:
        """The number of coordinates per tensor that fit in this many seconds, 4 to 100."""
        seconds = self.seconds + ASKING
        costs = 1 if self.takes_complex else 3
        return int(np.clip(patience / (costs * seconds * max(1, len(self.params))), 4, 100))
