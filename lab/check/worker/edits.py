"""Small changes to a function's text, one of which may undo a mistake: a sign, a name, an axis, a factor, a line."""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from .roles import Role, role

Kind = tuple[Any, ...]
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.MatMult, ast.Add),
    ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.LtE,
    ast.LtE: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
TWINS = {"sum": "mean", "mean": "sum", "maximum": "minimum", "minimum": "maximum", "dot": "multiply", "zeros": "ones"}
FACTORS = ("{v} * {p}", "{v} * ({p} > 0)", "{v} * (1 - {p} ** 2)", "{v} * {p} * (1 - {p})")
TERMS = ("{v} + {p}", "{v} - {p}")
GRADIENT = r"(^|\W|_)(d|grad|delta|nabla|G\b|g_)\w*$|(_d|grad|delta)s?$"  # names of gradients
MANY = 8  # elements, of which two change places
NEAR = 3  # names that are alike
SOFTMAX = "{p} * ({d} - ({d} * {p}).sum(axis={axis}, keepdims=True))"
PENALTIES = ("{v} + 2 * {r} * {p}", "{v} + {r} * {p}")
OF_NUMBERS = ("{v} * {p}", "{v} / {p}")
OF_SHAPES = ("{v} / {p}.shape[0]", "{v} / {p}.shape[1]", "{v} * {p}.shape[0]")
SLOPES = ("1 - {p} ** 2", "{p} * (1 - {p})", "{p} > 0")


@dataclass(frozen=True)
class Place:
    """A statement and the list it stands in."""

    statement: ast.stmt
    holder: ast.AST
    field: str
    index: int


@dataclass
class Edit:
    """One change: what comes into a field of a node. line: of the statement it is in; moved: words for a statement that
    goes elsewhere."""

    statement: ast.stmt
    holder: ast.AST
    field: str
    index: int | None
    new: Any
    moved: str = ""

    def __post_init__(self) -> None:
        for node in ast.walk(self.new) if isinstance(self.new, ast.AST) else ():
            if "lineno" in node._attributes and not hasattr(node, "lineno"):
                ast.copy_location(node, self.statement)

    def swap(self) -> None:
        """Make the change; made once more, it is undone."""
        if self.index is None:
            old = getattr(self.holder, self.field)
            setattr(self.holder, self.field, self.new)
        else:
            values = getattr(self.holder, self.field)
            old, values[self.index] = values[self.index], self.new
        self.new = old

    def words(self) -> str:
        """'write `b` in place of `a`', while the change is not made."""
        before = shown(self.statement)
        if self.moved:
            return self.moved.format(before)
        if isinstance(self.new, ast.Pass):
            return f"take out `{before}`"
        if self.new_statement():
            return f"write `{shown(self.new)}` in place of `{before}`"
        self.swap()
        after = shown(self.statement)
        self.swap()
        return f"write `{after}` in place of `{before}`"

    def new_statement(self) -> bool:
        """Is a whole statement replaced?"""
        return isinstance(self.new, ast.stmt)


def shown(statement: ast.stmt) -> str:
    """A statement as a line; of one that holds others the first line."""
    return ast.unparse(statement).split("\n")[0]


def kind(value: Any) -> Kind | None:
    """What a value must have in common with one that stands in its place; None for what is never exchanged."""
    if isinstance(value, np.ndarray):
        return ("array", *value.shape)
    if isinstance(value, bool | np.bool_) or value is None:
        return None
    if isinstance(value, int | np.integer):
        return ("whole",)
    if isinstance(value, float | np.floating):
        return ("number",)
    return ("list", len(value)) if isinstance(value, list | tuple) else None


def pool(function: ast.AST, own: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Kind]:
    """The variables, attributes and elements that a function's text names, and what they were when it returned."""
    nodes = (n for n in ast.walk(function) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript) and not _calls(n))
    kept = [f"self.{name}" for name in getattr(own.get("self"), "__dict__", ())]
    found: dict[str, Kind] = {}
    for text in dict.fromkeys([*map(ast.unparse, nodes), *filter(str.isidentifier, own), *kept]):
        try:
            what = kind(eval(text, dict(file), dict(own)))
        except Exception:
            continue
        if what is not None:
            found[text] = what
    return found


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call | ast.Await | ast.Yield | ast.Slice) for part in ast.walk(node))


