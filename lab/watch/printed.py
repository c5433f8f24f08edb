"""What a program prints while it trains, such as "Epoch 3/10 loss: 1.23 - val_acc: 45.2%": numbers and their names.

A name stands before its number, with ":" or "=" between them, or with a space alone if it says what it counts or
measures.
"""

import re
from typing import NamedTuple

from lab.watch.columns import role, split_in, steps

_NUMBER = r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)"
_VALUE = re.compile(
    rf"(?P<between>[\s:=\[(]+)(?P<number>{_NUMBER})(?:\s*(?:/|of)\s*(?P<whole>\d+))?(?P<percent>\s*%)?(?![\w.]|:\d)",
    re.I,
)
_APART = re.compile(r"\s-+\s|[,;|()\[\]{}<>→]|\s{2,}|\t")  # what ends the name of another number
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08")  # colours, and the way back of a progress bar
_BAR = re.compile(r"\s*(\d+)/(\d+)\s")  # what a line of Keras begins with: batches of this epoch
_NAME = re.compile(r"[^\W\d][\w./@: -]{0,40}")
LONGEST = 2000  # characters of a line that is looked at


class Printed(NamedTuple):
    """The numbers of a line by their names: those that count, and the others."""

    counted: dict[str, float]
    measured: dict[str, float]


NOTHING = Printed({}, {})


def printed(line: str) -> Printed:
    """What a line says; nothing of the bar that shows how far an epoch is: its values are not final."""
    line = _TERMINAL.sub("", line[:LONGEST])
    bar = _BAR.match(line)
    if bar and int(bar[1]) < int(bar[2]):
        return NOTHING
    said = Printed({}, {})
    values = list(_VALUE.finditer(line))
    about = split_in(line[: values[0].start()]) if values else None  # "Test set: ..." is of the test set
    end = 0
    for value in values:
        name = _name(line[end : value.start()], any(sign in value["between"] for sign in ":="))
        end = value.end()
        if steps(name):
            said.counted.setdefault(name, float(value["number"]))
        elif known := role(name):
            share = value["whole"] if known.measure == "accuracy" else None
            named = name if known.split or not about else f"{about} {name}"
            said.measured.setdefault(named, _number(value, share))
        elif name and value["whole"] is None:
            said.measured.setdefault(name, _number(value, None))
    return said if said.counted or any(map(role, said.measured)) else NOTHING


def _name(text: str, told: bool) -> str:
    """The name at the end of a text; "" if there is none. told: ":" or "=" follows it, so that it may be any."""
    words = _APART.split(text)[-1].strip(" .:-*#>").split()
    ends = [" ".join(words[k:]) for k in range(len(words))]
    names = [end for end in ends if _NAME.fullmatch(end)]
    return next((name for name in names if steps(name) or role(name)), names[0] if names and told else "")


def _number(value: "re.Match[str]", whole: str | None) -> float:
    """Of "45.2 %" and of "9809/10000" the share."""
    number = float(value["number"])
    return number / 100 if value["percent"] else number / float(whole or 1)
