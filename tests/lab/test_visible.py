"""No text from outside reaches the terminal as a command, whatever shows it."""

import json
import shutil
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.console import SafeConsole
from lab.visible import visible, visible_json

HOSTILE = "\x1b]0;x\x07\x1b[2J\x9b31m\x7f\rPASSES"


def controls(text: str) -> set[str]:
    """The characters of a text that a terminal might obey."""
    return {c for c in text if unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in TURNS} - {"\n"}


TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_every_character_that_commands_is_made_visible():
    everything = "".join(map(chr, range(0x110000)))
    assert controls(visible(everything)) == {"\t"}
    assert len(visible(everything)) == len(everything)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_other_text_stays(text):
    assert visible(text) == text


@given(st.text())
def test_json_stays_the_same_document(text):
    escaped = visible_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(escaped) == text
    assert not {c for c in escaped if unicodedata.category(c) == "Cc"}


def test_a_console_sends_only_its_own_colours():
    console = SafeConsole(force_terminal=True, color_system="standard", legacy_windows=False)
    with console.capture() as written:
        console.print(f"a{HOSTILE}", style="red", highlight=False)
    text = written.get()
    assert text.startswith("\x1b[31ma␛]0;x")
    assert text.count("\x1b") == 2


@pytest.fixture
def hostile_run(start, tmp_path):
    """A run whose name, preset, data and states all hold escape sequences."""
    run = start("updates=20")
    run.go(lambda snapshot: None)
    path = run.store.path.with_name(f"20260101-000000-{HOSTILE}")
    shutil.copytree(run.store.path, path)
    result = json.loads((path / "result.json").read_text())
    for key in ("preset", "data", "run", "state"):
        result[key] = HOSTILE
    result["classes"] = [HOSTILE] * len(result["classes"])
    (path / "result.json").write_text(json.dumps(result))
    preset = (path / "preset.toml").read_text()
    (path / "preset.toml").write_text(preset.replace('title = "', f'title = "{json.dumps(HOSTILE)[1:-1]}', 1))
    return path


@pytest.mark.parametrize(
    "command",
    [
        "presets {hostile}",
        "run {hostile}",
        "run a2-setting1 -s {hostile}=1",
        "run a2-setting1 -s data.set={hostile}",
        "run a2-setting1 --data {hostile}",
        "run --resume {hostile}",
        "check {hostile}",
        "check {hostile}.py:x",
        "check --like {hostile}",
        "names {hostile}",
        "names Li --run {hostile}",
        "search {hostile}",
        "runs",
        "runs --json",
        "runs {run}",
        "runs {run} --json",
        "runs {hostile}",
        "compare {run} {run}",
        "compare {run} {hostile}",
        "report {run} --out {hostile}/x",
        "reproduce --report {hostile}",
        "data fetch {hostile}",
        "{hostile}",
        "--preset {hostile} runs",
    ],
)
def test_no_command_obeys_what_it_shows(command, gradlab, hostile_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{HOSTILE}.py").write_text("raise ValueError('\\x1b[2J')")
    words = command.split()
    _, out, err = gradlab(*(word.format(hostile=HOSTILE, run=str(hostile_run)) for word in words))
    assert controls(out + err) == set()
    assert out + err
