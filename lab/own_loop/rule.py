"""The update rule, from the factors that were measured: learning rate, penalty, momentum."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from core.schedules import Triangular
from lab.own_loop.factors import Factors
from lab.own_loop.finding import Difference, listed, note
from lab.own_loop.steps import Compared
from presets.schema import MomentumSection, MovingAverageSection, TriangularSchedule

CLOSE = 1e-5  # relative, of measured factors
SURE = 3  # updates in which a tensor alone has another momentum
Measured = Sequence[Mapping[str, Factors]]


class Rule:
    """What the measured factors say beside what the preset wants."""

    def __init__(self, compared: Compared, measured: Measured) -> None:
        self.compared, self.plan, self.trace = compared, compared.plan, compared.trace
        self.close = CLOSE if self.trace.dtype.itemsize >= 8 else 2e-2
        allowed = [step.allowed for step in compared.steps]
        self.table = [
            {name: f for name, f in of.items() if f.explains(ok[name])}
            for of, ok in zip(measured, allowed, strict=True)
        ]
        optimiser = self.plan.preset.optimiser
        self.rho = optimiser.rho if isinstance(optimiser, MomentumSection) else 0.0
        self.rho = optimiser.mu if isinstance(optimiser, MovingAverageSection) else self.rho
        self.share = 1 - self.rho if isinstance(optimiser, MovingAverageSection) else 1.0
        self.moving = [{n for n, f in of.items() if f.eta} for of in self.table]

    def findings(self) -> Iterator[Difference]:
        """All that differs."""
        yield from self._still()
        yield from self._rates()
        if self._adds_up():
            says = "The gradients add up from update to update: they are never set to 0."
            yield self._finding("accumulated", says, *self._from_second())
            return
        yield from self._penalty()
        yield from self._momentum()

    def _kept(self, names: Sequence[str]) -> dict[int, float]:
        """Update, from 0 -> how much of the step before it most of these tensors keep."""
        found = {
            t: [f.rho for n, f in of.items() if n in self.moving[t] and n in names]
            for t, of in enumerate(self.table)
            if t
        }
        return {t: float(np.median(rhos)) for t, rhos in found.items() if rhos}

    def _adds_up(self) -> bool:
        """Is all of the step before in each step, but for a penalty that is not added up?"""
        lambda_ = self.compared.expected.lambda_
        kept = [(t, self.table[t][n].rho) for t, names in enumerate(self.moving) if t for n in names]
        return bool(kept) and all(
            self._same(rho, 1.0) or self._same(rho, 1 - 2 * lambda_ * self._expected(t)) for t, rho in kept
        )

    def _from_second(self) -> tuple[int, list[str]]:
        """The second update and its first tensor."""
        return 2, sorted(self.moving[1])[:1]

    def _names(self, tensors: Sequence[str]) -> str:
        return listed([self.trace.said(name) for name in tensors])

    def _finding(
        self, key: str, sentence: str, update: int | None, tensors: Sequence[str], wrong: bool = True
    ) -> Difference:
        return Difference(key, sentence, update, tuple(map(self.trace.said, tensors)), wrong)

    def _tensors(self) -> list[str]:
        return list(dict.fromkeys(name for of in self.table for name in of))

    # Tensors that stand still

    def _still(self) -> Iterator[Difference]:
        steps = self.compared.steps
        where = {
            name: [s.number for s in steps if name in s.off and not np.any(s.moved(name))] for name in self._tensors()
        }
        never = [name for name, at in where.items() if len(at) == len(steps)]
        if never:
            yield self._finding("never-updated", f"{self._names(never)} never change.", 1, never)
        some = [name for name, at in where.items() if at and name not in never]
        if some:
            first = min(where[some[0]])
            yield self._finding("left-out", f"{self._names(some)} are left out of some updates.", first, some)

    # The learning rate

    def _expected(self, t: int) -> float:
        return self.compared.expected.etas(t)

    def _ratio(self, t: int, name: str) -> float:
        return self.table[t][name].eta / (self.share * self._expected(t))

    def _rates(self) -> Iterator[Difference]:
        backwards = [name for name in self._tensors() if (r := self._ratios(name)).size and float(np.mean(r < 0)) > 0.5]
        if backwards:
            yield self._finding(
                "ascent", f"{self._names(backwards)} go up the gradient: the sign of the update is wrong.", 1, backwards
            )
        rates = self._measured_rates(backwards)
        off = [t for t, eta in rates.items() if not self._same(eta, self._expected(t))]
        if off:
            yield self._schedule(rates, off)
        yield from self._of_some(rates, backwards)

    def _ratios(self, name: str) -> "np.ndarray":
        return np.array(
            [self._ratio(t, name) for t, of in enumerate(self.table) if name in of and name in self.moving[t]]
        )

    def _measured_rates(self, backwards: Sequence[str]) -> dict[int, float]:
        """Update, from 0 -> the learning rate that tensors show: the wanted one if any does, else that of most."""
        rates = {}
        for t, names in enumerate(self.moving):
            every = [abs(self.table[t][n].eta) / self.share for n in names]
            as_wanted = [rate for rate in every if self._same(rate, self._expected(t))]
            if every:
                rates[t] = float(np.sort(as_wanted or every)[(len(as_wanted or every) - 1) // 2])
        return rates

    def _of_some(self, rates: Mapping[int, float], backwards: Sequence[str]) -> Iterator[Difference]:
        """Tensors with a learning rate of their own."""
        others: dict[str, tuple[int, float]] = {}
        for t, moving in enumerate(self.moving):
            for name in sorted(moving):
                ratio = abs(self.table[t][name].eta) / self.share / rates[t]
                if name not in others and not self._same(ratio, 1.0):
                    others[name] = (t + 1, ratio)
        if others:
            update, ratio = min(others.values())
            names = list(others)
            known = self._known_ratio(ratio)
            says = known[1] if known else f"their learning rate is {ratio:.4g} times that of the others"
            yield self._finding(known[0] if known else "eta-of-some", f"{self._names(names)}: {says}.", update, names)

    def _same(self, a: float, b: float) -> bool:
        return abs(a - b) <= self.close * abs(b)

    def _known_ratio(self, ratio: float) -> tuple[str, str] | None:
        n, every = self.plan.batch, len(self.plan.parts["train"][1])
        optimiser = self.plan.preset.optimiser
        rho = getattr(optimiser, "rho", getattr(optimiser, "mu", 0.9))
        k = self.plan.sizes[-1]
        known = (
            (1 / n, "divided-twice", f"the step is divided by the batch size ({n}) twice"),
            (n, "not-divided", f"the gradient is the sum over the batch, not the mean: {n} times too large"),
            (1 / every, "divided-twice", f"the step is divided by the number of all examples ({every}), too"),
            (n / every, "divided-by-all", f"the gradient is divided by all {every} examples, not by the batch's {n}"),
            (1 / k, "divided-by-classes", f"the gradient is divided by the number of classes ({k}), too"),
            (1 - rho, "momentum-average", "the gradient enters the momentum times 1 - rho"),
            (1 / (1 - rho), "momentum-trace", "the gradient enters the momentum without the factor 1 - mu"),
            (2.0, "eta-twice", "the step is twice as long"),
            (0.5, "eta-half", "the step is half as long"),
        )
        return next(((key, says) for factor, key, says in known if self._same(ratio, factor)), None)

    def _schedule(self, rates: Mapping[int, float], off: Sequence[int]) -> Difference:
        """A learning rate that is not the preset's."""
        first = off[0]
        tensor = sorted(self.moving[first])[:1]
        ratios = np.array([eta / self._expected(t) for t, eta in rates.items()])
        constant = float(np.ptp(ratios)) <= self.close * float(np.abs(ratios).max())
        if constant:
            known = self._known_ratio(float(ratios[0]))
            own = "" if "eta" in self.trace.given or "eta_max" in self.trace.given else "-own"
            if known and not own:
                return self._finding(known[0], f"{known[1][0].upper()}{known[1][1:]}.", first + 1, tensor)
            says = f"eta is {ratios[0]:.4g} times the preset's in every update."
            return self._finding("eta-factor" + own, says, first + 1, tensor, wrong=not own)
        for key, says, shape in self._shapes(rates):
            if all(self._same(eta, shape(t)) for t, eta in rates.items() if not (key == "schedule-late" and t == 0)):
                return self._finding(key, says, first + 1, tensor)
        return self._other_schedule(rates, first, tensor)

    def _shapes(self, rates: Mapping[int, float]) -> Iterator[tuple[str, str, Callable[[int], float]]]:
        per, eta = self.plan.per_epoch, self._expected
        yield (
            "schedule-early",
            "The schedule is one update ahead: update t has the eta of update t + 1.",
            lambda t: eta(t + 1),
        )
        yield "schedule-late", "The schedule is one update behind.", lambda t: eta(t - 1)
        largest, begins = self.plan.preset.optimiser.eta, eta(0)
        yield "eta-constant", "eta does not change: it stays the largest one.", lambda t: largest
        yield "eta-constant", "eta does not change: it stays that of the first update.", lambda t: begins
        first = rates[min(rates)]
        yield "eta-constant", f"eta does not change: it stays {first:.4g}.", lambda t: first
        yield "eta-per-epoch", "eta changes once an epoch, not with every update.", lambda t: eta(t // per)
        yield "eta-per-epoch", "eta changes once an epoch, not with every update.", lambda t: eta(t // per + 1)
        yield "eta-per-epoch", "eta changes once an epoch, not with every update.", lambda t: eta(t // per * per)
        yield "schedule-restarts", "The schedule starts again in every epoch.", lambda t: eta(t % per)
        schedule = self.plan.preset.schedule
        if isinstance(schedule, TriangularSchedule):
            low, high, n_s = schedule.eta_min, self.plan.preset.optimiser.eta, schedule.n_s
            yield "schedule-inverted", "eta falls where it should rise.", lambda t: low + high - eta(t)
            yield "schedule-only-rises", "eta rises and never falls.", lambda t: low + t / n_s * (high - low)
            yield (
                "schedule-only-rises",
                "eta stays at its largest value.",
                lambda t: min(high, low + t / n_s * (high - low)),
            )
            yield (
                "schedule-saw",
                "eta drops to its smallest value at the peak.",
                lambda t: low + t % n_s / n_s * (high - low),
            )
            yield "schedule-minimum", "eta_min is not added to eta.", lambda t: eta(t) - low
            yield (
                "schedule-minimum",
                "The range of eta is eta_max, not eta_max - eta_min.",
                lambda t: low + (eta(t) - low) * high / (high - low),
            )

    def _other_schedule(self, rates: Mapping[int, float], first: int, tensor: Sequence[str]) -> Difference:
        schedule, eta = self.plan.preset.schedule, self.plan.preset.optimiser.eta
        if isinstance(schedule, TriangularSchedule):
            for n_s in range(1, 5001):
                own = Triangular(schedule.eta_min, eta, n_s)
                if all(self._same(rate, own(t)) for t, rate in rates.items()):
                    given = "n_s" in self.trace.given
                    says = f"The cycle has n_s = {n_s:,}" + (f", not {schedule.n_s}." if given else " of its own.")
                    return self._finding("schedule-n-s", says, first + 1, tensor, wrong=given)
        values = [rates[t] for t in sorted(rates)]
        factors = {round(b / a, 6) for a, b in pairwise(values)} - {1.0}
        if len(factors) == 1:
            says = f"eta is multiplied by {factors.pop():.4g} on the way; the preset's is not."
            return self._finding("eta-decays", says, first + 1, tensor)
        shown = ", ".join(f"{v:.3g}" for v in values[:5])
        return self._finding(
            "schedule",
            f"eta is {shown} ..., not {', '.join(f'{self._expected(t):.3g}' for t in range(min(5, len(values))))} ...",
            first + 1,
            tensor,
        )

    # The penalty

    def _penalty(self) -> Iterator[Difference]:
        lambda_, decay = self.compared.expected.lambda_, self.plan.preset.optimiser.weight_decay
        wrong: dict[str, tuple[int, float, bool]] = {}
        for t, of in enumerate(self.table):
            for name, f in of.items():
                if name not in self.moving[t] or not np.any(self.compared.steps[t].update.before[name]):
                    continue
                want = (lambda_ if name.startswith("W") else 0.0) + decay / 2
                plain, scaled = f.decay / (2 * self.share * self._expected(t)), f.decay / (2 * f.eta)
                near = self.close * max(lambda_, 1e-4)
                if abs(plain - want) > near and abs(scaled - want) > near:
                    wrong.setdefault(name, (t + 1, scaled, name.startswith("W")))
        weights = [n for n, (_, _, is_weight) in wrong.items() if is_weight]
        others = [n for n in wrong if n not in weights]
        if weights:
            yield self._of_weights(weights, wrong[weights[0]][0], wrong[weights[0]][1], lambda_)
        if others:
            update = min(wrong[n][0] for n in others)
            yield self._finding("penalty-on-bias", f"The penalty shrinks {self._names(others)}, too.", update, others)

    def _of_weights(self, weights: Sequence[str], update: int, have: float, want: float) -> Difference:
        names = self._names(weights)
        if "lambda" not in self.trace.given:
            return note("lambda-own", f"{names}: lambda is {have:.4g}; there is no argument for it.")
        if abs(have) <= self.close * want:
            return self._finding("penalty-missing", f"The penalty is not in the gradient of {names}.", update, weights)
        ratio = have / want if want else float("inf")
        n = self.plan.batch
        if self._same(ratio, 0.5):
            return note(
                "penalty-half", f"The penalty is lambda/2 sum W^2: for the preset's cost, give it 2 lambda ({names})."
            )
        says = {2.0: "twice", 1 / n: f"divided by the batch size ({n})", -1.0: "with the wrong sign", 4.0: "four times"}
        keys = {2.0: "penalty-twice", 1 / n: "penalty-divided", -1.0: "penalty-sign", 4.0: "penalty-four-times"}
        factor = next((f for f in says if self._same(ratio, f)), None)
        if factor is None:
            return self._finding(
                "penalty-factor", f"The penalty of {names} has lambda = {have:.4g}, not {want:g}.", update, weights
            )
        return self._finding(keys[factor], f"The penalty is in the update of {names} {says[factor]}.", update, weights)

    # Momentum

    def _momentum(self) -> Iterator[Difference]:
        decay, eta = self.plan.preset.optimiser.weight_decay, self._expected
        near = max(self.close, 1e-6)

        def wanted(t: int) -> float:
            return self.rho * eta(t) / eta(t - 1) * (1 - decay * eta(t))  # theta shrinks beside it

        def off_in(kept: Mapping[int, float]) -> list[int]:
            return [t for t, rho in kept.items() if abs(rho - wanted(t)) > near * max(1.0, abs(wanted(t)))]

        every = {name: self._kept([name]) for name in self._tensors()}
        alone = [name for name, kept in every.items() if len(kept) >= SURE and len(off_in(kept)) == len(kept)]
        kept = self._kept(alone or self._tensors())
        off = off_in(kept)
        if not off:
            return
        first, tensor = off[0] + 1, sorted(name for name in self.moving[off[0]] if not alone or name in alone)[:1]
        values = np.array([kept[t] for t in sorted(kept)])
        if self.rho and np.allclose(values, self.rho, rtol=near):
            yield note("momentum-of-steps", "The momentum keeps the step, eta and all: v = rho v - eta g.")
        elif self.rho and np.allclose(values, 0, atol=near):
            yield self._finding(
                "momentum-missing", f"There is no momentum: rho = {self.rho:g} is wanted.", first, tensor
            )
        elif self.rho and np.allclose(values, -self.rho, rtol=near):
            yield self._finding("momentum-sign", "The momentum has the wrong sign.", first, tensor)
        elif self.rho and all(abs(kept[t]) <= near for t in off):
            yield self._finding("momentum-reset", "The momentum is set to 0 on the way.", first, tensor)
        else:
            scaled = np.array([kept[t] * self._expected(t - 1) / self._expected(t) for t in sorted(kept)])
            rho = values[0] if np.ptp(values) < np.ptp(scaled) else scaled[0]
            says = f"Momentum: rho is {rho:.4g}, and the preset has {f'{self.rho:g}' if self.rho else 'none'}."
            given = "rho" in self.trace.given or not self.rho
            yield self._finding("momentum-rho" if self.rho else "momentum-on", says, first, tensor, wrong=given)
