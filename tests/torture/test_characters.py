"""Every character of Unicode as a name: shown without commanding the terminal, folded or refused by name."""

import io
import unicodedata
from collections.abc import Iterator

import pytest

from data.alphabet import ALPHABET, decode, encode
from data.errors import DataError
from lab.console import SafeConsole
from lab.runs.store import new_name
from presets.load import load
from tests.sizes import size

PARTS = 4
LENGTH = 200
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # how Unicode calls what turns the direction


def characters(part: int) -> Iterator[str]:
    """A part of all characters, LENGTH at a time. Surrogates are what Python makes of bytes that are no text."""
    every = [chr(code) for code in range(part, 0x110000, PARTS * size(97, 1))]
    if part == 0:
        every += [chr(code) for code in range(0x300)] + [chr(code) for code in range(0x2000, 0x2070)]
    for start in range(0, len(every), LENGTH):
        yield "".join(every[start : start + LENGTH])


def commands(text: str) -> list[str]:
    """The characters of a text that a terminal obeys."""
    return [
        c
        for c in text
        if (unicodedata.category(c) == "Cc" and c not in "\n\t") or unicodedata.bidirectional(c) in TURNS
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_no_character_of_a_message_commands_the_terminal(part, gradlab):
    for text in characters(part):
        code, out, err = gradlab("run", f"{text}.toml".replace("\0", ""), "--data", "mini")
        assert (code, out) == (2, "")
        assert not commands(err), sorted(map(ascii, set(commands(err))))
        assert err.count("\n") == 1


@pytest.mark.parametrize("part", range(PARTS))
def test_no_character_of_a_title_or_a_table_commands_the_terminal(part):
    for text in characters(part):
        out = io.StringIO()
        SafeConsole(file=out, width=100, color_system=None).print(text)
        assert not commands(out.getvalue()), sorted(map(ascii, set(commands(out.getvalue()))))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_character_of_a_surname_is_read_or_named(part):
    for text in characters(part):
        for c in text:
            said, letters = read(f"a{c}b")
            assert not commands(said), ascii(c)
            assert "\n" not in said, ascii(c)
            assert said or len(letters) >= 2, ascii(c)
            assert set(letters) <= set(ALPHABET), ascii(c)


def read(name: str) -> tuple[str, str]:
    """Why a name is refused, or "", and what it is read as."""
    try:
        return "", decode(encode(name))
    except DataError as error:
        return str(error), ""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_character_in_the_name_of_a_preset_leads_elsewhere(part):
    ours = load("a2-setting1")
    for text in characters(part):
        name = new_name(ours.model_copy(update={"name": text}))
        assert "/" not in name
        assert "\\" not in name
        assert "\0" not in name
        assert not commands(name)
        assert name not in (".", "..")
