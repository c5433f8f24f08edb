"""Why are the gradients of a network wrong? The entry: identify the network, walk back through it, tell the causes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import ACTIVATIONS, NONE
from lab.check.mistakes.evidence import Cause, Diagnosis, Layers, NetworkEvidence, is_single, listed
from lab.check.mistakes.factors import OF_COST, Finding, Sizes, of_data
from lab.check.mistakes.identify import EPS, EXACT, SINGLE, Identity, Penalty, Points, copied, identify
from lab.check.mistakes.losses import LOSSES
from lab.check.mistakes.reference import Norm, Pass, ReferenceNetwork, gradients, sizes
from lab.check.mistakes.sentences import Place, causes, describe
from lab.check.mistakes.walk import ROUNDING, Point, Story, Told, Walk

ASKED = 3  # points at which gradients are compared
ROWS = 64  # of a large W that the search looks at; right is only what is right in all of them


def diagnose_network(code: NetworkEvidence) -> Diagnosis:
    """Which network it is, and the mistakes that give its gradients; no causes where they are right.

    Raises whatever the student's code raises at the parameters it is asked about.
    """
    points = Points(code)
    asked = points.layers(ASKED)
    theirs = [code.gradients(copied(layers)) for layers in asked]
    single = is_single(g for layers in theirs for t in layers for g in t.values())
    rtol, exact = (1e-3, SINGLE) if single else (1e-6, EXACT)
    if code.cost is None:
        return _without_cost(code, asked, theirs, rtol)
    identity = identify(code, points, exact)
    if identity is None:
        return _of_another_cost(code, asked, theirs, rtol)
    return Diagnosis(describe(identity, code), _causes(identity, code, asked, theirs, rtol))


def _causes(
    identity: Identity, code: NetworkEvidence, asked: list[Layers], theirs: list[Layers], rtol: float
) -> tuple[Cause, ...]:
    """The causes, where some tensor is wrong."""
    points = at_points(identity, code, asked, theirs)
    wrong = wrong_tensors(identity, points, rtol)
    missing = without_gradient(code, theirs)
    if not wrong:
        return missing
    stories = Walk([few_rows(point) for point in points], identity, settings(identity, code), rtol).stories()
    right = len(wrong) < sum(map(len, points[0].theirs))
    stories = [of_gradients(with_rest(story, wrong), right, settings(identity, code)) for story in stories]
    return (*missing, *causes(stories, wrong, code, identity))


def without_gradient(code: NetworkEvidence, theirs: list[Layers]) -> tuple[Cause, ...]:
    """The parameters for which the code gives no gradient at all."""
    names = [
        name
        for layer, roles in enumerate(code.names)
        for role, name in roles.items()
        if role in code.layers[layer] and any(role not in found[layer] for found in theirs)
    ]
    if not names:
        return ()
    sentence = f"there is no gradient of {listed(names)}: does the loop over the layers end too early?"
    return (Cause("gradient-missing", tuple(names), sentence),)


def at_points(identity: Identity, code: NetworkEvidence, asked: list[Layers], theirs: list[Layers]) -> list[Point]:
    """The reference's forward pass beside the student's gradients."""
    network, scale = identity.network, identity.scale
    return [
        Point(Pass(network, network.forward(code.x, layers), code.y, scale), layers, found)
        for layers, found in zip(asked, theirs, strict=True)
    ]


def wrong_tensors(identity: Identity, points: list[Point], rtol: float) -> list[Place]:
    """The tensors whose gradient is not J's at some point."""
    wrong: dict[Place, None] = {}
    for point in points:
        right = gradients(point.passed)
        size = max(float(np.abs(g).max()) for tensors in right for g in tensors.values())
        summed = sizes(point.passed)
        for layer, tensors in enumerate(point.theirs):
            for role, g in tensors.items():
                true = right[layer][role] + identity.penalty.gradient(layer, role, point.layers[layer][role])
                scale = max(float(np.abs(g).max()), float(np.abs(true).max()), 1e-7 * size, ROUNDING * summed[layer])
                if not np.abs(g - true).max() <= rtol * scale:
                    wrong[layer, role] = None
    return list(wrong)


def few_rows(point: Point) -> Point:
    """The same with some rows of the first W only, if it has very many: enough to tell one mistake from another."""
    inputs = point.layers[0]["W"].shape[0]
    if inputs <= 2 * ROWS:
        return point
    rows = np.linspace(0, inputs - 1, ROWS).astype(int)

    def cut(tensors: Mapping[str, Array]) -> dict[str, Array]:
        return {role: value[rows] if role == "W" else value for role, value in tensors.items()}

    first, *others = point.passed.traces
    first = replace(first, tensors=cut(first.tensors), h=first.h[:, rows])
    return Point(
        replace(point.passed, traces=(first, *others)),
        (cut(point.layers[0]), *point.layers[1:]),
        (cut(point.theirs[0]), *point.theirs[1:]),
    )


