"""An adapter for a student's file: Python that calls the student's code in a form that can always be checked.

`gradlab check FILE --adapter > adapter.py` prints it. What was recognised is filled in, with the student's own names;
every line that is left to the student is marked `# fill in:`.
"""

import keyword
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.check.process import StudentProblemError, Worker
from lab.check.student import load
from lab.check.worker.plan import Argument, Call, Plan, read_plan, written
from lab.errors import LabError
from lab.visible import visible

EXAMPLES = 7
FILL_IN = "# fill in:"
PYTHON = """
sys.path[:0] = {paths}
student = importlib.import_module({module!r})
"""
BY_PATH = """
sys.path[:0] = {paths}
spec = importlib.util.spec_from_file_location({module!r}, FILE)
student = importlib.util.module_from_spec(spec)
spec.loader.exec_module(student)
"""
NOTEBOOK = """
# Only imports, functions, classes and constants of the notebook are loaded. If that is not enough, export it,
#     jupyter nbconvert --to script {name}
# and make an adapter of the .py file.
cells = [cell for cell in json.loads(FILE.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
student = types.ModuleType({module!r})
for cell in cells:
    text = re.sub(r"(?m)^(\\s*)[%!].*$", r"\\1pass", "".join(cell["source"]))
    for node in ast.parse(text).body:
        constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if constant or isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
            try:
                exec(compile(ast.Module([node], []), str(FILE), "exec"), vars(student))
            except ImportError as error:
                print(f"{{FILE.name}}: {{error}}")
"""


OCTAVE = r'''

class Octave:
    """The functions of FILE and of its folder, run by Octave; it starts with the first call."""

    process = None
    TEXT = """
    function s = gradlab_text(v)
      if iscell(v)
        s = ['[' strjoin(cellfun(@gradlab_text, v(:)', 'UniformOutput', false), ',') ']'];
      elseif isstruct(v)
        named = cellfun(@(k) [jsonencode(k) ':' gradlab_text(v.(k))], fieldnames(v)', 'UniformOutput', false);
        s = ['{"struct":{' strjoin(named, ',') '}}'];
      elseif ischar(v)
        s = jsonencode(v);
      else
        numbers = {sprintf('%d,', size(v)), strrep(sprintf('%.17g,', double(full(v(:)))), 'Inf', 'Infinity')};
        s = sprintf('{"shape":[%s],"data":[%s]}', numbers{1}(1:end-1), numbers{2}(1:end-1));
      end
    end
    """

    def start(self):
        program = ["octave-cli", "--quiet", "--no-history"]
        self.process = subprocess.Popen(program, stdin=-1, stdout=-1, cwd=FILE.parent, text=True)
        text = FILE.read_text(encoding="utf-8")
        functions = text[re.search(r"(?m)^[ \t]*function\b|\Z", text).start() :]  # a script's stand at its end
        with tempfile.NamedTemporaryFile("w", suffix=".m") as file:
            print("1;", self.TEXT, functions, sep="\n", file=file, flush=True)
            self.ask(f"source('{file.name}'); gradlab_result = {{}};")

    def ask(self, statements):
        tell = r"printf('\ngradlab:%s\n', gradlab_text(gradlab_result));"
        fail = r"catch problem, printf('\ngradlab:%s\n', jsonencode(problem.message)); end, fflush(stdout);"
        print(f"try, {statements} {tell} {fail}", file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("gradlab:"):
                return json.loads(line.removeprefix("gradlab:"))
        raise RuntimeError("Octave has ended")

    def __getattr__(self, name):
        def call(*arguments, results=1):
            if self.process is None:
                self.start()
            given = ", ".join(map(self.written, arguments))
            wanted = f"gradlab_result = cell(1, {results}); [gradlab_result{{:}}]"
            made = self.ask(f"{wanted} = {name}({given});")
            if isinstance(made, str):
                raise RuntimeError(f"{name}: {' '.join(made.split())}")
            made = [self.read(part) for part in made]
            return tuple(made) if results > 1 else made[0]

        return call

    def written(self, value):
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        if isinstance(value, dict):
            return "struct(" + ", ".join(f"'{k}', {{{self.written(part)}}}" for k, part in value.items()) + ")"
        if isinstance(value, (list, tuple)):
            return "{" + ", ".join(map(self.written, value)) + "}"
        array = np.asarray([] if value is None else value, dtype=float)
        shape = array.shape if array.ndim > 1 else (array.size, 1)
        return f"reshape([{' '.join(map(repr, array.ravel('F').tolist()))}], {list(shape)})"

    def read(self, value):
        if isinstance(value, list):
            return [self.read(part) for part in value]
        if isinstance(value, str):
            return value
        if "struct" in value:
            return {k: self.read(part) for k, part in value["struct"].items()}
        return np.array(value["data"], dtype=float).reshape(value["shape"], order="F")


student = Octave()
'''


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
            plans, module = _plans(worker, [name] if name else names or [""])
    except StudentProblemError as error:
        raise LabError(f"{target}: {error}") from None
    return visible(_text(file, module, plans))


