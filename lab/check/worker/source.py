"""What the text of a function tells without running it: the names it returns, what it calls, the keys it uses."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from .mfile import Function as OctaveFunction
from .roles import Role, plain, role
from .values import Function

Given = ParamSpec("Given")
Found = TypeVar("Found")


@cache
def signature(function: Function) -> list[inspect.Parameter]:
    """The parameters of a function that can be given by position; none if it does not say."""
    try:
        found = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return []
    return [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


@cache
def role_in(function: Function, name: str) -> Role:
    """What an argument stands for, by its name and by how it is read: p of p["W1"] holds all parameters, and out of
    h, p = out all that forward gave."""
    found = role(name)
    short = found is Role.P or plain(name) in ("prm", "par", "th", "m", "q")
    if short and re.search(rf"(?<![.\w]){name}\[f?['\"][Ww]\w*['\"]", text(function)):
        return Role.NETWORK
    if name == "p" and (share := _share(function, name)) is not None:
        return share
    if name in ("U", "V") and _is_mask(function, name):
        return Role.OTHER
    several = rf"(?m)^\s*\(?\w+(, *\w+)+\)? *= *{name}\s*(#.*)?$|(?<![.\w]){name}\[['\"]"
    return Role.OTHER if found is Role.P and re.search(several, text(function)) else found


def _share(function: Function, name: str) -> Role | None:
    """What p is where dropout draws: the share that is kept or dropped, as its default tells, or what it is compared
    with. None if it is no such number."""
    default = next((p.default for p in signature(function) if p.name == name), None)
    if isinstance(default, int | float) and default in (0, 1) and not isinstance(default, bool):
        return Role.KEEP if default else Role.DROP
    drawn, said = r"(rand\w*|random|uniform|sample)\([^\n]*\)", text(function)
    if not re.search(rf"{drawn}|binomial\(", said):
        return None
    if re.search(rf"{drawn} *>=? *{name}\b|\b1(\.0*)? *- *{name}\b", said):
        return Role.DROP
    return Role.KEEP if re.search(rf"{drawn} *<=? *{name}\b|binomial\([^\n]*\b{name}\b|/ *{name}\b", said) else None


def _is_mask(function: Function, name: str) -> bool:
    """Is it a mask, U of G * U, and no weights, as of U @ h? Only then a function may ignore it."""
    each, said = rf"(?<![.\w]){name}\b(\[[^\]]*\])?", text(function)
    products = rf"@ *{each}|{each}(\.T)? *@|(dot|matmul|einsum)\([^\n]*{each}|{each}\.dot|{each} *\* *{name}\b"
    if re.search(products, said):
        return False
    return not is_read(function, name) or bool(re.search(rf"\*=? *{each}|{each} *(\*(?!\*)|[<>]|[!=]=)", said))


def is_octave(function: Any) -> bool:
    """Does Octave run it? Then its text is MATLAB (mfile.py:Function)."""
    return hasattr(function, "nargout") and hasattr(function, "outputs")


def once_a_text(look: Callable[Given, Found]) -> Callable[Given, Found]:
    """Keep what a look at a function's text found: the methods of all objects of a class have one text."""
    kept = cache(look)

    @wraps(look)
    def found(*args: Given.args, **_: Given.kwargs) -> Found:
        function, *others = args
        return kept(getattr(function, "__func__", function), *others)

    return found


@once_a_text
def tree(function: Function) -> ast.AST | None:
    """The function's syntax tree, None where there is no text."""
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None


GRADIENT_NAME = r"(?i:d_?([wbvuxazh]|theta|gamma|beta)_?\w{0,2}|grad\w*|\w+_grad)"  # dW1, d_b, grad_W, W1_grad


@once_a_text
def returned(function: Function) -> list[str]:
    """Names of what the function returns, from its longest return: 'return P, np.array(H)' -> ['P', 'H']; "" where an
    element has no name. A function of Octave says which they are."""
    if isinstance(function, OctaveFunction):
        return list(function.outputs)
    if is_octave(function):
        return list(function.outputs)  # type: ignore[attr-defined]
    found: list[list[str]] = [[]]
    for node in ast.walk(tree(function) or ast.Module([], [])):
        if isinstance(node, ast.Return) and node.value is not None:
            elements = node.value.elts if isinstance(node.value, ast.Tuple | ast.List) else [node.value]
            found.append([_name(element) for element in elements])
    return max(found, key=len)


