"""How well are a student's own training loops compared? Right programs, and mistakes planted into them.

    nice python -m benchmarks.own_loop

Prints the table of docs/own-loop.md: of every kind of mistake how many are planted, caught, named, and named with the
update and tensor at which they show first; then every right program that is accused, on two sizes of data.
"""

import tempfile
from collections import defaultdict
from pathlib import Path

from lab.machine import tune_blas

tune_blas()  # as the command line does, before NumPy is imported

from tests.lab.own_loop.programs import RIGHT, bugs, looked_at, right  # noqa: E402

NAMELESS = "unexplained"  # caught, and not named


def main() -> None:
    """Measure all, print the table."""
    accused = list(false_alarms())
    rows = defaultdict(lambda: [0, 0, 0, 0])
    with tempfile.TemporaryDirectory() as folder:
        for number, bug in enumerate(bugs()):
            counts = of_bug(bug, Path(folder) / f"bug{number}.py")
            key = next(key for key in bug.wanted if key != NAMELESS)
            rows[key] = [a + b for a, b in zip(rows[key], counts, strict=True)]
    print("| mistake | planted | caught | named | first update and tensor |\n| --- | --- | --- | --- | --- |")
    for key, counts in sorted(rows.items()):
        print(f"| `{key}` | {' | '.join(map(str, counts))} |")
    total = [sum(column) for column in zip(*rows.values(), strict=True)]
    print(f"| **all** | {' | '.join(map(str, total))} |")
    print(f"right programs: {len(right())}, on two sizes of data; accused: {accused or 'none'}")


def of_bug(bug, path):
    """[1, caught, named, named with its first update and tensor]."""
    path.write_text(bug.text())
    found = [f for f in looked_at(path, bug.settings)[1] if f.wrong]
    named = [f for f in found if f.key in bug.wanted and f.key != NAMELESS]
    places = [" ".join([str(f.update), *f.tensors[:1]]) for f in found if f.key in bug.wanted]
    return [1, bool(found), bool(named), bool(named) and bug.first in ("-", *places)]


def false_alarms():
    """Right programs that are accused."""
    for file, settings in right():
        for rest in (0, 7):
            wrong = [f.key for f in looked_at(RIGHT / f"{file}.py", settings, rest)[1] if f.wrong]
            if wrong:
                yield file, rest, wrong


if __name__ == "__main__":
    main()
