"""Why is a gradient wrong? The common mistakes leave patterns; a cause is named only where its pattern is there.

Every rule looks at the coordinates that were checked and says a sentence or nothing. A sentence ends with a question
mark where the same pattern could have another cause.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.types import Array, Shape


@dataclass(frozen=True)
class Evidence:
    """What is known about a tensor whose gradient fails."""

    name: str
    shape: Shape
    params: Mapping[str, Array]  # all tensors of the target
    analytic: Array  # the whole gradient, flat
    at: Array  # flat indices of the coordinates that were compared
    numeric: Array  # the true slopes there
    wrong: Array  # which of them fail
    noise: float  # differences below this mean nothing
    rtol: float  # two numbers that agree to this are taken for equal
    examples: int | None
    lambda_: float | None
    cotangent: Array | None  # what backward was given, if the target is a layer alone
    slopes_with: Callable[[Mapping[str, Array], Array], Array]  # the true slopes at some, were other tensors different

    @property
    def ga(self) -> Array:
        """The analytic gradient at the coordinates compared."""
        return self.analytic[self.at]

    @property
    def value(self) -> Array:
        """The tensor's elements at the coordinates compared."""
        return self.params[self.name].reshape(-1)[self.at]

    @property
    def complete(self) -> bool:
        """Was every coordinate compared?"""
        return len(self.at) == self.analytic.size

    def equal(self, a: Array, b: Array) -> bool:
        """Do these agree everywhere, up to noise and a tolerance relative to the largest?"""
        size = max(float(np.abs(a).max()), float(np.abs(b).max())) if a.size else 0.0
        return a.shape == b.shape and bool(np.all(np.abs(a - b) <= self.noise + self.rtol * size))

    def explains(self, gradient: Array) -> bool:
        """Is this, at the coordinates compared, the true gradient, and something else than what failed?"""
        return self.equal(gradient, self.numeric) and self.varied(self.numeric)

    def varied(self, values: Array) -> bool:
        """Are there enough different values for agreement to mean something?"""
        large = values[np.abs(values) > max(self.noise, 1e-6 * np.abs(values).max(initial=0.0))]
        return len(large) >= 2 and float(np.ptp(large)) > self.rtol * float(np.abs(large).max())


Rule = Callable[[Evidence], str | None]


def diagnose(evidence: Evidence) -> str:
    """The likely cause, or "" where nothing is certain enough."""
    rules: tuple[Rule, ...] = (
        never_written,
        never_read,
        penalty,
        factor,
        one_example,
        turned,
        other_kernel,
        missing_mask,
        statistics_as_constants,
        few_elements,
    )
    return next((text for rule in rules if (text := rule(evidence))), "")


def never_written(e: Evidence) -> str | None:
    """Zero everywhere, though J reacts."""
    if not e.analytic.any() and np.any(np.abs(e.numeric) > e.noise):
        return f"the gradient of {e.name} is 0 everywhere: it is never computed"
    return None


def never_read(e: Evidence) -> str | None:
    """A gradient, though J stays exactly what it is."""
    if len(e.at) < 2 or e.numeric.any() or not e.wrong.all():
        return None
    return f"J does not react to {e.name} at all"