@cache
def returns_dict(function: Function) -> bool:
    """Does it return a dict that it makes, beside something else: return loss, {"W1": dW1}; return loss, g?"""
    nodes = list(ast.walk(tree(function) or ast.Module([], [])))
    targets = [t for n in nodes if isinstance(n, ast.Assign) and _is_new_dict(n.value) for t in n.targets]
    made = {t.id for t in targets if isinstance(t, ast.Name) and not re.search("cache|mem|kept|info|stat", t.id)}
    parts = [part for n in nodes if isinstance(n, ast.Return) for part in getattr(n.value, "elts", [])[1:]]
    return any(isinstance(part, ast.Dict) or getattr(part, "id", "") in made for part in parts)


def _is_new_dict(node: ast.expr) -> bool:
    called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict"
    return called or isinstance(node, ast.Dict | ast.DictComp)


def _name(node: ast.expr) -> str:
    """The one variable that an expression is about: P, P of np.array(P), grad_W of self.grad_W, Ws of Ws[::-1]; grads
    for {"dW": dW, "db": db}, whose parts are all called gradients."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _name(node.value)
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return _name(node.args[0])
    parts = _parts(node)
    return "grads" if parts and all(re.fullmatch(GRADIENT_NAME, part) for part in parts) else ""


def _parts(node: ast.expr) -> list[str]:
    """What the parts of a dict, list or tuple are called that is written out: by its keys or by its values."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_name(element) for element in node.elts]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "dict":
        return [keyword.arg or "" for keyword in node.keywords]
    if not isinstance(node, ast.Dict):
        return []
    keys = [str(getattr(key, "value", "")) for key in node.keys]
    return keys if all(re.fullmatch(GRADIENT_NAME, key) for key in keys) else [_name(value) for value in node.values]


@once_a_text
def called(function: Function) -> set[str]:
    """Names of the functions and methods it calls."""
    if is_octave(function):
        return set(re.findall(r"\b([A-Za-z]\w*) *\(", text(function)))
    nodes = [node.func for node in ast.walk(tree(function) or ast.Module([], [])) if isinstance(node, ast.Call)]
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


@once_a_text
def words(function: Function) -> set[str]:
    """Its string constants that could be keys or names of attributes: 'W1', 'W' of f'W{i}' and of 'W' + str(i)."""
    if is_octave(function):
        return set(re.findall(r"(?<=[\w)}]\.)[A-Za-z]\w{0,19}\b", text(function)))
    found = set()
    nodes = list(ast.walk(tree(function) or ast.Module([], [])))
    methods = {id(node.func) for node in nodes if isinstance(node, ast.Call)}  # X.dot(...) is no key
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(re.sub(r"%[ds]|\{\w*\}", "", node.value))
        elif isinstance(node, ast.Attribute) and id(node) not in methods:
            found.add(node.attr)
    return {word for word in found if re.fullmatch(r"\w{1,20}", word)}


@once_a_text
def stored(function: Function) -> set[str]:
    """Attributes of self that a method sets: p of self.p = ..."""
    return _attributes(function, ast.Store)


@once_a_text
def read(function: Function) -> set[str]:
    """Attributes of self that a method reads."""
    return _attributes(function, ast.Load)


def _attributes(function: Function, context: type[ast.expr_context]) -> set[str]:
    nodes = [n for n in ast.walk(tree(function) or ast.Module([], [])) if isinstance(n, ast.Attribute)]
    return {n.attr for n in nodes if isinstance(n.ctx, context) and getattr(n.value, "id", "") == "self"}


