"""What a training is given: data, a start and hyperparameters, by the names that students give their arguments."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from .binding import UnfilledError
from .counts import BATCH_SIZE
from .holders import LETTERS
from .roles import Role, one_hot_first, plain, role
from .source import compared, is_called, is_octave, is_read, signature, text
from .values import Function
from .world import Layout, Store, World, build

PARTS = {
    "validation": r"validation|valid|val|va|dev",
    "test": r"testing|test|tst|te",
    "train": r"training|train|tr|trn",
}
RATE = r"(eta|lr|learning_?rate|alpha)"
NAMES: tuple[tuple[str, str], ...] = (
    ("eta_min", r"(eta|lr|learningrate|base)(min|low|lower|base|0)|(min|base|low)(eta|lr|learningrate)"),
    ("eta_max", r"(eta|lr|learningrate)(max|high|upper)|max(eta|lr|learningrate)"),
    ("factor", r"(lr|eta|learningrate|rate)?decay(rate|factor|lr|eta)?|(eta|lr)gamma|drop(factor)?|(step|lr)?factor"),
    ("every", r"decay(every|steps?|epochs?)|dropevery|(lr)?stepevery"),
    ("n_s", r"ns|halfcycle|nstep(size)?|cyclestep(size)?|steplength|stepsizecycle"),
    ("cycles", r"(n|num|number|nr|no|max)?(of)?cycles?|ncyc"),
    ("epochs", r"(n|num|number|nr|no|max|nb)?(of)?epochs?|passes|nep"),
    ("updates", r"(n|num|number|nr|no|max|tot|total)?(of)?(iter|iters|iterations?|steps|updates|updatesteps)"),
    ("batch", rf"{BATCH_SIZE}|sizebatch|mb|mbsize|batchlen|(n|num)examples|perbatch"),
    ("rho", r"rho|momentum|mom|mu|beta1?|momentumrate|momentumterm|gammam"),
    ("lambda", r"lambda\w*|lam\w*|lmbda?|reg\w*|l2\w*|weightdecay|wd"),
    ("eta", r"eta|lr|learningrate|alpha|stepsize|learnrate|rate|step"),
)
WORDS = {"sgd": r"sgd|vanilla|gd|plain|none", "momentum": r".*momentum.*", "adam": "adam", "nesterov": ".*nesterov.*"}
OPTIMISER = r"opt|optim|optimi[sz]er|updaterule|rule|solver|method|update"
QUIET = (
    r"verbose\w*|print\w*|plot\w*|debug|show\w*|display\w*|savefig\w*|save\w*|log\w*|earlystop\w*|augment\w*|flip\w*"
)
SCHEDULE = r"schedule\w*|lrf\w*|etaf\w*|get(lr|eta)|(lr|eta)(schedule|fn|func|policy)"
CLASSES = r"(n|num|nr)?(of)?(classes|labels|outputs?|out)(dim|size)?|k"
NORMS = (Role.GAMMA, Role.BETA)  # of batch normalisation
BETA1 = 0.9  # of Adam
LEAVE = object()  # an argument at its default


@dataclass(frozen=True)
class Course:
    """parts: name -> x (n, d), y (n,); sizes: of the input and of every layer; start: W1 (d, m), b1 (m,) ...; settings:
    eta, eta_min, eta_max, n_s, cycles, epochs, updates, batch, rho, lambda, factor, every, optimiser, batch_norm, and
    etas, the learning rate of every update."""

    parts: Mapping[str, tuple[Any, Any]]
    sizes: tuple[int, ...]
    start: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def batch_norm(self) -> bool:
        """Is batch normalisation on?"""
        return bool(self.settings["batch_norm"])


@dataclass(frozen=True)
class Style:
    """How the code wants things. one_hot, ints: encodings of what is called Y and y; network: gives an object or a dict
    of the student's that holds all parameters; None for `store`."""

    layout: Layout
    store: Store
    one_hot: str = "one-hot"
    ints: str = "ints"
    network: Any = None


