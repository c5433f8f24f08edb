"""Small changes to a function's text, one of which may undo a mistake: a sign, a name, an axis, a factor, a line.

Here are those within an expression, and the order in which all of them are tried."""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from .changes import Edit, Place, expression, expressions, target_of
from .index_edits import indices
from .line_edits import blocks, exchanged, lines, mirrored, moves
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
    yield (e for place in places for e in lines(place))
    yield (e for place in places for e in blocks(place))
    yield (e for place in places for e in exchanged(place))
    yield (e for s in statements for e in indices(s, names))
    yield (e for s in statements for e in _within(s, lambda node: _slopes(node, names)))
    yield (e for s in statements for e in _within(s, lambda node: _wrapped(node, names, functions)))
    yield (e for s in statements for e in _within(s, lambda node: _names(node, names)[:NEAR]))
    yield (e for s in statements for e in _factors(s, names, functions, likely=True))
    yield (e for place in places for e in mirrored(place, names))
    yield (e for s in statements for e in _within(s, lambda node: _wider(node, names)))
    yield (e for s in statements for e in _within(s, lambda node: _names(node, names)[NEAR:]))
    yield (e for s in statements for e in _factors(s, names, functions, likely=False))
    yield (e for place in places for e in moves(place))
    yield (e for s in statements for e in _forgotten(s, names))


def axes(places: Iterable[Place]) -> Iterator[Edit]:
    """Sums, means and the like along other axes."""
    for statement in (place.statement for place in places):
        for node, holder, field, _ in expressions(statement):
            if isinstance(holder, ast.keyword) and holder.arg == "axis":
                others = (ast.Constant(number) for number in (0, 1, -1))
                yield from (Edit(statement, holder, field, None, o) for o in others if ast.dump(o) != ast.dump(node))


def _within(statement: ast.stmt, replaced: Any) -> Iterator[Edit]:
    if isinstance(statement, ast.While | ast.Assert | ast.FunctionDef | ast.ClassDef):
        return
    for node, holder, field, index in expressions(statement):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        part = (
            isinstance(holder, ast.Attribute)
            or (isinstance(holder, ast.Call) and field == "func")
            or (isinstance(holder, ast.Subscript) and field == "value")
        )
        for new in replaced(node):
            if part and isinstance(new, ast.Attribute) and new.attr == "T":
                continue  # W.T.shape
            yield Edit(statement, holder, field, index, new)


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


def _axes_moved(function: ast.Attribute, node: ast.Call) -> Iterator[ast.expr]:
    """x.transpose(1, 2, 3, 0).reshape(...) in the place of x.reshape(...), for an x of three axes or four."""
    for order in (*itertools.permutations(range(4)), *itertools.permutations(range(3))):
        axes: list[ast.expr] = [ast.Constant(axis) for axis in order]
        turned = ast.Call(ast.Attribute(function.value, "transpose", ast.Load()), axes, [])
        yield ast.Call(ast.Attribute(turned, "reshape", ast.Load()), node.args, node.keywords)


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
    if isinstance(node.func, ast.Attribute) and node.func.attr == "reshape":
        yield from _axes_moved(node.func, node)
    axis = any(keyword.arg == "axis" for keyword in node.keywords)
    if getattr(node.func, "attr", "") in ("sum", "mean", "max") and not axis:
        for number in (0, 1):
            yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("axis", ast.Constant(number))])
    elif axis:
        yield ast.Call(node.func, node.args, [k for k in node.keywords if k.arg not in ("axis", "keepdims")])


def _slopes(node: ast.expr, names: Mapping[str, Kind]) -> Iterator[ast.expr]:
    """The derivative of tanh, sigmoid or ReLU where something else of a single array stands; 1 - p for p."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _slopes_in_product(node, names)
    if not isinstance(node, ast.BinOp | ast.Compare | ast.Call | ast.Name | ast.Subscript | ast.Attribute):
        return
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
    arrays = _arrays_in(node, names)
    if len(arrays) == 1:
        yield from (expression(slope.format(p=arrays[0])) for slope in SLOPES)
        if plain:
            yield expression(f"{arrays[0]} ** 2")
    if plain and names.get(ast.unparse(node), ("",))[0] in ("array", "number"):
        yield expression(f"1 - {ast.unparse(node)}")
    if len(arrays) == 2 and isinstance(node, ast.BinOp) and names[arrays[0]] == names[arrays[1]]:
        for p, d in (arrays, arrays[::-1]):
            yield from (expression(SOFTMAX.format(p=p, d=d, axis=axis)) for axis in (-1, 0))


def _arrays_in(node: ast.AST, names: Mapping[str, Kind]) -> list[str]:
    """The arrays that an expression is made of."""
    parts = (part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute | ast.Subscript))
    return [text for text in dict.fromkeys(map(ast.unparse, parts)) if names.get(text, ("",))[0] == "array"]


def _slopes_in_product(node: ast.BinOp, names: Mapping[str, Kind]) -> Iterator[ast.expr]:
    """d * g * (1 - g): a derivative in the place of all factors that are made of g."""
    factors = list(_factors_of(node))
    for p in _arrays_in(node, names):
        others = [ast.unparse(f) for f in factors if _arrays_in(f, names) != [p]]
        if 0 < len(others) < len(factors) - 1:  # one factor alone is replaced by itself
            rest = " * ".join(f"({other})" for other in others)
            yield expression(rest)
            yield from (expression(f"{rest} * ({slope.format(p=p)})") for slope in SLOPES)


def _factors_of(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors_of(node.left)
        yield from _factors_of(node.right)
    else:
        yield node


def _wrapped(node: ast.expr, names: Mapping[str, Kind], functions: Iterable[str]) -> Iterator[ast.expr]:
    """A function of an array in its place."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and getattr(node, "attr", "") != "T":
        text, sliced = ast.unparse(node), any(isinstance(part, ast.Slice) for part in ast.walk(node))
        if sliced or names.get(text, ("",))[0] == "array":
            yield from (expression(f"{function}({text})") for function in ("np.tanh", *functions))


