"""What was seen of a training: which examples its code looked at, with which parameters, update by update."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.types import Array, Labels

Told = Mapping[str, Any]  # by the process of a file, which may send anything
Tensors = Mapping[str, Array]  # W1 (d, m), b1 (m,) ..., as the core has them


@dataclass(frozen=True, eq=False)
class Usage:
    """Code that gets hold of examples, see lab/check/worker/tracing.py. params, averages: numbers of snapshots, -1 for
    none; values: the rows (n, d) as the code has them, None for those that were handed in; returned: (function,
    numbers or array) of what was given these examples."""

    part: str
    index: Labels
    whole: bool
    function: str
    line: int
    params: int
    averages: int
    labels: Labels | None
    dtype: str
    values: Array | None
    returned: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Update:
    """From one value of the parameters to the next. number: from 1; usage: the batch, None if no training examples were
    looked at; evaluated: other usages since the update before."""

    number: int
    before: Tensors
    after: Tensors
    usage: Usage | None
    evaluated: tuple[Usage, ...]


@dataclass(frozen=True, eq=False)
class LoopTrace:
    """A training that was watched. names: W1 -> what the student calls it; given: setting -> the argument that was
    given it; series: name -> the numbers the code returned; dtype: of the parameters; watched: False where only what it
    returned is known."""

    name: str
    usages: tuple[Usage, ...]
    snapshots: tuple[Tensors, ...]
    averages: tuple[Mapping[str, Array], ...]
    final: int
    final_averages: int
    names: Mapping[str, str]
    given: Mapping[str, str]
    series: Mapping[str, list[float]]
    prints: str
    cut: bool
    way: int
    dtype: np.dtype[Any]
    watched: bool

    def updates(self) -> list[Update]:
        """First to last."""
        found: list[Update] = []
        group: list[Usage] = []
        current = -1
        for usage in [*self.usages, None]:
            params = self.final if usage is None else usage.params
            if params == -1:
                continue
            if current != -1 and params != current:
                batch = _batch(group)
                others = tuple(u for u in group if u is not batch)
                found.append(Update(0, self.snapshots[current], self.snapshots[params], batch, others))
                group = []
            current = params
            if usage is not None:
                group.append(usage)
        while found and _prepares(found[0]) and not all(map(_prepares, found)):
            del found[0]
        return [replace(update, number=i) for i, update in enumerate(found, 1)]

    def said(self, tensor: str) -> str:
        """What the student calls a tensor."""
        return self.names.get(tensor, tensor)


def _prepares(update: Update) -> bool:
    """Was no batch looked at? Then a change before the first batch only prepares the parameters."""
    return update.usage is None or update.usage.whole


def _batch(group: Sequence[Usage]) -> Usage | None:
    """The examples of an update, among all that were looked at before it: the last that are not all, or more that hold
    them where those are a piece of a batch."""
    training = [u for u in group if u.part == "train"]
    some = [u for u in training if not u.whole]
    if not some:
        return training[-1] if training else None
    last = set(some[-1].index)
    return max((u for u in reversed(some) if last <= set(u.index)), key=lambda u: len(u.index))


def read(facts: Told, arrays: Mapping[str, Array], sizes: Sequence[int]) -> LoopTrace:
    """What the process of the file answered. sizes: of the input and of every layer. Raises KeyError, TypeError and
    ValueError for what is no answer."""
    snapshots = [_numbered(arrays, f"params/{i}/") for i in range(int(facts["snapshots"]))]
    kinds = {v.dtype for taken in snapshots for v in taken.values()}
    turned = bool(snapshots) and _turned(snapshots[0], sizes)
    return LoopTrace(
        str(facts["name"]),
        tuple(_usage(i, told, arrays) for i, told in enumerate(facts["usages"])),
        tuple({name: _as_core(name, v, turned) for name, v in taken.items()} for taken in snapshots),
        tuple(_numbered(arrays, f"averages/{i}/") for i in range(int(facts["averages"]))),
        int(facts["final"]),
        int(facts["final_averages"]),
        {str(k): str(v) for k, v in facts["names"].items()},
        {str(k): str(v) for k, v in facts["given"].items()},
        {str(k): [float(x) for x in v] for k, v in facts["series"].items()},
        str(facts["prints"]),
        bool(facts["cut"]),
        int(facts["way"]),
        min(kinds, key=lambda kind: kind.itemsize, default=np.dtype(np.float64)),
        bool(facts["watched"]),
    )


def _usage(i: int, told: Told, arrays: Mapping[str, Array]) -> Usage:
    returned = tuple(
        (str(name), arrays[f"returned/{i}/{j}"] if numbers is None else [float(v) for v in numbers])
        for j, (name, numbers) in enumerate(told["returned"])
    )
    return Usage(
        str(told["part"]),
        np.array(told["index"], dtype=np.int64),
        bool(told["whole"]),
        str(told["function"]),
        int(told["line"]),
        int(told["params"]),
        int(told["averages"]),
        None if told["labels"] is None else np.array(told["labels"], dtype=np.int64),
        str(told["dtype"]),
        arrays.get(f"values/{i}"),
        returned,
    )


def _numbered(arrays: Mapping[str, Array], start: str) -> dict[str, Array]:
    return {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}


def _turned(tensors: Tensors, sizes: Sequence[int]) -> bool:
    """Are the weights (outputs, inputs)? The first whose axes differ tells."""
    for name, value in tensors.items():
        if name.startswith("W") and value.shape[0] != value.shape[1]:
            return value.shape != (sizes[int(name[1:]) - 1], sizes[int(name[1:])])
    return False


def _as_core(name: str, value: Array, turned: bool) -> Array:
    value = value.astype(np.float64)
    if not name.startswith("W"):
        return value.reshape(-1)
    return value.T if turned else value
