"""Run directories, damaged or made by an enemy: each is a row in the list; nothing else is written, hangs or ends."""

import json
import os
import random
import shutil
import signal
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from data.errors import DataError
from lab.errors import LabError
from lab.names.model import models
from lab.runs import run as lab_run
from lab.runs.catalogue import list_runs
from lab.runs.compare import compare
from lab.runs.pictures import unpack
from lab.runs.saved import read
from lab.runs.store import RunStore
from presets.errors import PresetError
from tests.sizes import size
from tests.torture.test_characters import commands

CHUNKS = 4
FILES = ["preset.toml", "metrics.csv", "checkpoint.npz", "result.json", "pictures.npz", "lock"]
PATIENCE = 30  # seconds for all that is done with a run
JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    "x",
    "\x1b[2J",
    [],
    [[]],
    {},
    {"a": {}},
    "9" * 400,
    [None] * 50,
    "../../stray",
]


@pytest.fixture(autouse=True)
def _in_time():
    """An alarm for what hangs."""

    def ring(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 3, 30])):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def replaced(path: Path, rng: random.Random) -> None:
    path.unlink()
    kind = rng.randrange(7)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.symlink_to(path.parent.parent.parent / "treasure" / "file")
    elif kind == 2:
        path.symlink_to(path)
    elif kind == 3:
        path.mkdir()
    elif kind == 4:
        path.write_bytes(rng.randbytes(rng.choice([0, 1, 100, 5000])))
    elif kind == 5:
        path.symlink_to("/dev/zero")


def retyped(path: Path, rng: random.Random) -> None:
    """Another value somewhere in a JSON file, or nesting without end."""
    if path.name != "result.json":
        flip(path, rng)
        return
    document = json.loads(path.read_text())
    if rng.random() < 0.1:
        path.write_text("[" * 100_000 if rng.random() < 0.5 else '{"a":' * 100_000)
        return
    place: Any = document
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if rng.random() < 0.5 or not isinstance(place[key], dict | list):
            if rng.random() < 0.2 and isinstance(place, dict):
                del place[key]
            else:
                place[key] = rng.choice(JUNK)
            break
        place = place[key]
    path.write_text(json.dumps(document))


def renamed_members(path: Path, rng: random.Random) -> None:
    """Names in an archive that lead elsewhere, members that are missing or that unpack to very much."""
    if path.suffix != ".npz":
        cut(path, rng)
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            draw = rng.random()
            if draw < 0.2:
                archive.writestr(
                    rng.choice(["../../{}.npy", "/tmp/{}.npy", "\x1b[2J{}.npy", "a/{}.npy"]).format(draw), content
                )
            elif draw < 0.3:
                archive.writestr(name, content[: rng.randrange(len(content))])
            elif draw < 0.35:
                header = content[:6] + content[6:128].replace(b"(", b"(9999999, ", 1)[:122]
                archive.writestr(name, header + bytes(50_000_000))
            elif draw < 0.9:
                archive.writestr(name, content)


DAMAGE: list[Callable[[Path, random.Random], None]] = [flip, cut, replaced, retyped, renamed_members]


def is_regular(path: Path) -> bool:
    """Is there a file, and no link, FIFO or folder?"""
    return os.path.lexists(path) and stat.S_ISREG(path.lstat().st_mode)


def everything(path: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file in a folder."""
    return {
        str(each.relative_to(path)): (each.lstat().st_size, each.lstat().st_mtime_ns)
        for each in sorted(path.rglob("*"))
    }


def use(runs: Path, store: RunStore) -> None:
    """List, read, compare, draw and resume a run, and guess with it: each works, or is refused in words."""
    assert len(list_runs(runs)) <= 1
    for action in (
        lambda: compare([read(store), read(store)]),
        lambda: unpack(store.pictures()),
        lambda: list(models(runs)),
        lambda: store.result(),
        lambda: lab_run.resume(store, 1),
    ):
        with suppress(LabError, PresetError, DataError):
            action()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_directory_hides_others_hangs_or_writes_elsewhere(chunk, start, tmp_path, gradlab):
    rng = random.Random(chunk)
    sound = start("updates=9", runs=tmp_path / "sound")
    sound.go(lambda snapshot: None)
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "file").write_text("mine")
    folder = tmp_path / "torture" / "runs"
    for number in range(size(25, 250)):
        shutil.rmtree(folder, ignore_errors=True)
        path = folder / f"20260101-000000-a2-setting1-{number:04x}"
        shutil.copytree(sound.store.path, path)
        for _ in range(rng.choice([1, 1, 2, 3])):
            damage, file = rng.choice(DAMAGE), path / rng.choice(FILES)
            if not is_regular(file):
                continue  # a second damage would read a FIFO or /dev/zero without end
            with suppress(ValueError, zipfile.BadZipFile, RecursionError, IndexError):  # it is damaged already
                damage(file, rng)
        before = everything(tmp_path)
        signal.alarm(PATIENCE)
        try:
            use(folder, RunStore(path))
            if number % 5 == 0:
                for command in (["runs"], ["runs", path.name], ["compare", path.name, str(sound.store.path)]):
                    code, out, err = gradlab(*command, "--runs-dir", str(folder))
                    assert code in (0, 2)
                    assert "Traceback" not in err
                    assert not commands(out + err)
        finally:
            signal.alarm(0)
        assert everything(tmp_path) == before, f"something was written: chunk {chunk}, run {number}"
    assert (treasure / "file").read_text() == "mine"
