"""The world in which a family of functions runs: tried out, and where several run, chosen by what they mean."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from . import reference
from .binding import Binder, UnfilledError
from .construct import Making, network_makers, new
from .conv_stores import Picture, conv_worlds, small_pictures
from .costs import squares
from .effort import Budget
from .errors import CodeError, GuessError, NothingToCheckError
from .families import families, has_parameters, is_of_vector, loss_of, methods_of, roles_of, stores
from .functions import Family, FunctionCode, agreement, name_of, right_slopes
from .holders import holders
from .letters import letter_stores
from .live import Nothing
from .octave import OctaveError
from .pictures import picture_worlds, row_worlds
from .recipes import fillings
from .roles import Role, key_letter, one_hot_first, role
from .source import indexes_with, signature, subtracted, text
from .state import State
from .values import Function
from .world import LAYOUTS, LINE, SINGLE, VECTOR, Store, World, build, plain_world, token_world

ENCODINGS = {"Y": ("one-hot", "ints", "row", "turned"), "y": ("ints", "row", "one-hot", "column")}
PICTURES = tuple(small_pictures())
SMALL = (5, 6, 4, 8, 9, 10, 12)  # inputs, then hidden units; no number twice
LARGE = ((5, 6, 4, 10), (3072, 50, 20, 10), (784, 50, 20, 10), (5, 50, 20, 10))
BINARY = 1 + len(LARGE)  # the place of a single output among the sizes
NOTHING = 1e-7  # a slope that is no larger says nothing of the gradient that agrees with it
OF_SIZES = r"nonconformant|dimension|out of bound|reshape|mismatch"  # in errors of Octave that another size may cure
MATRICES = r"\bmatrix\(|\bmat\(|asmatrix|matlib"  # in files that work with np.matrix
SIGNS = r"hinge|margin|\b1(\.0*)? *- *y\w*(\[\w+\])? *\*|exp\( *- *y\w*(\[\w+\])? *\*"  # in code for labels 1 and -1
LOGS = r"log\(\(?\s*1(\.0*)?\s*-|log1p\(\s*-|sigmoid|expit"  # of the cross entropy of a single output


@dataclass
class Tried:
    """What became of the tries: how far the best one came, and why it ended there; sized: may another size help?
    doubtful: the best of those whose J is finite only where all parameters are small, and no gradient is right;
    hopeless: functions with parameters kept in a way that no layout makes run."""

    stage: int = -1
    error: BaseException | None = None
    one: "Try | None" = None
    best: tuple[Any, FunctionCode] | None = None
    doubtful: tuple[Any, FunctionCode] | None = None
    sized: bool = False
    hopeless: set[tuple[Family, Store]] = field(default_factory=set)

    def failed(self, stage: int, error: BaseException, one: "Try") -> None:
        """Keep the try that came furthest, and its error."""
        self.sized |= of_sizes(error)
        if stage > self.stage:
            self.stage, self.error, self.one = stage, error, one


def of_sizes(error: BaseException) -> bool:
    """Might code that raises this run with arrays of other shapes?"""
    if isinstance(error, OctaveError):
        return bool(re.search(OF_SIZES, str(error)))
    return isinstance(error, ValueError | IndexError | AssertionError | ArithmeticError | CodeError) and not isinstance(
        error, UnfilledError
    )


def sizes(depth: int, n: int) -> Iterator[tuple[int, ...]]:
    """Sizes of the input and of every layer: small ones that all differ, then those that courses write into code."""
    free = [size for size in SMALL if size != n]
    yield (*free[:depth], 3 if n != 3 else 7)
    for d, first, second, k in LARGE:
        hidden = (first, second, 15, 12, 11)[: depth - 1]
        yield (d, *hidden, k)
    yield (*free[:depth], 1)  # one output, labels 0 and 1


@dataclass(frozen=True)
class Try:
    """One thing to try."""

    family: Family
    world: World
    binder: Binder
    state: State | None = None
    layer: bool = False


def too_large(shape: tuple[int, ...], square: bool) -> bool:
    """Are square weights of these sizes more than is worth a try? No course has a hidden layer as wide as a picture."""
    return square and shape[0] > max(SMALL)


def squared(shape: tuple[int, ...]) -> tuple[int, ...]:
    """All sizes that of the input: a W that is transposed on the way back runs only with these."""
    return (shape[0],) * len(shape)


def evened(shape: tuple[int, ...]) -> tuple[int, ...]:
    """All hidden layers as wide as the first: a W between two of them may be transposed, and those at the ends still
    tell which gradient is whose."""
    return (shape[0], *(shape[1:2] * (len(shape) - 2)), shape[-1])


def find(namespace: Any, gradient: Function, n: int, rng: Any, pictures: Sequence[Picture] = PICTURES) -> FunctionCode:
    """The code of a gradient function, in the most fitting world. pictures: the networks with convolutions that it may
    be. Raises the error that came furthest."""
    seed, budget = int(rng.integers(1 << 31)), Budget()
    binder, told = Binder({"Y": "one-hot", "y": "ints"}, loss=loss_of(namespace)), None

    def tries(size: int, group: list[Family]) -> Iterator[Try]:
        yield from own_network(namespace, group, size, n, seed, binder, budget)
        for family in group if size == 0 else ():
            with budget.resting():
                found = conv_worlds(family, pictures, n, seed)
            yield from (Try(family, world, binder) for world in found)
        for family, world in worlds(group, n, size, seed):
            yield Try(family, world, binder)

    ways = {False, bool(re.search(MATRICES, text(namespace)))}
    for matrices in sorted(ways, reverse=bool(re.search(MATRICES, text(gradient)))):
        binder.matrices = matrices
        try:
            code = search(lambda: families(namespace, gradient), tries, budget, is_binary(namespace))
            break
        except GuessError as error:
            told, budget = told or error, Budget()
    else:
        assert told is not None
        raise told
    return singly(code, lambda: find(namespace, gradient, 1, rng, pictures)) if n > 1 else code


def singly(code: FunctionCode, again: Callable[[], FunctionCode]) -> FunctionCode:
    """The same with a single example, if its gradients have the right shapes only then: code for one column vector."""
    missing = any(slot.name not in code.found.fits for slot in code.slots) or _reads_first(code)
    if not (missing if code.layer else 0 in code.found.fits.values()):
        return code
    try:
        one = again()
        if not one.layer and _takes_batches(code, one):
            return code
    except Exception:
        return code
    if 0 in one.found.fits.values() or (one.layer and agreement(one) < len(one.slots)):
        return code
    one.single = True
    one.notes += ("it takes one example at a time",)
    one.world = replace(one.world, fixed=True)
    return one


def _takes_batches(code: FunctionCode, one: FunctionCode) -> bool:
    """Is it code for a batch, which has a wrong shape? Its J, or the J that its gradients fit, is a mean over examples.
    one: the same with a single example."""
    return _averages(one) if one.penalty is None else bool(agreement(code)) and _averages(code)


def _averages(code: FunctionCode) -> bool:
    """Is J a mean over examples: the same if every one comes twice?"""
    world = code.world
    twice = code.moved_to(replace(world, x=np.repeat(world.x, 2, axis=0), y=np.repeat(world.y, 2)))
    return bool(np.isclose(twice.cost(code.params), code.cost(code.params), rtol=1e-9))


def is_binary(namespace: Any) -> bool:
    """May a network of the file have a single output: does it take the cross entropy of probabilities that stand alone,
    squares or a margin, or a sigmoid?"""
    return bool(re.search(rf"{LOGS}|\*\* *2|square\(|{SIGNS}", text(namespace)))


def _reads_first(code: FunctionCode) -> bool:
    """Does a layer read the first example only, and makes a batch other numbers than its examples one by one?"""
    functions = [f for f in (code.family.forward, code.family.gradient) if f is not None]
    first = r"\w(?<!\.shape)\[0\]"  # x.shape[0] is the size of the batch
    if not code.layer or "x" not in code.params or not any(re.search(first, text(f)) for f in functions):
        return False
    x = code.params["x"]
    try:
        alone, other = (code.output({**code.params, "x": x[i : i + 1]}) for i in (0, 1))
    except Exception:
        return False
    constant = np.allclose(alone, other)  # batch normalisation of one example: nothing can be told from it
    return not constant and not np.allclose(alone, np.asarray(code.out)[:1])


class Holder:
    """Has the student's own object or dict of parameters as an attribute."""

    def __init__(self, network: Any) -> None:
        self.network = network