def _plans(worker: Worker, names: Sequence[str]) -> tuple[list[Plan], str]:
    """The plan for each of these, but for those that hold no gradient; the name of the file's module."""
    plans, module = list[Plan](), ""
    for name in names:
        try:
            reply, _ = worker.ask("adapter", name=name, examples=EXAMPLES, seed=0)
            plans.append(read_plan(reply["plan"]))
            module = str(reply["module"])
        except StudentProblemError as error:
            if not error.nothing or len(names) == 1:
                raise
        except (KeyError, TypeError, AttributeError) as error:
            raise StudentProblemError(f"the file wrote over the answers of the check: {error!r}") from None
    return plans, module


def _text(file: Path, module: str, plans: Sequence[Plan]) -> str:
    """The whole adapter."""
    body = "\n\n\n".join("\n".join(_lines(plan)) for plan in plans)
    left = body.count(FILL_IN)
    marked = {0: "Everything was recognised: it can be checked as it is.", 1: f"Fill in the line marked `{FILL_IN}`."}
    head = f'"""Checks {file.name}, whose code it calls:\n\n    gradlab check adapter.py\n\n'
    head += marked.get(left, f"Fill in the {left} lines marked `{FILL_IN}`.") + '\n"""\n'
    loading = _loading(file, module)
    used = loading + body
    modules = ("ast", "importlib.util", "importlib", "json", "re", "subprocess", "sys", "tempfile", "types")
    names = [n for n in modules if re.search(rf"\b{n}\b", used)]
    names = [n for n in names if n != "importlib" or "importlib.util" not in names]
    imports = [f"import {n}" for n in names] + ["from pathlib import Path"]
    imports += ["from types import SimpleNamespace"] if "SimpleNamespace" in body else []
    return f"{head}\n" + "\n".join(imports) + f"\n\nimport numpy as np\n\n{loading}\n\n{body}\n"


def _loading(file: Path, module: str) -> str:
    """How the file is imported: from where it lies as seen from the folder the adapter is written to."""
    here = os.path.relpath(file, Path.cwd())
    place = f"Path({str(file)!r})" if here.startswith("..") else f"Path(__file__).resolve().parent / {here!r}"
    if file.suffix.lower() == ".m":
        return f"FILE = {place}\n" + OCTAVE
    if file.suffix == ".ipynb":
        return f"FILE = {place}" + NOTEBOOK.format(name=file.name, module=module)
    folders = module.count(".")
    package = ".".join((*(folder.name for folder in reversed(file.parents[:folders])), file.stem))
    paths = "[" + ", ".join(f"str(FILE.parents[{i}])" for i in dict.fromkeys((folders, 0))) + "]"
    plain = "." not in file.stem and file.stem not in {*sys.stdlib_module_names, "numpy", "adapter"}
    return f"FILE = {place}" + (PYTHON if plain else BY_PATH).format(paths=paths, module=package)


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
    methods = [_init(plan), _guesses(plan), _hold(plan), _seed(plan), _handed(plan), _forward(plan), _loss(plan)]
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
    body: list[str] = []
    if plan.make is not None:
        body += _call("self.net", plan.make)
        body += plan.kept
    if plan.params:
        body += ["self.params = {", *(f"    {p.name!r}: {p.value}," for p in plan.params), "}"]
    else:
        body += _mark("params", "self.params = {'W': ..., 'b': ...}, the arrays that are moved")
    used = "\n".join([*body, *_forward(plan), *_loss(plan), *_grads(plan), *_guesses(plan)])
    data: list[str] = []
    where = plan.gradient.signature if plan.gradient is not None else plan.name
    for each in reversed(plan.data):
        if re.search(rf"\bself\.{each.name}\b", used + "\n".join(data)):
            lines = [f"self.{each.name} = {each.value}"]
            if not each.value:
                lines = _mark(each.name, f"self.{each.name} = ..., an array with the axes that {where} takes")
            data = [*lines, *data]
    if "rng." in "\n".join([*data, *body]):
        yield "    rng = np.random.default_rng(0)"
    if plan.random and plan.make is not None:
        yield "    np.random.seed(0)"
    yield from (f"    {line}" for line in [*data, *body])


