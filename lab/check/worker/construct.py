"""Objects of a student's class: its constructor is given sizes, data or layers by the names of its arguments."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from .binding import Binder
from .counts import BATCH_SIZE, is_rate
from .dice import seed
from .inputs import is_image
from .lenient import made_leniently
from .roles import Role, key_letter, one_hot_first, plain, role
from .scopes import closure
from .shown import shown
from .source import is_called, penalises, signature, stored, text, unpacked, wants_list, word_of
from .values import Function
from .world import World

INPUT = (
    r"(n|num|dim|d|size)?(in|ins|input|inputs|feature|features|visible)(s|size|sizes|dim|dims|dimension|dimensions|"
    r"features|nodes|units|neurons|shape|layer|layersize|ch|chans?|channels?|c|len|length|count|width)?|nin|fanin|d|din|nx|"
    r"prev|m1|cin|ch(an(nel)?s?)?in|ic|"
    r"nprev|inlen|ninputs?|nfeatures|xdim|dimx|imagesize|dimimages?|datadim|dim"
)
OUTPUT = (
    r"(n|num|dim|d|size)?(out|outs|output|outputs|class|classes|labels?|categories)(s|size|sizes|dim|dims|dimension|"
    r"features|nodes|units|neurons|shape|layer|layersize|ch|chans?|channels?|c|len|length|count|width)?|nout|fanout|k|dout|"
    r"ny|c|m2|cout|ch(an(nel)?s?)?out|oc|"
    r"noutputs?|nclasses|numclasses|numlabels|ydim|classcount|units|neurons|nneurons|nunits|nodes|nnodes"
)
HIDDEN = (
    r"(n|num|dim|d|size)?(hidden|hid|h)(s|size|dim|units|nodes|neurons|layersize|layer|width|1|2)?|m|nh|dh|nhid|mid\w*"
)
HIDDEN_LIST = r"hidden\w*lists?|hidden(s|sizes|dims|layers|layersizes|layerdims|list)|hs|ms"
SIZES = (
    r"(layer|network|net|nn|unit|node|all)?(s|sizes?|dims?|dimensions|shapes?|structure|architecture|arch|widths|units|"
    r"nodes|neurons|topology|layout|config)|layers|layerslist|layersdims|layersizes|nodesperlayer|neuronsperlayer|dimslist"
)
CHANNELS = r"(n|num)?(filters?|kernels|maps|outchannels|cout|nf|channelsout|f)"
KERNEL = r"(kernel|filter|pool|window|k|f)(size|h|w|height|width|dim|shape)?|hh|ww|poolheight|poolwidth|size"
COUNTED = (  # of networks over letters or words: what is looked up for each, and how many stand side by side
    (2, r"(n|num|dim|d)?(emb|embd|embed|embedding)(s|size|dim|dims)?"),
    (9, r"(n|num|name|word|max(name|word)?)?(len|length)|(name|word|max)s?len(gth)?"),
    (3, r"(n|num)?(block|context|ctx|seq|sequence|history|ngrams?)(size|len|length|s)?"),
)
ACTIVATION = r"act(ivation|iv|fn|func|function)?s?|activationfn|activationfunction|nonlinearity"


LAYERS = r"(the)?(layers?|modules|steps|blocks)(list)?"
OBJECTS = (  # what an argument is called, and the class of an object for it
    (r"(the)?(model|net|network|mlp|nn)", r"model|net|mlp|nn$"),
    (r"(the)?(loss|criterion|cost)(fn|func|function|layer|obj)?", r"loss|entropy|mse|criterion|nll|hinge|bce"),
)
FORWARD = r"(?i)def (forward\w*|__call__)\("
LOSS = r"loss|entropy|mse|criterion|softmax"
ACTS_SLOPE = r"derivative(of)?|deriv|prime|grad(ient)?|backward|d"
SLOPE = r"^d(?!ata)|prime|deriv|grad|slope|backward"


@dataclass(frozen=True)
class Making:
    """What an object was made with, see new."""

    made: Function
    world: World
    binder: Binder
    listed: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)  # arguments that are to be others
    grow: Callable[[Any], object] = lambda thing: None  # lets a new object make its parameters

    def new(self) -> Any:
        """Another such object."""
        thing = closure(new(self.made, self.world, self.binder, self.listed, self.changes))
        self.grow(thing)
        return thing

    def given(self) -> dict[str, Any]:
        """The arguments that are not left at their defaults, with their values."""
        return given(self.made, self.world, self.binder, self.listed, self.changes)


def new(
    made: Function, world: World, binder: Binder, listed: bool = False, changes: Mapping[str, Any] | None = None
) -> Any:
    """An object of a class, or what a function that makes one returns. Raises
    UnfilledError for an argument nobody knows, and whatever the class raises. listed: are hidden sizes a list? changes:
    arguments that are to be others."""
    seed()
    positional = given(made, world, binder, listed, changes)
    keywords = {p.name for p in signature(made) if p.kind is p.KEYWORD_ONLY}
    by_name = keywords or len(positional) < len(signature(made))
    try:
        if several := taken_one_by_one(made):  # Net(*widths, lam=0.0), Sequential(*layers)
            layers = _layers(made, several, world, binder)
            thing = made(*(layers or ([] if _called_in_turn(made, several) else world.sizes)), **positional)
        else:
            thing = made(**positional) if by_name else made(*positional.values())
    except OSError:
        thing = made_leniently(made, positional)
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        if re.fullmatch(BATCH_SIZE, plain(name)) and isinstance(value, int):
            setattr(thing, name, len(world.y))
        if is_rate(name) and isinstance(value, float):
            setattr(thing, name, binder.eta)
    return _initialised(_filled(thing, world, binder), world, binder, listed)


def taken_one_by_one(made: Function) -> str:
    """The name of an argument *sizes or *layers with none before it; "" if there is none."""
    try:
        first = next(iter(inspect.signature(made).parameters.values()), None)
    except (ValueError, TypeError):
        return ""
    several = first is not None and first.kind is first.VAR_POSITIONAL
    return first.name if first is not None and several and re.fullmatch(SIZES, plain(first.name)) else ""


def _called_in_turn(made: Function, name: str) -> bool:
    """Does a class call what it keeps under this name, or the methods of it, one after the other?"""
    loop = rf"(?i)for (\w+) in (self\.)?_?{name}\b.*\n?.*\b\1(\.\w*forward\w*)?\("
    return re.search(loop, text(made)) is not None


def given(
    made: Function, world: World, binder: Binder, listed: bool, changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The arguments that are not left at their defaults, with their values."""
    found = {}
    for p in signature(made):
        other = p.name in (changes or {})
        is_given, value = (True, changes[p.name]) if changes and other else _argument(made, p, world, binder, listed)
        if is_given:
            found[p.name] = value
    return found


