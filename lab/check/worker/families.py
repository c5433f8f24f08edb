"""Which functions of a file belong together: a gradient function, the forward and the cost it goes with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

from .counts import CLASSES, DIMENSIONS, HIDDEN
from .functions import Family, name_of
from .holders import holders, keyed
from .letters import letter_stores
from .named import named_stores
from .patches import patch_stores
from .roles import Role, key_letter, plain, role, stripped, tensor, words_of
from .scopes import Scope, arrays_read
from .source import (
    called,
    is_octave,
    returned,
    returns_dict,
    role_in,
    signature,
    text,
    words,
)
from .values import Function
from .world import STYLES, VECTOR, Store

GRADIENT = r"grad|backward|backprop|backpass|bprop|bptt|backpropagat|bwd"
NUMERICAL = (
    r"num|torch|autograd|check|test|compar|central|finite|descent|clip|plot|print|error|differ"
    r"|relative|update|train|fit|^(zero|reset|clear)"
)
FORWARD = r"forward|evaluateclassifier|applynetwork|feedforward|evaluate|classif|fprop|applynet|predict|fwd|think|query"
COST = r"cost|loss|objective|crossentropy|computej|energy|^j$|mse|likelihood|^nll|nll$|squarederror"
SLOPE = r"deriv|prime|slope|delta|^d(cost|loss|j)"
OTHER = r"accura|acc$|plot|train|batch|fit|init|montage|print|test|search|histor|update|show|load|read|curve|schedul"


def is_gradient_name(name: str) -> bool:
    """compute_gradients, BackwardPass ... and not ComputeGradsNum."""
    low = plain(name).replace("numpy", "")
    return bool(re.search(GRADIENT, low)) and not re.search(NUMERICAL, low)


def functions_of(namespace: Any) -> dict[str, Function]:
    """The functions of a file and those it imports from the student's other files, by name."""
    return {
        name: value
        for name, value in vars(namespace).items()
        if callable(value) and not isinstance(value, type) and not name.startswith("__") and _is_students(value)
    }


def _is_students(value: Any) -> bool:
    module = getattr(value, "__module__", None) or ""
    installed = re.match(r"(numpy|scipy|matplotlib|gradlab_student|torch)(\.|$)", module)
    return (isinstance(value, FunctionType) and not installed) or "nargout" in (
        *vars(type(value)),
        *getattr(value, "__dict__", ()),
    )


def roles_of(function: Function) -> set[Role]:
    """The roles of its arguments."""
    return {role_in(function, p.name) for p in signature(function)}


UNROLLED = r"(return|grad\w* *=).*(concatenate|hstack|\br_\[|append)\b|grad\w* *= *\[ *\w+\(:\)"  # into one vector
ONES = r"\bones(_like)?\("  # in code that puts a 1 to its inputs: its weights hold the biases
LOSS_FIRST = r"[jfelc]|nll|ce|obj\w*|err(or)?|fx|fval"  # what a function may call a loss that it gives before gradients
GRADIENTS = r"grads?|gradients?|g|gs|df|(d|g|grad)([wb]|theta)\d*"
PARAMETERS = {Role.W, Role.B, Role.NETWORK}


def gives_loss_and_gradient(name: str, function: Function, own: bool = False) -> bool:
    """softmax_loss(x, y), net.loss(X, y), propagate(w, b, X, Y): does it return a loss, and a gradient beside it?"""
    names = returned(function)
    told = Role.LABELS in roles_of(function) or is_of_vector(function)
    if not told or len(names) < 2 or is_derivative(name, function):
        return False
    if not re.search(r"loss|cost|svm|softmax", plain(name)) or re.search(OTHER, plain(name)):
        loss = any(re.fullmatch("j|.*(cost|loss)", plain(n)) for n in names)
        loss = loss or re.fullmatch(LOSS_FIRST, plain(names[0])) is not None
        gradient = any(re.fullmatch(GRADIENTS, plain(n)) for n in names)
        return loss and gradient and not re.search(rf"{OTHER}|{NUMERICAL}", plain(name))
    loss_alone = re.search(r"softmax|svm|hinge|entropy", plain(name)) or re.search(UNROLLED, text(function))
    if returns_dict(function):
        return True
    loss_alone = loss_alone or re.search(r"return +\w+ *, *[^\n]*(\.dot\(|@|matmul\(|einsum\()", text(function))
    return any((not n and loss_alone) or tensor(n).letter or re.search("grad", plain(n)) for n in names[1:])


