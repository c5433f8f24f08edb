"""An adapter for a student's file: Python that calls the student's code in a form that can always be checked.

`gradlab check FILE --adapter > adapter.py` prints it. What was recognised is filled in, with the student's own names;
every line that is left to the student is marked `# fill in:`.
"""

import keyword
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab.check.adapter_loading import loading
from lab.check.process import StudentProblemError, Worker
from lab.check.student import load
from lab.check.worker.plan import Argument, Call, Plan, listed, read_plan, written
from lab.errors import LabError
from lab.visible import visible

EXAMPLES = 7
FILL_IN = "# fill in:"
ARRAYS = """
def arrays(thing, path=""):
    \"\"\"The arrays of floating-point numbers in an object, a dict or a list, by where they are.\"\"\"
    if isinstance(thing, np.ndarray):
        return {path: thing} if thing.dtype.kind == "f" else {}
    inside = dict(enumerate(thing)) if isinstance(thing, (list, tuple)) else thing
    if not isinstance(inside, dict):
        own = type(thing).__module__ != "builtins" and not callable(thing)
        inside = getattr(thing, "__dict__", {}) if own else {}
    deeper = path.count(".") < 5  # an object may hold itself
    return {k: v for key, part in inside.items() if deeper for k, v in arrays(part, f"{path}.{key}".strip(".")).items()}
"""


def adapter(target: Path | str, name: str = "", python: Path | None = None, timeout: float = 20.0) -> str:
    """The text of an adapter for a file, or for NAME in it.

    python: what runs the file, see choose_python. Raises LabError if there is no such file, if it cannot be loaded or
    if there is nothing in it that could be called.
    """
    file = Path(target).resolve()
    if not file.is_file():
        raise LabError(f"there is no file {target}")
    try:
        with Worker(timeout, python) as worker:
            names, _ = load(worker, file)
            plans, module = _plans(worker, file, [name] if name else names or [""])
    except StudentProblemError as error:
        raise LabError(f"{target}: {error}") from None
    return visible(_text(file, module, plans))


def _plans(worker: Worker, file: Path, names: Sequence[str]) -> tuple[list[Plan], str]:
    """The plan for each of these, but for those that hold no gradient; the name of the file's module."""
    plans, module = list[Plan](), ""
    for name in names:
        try:
            reply = _reply(worker, file, name)
            plans.append(read_plan(reply["plan"]))
            module = str(reply["module"])
        except StudentProblemError as error:
            if not error.nothing or len(names) == 1:
                raise
        except (KeyError, TypeError, AttributeError) as error:
            raise StudentProblemError(f"the file wrote over the answers of the check: {error!r}") from None
    return plans, module


def _reply(worker: Worker, file: Path, name: str) -> dict[str, Any]:
    """The answer about NAME. Where the code ends its process, or does not end, from its text alone."""
    try:
        return worker.ask("adapter", name=name, examples=EXAMPLES, seed=0)[0]
    except StudentProblemError:
        if not worker.died:
            raise
    worker.restart()
    load(worker, file)
    return worker.ask("adapter", name=name, examples=EXAMPLES, seed=0, quick=True)[0]


def _text(file: Path, module: str, plans: Sequence[Plan]) -> str:
    """The whole adapter."""
    body = "\n\n\n".join("\n".join(_lines(plan)) for plan in plans)
    left = body.count(FILL_IN)
    marked = {0: "Everything was recognised: it can be checked as it is.", 1: f"Fill in the line marked `{FILL_IN}`."}
    head = f'"""Checks {file.name}, whose code it calls:\n\n    gradlab check adapter.py\n\n'
    head += marked.get(left, f"Fill in the {left} lines marked `{FILL_IN}`.") + '\n"""\n'
    loaded = loading(file, module)
    used = loaded + body
    modules = ("ast", "importlib.util", "importlib", "json", "re", "subprocess", "sys", "tempfile", "types")
    names = [n for n in modules if re.search(rf"\b{n}\b", used)]
    names = [n for n in names if n != "importlib" or "importlib.util" not in names]
    imports = [f"import {n}" for n in names] + ["from pathlib import Path"]
    imports += ["from types import SimpleNamespace"] if "SimpleNamespace" in body else []
    helper = f"\n{ARRAYS}\n" if re.search(r"\barrays\(", body) else "\n"
    return f"{head}\n" + "\n".join(imports) + f"\n\nimport numpy as np\n\n{loaded}{helper}\n{body}\n"