def own_network(
    namespace: Any, group: list[Family], size: int, n: int, seed: int, binder: Binder, budget: Budget
) -> Iterator[Try]:
    """Tries in which the parameters are in what the file makes: an object of a class, a dict of an initialiser."""
    if not any(Role.NETWORK in roles_of(family.gradient) for family in group) or list(
        letter_stores([group[0].gradient])
    ):
        return
    for maker in network_makers(namespace):
        for depth, square, listed, layout in product((3, 2, 1), (False, True), (False, True), LAYOUTS[:2]):
            if budget.over:
                return
            shape = list(sizes(depth, n))[size]
            if too_large(shape, square):
                continue
            world = plain_world(layout, squared(shape) if square else shape, n, np.random.default_rng(seed))
            try:
                network = new(maker, world, binder, listed)
                plain = isinstance(network, dict | list | tuple)
                if not plain and not hasattr(network, "__dict__"):
                    continue  # make_matrix(F, n) makes no network
                state = State(Holder(network) if plain else network)
                state.making = Making(maker, world, binder, listed)
            except Exception:
                continue
            own_families = group if plain else next(families(namespace, group[0].gradient, network))
            functions = [f for family in own_families for f in (family.gradient, family.forward) if f is not None]
            for suited in suited_worlds(world, state, functions, n, np.random.default_rng(seed)):
                for family in own_families:
                    own = binder.copy()
                    own.network = lambda state=state, plain=plain: state.thing.network if plain else state.thing
                    own.made_with = state.making.given()
                    yield Try(family, suited, own, state)