def leaves_gradients(name: str, function: Function) -> bool:
    """forward(X, y), which fills self.gradients: is a method given the labels, and leaves gradients in its object?"""
    fills = re.search(r"self\.\w*grad\w*(\[.*\])? *\+?=[^=]|self\.\w*grad\w*\.update\(", text(function))
    told = {Role.X, Role.LABELS} <= roles_of(function) and not re.search(rf"{OTHER}|{NUMERICAL}", plain(name))
    return told and fills is not None and bool(returned(function))


def is_derivative(name: str, function: Function) -> bool:
    """costFunctionPrime(X, y): is it called a derivative, and gives gradients of weights?"""
    called = re.search(rf"({COST}).*({SLOPE})", plain(name)) or re.search(SLOPE, plain(name))
    return bool(called) and len(returned(function)) > 1 and all(tensor(n).letter for n in returned(function))


def gradient_of(thing: Any) -> Function | None:
    """The method of an object that gives gradients: one that takes labels before others."""
    methods = methods_of(thing)
    named = [f for name, f in methods.items() if is_gradient_name(name) or is_derivative(name, f)]
    named += [f for name, f in methods.items() if gives_loss_and_gradient(name, f, True)]
    named = named or [f for name, f in methods.items() if leaves_gradients(name, f)]
    named = named or [f for name, f in methods.items() if trains(name, f)]
    named.sort(
        key=lambda f: (
            Role.LABELS not in roles_of(f),
            bool(re.search("^(weight|bias|relu|softmax|bn)", plain(f.__name__))),
        )
    )
    return named[0] if named else None


def trains(name: str, function: Function) -> bool:
    """train(X, Y), fit(X, Y): may it hold the gradients between its lines, seen only as steps?"""
    named = re.fullmatch(
        r"(sgd|gd)?(train|fit|learn|partialfit|optimi[sz]e|update|step)(ing)?(model|network|net|step|"
        r"batch|onbatch|epoch|once|one|params|parameters|weights)?",
        plain(name),
    )
    return (
        bool(named)
        and Role.LABELS in roles_of(function)
        and bool(re.search(r"\w @ |dot\(|matmul|einsum", text(function)))
    )


def takes_labels(function: Function) -> bool:
    """Is it given labels?"""
    return Role.LABELS in roles_of(function)


def takes_all(function: Function) -> bool:
    """Is it given labels and parameters?"""
    roles = roles_of(function)
    return Role.LABELS in roles and bool(roles & PARAMETERS) and bool(roles & {Role.X, Role.P, Role.OTHER})


def takes_inputs_alone(gradient: Function) -> bool:
    """gradients(X), compute_gradients(X, W1, W2): is it given the inputs and no targets, as in an autoencoder?"""
    roles = roles_of(gradient)
    return Role.X in roles and not roles & {Role.LABELS, Role.GIVEN, Role.P, Role.OTHER}


def is_of_vector(function: Function) -> bool:
    """autoencoder_cost(theta, visible_size, hidden_size, data): does it give a vector of gradients, without labels?"""
    roles = roles_of(function)
    given = {Role.X, Role.NETWORK} <= roles and not roles & {Role.LABELS, Role.GIVEN, Role.P}
    return given and bool(re.search(UNROLLED, text(function)))


def needs_no_targets(namespace: Any, gradient: Function) -> bool:
    """Is it given inputs and parameters, no targets, and is there a cost in the file that needs none either?"""
    costs = [f for name, f in functions_of(namespace).items() if re.search(COST, plain(name)) and f is not gradient]
    alone = takes_inputs_alone(gradient) and bool(roles_of(gradient) & PARAMETERS)
    return alone and any(takes_inputs_alone(f) for f in costs)