def penalty(e: Evidence) -> str | None:
    """A difference that is a multiple of the tensor itself."""
    off, value = e.numeric - e.ga, e.value
    if len(off) < 3 or not e.varied(value):
        return None
    c = float(off @ value / (value @ value))
    if abs(c) * float(np.abs(value).max()) <= e.noise or not e.equal(off, c * value):
        return None
    if e.equal(e.ga, 0 * e.ga) or e.equal(e.numeric, 0 * e.numeric):
        pass  # nothing but a penalty on one of the sides
    elif e.varied(e.ga) and e.equal(e.ga * (e.numeric @ e.ga) / (e.ga @ e.ga), e.numeric):
        return None  # the gradient itself is a multiple of the tensor: a plain factor says more
    if not e.lambda_:
        side = "lacks" if c > 0 else "has too much of"
        return f"the analytic gradient {side} {abs(c):.4g} {e.name}: the penalty, or its factor 2?"
    part = c / (2 * e.lambda_)  # the share of the right penalty that is missing
    if len(e.shape) == 1 and part < 0:
        return f"a penalty on {e.name} that J does not have"
    known = {
        1.0: "the penalty is missing: its gradient is 2 lambda W",
        0.5: "the penalty's factor 2 is missing: the gradient of lambda sum W^2 is 2 lambda W",
        -1.0: "the penalty is counted twice",
        2.0: "the penalty has the wrong sign",
    }
    for share, text in known.items():
        if abs(part - share) < 10 * e.rtol:
            return text
    if e.examples and abs(part - (1 - 1 / e.examples)) < e.rtol:
        return f"the penalty is divided by the number of examples ({e.examples})"
    if e.examples and abs(part - (1 - e.examples)) < e.rtol * e.examples:
        return f"the penalty is added once for each of the {e.examples} examples"
    return f"the penalty's part of the gradient is {1 - part:.3g} times what it should be"


def factor(e: Evidence) -> str | None:
    """Right but for a factor, with the penalty left out of the comparison where it is known."""
    for known, what in ((0.0, ""), (2 * (e.lambda_ or 0.0), " of the loss")):
        ga, gn = e.ga - known * e.value, e.numeric - known * e.value
        if not ga @ ga or not e.varied(gn):
            continue
        r = float(ga @ gn / (ga @ ga))  # gn = r ga
        if abs(r - 1) < e.rtol or not e.equal(r * ga, gn):
            continue
        return _factor_text(e, r, what)
    return None


def _factor_text(e: Evidence, r: float, what: str) -> str:
    def is_(x: float) -> bool:
        return abs(r - x) <= e.rtol * abs(x)

    if is_(-1):
        return f"the sign is wrong: the gradient{what} is minus what it should be"
    n = e.examples
    if n is not None and n > 1 and is_(1 / n):
        return f"the gradient{what} is {n} times too large: the division by the number of examples ({n}) is missing"
    if n is not None and n > 1 and is_(n):
        once = "it is a mean over them, not a sum" if e.cotangent is not None else "it is divided by it twice"
        return f"the gradient{what} is {n} times too small, the number of examples: {once}"
    if is_(2) or is_(0.5):
        return f"the gradient{what} is {'half' if is_(2) else 'twice'} what it should be: a factor 2"
    whole = round(1 / r) if abs(r) < 1 else round(r)
    if abs(whole) > 2 and (is_(whole) or is_(1 / whole)):
        size = "large" if abs(r) < 1 else "small"
        division = "is the division by the batch missing?" if abs(r) < 1 else "is it divided by the batch twice?"
        return f"the gradient{what} is {abs(whole)} times too {size}" + (f": {division}" if n in (None, whole) else "")
    return f"the gradient{what} is {1 / r:.4g} times what it should be"


def one_example(e: Evidence) -> str | None:
    """A bias that got the cotangent of one example, or of none summed."""
    if e.cotangent is None or e.cotangent.ndim != 2 or e.name == "x":
        return None
    for dy in (e.cotangent, e.cotangent.T):
        if dy.shape[1] == e.analytic.size and e.explains(dy.sum(axis=0)[e.at]):
            rows = [i for i, row in enumerate(dy) if e.equal(row, e.analytic)]
            if rows:
                return f"{e.name} gets the gradient of example {rows[0]} alone: it is not summed over the examples"
    return None


def turned(e: Evidence) -> str | None:
    """Right, but its axes are exchanged or run backwards."""
    gradient = e.analytic.reshape(e.shape)
    axes = range(len(e.shape))
    for a, b in combinations(axes, 2):
        if e.shape[a] == e.shape[b] > 1 and e.explains(np.swapaxes(gradient, a, b).reshape(-1)[e.at]):
            return f"the gradient of {e.name} is transposed (axes {a} and {b})"
    for count in (2, 1):
        for some in combinations([axis for axis in axes if e.shape[axis] > 1], count):
            if len(e.shape) > 2 and e.explains(np.flip(gradient, some).reshape(-1)[e.at]):
                where = "axis" if count == 1 else "axes"
                return f"the gradient of {e.name} is flipped along {where} {' and '.join(map(str, some))}"
    return None


