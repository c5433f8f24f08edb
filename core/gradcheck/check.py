"""Gradient checks: is what backward computed the derivative of what forward computed?

A check asks a `Target` one question: how much does J change when a tensor moves along v? Along one coordinate, the
answer is an element of the gradient. Along a random v, it covers the whole tensor at once. There are three methods:

    central       (J(theta + h v) - J(theta - h v)) / 2h    works on any code; cancellation and kinks limit it
    complex       Im J(theta + ih v) / h, h = 1e-30         exact to rounding, and never crosses a kink
    directional   the complex step along one random v per tensor and nothing else: fast, but finds only the tensor

The answer is compared with the analytic gradient by the graded formula of the courses,
|ga - gn| / max(eps, |ga| + |gn|) (CS231n notes, "gradient checks"; DD2424 assignment 1).
"""

import copy
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict

import numpy as np

from core.gradcheck.diagnosis import Evidence, diagnose
from core.gradcheck.targets import LayerTarget, ObjectiveTarget, Target
from core.layers import Layer
from core.objective import Objective
from core.types import Array, Labels, Shape

Method = Literal["complex", "central", "directional"]

# The rounding error of a gradient, as a multiple of its change under one unit in the last place.
ROUNDING = 64
SINGLE = float(np.finfo(np.float32).eps)
NEVER_RESET = "every backward adds to the gradient of the one before: it is never reset"
TIES = "where values are equal dx does not sum to dy: max-pool passes the gradient to every tie?"


ENOUGH = 8  # wrong coordinates of a tensor after which no kink is looked for: the gradient is wrong, not the step


@dataclass(frozen=True)
class Settings:
    """How to check. None means the default for the method and the precision of the code.

    h: the step; 1e-30 for the complex step, 1e-5 for central differences (1e-2 if J is computed in float32);
    eps: the smallest denominator; by default just large enough that differences from rounding alone pass;
    tolerance: the largest relative error that passes: 1e-9 complex, 1e-6 central, 1e-3 for float32 gradients,
    1e-2 for a float32 J;
    samples: coordinates to check in each tensor, a quarter of them with the largest gradients; None for all.
    """

    method: Method = "complex"
    h: float | None = None
    eps: float | None = None
    tolerance: float | None = None
    samples: int | None = 100
    seed: int = 0


@dataclass(frozen=True)
class TensorReport:
    """The result for one tensor. Relative errors use the graded formula with this eps."""

    name: str
    shape: Shape
    passed: bool
    diagnosis: str = ""  # the likely cause, where the evidence shows one
    checked: int = 0  # coordinates compared
    crossed: int = 0  # coordinates whose step passed a kink: neither right nor wrong
    zero: int = 0  # coordinates where both sides are 0
    worst: float = 0.0
    median: float = 0.0
    quartiles: tuple[float, float] = (0.0, 0.0)
    absolute: float = 0.0  # the largest |ga - gn|
    worst_at: tuple[int, ...] | None = None
    analytic: float = 0.0  # there
    numeric: float = 0.0  # there
    direction: float | None = None  # relative error along a random direction of all coordinates
    eps: float = 0.0
    tolerance: float = 0.0
    repeats: bool = True  # a second backward gives the same gradient; if not, the diagnosis says how they differ
    errors: Array = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)  # (checked,)
    places: Array = field(default_factory=lambda: np.zeros(0, np.intp), repr=False, compare=False)  # of them, flat

    @property
    def verdict(self) -> str:
        """passes, or what fails where, with both values and the likely cause."""
        if self.passed:
            return "passes" if self.checked or self.direction is not None else f"not judged: {self.diagnosis}"
        if self.worst_at is None or self.worst <= self.tolerance:
            return f"fails: {self.diagnosis or f'the relative error along a random direction is {self.direction:.1e}'}"
        place = f"{self.name}[{','.join(map(str, self.worst_at))}]"
        text = f"fails: {place} analytic {self.analytic:.6g} numeric {self.numeric:.6g}"
        remarks = [self.diagnosis] if self.diagnosis else []
        if self.analytic and self.numeric:
            ratio = self.numeric / self.analytic
            remarks.insert(0, f"off by {abs(ratio - 1):.1e} of it" if abs(ratio - 1) < 0.005 else f"ratio {ratio:.2f}")
        return f"{text} ({': '.join(remarks)})" if remarks else text


