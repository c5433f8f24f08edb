"""Runs a student's file and answers questions about it. Started by lab/check/student.py as a process of its own.

Only the standard library and NumPy: this file is run by its path and hides Gradlab's packages from
the file it runs. Questions and answers are frames on what were stdin and stdout: the length of a JSON head, the head,
and the bytes of the arrays it lists. Nothing is pickled. What the student prints goes to stderr.
"""
# mypy: allow-untyped-defs, allow-untyped-calls
# Values here are whatever a student's file makes of them.

import faulthandler
import importlib.machinery
import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

HIDDEN = ("core", "data", "presets", "lab", "tui")
NUMBERS = "fciub"  # the kinds of dtype that go over the wire: no objects


def send(stream: Any, head: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
    """One frame."""
    arrays = {name: np.asarray(a, order="C") for name, a in (arrays or {}).items()}
    listed = [(name, a.dtype.str, a.shape) for name, a in arrays.items()]
    text = json.dumps({**head, "arrays": listed}).encode()
    stream.write(len(text).to_bytes(8, "little") + text)
    for a in arrays.values():
        stream.write(a.tobytes())
    stream.flush()


def receive(stream: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the arrays of one frame; EOFError if the other side is gone."""
    text = _exactly(stream, int.from_bytes(_exactly(stream, 8), "little"))
    head = json.loads(text)
    arrays = {}
    for name, dtype, shape in head.pop("arrays"):
        kind = np.dtype(dtype)
        if kind.kind not in NUMBERS:
            raise ValueError(f"{name} holds {kind}")
        size = kind.itemsize * int(np.prod(shape))
        arrays[name] = np.frombuffer(_exactly(stream, size), kind).reshape(shape).copy()
    return head, arrays


def _exactly(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


class CodeError(Exception):
    """What is wrong with the file, in words for the student."""


class HideGradlab:
    """Finds the student's own core/, data/... and never ours, wherever Gradlab is installed."""

    home = str(Path(__file__).resolve().parents[2])

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in HIDDEN:
            return None
        places = [place for place in sys.path if place and str(Path(place).resolve()) != self.home]
        spec = importlib.machinery.PathFinder.find_spec(name, places)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return spec


# Loading


def load_module(path):
    """The student's file as a module, its folder first on sys.path."""
    sys.meta_path.insert(0, HideGradlab())
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def load(path, name, n, seed):
    """The code to be checked, as one of the three forms."""
    module = load_module(path)
    rng = np.random.default_rng(seed)
    example = getattr(module, f"{name}_example", None)
    forward, backward = (getattr(module, f"{name}_{part}", None) for part in ("forward", "backward"))
    if forward is not None and backward is not None:
        return pair(name, forward, backward, example, n, rng)
    made = getattr(module, name, None)
    if made is None:
        raise CodeError(f"there is no {name} in it, nor {name}_forward and {name}_backward: it has {_names(module)}")
    thing = build(name, made) if callable(made) else made
    if all(callable(getattr(thing, part, None)) for part in ("forward", "backward")):
        return LayerCode(name, thing, example, n, rng)
    if all(hasattr(thing, part) for part in ("params", "loss", "grads")):
        return ObjectCode(name, thing)
    raise CodeError(
        f"{name} makes a {type(thing).__name__}: it needs params, loss() and grads(), or forward(x) and backward(dy)"
    )


def _names(module):
    own = [k for k, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
    return ", ".join(own) or "no functions or classes"


def build(name, made):
    """Call a class or function without arguments, or with sizes if it wants some."""
    try:
        wanted = [p for p in inspect.signature(made).parameters.values() if p.default is p.empty and p.kind < 2]
    except ValueError:
        wanted = []
    sizes = {0: (), 1: (5,), 2: (5, 4), 3: (3, 2, 3)}
    if len(wanted) not in sizes:
        names = ", ".join(p.name for p in wanted)
        raise CodeError(f"{name}({names}) takes {len(wanted)} arguments: write a function without arguments around it")
    return made(*sizes[len(wanted)])


def array(value, what):
    """A NumPy array of numbers, or a CodeError that says what it is instead."""
    if isinstance(value, np.generic):  # what arithmetic makes of arrays without axes
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise CodeError(f"{what} is a {type(value).__name__}, not a NumPy array")
    if value.dtype.kind not in NUMBERS:
        raise CodeError(f"{what} holds {value.dtype}, not numbers")
    return value


def tensors(value, what):
    """A dict of arrays."""
    if not isinstance(value, dict):
        raise CodeError(f"{what} is a {type(value).__name__}, not a dict of arrays")
    for name in value:
        if not isinstance(name, str):
            raise CodeError(f"{what} has the key {name!r}: keys are names, as 'W1'")
    return {name: array(a, f"{what}[{name!r}]") for name, a in value.items()}


def floats(params, what):
    for name, value in params.items():
        if value.dtype.kind != "f":
            raise CodeError(f"{what}[{name!r}] holds {value.dtype}: a parameter needs floating-point numbers")
        if value.size == 0:
            raise CodeError(f"{what}[{name!r}] has shape {value.shape}: there is nothing in it")
    return params


# The three forms: each has `params` (name -> array), cost(params) and gradients(params)


class ObjectCode:
    """An object with params, loss() and grads()."""

    form = "object"
    cotangent = out = examples = None
    notes: tuple[str, ...] = ()

    def __init__(self, name, thing):
        self.name, self.thing = name, thing
        self.calls = {"loss()": thing.loss, "grads()": thing.grads}
        self.live = Live(thing)
        self.params = self.live.start
        if not self.params:
            raise CodeError("params is empty: there is nothing to check")

    def cost(self, params):
        with self.live.holding(params):
            return number(self.thing.loss(), "loss()")

    def gradients(self, params):
        with self.live.holding(params):
            self.thing.loss()
            return copied(tensors(self.thing.grads(), "grads()"))


class LayerCode:
    """A layer with forward(x), backward(dy), params and grads (or W and dW as attributes);
    J = sum(cotangent * forward(x))."""

    form = "layer"
    notes: tuple[str, ...] = ()

    def __init__(self, name, thing, example, n, rng):
        self.name, self.thing, self.examples = name, thing, n
        self.calls = {"forward()": thing.forward, "backward()": thing.backward}
        if own := {} if hasattr(thing, "params") else attributes(thing):
            self.notes = found_beside(thing, own, self._input(own, example, n, rng))
        self.live = Live(thing) if hasattr(thing, "params") else None
        weights = self.live.start if self.live else {}
        x = self._input(weights or own, example, n, rng)
        if weights and all(value.dtype == np.float32 for value in weights.values()):
            x = x.astype(np.float32)
        self.params = {"x": x, **weights}
        self.out = self._forward(self.params)
        self.cotangent = rng.normal(size=self.out.shape)

    def _input(self, weights, example, n, rng):
        return fitting(self.thing.forward, example, [(s,) for s in layer_inputs(weights, n)], rng)[0]

    def _forward(self, params):
        return array(self.thing.forward(params["x"].copy()), "what forward() returns")

    def _holding(self, params):
        weights = {k: v for k, v in params.items() if k != "x"}
        return self.live.holding(weights) if self.live else Nothing()

    def cost(self, params):
        with self._holding(params):
            out = self._forward(params)
            return np.sum(self.cotangent * out).astype(out.dtype)  # J is no more precise than the output

    def gradients(self, params):
        with self._holding(params):
            out = self._forward(params)
            dx = self.thing.backward(self.cotangent.astype(out.dtype))
            found = {"x": array(dx, "what backward() returns")}
            return copied(found | tensors(getattr(self.thing, "grads", {}), "grads"))


class Attributes(dict[str, Any]):
    """Some attributes of a student's layer as a dict of arrays, as params and grads are: name -> attribute."""

    def __init__(self, thing, names):
        super().__init__(names)
        self.thing = thing

    def __getitem__(self, name):
        return getattr(self.thing, super().__getitem__(name))

    def __setitem__(self, name, value):
        setattr(self.thing, super().__getitem__(name), value)

    def items(self):
        return [(name, self[name]) for name in self]


def attributes(thing):
    """The arrays of real numbers that a layer without params has as attributes."""
    return {
        k: v for k, v in getattr(thing, "__dict__", {}).items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"
    }


def found_beside(thing, own, x):
    """Give a layer params and grads if it has, after a backward, dW beside W; what else is to be said of it."""
    thing.backward(np.ones_like(array(thing.forward(x.copy()), "what forward() returns")))
    twins = {}
    for name, value in own.items():
        for twin in (f"d{name}", f"d_{name}", f"{name}_grad", f"grad_{name}"):
            if np.shape(getattr(thing, twin, ())) == value.shape:
                twins[name] = twin
    if not twins:
        return (f"only dx is checked: there are no params and grads, and no d{min(own, key=len)} either",)
    thing.params, thing.grads = Attributes(thing, {name: name for name in twins}), Attributes(thing, twins)
    return (f"no params and grads: {', '.join(f'{name} beside {twin}' for name, twin in twins.items())}",)


class PairCode:
    """NAME_forward(x, *params) -> (out, cache) and NAME_backward(dout, cache) -> (dx, *dparams)."""

    form = "pair"
    live = None
    notes: tuple[str, ...] = ()

    def __init__(self, name, forward, backward, arguments, names, n, rng):
        self.name, self._forward, self._backward, self.examples = name, forward, backward, n
        self.calls = {f"{name}_forward()": forward, f"{name}_backward()": backward}
        names = ["x", *names[1:]]  # whatever it is called: dx is the first that backward returns
        self._names, self._arguments = names, arguments
        self.params = {
            k: a for k, a in zip(names, arguments, strict=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f"
        }
        self.out, _ = self._run(self.params)
        self.cotangent = rng.normal(size=self.out.shape)

    def _run(self, params):
        given = [
            params[k].copy() if k in params else dict(a) if isinstance(a, dict) else a
            for k, a in zip(self._names, self._arguments, strict=True)
        ]
        returned = self._forward(*given)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise CodeError(f"{self.name}_forward() returns {_described(returned)}, not (out, cache)")
        return array(returned[0], f"out of {self.name}_forward()"), returned[1]

    def cost(self, params):
        out = self._run(params)[0]
        return np.sum(self.cotangent * out).astype(out.dtype)  # J is no more precise than the output

    def gradients(self, params):
        out, cache = self._run(params)
        returned = self._backward(self.cotangent.astype(out.dtype), cache)
        found = returned if isinstance(returned, tuple) else (returned,)
        if len(found) < len(self.params):
            raise CodeError(
                f"{self.name}_backward() returns {_described(returned)}, not the gradients of {', '.join(self.params)}"
            )
        whats = zip(self.params, found, strict=False)
        return copied({k: array(g, f"the gradient of {k} from {self.name}_backward()") for k, g in whats})


def _described(value):
    return f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"


def copied(arrays):
    return {name: a.copy() for name, a in arrays.items()}


def number(value, what):
    """A loss as a NumPy scalar."""
    value = np.asarray(value)
    if value.dtype.kind not in "fciu" or value.size != 1:
        shown = f"an array of shape {value.shape}" if value.size != 1 else f"a {type(value.item()).__name__}"
        raise CodeError(f"{what} returns {shown}, not a number")
    return value.reshape(())[()]


class Nothing:
    """A with-block that does nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


class Live:
    """The params of a student's object, which may be read from the dict or through other names for its arrays.

    `replace`: does the code see other arrays put into the dict? If not they are changed in place, which rules out
    complex numbers and a precision other than their own. `changed`: what the code itself changed while it ran.
    """

    def __init__(self, thing):
        self.thing = thing
        self.own = floats(tensors(thing.params, "params"), "params")
        self.start = copied(self.own)
        self.replace = thing.params is thing.params  # a property may make a new dict each time
        self.read_only = False
        self.changed: list[str] = []

    def holding(self, params):
        """A with-block in which the object's parameters have these values."""
        return Held(self, params)


class Held:
    """See Live.holding."""

    def __init__(self, live, params):
        self.live, self.params = live, params

    def __enter__(self):
        for name, value in self.params.items():
            held = self.live.own[name]
            if self.live.replace:
                self.live.thing.params[name] = held = value.copy()
            else:
                held[...] = value
            held.setflags(write=not self.live.read_only)

    def __exit__(self, *error):
        live = self.live
        live.changed = [k for k, value in self.params.items() if not np.array_equal(live.thing.params[k], value)]
        for name, value in live.own.items():
            value.setflags(write=True)
            value[...] = live.start[name]
            if live.replace:
                live.thing.params[name] = value


class ReadOnly:
    """A with-block in which writing to a parameter raises."""

    def __init__(self, live):
        self.live = live

    def __enter__(self):
        self.live.read_only = True

    def __exit__(self, *error):
        self.live.read_only = False


# Which inputs?


def fitting(forward, example, candidates, rng):
    """Arguments that forward takes: the student's own example, or the first of these shapes that it accepts."""
    if example is not None:
        made = example()
        return [
            array(a, "the example") if i == 0 else a for i, a in enumerate(made if isinstance(made, tuple) else [made])
        ]
    first: Any = None
    for shapes in candidates:
        arguments = [rng.normal(size=s) if isinstance(s, tuple) else s for s in shapes]
        try:
            forward(*[a.copy() if isinstance(a, np.ndarray) else a for a in arguments])
        except Exception as error:
            first = first or error
        else:
            return arguments
    raise first


def layer_inputs(weights, n):
    """Shapes of x that may fit these parameters, rows as examples before columns."""
    shapes: list[Any] = []
    for value in sorted(weights.values(), key=lambda v: -v.ndim):
        s = value.shape
        if len(s) == 4:
            shapes += [(n, s[1], 6, 8), (n, 6, 8, s[2])]
        if len(s) == 2 and 1 not in s:
            shapes += [(n, s[0]), (s[1], n), (n, s[1]), (s[0], n)]
        if len(s) == 1 or 1 in s:
            shapes += [(n, value.size), (value.size, n)]
    return shapes or [(n, 5), (5, n), (n, 4, 6, 8), (n, 6, 8, 4)]


SETTINGS: dict[str, dict[str, Any]] = {
    "conv": {"stride": 1, "pad": 1},
    "pool": {"pool_height": 2, "pool_width": 2, "stride": 2},
    "bn": {"mode": "train"},
    "dropout": {"mode": "train", "p": 0.6, "seed": 1},
}


def pair(name, forward, backward, example, n, rng):
    """A pair of functions with arguments made from the names of forward's parameters."""
    wanted = [p for p in inspect.signature(forward).parameters.values() if p.default is p.empty and p.kind < 2]
    names = [p.name for p in wanted]
    if example is None:
        image = re.search("conv|pool|spatial", name) is not None
        layouts = IMAGES if image else ROWS_AND_COLUMNS
        candidates = [[_argument(name, i, k, layout(n)) for i, k in enumerate(names)] for layout in layouts]
    else:
        candidates = []
    arguments = fitting(forward, example, candidates, rng)
    if len(arguments) < len(names):
        raise CodeError(f"{name}_example() returns {len(arguments)} arguments, {name}_forward() takes {len(names)}")
    return PairCode(name, forward, backward, arguments, names[: len(arguments)], n, rng)


ROWS_AND_COLUMNS = (
    lambda n: {"x": (n, 5), "w": (5, 4), "b": (4,), "gamma": (5,)},
    lambda n: {"x": (5, n), "w": (4, 5), "b": (4, 1), "gamma": (5, 1)},
    lambda n: {"x": (n, 5), "w": (5, 4), "b": (1, 4), "gamma": (1, 5)},
    lambda n: {"x": (n, 5), "w": (4, 5), "b": (4,), "gamma": (5,)},
)
IMAGES = (
    lambda n: {"x": (n, 3, 6, 8), "w": (2, 3, 3, 3), "b": (2,), "gamma": (3,)},
    lambda n: {"x": (n, 6, 8, 3), "w": (3, 3, 3, 2), "b": (2,), "gamma": (3,)},
)


def _argument(name, position, parameter, shapes):
    low = parameter.lower()
    if position == 0:
        return shapes["x"]
    if low.endswith(("param", "params", "config")):
        return dict(next((v for k, v in SETTINGS.items() if low.startswith(k)), {}))
    for key, starts in (("gamma", ("gamma", "beta", "scale", "shift")), ("w", ("w", "k", "f")), ("b", ("b",))):
        if low.startswith(starts):
            return shapes[key]
    raise CodeError(
        f"what is {parameter} of {name}_forward()? Write {name}_example(), which returns a tuple of all arguments"
    )


# What can be wrong before any derivative


def examine(code):
    """The facts the check needs, after the code has shown that it behaves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = code.cost(code.params)
        if not np.isfinite(first):
            blame = line_of(lambda: code.cost(code.params), np.errstate(invalid="raise", divide="raise", over="raise"))
            raise CodeError(f"{_first_call(code)} gives {first}{blame}")
        unchanged(code, lambda: code.cost(code.params), _first_call(code))
        second = code.cost(code.params)
        if first != second:
            raise CodeError(
                f"{_first_call(code)} gives another value every time: {first} and {second}{random_line(code)}"
            )
        gradients = code.gradients(code.params)
        unchanged(code, lambda: code.gradients(code.params), list(code.calls)[1])
        for name, gradient in gradients.items():
            if gradient.dtype.kind == "f" and not np.all(np.isfinite(gradient)):
                blame = line_of(
                    lambda: code.gradients(code.params), np.errstate(invalid="raise", divide="raise", over="raise")
                )
                raise CodeError(f"the gradient of {name} is not finite{blame}")
        if code.live is not None and code.live.replace:
            code.live.replace = sees_replaced(code)
        promoted = code.cost({k: v.astype(np.float64) for k, v in code.params.items()}) if can_replace(code) else first
        single = not can_replace(code) and any(v.dtype == np.float32 for v in code.params.values())
    return {
        "form": code.form,
        "examples": code.examples,
        "cost_dtype": "<f4" if single else np.asarray(promoted).dtype.str,
        "scale": float(np.sum(np.abs(code.cotangent * code.out))) if code.cotangent is not None else float(abs(first)),
        "replace": can_replace(code),
        "notes": list(code.notes),
        "places": {call: place(function) for call, function in code.calls.items()},
    }


def can_replace(code):
    return code.live is None or code.live.replace


def sees_replaced(code):
    """Does the cost react to other arrays in the dict, at least once where it reacts to the same change in place?"""

    def reactions():
        start = code.cost(code.params)
        return [
            code.cost({**code.params, k: (v * 1.01 + 0.01).astype(v.dtype)}) != start
            for k, v in code.live.start.items()
        ]

    replaced = reactions()
    code.live.replace = False
    in_place = reactions()
    return all(a or not b for a, b in zip(replaced, in_place, strict=True))


def _first_call(code):
    return next(iter(code.calls))


def unchanged(code, again, call):
    """A CodeError that names the line, if the code has just changed its own parameters."""
    if code.live is not None and code.live.changed:
        name = code.live.changed[0]
        raise CodeError(f"{call} changes params[{name!r}]{line_of(again, ReadOnly(code.live))}")


def line_of(action, context):
    """', line 12: ...' of the student's file at which an action fails in a stricter context; "" if it does not."""
    try:
        with context:
            action()
    except Exception as error:
        return f" (line {_where(error)})" if _where(error) else ""
    return ""


def random_line(code):
    """Where the file calls a generator, as far as a glance at its text can tell."""
    for function in code.calls.values():
        try:
            lines, start = inspect.getsourcelines(function)
        except (OSError, TypeError):
            continue
        for i, line in enumerate(lines):
            if re.search(r"rand|rng|shuffle|permutation", line):
                return f" (line {max(start, 1) + i}: {line.strip()}): it draws random numbers without a fixed seed"
    return ": does it draw random numbers without a fixed seed?"


def place(function):
    """'loss, line 12'."""
    try:
        return inspect.unwrap(function).__code__.co_firstlineno
    except AttributeError:
        return None


# Answers


class Session:
    """One student's file, from the first question to the last."""

    folder = ""  # of the student's file

    def __init__(self):
        self.code: Any = None

    def load(self, head, arrays):
        path = Path(head["path"])
        Session.folder = str(path.parent)
        return self.take(load(path, head["name"], head["examples"], head["seed"]))

    def take(self, code):
        """From now on the questions are about this code."""
        self.code = code
        facts = examine(code)
        found = {f"params/{k}": v for k, v in code.params.items()}
        if code.cotangent is not None:
            found |= {"cotangent": code.cotangent, "out": code.out}
        return facts, found

    def gradients(self, head, arrays):
        return {}, self.code.gradients({**self.code.params, **arrays})

    def cost(self, head, arrays):
        values = {k: v.astype(np.float64) if can_replace(self.code) else v for k, v in self.code.params.items()}
        step = arrays.pop("step")
        values |= {name.removeprefix("params/"): value for name, value in arrays.items()}
        values[head["name"]] = moved = values[head["name"]].astype(np.result_type(values[head["name"]], step.dtype))
        index = head["index"]
        moved.reshape(-1)[index if isinstance(index, int) else slice(*index)] += step
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary step that the code drops
            value = complex(self.code.cost(values))
        return {"cost": [value.real, value.imag]}, {}


def _where(error):
    """'12: the line' of the last frame in the student's folder."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(Session.folder)]
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{error.lineno}: {(error.text or '').strip()}"
    return f"{frames[-1].lineno}: {frames[-1].line}" if frames else ""


def explain(error):
    """An exception in words."""
    if isinstance(error, CodeError):
        return str(error)
    where = f"line {_where(error)}: " if _where(error) else ""
    if isinstance(error, SystemExit):
        return f"{where}the file ends the program (SystemExit)"
    try:
        return f"{where}{type(error).__name__}: {error}"
    except Exception:  # of its own __str__
        return f"{where}{type(error).__name__}"


def serve(questions, answers):
    """Answer until the other side closes."""
    session = Session()
    while True:
        try:
            head, arrays = receive(questions)
        except EOFError:
            return
        limit = head.pop("limit")
        faulthandler.dump_traceback_later(limit, exit=True)  # even out of an endless loop: the dump names the line
        try:
            reply = getattr(session, head["do"])(head, arrays)
        except BaseException as error:  # whatever the file raises
            reply = {"error": explain(error)}, {}
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        send(answers, *reply)


def main():
    """Keep the two pipes to ourselves; the student's prints go where stderr goes."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    faulthandler.enable()
    serve(questions, answers)


if __name__ == "__main__":
    main()