def _initialised(thing: Any, world: World, binder: Binder, listed: bool) -> Any:
    """Call the method that makes the parameters, where the constructor has not."""
    inside = getattr(thing, "__dict__", {})
    lacking = {name for name, v in inside.items() if v is None}
    named = [name for name in dir(thing) if re.match("init|build|setup|create|reset", plain(name)) and name[:2] != "__"]
    for method in (getattr(thing, name) for name in named):
        new_ones = {k for k in stored(method) if inside.get(k) is None} if callable(method) else set()
        if any(role(k) in (Role.W, Role.B) for k in new_ones) or (
            callable(method) and lacking and lacking == inside.keys()
        ):
            new(method, world, binder, listed)
            break
    return _with_weights_of_training(thing, lacking, world)


def _with_weights_of_training(thing: Any, lacking: set[str], world: World) -> Any:
    """A linear classifier, whose only parameter is None until train() makes it, with one."""
    inside = getattr(thing, "__dict__", {})
    trained = [stored(f) for name in ("train", "fit") if callable(f := getattr(thing, name, None))]
    made = {name for names in trained for name in names & lacking}
    arrays = any(isinstance(value, np.ndarray) for value in inside.values())
    if len(made) == 1 and not arrays and inside[name := made.pop()] is None and key_letter(name) == "W":
        shape = world.layout.weight(world.sizes[0], world.sizes[-1])
        setattr(thing, name, np.random.default_rng(4).normal(size=shape))
    return thing