@once_a_text
def compared(function: Function, name: str) -> list[str]:
    """The strings an argument, or the attribute that keeps it, is compared with, what suits a course first: softmax or
    cross entropy, training."""
    if is_octave(function):
        found = re.findall(rf"strcmpi? *\( *{name} *, *['\"](\w+)['\"]", text(function))
        return sorted(dict.fromkeys(found), key=lambda word: not likely(word))
    found = []
    for node in ast.walk(tree(function) or ast.Module([], [])):
        if isinstance(node, ast.Compare) and name in (getattr(node.left, "id", ""), getattr(node.left, "attr", "")):
            found += [c.value for c in node.comparators if isinstance(c, ast.Constant) and isinstance(c.value, str)]
    return sorted(dict.fromkeys(found), key=lambda word: not likely(word))


@once_a_text
def compared_number(function: Function, name: str) -> int | None:
    """The first whole number an argument is compared with: 0 of "if matrix == 0"; None if there is none."""
    found = re.search(rf"\b{name} *== *(\d+)\b(?!\.)", text(function))
    return int(found[1]) if found else None


@once_a_text
def may_be_none(function: Function, name: str) -> bool:
    """Does the function ask whether an argument is None?"""
    return re.search(rf"\b{name} *(is|==) *None\b", text(function)) is not None


@once_a_text
def word_of(kind: Any, name: str) -> str:
    """The first string that a class compares an argument of its constructor with, or an attribute of the same name: the
    likeliest if it is one of several; "" if there is none."""
    found = re.findall(rf"\b{name} *== *['\"](\w+)['\"]", text(kind))
    return sorted(found, key=lambda word: not likely(word))[0] if found else ""


@once_a_text
def numbers(function: Function) -> list[float]:
    """The numbers between 0 and 1 that a function is written with, or that globals it reads hold: a learning rate may
    be among them."""
    own = getattr(function, "__globals__", {})
    known = [own.get(name) for name in getattr(getattr(function, "__code__", None), "co_names", ())]
    written = [node.value for node in ast.walk(tree(function) or ast.Module([], [])) if isinstance(node, ast.Constant)]
    return [v for v in dict.fromkeys(v for v in (*written, *known) if isinstance(v, float)) if 0 < v < 1]


@once_a_text
def is_read(function: Function, name: str) -> bool:
    """Does a function do anything with an argument?"""
    found = tree(function)
    if found is None:
        return not is_octave(function) or len(re.findall(rf"\b{name}\b", text(function))) > 1
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(found))


@once_a_text
def is_called(thing: Any, name: str) -> bool:
    """Does a class or function call what it is given under this name, perhaps by way of an attribute?"""
    attributes = re.findall(rf"self\.(\w+) *= *{name}\b *(?![.(\[])", text(thing))
    callers = [rf"(?<!def )(?<![.\w]){name}\(", *(rf"self\.{attribute}\(" for attribute in attributes)]
    return any(re.search(caller, text(thing)) for caller in callers)


@once_a_text
def keys_read(function: Function, name: str) -> tuple[str, ...]:
    """The keys that it reads in an argument, in their order: hyper["decay"]."""
    return tuple(dict.fromkeys(re.findall(rf"(?<![\w.]){name}\[['\"](\w+)['\"]\]", text(function))))


@once_a_text
def unpacked(function: Function, name: str) -> int:
    """Into how many variables it unpacks an argument: 4 for a, b, c, d = eta_params; 0 if it does not."""
    for node in ast.walk(tree(function) or ast.Module([], [])):
        if isinstance(node, ast.Assign) and getattr(node.value, "id", "") == name:
            return len(getattr(node.targets[0], "elts", ()))
    return 0


@once_a_text
def penalises(thing: Any, name: str) -> bool:
    """Does a class multiply an argument of its constructor with a sum of squares, alpha * np.sum(W**2)?"""
    squares = rf"\b{name} *(/ *2\.?)? *\* *\(*(np\.)?(sum|square|linalg)\w*\W|\b{name} *\*[^=\n]*\*\* *2"
    return bool(re.search(squares, text(thing)))


COUNT = r"(N|n|m|B|bs|batch(_?size)?|((n|num)_?)?(samples|examples|train))"
LENGTH = r"len\((?!(y|ys|t|y_?true|labels?|targets?)\))\w+\)"  # of the inputs: that of labels tells nothing


