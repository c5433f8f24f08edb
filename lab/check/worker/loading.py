"""A student's file as a module: load(path)."""

import ast
import builtins
import ctypes
import importlib.machinery
import importlib.util
import inspect
import os
import re
import sys
import threading
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import old
from .clock import Clock
from .errors import CodeError
from .guards import Guard
from .modules import Modules
from .stubs import Stub
from .text import Place, Text, parse, plain, read, remember
from .toplevel import TopLevel

MAGIC = re.compile(r"^[ \t]*[%!?][^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class Loaded:
    """A student's file. `namespace`: its functions and classes as attributes; `notes`: sentences for the student;
    `text`: its lines as they were run; `absent`: name -> why it is not in the namespace; `place`: a line of `text` in
    words, as "line 12" or "cell 4, line 3"."""

    path: Path
    namespace: types.ModuleType
    notes: tuple[str, ...]
    text: str
    absent: Mapping[str, str]
    place: Place = plain

    def where(self, thing: object) -> int | None:
        """The line of `text` where a function or class of the file begins; None if it is not of this file."""
        thing = inspect.unwrap(thing) if callable(thing) else thing
        thing = getattr(thing, "__func__", thing)
        code = getattr(thing, "__code__", None)
        if code is not None:
            return code.co_firstlineno if code.co_filename == str(self.path) else None
        if isinstance(thing, type) and thing.__module__ == self.namespace.__name__:
            found = re.search(rf"^[ \t]*class[ \t]+{thing.__name__}\b", self.text, re.MULTILINE)
            return self.text.count("\n", 0, found.start()) + 1 if found else None
        return None

    def reason(self, error: BaseException) -> str:
        """Why a name that the code misses is not there: "X is not there: line 12 is left out (...)"; else empty."""
        name = getattr(error, "name", None)
        if isinstance(error, NameError) and name is not None and name in self.absent:
            return f"{name} is not there: {self.absent[name]}"
        return ""


def load(path: Path, patience: float = 5.0, root: Path | None = None) -> Loaded:
    """Load a file of Python.

    patience: seconds its top level may run; root: the folder above which its modules are not looked for. One file in a
    process: sys.path, sys.argv, the working folder and what the file may do are set for it. Call it in the main thread.
    Raises CodeError if there is nothing to load.
    """
    path = Path(path).resolve()
    source = read(path)
    loading = Loading(path, patience, root)
    loading.notes += source.notes
    return loading.python(source.text, plain)


class Loading:
    """The loading of a file and of the student's other modules that it imports."""

    def __init__(self, path: Path, patience: float, root: Path | None) -> None:
        self.path, self.notes = path, list[str]()
        self._clock = Clock(patience)
        self._modules = Modules(path, root, self._own, self._note)
        self._tops: dict[str, TopLevel] = {}  # file -> its top level

    def python(self, text: str, place: Place) -> Loaded:
        """Run the text of the file: `place` words its lines."""
        tree, flags, text = self._parsed(text, place)
        package = _package(self.path, tree)
        start = self.path.parents[len(package)]
        os.environ["MPLBACKEND"] = "Agg"
        sys.argv = [str(self.path)]
        sys.path[:0] = dict.fromkeys([str(start), str(self.path.parent)])
        os.chdir(start)
        self._modules.install()
        old.offer_numpy_names()
        for name in ("get_ipython", "display"):
            setattr(builtins, name, Stub(name, "this is no notebook that runs", plots=True))
        guard = Guard()
        with _restored():
            module = self._module(package)
            if str(self.path) not in self._tops:  # else its own package has imported it
                self._run(module, tree, flags, text, place)
        guard.active = False
        self.notes += filter(None, (top.note() for top in self._tops.values()))
        absent = self._tops[str(self.path)].absent
        return Loaded(self.path, module, tuple(dict.fromkeys(self.notes)), text, absent, place)

    def _parsed(self, text: str, place: Place) -> tuple[ast.Module, int, str]:
        """The tree of the text, if need be without lines that only a notebook understands."""
        try:
            return *parse(text, str(self.path), place), text
        except CodeError:
            without = MAGIC.sub("", text)
            if without == text:
                raise
            found = *parse(without, str(self.path), place), without
            self._note("lines of a notebook (magics and shell commands) are left out")
            return found

    def _module(self, package: list[Path]) -> types.ModuleType:
        """The module of the file, as a member of the package it imports from."""
        names = [re.sub(r"\W", "_", folder.name) for folder in package]
        if names and names[0] in sys.modules:
            names[0] += "_"
        for i, folder in enumerate(package):
            self._folder(".".join(names[: i + 1]), folder)
        stem = re.sub(r"\W", "_", self.path.stem)
        name = ".".join([*names, stem])
        known = sys.modules.get(name)
        if known is not None and getattr(known, "__file__", None) == str(self.path):
            return known
        if known is not None or stem == "__main__":  # a file called numpy.py
            name += "_"
        spec = importlib.machinery.ModuleSpec(name, None, origin=str(self.path))
        module = importlib.util.module_from_spec(spec)
        module.__file__ = str(self.path)
        sys.modules[name] = module
        return module

    def _folder(self, name: str, folder: Path) -> None:
        """A folder as a package, whether or not it has an __init__.py."""
        if name in sys.modules:
            return
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
        if (folder / "__init__.py").is_file():
            module.__file__ = str(folder / "__init__.py")
            self._own(module, folder / "__init__.py")

    def _own(self, module: types.ModuleType, path: Path) -> None:
        """Fill a module with what a file of the student's holds."""
        source = read(path) if path.stat().st_size else Text("")
        place = plain if path == self.path else lambda line: f"{path.name}, line {line}"
        tree, flags = parse(source.text, str(path))
        package = _package(path, tree)
        if len(package) > module.__name__.count(".") + hasattr(module, "__path__"):
            for i, folder in enumerate(package):
                self._folder(".".join(f.name for f in package[: i + 1]), folder)
            module.__package__ = ".".join(f.name for f in package)
            module.__spec__ = None
        self._run(module, tree, flags, source.text, place)

    def _run(self, module: types.ModuleType, tree: ast.Module, flags: int, text: str, place: Place) -> None:
        filename = str(module.__file__)
        remember(filename, text)
        self._modules.know(filename, tree)
        self.notes += old.offer_python_names(tree, place)
        top = TopLevel(tree, flags, filename, vars(module), self._clock, place)
        self._tops[filename] = top
        top.run()

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)


def _package(path: Path, tree: ast.Module) -> list[Path]:
    """The folders of the package a file is a member of, the outermost first; none if it imports nothing relatively."""
    level = max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)
    if not level:
        return []
    while (path.parents[level] / "__init__.py").is_file():
        level += 1
    return list(reversed(path.parents[:level]))


@contextmanager
def _restored() -> Iterator[None]:
    """Undo what a top level may have set for all code: warnings and floating-point errors that are raised, streams,
    threads."""
    out, err, errors, before = sys.stdout, sys.stderr, np.geterr(), set(threading.enumerate())
    with warnings.catch_warnings():
        yield
    sys.stdout, sys.stderr = out, err
    np.seterr(**errors)
    for thread in set(threading.enumerate()) - before:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