def suited_worlds(world: World, state: State, functions: list[Function], n: int, rng: Any) -> list[World]:
    """The worlds that suit an object: those of images, if it takes images."""
    made = state.making.made
    numbers = [*state.making.given().values(), *(p.default for p in signature(made))]
    arrays = [np.asarray(group[0].get()) for group in state.groups()]
    if tokens := list(token_worlds(arrays, numbers, functions, n, rng)):
        return tokens
    if rows := list(row_worlds(arrays, numbers, functions, n, rng)):
        return rows
    pictures = list(picture_worlds(arrays, numbers, functions, n, rng))
    return pictures or [replace(measured(world, state, n, rng), signs=takes_signs(functions))]


def takes_signs(functions: Iterable[Function]) -> bool:
    """Do functions take labels 1 and -1: hinge(y * score), log(1 + exp(-y * score))?"""
    return any(re.search(SIGNS, text(f)) for f in functions)


def token_worlds(
    arrays: list[Any], numbers: Iterable[Any], functions: list[Function], n: int, rng: Any
) -> Iterator[World]:
    """The worlds for functions that look up rows by the numbers in X: X (n,), or (n, c) with c one of these numbers."""
    inputs = [(f, p.name) for f in functions for p in signature(f) if role(p.name) is Role.X]
    matrices = [a.shape for a in arrays if a.ndim > 1 and min(a.shape) > 1]
    if not matrices or not any(indexes_with(f, name) for f, name in inputs):
        return
    rows, classes = min(map(min, matrices)), min(matrices[-1])
    widths = [c for c in numbers if type(c) is int and 1 < c <= 12]
    for shape in ((n,), *((n, c) for c in dict.fromkeys([*widths, 3]))):
        yield token_world(shape, rows, classes, rng)


