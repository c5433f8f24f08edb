"""Loads students' files as the process of a check does, each in a process of its own, forked from one that has NumPy:
a file changes its process for good.

As a script: a line of JSON in for every file (path, patience, root, expressions), a line of JSON out.
"""

import faulthandler
import importlib.util
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

WORKER = Path(__file__).parents[3] / "lab" / "check" / "worker"


@dataclass(frozen=True)
class Answer:
    """What came of a file: `values` of the expressions, `wheres` of their values, or the `error`."""

    error: str
    notes: tuple[str, ...]
    values: tuple[str, ...]
    wheres: tuple[str, ...]
    names: frozenset[str]
    seconds: float
    prints: str

    @property
    def value(self) -> str:
        """Of the only expression."""
        (value,) = self.values
        return value

    @property
    def note(self) -> str:
        """All notes."""
        return "\n".join(self.notes)


class Loader:
    """Loads files, each in a fresh process."""

    def __init__(self, python: str = sys.executable) -> None:
        self._process = subprocess.Popen(
            [python, "-B", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def __call__(self, path: Path, *expressions: str, patience: float = 0.5, root: Path | None = None) -> Answer:
        question = {"path": str(path), "patience": patience, "root": root and str(root), "ask": expressions}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        lists = {key: tuple(found[key]) for key in ("notes", "values", "wheres")}
        return Answer(**{**found, **lists, "names": frozenset(found["names"])})

    def close(self) -> None:
        """End the process and what it began."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def package() -> ModuleType:
    """The worker's folder as a package of another name, as a check loads it."""
    spec = importlib.util.spec_from_file_location(
        "gradlab_student", WORKER / "__init__.py", submodule_search_locations=[str(WORKER)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def answer(question: dict[str, Any], prints: Path) -> dict[str, Any]:
    """Load a file and look at it. In a process that is not used again."""
    import time

    import numpy
    from gradlab_student.errors import CodeError  # type: ignore[import-not-found]
    from gradlab_student.loading import load  # type: ignore[import-not-found]

    found: dict[str, Any] = {"error": "", "notes": (), "names": (), "prints": ""}
    values, wheres = list[str](), list[str]()
    begun = time.perf_counter()
    try:
        loaded = load(Path(question["path"]), question["patience"], question["root"] and Path(question["root"]))
    except CodeError as error:
        found["error"] = str(error)
        loaded = None
    found["seconds"] = time.perf_counter() - begun
    if loaded is not None:
        found["notes"], found["names"] = loaded.notes, list(vars(loaded.namespace))
        for expression in question["ask"]:
            try:
                value = eval(expression, {"np": numpy, **vars(loaded.namespace)})
                values.append(repr(value))
                line = loaded.where(value)
                wheres.append("" if line is None else loaded.place(line))
            except Exception as error:
                values.append(f"{type(error).__name__}: {loaded.reason(error) or error}")
                wheres.append("")
    sys.stdout.flush()
    found["prints"] = prints.read_text(errors="replace")[:10_000]
    return found | {"values": values, "wheres": wheres}


def serve() -> None:
    """Answer the lines of stdin."""
    import tempfile

    import numpy  # noqa: F401  (for all the processes to come)

    sys.path.pop(0)
    package()
    import gradlab_student.loading  # noqa: F401

    with tempfile.TemporaryDirectory() as scratch:
        for line in sys.stdin:
            out = Path(scratch) / "answer.json"
            out.write_text("{}")
            child = os.fork()
            if not child:
                try:
                    faulthandler.dump_traceback_later(20, exit=True)
                    prints = Path(scratch) / "prints.txt"
                    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                    printed = os.open(prints, os.O_CREAT | os.O_RDWR | os.O_TRUNC)
                    os.dup2(printed, 1)
                    os.dup2(printed, 2)
                    out.write_text(json.dumps(answer(json.loads(line), prints)))
                finally:
                    os.kill(os.getpid(), 9)
            os.waitpid(child, 0)
            print(out.read_text(), flush=True)


if __name__ == "__main__":
    serve()