def families(namespace: Any, gradient: Function, thing: Any = None) -> Iterator[list[Family]]:
    """The families a gradient function may belong to, in groups: only if none of one runs is the next looked at.
    A cost of the file's own is never given up for the course's because the gradients fit that one better.
    thing: the object, if the gradient function is a method; its methods come before the functions of the file."""
    every = (methods_of(thing) if thing is not None else {}) | {
        name: f for name, f in functions_of(namespace).items() if thing is None or role_free(f)
    }
    every |= costs_within(thing)
    others = {name: f for name, f in every.items() if f != gradient}
    own = thing is not None
    costs = _namesakes(_costs(others, gradient, own), gradient)
    forwards: list[Function | None] = [*_forwards(others, gradient, costs[:1], own)[:3], None]
    penalised = Role.LAMBDA in roles_of(gradient)
    fitting = [f for f in costs if (Role.LAMBDA in roles_of(f)) == penalised]
    rest = [f for f in costs if f not in fitting][:3]
    if gives_loss_and_gradient(name_of(gradient), gradient, own) and not is_gradient_name(name_of(gradient)):
        fitting = rest = []
    if own and leaves_gradients(name_of(gradient), gradient) and not is_gradient_name(name_of(gradient)):
        costs, fitting, rest, forwards = [], [], [], [None]
    together = _called_together(fitting, gradient, every)
    first: list[Function | None] = [*[f for f in fitting if f is not together][:3]]
    groups: list[list[Function | None]] = [[together], first] if together else [first, []]
    groups += [[*rest, None] if penalised else [*rest], [None]]
    flags = tuple(sorted(set().union(*map(_flags, functions_of(namespace).values()))))
    for group in groups:
        yield [Family(gradient, forward, cost, flags, priced=bool(costs)) for cost in group for forward in forwards]
    if not own and forwards == [None] and Role.P in roles_of(gradient):
        yield [Family(gradient, None, cost, flags, course=True) for cost in [*costs[:1], None]]


LOSSES = (  # words that tell one cost of a file from another
    r"mae|mse|l1|l2|huber|hinge|svm|bce|binary|softmax|sigmoid|logistic|linear|ridge|lasso|quadratic|squared|absolute|"
    r"penali[sz]ed|reg|regulari[sz](ed|ation)|kl|nll|poisson|\d+"
)


def _namesakes(costs: Sequence[Function], gradient: Function) -> Sequence[Function]:
    """Those of several costs that share a word with the gradients which the others do not have: compute_loss_mae() of
    compute_subgradient_mae(). All of them if none does: a gradient is never held against a cost that fits it better."""

    def marks(function: Function) -> set[str]:
        return {w for w in words_of(name_of(function)) if re.fullmatch(LOSSES, w)}

    shared = [f for f in costs if marks(f) & marks(gradient)]
    return shared if shared and len(shared) < len(costs) else costs


def _called_together(costs: Sequence[Function], gradient: Function, every: Mapping[str, Function]) -> Function | None:
    """The one of several costs that a function of the file calls beside the gradients, and no other of them; None if
    there is no such."""
    found = {
        name_of(ours[0]): ours[0]
        for f in every.values()
        if name_of(gradient) in (names := called(f))
        if len(ours := [cost for cost in costs if name_of(cost) in names]) == 1
    }
    return next(iter(found.values())) if len(found) == 1 and len(costs) > 1 else None


def takes_cache(namespace: Any, gradient: Function) -> bool:
    """Is it given labels and what forward kept, parameters and all: L_model_backward(AL, Y, caches), perhaps X too?"""
    roles = roles_of(gradient)
    if Role.LABELS not in roles or Role.OTHER not in roles or roles & PARAMETERS:
        return False
    forwards = [f for name, f in functions_of(namespace).items() if re.search(FORWARD, plain(name))]
    return any(Role.X in roles_of(f) and Role.NETWORK in roles_of(f) for f in forwards)


def takes_kept(namespace: Any, gradient: Function) -> bool:
    """Is it given parameters and what a forward kept that was told the labels: backward(cache, params)?"""
    roles = roles_of(gradient)
    if Role.LABELS in roles or not roles & {Role.OTHER, Role.GIVEN} or not roles & PARAMETERS:
        return False
    return any(_is_forward_with_loss(name, f) for name, f in functions_of(namespace).items() if f is not gradient)


def _is_forward_with_loss(name: str, function: Function) -> bool:
    """forward(X, Y, params), which returns a loss beside what it kept?"""
    loss = any(re.fullmatch("j|.*(cost|loss)", plain(n)) for n in returned(function))
    loss = loss or re.search(r"return \(?(\w*loss|cost|J) */ *\w|return .*\blog\(", text(function)) is not None
    roles = roles_of(function)
    told = {Role.X, Role.LABELS} <= roles and bool(roles & PARAMETERS)
    return loss and told and bool(re.search(FORWARD, plain(name)))


def globals_read(namespace: Any, gradient: Function) -> frozenset[str]:
    """The globals with arrays that a gradient function, a forward or a cost of the file reads: its parameters, if it is
    given none."""
    others = [f for name, f in functions_of(namespace).items() if re.search(rf"{FORWARD}|{COST}", plain(name))]
    return frozenset().union(*(arrays_read(namespace, f) for f in (gradient, *others)))


