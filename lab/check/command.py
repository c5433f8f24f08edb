"""`gradlab check`: checks the gradients of a preset, of a report, or of a student's file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab import completion
from lab.check.interpreter import choose_python
from lab.check.targets import AGAINST, FILE, WHOLE, is_folder
from lab.errors import LabError
from lab.machine import cores
from lab.terminal import (
    BAD_INPUT,
    FAILED,
    INTERRUPTED,
    Changes,
    Json,
    console,
    notice,
    output,
    stopped_by_signals,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from core.gradcheck.check import Method as CheckMethod
    from lab.check.check import Report

Target = Annotated[
    str | None,
    typer.Argument(metavar="PRESET|FILE|FILE:NAME|FOLDER", show_default=False, autocompletion=completion.presets),
]
Method = Annotated[
    Literal["central", "complex", "directional"] | None,
    typer.Option(
        help="Central differences, the complex step, or one random direction per tensor.",
        show_default="complex",
    ),
]
Examples = Annotated[
    int | None, typer.Option(min=1, help="Number of examples in the batch.", show_default="20; 7 for a file")
]
Updates = Annotated[int, typer.Option(min=0, help="Train a preset for this many updates before the check.")]
Like = Annotated[
    str | None,
    typer.Option(
        metavar="REPORT",
        help="Repeat a report's own check: a2-setting1 (figure 1), a2-setting2 (figure 2) or names (table 1).",
        show_default=False,
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        metavar="LAYER",
        help=f"Compare your layer with Gradlab's: {', '.join(AGAINST[:-1])} or {AGAINST[-1]}.",
        show_default=False,
    ),
]
Template = Annotated[
    bool, typer.Option("--template", help="Print an example file to start from: gradlab check --template > mine.py")
]
Adapter = Annotated[
    bool,
    typer.Option("--adapter", help="Print a file that calls yours, in a form that is always understood."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="Write the table of a folder of hand-ins as CSV.", show_default=False),
]
Python = Annotated[
    str | None,
    typer.Option(
        metavar="PYTHON",
        help="The Python that runs your file: a program or the folder of an environment.",
        show_default="the active environment's, if it has NumPy",
    ),
]
Sandbox = Annotated[
    bool,
    typer.Option("--sandbox", help="Run your file where it can change nothing and has no network (bubblewrap, Linux)."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Check again each time the file is saved; ctrl+c stops it.")]


def check(
    target: Target = None,
    method: Method = None,
    examples: Examples = None,
    changes: Changes = None,
    updates: Updates = 0,
    like: Like = None,
    against: Against = None,
    template: Template = False,
    adapter: Adapter = False,
    watch: Watch = False,
    out: Out = None,
    python: Python = None,
    sandbox: Sandbox = False,
    json: Json = False,
) -> None:
    """Check the gradients of a preset, of your own code (a FILE, or NAME in it), or of a FOLDER of hand-ins."""
    if template:
        from lab.check.template import template as text

        print(text(), end="")
        return
    if adapter:
        if method or examples or changes or updates or like or against or watch or out or json:
            raise LabError("--adapter prints a file: of the other options it takes only --python")
        _print_adapter(target, python)
        return
    if (target is None) == (like is None):
        raise LabError("check what? Give a preset, FILE, FILE:NAME, FOLDER, or --like REPORT")
    if target is not None and is_folder(target):
        if changes or updates or against or watch:
            raise LabError(f"{target} is a folder of hand-ins: it takes no -s, --updates, --against or --watch")
        _check_folder(Path(target), method or "complex", examples, out, choose_python(python), sandbox, json)
        return
    if out is not None:
        raise LabError("--out writes the table of a folder of hand-ins")

    def once() -> int:
        if like is not None:
            return 0 if _like(json, like) else FAILED
        from lab.check.check import check as check_any

        report = check_any(
            str(target), method, examples, changes or [], updates, against, python=interpreter, sandbox=sandbox
        )
        _show(json, report.as_dict(), [report])
        return _exit_code(report)

    _fitting_options(target, method, examples, changes, updates, against, watch)
    if sandbox and (target is None or not (FILE.fullmatch(target) or WHOLE.fullmatch(target))):
        raise LabError("--sandbox runs a file of yours: give it with FILE, FILE:NAME or FOLDER")
    interpreter = None if python is None else _interpreter(target, python)
    if watch and json:
        raise LabError("--json prints one document, so it cannot be used with --watch")
    watched = _watched(target) if watch else None
    code = once()
    if watched:
        for _ in _saves(watched):
            once()
    if code:
        raise typer.Exit(code)


def _interpreter(target: str | None, python: str) -> Path:
    if target is None or not (FILE.fullmatch(target) or WHOLE.fullmatch(target)):
        raise LabError("--python runs a file of yours: give it with FILE, FILE:NAME or FOLDER")
    return choose_python(python)


def _print_adapter(target: str | None, python: str | None) -> None:
    """Print an adapter for FILE or FILE:NAME."""
    from lab.check.adapter import adapter

    file = FILE.fullmatch(target or "") or WHOLE.fullmatch(target or "")
    if file is None:
        raise LabError("--adapter is for a file of yours: give it with FILE or FILE:NAME")
    print(adapter(file["path"], file.groupdict().get("name") or "", choose_python(python)), end="")


def _check_folder(
    folder: Path, method: "CheckMethod", examples: int | None, out: Path | None, python: Path, sandbox: bool, json: bool
) -> None:
    """Check every hand-in and show the table; what is done by ctrl+c is shown, too."""
    from lab.check.check import FILE_EXAMPLES
    from lab.check.folder import FolderCheck, documents, save
    from lab.check.folder_view import FolderProgress, show_folder

    check = FolderCheck(folder, method, examples or FILE_EXAMPLES, cores(), python=python, sandbox=sandbox)
    progress = FolderProgress(console(stderr=True), check)
    with stopped_by_signals(check.stop), progress.bar:
        rows = check.run(progress)
    output(json, documents(rows), lambda terminal: show_folder(terminal, rows))
    if out is not None:
        save(rows, out)
        notice(f"wrote {out}")
    if not check.done:
        notice(f"interrupted after {len(rows)} of {len(check.hand_ins)} hand-ins")
        raise typer.Exit(INTERRUPTED)
    verdicts = {row.verdict for row in rows}
    if verdicts != {"passes"}:
        raise typer.Exit(FAILED if "fails" in verdicts else BAD_INPUT)


def _exit_code(report: "Report") -> int:
    """0: all passes; 1: a gradient is wrong; 2: something could not be checked."""
    from core.gradcheck.check import GradientReport
    from lab.check.student import FileReport

    if report.passed:
        return 0
    if isinstance(report, GradientReport):
        return FAILED
    parts = report.targets if isinstance(report, FileReport) else (report,)
    return FAILED if any(not part.problem and not part.passed for part in parts) else BAD_INPUT


def _fitting_options(
    target: str | None,
    method: str | None,
    examples: int | None,
    changes: list[str] | None,
    updates: int,
    against: str | None,
    watch: bool,
) -> None:
    """Raise LabError for an option that has no meaning for what is checked."""
    if target is not None and WHOLE.fullmatch(target) and against:
        raise LabError(f"--against compares one layer: give it as {target.rstrip(':')}:NAME")
    if target is None or FILE.fullmatch(target) or WHOLE.fullmatch(target):
        if changes or updates:
            raise LabError("-s and --updates are for presets")
        if target is None and (method or examples or against or watch):
            raise LabError("--like checks as the report did: it takes no --method, --examples, --against or --watch")
    elif against:
        raise LabError("--against compares code of yours: give it as FILE:NAME")


def _like(json: bool, like: str) -> bool:
    from lab.check.as_reported import check_like, passed

    with console(stderr=True).status(f"checking like {like} ...") as status:
        reports = check_like(like, lambda tensor: status.update(f"checking like {like}: {tensor.name} is done ..."))
    _show(json, [report.as_dict() for report in reports], reports)
    return passed(reports)


def _show(json: bool, document: object, reports: "Sequence[Report]") -> None:
    from lab.check.view import render

    def show(terminal: "Console") -> None:
        for report in reports:
            render(report, terminal)

    output(json, document, show)


def _watched(target: str | None) -> Path:
    path = Path(FILE.sub(r"\g<path>", target or "").rstrip(":"))
    if not path.is_file():
        raise LabError(f"--watch looks at a file: there is none called {path}")
    return path


def _saves(path: Path) -> Iterator[None]:
    """Once for every time the file is saved; only ctrl+c ends it."""
    from lab.check.watch import saves

    notice(f"watching {path}; ctrl+c ends it")
    for _ in saves(path):
        console().rule()
        yield
