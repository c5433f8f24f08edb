"""Losses and accuracies in lines that a training prints: "epoch 3: loss 1.23, val acc = 41.2 %"."""

import re
from collections.abc import Iterator

from lab.watch.columns import role

PAIR = re.compile(
    r"([A-Za-z][A-Za-z_ ./-]*?)\s*(?:\(.*?\))?\s*[:=]?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)\b\s*(%?)"
)


def printed(text: str) -> dict[str, list[float]]:
    """name -> its numbers, line by line, of all names that say loss, cost or accuracy."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        for name, value in _pairs(line):
            found.setdefault(name, []).append(value)
    return {name: numbers for name, numbers in found.items() if len(numbers) > 1}


def _pairs(line: str) -> Iterator[tuple[str, float]]:
    for name, number, percent in PAIR.findall(line[:1000]):
        name = name.strip(" ./-")
        if role(name) is not None:
            yield name, float(number) / (100 if percent else 1)
