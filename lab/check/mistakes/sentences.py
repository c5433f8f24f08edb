"""What a diagnosis says: stories of mistakes as causes, in plain sentences with the student's own names."""

from collections.abc import Sequence
from dataclasses import replace

from lab.check.mistakes.evidence import Cause, NetworkEvidence, listed
from lab.check.mistakes.identify import Identity
from lab.check.mistakes.reference import Norm
from lab.check.mistakes.walk import Story, Told

ORDER = ("W", "b", "gamma", "beta")
MANY = 6  # tensors: more are told as a range
FEW = 4  # tensors: the most that are listed as exceptions
Place = tuple[int, str]  # layer and role

ROUNDING = 1e-6  # a coefficient so small beside the largest is rounding, not a penalty


def describe(identity: Identity, code: NetworkEvidence) -> str:
    """'2 layers, ReLU, softmax cross entropy, 0.1 * sum W^2'."""
    depth = len(code.layers)
    network = identity.network
    parts = ["1 layer" if depth == 1 else f"{depth} layers"]
    if depth > 1:
        parts.append(network.activation.name)
    if network.norm:
        parts.append(_norm(network.norm))
    sizes = {1.0: "", float(len(code.y)): "the sum over the batch of ", 1 / len(code.y): "1/n of "}
    factor = sizes.get(identity.scale, f"{identity.scale:g} * ")
    parts.append(factor + network.loss.name)
    return ", ".join([*parts, *_penalty(identity)])


def _norm(norm: Norm) -> str:
    return f"batch norm (eps {norm.eps:.3g}{', variance of n - 1' if norm.ddof else ''})"


def _penalty(identity: Identity) -> list[str]:
    found = []
    kind = {"squares": "{}^2", "norms": "|{}|_2", "absolute values": "|{}|", "elements": "{}"}[identity.penalty.kind]
    largest = max((abs(each) for c in identity.penalty.coefficients for each in c.values()), default=0.0)
    for role in ORDER:
        coefficients = [c[role] for c in identity.penalty.coefficients if role in c]
        if any(abs(each) > ROUNDING * largest for each in coefficients):
            same = len(set(coefficients)) == 1
            factor = f"{coefficients[0]:g}" if same else "(" + ", ".join(f"{c:g}" for c in coefficients) + ")"
            found.append(f"{factor} * sum {kind.format(role)}")
    return found


def causes(
    stories: Sequence[Story], wrong: Sequence[Place], code: NetworkEvidence, identity: Identity
) -> tuple[Cause, ...]:
    """One cause for each mistake of the first story; those of others that match as well start with "Or"."""
    found: list[Cause] = []
    known: set[str] = set()
    for number, story in enumerate(stories):
        several: dict[tuple[str, str], list[Told]] = {}
        for one in in_each_layer(story.told):
            several.setdefault((one.finding.key, one.finding.sentence), []).append(one)
        for (key, sentence), told in several.items():
            cause = _cause(key, sentence, told, wrong, code, identity)
            if cause.sentence not in known:
                known.add(cause.sentence)
                found.append(cause if not number else Cause(key, cause.tensors, f"Or: {cause.sentence}"))
    if stories[0].unexplained:
        found.append(between(stories[0].unexplained, wrong, code))
    return tuple(found)


def in_each_layer(told: Sequence[Told]) -> list[Told]:
    """What is divided again in each layer is divided only twice in the last but one: the same mistake."""
    again = next((one.finding for one in told if one.finding.key == "divided-in-each-layer"), None)
    return [replace(one, finding=again) if again and one.finding.key == "divided-twice" else one for one in told]


def _cause(
    key: str, sentence: str, told: list[Told], wrong: Sequence[Place], code: NetworkEvidence, identity: Identity
) -> Cause:
    flows = [one.layer for one in told if one.role is None]
    places = {(one.layer, one.role) for one in told if one.role}
    places |= {(layer, role) for layer, role in wrong if flows and layer <= max(flows)}
    tensors = tuple(code.names[layer][role] for layer, role in ordered(places))
    layers = sorted({one.layer for one in told})
    layer = layers[0]
    behind = min(layer + 1, len(code.layers) - 1)
    one, letter = len(tensors) == 1, next(iter(one.role for one in told if one.role), "W")
    H, S = (f"{c}{layer + 1}" if len(layers) == 1 else c for c in "HS")
    text = sentence.format(
        tensors=subject(ordered(places), code),
        Tensors=capital(subject(ordered(places), code)),
        **grammar(len(tensors)),
        layer=("layer " if len(layers) == 1 else "layers ") + listed([str(k + 1) for k in layers]),
        W=code.names[layer].get("W", "W"),
        V=code.names[behind].get("W", "W") if len(layers) == 1 else "W",
        own=f"that of {tensors[0]} itself" if one else "their own",
        letter=letter,
        kind=identity.penalty.kind,
        H=H,
        S=S,
        slope=identity.network.activation.code.format(H=H, S=S),
        n=len(code.y),
        sign=": G is P - Y, not Y - P" if (len(code.layers) - 1, "W") in places else "",
    )
    return Cause(key, tensors, text)


