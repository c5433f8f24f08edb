"""A watched training beside the preset's plan: what differs, the first update and tensor at which it shows first."""

from collections.abc import Iterator, Sequence

import numpy as np

from lab.own_loop.adam import adam_finding
from lab.own_loop.evaluations import evaluation_findings
from lab.own_loop.factors import explained, factors
from lab.own_loop.finding import Difference, listed, note
from lab.own_loop.order import order_findings
from lab.own_loop.plan import SCHEDULED, LoopPlan
from lab.own_loop.rule import Rule
from lab.own_loop.sources import GradientSource, sources
from lab.own_loop.steps import Compared, Yardstick, compare
from lab.own_loop.trace import LoopTrace, Update

ENOUGH = 0.75  # of the updates that Gradlab's gradient does not explain, for another source of gradients
FACTORED = ("sgd", "momentum", "moving-average")  # optimisers whose step is a sum of gradient, weights and last step


def judge(plan: LoopPlan, trace: LoopTrace, stratified: bool) -> tuple[Compared, list[Difference]]:
    """All findings, mistakes first; none if the training agrees with the plan."""
    updates = trace.updates()
    compared = compare(plan, trace, updates, _expected(plan, trace))
    around = (
        [*order_findings(plan, trace, updates, stratified), *evaluation_findings(compared)] if trace.watched else []
    )
    found = [*around, *_update_findings(compared), *_notes(compared), *_unwatched(trace)]
    return compared, sorted(_once(found), key=lambda f: (not f.wrong, f.update or 0))


def _unwatched(trace: LoopTrace) -> Iterator[Difference]:
    """What is not known of a loop that was only called."""
    if not trace.watched and trace.snapshots:
        says = "No function that it calls is given a batch: updates of a single batch are compared, and nothing else."
        yield note("not-watched", says)
    elif not trace.watched:
        says = "It calls no function with a batch and returns no parameters, or trains as long whatever it is told: no "
        says += "update is compared."
        yield note("not-watched", says)


def _expected(plan: LoopPlan, trace: LoopTrace) -> Yardstick:
    """What this code can be asked: no schedule of one that takes a single eta, no lambda of one that takes none."""
    optimiser, schedule = plan.preset.optimiser, plan.preset.schedule
    lambda_ = plan.preset.loss.lambda_ if "lambda" in trace.given else 0.0
    scheduled = (
        schedule.kind != "triangular" or any(key in trace.given for key in SCHEDULED) or "eta" not in trace.given
    )
    if not scheduled:
        return Yardstick(lambda t: optimiser.eta, lambda_)
    period = len(plan.etas)

    def eta(t: int) -> float:
        return plan.etas[t % period] if schedule.kind == "triangular" else plan.etas[min(max(t, 0), period - 1)]

    return Yardstick(eta, lambda_)


def _once(found: Sequence[Difference]) -> Iterator[Difference]:
    known: set[tuple[str, tuple[str, ...]]] = set()
    for finding in found:
        key = (finding.key, tuple(finding.tensors))
        if key not in known:
            known.add(key)
            yield finding


def _update_findings(compared: Compared) -> Iterator[Difference]:
    """The causes of the updates that are not the preset's."""
    if compared.trace.dtype == np.float16 or _rounded(compared):
        yield Difference("float16", "The parameters are float16: three digits are kept, and small updates are lost.", 1)
        return
    if compared.first is None:
        return
    restored = list(_restored(compared))
    if restored:
        yield from restored
        return
    if compared.plan.preset.optimiser.kind not in FACTORED:
        yield adam_finding(compared) or _unexplained(compared)
        return
    measured = factors(compared)
    if explained(compared, measured) == 1.0:
        yield from Rule(compared, measured).findings()
        return
    rest = [
        {n for n, f in of.items() if not f.explains(s.allowed[n])}
        for s, of in zip(compared.steps, measured, strict=True)
    ]
    for source in sources():
        other = factors(compared, source.gradients, source.base, keeps=compared.plan.preset.optimiser.kind != "sgd")
        if _share(compared, rest, other) >= ENOUGH and explained(compared, other) >= ENOUGH:
            yield _of_source(compared, source)
            yield from Rule(compared, other).findings()
            return
    if explained(compared, measured) >= ENOUGH:
        yield from Rule(compared, measured).findings()
    yield _unexplained(compared, rest)


def _rounded(compared: Compared) -> bool:
    """Are the weights those of float16 after every update, whatever type they are kept in?"""
    with np.errstate(over="ignore"):
        weights = [v for s in compared.steps for name, v in s.update.after.items() if name.startswith("W")]
        return bool(weights) and all(np.array_equal(v, v.astype(np.float16)) for v in weights)


def _share(compared: Compared, rest: Sequence[set[str]], other: Sequence[dict]) -> float:  # type: ignore[type-arg]
    """Of what Gradlab's gradient does not explain: how much does another source?"""
    pairs = [
        of[name].explains(step.allowed[name])
        for step, names, of in zip(compared.steps, rest, other, strict=True)
        for name in names
        if name in of
    ]
    return sum(pairs) / len(pairs) if pairs else 0.0


def _first_of(compared: Compared, rest: Sequence[set[str]]) -> tuple[int, list[str]]:
    step, names = next((s, names) for s, names in zip(compared.steps, rest, strict=True) if names)
    return step.number, [compared.trace.said(n) for n in step.update.before if n in names]


def _of_source(compared: Compared, source: GradientSource) -> Difference:
    assert compared.first is not None
    step, _ = compared.first
    tensors = [compared.trace.said(name) for name in step.wrong]
    return Difference(source.key, f"{source.says[0].upper()}{source.says[1:]}.", step.number, tensors)


def _unexplained(compared: Compared, rest: Sequence[set[str]] | None = None) -> Difference:
    assert compared.first is not None
    step, name = compared.first
    number, tensors = step.number, [compared.trace.said(n) for n in step.wrong]
    if rest is not None and any(rest):
        number, tensors = _first_of(compared, rest)
    says = (
        f"{listed(tensors)} part from the preset's update by {step.off[name]:.2g} of its size, and no "
        "mistake that is known explains it: is the gradient right? (gradlab check FILE)"
    )
    return Difference("unexplained", says, number, tensors)


def _restored(compared: Compared) -> Iterator[Difference]:
    """Parameters that go back to what they were."""
    seen: list[Update] = []
    for step in compared.steps:
        after = step.update.after
        for old in seen[:-1] if seen else []:
            if all(np.array_equal(after[k], old.before[k]) for k in after):
                says = f"The parameters are set back to those before update {old.number}."
                yield Difference("restored", says, step.number, [compared.trace.said(n) for n in after])
                return
        seen.append(step.update)


def _notes(compared: Compared) -> Iterator[Difference]:
    trace, plan = compared.trace, compared.plan
    if trace.dtype == np.float32:
        yield note("float32", "The parameters are float32: compared as far as that goes.")
    if "lambda" not in trace.given and plan.preset.loss.lambda_:
        yield note("no-lambda", "It takes no lambda: compared without a penalty.")
    if (
        plan.preset.schedule.kind == "triangular"
        and not any(k in trace.given for k in SCHEDULED)
        and "eta" in trace.given
    ):
        yield note(
            "no-schedule", f"It takes no schedule: compared with eta = {plan.preset.optimiser.eta:g} throughout."
        )
    if trace.cut:
        yield note("cut", "Only its beginning was watched: it makes very many updates.")
