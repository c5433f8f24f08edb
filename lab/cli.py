"""The command line: all commands, and errors as one line each.

NumPy and everything that needs it is imported inside the commands, so that help is fast.
"""

import os
import signal
import sys
import warnings
from contextlib import suppress
from io import StringIO, TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from lab import command_lines, completion
from lab.app.command import serve, start_app
from lab.bench.command import bench
from lab.check.command import check
from lab.errors import LabError
from lab.explain.command import explain
from lab.library.data_command import data_app
from lab.library.presets_command import presets
from lab.machine import tune_blas, versions
from lab.names.command import names
from lab.report.command import report
from lab.reproduce.command import reproduce
from lab.runs.compare_command import compare
from lab.runs.runs_command import runs
from lab.search.command import search
from lab.terminal import BAD_INPUT, FAILED, INTERRUPTED, RunsDir, notice
from lab.training.command import run
from lab.user_paths import at_home
from lab.visible import visible
from lab.watch.command import watch

app = typer.Typer(
    help="A terminal laboratory for neural networks written from scratch.",
    epilog="Start with: gradlab run a2-setting1",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},  # of every command, too
)
app.add_typer(data_app, name="data")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"gradlab {versions()['gradlab']}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]

Preset = Annotated[
    str | None,
    typer.Option(metavar="PRESET", help="Open the app with this preset.", autocompletion=completion.presets),
]


@app.callback(invoke_without_command=True)
def gradlab(
    context: typer.Context,
    preset: Preset = None,
    runs_dir: RunsDir = Path("runs"),
    version: Version = False,
) -> None:
    """Without a command: the app; without a terminal, this help."""
    if context.invoked_subcommand is not None:
        if preset is not None:
            raise LabError(f"--preset opens the app: write {command_lines.gradlab(context.invoked_subcommand, preset)}")
    elif all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise typer.Exit(start_app(preset, runs_dir))
    else:
        print(context.get_help())


for command in (serve, presets, explain, run, check, names, search, reproduce, runs, compare, watch, report, bench):
    app.command()(command)


def main() -> None:
    """The console script: runs a command, turns errors into one line on stderr, and exits with the contract's code."""
    tune_blas()
    sys.stdout, sys.stderr = sys.stdout or StringIO(), sys.stderr or StringIO()  # None: closed by the parent process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a question mark for characters that the terminal's encoding lacks
            stream.reconfigure(errors="replace")
    _answer_signals()
    warnings.showwarning = _say_warning
    usage_error: Any = typer.BadParameter.__base__  # of the click that typer brings with it
    try:
        sys.argv[1:] = map(at_home, sys.argv[1:])
        os.environ |= {name: at_home(value) for name, value in os.environ.items() if name.startswith("GRADLAB_")}
        code = app(standalone_mode=False, prog_name="gradlab")
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # as in: gradlab presets | head
        _give_up_stdout()
        code = FAILED
    except OSError as error:
        _give_up_stdout()
        code = _bad_input(f"{error.filename or 'the output'}: {error.strerror}")
    except MemoryError as error:
        code = _bad_input(f"not enough memory: {error}")
    except usage_error as error:
        code = _bad_input(_refusal(error))
    except _input_errors() as error:
        code = _bad_input(str(error))
    sys.exit(code or 0)


def _say_warning(message: Warning | str, *where: object, **more: object) -> None:
    """A line for the person at the terminal: where in our code it was noticed is nothing to them."""
    notice(str(message))


def _answer_signals() -> None:
    """ctrl+c and SIGTERM raise KeyboardInterrupt, unless they are ignored; ctrl+z leaves a prompt with its cursor."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if hasattr(signal, "SIGTSTP") and signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL and sys.stderr.isatty():
        signal.signal(signal.SIGTSTP, _suspend)


def _suspend(number: int, frame: FrameType | None) -> None:
    """Show the cursor that a bar has hidden, and stop until the shell continues this process."""
    with suppress(OSError):
        os.write(2, b"\033[?25h\n")  # past Python's stream, which a bar may be writing to at this moment
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.signal(number, _suspend)


def _input_errors() -> tuple[type[Exception], ...]:
    from data.errors import DataError
    from presets.errors import PresetError

    return LabError, PresetError, DataError


def _refusal(error: Any) -> str:
    """Typer's message about a wrong call. For a wrong value we add the value, which Typer leaves out."""
    details = getattr(error.__cause__, "errors", None)  # of pydantic, which looks at the values
    if details is None:
        return str(error.format_message())
    (wrong, *_), option = details(), error.param.opts[0]
    if wrong["type"] == "value_error":
        return f"{option}: {wrong['ctx']['error']}"
    return f"{option} {wrong['input']}: {wrong['msg'].replace('Input should', 'must')}"


def _give_up_stdout() -> None:
    """Discard what Python would still write at its end."""
    with suppress(OSError):  # there is none if it was closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bad_input(message: str) -> int:
    with suppress(OSError):  # stderr may be full, too
        print("gradlab:", visible(" ".join(message.split())), file=sys.stderr, flush=True)
    return BAD_INPUT