@dataclass(frozen=True)
class GradientReport:
    """A whole check: a report per tensor and, if something failed, findings from checking each layer alone."""

    target: str
    method: Method
    passed: bool
    tensors: tuple[TensorReport, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    def as_dict(self) -> "CheckDocument":
        """Plain values for a JSON document."""
        return {
            "target": self.target,
            "method": self.method,
            "passed": self.passed,
            "tensors": [_tensor_document(tensor) for tensor in self.tensors],
            "seconds": self.seconds,
            "notes": list(self.notes),
            "findings": list(self.findings),
        }


class TensorDocument(TypedDict):
    """A tensor of a check. Errors are None where they are not finite: JSON has no NaN."""

    name: str
    shape: list[int]
    checked: int
    crossed: int
    zero: int
    worst: float | None
    median: float | None
    passed: bool
    diagnosis: str


class CheckDocument(TypedDict):
    """What `gradlab check PRESET --json` prints."""

    target: str
    method: Method
    passed: bool
    tensors: list[TensorDocument]
    seconds: float
    notes: list[str]
    findings: list[str]


def _tensor_document(tensor: TensorReport) -> TensorDocument:
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "checked": tensor.checked,
        "crossed": tensor.crossed,
        "zero": tensor.zero,
        "worst": tensor.worst if np.isfinite(tensor.worst) else None,
        "median": tensor.median if np.isfinite(tensor.median) else None,
        "passed": tensor.passed,
        "diagnosis": tensor.diagnosis,
    }


Progress = Callable[[TensorReport], object]


def check(
    objective: Objective,
    x: Array,
    y: Labels,
    settings: Settings = Settings(),
    progress: Progress | None = None,
    name: str = "network",
) -> GradientReport:
    """Check the gradients of an objective on a batch x (n, ...), y (n,), penalty and batch statistics included.

    Works on float64 copies and does not change the network. `progress` gets every tensor's report. If something fails,
    each layer is also checked alone on its inputs here, and its failures are in the findings.
    """
    target = ObjectiveTarget(objective, x, y)
    target.name = name
    report = check_target(target, settings, progress)
    if report.passed:
        return report
    begun = time.perf_counter()
    findings = tuple(_layers_alone(target, settings))
    return replace(report, findings=findings, seconds=report.seconds + time.perf_counter() - begun)


def _layers_alone(target: ObjectiveTarget, settings: Settings) -> Iterator[str]:
    method: Method = "central" if settings.method == "central" else "complex"
    alone = Settings(method=method, samples=settings.samples, seed=settings.seed)
    layers = target.objective.network.layers
    for i, (layer, x) in enumerate(zip(layers, target.inputs(), strict=True)):
        for tensor in check_layer(layer, x, alone).tensors:
            if not tensor.passed:
                yield f"layer {i + 1} ({type(layer).__name__}) alone, {tensor.name}: {tensor.verdict}"


def check_layer(layer: Layer, x: Array, settings: Settings = Settings()) -> GradientReport:
    """Check one layer alone on x (n, ...) against a random cotangent; dX is the tensor "x" of the report."""
    return check_target(LayerTarget(layer, x, np.random.default_rng(settings.seed)), settings)


def check_target(
    target: Target, settings: Settings = Settings(), progress: Progress | None = None, skip: Collection[str] = ()
) -> GradientReport:
    """Check any target, but for the tensors to skip. `progress` gets the report of each tensor when it is done."""
    begun = time.perf_counter()
    notes, method = list(target.notes), settings.method
    if method != "central" and not target.takes_complex:
        notes.append(
            "complex numbers do not pass through this code, or a kink lies at the point: checked by central differences"
        )
        method = "central" if method == "complex" else method
    tensors = []
    for tensor in examine(target, settings, skip):
        tensors.append(tensor)
        if progress is not None:
            progress(tensor)
    passed = all(tensor.passed for tensor in tensors)
    seconds = time.perf_counter() - begun
    return GradientReport(target.name, method, passed, tuple(tensors), seconds, tuple(notes))


def examine(target: Target, settings: Settings, skip: Collection[str] = ()) -> Iterator[TensorReport]:
    """Check the tensors of a target one after the other, but for those to skip; yield each report when it is done."""
    rng = np.random.default_rng(settings.seed)
    params = target.params
    first = target.gradients(params)
    second = target.gradients(params)
    nudged = target.gradients(
        {name: _nudged(value, first.get(name, value).dtype, rng) for name, value in params.items()}
    )
    largest = max((float(np.abs(g).max(initial=0.0)) for g in second.values()), default=0.0)
    for name, value in params.items():
        if name in skip:
            continue
        if problem := _problem(name, value, first):
            yield TensorReport(name, value.shape, passed=False, diagnosis=problem)
        else:
            once, again = first[name].astype(np.float64), second[name].astype(np.float64)
            rounding = _rounding(again, nudged[name], largest)
            check = _TensorCheck(target, settings, name, once, rounding, first[name].dtype == np.float32, rng)
            report = check.report(_disagreement(once, again, rounding))
            if report.passed and name == "x" and (problem := _ties(target, rng)):
                report = replace(report, passed=False, diagnosis=problem)
            yield report


