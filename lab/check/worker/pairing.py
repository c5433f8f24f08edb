"""Which of the student's parameters is which of the mapped ones, and how it lies."""

from collections.abc import Mapping

import numpy as np

from .convolutions import Way, by_axes, ways
from .errors import CodeError
from .functions import FunctionCode
from .mapped_tensors import MappedTensor, Pieces
from .matching import Slot
from .resizing import OTHERWISE, listed_shapes
from .training_plan import TrainingPlan

LETTERS = {"W": "weights", "b": "biases", "gamma": "gammas", "beta": "betas"}


def paired(
    code: FunctionCode,
    at: Mapping[tuple[str, int], Pieces],
    shapes: Mapping[tuple[str, int], tuple[int, ...]],
    plan: TrainingPlan,
) -> tuple[list[MappedTensor], list[str]]:
    """The student's parameters with the mapped ones, whose shapes are ours, and notes. Raises CodeError where they do
    not go together."""
    slots = [*code.slots, *(s for s in code.world.slots if s.name in code.unused)]
    names = {letter: [s for s in slots if s.letter == letter] for letter in dict.fromkeys(s.letter for s in slots)}
    tensors, notes = [], []
    for letter in dict.fromkeys(letter for letter, _ in at):
        own = names.pop(letter, [])
        wanted = [(layer, shapes[other, layer], pair) for (other, layer), pair in at.items() if other == letter]
        if letter == "b" and len(own) < len(wanted) and plan.batch_norm:
            wanted = wanted[len(wanted) - len(own) :]  # those before batch normalisation change nothing
            notes.append("it has no biases before batch normalisation, where they change nothing")
        tensors += _in_order(letter, own, wanted, code, plan)
    for letter, own in names.items():
        if letter in ("gamma", "beta") and all(slot.name in code.unused for slot in own):
            continue
        if letter in ("gamma", "beta"):
            raise CodeError(f"it has batch normalisation, and {plan.like} has none: -s batch_norm=true")
        listed = ", ".join(slot.name for slot in own)
        raise CodeError(f"{listed}: {plan.like} has no such {LETTERS.get(letter, 'parameters')}")
    return tensors, notes


def ways_to_read(
    code: FunctionCode,
    at: Mapping[tuple[str, int], Pieces],
    shapes: Mapping[tuple[str, int], tuple[int, ...]],
    plan: TrainingPlan,
) -> list[Way]:
    """How the tensors of a network with convolutions may lie, the usual way first. Raises CodeError for none."""
    own: dict[tuple[str, int], Slot] = {}
    for letter in dict.fromkeys(slot.letter for slot in code.slots):
        slots = sorted((slot for slot in code.slots if slot.letter == letter), key=lambda slot: slot.layer)
        own |= {(letter, i): slot for i, slot in enumerate(by_axes(slots, lambda slot: len(slot.shape)))}
    for letter in dict.fromkeys(letter for letter, _ in (*own, *shapes)):
        theirs, ours = (sum(other == letter for other, _ in each) for each in (own, shapes))
        if theirs != ours:
            hint = f": -s bias={'false' if ours else 'true'}" if letter == "b" and not theirs * ours else ""
            what = LETTERS.get(letter, "parameters")
            raise CodeError(f"it has {theirs or 'no'} {what}, and {plan.like} has {ours or 'none'}{hint}")
    found = list(ways(own, code.world, plan.example, at, shapes))
    if not found:
        have = listed_shapes([slot.shape for (letter, _), slot in own.items() if letter == "W"])
        raise CodeError(f"its weights are {have}, and {plan.like} has {listed_shapes(plan.weights())}. {OTHERWISE}")
    return found


def _in_order(
    letter: str,
    own: list[Slot],
    wanted: list[tuple[int, tuple[int, ...], Pieces]],
    code: FunctionCode,
    plan: TrainingPlan,
) -> list[MappedTensor]:
    """The tensors of a letter, the first layer first."""
    own = sorted(own, key=lambda slot: slot.layer)
    if letter in ("gamma", "beta"):
        own = [slot for slot in own if slot.name not in code.unused] if len(own) > len(wanted) else own
    for order in (own, own[::-1]):
        fitting = [_fits(slot, shape, code) for slot, (_, shape, _) in zip(order, wanted, strict=False)]
        if len(order) == len(wanted) and None not in fitting:
            return [
                MappedTensor(slot, layer, *pieces, bool(turned))
                for slot, turned, (layer, _, pieces) in zip(order, fitting, wanted, strict=True)
            ]
    have = ", ".join(f"{slot.name} {slot.shape}" for slot in own) or "none"
    needs = ", ".join(str(shape) for _, shape, _ in wanted)
    raise CodeError(f"its {LETTERS[letter]}: {have}; {plan.like} has {needs}")


def _fits(slot: Slot, shape: tuple[int, ...], code: FunctionCode) -> bool | None:
    """Is a parameter turned against one of ours? None if it is another."""
    if len(shape) == 1:
        return False if int(np.prod(slot.shape)) == shape[0] else None
    if slot.shape == shape[::-1] and (slot.shape != shape or code.world.layout.outputs_first):
        return True
    return False if slot.shape == shape else None
