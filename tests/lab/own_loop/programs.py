"""Training programs as students write them, in right/, and mistakes planted into them, in bugs.txt.

bugs.txt:  == FILE PRESET [KEY=VALUE ...]   the file the blocks below change, and the preset it is held against
           # KEY [other keys]: FIRST        findings, one of which must be made; FIRST: the update and tensor, as in
                                            "1 W1"; "-" where no update is meant
           < the text as it is, once in the file     > the text it becomes
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.dataset import Dataset, Part
from lab.own_loop.fit import watched
from lab.own_loop.judge import judge
from lab.own_loop.plan import small
from presets.load import load
from tests.lab.check.in_process import InProcess, imported
from tests.sizes import WHOLE

RIGHT = Path(__file__).parent / "right"
BUGS = Path(__file__).parent / "bugs.txt"
SIZE, CLASSES, BATCH = 12, 5, 20


@dataclass(frozen=True)
class Bug:
    """A mistake in a file. wanted: findings, one of which must be made; first: its update and tensor."""

    file: str
    settings: tuple[str, ...]
    wanted: tuple[str, ...]
    first: str
    changes: tuple[tuple[str, str], ...]

    def __str__(self):
        return f"{self.file}:{self.wanted[0]}"

    def text(self):
        """The file with the mistake in it."""
        text = (RIGHT / f"{self.file}.py").read_text()
        for old, new in self.changes:
            assert text.count(old) == 1, f"{self.file}: {text.count(old)} times: {old}"
            text = text.replace(old, new)
        return text


def sections():
    """(file, settings, blocks) of bugs.txt."""
    for section in re.split(r"^== ", BUGS.read_text(), flags=re.MULTILINE)[1:]:
        head, _, body = section.partition("\n")
        file, *settings = head.split()
        yield file, tuple(settings), re.split(r"^# ", body, flags=re.MULTILINE)[1:]


def right():
    """(file, settings) of all right programs."""
    return [(file, settings) for file, settings, _ in sections()]


def bugs():
    """All planted mistakes."""
    return [_bug(file, settings, block) for file, settings, blocks in sections() for block in blocks]


def some_bugs():
    """The first mistake of every second kind; in make torture all mistakes."""
    return bugs() if WHOLE else list({bug.wanted: bug for bug in reversed(bugs())}.values())[::2]


def _bug(file, settings, block):
    head, _, body = block.partition("\n")
    keys, _, first = head.partition(": ")
    changes, old, new = [], [], []
    for line in [*body.splitlines(), "< end"]:
        if line.startswith("<") and new is not None and (new or (old and line == "< end")):
            changes.append(("\n".join(old), "\n".join(new)))
            old, new = [], []
        if line.startswith("<"):
            old.append(line[2:])
        elif line.startswith(">"):
            new.append(line[2:])
    return Bug(file, settings, tuple(keys.split()), first.strip(), tuple(changes))


def dataset(rest=0):
    """A small data set whose classes can be told apart; rest: training examples that fill no batch."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(CLASSES, SIZE))

    def part(n):
        y = np.arange(n) % CLASSES
        return Part((centres[y] + rng.normal(size=(n, SIZE))).astype(np.float32), y)

    names = tuple("abcde")
    return Dataset(
        "cifar10",
        "small",
        "mini",
        "0/0/test",
        names,
        part(4 * BATCH + rest),
        part(60),
        part(60),
        {},
        lambda x: x.reshape(2, 2, 3),
    )


def preset(settings):
    """The preset of a section, as small as the data."""
    name, *changes = settings
    hidden = load(name).network.hidden
    sizes = [f"network.hidden=[{', '.join(str(7 - i) for i in range(len(hidden)))}]"] if hidden else []
    return load(name, [f"training.batch={BATCH}", *sizes, *changes])


def loaded(path):
    """A worker that has loaded a file."""
    worker = InProcess()
    worker.session.namespace = imported(path)
    return worker


def loops_in(path):
    """The names of the training loops in a file."""
    return loaded(path).ask("loops")[0]["loops"]


def looked_at(path, settings, rest=0):
    """(compared, findings) of the first training loop in a file."""
    data, worker = dataset(rest), loaded(path)
    name = worker.ask("loops")[0]["loops"][0]
    plan = small(preset(settings), data)
    return judge(plan, watched(worker, name, plan), True)
