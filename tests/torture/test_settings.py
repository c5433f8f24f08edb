"""Settings and preset files, mutated: a Preset or one line, whatever they hold."""

import random
from contextlib import suppress

import pytest

from presets.errors import PresetError
from presets.keys import known_keys
from presets.load import load, names
from presets.toml import dump
from tests.sizes import size

CHUNKS = 8
VALUES = [
    "1",
    "-1",
    "0",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "1e38",
    "1e-320",
    '"x"',
    "[]",
    "[1]",
    "[[1]]",
    "{}",
    "{a=1}",
    "true",
    "2026-01-01",
    "07:32:00",
    '"é\\u0000"',
    "9" * 20,
    "[100,50]",
    '["a",1]',
    "9" * 5000,
    "[" * 300,
    '"' + "a" * 1000 + '"',
    '"\\u001b[2J"',
    '""',
    "1_000",
    "0x10",
    '[{key="x"}]',
    "{kind='adam'}",
    "{kind=[1]}",
    "{kind={}}",
    "",
    " ",
    "adam",
    "1,2",
    "[",
    "]",
    '"',
    "1\n2",
    "a=1\nb=2",
    "#",
    "1 # c",
    "[{key='optimiser.eta', distribution='grid', values=[]}]",
    "[{key='optimiser.eta', distribution='log-uniform', low=-1, high=1}]",
    "[{key='search.vary', distribution='grid', values=[1]}]",
]
LINES = [
    '"x.y" = 1',
    '"" = 1',
    "[x]",
    "[[x]]",
    "[a.b]",
    "[search]",
    "[[search.vary]]",
    "[network]",
    '"\\u001b" = 1',
    "eta.x=1",
    "[optimiser.eta]",
    "[reference.reported]",
    '[data."x.y"]',
    '"kind.x"=2',
    '[optimiser."a b"]',
    "name = 1",
    "name = []",
]
KEYS = [
    "",
    ".",
    "..",
    "x.y",
    "optimiser",
    "network",
    "search",
    "optimiser.",
    ".eta",
    "name",
    "title",
    "reference",
    "kind",
    "reference.reported",
    "search.vary.0.key",
    "data",
    '"x.y"',
    "eta.x",
    "é",
    "\x1b[2J",
    "network.kind",
    "schedule.kind",
    "a" * 3000,
]


def mutated(text: str, rng: random.Random) -> str:
    """The text of a TOML file with a few mistakes in it."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        lines = text.split("\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        kind = rng.randrange(8)
        if kind == 0 and text:
            at = rng.randrange(len(text))
            text = (
                text[:at] + chr(rng.choice([rng.randrange(128), rng.randrange(0xD800)])) + text[at + rng.randrange(2) :]
            )
            continue
        if kind == 1:
            del lines[i]
        elif kind == 2:
            lines.insert(j, lines[i])
        elif kind == 3 and "=" in lines[i]:
            lines[i] = lines[i].split("=")[0] + "= " + rng.choice(VALUES)
        elif kind == 4:
            lines.insert(j, rng.choice(LINES))
        elif kind == 5:
            lines = [text[: rng.randrange(len(text) + 1)]]
        elif kind == 6:
            lines[i] = lines[i].replace("=", rng.choice([".x=", " = [", "==", '="']))
        else:
            lines[i], lines[j] = lines[j], lines[i]
        text = "\n".join(lines)
    return text


def change(rng: random.Random) -> str:
    """Something like key=value."""
    keys = list(known_keys())
    key = rng.choice([rng.choice(keys), rng.choice(keys).rpartition(".")[2], rng.choice(KEYS)])
    return key + rng.choice(["=", "=", "=", "", "==", " = "]) + rng.choice(VALUES)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_settings_and_files_are_taken_or_refused_by_name(chunk, tmp_path):
    rng = random.Random(chunk)
    texts = [dump(load(name)) for name in names()]
    file = tmp_path / "mine.toml"
    refused = 0
    for _ in range(size(25, 1250)):
        raw = rng.random() < 0.05
        file.write_bytes(rng.randbytes(200) if raw else mutated(rng.choice(texts), rng).encode("utf-8", "replace"))
        changes = [change(rng) for _ in range(rng.choice([1, 1, 3]))]
        for preset, changed in ((str(file), []), (rng.choice(names()), changes)):
            refused += 1
            with suppress(PresetError):
                load(preset, changed)
                refused -= 1
    assert refused > 10