def measured(world: World, state: State, n: int, rng: Any) -> World:
    """With the sizes that the object's own weights have, should they be others than it was asked for; with x to be
    moved, if it has no weights."""
    matrices = [(group[0].path, v) for group in state.groups() if np.ndim(v := group[0].get()) == 2]
    weights = [v for path, v in matrices if min(v.shape) > 1 or (max(v.shape) > 1 and _is_weights(path))]
    vectors = [v for group in state.groups() if np.ndim(v := group[0].get()) == 1 and _is_weights(group[0].path)]
    if not weights and len(vectors) == 1 and vectors[0].size > 1:  # of a single output
        return plain_world(world.layout, (vectors[0].size, 1), n, rng)
    if not weights:
        return plain_world(world.layout, (world.sizes[-1], world.sizes[-1]), n, rng, moves_x=True)
    first, last = weights[0].shape, weights[-1].shape
    d, k = (first[1], last[0]) if world.layout.outputs_first else (first[0], last[1])
    if (d, k) == (world.sizes[0], world.sizes[-1]):
        return world
    return plain_world(world.layout, (d, *world.sizes[1:-1], k), n, rng)


def with_probabilities(world: World, family: Family) -> World:
    """With probabilities for x, if x is all that is moved and the family takes the logarithm of it."""
    functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
    owners = [type(thing) for f in functions if (thing := getattr(f, "__self__", None)) is not None]
    said = " ".join(map(text, [*functions, *owners]))
    logs = re.search(r"\blog\w*\(", said) and not re.search(r"exp\(|softmax\(|sigmoid\(", said)
    moves = [slot.letter for slot in world.slots] == ["x"]
    return world.shared() if moves and logs else world


def _is_weights(path: str) -> bool:
    return key_letter((re.findall(r"[A-Za-z_]\w*", path) or [""])[-1]) == "W"


def search(groups: Any, tries: Any, budget: Budget | None = None, binary: bool = False) -> FunctionCode:
    """The best of what was tried. groups: each looked at only if nothing of the one before runs; tries: of a size and a
    group; binary: may the network have a single output? Raises the error of the try that came furthest."""
    tried, budget = Tried(), budget or Budget()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for group in groups():
            for size in _in_order(binary):
                for prior, one in enumerate(tries(size, group)):
                    if one.state is None and (one.family, one.world.store) in tried.hopeless:
                        continue
                    if not budget.use() or _try(one, prior, tried):
                        break
                if tried.best is not None and (tried.best[0][0] == 0 or tried.best[1].layer):
                    if size == 0 and binary and 0 in tried.best[1].found.fits.values():
                        continue
                    break  # every parameter has a gradient, or will have none at other sizes either
                if budget.over or (tried.one is not None and not tried.sized):
                    break
            if tried.best is not None:
                return _said(tried.best[1])
    if tried.doubtful is not None:
        return _said(tried.doubtful[1])
    if tried.error is not None:
        raise GuessError(tried.one, tried.error) from tried.error
    raise CodeError("there is no way to call it")


def _in_order(binary: bool) -> list[int]:
    """The sizes to try: small ones, a single output, large ones."""
    return [0, *([BINARY] if binary else []), *range(1, 1 + len(LARGE))]


def worlds(group: Iterable[Family], n: int, size: int, seed: int) -> Iterator[tuple[Family, World]]:
    """Worlds for functions that are given their parameters."""
    for family in group:
        if not has_parameters(family):
            k = SMALL[1]
            for layout in LAYOUTS[:2]:
                rng = np.random.default_rng(seed)
                yield (
                    replace(family, forward=None, cost=None),
                    with_probabilities(plain_world(layout, (k, k), n, rng, moves_x=True), family),
                )
            continue
        functions = [f for f in (family.gradient, family.forward, family.cost) if f is not None]
        named = holders(functions)
        for store, alike in product(stores(family), (None, evened, squared)):
            if alike and (size or store.depth < (3 if alike is evened else 2)):
                continue
            alone = store.depth == 1 and store.biases and not store.style and size == BINARY
            for layout in (*LAYOUTS, SINGLE, LINE) if alone else LAYOUTS:
                if not store.biases and not store.norms and layout.bias != "column" and store.style != VECTOR:
                    continue
                shape = list(sizes(store.depth, n))[size]
                shape = alike(shape) if alike else shape
                if store.style == VECTOR and store.depth > 1 and is_of_vector(family.gradient):
                    shape = (*shape[:-1], shape[0])  # an autoencoder
                if store.style == VECTOR and store.depth == 1 and not store.classes:
                    shape = (shape[0], 1)
                if layout is LINE:
                    shape = (1, 1)
                world = build(layout, store, shape, named, n, np.random.default_rng(seed))
                yield family, replace(world, signs=takes_signs(functions))