def _argument(made: Function, p: inspect.Parameter, world: World, binder: Binder, listed: bool) -> tuple[bool, Any]:
    """(is it given, its value)."""
    low, what, optional = plain(p.name), role(p.name), p.default is not p.empty
    if not optional and is_called(made, p.name):
        value, slope = next(slope_pairs(made), (np.tanh, _tanh_slope))
        return True, slope if is_slope(p.name) else value
    if not optional and re.fullmatch(LAYERS, low) and (layers := _layers(made, p.name, world, binder)):
        return True, layers
    if not optional and (thing := _object(made, low, world, binder)) is not None:
        return True, thing
    if not optional and (word := word_of(made, p.name)):
        return True, word
    if not optional and wants_list(made, p.name):
        return True, list(world.sizes if re.fullmatch(SIZES, low) else world.sizes[1:-1])
    if not optional and (count := unpacked(made, p.name)) and count != len(world.sizes):
        return True, (binder.eta,) * count
    size = world.sizes[-1] if _beside_inputs(made, p) else _size(low, p, world, listed)
    if low == "size" and not optional and is_image(getattr(made, "__name__", "").lower()):
        size = 2  # of a window
    if isinstance(size, int) and re.fullmatch(KERNEL, low) and re.search(rf"\b{p.name}\[[01]\]", text(made)):
        size = (size, size)
    if size is not None and not (optional and p.default is None and not isinstance(size, list)):
        return True, size
    if not optional and what in (Role.W, Role.B) and (tensors := _tensors(made, world)):
        return True, tensors[p.name]
    if low in ("dtype",):
        return True, np.float64
    if what in (Role.X, Role.LABELS) and not optional:
        return True, world.X if what is Role.X else world.labels(
            binder.encodings["Y" if one_hot_first(p.name) else "y"]
        )
    if what is Role.LAMBDA or low == "l" or penalises(made, p.name):
        return (not optional or isinstance(p.default, int | float)), world.lambda_
    if what is Role.SEED:
        return not optional, 1
    if what is Role.RNG:
        return not optional, np.random.default_rng(1)
    if what is Role.ON and optional and "b" in low:  # batch normalisation that is off by default
        return True, True
    if optional:
        return False, None
    simple = {Role.ON: True, Role.OFF: False, Role.MODE: "train", Role.KEEP: 0.6, Role.DROP: 0.4, Role.ETA: binder.eta}
    if what in simple:
        return True, simple[what]
    if p.annotation in (bool, "bool") or re.match(r"(use|with|is|has|do)_", p.name):
        return True, False
    if low in ("p", "rate", "prob", "ratio"):
        return True, 0.4
    if re.fullmatch(ACTIVATION, low):
        return True, _activations(made, p, len(world.sizes) - 1)
    numbers = {
        "std": 0.1,
        "sigma": 0.1,
        "scale": 0.1,
        "weightscale": 0.1,
        "momentum": 0.9,
        "eps": 1e-8,
        "epsilon": 1e-8,
    }
    if low in numbers:
        return True, numbers[low]
    if low in ("stride", "strides", "step"):
        return True, 1
    if low in ("pad", "padding"):
        return True, 1
    if re.search(r"path|dir(ectory)?$|file(name)?$|folder|root", low):
        return True, "data"
    if low in ("name", "id"):
        return True, "layer"
    return True, len(world.y) if re.search("batch|epoch|iter", low) else world.sizes[-1]


