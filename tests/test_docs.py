"""The documentation: short, linked, in plain words, and true about the commands it shows."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer

from lab.cli import app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = {name: sorted((ROOT / name).rglob("*.py")) for name in ("core", "data", "presets", "lab", "tui")}

# Phrases that made a reader read a sentence twice, and what to write instead.
BANNED = {
    "anew": "again",
    "so many": "n",
    "what is there of": "the number that is available",
    "goes on with": "continues",
    "go on with": "continue",
    "taken up": "resumed",
    "takes up": "resumes",
    "take up": "resume",
    "by heart": "overfit",
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def strings_and_comments(path: Path) -> str:
    """All text for people in a Python file: docstrings, messages and comments."""
    source = path.read_text(encoding="utf-8")
    strings = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    comments = re.findall(r"#.*", source)
    return "\n".join([*strings, *comments])


def commands_in(text: str) -> list[list[str]]:
    """The `gradlab ...` command lines of a page, in code blocks and code spans, without prompt and comment."""
    text = re.sub(r"\\\n\s*", "", text)
    blocks = re.findall(r"^```\w*\n(.*?)^```|^((?: {4}.*\n)+)", text, re.M | re.S)
    lines = [line.strip() for pair in blocks for block in pair for line in block.splitlines()]
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    found = []
    for line in (*lines, *spans):
        command = re.fullmatch(r"(?:\$ )?(?:\.venv/bin/)?gradlab(?: (.*?))?(?: [>|] .*)?", line)
        if command:
            found.append(shlex.split((command[1] or "").replace("\\|", "|"), comments=True))
    return found


def command_of(words: list[str]):
    """The click command that some words call, and what is left of them. None if there is no such command."""
    command, rest = typer.main.get_command(app), list(words)
    while getattr(command, "commands", None) and rest and re.fullmatch(r"[a-z]+", rest[0]):
        command = command.commands.get(rest.pop(0))
        if command is None:
            break
    return command, rest


def options_of(command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")} | {"--help"}


def all_commands(command, path=()):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from all_commands(inner, (*path, name))


def test_the_readme_is_short_enough_to_read_at_once():
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if not t.startswith("http") and not (page.parent / t).exists()]
    assert not missing


def test_every_page_is_linked_from_the_readme():
    text = README.read_text(encoding="utf-8")
    assert not [page for page in PAGES if page != README and f"({relative(page)})" not in text]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_shown_exists_with_its_options(page):
    wrong = []
    for words in commands_in(page.read_text(encoding="utf-8")):
        command, rest = command_of(words)
        if command is None or [w for w in rest if re.match(r"--?[a-z]", w) and w not in options_of(command)]:
            wrong.append(" ".join(words))
    assert not wrong


def test_a_command_that_does_not_exist_is_noticed():
    text = "`gradlab fly`, `gradlab run --wings` and\n\n    $ gradlab data fetch\n\n```\ngradlab runs RUN > x\n```\n"
    words = commands_in(text)
    assert sorted(words) == [["data", "fetch"], ["fly"], ["run", "--wings"], ["runs", "RUN"]]
    assert command_of(["fly"])[0] is None
    assert "--wings" not in options_of(command_of(["run", "--wings"])[0])
    assert "--resume" in options_of(command_of(["run"])[0])


def test_the_page_of_commands_names_every_command_and_option():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = []
    for path, command in all_commands(typer.main.get_command(app)):
        if path and path[-1] not in text:
            missing.append(" ".join(path))
        missing += [f"{' '.join(path)} {o}" for o in options_of(command) if not re.search(rf"{o}\b", text)]
    assert not missing


@pytest.mark.parametrize("texts", [PAGES, *SOURCES.values()], ids=["docs", *SOURCES])
def test_the_words_are_plain(texts):
    awkward = {}
    for path in texts:
        text = strings_and_comments(path) if path.suffix == ".py" else path.read_text(encoding="utf-8")
        words = " ".join(text.split()).lower()
        if phrases := {phrase: better for phrase, better in BANNED.items() if re.search(rf"\b{phrase}\b", words)}:
            awkward[relative(path)] = phrases
    assert not awkward
