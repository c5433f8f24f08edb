"""The way back through a student's network, layer by layer: which right steps and which mistakes give its gradients?

From the output to the first layer, every step is taken as it should be, and, where the gradients computed behind it are
then not the student's, in each way the catalogue knows. What fits is a story: the mistakes on the way, and the tensors
that none of them explains. Of all stories the lightest are told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from core.types import Array
from lab.check.mistakes.activation_mistakes import activation_mistakes
from lab.check.mistakes.evidence import Layers
from lab.check.mistakes.factors import ZERO, Finding, Sizes, read, solve
from lab.check.mistakes.fitted import other_statistics, updated_weights
from lab.check.mistakes.flow import Flow, FlowMistake
from lab.check.mistakes.identify import PENALTIES, Identity
from lab.check.mistakes.norm_mistakes import normalisation_mistakes
from lab.check.mistakes.output_mistakes import output_mistakes
from lab.check.mistakes.penalty_mistakes import penalty_mistakes
from lab.check.mistakes.reference import (
    GRADIENTS,
    Pass,
    activation,
    backward,
    normalisation,
    output,
    sizes,
    through,
    weights,
)
from lab.check.mistakes.tensor_mistakes import tensor_mistakes
from lab.check.mistakes.through_mistakes import through_mistakes

UNEXPLAINED = 10.0  # what a tensor without an explanation weighs: more than any mistakes
BEAM = 8  # stories kept from layer to layer
NEAR = 1.01  # how much heavier than the lightest a story may be that is kept
ROUNDING = 1e-3  # of a sum whose parts cancel: rtol times this much of them is rounding
FITTED = 1.5  # what a mistake weighs for which a number was solved

Explanation = tuple[Finding, ...]
Go = Callable[[Flow, int], Flow | None]  # from the flow at a point, by the point's number


@dataclass(frozen=True)
class Point:
    """One set of parameters: the reference's forward pass and the student's gradients."""

    passed: Pass
    layers: Layers
    theirs: Layers


@dataclass(frozen=True)
class Told:
    """A finding, and where: of a flow mistake the layer, of a tensor's own its role as well."""

    finding: Finding
    layer: int
    role: str | None = None


@dataclass(frozen=True)
class Story:
    """What happened so far on the way back; one flow for each point."""

    flows: tuple[Flow, ...]
    told: tuple[Told, ...] = ()
    unexplained: tuple[tuple[int, str], ...] = ()

    @cached_property
    def weight(self) -> float:
        """The number of different mistakes, roughly: the same one at several places counts once."""
        different = {(one.finding.key, one.finding.sentence): one.finding.weight for one in self.told}
        return sum(different.values()) + UNEXPLAINED * len(self.unexplained)


@dataclass(frozen=True)
class Move:
    """One step of the way back: the right one, and the mistakes that may stand in its place."""

    right: Go
    mistakes: tuple[tuple[Finding, Go], ...]