def with_rest(story: Story, wrong: list[Place]) -> Story:
    """The story, with the tensors that are wrong for no reason it gives among the unexplained."""
    last = max((one.layer for one in story.told if one.role is None), default=-1)
    told = {(one.layer, one.role) for one in story.told if one.role} | set(story.unexplained)
    rest = tuple(place for place in wrong if place not in told and place[0] > last)
    return replace(story, unexplained=story.unexplained + rest)


def of_gradients(story: Story, right: bool, setting: Callable[[int, str], Sizes]) -> Story:
    """The story, in which a factor of J that some gradients are `right` to have is told as a mistake of those that lack
    it."""

    def read(one: Told) -> Finding:
        assert one.role is not None
        sizes = setting(one.layer, one.role)
        return of_data(1 / sizes.scale, replace(sizes, scale=1.0), "")[0]

    if not right:
        return story
    blamed = [replace(one, finding=read(one)) if one.role and one.finding.key in OF_COST else one for one in story.told]
    return replace(story, told=tuple(blamed))


def settings(identity: Identity, code: NetworkEvidence) -> Callable[[int, str], Sizes]:
    """What factors are read with, for each tensor."""
    widths = {f"the width of layer {k + 1}": t["W"].shape[1] for k, t in enumerate(code.layers[:-1])}
    widths["the number of classes"] = code.layers[-1]["W"].shape[1]
    widths["the number of inputs"] = code.x.shape[1]
    coefficients = identity.penalty.coefficients
    penalised = any(any(of.values()) for of in coefficients)

    def setting(layer: int, role: str) -> Sizes:
        penalty = coefficients[layer].get(role, 0.0)
        has_cost = code.cost is not None and code.own_cost
        return Sizes(
            len(code.y), widths, code.lambda_, identity.scale, penalty, penalised, role, has_cost, identity.penalty.kind
        )

    return setting


# Without a cost that is known


def _without_cost(code: NetworkEvidence, asked: list[Layers], theirs: list[Layers], rtol: float) -> Diagnosis:
    """The gradients alone must tell the network, too."""
    identity, story = _nearest(code, asked, theirs, rtol)
    if story.unexplained:
        return Diagnosis("", ())
    return Diagnosis(describe(identity, code), _causes(identity, code, asked, theirs, rtol))


def _of_another_cost(code: NetworkEvidence, asked: list[Layers], theirs: list[Layers], rtol: float) -> Diagnosis:
    """J is none that is known: are the gradients those of a J that is?"""
    identity, story = _nearest(code, asked, theirs, rtol)
    if story.weight:
        return Diagnosis("", ())
    sentence = (
        f"the gradients are those of {describe(identity, code)}, but J is something else: look for the mistake in the "
        "cost."
    )
    return Diagnosis("", (Cause("cost-unknown", (), sentence),))


def _nearest(code: NetworkEvidence, asked: list[Layers], theirs: list[Layers], rtol: float) -> tuple[Identity, Story]:
    """Of the usual networks the one that explains the gradients with the fewest mistakes."""
    best: tuple[int, Identity, list[Point]] | None = None
    for network in _usual(code):
        identity = Identity(network, 1.0, _penalties(code)[0])
        points = [few_rows(point) for point in at_points(identity, code, asked, theirs)]
        for loss in LOSSES:
            identity = replace(identity, network=replace(network, loss=loss))
            points = [replace(p, passed=replace(p.passed, network=identity.network)) for p in points]
            missing = Walk(points, identity, settings(identity, code), rtol).unexplained()
            if best is None or missing < best[0]:
                best = missing, identity, points
        if best and not best[0]:
            break
    assert best is not None
    _, identity, points = best
    stories = []
    for penalty in _penalties(code):
        identity = replace(identity, penalty=penalty)
        walk = Walk(points, identity, settings(identity, code), rtol)
        stories.append((identity, walk.stories()[0]))
    return min(stories, key=lambda one: one[1].weight)


def _usual(code: NetworkEvidence) -> Iterator[ReferenceNetwork]:
    """Networks without their losses, the most usual first."""
    normed = any("gamma" in tensors for tensors in code.layers)
    norms: list[Norm | None] = [Norm(eps, ddof) for ddof in (0, 1) for eps in EPS] if normed else [None]
    for activation in ACTIVATIONS[:4] if len(code.layers) > 1 else (NONE,):
        yield from (ReferenceNetwork(activation, norm) for norm in norms)


def _penalties(code: NetworkEvidence) -> list[Penalty]:
    """Of the weights: lambda sum W^2 as in DD2424, half of it as in CS231n, or divided by n."""
    n, lambda_ = len(code.y), code.lambda_
    sizes = [lambda_, lambda_ / 2, lambda_ / n, lambda_ / (2 * n)] if lambda_ else [0.0]
    return [Penalty("squares", tuple({"W": size} for _ in code.layers)) for size in sizes]