def has_parameters(family: Family) -> bool:
    """Is one of the functions given parameters, and gradients of them asked for?"""
    roles = roles_of(family.gradient)
    if roles & PARAMETERS or family.forward is None:
        return bool(roles & PARAMETERS)
    alone = gives_loss_and_gradient(name_of(family.gradient), family.gradient)
    cached = Role.X not in roles or Role.OTHER in roles
    return bool(roles_of(family.forward) & PARAMETERS) and cached and not alone


def _flags(function: Function) -> set[str]:
    """Keys and fields of parameters that switch batch normalisation on: 'use_bn' of NetParams['use_bn']."""
    found = {word for word in words(function) if re.fullmatch(r"(use|do|with)?(bn|batchnorm)(flag)?", plain(word))}
    return {word for word in found if re.search(rf"\[['\"]{word}['\"]\]|\w\.{word}\b(?! *[.({{])", text(function))}


def methods_of(thing: Any) -> dict[str, Function]:
    """The methods of an object; of a scope, the functions in it."""
    if isinstance(thing, Scope):
        return {k: v for k, v in vars(thing).items() if isinstance(v, FunctionType) and _is_students(v)}
    names = [name for kind in type(thing).__mro__[:-1] for name in vars(kind) if not name.startswith("__")]
    found = {name: method for name in names if callable(method := getattr(thing, name, None))}
    if callable(thing) and not any(re.search(FORWARD, plain(name)) for name in found):
        found["forward"] = thing.__call__
    return found


def costs_within(thing: Any) -> dict[str, Function]:
    """The functions of labels and outputs in what an object keeps as its cost, as cost_fn of CrossEntropyCost."""
    kept = {k: v for k, v in getattr(thing, "__dict__", {}).items() if re.search(COST, plain(k)) and callable(v)}
    return {
        f"{name}_{key}": f
        for name, kind in kept.items()
        for key in dir(kind)
        if isinstance(kind, type) and isinstance(f := getattr(kind, key), FunctionType)
        if takes_labels(f) and not re.search(f"{SLOPE}|{GRADIENT}", plain(key)) and not key.startswith("__")
    }


def role_free(function: Function) -> bool:
    """Could a method of an object go with this function of the file: is it given no weights one by one?"""
    return not roles_of(function) & {Role.W, Role.B}


def loss_of(namespace: Any, thing: Any = None) -> Function | None:
    """The function for the data's part of a cost: compute_loss(P, Y)."""
    every = functions_of(namespace) | (methods_of(thing) if thing is not None else {})
    for name, f in every.items():
        if re.search("loss|crossentropy", plain(name)) and Role.LABELS in roles_of(f) and not is_gradient_name(name):
            return f
    return None


def _takes_data(function: Function, own: bool) -> bool:
    return own and not [p for p in signature(function) if p.default is p.empty]


def _costs(others: Mapping[str, Function], gradient: Function, own: bool) -> list[Function]:
    chained = any(re.search("loss|crossentropy", plain(n)) and Role.LABELS in roles_of(f) for n, f in others.items())
    asks_nothing = own and not [p for p in signature(gradient) if p.default is p.empty]
    untold = takes_inputs_alone(gradient)
    found = [
        (name, f)
        for name, f in others.items()
        if (
            re.search(COST, plain(name))
            or (own and _gives_loss(name, f))
            or _is_forward_with_loss(name, f)
            or plain(name) in stripped(plain(name_of(gradient)))
        )
        and not re.search(rf"{GRADIENT}|{OTHER}|{SLOPE}|numeric|torch", plain(name))
        and (
            Role.LABELS in roles_of(f)
            or _takes_data(f, own)
            or (chained and _takes_loss(f))
            or untold
            or (asks_nothing and takes_inputs_alone(f))
        )
        and (roles_of(f) & (PARAMETERS | {Role.P, Role.OTHER, Role.X, Role.GIVEN}) or own)
    ]
    wanted = roles_of(gradient)

    def rank(item: tuple[str, Function]) -> tuple[int, ...]:
        name, f = item
        roles = roles_of(f)
        return (
            -_kinship(name, gradient),
            -int((Role.LAMBDA in roles) == (Role.LAMBDA in wanted)),
            -int("cost" in plain(name)),
            -int(bool(roles & PARAMETERS)),
        )

    return [f for _, f in sorted(found, key=rank)]