def _try(one: Try, prior: int, tried: Tried) -> bool:
    """Try one world with every encoding of labels; True if everything fits."""
    family, world, sized = one.family, one.world, False
    for count, encodings in enumerate(_encodings(family)):
        binder = one.binder.copy()
        binder.encodings = encodings
        binder.learn_arguments((family.forward, family.gradient, family.cost, binder.loss))
        outputs, unknown = None, set()
        try:
            with one.state.holding({}) if one.state is not None else Nothing():
                if one.state is not None:
                    one.state.reset()
                outputs = family.outputs(binder, world, world.values)
                if one.layer and outputs is not None:
                    binder.cotangent = outputs.array(len(outputs.handed(family.gradient)))
                for function in (family.gradient, family.cost):
                    if function is not None:
                        unknown |= set(binder.unknown(function, outputs, world))
        except NothingToCheckError:
            raise
        except Exception as error:
            tried.failed(0 if outputs is None else 1, error, replace(one, binder=binder))
            sized |= of_sizes(error)
            continue
        given = [p.name for p in signature(family.forward)] if family.forward is not None else []
        for fill in fillings(sorted(unknown), outputs, given):
            try:
                if one.state is not None:
                    one.state.reset()
                code = FunctionCode(family, world, binder.copy(), fill, one.state and one.state.copy(), one.layer)
                complete = _judge(code, (prior, count), tried)
            except NothingToCheckError:
                raise
            except Exception as error:
                tried.failed(2, error, replace(one, binder=binder))
                sized |= of_sizes(error)
            else:
                sized = True
                if complete:
                    return True
    if not sized and world.store.depth and world.layout is not LINE:  # a layer's x has other shapes with the same store
        tried.hopeless.add((family, world.store))
    return False


def _encodings(family: Family) -> Iterable[dict[str, str]]:
    """The encodings of labels to try: one-hot first for what is called Y, or subtracted and no index."""
    labels = [
        (f, p.name)
        for f in (family.gradient, family.cost, family.forward)
        if f is not None
        for p in signature(f)
        if role(p.name) is Role.LABELS
    ]
    kinds = {"Y" if one_hot_first(name) else "y" for _, name in labels}
    chosen: list[tuple[str, ...]] = [ENCODINGS[kind] if kind in kinds else ENCODINGS[kind][:1] for kind in ("Y", "y")]
    owner = getattr(family.gradient, "__self__", None)
    others = methods_of(owner).values() if owner is not None else ()  # cost_derivative(P, y), which backprop calls
    labels += [(f, p.name) for f in others for p in signature(f)[:2] if p.name in {name for _, name in labels}]
    if any(subtracted(f, name) for f, name in labels if not one_hot_first(name)):
        chosen[1] = tuple(sorted(chosen[1], key=lambda encoding: encoding != "one-hot"))
    return [{"Y": a, "y": b} for a, b in product(*chosen)]