def edits(places: Sequence[Place], names: Mapping[str, Kind], functions: Iterable[str]) -> Iterator[Iterator[Edit]]:
    """The changes of these statements, in groups, the likely ones first. names: see pool(); functions: those of the
    file that may be derivatives."""
    statements = [place.statement for place in places]
    yield (e for s in statements for e in _within(s, _small))
    yield (e for place in places for e in _lines(place))
    yield (e for s in statements for e in _within(s, lambda node: _slopes(node, names)))
    yield (e for s in statements for e in _within(s, lambda node: _names(node, names)[:NEAR]))
    yield (e for s in statements for e in _factors(s, names, functions, likely=True))
    yield (e for s in statements for e in _within(s, lambda node: _names(node, names)[NEAR:]))
    yield (e for s in statements for e in _factors(s, names, functions, likely=False))
    yield (e for place in places for e in _moves(place))


def _bodies(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for field in ("body", "orelse", "finalbody"):
        if isinstance(getattr(node, field, None), list):
            yield node, field


def places(node: ast.AST) -> Iterator[Place]:
    """The statements of a function, and where they stand."""
    for holder, field in _bodies(node):
        for i, statement in enumerate(getattr(holder, field)):
            yield Place(statement, holder, field, i)
            yield from places(statement)


def scaled(place: Place) -> Edit | None:
    """What a statement assigns times a number: it shows which gradients the statement is for; None if it assigns
    nothing."""
    statement = place.statement
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return None
    new = ast.BinOp(statement.value, ast.Mult(), ast.Constant(1.37))
    return Edit(statement, statement, "value", None, new)


def _expressions(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST, str, int | None]]:
    """The expressions of a statement with the places they are at, not those of the statements in it."""
    for field, value in ast.iter_fields(node):
        for index, part in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(part, ast.expr):
                yield part, node, field, index
            if isinstance(part, ast.expr | ast.keyword | ast.comprehension):
                yield from _expressions(part)


def _within(statement: ast.stmt, replaced: Any) -> Iterator[Edit]:
    if isinstance(statement, ast.While | ast.Assert | ast.FunctionDef | ast.ClassDef):
        return
    for node, holder, field, index in _expressions(statement):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        part = isinstance(holder, ast.Attribute) or (isinstance(holder, ast.Call) and field == "func")
        for new in replaced(node):
            if part and isinstance(new, ast.Attribute) and new.attr == "T":
                continue  # W.T.shape
            yield Edit(statement, holder, field, index, new)


def _expr(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _small(node: ast.expr) -> Iterator[ast.expr]:
    """Another operator, number, comparison, axis or order; one part of it alone; transposed."""
    if isinstance(node, ast.BinOp):
        for other in OPERATORS.get(type(node.op), ()):
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left
        if not isinstance(node.op, ast.Pow | ast.Div):
            yield node.right
        if isinstance(node.op, ast.MatMult | ast.Sub):
            yield ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, ast.Pow) and isinstance(node.left, ast.BinOp):  # (1 - h)**2
            yield ast.BinOp(node.left.left, node.left.op, ast.BinOp(node.left.right, ast.Pow(), node.right))
        if isinstance(node.op, ast.Mult | ast.Div):
            yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
            yield ast.BinOp(node, ast.Div(), ast.Constant(2))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield ast.Compare(node.left, [COMPARISONS.get(type(node.ops[0]), type(node.ops[0]))()], node.comparators)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from (ast.Constant(v) for v in _numbers(node.value))
    if isinstance(node, ast.Attribute):
        if node.attr == "T":
            yield node.value
        elif node.attr in TWINS:
            yield ast.Attribute(node.value, TWINS[node.attr], node.ctx)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and getattr(node, "attr", "") != "T":
        yield ast.Attribute(node, "T", ast.Load())
    if isinstance(node, ast.Call):
        yield from _calls_otherwise(node)
    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= MANY:
        for i, j in itertools.combinations(range(len(node.elts)), 2):
            elements = [node.elts[{i: j, j: i}.get(k, k)] for k in range(len(node.elts))]
            yield type(node)(elements, node.ctx)


