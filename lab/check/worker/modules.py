"""Where the modules come from that a student's file imports: its own folder and those around it, what is installed,
never Gradlab's packages; what is nowhere is stood in for (stubs.py)."""

import ast
import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from .imports import guarded, unbound
from .old import HELPERS, PYTHON
from .stubs import StubModule
from .territory import own

HIDDEN = ("core", "data", "presets", "lab", "tui")  # Gradlab's packages, see pyproject.toml
GRADLAB = str(Path(__file__).resolve().parents[3])
PLOTS = {  # draw, or show how far a loop is: a check needs none of it, and windows would wait to be closed
    *("matplotlib", "mpl_toolkits", "pylab", "seaborn", "plotly", "bokeh", "altair", "plotnine", "livelossplot"),
    *("tqdm", "IPython", "ipywidgets", "google", "tkinter", "turtle", "pygame"),
    *("wandb", "tensorboard", "tensorboardX"),
}
ROOT_MARKS = (".git", "pyproject.toml", "setup.py", "requirements.txt", "environment.yml", ".idea", ".vscode")
LEVELS = 4  # folders above the file that are looked at
FOLDERS = 300  # folders beside it that are looked at, at most

Run = Callable[[types.ModuleType, Path], None]  # fills a module with what a file of the student's own holds


