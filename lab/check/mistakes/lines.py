"""The line of a backward function that computes a gradient, found in its text."""

import ast
import re
import textwrap

MARKS = ("grad", "gradient", "d", "g", "delta")


def line_of(source: str, tensor: str, first_line: int = 1) -> int | None:
    """The line that assigns the gradient of `tensor` ("W1", "b", "W[0]", "dW1"): the last one, as that is what holds.

    `source` is the text of the function, `first_line` the number of its first line in the file. None where no line, or
    more than one line with different targets, may be meant, and where the text is no Python.
    """
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:
        return None
    wanted = _plain(tensor)
    targets = [(_names(target), node.lineno) for node, target in _assignments(tree)]
    exact = [line for names, line in targets if any(_is_gradient(name, wanted) for name in names)]
    if not exact:  # W1 in a loop over k: dW[k]
        letters = wanted.rstrip("0123456789")
        exact = [line for names, line in targets if letters and any(_is_gradient(name, letters) for name in names)]
        if len(set(exact)) != 1:
            return None
    return first_line - 1 + exact[-1]


def _assignments(tree: ast.AST) -> list[tuple[ast.stmt, ast.expr]]:
    """Every statement that gives something a value, with each of its targets, in the order of the text."""
    found: list[tuple[ast.stmt, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and not _is_start(node.value):
            for target in node.targets:
                parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
                found += [(node, part) for part in parts]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            found.append((node, node.target))
        elif (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Attribute)
            and node.value.func.attr in ("append", "insert", "appendleft")
        ):
            found.append((node, node.value.func.value))
    return sorted(found, key=lambda pair: pair[0].lineno)


def _is_start(value: ast.expr) -> bool:
    """Is this nothing yet: [], {}, None, [None] * 3, np.zeros(...)?"""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult):
        return isinstance(value.left, ast.List) or isinstance(value.right, ast.List)
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func).rsplit(".", 1)[-1]
        return called in ("zeros", "zeros_like", "empty", "empty_like", "list", "dict", "deque")
    if isinstance(value, ast.ListComp):
        return _is_start(value.elt)
    return _is_empty(value)


def _is_empty(value: ast.expr) -> bool:
    """[], (), {} or None."""
    if isinstance(value, ast.List | ast.Tuple):
        return not value.elts
    return (isinstance(value, ast.Dict) and not value.keys) or (
        isinstance(value, ast.Constant) and value.value in (None, 0, 0.0)
    )


def _names(target: ast.expr) -> list[str]:
    """What a target may be called: dW1, self.dW1, grads["W1"], dW[0] (as dW1 and dW0 and dW)."""
    if isinstance(target, ast.Name):
        return [_plain(target.id)]
    if isinstance(target, ast.Attribute):
        return [_plain(target.attr)]
    if isinstance(target, ast.Subscript):
        return [base + key for base in _names(target.value) for key in ("", *_keys(target.slice))]
    return []


def _keys(index: ast.expr) -> list[str]:
    if isinstance(index, ast.Constant):
        value = index.value
        return [str(value + 1)] if isinstance(value, int) else [_plain(str(value))]
    return []


def _plain(name: str) -> str:
    """Without case, underscores and brackets; W[0] and W1 alike."""
    name = re.sub(r"\[(\d+)\]", lambda match: str(int(match[1]) + 1), name)
    return re.sub(r"[\W_]", "", name).lower()


def _is_gradient(name: str, tensor: str) -> bool:
    """Is this the name of a gradient of the tensor, or of one that is called so itself?"""
    forms = {mark + tensor for mark in MARKS} | {tensor + mark for mark in ("grad", "gradient")}
    holders = {holder + tensor for holder in ("grads", "gradients", "gradw", "gradb", "dparams")}
    return name in forms | holders or (name == tensor and tensor.startswith(MARKS))