def _nudged(value: Array, dtype: Any, rng: np.random.Generator) -> Array:
    """Every element moved up or down by about one unit in the last place of the precision its gradient has."""
    unit = float(np.finfo(dtype).eps) if np.issubdtype(dtype, np.floating) else 0.0
    signs = rng.integers(0, 2, value.shape) * 2 - 1
    moved: Array = value * (1 + unit * signs)
    return moved.astype(value.dtype)


def _problem(name: str, value: Array, gradients: Mapping[str, Array]) -> str:
    """Why a gradient cannot be compared at all."""
    if name not in gradients:
        return f"there is no gradient for {name}"
    gradient = gradients[name]
    if gradient.shape != value.shape:
        hint = ""
        if gradient.shape[::-1] == value.shape:
            hint = ": it is transposed"
        elif gradient.ndim > value.ndim and value.shape in (gradient.shape[1:], gradient.shape[:-1]):
            hint = ": it is not summed over the examples"
        return f"the gradient of {name} has shape {gradient.shape}, the tensor {value.shape}{hint}"
    if not np.issubdtype(gradient.dtype, np.floating):
        return f"the gradient of {name} holds {gradient.dtype} numbers"
    bad = np.argwhere(~np.isfinite(gradient))
    if len(bad):
        place = ",".join(map(str, bad[0]))
        more = f" and {len(bad) - 1:,} other places" if len(bad) > 1 else ""
        return f"the gradient of {name} is {gradient[tuple(bad[0])]} at [{place}]{more}"
    return ""


def _rounding(gradient: Array, nudged: Array, largest: float) -> float:
    """The size of the rounding errors in a gradient, measured by its change under one unit in the last place of the
    parameters. If large terms cancel (for example in a bias before batch normalisation), the gradient is less precise
    than its digits suggest. `largest`, the largest gradient of all, limits what counts as rounding."""
    if nudged.shape != gradient.shape or not np.isfinite(nudged).all() or not gradient.size:
        return 0.0
    unit = float(np.finfo(nudged.dtype).eps)
    size, measured = (float(np.abs(a).max()) for a in (gradient, nudged - gradient))
    return float(min(ROUNDING * measured, largest * unit**0.5) + 16 * unit * size)


def _disagreement(once: Array, again: Array, rounding: float) -> str:
    """Does backward agree with itself when it is run twice?"""
    if again.shape == once.shape and np.all(np.abs(again - once) <= rounding):
        return ""
    if again.shape == once.shape and (square := float(np.sum(once * once))):
        growth = float(np.sum(once * again)) / square - 1  # from k to k + 1 times the gradient: 1 / k
        runs = round(1 / growth) if growth > 0 else 0
        if runs and np.allclose(again, once * (1 + 1 / runs), rtol=1e-4, atol=rounding):
            return NEVER_RESET
    return "a second backward with the same parameters gives another gradient"


def _ties(target: Target, rng: np.random.Generator) -> str:
    """Does a pooling layer pass on exactly dy where values are equal?

    At a tie the maximum has no derivative, but all inputs together may move: max(x + t) = max(x) + t, so whatever the
    layer does with ties, dX must sum to what the cotangent sums to. Random x have no ties; images behind a ReLU do.
    """
    x, c = target.params["x"], target.cotangent
    if c is None or len(target.params) > 1 or x.size <= c.size:
        return ""
    tied = target.at({"x": rng.integers(0, 2, x.shape).astype(np.float64)})
    h = 1e-5
    up, down = (tied.cost("x", slice(0, x.size), sign * h * np.ones(x.size)).cost.real for sign in (1, -1))
    slope, expected = (up - down) / (2 * h), float(c.sum())
    size = float(np.abs(c).sum())
    if abs(slope - expected) > 1e-6 * size or abs(tied.gradients(tied.params)["x"].sum() - expected) <= 1e-4 * size:
        return ""  # no pooling, or a right one
    return TIES