def _wider(node: ast.expr, names: Mapping[str, Kind]) -> Iterator[ast.expr]:
    """An array times another one; another array in a mask."""
    text = ast.unparse(node)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and text in names and names[text][0] == "array":
        yield from (expression(f"({text} * {p})") for p, what in names.items() if what == names[text] and p != text)
    if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Constant):
        for p in (p for p, what in names.items() if what[0] == "array" and len(what) > 2):
            yield ast.Compare(expression(p), node.ops, node.comparators)
            yield expression(p)
            if names[p] == names.get(ast.unparse(node.left)):
                yield ast.Compare(node.left, [ast.Eq()], [expression(p)])


def _names(node: ast.expr, names: Mapping[str, Kind]) -> list[ast.expr]:
    """Another variable of the same shape, or of the transposed one: what is called alike first."""
    text = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else ""
    if (own := names.get(text)) is None:
        return []
    others = sorted((k for k in names if k != text), key=lambda k: -SequenceMatcher(None, k, text).ratio())
    turned = ("array", *own[:0:-1]) if own[0] == "array" and len(own) == 3 else None
    return [expression(k if names[k] == own else f"{k}.T") for k in others if names[k] in (own, turned)]


def _factors(statement: ast.stmt, names: Mapping[str, Kind], functions: Iterable[str], likely: bool) -> Iterator[Edit]:
    """Something that is forgotten: a mask, a derivative, a term, a division."""
    if not isinstance(statement, ast.AugAssign | ast.Assign | ast.Return) or statement.value is None:
        return
    target, value = target_of(statement), statement.value
    parts: list[tuple[ast.expr, ast.AST, str, int | None]] = [(value, statement, "value", None)]
    if isinstance(value, ast.Tuple):
        parts = [(e, value, "elts", i) for i, e in enumerate(value.elts)]
    terms = [term for part, *_ in parts for term in _terms(part)]
    for part, holder, field, index in (*parts, *terms):
        own = names.get(ast.unparse(part if target is None else target))
        for new in _with_factor(part, own, names, functions, likely):
            yield Edit(statement, holder, field, index, new)


def _forgotten(statement: ast.stmt, names: Mapping[str, Kind]) -> Iterator[Edit]:
    """A term that is a product: a gradient times what is none, or times 1 minus that."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    target = target_of(statement)
    own, text = names.get(ast.unparse(target)), ast.unparse(statement.value)
    alike = [name for name, what in names.items() if own and own[0] == "array" and what == own]
    gradients = [name for name in alike if re.search(GRADIENT, name) and name != ast.unparse(target)]
    for d, p in itertools.product(gradients, (name for name in alike if not re.search(GRADIENT, name))):
        for form in ("{v} + {d} * {p}", "{v} + {d} * (1 - {p})"):
            yield Edit(statement, statement, "value", None, expression(form.format(v=text, d=d, p=p)))


def _terms(value: ast.expr) -> Iterator[tuple[ast.expr, ast.AST, str, int | None]]:
    """The terms of a sum, and where they stand."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        for field, term in (("left", value.left), ("right", value.right)):
            yield from _terms(term)
            if not (isinstance(term, ast.BinOp) and isinstance(term.op, ast.Add | ast.Sub)):
                yield term, value, field, None


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
                yield from (expression(f"{text} * {f}({name})") for f in functions)
                yield from (expression(form.format(v=text, p=name, r=rate)) for rate in rates for form in PENALTIES)
        else:  # y[i], a label, is no factor
            forms = OF_NUMBERS if what[0] in ("whole", "number") and likely and not re.search(r"\[\D", name) else ()
        yield from (expression(form.format(v=text, p=name)) for form in forms)
    if likely:
        yield ast.UnaryOp(ast.USub(), value)
        if own is not None and own[0] == "list":
            yield expression(f"{text}[::-1]")