def _judge(code: FunctionCode, prior: tuple[int, ...], tried: Tried) -> bool:
    """Rank what runs; True if nothing could be better."""
    slopes, fits, slots = right_slopes(code), code.found.fits, code.slots
    told = {name for name, slope in slopes.items() if abs(slope) > NOTHING}
    right = len(slopes)
    missing = len(slots) - len(fits)
    exact = sum(fit == 3 for fit in fits.values())
    known = code.state is None and code.penalty is None and not code.layer and _is_known(code)
    _refuse_cost(code)
    if code.penalty is not None and not right and not code.layer:
        _refuse_another_cost(code)
    natural = code.binder.encodings["Y"] == "one-hot"  # Y holds integers only if one-hot rows do not run
    weights = sum(slot.letter == "W" for slot in slots)
    square = len(set(code.world.sizes)) < len(code.world.sizes) and weights > 1
    depth = 1.5 if square else weights  # square ones say more than a single layer, and less than others
    same, likely = sum(fit > 0 for fit in fits.values()), known + _sums_to_one(code)
    told_apart = _tells_examples_apart(code)
    every = told_apart and (right == len(slots) or takes_every_example(code))
    rank = (-missing, depth, len(slots), every, natural, likely, same, len(told), exact, tuple(-p for p in prior))
    if code.scale < 1 and not right:  # finite by luck, where J is that of something else? other ways come first
        if tried.doubtful is None or rank > tried.doubtful[0]:
            tried.doubtful = (rank, code)
        return False
    perfect = missing == 0 and right == exact == len(slots) and told_apart
    if tried.best is None or rank > tried.best[0] or (perfect and _misfits(tried.best[1], tried.best[0], rank)):
        tried.best = (rank, code)
    return missing == 0 and (
        perfect
        or (exact == len(slots) and _is_sure(code, told))
        or _is_right_but_for_shapes(code, told)
        or ((right > 0 or code.penalty is not None) and _is_of_one_example(code))
    )


def _misfits(code: FunctionCode, own: tuple[Any, ...], rank: tuple[Any, ...]) -> bool:
    """Has a reading, whose rank is its own, gradients of other shapes, unlike one of this rank that says no less?"""
    return 0 in code.found.fits.values() and rank[:4] >= own[:4]


def _refuse_cost(code: FunctionCode) -> None:
    """Raise CodeError for a J that is not finite, and for a single output that is always the same, as of a softmax."""
    J = code.cost(code.params)
    if not np.isfinite(J):
        raise CodeError("the cost is not finite")
    if code.world.sizes[-1] != 1:
        return
    other = code.elsewhere(np.random.default_rng(3), code.examples or 1)
    if _sums_to_one(code) or other.cost(other.params if code.world.fixed else code.params) == J:
        raise CodeError("the cost of a single output is always the same")


def _refuse_another_cost(code: FunctionCode) -> None:
    """Raise CodeError where no gradient is that of the loss that stands in for the file's, and nothing says that it is
    meant: whose mistake is it?"""
    if code.family.priced:
        raise CodeError("the cost of the file does not run, and the gradients are those of no other")
    if code.family.forward is not None and not _sums_to_one(code) and not _takes_difference(code):
        raise CodeError("forward gives no probabilities that sum to 1, and there is no cost")


def _is_sure(code: FunctionCode, told: set[str]) -> bool:
    """Is what is wrong a mistake, and not the reading? Some weights are right, and no gradient is 0, as that of a layer
    which the code does not have. told: the tensors that are right."""
    weights = any(slot.name in told and slot.letter == "W" for slot in code.slots)
    return weights and code.penalty is None and all(map(np.any, code.gradients(code.params).values()))


def _is_right_but_for_shapes(code: FunctionCode, told: set[str]) -> bool:
    """Is every gradient right that has the shape of its tensor, one of weights among them? told: those that are."""
    fitting = {name for name, fit in code.found.fits.items() if fit}
    weights = {slot.name for slot in code.slots if slot.letter == "W"}
    return code.penalty is None and not code.layer and bool(fitting & weights) and fitting <= told


def takes_every_example(code: FunctionCode) -> bool:
    """Does J react to the first example and to the last? Labels in a form that is not meant may leave some out."""
    world = code.world
    if world.fixed or world.x.dtype.kind != "f":
        return True
    J = code.cost(code.params)

    def reacts(example: int) -> bool:
        x = np.moveaxis(world.x.copy(), world.axis or 0, 0)
        x[example] = 0.7 * x[example] + 0.1
        other = replace(world, x=np.moveaxis(x, 0, world.axis or 0))
        moved = {"x": other.X} if "x" in code.params and not code.layer else {}
        return bool(code.moved_to(other).cost({**code.params, **moved}) != J)

    return code.layer or (reacts(0) and reacts(-1))


