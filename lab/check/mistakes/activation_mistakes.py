"""Mistakes in the step through an activation: from dJ/dh' to dJ/du."""

from collections.abc import Callable

import numpy as np

from core.types import Array
from lab.check.mistakes.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    GELU_TANH,
    NONE,
    SELDOM,
    SWISH,
    gelu_tanh,
    gelu_tanh_slope,
    leaky,
    normal_density,
    normal_probability,
)
from lab.check.mistakes.flow import Flow, FlowMistake, Step
from lab.check.mistakes.losses import sigmoid
from lab.check.mistakes.reference import LayerTrace, Pass, ReferenceNetwork


def activation_mistakes(network: ReferenceNetwork, depth: int) -> list[FlowMistake]:
    """In the place of the product with the activation's derivative."""
    if network.activation is NONE:
        return []
    kinked = "ReLU" in network.activation.name
    return [
        FlowMistake(
            "relu-mask-missing" if kinked else "activation-slope-missing",
            f"{{Tensors}} {{match}} a gradient without the {'ReLU mask' if kinked else network.activation.name}"
            f"{'' if kinked else ' derivative'} of {{layer}}: multiply G by {{slope}} before computing them.",
            lambda flow, t, p: flow.above,
        ),
        FlowMistake(
            "chain-rule-missing",
            "{Tensors} {match} the derivative of the activation of {layer} alone: multiply it by G.",
            lambda flow, t, p: p.network.activation.slope(t.u),
        ),
        *(mask_mistakes(network, depth) if kinked else slope_mistakes(network)),
        *of_another_activation(network),
    ]


def mask_mistakes(network: ReferenceNetwork, depth: int) -> list[FlowMistake]:
    """Of a ReLU, leaky or not."""
    slope = network.activation.slope
    other_mask = "{Tensors} {match} a ReLU mask of %s: for {layer} multiply G by {slope}."

    def with_mask(of: Callable[[LayerTrace, Pass], Array | None]) -> Step:
        """G times the mask that this array gives."""

        def step(flow: Flow, t: LayerTrace, p: Pass) -> Array | None:
            array = of(t, p)
            return None if array is None or array.shape != flow.above.shape else flow.above * slope(array)

        return step

    mistakes = [
        FlowMistake(
            "relu-mask-of-gradient",
            "{Tensors} {match} a ReLU mask of G itself (G > 0): for {layer} multiply G by {slope}; where the unit was "
            "active decides, not the sign of G.",
            lambda flow, t, p: flow.above * slope(flow.above),
        ),
        FlowMistake(
            "relu-mask-of-gradient",
            "{Tensors} {match} a G whose negative entries are set to 0 beside the ReLU mask of {layer}: G may be "
            "negative, multiply it by {slope} alone.",
            lambda flow, t, p: flow.above * slope(flow.above) * slope(t.u),
        ),
        FlowMistake(
            "relu-mask-inverted",
            "{Tensors} {match} a ReLU mask the wrong way round in {layer}: keep G where {H} > 0.",
            lambda flow, t, p: flow.above * slope(-t.u),
        ),
        FlowMistake(
            "relu-values-for-mask",
            "{Tensors} {match} G * {H} in {layer}: multiply by the mask {slope}, not by the values.",
            lambda flow, t, p: flow.above * t.out,
        ),
        FlowMistake(
            "relu-for-mask",
            "{Tensors} {match} max(G, 0)-like values of the scores in {layer}: multiply by the mask {slope}, not by S.",
            lambda flow, t, p: flow.above * t.u,
        ),
        FlowMistake(
            "relu-mask-before-norm",
            other_mask % "the scores before batch normalisation",
            with_mask(lambda t, p: t.s if t.normed else None),
        ),
        FlowMistake(
            "relu-mask-before-norm",
            other_mask % "the normalised scores before gamma and beta",
            with_mask(lambda t, p: t.z),
        ),
        FlowMistake(
            "relu-mask-without-bias",
            other_mask % "the scores without their bias",
            with_mask(lambda t, p: None if t.normed or "b" not in t.tensors else t.s - t.tensors["b"]),
        ),
        FlowMistake("relu-mask-of-layer", other_mask % "the input X", with_mask(lambda t, p: p.traces[0].h)),
    ]
    for j in range(depth):
        name = f"layer {j + 1}" if j < depth - 1 else "the last layer's scores"
        mistakes.append(
            FlowMistake(
                "relu-mask-of-layer",
                other_mask % name,
                with_mask(lambda t, p, j=j: None if j == t.index else p.traces[j].u),  # type: ignore[misc]
            )
        )
    return mistakes