def _lines(plan: Plan) -> Iterator[str]:
    """The class that checks one thing."""
    if plan.form == "layer":
        yield f"class {plan.name}(student.{plan.name}):"
        yield '    """A layer as Gradlab takes it: forward(x), backward(dy), params and grads."""'
        return
    if plan.form == "object":
        yield from _object(plan)
        return
    known = plan.recognised()
    yield f"class {plan.name}:"
    yield f'    """{"; ".join(f"{r.part}: {r.signature}" for r in known) or plan.name}."""'
    methods = [_init(plan), _hold(plan), _seed(plan), _handed(plan), _forward(plan), _loss(plan)]
    for method in (*methods, _grads(plan)):
        lines = list(method)
        if lines:
            yield ""
            yield from (f"    {line}" for line in lines)


def _object(plan: Plan) -> Iterator[str]:
    """What has the form already."""
    yield f"class {plan.name}:"
    yield '    """Has params, loss() and grads() itself."""'
    yield ""
    yield "    def __init__(self):"
    yield f"        self.net = student.{plan.name}()"
    for name, call in (("params", ""), ("loss", "()"), ("grads", "()")):
        yield ""
        if not call:
            yield "    @property"
        yield f"    def {name}(self):"
        yield f"        return self.net.{name}{call}"


def _init(plan: Plan) -> Iterator[str]:
    yield "def __init__(self):"
    body = _unknown(plan)
    if plan.make is not None:
        body += _call("self.net", plan.make)
        body += plan.kept
    if plan.params and not _holds_unknown(plan):
        body += ["self.params = {", *(f"    {p.name!r}: {p.value}," for p in plan.params), "}"]
    elif plan.gradient is not None:
        held = ["self.net"] * (plan.make is not None) + ["self.given"] * bool(plan.given())
        held = held or ["vars(student)"]  # they are globals
        body.append("self.params = " + " or ".join(f"arrays({name})" for name in held))
    else:
        body += _mark("params", "self.params = {'W': ..., 'b': ...}, the arrays that are moved")
    used = "\n".join([*body, *_forward(plan), *_loss(plan), *_grads(plan)])
    data: list[str] = []
    for each in reversed(plan.data):
        if each.value and re.search(rf"\bself\.{each.name}\b", used + "\n".join(data)):
            data = [f"self.{each.name} = {each.value}", *data]
    if "rng." in "\n".join([*data, *body]):
        yield "    rng = np.random.default_rng(0)"
    if plan.random and plan.make is not None:
        yield "    np.random.seed(0)"
    yield from (f"    {line}" for line in [*data, *body])


def _unknown(plan: Plan) -> list[str]:
    """One line for all that is not known and stays as it is: arguments, and arrays of data."""
    given = plan.given()
    used = "\n".join(written(c, [a.value for a in c.arguments]) for c in plan.calls())
    data = [d.name for d in plan.data if not d.value and re.search(rf"\bself\.{d.name}\b", used)]
    if not given and not data:
        return []
    where = plan.gradient.signature if plan.gradient is not None else plan.name
    places = [f"self.{name}" for name in data] + ["self.given"] * bool(given)
    held = "{" + ", ".join(f"{name!r}: ..." for name in given) + "}"
    values = ["..." for _ in data] + [held] * bool(given)
    told = f"{', '.join(places)} = {', '.join(values)}, as {listed(list(dict.fromkeys(given.values())) or [where])} "
    return _mark(listed([*data, *given]), f"{told}{'takes' if len(set(given.values())) < 2 else 'take'} them")


def _holds_unknown(plan: Plan) -> bool:
    """Are the parameters in an argument that is not known, or in an object that is made with one?"""
    guesses = any(a.guess for call in plan.calls() for a in call.arguments)
    return guesses or (plan.make is not None and not plan.make.sure)


def _hold(plan: Plan) -> Iterator[str]:
    """The parameters are put into the object."""
    if plan.places:
        yield "def hold(self):"
        yield '    """Put the parameters into the object, where its methods read them."""'
        for place in plan.places:
            yield f"    {place.value}{'[...]' * plan.in_place} = self.params[{place.name!r}].copy()"


def _seed(plan: Plan) -> Iterator[str]:
    if plan.random:
        yield "def seed(self):"
        yield '    """Let the same random numbers be drawn in every call."""'
        yield "    np.random.seed(1)"