def _tells_examples_apart(code: FunctionCode) -> bool:
    """Does J change if every example gets the label of another? Integers in a form that is not meant may be read as the
    same set of classes for every example."""
    world, other = code.world, np.roll(code.world.y, 1)
    if code.layer or world.fixed or np.array_equal(world.y, other):
        return True
    functions = [f for f in (code.family.cost, code.family.gradient) if f is not None]
    if not any(Role.LABELS in roles_of(f) for f in functions):
        return True
    return bool(code.moved_to(replace(world, y=other)).cost(code.params) != code.cost(code.params))


def _is_of_one_example(code: FunctionCode) -> bool:
    """Are the gradients that do not fit those of a single example, a column or row for each: is a batch too much?"""
    wrong = [slot for slot in code.slots if code.found.fits.get(slot.name) == 0]
    found = code.gradients(code.params) if wrong else {}
    n = code.examples
    return bool(wrong) and all(
        np.shape(found[s.name]) in [tuple(n if i == axis else m for i, m in enumerate(s.shape)) for axis in range(2)]
        and 1 in s.shape
        for s in wrong
    )


def _is_known(code: FunctionCode) -> bool:
    """Is J the course's cost?"""
    store = code.world.store
    alike = type(store) is Store and store.style != VECTOR and not store.ones
    if code.world.sizes[-1] == 1 or not alike or code.world.axis is not None:
        return False
    P = reference.probabilities(code.world, code.params)
    J = float(np.real(code.cost(code.params)))
    loss = float(reference.data_loss(reference.CROSS_ENTROPY, code.world, P))
    penalty = code.world.lambda_ * float(squares(code.world.slots, code.params))
    return any(abs(J - (loss + c * penalty)) < 1e-3 * abs(J) for c in (0.0, 0.5, 1.0))


def _sums_to_one(code: FunctionCode) -> bool:
    """Do forward's probabilities sum to 1 over the classes?"""
    if code.layer or code.family.forward is None:
        return False
    with code.state.holding(code.params) if code.state is not None else Nothing():
        outputs = code.outputs(code.params)
    P = outputs.probabilities(code.world) if outputs is not None else None
    return P is not None and reference.sums_to_one(code.world, P)


def _takes_difference(code: FunctionCode) -> bool:
    """Does the gradient, or the class it belongs to, begin with outputs - targets, as that of squares does?"""
    owner = getattr(code.family.gradient, "__self__", None)
    said = text(code.family.gradient) + text(type(owner))
    words = re.findall(r"(\w+)(?:\[[^\]]*\])? *- *\(?(?:\w+\.)?(\w+)", said)
    return any({role(a), role(b)} & {Role.LABELS} for a, b in words)


def _said(code: FunctionCode) -> FunctionCode:
    """With notes on what was tried out and taken."""
    if code.state is not None:
        code.state.reset()
        code.state.rebind()
    layout, notes = code.world.layout, []
    if code.taken:
        notes.append(f"J is the {code.taken} of what {name_of(code.family.cost)}() gives")
    if code.penalty is not None and not code.layer:
        factor = {0.0: "", 0.5: " and 0.5 lambda sum W^2"}.get(code.penalty / code.world.lambda_, " and lambda sum W^2")
        notes.append(f"no cost in the file that fits: held against {code.loss.says}{factor}")
    if code.family.course:
        notes.append("no forward in the file: held against the course's network, ReLU and softmax")
    if code.added:
        factor = "" if code.added == code.world.lambda_ else f"{code.added / code.world.lambda_:g} "
        notes.append(
            f"{name_of(code.family.cost)}() takes no lambda and the gradients do: {factor}lambda sum W^2 is added"
        )
    for name, fits in code.found.fits.items():
        if fits == 2:
            shape = next((s.shape for s in code.slots if s.name == name), None)
            if shape is not None:
                notes.append(f"the gradient of {name} comes in another shape than {shape}, with the same numbers")
    if code.world.axis is None:
        notes.append(f"{'columns' if layout.columns else 'rows'} of X are examples")
    if code.found.stepped:
        notes.append(f"the gradients of {', '.join(code.found.stepped)} are seen as steps with eta = {code.rate:g}")
    code.notes = (*code.notes, *notes)
    return code