class _TensorCheck:
    """The check of one tensor whose analytic gradient has the right shape and is finite."""

    def __init__(
        self,
        target: Target,
        settings: Settings,
        name: str,
        analytic: Array,
        rounding: float,
        single: bool,
        rng: np.random.Generator,
    ) -> None:
        self.target, self.settings, self.name, self.rng = target, settings, name, rng
        self.analytic = analytic.reshape(-1)
        self.shape = analytic.shape
        self.central = settings.method == "central" or not target.takes_complex
        single_cost = self.central and target.precision >= SINGLE
        self.h = settings.h or ((1e-2 if single_cost else 1e-5) if self.central else 1e-30)
        # a difference of two costs carries their rounding error, divided by the step
        self.noise = 4 * target.precision * target.scale / self.h if self.central else 0.0
        default = 1e-2 if single_cost else 1e-3 if single else 1e-6 if self.central else 1e-9
        self.tolerance = settings.tolerance or default
        self.eps = (rounding + self.noise) / self.tolerance if settings.eps is None else settings.eps
        self.eps = max(self.eps, np.finfo(np.float64).tiny)
        self.sure = 0  # coordinates that are wrong where J is surely smooth

    def report(self, disagreement: str) -> TensorReport:
        """Directions first, then coordinates. If only a direction fails, locate the wrong element."""
        direction, way = self._directions()
        at = np.zeros(0, np.intp) if self.settings.method == "directional" else self._sample()
        numeric, crossed = self._slopes(at)
        if way is not None and not np.any(self._wrong(at, numeric) & ~crossed):
            culprit = self._culprit(way)
            place, its_slope, its_crossing = [culprit], *self._slopes(np.array([culprit]))
            at, numeric, crossed = (
                np.append(a, b) for a, b in ((at, place), (numeric, its_slope), (crossed, its_crossing))
            )
        at, numeric, crossings = at[~crossed], numeric[~crossed], int(crossed.sum())
        errors = self._errors(at, numeric)
        report = TensorReport(
            self.name,
            self.shape,
            passed=not disagreement and not np.any(errors > self.tolerance) and not (direction or 0) > self.tolerance,
            diagnosis=disagreement,
            checked=len(at),
            crossed=crossings,
            zero=int(np.count_nonzero((self.analytic[at] == 0) & (numeric == 0))),
            direction=direction,
            eps=self.eps,
            tolerance=self.tolerance,
            repeats=not disagreement,
            errors=errors,
            places=at,
        )
        if not len(at):
            nothing = crossings and direction is None
            return replace(report, passed=False, diagnosis="every step crossed a kink") if nothing else report
        report = replace(report, **self._summary(at, numeric, errors))
        return report if report.passed or disagreement else replace(report, diagnosis=self._diagnosis(at, numeric))

    def _summary(self, at: Array, numeric: Array, errors: Array) -> dict[str, Any]:
        k = int(errors.argmax())
        low, median, high = np.quantile(errors, [0.25, 0.5, 0.75])
        return {
            "worst": float(errors[k]),
            "median": float(median),
            "quartiles": (float(low), float(high)),
            "absolute": float(np.abs(self.analytic[at] - numeric).max()),
            "worst_at": tuple(int(i) for i in np.unravel_index(at[k], self.shape)),
            "analytic": float(self.analytic[at[k]]),
            "numeric": float(numeric[k]),
        }

    def _errors(self, at: Array, numeric: Array) -> Array:
        """The graded formula."""
        ga, gn = self.analytic[at], numeric
        errors: Array = np.abs(ga - gn) / np.maximum(self.eps, np.abs(ga) + np.abs(gn))
        errors[~np.isfinite(gn)] = np.inf
        return errors

    def _wrong(self, at: Array, numeric: Array) -> Array:
        wrong: Array = self._errors(at, numeric) > self.tolerance
        return wrong

    # Coordinates

    def _sample(self) -> Array:
        size, wanted = self.analytic.size, self.settings.samples
        if wanted is None or wanted >= size:
            return np.arange(size)
        largest = np.argpartition(-np.abs(self.analytic), wanted // 4)[: wanted // 4]
        drawn = self.rng.choice(size, wanted, replace=False)
        others = drawn[~np.isin(drawn, largest)]  # in the order drawn: sorted, the first would be of small index
        return np.concatenate([largest, others[: wanted - len(largest)]])

    def _slopes(self, at: Array) -> tuple[Array, Array]:
        """dJ/dtheta at these coordinates, and which of them cannot be judged."""
        pairs = [self._slope(int(k), 1.0, float(self.analytic[k])) for k in at]
        return np.array([value for value, _ in pairs], float), np.array([crossed for _, crossed in pairs], bool)

    # Slopes

    def _slope(self, index: int | slice, v: Any, expected: float) -> tuple[float, bool]:
        """The slope of J along v, and whether a kink lies in the way.

        A target that cannot see its kinks is asked again with smaller steps if the answer is not as expected. A wrong
        gradient stays wrong; the error from a kink disappears, unless the point itself lies on the kink.
        """
        if not self.central:
            return self._raw(index, v, self.h)[0], False  # nothing moves along the real axis
        value, crossed = self._raw(index, v, self.h)
        off = abs(value - expected)
        right = off <= self.tolerance * max(self.eps, abs(value) + abs(expected))
        if crossed is not None or right or self.sure >= ENOUGH:
            return value, bool(crossed)
        nearer = ((k, self._raw(index, v, self.h / k)[0]) for k in (10, 100))
        if any(abs(other - value) > max(off / 2, k * self.noise) for k, other in nearer):
            return value, True
        low, high = self._sides(index, v)
        if high - low <= 8 * self.noise:  # J is smooth here
            self.sure += 1
            return value, False
        if isinstance(index, slice):  # on kinks of several coordinates J is no sum of their slopes
            return value, off < 100 * (high - low)
        slack = 1e-3 * (high - low)
        return expected if low - slack <= expected <= high + slack else value, False

    def _sides(self, index: int | slice, v: Any) -> tuple[float, float]:
        """The slopes of J to either side, the smaller one first. If the point lies on a kink they differ, and every
        slope between them is right."""

        def cost(step: float) -> float:
            return float(self.target.cost(self.name, index, step * v).cost.real)

        here = cost(0.0)
        left, right = ((4 * cost(h / 2) - cost(h) - 3 * here) / h for h in (-self.h, self.h))  # of second order in h
        return min(left, right), max(left, right)

    def _raw(self, index: int | slice, v: Any, h: float) -> tuple[float, bool | None]:
        if not self.central:
            return self.target.cost(self.name, index, 1j * h * v).cost.imag / h, False
        up, down = (self.target.cost(self.name, index, s * h * v) for s in (1, -1))
        crossed = None if up.crossed is None or down.crossed is None else up.crossed or down.crossed
        return (up.cost.real - down.cost.real) / (2 * h), crossed

    # Directions

    def _directions(self) -> tuple[float | None, Array | None]:
        """The relative error along a random direction that moves every coordinate up or down; None if it crosses a
        kink. If the error is too large, also the direction."""
        size = self.analytic.size
        v = (self.rng.integers(0, 2, size) * 2 - 1) / size**0.5
        ga = float(self.analytic @ v)
        for _ in range(3):
            gn, crossed = self._slope(slice(0, size), v, ga)
            if not crossed:
                break
            v = v / 10  # a shorter way may end before the kink
            ga /= 10
        else:
            return None, None
        length = float(np.linalg.norm(v))
        usual = float(np.linalg.norm(self.analytic)) / size**0.5  # g v is often small by chance
        off, ga, gn = abs(ga - gn) / length, abs(ga) / length, abs(gn) / length
        floor = max(self.eps, self.noise / length / self.tolerance, usual)
        error = float(off / max(floor, ga + gn)) if np.isfinite(gn) else np.inf
        return error, v if error > self.tolerance else None

    def _culprit(self, v: Array) -> int:
        """Which coordinate makes the slope along v wrong? Halve, keep the half that is further off, and so on."""

        def off(low: int, high: int) -> float:
            ga = float(self.analytic[low:high] @ v[low:high])
            return ga - self._slope(slice(low, high), v[low:high], ga)[0]

        low, high = 0, v.size
        whole = off(low, high)
        while high - low > 1:
            middle = (low + high) // 2
            left = off(low, middle)
            if abs(left) >= abs(whole - left):
                high, whole = middle, left
            else:
                low, whole = middle, whole - left
        return low

    # Why

    def _diagnosis(self, at: Array, numeric: Array) -> str:
        def slopes_with(changes: Mapping[str, Array], some: Array) -> Array:
            other = copy.copy(self)
            other.target = self.target.at(changes)
            return other._slopes(some)[0]

        return diagnose(
            Evidence(
                self.name,
                self.shape,
                self.target.params,
                self.analytic,
                at,
                numeric,
                self._wrong(at, numeric),
                self.tolerance * self.eps,
                1e-2 if self.tolerance >= 1e-3 else 1e-4,
                self.target.examples,
                self.target.lambda_,
                self.target.cotangent,
                slopes_with,
            )
        )
