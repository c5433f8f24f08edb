"""A MATLAB file as a module: its functions, and those of the files beside it, run by Octave."""

import inspect
import re
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import CodeError
from .loaded import Loaded
from .matlab import Definition, MFile, read_m
from .modules import below
from .octave import Octave, OctaveError
from .text import read

MISSING = Path(__file__).with_name("octave_missing.m")
QUIET = (  # draw, wait or ask: a check needs none of it
    *("figure", "plot", "subplot", "hold", "axis", "xlabel", "ylabel", "title", "legend", "grid", "drawnow", "imshow"),
    *("imagesc", "montage", "colormap", "saveas", "print", "pause", "waitbar", "close", "clc", "beep", "profile"),
)
OVER_ALL = """
function varargout = gradlab_{name} (varargin)
  if (nargin > 1 && ischar (varargin{{end}}) && strcmp (varargin{{end}}, 'all'))
    varargin = {{varargin{{1}}(:)}};
  end
  [varargout{{1:max (nargout, 1)}}] = {name} (varargin{{:}});
end
"""
TOLD = """
function [made, prints] = gradlab_told (name, count, given)
  made = cell (1, count);
  prints = evalc ("[made{:}] = feval (name, given{:});");
end
"""
INSIDE = "gradlab_inside_"  # before the name of a function that another stands for
REDUCE = ("sum", "prod", "max", "min", "any", "all")
ASKING = ("input", "keyboard", "uigetfile", "inputdlg", "menu")
BESIDE = 300  # files beside it that are looked at, at most
SMALL = 1_000_000  # bytes such a file may have


def load_m(path: Path, root: Path | None = None) -> Loaded:
    """The functions of FILE.m; statements of a script are not run. Functions of the files beside it are there, too, of
    another `__module__`, but of its own if the file is a script without functions.

    root: the folder above which nothing is looked at. Raises CodeError if there is nothing to load, or no Octave.
    """
    source = read(path)
    file = read_m(path.name, source.text)
    octave = _started(path, root, source.text)
    module = types.ModuleType(re.sub(r"\W", "_", path.stem))
    module.__file__ = str(path)
    bad = _own(module, octave, path, file)
    _others(module, octave, path, file)
    if not any(isinstance(value, Function) for value in vars(module).values()):
        raise CodeError(f"{path.name} has no functions, and there are none beside it")
    whose = "its functions" if file.functions else "the functions of the files beside it"
    script = (f"the script is not run: only {whose} are there",) if file.script else ()
    return Loaded(path, module, (*source.notes, *bad, *script), source.text)


def _own(module: types.ModuleType, octave: Octave, path: Path, file: MFile) -> list[str]:
    """Fill the module with the file's own functions; sentences about those that Octave does not take."""
    own = {definition.name: definition for definition in file.functions}
    bad = list[str]()
    for definition in file.functions:
        if why := _evaluated(octave, definition):
            bad.append(f"{definition.name} is left out: {why}")
        else:
            setattr(module, definition.name, Function(octave, definition, path, module.__name__, own))
    if bad and (len(bad) == len(own) or not file.script):  # Octave looks at a file of functions as a whole
        raise CodeError(f"{path.name}: {'; '.join(bad)}")
    return bad


def _others(module: types.ModuleType, octave: Octave, path: Path, file: MFile) -> None:
    """Fill the module with the functions of the files beside this one."""
    own = {definition.name: definition for definition in file.functions}
    for other, definition in _beside(path):
        if over_all(definition.text) != definition.text:
            _evaluated(octave, definition)
        name = other.stem if own else module.__name__
        if not hasattr(module, definition.name):
            setattr(module, definition.name, Function(octave, definition, other, name, own))


def _started(path: Path, root: Path | None, text: str) -> Octave:
    """Octave with what the file may call: its folder, those in it, the one above, and what MATLAB has besides."""
    octave = Octave(path.name)
    octave.call("cd", str(path.parent), outputs=0)
    folders = [path.parent, *(folder for folder in below(path.parent) if _searched(folder))]
    if path.parent != root and path.parent.parent != Path.home():
        folders.append(path.parent.parent)
    octave.call("addpath", *map(str, folders), outputs=0)
    for name in re.findall(r"^\s*pkg\s+load\s+(\w+)", text, re.MULTILINE):
        _tried(octave, "pkg", "load", name)
    quiet = [f"function varargout = {name}(varargin)\nvarargout = cell(1, nargout);\nend\n" for name in QUIET]
    asking = [f"function {name}(varargin)\nerror('the file asks for input');\nend\n" for name in ASKING]
    over_all = [OVER_ALL.format(name=name) for name in REDUCE]
    octave.call("eval", "".join([*quiet, *asking, *over_all]), outputs=0)
    for definition in read_m(MISSING.name, MISSING.read_text()).functions:
        if not octave.call("exist", definition.name)[0]:
            octave.call("eval", definition.text, outputs=0)
    return octave


def _searched(folder: Path) -> bool:
    return not folder.name.startswith((".", "+", "@")) and folder.name != "private"


def _tried(octave: Octave, *call: Any) -> None:
    try:
        octave.call(*call, outputs=0)
    except OctaveError:
        return  # what needs it says so when it is called