def _guesses(plan: Plan) -> Iterator[str]:
    """Methods for what the functions are given but nobody knows how it is built."""
    for name, (argument, signature) in _guessed(plan).items():
        yield f"def {name}(self):"
        told = f"return {argument.value}" if argument.value else "return what it holds"
        yield from (f"    {line}" for line in _mark(argument.name, f"{told}, as {signature} reads it"))


def _guessed(plan: Plan) -> dict[str, tuple[Argument, str]]:
    calls = [call for call in plan.calls() if call.part != "object"]
    return {f"make_{a.name}": (a, c.signature) for c in calls for a in c.arguments if a.guess}


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
    unknown = call is not None and not all(a.value for a in call.arguments)
    wants_out = _reads_out(body) or (plan.forward is not None and unknown)
    if plan.places:
        yield "self.hold()"
    if plan.random:
        yield "self.seed()"
    if wants_out and not plan.uses_forward:
        yield from _mark("out", "out = what the layer gives")
    elif plan.forward is not None and (wants_out or plan.forward.function.startswith("self.net.")):
        yield "out = self.forward()" if wants_out else "self.forward()"


def _loss(plan: Plan) -> Iterator[str]:
    yield "def loss(self):"
    body: list[str] = []
    if plan.cost is not None:
        body += _call("J", plan.cost)
    elif plan.gradient is not None and re.search(r"\bmade\b", plan.loss):
        body += _call("made", plan.gradient)
    if plan.loss == "J" and body:
        body[-1] = body[-1].replace("J = ", "return ", 1)
    elif plan.loss:
        body.append(f"return {plan.loss}")
    elif plan.course:
        body += [f"return {plan.course}  {FILL_IN} your cost, if it is another"]
    else:
        body += _mark("the cost", "return the cost J, a number")
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
    else:
        names = ", ".join(f"{g.name!r}: {g.value or '...'}" for g in plan.grads) or "'W': ..."
        body += _mark("the gradients", f"return {{{names}}}, each where made has it")
    lines = [*_before(plan, body, plan.gradient), *body]
    yield from (f"    {line}" for line in lines)


def _reads_out(lines: Sequence[str]) -> bool:
    return any(re.search(r"\bout\b", line.partition(FILL_IN)[0]) for line in lines)


def _call(target: str, call: Call) -> list[str]:
    """target = call, after a marked line for every argument that is not known."""
    if call.part == "object" and not call.sure:
        given = ", ".join(a.value or a.name for a in call.arguments)
        return _mark(call.signature, f"{target} = {call.function}({given}), with what {call.signature} takes")
    unknown = [_variable(a.name) for a in call.arguments if not a.value]
    marks = [line for name in unknown for line in _mark(name, f"{name} = ..., for {call.signature}")]
    values = [f"self.make_{a.name}()" if a.guess else a.value or _variable(a.name) for a in call.arguments]
    assigned = target if target == "return" else f"{target} ="
    return [*marks, f"{assigned} {written(call, values)}"]


def _variable(name: str) -> str:
    """A name of an argument as one of Python: lambda is none."""
    return f"{name}_" if keyword.iskeyword(name) else name


def _mark(what: str, told: str) -> list[str]:
    """A line for the student to fill in: what is told goes where the line is."""
    return [f"raise ValueError({'fill in ' + what!r})  {FILL_IN} {told}"]