def _handed(plan: Plan) -> Iterator[str]:
    if "self.handed(" in "\n".join([plan.loss, *_grads(plan)]):
        yield "def handed(self, out):"
        yield '    """What the layer above hands back: J is the sum of this times the output."""'
        yield "    return np.random.default_rng(1).normal(size=np.shape(out))"


def _forward(plan: Plan) -> Iterator[str]:
    if plan.forward is not None and plan.uses_forward:
        yield "def forward(self):"
        yield from (f"    {line}" for line in _call("return", plan.forward))


def _before(plan: Plan, body: Sequence[str], call: Call | None) -> Iterator[str]:
    """What comes before a cost or a gradient."""
    unknown = call is not None and any(a.computed for a in call.arguments)
    wants_out = _reads_out(body) or (plan.forward is not None and unknown)
    if plan.places:
        yield "self.hold()"
    if plan.random:
        yield "self.seed()"
    if wants_out and not plan.uses_forward:
        yield from _mark("out", "out = what the layer gives")
    elif plan.forward is not None and (wants_out or plan.forward.function.startswith("self.net")):
        yield "out = self.forward()" if wants_out else "self.forward()"


def _loss(plan: Plan) -> Iterator[str]:
    yield "def loss(self):"
    body: list[str] = []
    if plan.cost is not None:
        body += _call("J", plan.cost)
    elif plan.gradient is not None and (plan.own or re.search(r"\bmade\b", plan.loss)):
        body += _call("made", plan.gradient)
    if not plan.loss and body:  # the first number in it is taken
        body.append(f"return {'J' if plan.cost is not None else 'made'}")
    elif plan.loss == "J" and body:
        body[-1] = body[-1].replace("J = ", "return ", 1)
    elif plan.loss:
        body.append(f"return {plan.loss}")
    elif plan.course:
        body += [f"return {plan.course}  {FILL_IN} your cost, if it is another"]
    else:
        others = f": {' or '.join(plan.others)} may give it" if plan.others else ""
        body += _mark("the cost", f"return the cost J, a number{others}")
    yield from (f"    {line}" for line in [*_before(plan, body, plan.cost or plan.gradient), *body])


def _grads(plan: Plan) -> Iterator[str]:
    yield "def grads(self):"
    body = list(plan.zeroed)
    if plan.primed and plan.cost is not None:
        body += _call("J", plan.cost)
    if plan.gradient is not None:
        body += _call("made", plan.gradient)
    if plan.again:
        body.append(plan.again)
    if plan.grads and all(g.value for g in plan.grads):
        body += ["return {", *(f"    {g.name!r}: {g.value}," for g in plan.grads), "}"]
    elif plan.gradient is not None:  # they are told by name, shape and order
        made = f"dict(zip({list(plan.returned)}, made))" if len(plan.returned) > 1 else "made"
        names = ("self.net", "self.given", "out")
        held = [name for name in names if re.search(rf"\b{re.escape(name)}\b", "\n".join(body))]
        body.append(f"return {', '.join([made, *held, *['vars(student)'] * (not plan.given())])}")
    else:
        body += _mark("the gradients", "return {name: gradient} of the arrays in self.params")
    lines = [*_before(plan, body, plan.gradient), *body]
    yield from (f"    {line}" for line in lines)


def _reads_out(lines: Sequence[str]) -> bool:
    return any(re.search(r"\bout\b", line.partition(FILL_IN)[0]) for line in lines)


def _call(target: str, call: Call) -> list[str]:
    """target = call, after a marked line for every argument that the code computes and nobody knows how."""
    unknown = [_variable(a.name) for a in call.arguments if a.computed]
    marks = [line for name in unknown for line in _mark(name, f"{name} = ..., for {call.signature}")]
    values = [a.value if a.sure else _said(a) for a in call.arguments]
    assigned = target if target == "return" else f"{target} ="
    return [*marks, f"{assigned} {written(call, values)}"]


def _said(argument: Argument) -> str:
    """What stands for a value that is not known."""
    return _variable(argument.name) if argument.computed else f"self.given[{argument.name!r}]"


def _variable(name: str) -> str:
    """A name of an argument as one of Python: lambda is none."""
    return f"{name}_" if keyword.iskeyword(name) else name


def _mark(what: str, told: str) -> list[str]:
    """A line for the student to fill in: what is told goes where the line is."""
    return [f"raise ValueError({'fill in ' + what!r})  {FILL_IN} {told}"]
