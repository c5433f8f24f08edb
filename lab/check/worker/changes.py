"""A small change to a function's tree that can be made and undone, and where its statements stand."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """A statement and the list it stands in. around: the place of the statement whose block that is."""

    statement: ast.stmt
    holder: ast.AST
    field: str
    index: int
    around: "Place | None" = None

    @property
    def block(self) -> list[ast.stmt]:
        """The list it stands in."""
        found: list[ast.stmt] = getattr(self.holder, self.field)
        return found


@dataclass
class Edit:
    """One change: what comes into a field of a node. statement: the one it is told of; moved: words for a statement
    that comes or goes elsewhere."""

    statement: ast.stmt
    holder: ast.AST
    field: str
    index: int | None
    new: Any
    moved: str = ""

    def __post_init__(self) -> None:
        for new in self.new if isinstance(self.new, list) else [self.new]:
            for node in ast.walk(new) if isinstance(new, ast.AST) else ():
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
            return self.moved
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


def places(node: ast.AST, around: Place | None = None) -> Iterator[Place]:
    """The statements of a function, and where they stand."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        for i, statement in enumerate(block if isinstance(block, list) else []):
            place = Place(statement, node, field, i, around)
            yield place
            yield from places(statement, place)


def target_of(statement: ast.stmt) -> Any:
    """What a statement gives a value, the first of several; None for other statements."""
    return getattr(statement, "target", None) or (getattr(statement, "targets", None) or [None])[0]


def scaled(place: Place) -> Edit | None:
    """What a statement assigns times a number: it shows which gradients the statement is for; None if it assigns
    nothing."""
    statement = place.statement
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return None
    new = ast.BinOp(statement.value, ast.Mult(), ast.Constant(1.37))
    return Edit(statement, statement, "value", None, new)


def expressions(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST, str, int | None]]:
    """The expressions of a statement with the places they are at, not those of the statements in it."""
    for field, value in ast.iter_fields(node):
        for index, part in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(part, ast.expr):
                yield part, node, field, index
            if isinstance(part, ast.expr | ast.keyword | ast.comprehension):
                yield from expressions(part)


def expression(text: str) -> ast.expr:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body