def _activations(made: Function, p: inspect.Parameter, depth: int) -> Any:
    """The name of an activation, or one for every layer, the last of which suits a loss."""
    if not p.name.endswith("s"):
        return "relu"
    said = text(made) + text(sys.modules.get(getattr(made, "__module__", "")))
    hidden = next((word for word in ("relu", "tanh", "sigmoid") if re.search(rf"['\"]{word}['\"]", said)), "relu")
    sums = re.search(r"softmax|/.*\bsum\(", said)
    last = "softmax" if sums else next((w for w in ("sigmoid", "linear") if re.search(rf"['\"]{w}['\"]", said)), hidden)
    return [hidden] * (depth - 1) + [last]


def _tensors(made: Function, world: World) -> dict[str, Any]:
    """Arrays for a constructor that is given the parameters, W1, b1, W2, b2 or W and b: of a network with as many
    layers as there are weights, or of a layer; lists of them if it is given Ws and bs."""
    letters = {p.name: {Role.W: "W", Role.B: "b"}.get(role(p.name)) for p in signature(made)}
    names = {letter: [name for name, own in letters.items() if own == letter] for letter in ("W", "b")}
    pairs = list(pairwise(world.sizes))
    rng = np.random.default_rng(4)
    every = {
        "W": [rng.normal(size=world.layout.weight(*pair)) for pair in pairs],
        "b": [rng.normal(size=world.layout.vector(m)) for _, m in pairs],
    }
    singular = [p for p in signature(made) if letters[p.name] and not _is_plural(p)]
    lists, found = not singular, dict[str, Any]()
    for letter, own in names.items():
        if len(own) == 1 and (lists or len(pairs) == 1):
            found[own[0]] = every[letter] if lists else every[letter][0]
        elif len(own) == len(pairs):
            found |= zip(own, every[letter], strict=True)
        elif len(own) == 1:
            found[own[0]] = every[letter][-1]
    return found if len(found) == sum(map(len, names.values())) else {}


def _is_plural(p: inspect.Parameter) -> bool:
    """Does an argument hold a tensor for every layer: Ws, biases, no bias, and nothing that is said to be an array?"""
    one = plain(p.name) == "bias" or re.search(r"(?i)array\b", str(p.annotation).partition("[")[0])
    return plain(p.name).endswith("s") and not one


def _layers(made: Function, name: str, world: World, binder: Binder) -> list[Any]:
    """Layers of the file for a constructor that only calls their methods: weights for every step of the sizes, with an
    activation between them; none if the file has no such layers."""
    if not _called_in_turn(made, name):
        return []
    own = vars(sys.modules[made.__module__]).values()
    kinds = [k for k in own if isinstance(k, type) and k is not made and re.search(FORWARD, text(k))]
    dense = next((k for k in kinds if _takes(k, INPUT) and _takes(k, OUTPUT)), None)
    bare = next((k for k in kinds if len(signature(k)) == 2 and re.search(r"self\.W\w* *=", text(k))), None)  # (m, n)
    if dense is None and bare is None:
        return []
    simple = [k for k in kinds if not signature(k) and not re.search(LOSS, plain(k.__name__))]
    simple = [k for k in simple if _wanted_back(k) == _wanted_back(dense or bare)]
    between = sorted(simple, key=lambda k: plain(k.__name__) != "relu")[:1]
    pairs = list(pairwise(world.sizes))
    steps = [new(dense, replace(world, sizes=pair), binder) if dense else bare(*pair) for pair in pairs]  # type: ignore[misc]
    layers = [[step, *(k() for k in between)] for step in steps]
    found = [layer for group in layers for layer in group][: len(layers) * (1 + len(between)) - len(between)]
    last = (k for k in kinds if re.search(LOSS, plain(k.__name__)) and _closes(made, name, k, dense or bare))
    return [*found, *(k() for k in last)][: len(found) + 1]


