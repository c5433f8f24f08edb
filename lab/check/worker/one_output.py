"""Losses that are right for one output alone: np.mean in J, a division by the number of examples in the gradient."""

import re
from typing import Any

import numpy as np

from .functions import FunctionCode, agreement
from .source import text
from .world import LAYOUTS, plain_world

KNOWS_OUTPUTS = r"shape *\[ *-?[12] *\]|, *\w+ *= *\w+\.shape|\.size\b|size\(|num_?classes|\b[CK]\b|one_?hot|axis"


def of_one_output(code: FunctionCode, rng: Any) -> FunctionCode:
    """A loss of outputs (n, k) with k = 1, if J and the gradient agree only then, and neither knows of k; otherwise the
    code as it is."""
    functions = [f for f in (code.family.cost, code.family.gradient) if f is not None]
    loss = [slot.letter for slot in code.slots] == ["x"] and not code.layer and code.penalty is None
    if not loss or agreement(code) or any(re.search(KNOWS_OUTPUTS, text(f)) for f in functions):
        return code
    try:
        one = _read_so(code, rng)
    except Exception:  # it takes no such outputs
        return code
    return one if agreement(one) else code


def _read_so(code: FunctionCode, rng: Any) -> FunctionCode:
    """The same code with outputs (n, 1), and labels of the same shape."""
    world = plain_world(LAYOUTS[1], (1, 1), len(code.world.y), np.random.default_rng(int(rng.integers(99))), True)
    binder = code.binder.copy()
    binder.encodings = {"Y": "one-hot", "y": "one-hot"}
    one = code.remade(world.shared() if code.world.shares else world, binder, code.state)
    one.conditions += (
        "right for one output for every example, x of shape (n, 1): with several J is a mean over them, too",
    )
    return one