class Walk:
    """The search at some points; `rtol`: gradients that agree to this, relative to the largest, are the same."""

    def __init__(
        self, points: Sequence[Point], identity: Identity, settings: Callable[[int, str], Sizes], rtol: float
    ) -> None:
        self.points, self.identity, self.settings, self.rtol = points, identity, settings, rtol
        self.depth = len(points[0].layers)
        self.size = [max(float(np.abs(g).max()) for t in point.theirs for g in t.values()) for point in points]
        self.summed = [sizes(point.passed) for point in points]
        self._tensors: dict[tuple[int, str], TensorWalk] = {}

    def stories(self) -> list[Story]:
        """The lightest stories, all of the same weight."""
        stories, moves = [Story(self._start())], [self._output()]
        for layer in reversed(range(self.depth)):
            if layer < self.depth - 1:
                moves += [self._through(layer), self._activation(layer)]
            normed = self.points[0].passed.traces[layer].normed
            for roles in [("gamma", "beta"), ("W", "b")]:
                if normed and roles[0] == "W":
                    moves.append(self._normalisation(layer))
                present = tuple(role for role in roles if all(role in point.theirs[layer] for point in self.points))
                if present:
                    stories, moves = self._section(stories, layer, moves, present), []
        lightest = min(story.weight for story in stories)
        return [story for story in stories if story.weight < lightest + 1e-9]

    def unexplained(self) -> int:
        """How many weights are not right, not even up to factors: a first look at how near this network is. Counted is
        from the first wrong one on the way back."""
        ways = zip(*(backward(point.passed) for point in self.points), strict=True)
        for done, layers in enumerate(ways):
            data = [weights(at_s, t) for t, _, at_s in layers]
            if self._tensor(layers[0][0].index, "W").explained(data) is None:
                return self.depth - done
        return 0

    # The moves

    def _start(self) -> tuple[Flow, ...]:
        return tuple(Flow(G, G, G) for G in (output(point.passed) for point in self.points))

    def _move(
        self, layer: int, right: FlowMistake, mistakes: list[FlowMistake], put: Callable[[Flow, Array], Flow]
    ) -> Move:
        """The steps at one layer; `put` places the G that they give into the flow."""

        def going(mistake: FlowMistake) -> Go:
            def go(flow: Flow, number: int) -> Flow | None:
                p = self.points[number].passed
                G = mistake.step(flow, p.traces[layer], p)
                return None if G is None else put(flow, G)

            return go

        return Move(going(right), tuple((Finding(m.key, m.sentence, m.weight), going(m)) for m in mistakes))

    def _output(self) -> Move:
        mistakes = output_mistakes(self.identity.network)
        right = FlowMistake("", "", lambda flow, t, p: flow.at_s)
        return self._move(self.depth - 1, right, mistakes, lambda flow, G: Flow(G, G, G))

    def _through(self, layer: int) -> Move:
        """From the layer behind into this one."""
        right = FlowMistake("", "", lambda flow, t, p: through(flow.at_s, t, p))
        return self._move(layer + 1, right, through_mistakes(self.depth), lambda flow, G: Flow(G, G, G))

    def _activation(self, layer: int) -> Move:
        mistakes = activation_mistakes(self.identity.network, self.depth)
        right = FlowMistake("", "", lambda flow, t, p: activation(flow.above, t, p))
        return self._move(layer, right, mistakes, lambda flow, G: Flow(flow.above, G, G))

    def _normalisation(self, layer: int) -> Move:
        mistakes = normalisation_mistakes(self.identity.network)
        right = FlowMistake("", "", lambda flow, t, p: normalisation(flow.at_u, t, p))
        return self._move(layer, right, mistakes, lambda flow, G: replace(flow, at_s=G))

    # From one group of tensors to the next

    def _section(self, stories: list[Story], layer: int, moves: list[Move], roles: tuple[str, ...]) -> list[Story]:
        """All stories, taken on to these tensors; the lightest of what comes of it."""
        found: list[Story] = []
        for story in stories:
            right = self._gone(story, layer, [(None, move.right) for move in moves])
            assert right is not None
            judged = self._judged(right, layer, roles, lines=True)
            if judged[0].weight > story.weight:
                judged += self._with_mistakes(story, layer, moves, roles)
            found += judged
        lightest = min(story.weight for story in found)
        near = sorted((s for s in found if s.weight <= lightest + NEAR), key=lambda s: s.weight)
        return near[:BEAM]

    def _gone(self, story: Story, layer: int, ways: Sequence[tuple[Finding | None, Go]]) -> Story | None:
        """A story after some steps; None where one of them does not fit."""
        flows: list[Flow] = []
        for number, start in enumerate(story.flows):
            flow: Flow | None = start
            for _, go in ways:
                flow = go(flow, number) if flow is not None else None
            if flow is None or not np.all(np.isfinite(flow.at_s)):
                return None
            flows.append(flow)
        told = tuple(Told(finding, layer) for finding, _ in ways if finding)
        return replace(story, flows=tuple(flows), told=(*story.told, *told))

    def _with_mistakes(self, story: Story, layer: int, moves: list[Move], roles: tuple[str, ...]) -> list[Story]:
        """The stories with one mistake in one of these moves. A line's own mistake beside it is only looked for where
        the mistake in the flow explains some of the tensors and not all."""
        gone: list[Story] = []
        for k, move in enumerate(moves):
            for mistake in move.mistakes:
                ways = [mistake if i == k else (None, other.right) for i, other in enumerate(moves)]
                taken = self._gone(story, layer, ways)
                if taken:
                    gone.append(taken)
        judged: list[Story] = []
        for one in gone:
            quick = self._judged(one, layer, roles, lines=False)
            missing = len(quick[0].unexplained) - len(story.unexplained)
            judged += self._judged(one, layer, roles, lines=True) if 0 < missing < len(roles) else quick
        if not any(len(one.unexplained) == len(story.unexplained) for one in judged):
            fitted = [*self._updated(story, layer, roles), *self._other_statistics(story, layer, moves, roles)]
            judged += [other for one in fitted for other in self._judged(one, layer, roles, lines=True)]
        return judged

    def _judged(self, story: Story, layer: int, roles: tuple[str, ...], lines: bool) -> list[Story]:
        """A story and what explains these tensors in it, the lightest first."""
        told: list[tuple[Told, ...]]
        alternatives: list[list[tuple[Told, ...]]] = []
        unexplained = list(story.unexplained)
        for role in roles:
            told = [
                tuple(Told(finding, layer, role) for finding in explanation)
                for explanation in self._explanations(story.flows, layer, role, lines)
            ]
            if told:
                alternatives.append(told)
            else:
                unexplained.append((layer, role))
        stories = [
            replace(
                story,
                told=(*story.told, *(one for several in choice for one in several)),
                unexplained=tuple(unexplained),
            )
            for choice in product(*alternatives)
        ]
        return sorted(stories, key=lambda s: s.weight)

    # One tensor

    def _explanations(self, flows: Sequence[Flow], layer: int, role: str, lines: bool) -> list[Explanation]:
        """What makes its gradient the student's: nothing, a factor, the penalty, or a mistake in its own line."""
        tensor = self._tensor(layer, role)
        traces = [point.passed.traces[layer] for point in self.points]
        line = GRADIENTS[role]
        right = [
            line(flow.at_u if role in ("gamma", "beta") else flow.at_s, t)
            for flow, t in zip(flows, traces, strict=True)
        ]
        explanation = tensor.explained(right)
        zero = explanation is not None and any(finding.key == ZERO for finding in explanation)
        if not lines or (explanation is not None and not zero):  # what is 0 may also be a sum that cancels
            return [] if explanation is None else [explanation]
        found: list[Explanation] = (
            [explanation]
            if explanation
            else [
                (Finding(penalty.key, penalty.sentence, penalty.weight),)
                for penalty in penalty_mistakes(self.depth)
                if tensor.explained_with(right, penalty.unit)
            ]
        )
        for mistake in tensor_mistakes(role, self.depth):
            data = [mistake.line(f, t, p.passed) for f, t, p in zip(flows, traces, self.points, strict=True)]
            known = [one for one in data if one is not None]
            rest = tensor.explained(known) if len(known) == len(data) else None
            if rest is not None:
                found.append((Finding(mistake.key, mistake.sentence, mistake.weight), *rest))
        return found

    def _tensor(self, layer: int, role: str) -> "TensorWalk":
        if (layer, role) not in self._tensors:
            self._tensors[layer, role] = TensorWalk(self, layer, role)
        return self._tensors[layer, role]

    # Mistakes with a number to be solved for

    def _updated(self, story: Story, layer: int, roles: tuple[str, ...]) -> Iterator[Story]:
        if layer == self.depth - 1 or (self.points[0].passed.traces[layer].normed and roles[0] == "W"):
            return
        role = roles[0]
        fit = updated_weights(
            story.flows,
            [point.passed for point in self.points],
            layer,
            role,
            [point.theirs[layer][role] for point in self.points],
            [self.identity.penalty.gradient(layer, role, point.layers[layer][role]) for point in self.points],
            [point.theirs[layer + 1]["W"] for point in self.points],
            self.rtol,
        )
        if fit:
            key, what = (
                ("through-gradient", "the gradient of {V}: take {V} itself.")
                if np.isinf(fit[0])
                else (
                    "updated-weights",
                    f"{{V}} after {{V}} was updated (with a step of {fit[0]:.4g}): compute all gradients first, then "
                    "update.",
                )
            )
            finding = Finding(key, f"{{Tensors}} {{match}} a G that went back through {what}", FITTED)
            yield replace(story, flows=tuple(fit[1]), told=(*story.told, Told(finding, layer)))

    def _other_statistics(self, story: Story, layer: int, moves: list[Move], roles: tuple[str, ...]) -> Iterator[Story]:
        if roles[0] != "W" or not self.points[0].passed.traces[layer].normed:
            return
        before = self._gone(story, layer, [(None, move.right) for move in moves[:-1]])
        if before is None:
            return
        fits = []
        for flow, point in zip(before.flows, self.points, strict=True):
            W = point.layers[layer]["W"]
            data = point.theirs[layer]["W"] - self.identity.penalty.gradient(layer, "W", W)
            fits.append(other_statistics(flow, point.passed.traces[layer], data, self.rtol))
        known = [fit for fit in fits if fit is not None]
        if len(known) < len(fits):
            return
        constant = all(fit[0] for fit in known)
        sentence = (
            "{Tensors} {match} a batch normalisation of {layer} whose mean and variance are constants and not the "
            "batch's own: are running averages used on the way back? Take the batch's, and the parts through them."
            if constant
            else "{Tensors} {match} a batch normalisation of {layer} with another mean or variance than the batch's: "
            "are running averages (or another eps) used on the way back? Take what forward took."
        )
        finding = Finding("norm-running-statistics", sentence, FITTED)
        yield replace(before, flows=tuple(fit[1] for fit in known), told=(*before.told, Told(finding, layer)))


