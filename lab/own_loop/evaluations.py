"""What the code computes of whole sets between updates: with which inputs, statistics and parameters."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from core.types import Array, Labels
from lab.own_loop.finding import Difference, listed, note
from lab.own_loop.steps import Compared
from lab.own_loop.trace import Tensors, Usage
from lab.watch.columns import role

SHOWS = 1e-3  # a difference of probabilities that is more than another eps


def evaluation_findings(compared: Compared) -> Iterator[Difference]:
    """All that differs."""
    yield from _inputs(compared)
    yield from _running(compared)
    yield from _outputs(compared)
    yield from _splits(compared)


# Are the inputs normalised as they should be?


def _inputs(compared: Compared) -> Iterator[Difference]:
    """Inputs that the code scales or shifts itself: all by the same numbers?"""
    trace, parts = compared.trace, compared.plan.parts
    maps: dict[str, list[tuple[Usage, Array, Array]]] = {"batch": []}
    for usage in trace.usages:
        batch = usage.part == "train" and not usage.whole
        if (
            len(usage.index) < 10
            or np.any(usage.index < 0)
            or (usage.whole and usage.values is None and not usage.returned)
        ):
            continue
        if usage.values is not None and float(np.finfo(np.float32).eps) > 0 and usage.dtype in ("float32", "float16"):
            continue
        x = parts[usage.part][0][usage.index]
        maps.setdefault("batch" if batch else usage.part, []).append(
            (usage, *_affine(x, x if usage.values is None else usage.values))
        )
    batches = maps.pop("batch")
    if not batches:
        return
    _, slope, shift = batches[0]
    numbers = {id(u.usage): u.number for u in (s.update for s in compared.steps)}
    for usage, own_slope, own_shift in batches[1:]:
        if not _alike(slope, own_slope, shift, own_shift):
            yield Difference(
                "normalised-per-batch",
                "Every batch is normalised by its own mean and deviation.",
                numbers.get(id(usage), 1),
            )
            return
    for part, found in maps.items():
        for usage, own_slope, own_shift in found:
            if not _alike(slope, own_slope, shift, own_shift) and (usage.returned or part != "train"):
                says = f"The {part} images are normalised by other numbers than the training batches: by their own?"
                yield Difference("normalised-otherwise", says, _update_of(compared, usage))
                break


def _affine(x: Array, values: Array) -> tuple[Array, Array]:
    """slope and shift of every feature with which values = slope x + shift."""
    centred = x - x.mean(axis=0)
    spread = np.sum(centred**2, axis=0)
    slope = np.sum(centred * values, axis=0) / np.where(spread > 1e-9, spread, 1.0)
    return slope, values.mean(axis=0) - slope * x.mean(axis=0)


def _alike(a: Array, b: Array, c: Array, d: Array) -> bool:
    """Most features: one that is nearly constant in a batch tells nothing."""
    near = np.abs(a - b) <= 1e-5 * (np.abs(a) + 1e-9)
    return bool(np.mean(near) > 0.9 and np.mean(np.abs(c - d) <= 1e-5 * (np.abs(c) + 1)) > 0.9)


def _update_of(compared: Compared, usage: Usage) -> int | None:
    """The update before which something was looked at."""
    for step in compared.steps:
        if usage in step.update.evaluated:
            return step.number
    return len(compared.steps) or None


# Running statistics of batch normalisation


def _running(compared: Compared) -> Iterator[Difference]:
    trace = compared.trace
    if not compared.reference.norms or len(trace.usages) < 3:
        return
    seen = [u.averages for u in trace.usages if u.params >= 0]
    if all(i == -1 for i in seen):
        yield note("no-running-means", "No running mean or variance was seen: are the names unusual?")
        return
    kept = sorted({i for i in seen if i >= 0})
    first, last = trace.averages[kept[0]], trace.averages[max(kept[-1], trace.final_averages)]
    still = [name for name in first if name in last and np.array_equal(first[name], last[name])]
    if still:
        every = len(still) == len(first)
        says = (
            "The running means and variances of batch normalisation never change."
            if every
            else f"{listed([_said(name) for name in still])}: these running means or variances never change."
        )
        yield Difference("running-never", says, 1, [_said(still[0])])
        return
    for usage, after in zip(trace.usages, trace.usages[1:], strict=False):
        evaluates = (usage.part != "train" or usage.whole) and usage.returned
        if evaluates and 0 <= usage.averages != after.averages >= 0 and usage.params == after.params:
            says = f"The running means move while {usage.function}() looks at the {usage.part} set."
            yield Difference("running-at-evaluation", says, _update_of(compared, usage))
            return


def _said(path: str) -> str:
    """mu_av[0] for ['mu_av'][0], running_mean for ['self'].layers[1].running_mean."""
    found = re.search(r"\.?([A-Za-z_]\w*)(?:'\])?(\[\d+\])?$", path)
    return "".join(filter(None, found.groups())) if found else path


def _moments(compared: Compared, usage: Usage) -> list[tuple[Array, Array]] | None:
    """Running mean and variance of every layer, as the code has them then."""
    if usage.averages < 0:
        return None
    sizes = [layer.state["running"].shape[1] for layer in compared.reference.norms]
    return moments(compared.trace.averages[usage.averages], sizes)


def moments(arrays: Mapping[str, Array], sizes: Sequence[int]) -> list[tuple[Array, Array]] | None:
    """Running mean and variance of layers of these sizes, among arrays by where they are kept; None if they do not
    fit."""
    spread = re.compile(r"var|(^|\W)_?v_?(av|avg|run|ema)", re.IGNORECASE)
    means = [v.reshape(-1) for path, v in arrays.items() if not spread.search(path)]
    variances = [v.reshape(-1) for path, v in arrays.items() if spread.search(path)]
    if [len(m) for m in means] != list(sizes) or [len(v) for v in variances] != list(sizes):
        return None
    return list(zip(means, variances, strict=True))


# What comes out


def _outputs(compared: Compared) -> Iterator[Difference]:
    """Probabilities, scores and guesses that functions return for whole sets."""
    for usage in compared.trace.usages:
        if usage.params < 0 or (usage.part == "train" and not usage.whole) or np.any(usage.index < 0):
            continue
        for function, value in usage.returned:
            if isinstance(value, list):
                continue
            P = _as_rows(value, len(usage.index), compared.plan.sizes[-1])
            if P is None:
                continue
            finding = _judged(compared, usage, function, P)
            if finding is not None:
                yield finding
                return


def _as_rows(value: Array, n: int, k: int) -> Array | None:
    """Scores or probabilities (n, K), or guesses (n,)."""
    if value.shape == (k, n):
        return value.T
    if value.shape == (n, k):
        return value
    return value.reshape(-1) if value.size == n and value.dtype.kind in "iu" else None


def _judged(compared: Compared, usage: Usage, function: str, P: Array) -> Difference | None:
    theta, x = compared.trace.snapshots[usage.params], _rows(compared, usage)
    reference = compared.reference
    modes: dict[str, Array] = {}
    if reference.norms:
        moments = _moments(compared, usage)
        if moments is not None:
            reference.run_with(moments)
            modes["running"] = reference.logits(theta, x)
        modes["batch"] = reference.logits(theta, x, train=True)
    else:
        modes["plain"] = reference.logits(theta, x)
    apart = {mode: _apart(P, logits) for mode, logits in modes.items()}
    update = _update_of(compared, usage)
    if apart.get("plain", 1.0) <= SHOWS or apart.get("running", 1.0) <= 0.02:
        return None
    if reference.passes(theta, x, P):  # a hidden layer with as many units as there are classes
        return None
    if "batch" in apart and apart["batch"] <= SHOWS:
        says = f"{function}() evaluates the {usage.part} set in training mode: with the mean and variance of that set."
        return Difference("evaluation-in-training-mode", says, update)
    if "plain" not in apart:
        return None
    for number, other in enumerate(compared.trace.snapshots):
        if number != usage.params and _apart(P, reference.logits(other, x)) <= SHOWS / 100 and P.ndim == 2:
            says = f"{function}() evaluates the {usage.part} set with the parameters of before update {number + 1}."
            return Difference("evaluation-stale", says, update)
    if P.ndim == 2 and _zeros_like_dropout(compared, theta, x, P):
        return Difference(
            "evaluation-random", f"{function}() gives other outputs than the network: is dropout on?", update
        )
    return None


def _zeros_like_dropout(compared: Compared, theta: Tensors, x: Array, P: Array) -> bool:
    return bool(np.isfinite(P).all())


def _rows(compared: Compared, usage: Usage) -> Array:
    return compared.plan.parts[usage.part][0][usage.index] if usage.values is None else usage.values


def _apart(P: Array, logits: Array) -> float:
    """How far outputs are from logits, as probabilities; the share of guesses that differ."""
    want = _softmax(logits)
    if P.ndim == 1:
        return float(np.mean(want.argmax(axis=1) != P))
    sums = P.sum(axis=1)
    have = P if np.allclose(sums, 1, atol=1e-3) and P.min() >= 0 else _softmax(P.astype(np.float64))
    return float(np.abs(have - want).max())


def _softmax(logits: Array) -> Array:
    with np.errstate(all="ignore"):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        P: Array = e / e.sum(axis=1, keepdims=True)
        return P


# The numbers that are kept


def _splits(compared: Compared) -> Iterator[Difference]:
    """A list of numbers that are those of another split than its name says."""
    trace, plan = compared.trace, compared.plan
    if compared.reference.norms or any(u.values is not None for u in trace.usages):
        return
    ends = _ends(compared)
    tables = {part: [_measures(compared, theta, part) for theta in ends] for part in plan.parts}
    for name, numbers in trace.series.items():
        meant = role(name)
        split = meant.split if meant is not None else None
        if (
            meant is None
            or split is None
            or split not in tables
            or len(numbers) not in (len(ends), len(ends) + 1, len(ends) - 1)
        ):
            continue
        if _fits(numbers, tables[split]) or _fits_anywhere(numbers, compared, split):
            continue
        others = [part for part in tables if part != split and _fits(numbers, tables[part])]
        if others:
            says = f"{name} holds numbers of the {others[0]} set, not of the {split} set."
            yield Difference("another-split", says, plan.per_epoch)


def _fits_anywhere(numbers: Sequence[float], compared: Compared, part: str) -> bool:
    """Is each a loss, cost or accuracy of a part with some parameters of the training?"""
    rows = [_measures(compared, theta, part) for theta in compared.trace.snapshots]
    known = [row[key] for row in rows for key in ("loss", "accuracy")]
    return all(any(abs(n - k) <= 1e-5 * abs(k) or abs(n - 100 * k) <= 1e-3 for k in known) for n in numbers)


def _ends(compared: Compared) -> list[Tensors]:
    """The parameters at the ends of epochs."""
    per = compared.plan.per_epoch
    return [s.update.after for s in compared.steps if s.number % per == 0]


def _measures(compared: Compared, theta: Tensors, part: str) -> Mapping[str, float]:
    x, y = compared.plan.parts[part]
    logits = compared.reference.logits(theta, x)
    return _measured(logits, y) | {"penalty": sum(float(np.sum(v**2)) for k, v in theta.items() if k.startswith("W"))}


def _measured(logits: Array, y: Labels) -> dict[str, float]:
    P = _softmax(logits)
    loss = float(-np.mean(np.log(P[np.arange(len(y)), y] + 1e-300)))
    return {"loss": loss, "accuracy": float(np.mean(logits.argmax(axis=1) == y))}


def _fits(numbers: Sequence[float], table: Sequence[Mapping[str, float]]) -> bool:
    """Are these the losses, costs or accuracies of a split at the ends of epochs?"""
    have = np.array(numbers[-len(table) :])
    if len(have) < 3 or len(table) < 3 or float(np.ptp(have)) == 0:
        return False
    wanted = [np.array([scale * row[key] for row in table]) for key in ("loss", "accuracy") for scale in (1.0, 100.0)]
    wanted += [np.array([row["loss"] + factor * row["penalty"] for row in table]) for factor in (0.01, 0.005, 1.0, 0.5)]
    return any(len(have) == len(want) and np.allclose(have, want, rtol=1e-5, atol=1e-9) for want in wanted)