def _closes(made: Function, name: str, kind: type, layer: type | None) -> bool:
    """Is the loss the last of the layers: called otherwise than they are, or handed the labels on the way back?"""
    if [p for p in signature(kind) if p.default is p.empty]:
        return False
    called = re.findall(rf"{name}\[-1\]\.(\w+)\(([^()]*)", text(made))
    if any(hasattr(kind, method) and ("," in given or not hasattr(layer, method)) for method, given in called):
        return True
    own = _backward(made)
    y, theirs = _labels_of(own), _labels_of(_backward(kind))
    handed = rf"(?m)\w+ *= *{y}\s*$|{name}\[-1\]\.\w+\({y}\)"  # G = Y, which then goes through all of them
    return bool(y and theirs) and re.search(handed, text(own)) is not None


def _labels_of(function: Function | None) -> str:
    """The argument for labels, "" if there is none."""
    names = [p.name for p in signature(function)] if function is not None else []
    return next((name for name in names if role(name) is Role.LABELS), "")


def _backward(kind: Any) -> Function | None:
    """The method of a class that goes back."""
    names = (name for name in dir(kind) if re.fullmatch(r"backward(pass|prop)?|backprop(agate)?", plain(name)))
    return next((getattr(kind, name) for name in names), None)


def _filled(thing: Any, world: World, binder: Binder) -> Any:
    """An object with the layers of its file in it, if it has none, calls them in turn and does not make them itself."""
    kind = type(thing)
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        empty = isinstance(value, list) and not value and re.fullmatch(LAYERS, plain(name))
        adds = rf"def (\w+)\(self, *\w+(?: *:[^,)]*)?\)[^:]*:(?:\s*\"\"\".*?\"\"\")?\s*self\.{name}\.append\("
        adding = re.search(adds, text(kind), re.S)
        if empty and (adding or f"{name}.append(" not in text(kind)):
            for layer in _layers(kind, name, world, binder):
                getattr(thing, adding[1])(layer) if adding else value.append(layer)
    return thing


def _wanted_back(kind: type | None) -> int:
    """How many arguments backward takes: no layer of a network is an activation that is given Z and dY."""
    backward = _backward(kind)
    return len([p for p in signature(backward) if p.default is p.empty]) if backward is not None else 0


def _object(made: Function, low: str, world: World, binder: Binder) -> Any:
    """An object of the file for an argument that is called a model or a loss; None if there is none."""
    wanted = next((kinds for names, kinds in OBJECTS if re.fullmatch(names, low)), None)
    module = sys.modules.get(getattr(made, "__module__", ""))
    for kind in vars(module).values() if wanted and module else ():
        own = isinstance(kind, type) and kind is not made and kind.__module__ == made.__module__
        if own and re.search(wanted or "", plain(kind.__name__)) and re.search(r"def backward", text(kind)):
            try:
                return new(kind, world, binder)
            except Exception:
                continue
    return None


def _takes(kind: type, pattern: str) -> bool:
    return any(re.fullmatch(pattern, plain(p.name)) for p in signature(kind))


def is_slope(name: str) -> bool:
    """Is an argument called the derivative of something?"""
    return re.search(SLOPE, plain(name)) is not None


def slope_pairs(made: Function) -> Iterator[tuple[Function, Function]]:
    """The activations of a file, each with what is called its derivative: tanh and tanh_prime. What forward is given
    must be an array there, and no label."""
    own = vars(sys.modules.get(made.__module__, made))
    functions = {plain(k): f for k, f in own.items() if inspect.isfunction(f) and len(signature(f)) == 1}
    for name, slope in functions.items():
        base = re.sub(rf"^({ACTS_SLOPE})|({ACTS_SLOPE})$", "", name)
        if base != name and base in functions and not re.search(LOSS, base):
            yield functions[base], slope