@once_a_text
def says_rows(thing: Any) -> bool:
    """Does a text read the number of examples from the first axis, N, C = x.shape, and nowhere from the second?"""
    said = text(thing)
    first = rf"\b{COUNT} *,[^=\n]*= *[\w.]+\.shape *$|\b{COUNT} *= *([\w.]+\.shape\[0\]|{LENGTH})"
    second = rf", *{COUNT} *= *[\w.]+\.shape *$|\b{COUNT} *= *[\w.]+\.shape\[1\]"
    return bool(re.search(first, said, re.M)) and not re.search(second, said, re.M)


@once_a_text
def only_raises(function: Function) -> bool:
    """Is there nothing in it but an error, raised or returned, ... or pass, as in a base class?"""
    found = tree(function)
    body = found.body[0].body if isinstance(found, ast.Module) and isinstance(found.body[0], ast.FunctionDef) else []
    done = [node for node in body if not isinstance(node, ast.Expr)]
    return bool(body) and all(isinstance(node, ast.Raise | ast.Pass) or _returns_error(node) for node in done)


def _returns_error(node: ast.stmt) -> bool:
    """return NotImplementedError."""
    return isinstance(node, ast.Return) and node.value is not None and "NotImplemented" in ast.unparse(node.value)


def looks_up(function: Function) -> bool:
    """Does a function index an array with its first argument, as an embedding does: W[x]?"""
    first = signature(function)[0].name if signature(function) else ""
    return bool(first) and bool(re.search(rf"[\w\])]\[{first}(, *:)?\]|\btake\([^,]+, *{first}\b", text(function)))


@once_a_text
def indexes_with(function: Function, name: str) -> bool:
    """Does a function look up rows by the numbers in an argument, or count with them: C[X], one_hot[t][inputs[t]] = 1,
    for word in words: E[word]?"""
    nodes = list(ast.walk(tree(function) or ast.Module([], [])))
    loops = [(n.target, n.iter) for n in nodes if isinstance(n, ast.For | ast.comprehension)]
    elements = [_names(target) for target, over in loops if name in _names(over) and "range" not in _names(over)]
    wanted = {name}.union(*elements)
    inside = [n.slice for n in nodes if isinstance(n, ast.Subscript) and not _is_of(n.value, wanted)]
    inside += [a for n in nodes if isinstance(n, ast.Call) and re.search(LOOKS_UP, ast.unparse(n.func)) for a in n.args]
    return any(wanted & _names(part) for part in inside)


@once_a_text
def subtracted(function: Function, name: str) -> bool:
    """Does a function subtract an argument, P - y, and never use it as an index?"""
    said = text(function)
    index = rf"\[[^\]=]*\b{name}\b[^\]=]*\]|\beye\([^)]*\)\[|one_?hot"
    return bool(re.search(rf"- *{name}\b(?![.\[(])", said)) and not re.search(index, said, re.I)


LOOKS_UP = r"one_?hot|\btake$|\badd\.at$"


def _is_of(value: ast.expr, names: set[str]) -> bool:
    """Is it one of these, or an element of it?"""
    while isinstance(value, ast.Subscript):
        value = value.value
    return isinstance(value, ast.Name) and value.id in names


def _names(node: ast.AST) -> set[str]:
    """The names in an expression, but for those of which only the shape or the length is read."""
    if isinstance(node, ast.Attribute) and node.attr in ("shape", "size", "ndim"):
        return set()
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len":
        return set()
    own = {node.id} if isinstance(node, ast.Name) else set()
    return own.union(*(_names(child) for child in ast.iter_child_nodes(node)))


def wants_list(thing: Any, name: str) -> bool:
    """Does it refuse an argument that is no list?"""
    asked = rf"isinstance\( *{name} *, *\(? *(list|List)|type\( *{name} *\) *(!=|==|is|is not) *list"
    return bool(re.search(asked, text(thing)))


def likely(word: str) -> bool:
    """Does a word name what a course uses first?"""
    return bool(re.search(r"cross|soft|^ce$|train", word.lower()))


@once_a_text
def text(thing: Any) -> str:
    """The text of a function or class, "" where there is none."""
    if is_octave(thing):
        return str(thing.text)
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""