def _in_order(node: ast.Call) -> Iterator[ast.expr]:
    """With order="F", or without it."""
    rest = [k for k in node.keywords if k.arg != "order"]
    if len(rest) < len(node.keywords):
        yield ast.Call(node.func, node.args, rest)
    yield ast.Call(node.func, node.args, [*rest, ast.keyword("order", ast.Constant("F"))])


def _numbers(value: Any) -> Iterator[Any]:
    others = (value + 1, value - 1, -value, 2 * value) if type(value) is int else (value * 2, value / 2, 0.0, 1.0)
    yield from (v for v in dict.fromkeys(others) if v != value)


def _calls_otherwise(node: ast.Call) -> Iterator[ast.expr]:
    """Its arguments in another order, one of them alone, without a sum, or a sum along another axis."""
    whole = [a for a in node.args if isinstance(a, ast.Constant)]
    if len(node.args) == 2:
        yield ast.Call(node.func, node.args[::-1], node.keywords)
    elif 2 < len(node.args) == len(whole) <= 4:
        yield from (ast.Call(node.func, list(p), node.keywords) for p in itertools.permutations(node.args))
    if len(node.args) == 1 and not node.keywords:
        yield node.args[0]
    if getattr(node.func, "attr", "") in ("reshape", "flatten", "ravel"):
        yield from _in_order(node)
    axis = any(keyword.arg == "axis" for keyword in node.keywords)
    if getattr(node.func, "attr", "") in ("sum", "mean", "max") and not axis:
        for number in (0, 1):
            yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("axis", ast.Constant(number))])
    elif axis:
        yield ast.Call(node.func, node.args, [k for k in node.keywords if k.arg not in ("axis", "keepdims")])


def _slopes(node: ast.expr, names: Mapping[str, Kind]) -> Iterator[ast.expr]:
    """The derivative of tanh, sigmoid or ReLU where something else of a single array stands."""
    if not isinstance(node, ast.BinOp | ast.Compare | ast.Call | ast.Name | ast.Subscript | ast.Attribute):
        return
    inside = {
        ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute | ast.Subscript)
    }
    arrays = [text for text in inside if names.get(text, ("",))[0] == "array"]
    if len(arrays) == 1:
        yield from (_expr(slope.format(p=arrays[0])) for slope in SLOPES)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            yield _expr(f"{arrays[0]} ** 2")
    if len(arrays) == 2 and isinstance(node, ast.BinOp) and names[arrays[0]] == names[arrays[1]]:
        for p, d in (arrays, arrays[::-1]):
            yield from (_expr(SOFTMAX.format(p=p, d=d, axis=axis)) for axis in (-1, 0))


def _names(node: ast.expr, names: Mapping[str, Kind]) -> list[ast.expr]:
    """Another variable of the same shape, or of the transposed one: what is called alike first."""
    text = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else ""
    if (own := names.get(text)) is None:
        return []
    others = sorted((k for k in names if k != text), key=lambda k: -SequenceMatcher(None, k, text).ratio())
    turned = ("array", *own[:0:-1]) if own[0] == "array" and len(own) == 3 else None
    return [_expr(k if names[k] == own else f"{k}.T") for k in others if names[k] in (own, turned)]


def _factors(statement: ast.stmt, names: Mapping[str, Kind], functions: Iterable[str], likely: bool) -> Iterator[Edit]:
    """Something that is forgotten: a mask, a derivative, a term, a division."""
    if not isinstance(statement, ast.AugAssign | ast.Assign | ast.Return) or statement.value is None:
        return
    target, value = _target(statement), statement.value
    parts: list[tuple[ast.expr, ast.AST, str, int | None]] = [(value, statement, "value", None)]
    if isinstance(value, ast.Tuple):
        parts = [(e, value, "elts", i) for i, e in enumerate(value.elts)]
    terms = [term for part, *_ in parts for term in _terms(part)]
    for part, holder, field, index in (*parts, *terms):
        own = names.get(ast.unparse(part if target is None else target))
        for new in _with_factor(part, own, names, functions, likely):
            yield Edit(statement, holder, field, index, new)


