"""The world in which a family of functions runs: tried out, and where several run, chosen by what they mean."""

import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from . import reference
from .binding import Binder, Outputs, fillings, holders
from .errors import CodeError
from .families import families, stores
from .functions import Family, FunctionCode, agreement
from .roles import Role, one_hot_first, role
from .source import signature
from .values import Function
from .world import LAYOUTS, World, build

PATIENCE = 3.0  # seconds a search may take
ENCODINGS = {"Y": ("one-hot", "ints", "row", "turned"), "y": ("ints", "row", "one-hot", "column")}
SMALL = (5, 6, 4, 8, 9, 10, 12)  # inputs, then hidden units; no number twice
LARGE = ((3072, 50, 20, 10), (784, 50, 20, 10), (5, 6, 4, 10), (5, 50, 20, 10), (3072, 50, 20, 10))


@dataclass
class Tried:
    """What became of the tries: how far the best one came, and why it ended there."""

    stage: int = -1
    error: BaseException | None = None
    best: tuple[Any, FunctionCode] | None = field(default=None)

    def failed(self, stage: int, error: BaseException) -> None:
        """Keep the error of the try that came furthest."""
        if stage > self.stage:
            self.stage, self.error = stage, error


def sizes(depth: int, n: int) -> Iterator[tuple[int, ...]]:
    """Sizes of the input and of every layer: small ones that all differ, then those that courses write into code."""
    free = [size for size in SMALL if size != n]
    yield (*free[:depth], 3 if n != 3 else 7)
    for d, first, second, k in LARGE:
        hidden = (first, second, 15, 12, 11)[: depth - 1]
        yield (d, *hidden, k)


def find(namespace: Any, gradient: Function, n: int, rng: Any) -> FunctionCode:
    """The code of a gradient function, in the most fitting world. Raises the error that came furthest."""
    tried, begun = Tried(), time.perf_counter()
    seed = int(rng.integers(1 << 31))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for group in families(namespace, gradient):
            for size in range(1 + len(LARGE)):
                for prior, (family, world) in enumerate(_worlds(group, n, size, seed)):
                    if time.perf_counter() - begun > PATIENCE or _try(family, world, prior, tried):
                        break
                if tried.best is not None and tried.best[0][0] == 0:  # every parameter has a gradient
                    break
            if tried.best is not None:
                return _said(tried.best[1])
    if tried.error is not None:
        raise tried.error
    raise CodeError("there is no way to call it")


def _worlds(group: Iterable[Family], n: int, size: int, seed: int) -> Iterator[tuple[Family, World]]:
    for family in group:
        functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
        named = holders(functions)
        for store in stores(family):
            for layout in LAYOUTS:
                if not store.biases and not store.norms and layout.bias != "column":
                    continue
                shape = list(sizes(store.depth, n))[size]
                yield family, build(layout, store, shape, named, n, np.random.default_rng(seed))


def _try(family: Family, world: World, prior: int, tried: Tried) -> bool:
    """Try one world with every encoding of labels; True if everything fits."""
    binder = Binder({"Y": "one-hot", "y": "ints"})
    outputs = None
    if family.forward is not None:
        try:
            outputs = Outputs(binder.call(family.forward, world, world.values), family.forward)
        except Exception as error:
            tried.failed(0, error)
            return False
    for count, encodings in enumerate(_encodings(family)):
        binder = Binder(encodings)
        try:
            unknown = set(binder.unknown(family.gradient, outputs, world))
            if family.cost is not None:
                unknown |= set(binder.unknown(family.cost, outputs, world))
        except Exception as error:
            tried.failed(1, error)
            continue
        for fill in fillings(sorted(unknown), outputs):
            try:
                code = FunctionCode(family, world, binder, fill)
                complete = _judge(code, (prior, count), tried)
            except Exception as error:
                tried.failed(2, error)
            else:
                if complete:
                    return True
    return False


def _encodings(family: Family) -> Iterable[dict[str, str]]:
    kinds = {
        "Y" if one_hot_first(p.name) else "y"
        for f in (family.gradient, family.cost)
        if f is not None
        for p in signature(f)
        if role(p.name) is Role.LABELS
    }
    chosen = [ENCODINGS[kind] if kind in kinds else ENCODINGS[kind][:1] for kind in ("Y", "y")]
    return [{"Y": a, "y": b} for a, b in product(*chosen)]


def _judge(code: FunctionCode, prior: tuple[int, ...], tried: Tried) -> bool:
    """Rank what runs; True if nothing could be better."""
    slots = code.world.slots
    right = agreement(code)
    missing = len(slots) - len(code.matched.places)
    exact = sum(fit == 3 for fit in code.matched.fits.values())
    known = code.penalty is None and _is_known(code)
    rank = (-missing, known + _sums_to_one(code), right, exact, tuple(-p for p in prior))
    if tried.best is None or rank > tried.best[0]:
        tried.best = (rank, code)
    return missing == 0 and right == exact == len(slots)


def _is_known(code: FunctionCode) -> bool:
    """Is J the course's cost?"""
    P = reference.probabilities(code.world, code.params)
    J = float(np.real(code.cost(code.params)))
    return any(
        abs(J - float(reference.cost(code.world, P, code.params, c * code.world.lambda_))) < 1e-3 * abs(J)
        for c in (0.0, 0.5, 1.0)
    )


def _sums_to_one(code: FunctionCode) -> bool:
    """Do forward's probabilities sum to 1 over the classes?"""
    outputs = code.outputs(code.params)
    P = outputs.probabilities(code.world) if outputs is not None else None
    if P is None:
        return False
    return bool(np.allclose(np.sum(P, axis=0 if np.shape(P)[0] == code.world.sizes[-1] else 1), 1))


def _said(code: FunctionCode) -> FunctionCode:
    """With notes on what was tried out and taken."""
    layout, notes = code.world.layout, []
    if code.penalty is not None:
        factor = {0.0: "", 0.5: " and 0.5 lambda sum W^2"}.get(code.penalty / code.world.lambda_, " and lambda sum W^2")
        notes.append(f"no cost in the file that fits: held against softmax cross entropy{factor}")
    for name, fits in code.matched.fits.items():
        if fits == 2:
            slot = next(s for s in code.world.slots if s.name == name)
            notes.append(f"the gradient of {name} comes in another shape than {slot.shape}, with the same numbers")
    notes.append(f"{'columns' if layout.columns else 'rows'} of X are examples")
    code.notes = (*code.notes, *notes)
    return code