def part_of(name: str) -> tuple[str, str]:
    """(part, the rest): X_val is ("validation", "x"); ("train", name) if it names none."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    for part, pattern in PARTS.items():
        rest = [word for word in words if not re.fullmatch(pattern, word.lower())]
        if rest and len(rest) < len(words):
            return part, "_".join(rest)
        low = plain(name)
        joined = re.sub(rf"^({pattern})|({pattern})(set|data)?$", "", low)
        if joined and joined != low and part != "train":
            return part, joined
    return "train", name


class Filler:
    """Values for the arguments of a training function."""

    def __init__(self, course: Course, style: Style, source: str, first: int = 0) -> None:
        """source: the text of the whole file; first: the number of the first class."""
        self.course, self.style, self.source, self.first = course, style, source, first
        self.world = _world(course, style)
        self.given: dict[str, str] = {}  # setting -> the argument that was given it

    def arguments(self, function: Function) -> dict[str, Any]:
        """Of all arguments that are not left at their defaults. Raises UnfilledError."""
        found = {}
        for p in signature(function):
            value = self.value(p.name, function, p.default is not p.empty, p.default)
            if value is not LEAVE:
                found[p.name] = value
        return found | self.keywords(function)

    def known(self, function: Function) -> dict[str, Any]:
        """Of the arguments of a constructor: data, parameters, hyperparameters, the number of classes if it has a
        default."""
        found = {}
        for p in signature(function):
            if isinstance(p.default, int) and re.fullmatch(CLASSES, plain(p.name)):
                found[p.name] = self.course.sizes[-1]
            rest = part_of(p.name)[1]
            data = role(rest) in (Role.X, Role.LABELS, *LETTERS) and p.default is p.empty
            if data or self._setting(p.name) or self._container(p.name, function):
                try:
                    value = self.value(p.name, function, p.default is not p.empty, p.default)
                except UnfilledError:
                    continue
                if value is not LEAVE:
                    found[p.name] = value
        return found

    def value(self, name: str, function: Function, optional: bool, default: Any = None) -> Any:
        """Of one argument; LEAVE for its default. Raises UnfilledError."""
        low = plain(name)
        called = is_called(function, name) and not is_octave(function)  # where X(1) is an element
        if called and (re.fullmatch(SCHEDULE, low) or not optional):
            return self._schedule()
        if (made := self._container(name, function)) is not None:
            return made
        if isinstance(default, str) or re.fullmatch(OPTIMISER, low):
            return self._word(name, function, optional)
        if re.fullmatch(QUIET, low):
            return LEAVE if optional else False
        data = self._data(name)
        if data is not None:
            return data
        what = role(name)
        if what is Role.NETWORK or (what in LETTERS and self.style.network is not None):
            return self.style.network() if self.style.network else self._network()
        if what in LETTERS and (self.course.batch_norm or what not in NORMS):  # else it is Adam's beta1
            return self._letter(LETTERS[what], name, function)
        if (key := self._setting(name)) is not None:
            return self._number(key, name, optional)
        if what is Role.SEED:
            return LEAVE if optional else 1
        if what is Role.RNG:
            return LEAVE if optional else np.random.default_rng(1)
        if what is Role.ON:
            return self.course.batch_norm if "b" in low else True
        if what is Role.OFF:
            return LEAVE if optional else False
        if what in (Role.DROP, Role.KEEP):
            return LEAVE if optional else float(what is Role.KEEP)
        if what is Role.AVERAGE:
            return LEAVE if optional else self._averages(low)
        if optional:
            return LEAVE
        if low == "shuffle":
            return True
        if not is_read(function, name):
            return None
        raise UnfilledError(name, getattr(function, "__name__", "it"))

    def _setting(self, name: str) -> str | None:
        return next((key for key, pattern in NAMES if re.fullmatch(pattern, plain(name))), None)

    def _number(self, key: str, name: str, optional: bool) -> Any:
        settings = self.course.settings
        if key == "rho" and settings.get("optimiser") == "adam":
            return LEAVE if optional else BETA1
        if key == "lambda" and settings.get("weight_decay") and re.search("decay|wd", plain(name)):
            self.given[key] = name
            return settings["weight_decay"]
        if key == "eta" and "step" in plain(name) and settings.get("n_s") and re.search("eta_?min", self.source):
            key = "n_s"  # step_size of a cyclical schedule
        value = settings.get(key)
        if value is None:
            neutral = {"rho": 0.0, "factor": 1.0, "eta_min": settings["eta"], "eta_max": settings["eta"]}
            if key not in neutral:
                return LEAVE if optional else 10**6
            value = neutral[key]
        else:
            self.given[key] = name
        return value

    def _data(self, name: str) -> Any:
        part, rest = part_of(name)
        what = role(rest) if rest else Role.OTHER
        if what not in (Role.X, Role.LABELS) or part not in self.course.parts:
            return None
        x, y = self.course.parts[part]
        world = World(self.world.layout, self.world.store, self.course.sizes, x, y, 0.0, (), {})
        if what is Role.X:
            return world.X
        encoding = self.style.one_hot if one_hot_first(name) else self.style.ints
        return world.labels(encoding) + (self.first if encoding not in ("one-hot", "turned") else 0)

    def _letter(self, letter: str, name: str, function: Function) -> Any:
        values = [self.world.values[s.name].copy() for s in self.world.slots if s.letter == letter]
        own = [p.name for p in signature(function) if LETTERS.get(role(p.name)) == letter]
        if not values:
            return None
        if len(own) > 1:
            if own.index(name) >= len(values):
                raise UnfilledError(name, getattr(function, "__name__", "it"))
            return values[own.index(name)]
        return values if self.style.store.lists or len(values) > 1 else values[0]

    def _network(self) -> Any:
        at = {(s.letter, s.layer): self.world.values[s.name].copy() for s in self.world.slots}
        return self.world.store.container(at)

    def _averages(self, low: str) -> Any:
        fill = np.ones if "v" in low[:3] else np.zeros
        return [fill(self.world.layout.vector(m)) for m in self.course.sizes[1:-1]]

    def _word(self, name: str, function: Function, optional: bool) -> Any:
        """The word for the preset's optimiser, or for whatever else the argument chooses."""
        words = [*compared(function, name), *re.findall(rf"\b{name} *== *['\"](\w+)['\"]", self.source)]
        if not re.fullmatch(OPTIMISER, plain(name)):
            return LEAVE if optional else (words[0] if words else "")
        wanted = WORDS[self.course.settings.get("optimiser", "sgd")]
        functions = [w for w in re.findall(r"\bdef (\w+)", self.source) if re.fullmatch(wanted, plain(w))]
        options = [w for w in words if re.fullmatch(wanted, plain(w))]
        return (options or functions or ["sgd"])[0]

    def _schedule(self) -> Any:
        etas = self.course.settings["etas"]
        return lambda t, *_: etas[int(t) % len(etas)]

    def _container(self, name: str, function: Function) -> Any:
        """Settings or data in a dict, an object or a tuple: by the keys that the file reads."""
        if role(name) in (Role.W, Role.B, Role.X, Role.LABELS) or name in ("self",):
            return None if plain(name) != "data" else self._keyed(name, self.source)
        return self._keyed(name, self.source) or self._unpacked(name, text(function)) or None

    def _keyed(self, name: str, source: str) -> Any:
        keys = re.findall(rf"\b{name}(?:\[|\.get\(|\.pop\()['\"](\w+)['\"]", source)
        fields = re.findall(rf"\b{name}\.(\w+)\b(?! *\()", source)
        keys = list(dict.fromkeys(keys)) or []
        made = self._by_names(keys or list(dict.fromkeys(fields)))
        if made is None:
            return None
        return made if keys else SimpleNamespace(**made)

    def _unpacked(self, name: str, source: str) -> Any:
        found = re.search(rf"^\s*\(?([\w, ]+?)\)? *= *{name} *$", source, re.MULTILINE)
        names = re.findall(r"\w+", found[1]) if found else []
        if not names:
            at = re.findall(rf"(\w+) *= *(?:int\(|float\()?{name}\[(\d+)\]", source)
            names = [word for word, _ in sorted(at, key=lambda pair: int(pair[1]))]
        made = self._by_names(names) if len(names) > 1 else None
        return tuple(made.values()) if made is not None else None

    def _by_names(self, names: list[str]) -> dict[str, Any] | None:
        """A value for each of these names; None if most of them are no settings and no data."""
        made = {}
        for name in names:
            data = self._data(name)
            key = self._setting(name)
            if data is not None:
                made[name] = data
            elif key is not None and (value := self._number(key, name, False)) is not None:
                made[name] = value
            elif re.fullmatch(QUIET, plain(name)):
                made[name] = False
        return made if names and len(made) >= max(1, 0.6 * len(names)) else None

    def keywords(self, function: Function) -> dict[str, Any]:
        """What a function with **kwargs takes out of them."""
        own = text(function)
        found = re.search(r"\*\*(\w+)", own)
        made: dict[str, Any] = {}
        for name in re.findall(rf"{found[1]}\.(?:pop|get)\(['\"](\w+)['\"]", own) if found else []:
            key = self._setting(name)
            if key is not None:
                value = self._number(key, name, True)
            elif re.search("config|param", name):
                value = self._config()
            else:
                value = self._word(name, function, True) if re.fullmatch(OPTIMISER, plain(name)) else LEAVE
            if value is not LEAVE:
                made[name] = value
        return made

    def _config(self) -> dict[str, Any]:
        """The settings of an optimiser, as CS231n keeps them."""
        settings = self.course.settings
        self.given["eta"] = "learning_rate"
        rho = settings.get("rho")
        return {"learning_rate": settings["eta"]} | ({"momentum": rho} if rho is not None else {})


def _world(course: Course, style: Style) -> World:
    """The preset's start in the layout of the code."""
    rng = np.random.default_rng(0)
    world = build(style.layout, style.store, course.sizes, {}, 1, rng)
    values = {}
    for slot in world.slots:
        value = course.start.get(f"{slot.letter}{slot.layer + 1}")
        if value is None:  # a spare gamma of the last layer
            value = np.ones(slot.shape) if slot.letter == "gamma" else np.zeros(slot.shape)
        turned = slot.letter == "W" and style.layout.outputs_first
        values[slot.name] = np.array((value.T if turned else value).reshape(slot.shape), dtype=np.float64, order="C")
    return World(world.layout, world.store, world.sizes, world.x, world.y, 0.0, world.slots, values)


def hyperparameters(function: Function) -> Iterator[str]:
    """The names of its arguments that are settings."""
    for p in signature(function):
        if any(re.fullmatch(pattern, plain(p.name)) for _, pattern in NAMES):
            yield p.name