def other_kernel(e: Evidence) -> str | None:
    """dX that would be right if the layer's kernel were turned."""
    if e.name != "x" or e.cotangent is None:
        return None
    few = e.at[:24]  # enough to rule out a coincidence
    for name, value in e.params.items():
        if name == "x" or value.ndim < 2:
            continue
        for how, other in _turned_kernels(value):
            if np.array_equal(other, value) or not e.varied(e.analytic[few]):
                continue
            if all(e.equal(e.slopes_with({name: other}, at), e.analytic[at]) for at in (few[:2], few[2:])):
                return f"dx is right for {name} {how}: backward uses the kernel the wrong way round"
    return None


def _turned_kernels(value: Array) -> Iterator[tuple[str, Array]]:
    for a, b in combinations(range(value.ndim), 2):
        if value.shape[a] == value.shape[b]:
            yield "transposed", np.swapaxes(value, a, b)
        if value.ndim > 2:
            yield "flipped", np.flip(value, (a, b))
    if value.ndim > 2:
        for axis in range(value.ndim):
            yield "flipped", np.flip(value, axis)


def missing_mask(e: Evidence) -> str | None:
    """Gradient at coordinates J does not depend on."""
    still = e.numeric == 0
    if np.count_nonzero(still & e.wrong) < 2 or still.all():
        return None
    if e.name == "x" and e.cotangent is not None and e.cotangent.shape != e.shape:
        return None  # not element by element: no mask
    if np.array_equal(still, e.wrong):
        count = f"{np.count_nonzero(still)} of {len(still)}"
        return (
            f"it is not 0 at {count} coordinates J does not react to, and right elsewhere: a mask is missing "
            f"(of a ReLU, of dropout)"
        )
    if np.array_equal(e.ga == 0, ~still):
        return "it is 0 exactly where J reacts: the mask is the wrong way round"
    return None


def statistics_as_constants(e: Evidence) -> str | None:
    """dX of a normalisation without the terms that mean and variance bring.

    The true dx of a feature sums to 0 over the examples. With z the normalised x, dx is a multiple of dy if both are
    taken for constants, of dy - mean(dy) if the variance is, of dy - z mean(dy z) if the mean is.
    """
    x, dy = e.params[e.name], e.cotangent
    if e.name != "x" or not e.complete or dy is None or dy.shape != x.shape:
        return None
    for count, axes in _batch_axes(e.shape):
        x_, true, ga, dy_ = (
            np.moveaxis(a.reshape(e.shape), axes, range(len(axes))).reshape(count, -1)
            for a in (x, e.numeric, e.analytic, dy)
        )
        if count < 4 or not e.equal(true.mean(axis=0), np.zeros(true.shape[1])):
            continue
        z = (x_ - x_.mean(axis=0)) / np.maximum(x_.std(axis=0), 1e-300)
        for constants, right in (
            ("mean and variance are", dy_),
            ("the variance is", dy_ - dy_.mean(axis=0)),
            ("the mean is", dy_ - z * (dy_ * z).mean(axis=0)),
        ):
            multiple = (ga * right).sum(axis=0) / np.maximum((right**2).sum(axis=0), 1e-300)
            if e.equal(multiple * right, ga):
                return f"batch normalisation: {constants} treated as constant, not as functions of x"
    return None


def _batch_axes(shape: Shape) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Which axes a batch normalisation may average over: rows, columns, all but the channels of images."""
    choices: dict[int, list[tuple[int, ...]]] = {2: [(0,), (1,)], 4: [(0, 1, 2), (0, 2, 3)]}
    for axes in choices.get(len(shape), []):
        yield int(np.prod([shape[a] for a in axes])), axes


def few_elements(e: Evidence) -> str | None:
    """Nearly everything is right."""
    wrong = int(np.count_nonzero(e.wrong))
    if len(e.at) < 20 or not 0 < wrong <= max(1, len(e.at) // 50):
        return None
    return f"of {len(e.at)} coordinates compared only {'this one is' if wrong == 1 else f'{wrong} are'} wrong"
