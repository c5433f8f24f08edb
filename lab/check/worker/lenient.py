"""Objects whose constructor reads data that are not there: what of it fails is left out, line by line."""

import ast
import inspect
import sys
from typing import Any

from .source import tree
from .values import Function


def made_leniently(made: Function, given: dict[str, Any]) -> Any:
    """An object of a class after the statements of its constructor that run: those that fail for want of data, and
    those that need what they would have made, are left out. Raises TypeError for what is no class of a file."""
    constructor = tree(vars(made)["__init__"]) if isinstance(made, type) and "__init__" in vars(made) else None
    if not isinstance(made, type) or not isinstance(constructor, ast.Module):
        raise TypeError("no class of a file")
    (function,) = constructor.body
    assert isinstance(function, ast.FunctionDef)
    thing: Any = object.__new__(made)
    bound = inspect.signature(made).bind(**given)
    bound.apply_defaults()
    names = {**vars(sys.modules[made.__module__]), function.args.args[0].arg: thing, **bound.arguments}
    for statement in function.body:
        code = compile(ast.Module([statement], []), f"<{made.__name__}>", "exec")
        try:
            exec(code, names)
        except Exception:
            continue
    if not vars(thing):
        raise TypeError(f"nothing of {made.__name__} can be made without its data")
    return thing
