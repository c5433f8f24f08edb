"""What has been read of a log: numbers by the names of their columns."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.types import Array
from lab.watch.columns import steps


@dataclass
class Column:
    """The numbers of a column, and the rows they stand in: a row need not have a number in each column."""

    rows: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


class Log:
    """Rows as they were read. skipped: lines that fit no table; notes: what else is to be said of the file."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.rows = 0
        self.skipped = 0
        self.notes: list[str] = []

    @property
    def counts(self) -> bool:
        """Is there a column that counts updates or epochs?"""
        return any(steps(name) for name in self.columns)

    def add(self, row: Mapping[str, float]) -> None:
        """A row; nothing if it holds no number."""
        for name, value in row.items():
            column = self.columns.get(name) or self.columns.setdefault(name, Column())
            column.rows.append(self.rows)
            column.values.append(value)
        self.rows += bool(row)

    def add_all(self, names: Sequence[str], table: Array) -> None:
        """Rows (n, names) that hold a number in each of these columns, float64."""
        rows = array("q", range(self.rows, self.rows + len(table)))
        for name, values in zip(names, table.T, strict=True):
            column = self.columns.setdefault(name, Column())
            column.rows.extend(rows)
            column.values.frombytes(values.tobytes())
        self.rows += len(table)

    def rename(self, names: Mapping[str, str]) -> None:
        """Give columns the names of a header that came after their first rows."""
        self.columns = {names.get(name, name): column for name, column in self.columns.items()}

    def note(self, text: str) -> None:
        """Something to be said, once."""
        if text not in self.notes:
            self.notes.append(text)

    def clear(self) -> None:
        """Forget the rows: the file begins again."""
        self.columns, self.rows, self.skipped = {}, 0, 0