def slope_mistakes(network: ReferenceNetwork) -> list[FlowMistake]:
    """Of sigmoid, tanh and other smooth ones."""
    slope, name = network.activation.slope, network.activation.name
    formulas: dict[str, Callable[[Array], Array]] = {"sigmoid": lambda v: v * (1 - v), "tanh": lambda v: 1 - v**2}
    on_output = formulas | {"ELU": lambda v: np.where(v > 0, 1.0, v + 1)}
    right = "for {layer} multiply G by {slope}"
    return [
        *(
            FlowMistake(
                "slope-of-another-activation",
                f"{{Tensors}} {{match}} the derivative of {other} at {{H}}, but the forward pass has {name}: {right}.",
                lambda flow, t, p, of=of: flow.above * of(t.out),  # type: ignore[misc]
            )
            for other, of in formulas.items()
            if other != name
        ),
        FlowMistake(
            "activation-slope-of-output",
            f"{{Tensors}} {{match}} the derivative of {name} taken at {{H}} in {{layer}}: take it at the scores {{S}}, "
            f"or multiply G by {{slope}}.",
            lambda flow, t, p: flow.above * slope(t.out),
        ),
        FlowMistake(
            "activation-slope-of-scores",
            f"{{Tensors}} {{match}} the formula of {{slope}} with the scores instead of {{H}}: {right}.",
            lambda flow, t, p: flow.above * on_output[name](t.u) if name in on_output else None,
        ),
        FlowMistake(
            "activation-slope-twice",
            f"{{Tensors}} {{match}} the derivative of {name} multiplied twice: {right} once.",
            lambda flow, t, p: flow.above * slope(t.u) ** 2,
        ),
        FlowMistake(
            "activation-values-for-slope",
            f"{{Tensors}} {{match}} G * {{H}}: {right}.",
            lambda flow, t, p: flow.above * t.out,
        ),
        FlowMistake(
            "activation-slope-wrong",
            f"{{Tensors}} {{match}} G * (1 - {{H}}): {right}.",
            lambda flow, t, p: flow.above * (1 - t.out),
        ),
        *(
            FlowMistake("activation-slope-wrong", f"{{Tensors}} {{match}} G * {said}: {right}.", step)
            for said, step in wrong_signs(network)
        ),
        *terms_left_out(network),
    ]


def wrong_signs(network: ReferenceNetwork) -> list[tuple[str, Step]]:
    """H * (1 + H) and the like, as a field of a sentence and a step."""
    forms: dict[str, list[tuple[str, Callable[[Array], Array]]]] = {
        "sigmoid": [("{H} * (1 + {H})", lambda h: h * (1 + h)), ("{H} * ({H} - 1)", lambda h: h * (h - 1))],
        "tanh": [("(1 - {H})**2", lambda h: (1 - h) ** 2), ("(1 + {H}**2)", lambda h: 1 + h**2)],
    }
    return [
        (said, lambda flow, t, p, of=of: flow.above * of(t.out))  # type: ignore[misc]
        for said, of in forms.get(network.activation.name, ())
    ]


def terms_left_out(network: ReferenceNetwork) -> list[FlowMistake]:
    """Derivatives of two terms, or of two pieces, of which one is forgotten."""

    def instead(sentence: str, slope: Callable[[LayerTrace], Array]) -> FlowMistake:
        sentence = f"{{Tensors}} {{match}} {sentence}: for {{layer}} multiply G by {{slope}}."
        return FlowMistake("activation-term-missing", sentence, lambda flow, t, p: flow.above * slope(t))

    product = "the product rule has two terms, of u and of what it is multiplied by"
    parts: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
        GELU.name: (normal_probability, lambda u: u * normal_density(u)),
        GELU_TANH.name: (lambda u: 0.5 * (1 + gelu_tanh(u)), lambda u: 0.5 * u * gelu_tanh_slope(u)),
        SWISH.name: (sigmoid, lambda u: u * sigmoid(u) * (1 - sigmoid(u))),
    }
    if network.activation.name == ELU.name:
        return [instead("{H} below 0, without the 1 added to it", lambda t: np.where(t.u > 0, 1.0, t.out))]
    return [
        instead(f"the {which} term of the derivative alone ({product})", lambda t, part=part: part(t.u))  # type: ignore[misc]
        for which, part in zip(("first", "second"), parts.get(network.activation.name, ()), strict=False)
    ]


def of_another_activation(network: ReferenceNetwork) -> list[FlowMistake]:
    """The derivative of an activation that the forward pass does not have."""
    found = []
    for other in (*ACTIVATIONS, leaky(0.001), *SELDOM):
        if other in (network.activation, NONE) or other.name == network.activation.name:
            continue
        slope = other.slope
        found.append(
            FlowMistake(
                "slope-of-another-activation",
                f"{{Tensors}} {{match}} the derivative of {other.name} in {{layer}}, but the forward pass has "
                f"{network.activation.name}: multiply G by {{slope}}.",
                lambda flow, t, p, slope=slope: flow.above * slope(t.u),  # type: ignore[misc]
            )
        )
    return found
