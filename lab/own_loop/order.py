"""Which examples made which update: shuffling, batches left out or used twice, their sizes, how many there are."""

from collections.abc import Iterator, Sequence

import numpy as np

from core.types import Labels
from lab.own_loop.finding import Difference, note
from lab.own_loop.plan import LoopPlan
from lab.own_loop.trace import LoopTrace, Update

FEW = 0.7  # of the examples that should have been seen
STRATIFIED = "On the embedded images this costs nothing: they stand in an order in which all classes come in turn."


def order_findings(
    plan: LoopPlan, trace: LoopTrace, updates: Sequence[Update], stratified: bool
) -> Iterator[Difference]:
    """All that differs from the preset's batches. stratified: do the classes of the data come in turn?"""
    if not updates:
        yield Difference("no-update", "No parameter of the network changed.")
        return
    yield from _other_parts(updates)
    yield from _sizes(plan, trace, updates)
    counted = list(_count(plan, trace, updates))
    yield from counted
    per = _per_epoch(plan, trace, updates)
    epochs = _epochs(updates, per)
    if any(f.wrong for f in counted if f.key == "batches-per-epoch") or all(u.usage is None for u in updates):
        pass
    if len(epochs) > 1:
        yield from _shuffling(plan, epochs, per, stratified)
    yield from _twice(plan, epochs, per)
    yield from _few(plan, updates)


def _index(update: Update) -> Labels:
    return np.array([], dtype=np.int64) if update.usage is None else update.usage.index


def _other_parts(updates: Sequence[Update]) -> Iterator[Difference]:
    for update in updates:
        if update.usage is None and update.evaluated:
            parts = {u.part for u in update.evaluated}
            yield Difference("other-part", f"An update uses {' and '.join(sorted(parts))} examples.", update.number)
            return
        if update.usage is not None and np.any(update.usage.index < 0):
            yield Difference("other-part", "A batch mixes training examples with others.", update.number)
            return


