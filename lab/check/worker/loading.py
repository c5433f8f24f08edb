"""A student's file as a module: load(path)."""

import ast
import builtins
import ctypes
import importlib.machinery
import importlib.util
import os
import re
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import old
from .clock import Clock
from .errors import CodeError
from .guards import Guard
from .loaded import Loaded
from .mfile import load_m
from .modules import Modules
from .notebook import RUN, is_notebook, read_notebook, without_magics
from .python2 import modern
from .stubs import Stub
from .territory import own
from .text import Place, SourceText, parse, plain, read, remember
from .toplevel import TopLevel


def load(path: Path, patience: float = 5.0, root: Path | None = None) -> Loaded:
    """Load a file of Python, a notebook, or functions of MATLAB, which Octave runs.

    patience: seconds its top level may run; root: the folder above which its modules are not looked for. One file in a
    process: sys.path, sys.argv, the working folder and what the file may do are set for it. Call it in the main thread.
    Raises CodeError if there is nothing to load.
    """
    path = Path(path).resolve()
    if path.suffix.lower() == ".m":
        return load_m(path, root)
    source, place = _read(path)
    loading = Loading(path, patience, root)
    loading.notes += source.notes
    return loading.python(source.text, place)


def _read(path: Path) -> tuple[SourceText, Place]:
    """The text of a Python file or a notebook, and words for its lines."""
    if path.suffix.lower() == ".ipynb":
        return read_notebook(path)
    source = read(path)
    return read_notebook(path) if is_notebook(source.text) else (modern(source), plain)


class Loading:
    """The loading of a file and of the student's other modules that it imports."""

    def __init__(self, path: Path, patience: float, root: Path | None) -> None:
        self.path, self.notes = path, list[str]()
        self._clock = Clock(patience)
        self._modules = Modules(path, root, self._own, self._note)
        self._tops: dict[Path, TopLevel] = {}  # file -> its top level
        self._main = types.ModuleType("")

    def python(self, text: str, place: Place) -> Loaded:
        """Run the text of the file: `place` words its lines."""
        tree, flags, text = self._parsed(text, place)
        package = _package(self.path, tree)
        start = self.path.parents[len(package)]
        os.environ["MPLBACKEND"] = "Agg"
        sys.argv = [str(self.path)]
        os.chdir(start)
        self._modules.install([str(start), str(self.path.parent)])
        old.offer_numpy_names()
        for name in ("get_ipython", "display"):
            setattr(builtins, name, Stub(name, "this is no notebook that runs", plots=True))
        setattr(builtins, RUN, self._run_magic)
        guard = Guard(self._note)
        with _restored():
            self._main = self._module(package)
            if self.path not in self._tops:  # else its own package has imported it
                self._run(self._main, self.path, tree, flags, text, place)
        guard.active = False
        self.notes += filter(None, (top.note() for top in self._tops.values()))
        absent = self._tops[self.path].absent
        return Loaded(self.path, self._main, tuple(dict.fromkeys(self.notes)), text, absent, place)

    def _parsed(self, text: str, place: Place) -> tuple[ast.Module, int, str]:
        """The tree of the text, if need be without lines that only a notebook understands."""
        try:
            return *parse(text, str(self.path), place), text
        except CodeError:
            without = without_magics(text)
            if without == text:
                raise
            found = *parse(without, str(self.path), place), without
            self._note("lines of a notebook (magics and shell commands) are left out")
            return found

    def _module(self, folders: list[Path]) -> types.ModuleType:
        """The module of the file, as a member of the package it imports from."""
        package = self._package(folders)
        stem = re.sub(r"\W", "_", self.path.stem)
        name = f"{package}.{stem}" if package else stem
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

    def _package(self, folders: list[Path]) -> str:
        """The name of the package in these folders, the outermost first, once all of them are packages."""
        names = [re.sub(r"\W", "_", folder.name) for folder in folders]
        if names and (known := sys.modules.get(names[0])) and str(folders[0]) not in getattr(known, "__path__", ()):
            names[0] += "_"  # a folder called numpy
        for i, folder in enumerate(folders):
            self._folder(".".join(names[: i + 1]), folder)
        return ".".join(names)

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

    def _run_magic(self, name: str) -> None:
        """%run FILE: its names become those of the notebook."""
        path = (Path.cwd() / name).resolve()
        source, place = _read(path)
        tree, flags = parse(source.text, str(path), place)
        self._run(self._main, path, tree, flags, source.text, lambda line: f"{path.name}, {place(line)}")

    def _own(self, module: types.ModuleType, path: Path) -> None:
        """Fill a module with what a file of the student's holds."""
        source = modern(read(path)) if path.stat().st_size else SourceText("")
        if path != self.path:
            self.notes += [f"{path.name}: {note}" for note in source.notes]
        place = plain if path == self.path else lambda line: f"{path.name}, line {line}"
        tree, flags = parse(source.text, str(path))
        if _level(tree) > module.__name__.count(".") + hasattr(module, "__path__"):
            module.__package__ = self._package(_package(path, tree))
            module.__spec__ = None
        self._run(module, path, tree, flags, source.text, place)

    def _run(self, module: types.ModuleType, path: Path, tree: ast.Module, flags: int, text: str, place: Place) -> None:
        remember(str(path), text)
        self._modules.know(str(path), tree)
        self.notes += old.offer_python_names(tree, place)
        self._tops[path] = TopLevel(tree, flags, str(path), vars(module), self._clock, place)
        self._tops[path].run()

    def _note(self, sentence: str) -> None:
        self.notes.append(sentence)


def _level(tree: ast.Module) -> int:
    """How many folders up its relative imports reach."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _package(path: Path, tree: ast.Module) -> list[Path]:
    """The folders of the package a file is a member of, the outermost first; none if it imports nothing relatively."""
    level = _level(tree)
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
    for thread in filter(_theirs, set(threading.enumerate()) - before):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def _theirs(thread: threading.Thread) -> bool:
    """Is it the student's code that the thread runs?"""
    runs = getattr(thread, "_target", None) or type(thread).run
    code = getattr(runs, "__code__", None)
    return code is not None and own(code.co_filename)
