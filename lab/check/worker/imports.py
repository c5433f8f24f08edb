"""What the text of a file says of what it imports and misses."""

import ast
import builtins
from collections.abc import Iterator


def guarded(tree: ast.Module) -> Iterator[range]:
    """Lines where the file itself takes care of an import that fails."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_catches(handler.type) for handler in node.handlers):
            yield range(node.body[0].lineno, (node.body[-1].end_lineno or node.body[-1].lineno) + 1)
        if isinstance(node, ast.With) and any("suppress" in ast.dump(item.context_expr) for item in node.items):
            yield range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _catches(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_catches(element) for element in kind.elts)
    names = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
    return kind is None or (isinstance(kind, ast.Name) and kind.id in names)


def unbound(tree: ast.Module) -> frozenset[str]:
    """Names that a file reads and neither makes nor imports by name."""
    read, made = set[str](), set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            made.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    module = {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__builtins__"}
    return frozenset(read - made - module)
