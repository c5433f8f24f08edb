"""What a training printed, as series."""

from lab.watch.columns import role
from lab.watch.printed import printed


def printed_series(text: str) -> dict[str, list[float]]:
    """name -> its numbers, line by line, of all names that say loss, cost or accuracy and come more than once."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        for name, value in printed(line).measured.items():
            if role(name) is not None:
                found.setdefault(name, []).append(value)
    return {name: numbers for name, numbers in found.items() if len(numbers) > 1}