def _terms(value: ast.expr) -> Iterator[tuple[ast.expr, ast.AST, str, int | None]]:
    """The terms of a sum, and where they stand."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        for field, term in (("left", value.left), ("right", value.right)):
            yield from _terms(term)
            if not (isinstance(term, ast.BinOp) and isinstance(term.op, ast.Add | ast.Sub)):
                yield term, value, field, None


def _target(statement: ast.stmt) -> Any:
    return getattr(statement, "target", None) or (getattr(statement, "targets", None) or [None])[0]


def _with_factor(
    value: ast.expr, own: Kind | None, names: Mapping[str, Kind], functions: Iterable[str], likely: bool
) -> Iterator[ast.expr]:
    """Every term of a gradient holds one gradient: it is multiplied with what is none, and added to another."""
    text = f"({ast.unparse(value)})" if isinstance(value, ast.BinOp | ast.Compare) else ast.unparse(value)
    rates = [name for name in names if names[name][0] == "number" and role(name.split(".")[-1]) is Role.LAMBDA]
    for name, what in names.items():
        if what[0] == "array":
            near = own is None or own[0] != "array" or what == own or len(what) < len(own)
            fitting = (TERMS if re.search(GRADIENT, name) else FACTORS) if near else ()
            shapes = OF_SHAPES if len(what) == 3 else OF_SHAPES[:1]
            forms = fitting if likely else [f for f in (*FACTORS, *TERMS, *shapes) if f not in fitting]
            if likely and near:
                yield from (_expr(f"{text} * {f}({name})") for f in functions)
                yield from (_expr(form.format(v=text, p=name, r=rate)) for rate in rates for form in PENALTIES)
        else:
            forms = OF_NUMBERS if what[0] in ("whole", "number") and likely else ()
        yield from (_expr(form.format(v=text, p=name)) for form in forms)
    if likely:
        yield ast.UnaryOp(ast.USub(), value)
        if own is not None and own[0] == "list":
            yield _expr(f"{text}[::-1]")


def _lines(place: Place) -> Iterator[Edit]:
    """Added up and not assigned, or the other way round; left out; added where a row comes twice."""
    statement, holder, field, index = place.statement, place.holder, place.field, place.index
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield Edit(statement, holder, field, index, ast.Pass())
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
            yield Edit(statement, holder, field, index, ast.AugAssign(target, ast.Add(), statement.value))
        yield Edit(statement, holder, field, index, ast.Pass())
    if isinstance(statement, ast.AugAssign):
        yield Edit(statement, holder, field, index, ast.Assign([statement.target], statement.value, lineno=1))
        for other in OPERATORS.get(type(statement.op), ()):
            yield Edit(statement, statement, "op", None, other())
        yield Edit(statement, holder, field, index, ast.Pass())
    target = _target(statement)
    if isinstance(statement, ast.Assign | ast.AugAssign) and isinstance(target, ast.Subscript):
        parts = map(ast.unparse, (target.value, target.slice, statement.value))
        added = ast.parse("np.add.at({}, {}, {})".format(*parts)).body[0]
        yield Edit(statement, holder, field, index, added)


def _moves(place: Place) -> Iterator[Edit]:
    """The statement further down in its block: an update that comes too early."""
    statement, holder, field, index = place.statement, place.holder, place.field, place.index
    block: list[ast.stmt] = getattr(holder, field)
    if not isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr):
        return
    for end in range(index + 1, len(block)):
        if isinstance(block[end], ast.Return):
            return
        others = [*block[:index], *block[index + 1 : end + 1], statement, *block[end + 1 :]]
        yield Edit(statement, holder, field, None, others, f"move `{{}}` behind `{shown(block[end])}`")