def _gives_loss(name: str, function: Function) -> bool:
    """Is it a method of a loss: forward(y_pred, y_true), or calculate(output, y), which takes the mean of it?"""
    return bool(re.search(rf"{FORWARD}|^(calc|calculate|compute|mean)$", plain(name))) and takes_labels(function)


def _takes_loss(function: Function) -> bool:
    return any(re.search("loss|crossentropy", plain(p.name)) for p in signature(function))


def _forwards(
    others: Mapping[str, Function], gradient: Function, costs: Sequence[Function], own: bool
) -> list[Function]:
    told = not roles_of(gradient) & {Role.LABELS, Role.X}  # by what forward kept
    found = [
        (name, f)
        for name, f in others.items()
        if ((Role.X in roles_of(f) and (own or roles_of(f) & PARAMETERS)) or _is_forward(name, f, own))
        and (
            own
            or told
            or _is_forward_with_loss(name, f)
            or Role.LABELS not in {role(p.name) for p in signature(f) if p.default is p.empty}
        )
        and not re.search(rf"{GRADIENT}|{COST}|{OTHER}|^(step|sgd|gd)", plain(name).removeprefix("forwardbatch"))
    ]
    calls = set().union(*(called(f) for f in (gradient, *costs)))

    def rank(item: tuple[str, Function]) -> tuple[int, ...]:
        name, f = item
        forward = re.search(FORWARD, plain(name)) and not (own and re.search("predict", plain(name)))
        return (
            -int(not own or hasattr(f, "__self__")),
            -_kinship(name, gradient),
            -int(bool(forward)),
            -int(name in calls),
        )

    return [f for _, f in sorted(found, key=rank)]


def _is_forward(name: str, function: Function, own: bool) -> bool:
    wanted = [p for p in signature(function) if p.default is p.empty]
    return own and bool(re.search(FORWARD, plain(name))) and len(wanted) <= 2


def _kinship(name: str, gradient: Function) -> int:
    """Do two names share what tells one family of a file from another: bn, momentum, 2, svm ...?"""

    def marks(text: str) -> set[str]:
        return set(re.findall(r"bn|batchnorm|svm|hinge|bce|sigmoid|multiple|klayer|\d+|vec|naive|loop", plain(text)))

    own, other = marks(getattr(gradient, "__name__", "")), marks(name)
    return len(own & other) - len(own ^ other)


# How are the parameters kept?


def stores(family: Family) -> list[Store]:
    """The ways in which these functions may keep their parameters, likely ones first."""
    functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
    found = _stores(family, functions)
    ones = any(re.search(ONES, text(f)) for f in functions)
    found += [replace(s, ones=1) for s in found if _holds_biases(s, ones)]
    if not is_octave(family.gradient):
        return found
    down = any(re.search(r"\{ *\w+ *, *1 *\}", text(f)) for f in functions)
    others = [
        replace(s, column=not down) for s in found if s.lists or s.style in ("dict of lists", "lists in attributes")
    ]
    return [*(replace(s, column=down) for s in found), *others]


def _holds_biases(store: Store, ones: bool) -> bool:
    """May the weights hold the biases? ones: do the functions make some?"""
    plain_store = type(store) is Store and not (store.biases or store.norms)
    return plain_store and (ones or (store.style == VECTOR and store.depth == 1))


def _stores(family: Family, functions: Sequence[Function]) -> list[Store]:
    vectors = [] if family.course else list(_vectors(family.gradient))  # the course's network has a W of two axes
    found = _shaped(family, functions)
    return (
        [*vectors, *found] if vectors and vectors[0].keys[0][1] != vectors[0].keys[0][1].upper() else [*found, *vectors]
    )


def _vectors(gradient: Function) -> Iterator[Store]:
    """All parameters in one vector, theta, where a function has a single argument for them."""
    own = [p.name for p in signature(gradient) if role_in(gradient, p.name) in PARAMETERS]
    if len(own) != 1 or own[0] in keyed(gradient) or re.search(rf"\b{own[0]}\.\w+", _unshaped(gradient)):
        return
    sized = any(re.fullmatch(f"{HIDDEN}|{DIMENSIONS}", plain(p.name)) for p in signature(gradient))
    classes = not sized and any(re.fullmatch(CLASSES, plain(p.name)) for p in signature(gradient))
    yield Store(2 if sized else 1, biases=False, style=VECTOR, keys=(("W", own[0]),), classes=classes)


