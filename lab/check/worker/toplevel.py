"""Runs the top level of a student's file statement by statement. What fails is left out; once it has run longer than
a few seconds, only imports, definitions and what is quick to compute are run."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .clock import Clock, TooLongError
from .errors import CodeError
from .guards import AskedError, RefusedError
from .stubs import NotHereError, Stub
from .text import Place

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
SHOWN = 3  # statements that are left out and named one by one


@dataclass
class TopLevel:
    """One file's top level. `absent`: name -> why it is not there."""

    tree: ast.Module
    flags: int  # the compiler's, of __future__ imports
    filename: str
    namespace: dict[str, Any]
    clock: Clock
    place: Place
    left: list[tuple[int, str]] = field(default_factory=list)  # line, why
    absent: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """All statements in order, and what functions need of the main block."""
        for statement in self.tree.body:
            if _is_endless(statement):
                self._leave(statement, "does not end")
            elif not self.clock.over or _quick(statement, self.clock.seconds > 0):
                self._run(statement)
            elif not _is_main(statement):
                self._leave(statement, "")
        for statement in self.tree.body:
            if isinstance(statement, ast.If) and _is_main(statement):
                self._constants_of(statement)

    def _run(self, statement: ast.stmt) -> None:
        error = self._error_of(statement)
        if error is None:
            return
        if isinstance(statement, (ast.Import, ast.ImportFrom)) and statement.names[0].name != "*":
            self._import_rest(statement)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            error = self._error_of(self._bare(statement))
        if error is not None:
            self._leave(statement, self._why(error))

    def _error_of(self, statement: ast.stmt) -> BaseException | None:
        """Run one statement; what it raised."""
        module = ast.Module([statement], [])
        code = compile(module, self.filename, "exec", self.flags, dont_inherit=True)
        imports = isinstance(statement, (ast.Import, ast.ImportFrom))
        before = self.clock.switch(not imports, isinstance(statement, DEFINITIONS))
        try:
            exec(code, self.namespace)
        except BaseException as error:  # SystemExit, TooLongError and whatever the file makes of it
            return error
        finally:
            self.clock.switch(before)
        return None

    def _leave(self, statement: ast.stmt, why: str) -> None:
        """Remember that a statement was left out; why it was, if that is not only since the time was over."""
        if why:
            self.left.append((statement.lineno, why))
        reason = f"{self.place(statement.lineno)} is left out ({why or self._late()})"
        for name in _made(statement):
            if name not in self.namespace:
                self.absent[name] = reason

    def _late(self) -> str:
        return "the time is over" if self.clock.seconds > 0 else "only definitions and constants are run"

    def _import_rest(self, statement: ast.Import | ast.ImportFrom) -> None:
        """Import what there is of an import that failed; stubs for the rest."""
        for alias in statement.names:
            one = copy.copy(statement)
            one.names = [alias]
            if error := self._error_of(one):
                whole = alias.name if isinstance(one, ast.Import) else f"{one.module or ''}.{alias.name}".lstrip(".")
                name = alias.asname or alias.name.partition(".")[0]
                self.namespace[name] = Stub(whole, f"it cannot be imported: {self._why(error)}")

    def _bare(self, function: Any) -> Any:
        """A definition without decorators and annotations, its defaults None where they cannot be computed."""
        bare = copy.deepcopy(function)
        bare.decorator_list, bare.returns = [], None
        given = bare.args
        for argument in [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]:
            if argument is not None:
                argument.annotation = None
        for defaults in (given.defaults, given.kw_defaults):
            for i, default in enumerate(defaults):
                if default is not None and self._error_of(ast.copy_location(ast.Expr(default), default)):
                    defaults[i] = ast.copy_location(ast.Constant(None), default)
        return bare

    def _constants_of(self, main: ast.If) -> None:
        """Definitions and constants of the main block that functions read and nothing else makes."""
        names = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name)]
        read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        for statement in main.body:
            missing = [name for name in _made(statement) if name in read and name not in self.namespace]
            constant = isinstance(statement, ast.Assign) and _constant(statement.value)
            if missing and (constant or isinstance(statement, DEFINITIONS)):
                self._run(statement)

    def _why(self, error: BaseException) -> str:
        """Why a statement was left out, as a clause about the file."""
        if isinstance(error, TooLongError):
            return f"takes longer than {self.clock.seconds:g} s"
        if isinstance(error, AskedError):
            return "asks for input"
        if isinstance(error, SystemExit):
            return "ends the program"
        if isinstance(error, (RefusedError, NotHereError, CodeError)):
            return str(error)
        if isinstance(error, FileNotFoundError):
            return f"reads {error.filename or error}, which is not there"
        name = getattr(error, "name", None)
        if isinstance(error, NameError) and name in self.absent:
            return f"needs {name}"
        try:
            said = " ".join(str(error).split())[:160]
        except Exception:  # of its own __str__
            said = ""
        return f"{type(error).__name__}: {said}" if said else type(error).__name__

    def note(self) -> str:
        """A sentence that says what was left out; empty if nothing was."""
        if self.clock.seconds <= 0:
            why = "its top level does not end, or ends the process"
            return f"{Path(self.filename).name}: {why}; only imports, definitions and constants were run"
        if not self.left:
            return ""
        first = [(line, why) for line, why in self.left if not why.startswith("needs ")] or self.left
        told = [f"{self.place(line)} ({why})" for line, why in first[:SHOWN]]
        rest = len(self.left) - len(told)
        more = f" and {rest} more {'statements' if rest > 1 else 'statement'}" if rest else ""
        after = ""
        if any(why.startswith("takes longer") for _, why in self.left):
            after = "; after it only imports, definitions and what is quick to compute were run"
        return f"left out when the file was loaded: {', '.join(told)}{more}{after}"


def _quick(statement: ast.stmt, computed: bool) -> bool:
    """Is this an import, a definition, an assignment (of constants, if it may not be computed), or a choice between
    such?"""
    if isinstance(statement, (ast.If, ast.Try)) and not _is_main(statement):
        inside = [*statement.body, *statement.orelse]
        if isinstance(statement, ast.Try):
            inside += [*statement.finalbody, *(s for handler in statement.handlers for s in handler.body)]
        return all(_quick(s, computed) for s in inside)
    if isinstance(statement, ASSIGNMENTS) and not computed:
        return statement.value is not None and _constant(statement.value)
    return isinstance(statement, (*DEFINITIONS, *ASSIGNMENTS, ast.Pass))


def _is_main(statement: ast.stmt) -> bool:
    """if __name__ == "__main__": ..."""
    return isinstance(statement, ast.If) and {"__name__", "__main__"} <= {
        getattr(node, "id", getattr(node, "value", None)) for node in ast.walk(statement.test)
    }


def _is_endless(statement: ast.stmt) -> bool:
    """while True: ... without a break or return of its own?"""
    if not isinstance(statement, ast.While) or not getattr(statement.test, "value", False):
        return False
    return not any(isinstance(node, ast.Break | ast.Return | ast.Raise) for node in ast.walk(statement))


def _constant(value: ast.expr) -> bool:
    """Numbers, strings, and lists, tuples, dicts and arithmetic of them."""
    kinds = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    return all(isinstance(node, (*kinds, ast.expr_context)) for node in ast.walk(value))


def _made(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the top level would make."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in statement.names)
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