def _sizes(plan: LoopPlan, trace: LoopTrace, updates: Sequence[Update]) -> Iterator[Difference]:
    n = len(plan.parts["train"][1])
    parts = max(1, n // plan.batch)
    allowed = {plan.batch, n % plan.batch}
    if n % plan.batch and {len(_index(u)) for u in updates} <= {n // parts, n // parts + 1}:
        yield note(
            "even-batches",
            f"The rest that fills no batch is spread over the others: {n // parts + 1} examples in some.",
        )
        return
    for update in updates:
        size = len(_index(update))
        if size and size not in allowed:
            whole = ": the whole training set" if size == n else ""
            says = f"A batch has {size} examples{whole}, not {plan.batch}."
            yield Difference("batch-size", says, update.number, wrong="batch" in trace.given)
            return


def _per_epoch(plan: LoopPlan, trace: LoopTrace, updates: Sequence[Update]) -> int:
    """Updates of an epoch, as the code has it."""
    n, size = len(plan.parts["train"][1]), max(1, len(_index(updates[0])))
    epochs = plan.settings["epochs"]
    natural = max(1, n // size)
    if "epochs" not in trace.given or len(updates) % natural == 0:
        return natural
    return len(updates) // epochs if len(updates) % epochs == 0 else natural


def _epochs(updates: Sequence[Update], per: int) -> list[list[Labels]]:
    found = [[_index(u) for u in updates[i : i + per]] for i in range(0, len(updates), per)]
    return [epoch for epoch in found if len(epoch) == per]


def _count(plan: LoopPlan, trace: LoopTrace, updates: Sequence[Update]) -> Iterator[Difference]:
    have, n, size = len(updates), len(plan.parts["train"][1]), max(1, len(_index(updates[0])))
    if trace.cut or size != plan.batch:
        return
    per = n // plan.batch
    if "epochs" in trace.given:
        epochs, rest = plan.settings["epochs"], n % plan.batch > 0
        if have in {epochs * per, epochs * (per + rest)}:
            if rest and have == epochs * per:
                yield note(
                    "rest-dropped",
                    f"The last {n % plan.batch} examples, which fill no batch, are left out, as in the preset.",
                )
            return
        if have % per == 0:
            says = f"There are {have // per} epochs, not {epochs}."
            yield Difference("epochs", says, min(have, epochs * per) + (have < epochs * per))
        elif have % epochs == 0:
            own = have // epochs
            which = "the last batch is left out" if own == per - 1 else f"{own} updates"
            yield Difference("batches-per-epoch", f"An epoch has {own} updates, not {per}: {which}.", min(own, per) + 1)
        else:
            yield Difference("updates", f"There are {have} updates, not {epochs * per}.", min(have, epochs * per) + 1)
    elif ("updates" in trace.given or "cycles" in trace.given) and have != plan.updates:
        by = "updates" if "updates" in trace.given else "cycles"
        if by == "cycles" and "n_s" not in trace.given:
            return
        yield Difference("updates", f"There are {have} updates, not {plan.updates}.", min(have, plan.updates) + 1)


def _shuffling(plan: LoopPlan, epochs: Sequence[Sequence[Labels]], per: int, stratified: bool) -> Iterator[Difference]:
    first = epochs[0]
    same = all(
        len(a) == len(b) and np.array_equal(a, b) for epoch in epochs[1:] for a, b in zip(first, epoch, strict=True)
    )
    whole = len(first) == 1 and len(first[0]) == len(plan.parts["train"][1])
    if whole:
        return
    if same:
        flat = np.concatenate(list(first))
        in_order = bool(np.all(np.diff(flat) == 1)) if len(flat) > 1 else False
        says = "The examples come in the order of the data in every epoch: they are never shuffled."
        if not in_order:
            says = "The examples come in the same order in every epoch: they are shuffled once, or with the same seed."
        yield Difference(
            "not-shuffled" if in_order else "same-order", says + (f" {STRATIFIED}" if stratified else ""), per + 1
        )
        return
    sets = [{tuple(np.sort(b)) for b in epoch} for epoch in epochs]
    if per > 1 and all(s == sets[0] for s in sets[1:]):
        yield note("same-batches", "The batches keep their examples from epoch to epoch; only their order changes.")


def _few(plan: LoopPlan, updates: Sequence[Update]) -> Iterator[Difference]:
    """Far fewer examples than as many draws from all of them would give."""
    batches = [_index(u) for u in updates]
    drawn, n = np.concatenate(batches), len(plan.parts["train"][1])
    used = len(np.unique(drawn))
    if len(drawn) >= n and used < FEW * n * (1 - np.exp(-len(drawn) / n)):
        known = np.cumsum([len(batch) for batch in batches])
        again = next(i for i, end in enumerate(known, 1) if len(np.unique(drawn[:end])) < end)
        yield Difference("few-examples", f"Only {used} of the {n} training examples are ever used.", again)


def _twice(plan: LoopPlan, epochs: Sequence[Sequence[Labels]], per: int) -> Iterator[Difference]:
    """Batches and examples that come twice in an epoch."""
    number, replaced = 0, False
    for epoch in epochs:
        known: set[tuple[int, ...]] = set()
        for index in epoch:
            number += 1
            batch = tuple(np.sort(index))
            if batch and batch in known:
                yield Difference("batch-twice", "A batch is used twice in an epoch.", number)
                return
            known.add(batch)
            replaced |= len(set(batch)) < len(batch)
    if per < 2:
        return
    shared = [(i + 2, len(set(a) & set(b))) for i, (a, b) in enumerate(zip(epochs[0], epochs[0][1:], strict=False))]
    if replaced:
        yield note("with-replacement", "The examples of a batch are drawn with replacement.")
    elif shared and all(count for _, count in shared) and len({count for _, count in shared}) == 1:
        yield Difference(
            "batches-overlap", f"A batch shares {shared[0][1]} examples with the one before.", shared[0][0]
        )
    elif any(count for _, count in shared):
        yield note(
            "batches-drawn", "Every batch is drawn from all examples: some come twice in an epoch, some not at all."
        )