def _unshaped(function: Function) -> str:
    """The text without what only looks at an array."""
    return re.sub(r"\.(T|shape|size|reshape|ravel|flatten|copy|dot|astype|ndim|sum)\b", "", text(function))


def _shaped(family: Family, functions: Sequence[Function]) -> list[Store]:
    """Stores in which every layer has its own tensors."""
    held = holders(functions)
    if patches := list(patch_stores(functions, held)):
        return list(patches)
    if lettered := list(letter_stores(functions)):
        return list(lettered)
    if named := list(named_stores(functions)):
        return list(named)
    weights, biases = held.get("W", []), "b" in held
    if family.course:  # the bias is no argument of ComputeGradients(X, Y, P, W, lambda)
        biases = any(tensor(name).letter == "b" for name in returned(family.gradient))
    if not weights or any(Role.NETWORK in roles_of(f) for f in functions):
        return [replace(store, flags=family.flags) for store in _networks(functions, held)]
    norms = any(letter in held for letter in ("gamma", "beta"))
    if len(weights) > 1:
        return list(_normed(Store(len(weights), biases=biases), norms))
    single = Store(1, biases=biases)
    lists = [s for d in (3, 2, 1) for s in _normed(Store(d, biases=biases, lists=True), norms)]
    if norms:
        return lists
    return [*lists, single] if _looks_listed(weights[0], functions) else [single, *lists]


def _normed(store: Store, norms: bool) -> Iterator[Store]:
    if norms:
        yield replace(store, norms=store.depth - 1)
        yield replace(store, norms=store.depth)
    yield store


def _looks_listed(name: str, functions: Sequence[Function]) -> bool:
    """Does the text treat the argument as a list of arrays?"""
    if re.fullmatch(r"(ws|weights|.*list)", plain(name)):
        return True
    pattern = rf"\b{name}\[(\w+|-1)\]|len\({name}\)|in {name}:|enumerate\({name}|zip\({name}|\b{name}\{{"
    return any(re.search(pattern, text(f)) for f in functions)


def _networks(functions: Sequence[Function], held: Mapping[str, list[str]]) -> Iterator[Store]:
    used = [word for f in functions for word in sorted(words(f))]
    keys = {letter: list(dict.fromkeys(_bases(letter, used))) for letter in ("W", "b", "gamma", "beta")}
    numbers = [int(m[1]) for w in used if key_letter(w) == "W" and (m := re.search(r"(\d+)$", w))]
    numbered = bool(numbers)
    base = min(numbers) if numbers else 1
    depth = max(numbers) - base + 1 if numbers else 0
    norms = bool(keys["gamma"] or "gamma" in held)
    plain_first = norms and not re.search(r"gamma|bn|batchnorm", plain(" ".join(words(functions[0]))))
    biases = bool(keys["b"]) or not keys["W"]
    styles = STYLES if numbered else (*STYLES[1:3], "single", STYLES[0], *STYLES[3:])
    if any(_looks_like_cell(f) for f in functions):
        styles = ("flat list", *styles)
    for style in dict.fromkeys(styles):
        for count in dict.fromkeys([1] if style == "single" else [depth, 2, 3, 1] if depth else [3, 2, 1]):
            for names in _spellings(keys):
                for start in (base, 0) if style in ("flat", "attributes") and not numbered else (base,):
                    found = list(_normed(Store(count, 0, biases, style, names, start), norms))
                    yield from found[::-1] if plain_first else found


def _looks_like_cell(function: Function) -> bool:
    """Are the parameters a cell: theta{1, 2}?"""
    names = [p.name for p in signature(function) if role(p.name) is Role.NETWORK]
    return is_octave(function) and any(re.search(rf"\b{name}\{{", text(function)) for name in names)


def _bases(letter: str, used: Sequence[str]) -> Iterator[str]:
    for word in used:
        if key_letter(word) == letter:
            yield re.sub(r"\d+$", "", word)


def _spellings(keys: Mapping[str, list[str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Keys of the letters; where several are seen each of the first two of the weights with what looks like it."""

    def like(letter: str, w: str) -> str:
        options = keys[letter]
        if not options:
            return {"b": "b", "gamma": "gamma", "beta": "beta"}[letter]
        plural = w.endswith("s")
        return min(options, key=lambda o: (o.endswith("s") != plural, abs(len(o) - len(w))))

    for w in (keys["W"] or ["W"])[:3]:
        yield (("W", w), *((letter, like(letter, w)) for letter in ("b", "gamma", "beta")))