def _evaluated(octave: Octave, definition: Definition) -> str:
    """Give Octave a function; why it does not take it."""
    try:
        octave.call("eval", over_all(definition.text), outputs=0)
    except OctaveError:
        at = _line_of_error(octave, definition.text)
        return f"Octave cannot read line {definition.line + at}: {definition.text.splitlines()[at].strip()}"
    return ""


def over_all(text: str) -> str:
    """A function with sum(X, 'all') and the like as Octave can compute it."""
    if not re.search(r", *['\"]all['\"] *\)", text):
        return text
    return re.sub(rf"(?<![.\w])({'|'.join(REDUCE)})(?= *\()", r"gradlab_\1", text)


def _line_of_error(octave: Octave, text: str) -> int:
    """Which line of a text Octave cannot read, from 0: of files it tells."""
    with tempfile.NamedTemporaryFile("w", prefix="gradlab_", suffix=".m") as file:
        file.write(text)
        file.flush()
        try:
            octave.call("run", file.name, outputs=0)
        except OctaveError as error:
            line = re.search(r"near line (\d+)", str(error))
            return min(int(line[1]), len(text.splitlines())) - 1 if line else 0
    return 0


def _beside(path: Path) -> Iterator[tuple[Path, Definition]]:
    """The functions that the other files of the folder are."""
    for other in sorted(path.parent.glob("*.m"))[:BESIDE]:
        if other == path:
            continue
        try:
            found: MFile = read_m(other.name, read(other, SMALL).text)
        except CodeError:
            continue
        if found.functions and not found.script:
            yield other, found.functions[0]


class Function:
    """A function of Octave: called with NumPy arrays, lists (cells) and dicts (structs), and giving such.

    `outputs`: the names of what it returns; `begins`: its file and line; `text`: its lines; `own`: is it of the file
    that was loaded, and of none beside it? A vector of one axis is a column to it. What it gives has two axes at least.
    Raises OctaveError, whose text names the line.
    """

    def __init__(
        self, octave: Octave, definition: Definition, path: Path, module: str, own: dict[str, Definition]
    ) -> None:
        self.octave, self.definition, self._own = octave, definition, own
        self.own = definition.name in own and own[definition.name] is definition
        self.__name__ = self.__qualname__ = definition.name
        self.__module__ = module
        self.__signature__ = _signature(definition.arguments)
        self.outputs = tuple(name for name in definition.outputs if name != "varargout")
        self.text, self.begins = definition.text, (path, definition.line)
        self.nargout = max(len(self.outputs), int("varargout" in definition.outputs))

    def __call__(self, *given: Any, nargout: int | None = None) -> Any:
        """What it returns: a tuple if that is several values; nargout: how many, all by default."""
        wanted = self.nargout if nargout is None else nargout
        try:
            found = self.octave.call(self.__name__, *given, outputs=wanted)
        except OctaveError as error:
            fewer = self._set(error)
            if nargout is None and 0 < fewer < wanted:
                self.nargout = fewer
                return self(*given)
            raise OctaveError(self._told(error), error.stack) from None
        return tuple(found) if wanted > 1 else found[0] if wanted else None

    def told(self, *given: Any) -> tuple[Any, str]:
        """What it returns, and what it prints."""
        self.octave.call("eval", TOLD, outputs=0)
        try:
            made, prints = self.octave.call("gradlab_told", self.__name__, self.nargout, [*given], outputs=2)
        except OctaveError as error:
            fewer = self._set(error)
            if 0 < fewer < self.nargout:
                self.nargout = fewer
                return self.told(*given)
            raise OctaveError(self._told(error), error.stack) from None
        return (tuple(made) if self.nargout > 1 else made[0] if self.nargout else None), prints

    def _set(self, error: OctaveError) -> int:
        """How many of its outputs it sets, if the error is that it does not set all: some only do in some cases."""
        name, number = (
            re.match(r"'(\w+)' undefined", str(error)),
            re.match(r"element number (\d+) undefined", str(error)),
        )
        if name and name[1] in self.outputs:
            return self.outputs.index(name[1])
        return int(number[1]) - 1 if number else 0

    def _told(self, error: OctaveError) -> str:
        """Where in the student's files it went wrong, and what."""
        message = " ".join(str(error).split())
        if unknown := re.match(r"'\w+' undefined", message):
            message = f"{unknown[0]} (no variable, and no function that Octave or the folder has)"
        for file, name, line in error.stack:
            own = name.removeprefix(INSIDE)
            if not file and own in self._own:
                return f"line {self._own[own].line + line - 1}, in {own}: {message}"
            if Path(file).parent != MISSING.parent and Path(file).is_relative_to(self.begins[0].parent.parent):
                return f"{Path(file).name}, line {line}: {message}"
        return message


def _signature(names: tuple[str, ...]) -> inspect.Signature:
    """Arguments by position: the names of MATLAB are not always names of Python ("lambda")."""
    parameters = list[inspect.Parameter]()
    for i, name in enumerate(names):
        rest = name == "varargin" and i == len(names) - 1
        kind = inspect.Parameter.VAR_POSITIONAL if rest else inspect.Parameter.POSITIONAL_ONLY
        parameters.append(inspect.Parameter(name if name.isidentifier() else f"ignored{i}", kind))
    return inspect.Signature(parameters)
