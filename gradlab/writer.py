"""A log that `gradlab watch` draws, written from a program of yours: a plain CSV file, nothing else.

What is needed is imported inside the function: this module is loaded before Gradlab has its own modules first.
"""

_columns: dict[str, list[str]] = {}  # of the files that this process writes


def log(path: object, /, **values: object) -> None:
    """Append a row to a CSV file: log("run.csv", step=10, train_loss=0.5).

    values: numbers, or what float() turns into one (a NumPy scalar, a tensor of one element). The first row names the
    columns. A later row may leave some out; a row with a new one is preceded by a new header. A file that is there is
    continued. Raises TypeError and ValueError for what is no number, OSError where the file cannot be written.
    """
    import csv
    import os

    if not values:
        return
    row = {name: _text(value) for name, value in values.items()}
    name = os.path.abspath(os.fspath(path))  # type: ignore[call-overload]  # noqa: PTH100
    with open(name, "a+", newline="", encoding="utf-8") as file:  # noqa: PTH123
        if file.tell() == 0:
            _columns[name] = []
        elif name not in _columns:
            file.seek(0)
            _columns[name] = _header(file.read())
        writer = csv.writer(file, lineterminator="\n")
        if lacking := [column for column in row if column not in _columns[name]]:
            _columns[name] += lacking
            writer.writerow(_columns[name])
        writer.writerow([row.get(column, "") for column in _columns[name]])


def _text(value: object) -> str:
    number = float(value)  # type: ignore[arg-type]
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)


def _header(text: str) -> list[str]:
    """The names that the last rows of a file stand under: of its last line without a number."""
    import csv

    rows = [row for row in csv.reader(text.splitlines()) if row]
    return next((row for row in reversed(rows) if not any(map(_is_number, row))), [])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