class Modules(importlib.abc.MetaPathFinder):
    """Finds modules for the student's code, before Python does and after it (`late`)."""

    def __init__(self, file: Path, root: Path | None, run: Run, note: Callable[[str], None]) -> None:
        """file: the student's; root: the folder above which nothing is looked at."""
        self._run, self._note = run, note
        self._above = list(_above(file.parent, root))
        self._guarded: dict[str, list[range]] = {}  # file -> lines that expect an ImportError
        self._wanted: frozenset[str] = frozenset()
        self._first: tuple[str, ...] = ()
        self.late = Late(self)

    def install(self, folders: Iterable[str]) -> None:
        """Before what searches sys.path, and after everything; these folders are the first on it."""
        self._first = tuple(dict.fromkeys(folders))
        sys.path[:0] = self._first
        places = [i for i, finder in enumerate(sys.meta_path) if finder is importlib.machinery.PathFinder]
        sys.meta_path.insert(places[0] if places else len(sys.meta_path), self)
        sys.meta_path.append(self.late)

    def know(self, filename: str, tree: ast.Module) -> None:
        """Remember of a file of the student's where it expects that an import fails, and which names it takes from
        star imports."""
        self._guarded[filename] = list(guarded(tree))
        self._wanted |= unbound(tree)

    # First: the student's own, run with care; plots; never Gradlab's

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        top = name.partition(".")[0]
        if top in PLOTS and self._asks() is not None and not self._beside(top):
            return self._stub(name, noted=not _installed(top))
        places = path
        if path is None and name in sys.stdlib_module_names and self._asks() is None:
            places = [place for place in sys.path if place not in self._first]  # a random.py is for their imports only
        elif top in HIDDEN and path is None:
            places = [place for place in sys.path if os.path.realpath(place or ".") != GRADLAB]
        spec = importlib.machinery.PathFinder.find_spec(name, places, target)
        if spec is None and top in HIDDEN:  # whoever else is asked would give ours
            spec = self.late.find_spec(name, path, target)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader and own(str(spec.origin)):
            spec.loader = Own(name, str(spec.origin), self._run)
        return spec

    def _beside(self, name: str) -> bool:
        """Has the student a module of this name?"""
        spec = importlib.machinery.PathFinder.find_spec(name)
        return spec is not None and spec.origin is not None and own(spec.origin)

    # Last: folders around the file, then a stub

    def find_missing(self, name: str, path: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
        """A module that is in none of Python's places."""
        asks = self._asks()
        if asks is None:
            return None
        if path is None and (around := self._around(name)) is not None:
            spec = importlib.machinery.PathFinder.find_spec(name, [str(around)])
            if spec is not None:
                self._note(f"{name} is taken from {_shown(around, self._above[0])}")
                if spec.origin is not None and spec.loader is not None:
                    spec.loader = Own(name, spec.origin, self._run)
                return spec
        if any(asks.f_lineno in lines for lines in self._guarded.get(asks.f_code.co_filename, ())):
            return None
        return self._stub(name, noted=True)

    def _stub(self, name: str, noted: bool) -> importlib.machinery.ModuleSpec:
        top = name.partition(".")[0]
        parent = sys.modules.get(name.rpartition(".")[0])
        if top in PLOTS and not noted:
            why = f"{top} is left out of a check"
        elif parent is None or isinstance(parent, StubModule):
            why = f"{top} is not installed"
        elif any(own(place + os.sep) for place in parent.__path__):
            why = f"there is no {name} among the files"
        else:
            why = f"the {top} that is installed has no {name}"
        if noted and top not in HELPERS:
            self._note(f"{why}: what the file does with it is left out")
        return importlib.machinery.ModuleSpec(name, Standing(why, top in PLOTS, self._wanted), is_package=True)

    def _around(self, name: str) -> Path | None:
        """The folder above the file's, below it or beside it that has a module of this name; None if there is none, or
        if several folders beside it have one. Above, outside a project, a folder without an __init__.py is none."""
        projects = [f for f in self._above[1:] if any((f / m).exists() for m in ROOT_MARKS)]
        for folder in self._above[1:]:
            leads_here = folder / name in self._above
            inside = any(project in (folder, *folder.parents) for project in projects)
            if _has(folder, name) and (leads_here or inside or _is_module(folder, name)):
                return folder
        for folder in self._above[:1] + projects:
            found = [sub for sub in below(folder) if _has(sub, name)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def _asks(self) -> types.FrameType | None:
        """The student's code that imports, if it is the student's and it imports (not: asks what could be)."""
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if "importlib" in file and "util" in file:
                return None
            if file == __file__ or file.startswith("<frozen importlib") or file.endswith("importlib/__init__.py"):
                frame = frame.f_back
            else:
                return frame if own(file) else None
        return None


class Late(importlib.abc.MetaPathFinder):
    """Is asked when nobody else knows a module."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        return self._modules.find_missing(name, path)


class Own(importlib.machinery.SourceFileLoader):
    """Loads a module of the student's as their file is loaded: what fails in it is left out."""

    def __init__(self, name: str, path: str, run: Run) -> None:
        super().__init__(name, path)
        self._fill = run

    def exec_module(self, module: types.ModuleType) -> None:
        """See importlib.abc.Loader."""
        self._fill(module, Path(self.path))


class Standing(importlib.abc.Loader):
    """Makes the module that stands in for one that is not there."""

    def __init__(self, why: str, plots: bool, wanted: frozenset[str]) -> None:
        self._why, self._plots, self._wanted = why, plots, wanted

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """See importlib.abc.Loader."""
        module = StubModule(spec.name, self._why, self._plots, self._wanted)
        if spec.name.partition(".")[0] in HELPERS:
            vars(module).update(PYTHON)
        if spec.name == "pylab":  # has all of NumPy
            names = {name: value for name, value in vars(np).items() if not name.startswith("_")}
            vars(module).update(names, __all__=sorted(names.keys() | self._wanted))
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """See importlib.abc.Loader."""


def _installed(top: str) -> bool:
    return importlib.machinery.PathFinder.find_spec(top) is not None


def _above(folder: Path, root: Path | None) -> Iterator[Path]:
    """The folder and those above it, up to `root`, the top of a repository or the home folder."""
    for level, above in enumerate([folder, *folder.parents]):
        if level > 0 and (level > LEVELS or above == Path.home() or above.parent == above):
            return
        yield above
        if above == root or (above / ".git").exists():
            return


def below(folder: Path) -> Iterator[Path]:
    """The folders in a folder and those in them, but for hidden ones and environments."""
    for seen, (path, names, _) in enumerate(os.walk(folder)):
        depth = len(Path(path).relative_to(folder).parts)
        hidden = [n for n in names if n.startswith((".", "__")) or n in ("node_modules", "site-packages")]
        names[:] = sorted(n for n in names if n not in hidden and not (Path(path) / n / "pyvenv.cfg").exists())
        if depth:
            yield Path(path)
        if depth == 2:
            names.clear()
        if seen == FOLDERS:
            return


def _is_module(folder: Path, name: str) -> bool:
    """Is it a file or a package, and no folder that merely has this name: keras/ with hand-ins for that course?"""
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def _has(folder: Path, name: str) -> bool:
    if (folder / f"{name}.py").is_file():
        return True
    inside = folder / name  # a package, which may have its modules in packages only
    return inside.is_dir() and any(any(inside.glob(pattern)) for pattern in ("*.py", "*/*.py"))


def _shown(folder: Path, start: Path) -> str:
    return os.path.relpath(folder, start)