class TensorWalk:
    """One tensor's gradients at all points, scaled so that the tolerance is the same everywhere."""

    def __init__(self, walk: Walk, layer: int, role: str) -> None:
        self.walk, self.layer, self.role = walk, layer, role
        self.setting = walk.settings(layer, role)
        values = [point.theirs[layer][role] for point in walk.points]
        own = PENALTIES[walk.identity.penalty.kind][1]
        self.scales = [
            1 / (max(float(np.abs(g).max()), 1e-7 * size, ROUNDING * summed[layer]) or 1.0)  # where all is 0
            for g, size, summed in zip(values, walk.size, walk.summed, strict=True)
        ]
        self.theirs = self._flat(values)
        self.own = self._flat([own(point.layers[layer][role]) for point in walk.points])

    def _flat(self, values: Sequence[Array]) -> Array:
        return np.concatenate([scale * value.reshape(-1) for value, scale in zip(values, self.scales, strict=True)])

    def explained(self, data: Sequence[Array]) -> Explanation | None:
        """The factors with which this data part and the penalty are the student's gradient; None if none are."""
        return self._read(data, self.own, self.setting.penalty)

    def explained_with(self, data: Sequence[Array], unit: Callable[[Layers, int, str], Array | None]) -> bool:
        """Is it this data part and some multiple of what stands instead of the penalty?"""
        units = [unit(point.layers, self.layer, self.role) for point in self.walk.points]
        known = [one for one in units if one is not None]
        if len(known) < len(units):
            return False
        own, flat = self._flat(known), self._flat(data)
        rest = self.theirs - flat
        c = float(own @ rest) / max(float(own @ own), 1e-300)
        tolerance = self.walk.rtol
        return bool(np.abs(c * own).max() > 10 * tolerance and np.abs(rest - c * own).max() <= tolerance)

    def _read(self, data: Sequence[Array], own: Array, expected: float) -> Explanation | None:
        if any(
            one.shape != point.theirs[self.layer][self.role].shape
            for one, point in zip(data, self.walk.points, strict=True)
        ):
            return None
        flat = self._flat(data)
        if len(flat) < 4:  # too few numbers to solve for two
            own = np.zeros_like(own) if not self.setting.penalty else own
        size, reach = float(np.abs(flat).max()), float(np.abs(own).max())
        tolerance = self.walk.rtol
        f, c = solve(self.theirs, flat, own, expected, tolerance / 10)
        # what the tolerance cannot tell apart is the simpler of the two
        f = next((simple for simple in (1.0, 0.0) if abs(f - simple) * size <= tolerance), f)
        c = next((simple for simple in (expected, 0.0) if abs(c - simple) * reach <= tolerance), c)
        if np.abs(self.theirs - f * flat - c * own).max() > tolerance:
            return None
        return read(f, c, self.setting)