def _tanh_slope(x: Any) -> Any:
    """The derivative of what stands for an activation."""
    return 1 - np.tanh(x) ** 2


def _size(low: str, p: inspect.Parameter, world: World, many: bool) -> Any:
    sizes, default = world.sizes, p.default
    listed = isinstance(default, list | tuple)
    if isinstance(default, str | bool | float) or (callable(default) and default is not p.empty):
        return None
    if re.fullmatch(HIDDEN_LIST, low) or (listed and re.fullmatch(HIDDEN, low)):
        return list(sizes[1:-1])
    if re.fullmatch(INPUT, low):
        return (default[0], 8, 8) if listed and len(default) == 3 else sizes[0]
    either = re.fullmatch(OUTPUT, low) and not many  # units: of a layer, or of every layer
    if re.fullmatch(SIZES, low) and not either and not isinstance(default, int) and p.annotation not in (int, "int"):
        return list(sizes)
    if re.fullmatch(HIDDEN, low):
        return list(sizes[1:-1]) if many or _is_many(p) else sizes[1] if len(sizes) > 2 else None
    if re.fullmatch(OUTPUT, low):
        return None if isinstance(default, int) and len(set(sizes)) > 1 else sizes[-1]  # equal ones are meant
    if re.fullmatch(CHANNELS, low):
        return None if listed else 2
    if default is p.empty and (count := next((c for c, names in COUNTED if re.fullmatch(names, low)), None)):
        return count
    if default is p.empty and re.fullmatch(KERNEL, low):
        return 2 if "pool" in low else 3
    return None


def _beside_inputs(made: Function, p: inspect.Parameter) -> bool:
    """Is it the width of a layer, because the number of inputs is given beside it: units of Dense(units, input_dim)?"""
    others = [plain(q.name) for q in signature(made) if q.name != p.name and q.default is q.empty]
    both = re.fullmatch(OUTPUT, plain(p.name)) and re.fullmatch(SIZES, plain(p.name))
    return bool(both) and p.default is p.empty and any(re.fullmatch(INPUT, name) for name in others)


def _is_many(p: inspect.Parameter) -> bool:
    return bool(re.search("list|tuple|List|Sequence", str(p.annotation)))


def makers(namespace: Any, kind: type) -> Iterator[Function]:
    """What makes objects of a class: as the file does it where layers are added from outside, functions of the file
    that say so in their name, the class itself."""
    needs_layers = any(plain(p.name) == "layers" for p in signature(kind)) or hasattr(kind, "add")
    functions = [
        f
        for name, f in vars(namespace).items()
        if inspect.isfunction(f)
        and re.search(r"build|make|create|init|model|network|setup|get", plain(name))
        and re.search(rf"\b{kind.__name__}\(", text(f))
    ]
    own = list(shown(namespace, kind))
    yield from (made for of_others, made in own if of_others)
    yield from _class_methods(kind)
    if needs_layers:
        yield from functions
    yield kind
    if not needs_layers:
        yield from functions
    yield from (made for of_others, made in own if not of_others)


def _class_methods(kind: type) -> Iterator[Function]:
    """The class methods that make objects of it: create(cls, sizes)."""
    methods = [getattr(kind, name) for name, f in vars(kind).items() if isinstance(f, classmethod)]
    yield from (f for f in methods if re.search(rf"\b(cls|{kind.__name__})\(", text(f).partition(":")[2]))


def network_makers(namespace: Any) -> list[Function]:
    """What in a file makes all the parameters of a network: initialisers, then classes."""
    functions = [
        f
        for name, f in vars(namespace).items()
        if inspect.isfunction(f)
        and re.search(r"init|make|create|build|getparam|params", plain(name))
        and not re.search("test|data|plot|batch", plain(name))
    ]
    kinds = [k for k in vars(namespace).values() if isinstance(k, type) and k.__module__ == namespace.__name__]
    return [*functions, *kinds]