def grammar(count: int) -> dict[str, str]:
    """The words that change with the number of tensors, by their plural (or by what they stand for)."""
    one = count == 1
    verbs = {verb: f"{verb}{'es' if verb == 'match' else 's'}" for verb in ("match", "lack", "hold", "seem")}
    singular = {**verbs, "are": "is", "have": "has", "they": "it", "them": "it", "their": "this"}
    return {("this" if word == "their" else word): alone if one else word for word, alone in singular.items()}


def capital(text: str) -> str:
    """The text with its first letter as a sentence has it; a student's name stays as it is."""
    return text[0].upper() + text[1:] if text.startswith(("all ", "the ")) else text


def ordered(places: set[Place]) -> list[Place]:
    """From the first layer to the last, W before b before gamma before beta."""
    return sorted(places, key=lambda place: (place[0], ORDER.index(place[1])))


def subject(places: list[Place], code: NetworkEvidence) -> str:
    """'W1 and b1', or, where they are many, 'the gradients of layers 1 to 3'."""
    names = [code.names[layer][role] for layer, role in places]
    if len(names) <= MANY:
        return listed(names)
    every = sum(len(names) for names in code.names)
    if len(names) == every:
        return "all gradients"
    others = [(k, role) for k, roles in enumerate(code.names) for role in roles if (k, role) not in places]
    if len(others) <= FEW:
        return f"all gradients but {listed([code.names[layer][role] for layer, role in ordered(set(others))])}"
    roles = sorted({role for _, role in places}, key=ORDER.index)
    layers = sorted({layer for layer, _ in places})
    if len(names) == len(roles) * len(layers) and layers == list(range(layers[0], layers[-1] + 1)) and len(layers) > 1:
        of = [f"{code.names[layers[0]][role]} to {code.names[layers[-1]][role]}" for role in roles]
        return listed(of)
    return f"the gradients from {names[0]} to {names[-1]}"


# Where no mistake matches


def between(unexplained: Sequence[Place], wrong: Sequence[Place], code: NetworkEvidence) -> Cause:
    """Which tensors are right, which is the first wrong one on the way back, and what lies between them."""
    order = backward_order(code)
    first = next(place for place in order if place in unexplained)
    right = [place for place in order if place not in wrong]
    names = [code.names[layer][role] for layer, role in ordered({first, *unexplained})]
    key, name = "first-wrong-step", code.names[first[0]][first[1]]
    same_step = [place for place in right if place[0] == first[0] and _step(place) == _step(first)]
    behind = [place for place in right if order.index(place) < order.index(first) and place not in same_step]
    if same_step:
        text = (
            f"{subject(same_step, code)} {_are(same_step)} right and {name} is wrong: G is right up to there, look at "
            f"the line that computes the gradient of {name}."
        )
    elif behind:
        last = max(behind, key=order.index)
        near = ordered({place for place in behind if place[0] == last[0]})
        text = (
            f"{subject(near, code)} {_are(near)} right and {name} is wrong: the first wrong step lies between them"
            f"{_steps(last, first, code)}."
        )
    else:
        text = (
            f"{name} is the first wrong gradient on the way back, and none behind it is right: look at the gradient of "
            f"the loss by the scores first, then at the line that computes {name}."
        )
    return Cause(key, tuple(names), text)


def _are(places: Sequence[Place]) -> str:
    return "is" if len(places) == 1 else "are"


def _step(place: Place) -> str:
    return "u" if place[1] in ("gamma", "beta") else "s"


def _steps(right: Place, wrong: Place, code: NetworkEvidence) -> str:
    """', which are G through W2 and the activation of layer 1'."""
    steps = []
    if wrong[0] < right[0]:
        steps.append(f"G through {code.names[wrong[0] + 1].get('W', 'W')}")
        steps.append(f"the activation of layer {wrong[0] + 1}")
    if _step(wrong) == "s" and "gamma" in code.layers[wrong[0]]:
        steps.append(f"the batch normalisation of layer {wrong[0] + 1}")
    return f" ({', '.join(steps)}, or the line of {code.names[wrong[0]][wrong[1]]} itself)" if steps else ""


def backward_order(code: NetworkEvidence) -> list[Place]:
    """All tensors as backward comes to them."""
    found: list[Place] = []
    for layer in reversed(range(len(code.layers))):
        found += [(layer, role) for role in ("beta", "gamma", "b", "W") if role in code.layers[layer]]
    return found
